"""Writes a journal of known content, with snapshots, as a house does in several runs; most runs end without closing it.

Run it as `python -m tests.power.writer FOLDER RUN...`, each RUN as in RUNS. It writes a mark to standard output before
and after each deed.
"""

import os
import sys
from pathlib import Path
from typing import NamedTuple

from auctioneer.journal import append
from auctioneer.journal.snapshots import SnapshotFiles
from auctioneer.journal.sqlite import FILE_NAME, SqliteStore
from auctioneer.rules.facts import AnyFact, Rejection, SaleDecided
from common.errors import RejectCode
from common.formats.english import BidRequest, EnglishBoard
from common.lot_events import Announced
from common.messages import Rejected

LARGE_TEXT = "A long word on the state of things. " * 450
"""A text so large that a few batches fill the WAL, and a short run includes a checkpoint."""


class Batch(NamedTuple):
    """The content of a batch: the number of its facts, with short or long texts."""

    facts: int
    is_large: bool = False


RUNS: dict[str, tuple[str, ...]] = {
    "first": ("small", "one", "alive", "small", "snapshot", "one", "small"),
    "closes": ("one", "snapshot", "small", "close"),
    "checkpoint": ("small", *["large"] * 9, "snapshot", "small", "one"),
    "last": ("small", "one", "alive"),
}
BATCHES = {"one": Batch(1), "small": Batch(7), "alive": Batch(0), "large": Batch(32, is_large=True)}


def fact(position: int, *, is_large: bool) -> AnyFact:
    """Return the fact at a position."""
    said = Announced(position, position, f"number {position}")
    return SaleDecided(at_ms=position, seq=position, event=said, by="auctioneer" + LARGE_TEXT * is_large)


def rejection(batch: int) -> Rejection:
    """Return the rejection of a batch."""
    verdict = Rejected(id=batch, code=RejectCode.BELOW_MINIMUM, lot="1", seq=0, board=EnglishBoard(100))
    return Rejection(batch, 1, BidRequest(id=batch, lot="1", amount_minor=batch), verdict)


def state(position: int) -> bytes:
    """Return the state saved for a position."""
    return b"the state at %d. " % position * 1000


def write(folder: Path, run: str) -> None:
    """Carry out a run; the numbers of batches continue from the earlier run."""
    journal = SqliteStore(folder / FILE_NAME).take_over("")
    tell("opened", journal.position)
    for step in RUNS[run]:
        if step == "close":
            journal.close()
        elif step == "snapshot":
            tell("saving", journal.position)
            SnapshotFiles(folder).write(journal.end, state(journal.position))
            tell("saved", journal.position)
        else:
            batch, first = journal.alive_ms + 1, journal.position + 1
            size = BATCHES[step]
            facts = [fact(position, is_large=size.is_large) for position in range(first, first + size.facts)]
            tell("offered", batch, first + size.facts - 1, int(size.is_large))
            append(journal, facts, [rejection(batch)], batch)
            tell("acknowledged", batch)


def tell(*words: object) -> None:
    """Set a mark."""
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def main() -> None:
    """Carry out each run in a separate process, which ends as by a kill."""
    folder = Path(sys.argv[1])
    for run in sys.argv[2:]:
        child = os.fork()
        if child == 0:
            status = 1
            try:
                write(folder, run)
                status = 0
            finally:
                os._exit(status)
        if os.waitpid(child, 0)[1] != 0:
            sys.exit(f"the run {run!r} failed")


if __name__ == "__main__":
    main()
