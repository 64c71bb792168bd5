"""A house that is kept up with the record of another one is the same as one that is read at once."""

from contextlib import closing
from pathlib import Path

import pytest

from auctioneer.house.house import House
from auctioneer.house.settings import HouseSettings
from auctioneer.journal import ChainEnd, DamagedJournalError, append
from auctioneer.journal.chain import GENESIS_HASH
from auctioneer.journal.snapshots import SnapshotFiles
from auctioneer.journal.sqlite import SqliteStore
from auctioneer.journal.sqlite.journal import SqliteRecord
from auctioneer.process.folder import DataFolder
from auctioneer.process.followed import Followed
from auctioneer.process.startup import OpenSale, open_sale, read_house
from auctioneer.rules.terms import SaleSpec
from common.codec import encode
from common.formats.english import BidRequest
from common.messages import Hello, Replay, ReplayRequest
from tests.auctioneer.house.house_examples import ANN, DOLLARS, lot

SETTINGS = HouseSettings("second", 2)
EVERYTHING = 1_000_000


@pytest.fixture
def sale(tmp_path: Path) -> OpenSale:
    """Return a sale that is held, with its first lot open."""
    folder = DataFolder(tmp_path / "data")
    folder.prepare()
    sale = open_sale(folder, HouseSettings("first", 1), SaleSpec("A sale", DOLLARS, (lot("1"), lot("2", by_hand=True))))
    sale.house.advance(sale.clock.now_ms())
    store(sale)
    return sale


def store(sale: OpenSale) -> None:
    batch = sale.house.flush()
    append(sale.journal, batch.facts, batch.rejections, sale.clock.now_ms(), batch.contacts)
    sale.house.stored(batch)


def ask(sale: OpenSale, request: object) -> object:
    answer = sale.house.handle(ANN, encode(request), sale.clock.now_ms())
    store(sale)
    return answer


def bid(sale: OpenSale, number: int, amount_minor: int) -> object:
    return ask(sale, BidRequest(id=number, lot="1", amount_minor=amount_minor))


@pytest.fixture
def snapshots(tmp_path: Path) -> SnapshotFiles:
    (tmp_path / "second").mkdir()
    return SnapshotFiles(tmp_path / "second")


def keep_up(followed: Followed, sale: OpenSale) -> None:
    with closing(record_of(sale)) as record:
        while followed.follow(record, sale.journal.position, 0):
            pass
    assert followed.end == sale.journal.end


def record_of(sale: OpenSale) -> SqliteRecord:
    assert isinstance(sale.journal, SqliteRecord)
    return SqliteStore(Path(sale.journal._place)).read()


def read_at_once(sale: OpenSale, snapshots: SnapshotFiles, now_ms: int) -> House:
    with closing(record_of(sale)) as record:
        return read_house(record, snapshots.load(record), SETTINGS, now_ms)


def test_what_was_followed_is_what_is_read_at_once(sale: OpenSale, snapshots: SnapshotFiles) -> None:
    followed = Followed(snapshots, SETTINGS)
    keep_up(followed, sale)
    ask(sale, Hello(id=1, versions=(1,), name="Ann"))
    keep_up(followed, sale)
    bid(sale, 2, 1000)
    keep_up(followed, sale)
    bid(sale, 3, 5)
    now_ms = sale.clock.now_ms()
    house = followed.catch_up(sale.journal, SETTINGS, now_ms)
    assert house.snapshot() == read_at_once(sale, snapshots, now_ms).snapshot()
    replayed = house.handle(ANN, encode(ReplayRequest(id=9, lot="1", after_seq=0)), now_ms)
    assert isinstance(replayed, Replay)
    assert replayed.lot_events, "the latest events are at hand"
    assert house.settings is SETTINGS


def test_a_snapshot_of_its_own_is_where_it_begins(sale: OpenSale, snapshots: SnapshotFiles) -> None:
    ask(sale, Hello(id=1, versions=(1,), name="Ann"))
    snapshots.write(sale.journal.end, sale.house.snapshot())
    bid(sale, 2, 1000)
    followed = Followed(snapshots, SETTINGS)
    keep_up(followed, sale)
    assert followed.snapshot_position == sale.journal.position - 1
    now_ms = sale.clock.now_ms()
    house = followed.catch_up(sale.journal, SETTINGS, now_ms)
    assert house.snapshot() == read_at_once(sale, snapshots, now_ms).snapshot()


def test_rows_that_vanished_are_found_and_all_is_read_again(sale: OpenSale, snapshots: SnapshotFiles) -> None:
    """A standby that was promoted lacks what only the old primary had; other rows may stand there by now."""
    ask(sale, Hello(id=1, versions=(1,), name="Ann"))
    followed = Followed(snapshots, SETTINGS)
    keep_up(followed, sale)
    assert followed.house is not None
    real, followed.end = followed.end, ChainEnd(followed.end.position, b"of another primary" * 2)
    followed.house.set_conditions(0, "auctioneer", "Nobody else has these.")
    assert not followed.fits(real)
    bid(sale, 2, 1000)
    with closing(record_of(sale)) as record, pytest.raises(DamagedJournalError):
        followed.follow(record, EVERYTHING, 0)
    now_ms = sale.clock.now_ms()
    house = followed.catch_up(sale.journal, SETTINGS, now_ms)
    assert house.snapshot() == read_at_once(sale, snapshots, now_ms).snapshot()


@pytest.mark.parametrize(("position", "fits"), [(4, False), (5, True), (6, True)])
def test_a_record_that_is_shorter_is_another_one(snapshots: SnapshotFiles, position: int, *, fits: bool) -> None:
    followed = Followed(snapshots, SETTINGS)
    followed.end = ChainEnd(5, GENESIS_HASH)
    assert followed.fits(ChainEnd(position, GENESIS_HASH)) is fits
