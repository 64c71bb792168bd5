"""Writes a journal of known content, with snapshots, as a house does in runs of which most end without a farewell.

Run as `python -m tests.power.writer FOLDER RUN...`, each RUN as in RUNS. Before each deed and after it a mark goes to
standard output.
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
from common.lot import Announced
from common.messages import Rejected

LARGE_TEXT = "A long word on the state of things. " * 450
"""Large enough for a few batches to fill the WAL, so that a checkpoint comes in a short run."""


class Batch(NamedTuple):
    """What a batch holds: so many facts, with a text that is short or long."""

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
    """Return the fact that is at a position."""
    said = Announced(position, position, f"number {position}")
    return SaleDecided(at_ms=position, seq=position, event=said, by="auctioneer" + LARGE_TEXT * is_large)


def rejection(batch: int) -> Rejection:
    """Return the rejection that goes with a batch."""
    verdict = Rejected(id=batch, code=RejectCode.BELOW_MINIMUM, lot="1", seq=0, board=EnglishBoard(100))
    return Rejection(batch, 1, BidRequest(id=batch, lot="1", amount_minor=batch), verdict)


def state(position: int) -> bytes:
    """Return the state that is saved for a position."""
    return b"the state at %d. " % position * 1000


def write(folder: Path, run: str) -> None:
    """Carry out a run; the numbers of batches go on where an earlier run ended."""
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
    """Run each in a process of its own, which ends as by a kill."""
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
