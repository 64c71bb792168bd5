"""A sale goes to a database and back, exact to the hash, and nobody continues it at the old place."""

from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest

from auctioneer.house.settings import HouseSettings
from auctioneer.journal import ChainEnd, FencedError, Record, append
from auctioneer.journal.chain import READ_FACTS
from auctioneer.journal.sqlite import SqliteStore
from auctioneer.process.backup import back_up, restore
from auctioneer.process.folder import DataFolder
from auctioneer.process.folder.folder import postgres_store
from auctioneer.process.moving import move_here, move_to_database
from auctioneer.process.startup import open_sale
from auctioneer.rules.contacts import Contact, ContactChange
from auctioneer.rules.facts import AnyFact, Rejection
from common.errors import StorageError, UsageError
from tests.auctioneer.cli.cli_sales import begin_sale
from tests.auctioneer.journal.journal_examples import AT_MS, announcements, rejection
from tests.postgres_cluster import Cluster

LEE = Contact("Lee & Sons", "ann@example.org")


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    """Return a sale with a long record, refused bids and a contact."""
    folder = begin_sale(tmp_path / "data")
    folder.keys.house()
    with closing(folder.store.take_over("")) as journal:
        refused = [rejection(1, 1), rejection(1, 7)]
        append(journal, announcements(READ_FACTS + 100), refused, AT_MS, [ContactChange(1, LEE)])
    return folder


@pytest.fixture
def url(postgres: Cluster) -> str:
    return postgres.url(uuid4().hex)


class Whole:
    """All that a record has."""

    def __init__(self, record: Record) -> None:
        with closing(record):
            self.end: ChainEnd = record.verify_chain()
            self.facts: list[tuple[int, AnyFact]] = list(record.read())
            self.rejections: list[Rejection] = list(record.rejections())
            self.contacts, self.alive_ms, self.term = record.contacts(), record.alive_ms, record.owner.term

    def __eq__(self, other: object) -> bool:
        mine, theirs = vars(self), vars(other)
        return {**mine, "term": 0} == {**theirs, "term": 0}

    def __hash__(self) -> int:
        return hash(self.end)


def whole(folder: DataFolder) -> Whole:
    return Whole(folder.store.read())


def test_there_and_back_all_is_the_same_and_the_term_rises(folder: DataFolder, url: str) -> None:
    before = whole(folder)
    moved = move_to_database(folder, url)
    there = DataFolder(folder.path)
    assert (moved.end, there.store_url, there.journal.exists()) == (before.end, url, False)
    in_database = whole(there)
    assert in_database == before
    assert Whole(SqliteStore(folder.path / f"moved-{before.end.position}.sqlite3").read()) == before
    assert move_here(there).end == before.end
    again = DataFolder(folder.path)
    assert (again.store_url, again.store.place) == ("", folder.journal)
    assert whole(again) == before
    assert before.term < in_database.term < whole(again).term


def test_from_database_to_database(folder: DataFolder, url: str, postgres: Cluster) -> None:
    before = whole(folder)
    other = postgres.url(uuid4().hex)
    move_to_database(folder, other)
    move_to_database(DataFolder(folder.path), url)
    assert DataFolder(folder.path).store_url == url
    assert whole(DataFolder(folder.path)) == before
    with pytest.raises(UsageError, match="was moved to"):
        postgres_store(other).take_over("")


def test_a_house_that_holds_the_record_elsewhere_is_not_moved_away_from(folder: DataFolder, url: str) -> None:
    move_to_database(folder, url)
    elsewhere = postgres_store(url).take_over("elsewhere")
    with closing(elsewhere):
        elsewhere.begin((), (), AT_MS)
        elsewhere.wait()
        elsewhere.close()
        here = DataFolder(folder.path)
        move_here(here)
        with pytest.raises(StorageError):
            append(elsewhere, announcements(1), (), AT_MS)


