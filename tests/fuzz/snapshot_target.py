"""A snapshot whose file was changed anywhere: a start uses it only with its written content, or skips it.

An input is a list of changes, as for the journal.
"""

import tempfile
from collections.abc import Sequence
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from auctioneer.audit.invariants import check_same_state
from auctioneer.house.settings import HouseSettings
from auctioneer.journal import append
from auctioneer.journal.snapshots import SavedState, SnapshotFiles
from auctioneer.journal.sqlite import FILE_NAME, SqliteStore
from auctioneer.process.startup import read_house
from common.formats.english import BidRequest
from tests.auctioneer.house.house_examples import ANN, BOB, SmallSale
from tests.fuzz.journal_target import CHANGE_BYTES, changed

_SETTINGS: Final = HouseSettings("fuzzed", 0)


class _Kept(NamedTuple):
    """A sale, its journal, and its two snapshots, the older one first."""

    sale: SmallSale
    place: "tempfile.TemporaryDirectory[str]"
    older: SavedState
    newer: SavedState
    content: bytes
    """The content of the newer snapshot's file."""

    @property
    def folder(self) -> Path:
        return Path(self.place.name)


@cache
def _kept() -> _Kept:
    """Return the sale, written once and then read again and again."""
    place, sale = tempfile.TemporaryDirectory(), SmallSale()
    saved: list[SavedState] = []
    folder = Path(place.name)
    with closing(SqliteStore(folder / FILE_NAME).take_over("")) as journal:
        for key in (ANN, BOB):
            sale.join(key, f"Bidder {key[0]}")
            sale.ask(key, BidRequest(id=5, lot="1", maximum_minor=5000 + len(saved)))
            append(journal, sale.record[journal.position :], (), sale.now_ms)
            saved.append(SavedState(journal.position, sale.house.snapshot()))
            SnapshotFiles(folder).write(journal.end, saved[-1].state)
    content = (folder / f"snapshot-{saved[1].position}").read_bytes()
    return _Kept(sale, place, saved[0], saved[1], content)


def damage_snapshot(changes: bytes) -> None:
    """Start from a changed snapshot."""
    kept = _kept()
    content = changed(kept.content, changes)
    (kept.folder / f"snapshot-{kept.newer.position}").write_bytes(content)
    with closing(SqliteStore(kept.folder / FILE_NAME).read()) as journal:
        loaded = SnapshotFiles(kept.folder).load(journal)
        house = read_house(journal, loaded, _SETTINGS, kept.sale.now_ms)
    is_whole = content == kept.content
    assert loaded.saved == (kept.newer if is_whole else kept.older)
    assert [one.position for one in loaded.passed_over] == ([] if is_whole else [kept.newer.position])
    check_same_state(house.engine.state, kept.sale.house.engine.state)
    assert house.register.entries == kept.sale.house.register.entries


def snapshot_seeds() -> Sequence[bytes]:
    """Return changes of every byte of the header, some all over the state, and nothing at all."""
    length = len(_kept().content)
    places = [*range(96), *range(96, length, length // 24)]
    return [
        bytes(CHANGE_BYTES - 1),
        *(place.to_bytes(4, "big") + bytes((how, 0x5A)) for place in places for how in (0, 1, 2, 3)),
    ]