def test_a_house_that_slept_through_the_move_is_fenced(folder: DataFolder, url: str, postgres: Cluster) -> None:
    move_to_database(folder, url)
    asleep = postgres_store(url).take_over("asleep")
    postgres.primary.ask("UPDATE auction.sale SET is_released = true WHERE id = %s", asleep._sale)
    move_here(DataFolder(folder.path))
    with pytest.raises(FencedError):
        append(asleep, announcements(1), (), AT_MS)
    with pytest.raises(UsageError, match="was moved to"):
        postgres_store(url).take_over("asleep")


def test_nothing_is_moved_while_a_house_runs_here(folder: DataFolder, url: str) -> None:
    hold = folder.whereabouts.hold()
    with closing(open(hold, closefd=True)), pytest.raises(UsageError, match="already runs"):
        move_to_database(folder, url)
    assert not postgres_store(url).exists


def test_nothing_is_replaced(folder: DataFolder, url: str) -> None:
    with pytest.raises(UsageError, match=r"in .* already"):
        move_here(folder)
    postgres_store(url).take_over("").close()
    with pytest.raises(UsageError, match="There is a record"):
        move_to_database(folder, url)
    assert DataFolder(folder.path).store_url == ""
    assert folder.journal.exists()


def test_a_copy_that_no_standby_confirms_is_none(folder: DataFolder, lonely_postgres: Cluster) -> None:
    url = lonely_postgres.url(uuid4().hex)
    lonely_postgres.primary.set("synchronous_standby_names", "")
    with pytest.raises(StorageError, match="waits for no standby"):
        move_to_database(folder, url)
    assert not postgres_store(url).exists
    assert DataFolder(folder.path).store_url == ""


def test_a_sale_continues_at_its_new_place(folder: DataFolder, url: str) -> None:
    held = open_sale(folder, HouseSettings("here", 1), None)
    held.journal.close()
    move_to_database(folder, url)
    there = open_sale(DataFolder(folder.path), HouseSettings("there", 1), None)
    with closing(there.journal):
        assert there.house.engine.sale.title == held.house.engine.sale.title
        assert there.house.settings.term == there.journal.owner.term > held.journal.owner.term


# --- backups of a sale in a database ----------------------------------------------------------------------------------


def test_a_backup_of_a_database_is_a_file_and_goes_to_a_file_or_a_database(
    folder: DataFolder, url: str, postgres: Cluster, tmp_path: Path
) -> None:
    move_to_database(folder, url)
    before = whole(DataFolder(folder.path))
    back_up(DataFolder(folder.path), tmp_path / "backup")
    backup = DataFolder(tmp_path / "backup")
    assert whole(backup) == before
    assert not backup.store_url
    other = postgres.url(uuid4().hex)
    for target in (DataFolder(tmp_path / "file"), DataFolder(tmp_path / "database", other)):
        restored = restore(backup, target)
        assert restored.position == before.end.position + 1
        after = whole(DataFolder(target.path))
        assert after.facts[:-1] == before.facts
        assert (after.rejections, after.contacts) == (before.rejections, before.contacts)
        assert after.term > before.term
    assert not DataFolder(tmp_path / "database").journal.exists()


def test_a_restore_into_a_database_replaces_nothing_and_fences_what_the_directory_had(
    folder: DataFolder, url: str, postgres: Cluster, tmp_path: Path
) -> None:
    move_to_database(folder, url)
    here = DataFolder(folder.path)
    back_up(here, tmp_path / "backup")
    backup = DataFolder(tmp_path / "backup")
    with pytest.raises(UsageError, match="There is a record"):
        restore(backup, here)
    asleep = postgres_store(url).take_over("asleep")
    restore(backup, DataFolder(folder.path, postgres.url(uuid4().hex)))
    with pytest.raises(FencedError):
        append(asleep, announcements(1), (), AT_MS)
    with pytest.raises(UsageError, match="was moved to"):
        postgres_store(url).take_over("other", ["asleep"])
