"""Long journals: written by a house that then dies, and read back.

The writer is a separate process that ends by SIGKILL. So the disk holds what a crash leaves, including the write-ahead
log.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Final, Self

import msgspec

from auctioneer.house.formats.table import bidding
from auctioneer.house.house import House
from auctioneer.journal import append
from auctioneer.journal.sqlite import SqliteStore
from auctioneer.process.folder import DataFolder
from auctioneer.process.held_sale import SNAPSHOT_EVERY_FACTS
from auctioneer.process.startup import read_house
from benchmarks.inside.sale import BATCH_BIDS, Inside, InsideError, check_accepted, settings

LOTS: Final = 1_000
BIDDERS: Final = 1_000
_PROGRESS_BATCHES: Final = 100


class Totals(msgspec.Struct, frozen=True):
    """The totals of a house, by which two houses are compared."""

    position: int
    bids: int
    """The public bids, counted in the lots' views."""
    prices_minor: int
    """The sum of all lots' prices."""
    bidders: int

    @classmethod
    def of(cls, house: House, position: int) -> Self:
        """Return the totals of this house, whose journal ends at `position`."""
        told = [bidding(lot) for lot in house.engine.catalogue]
        return cls(
            position,
            sum(one.bids or 0 for one in told),
            sum(one.price_minor or 0 for one in told),
            len(house.register.entries),
        )


class Replay(msgspec.Struct, frozen=True):
    """A house read back from its journal in this process."""

    totals: Totals
    facts: int
    seconds: float

    @property
    def events_per_s(self) -> float:
        """The facts applied to the state in a second."""
        return self.facts / self.seconds


def make_record(data: Path, bids: int, tell: Callable[[int], object]) -> Totals:
    """Have a house take this many bids in the data directory `data` and be killed.

    `tell` is called with the count after about each million bids. The last snapshot is as old as a snapshot can get.
    Raises InsideError if the writer ends in any other way.
    """
    arguments = [sys.executable, "-m", __name__, str(data), str(bids)]
    totals = None
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as maker:
        assert maker.stdout is not None, "the maker has a pipe for its output"
        for line in maker.stdout:
            if line.startswith("{"):
                totals = msgspec.json.decode(line, type=Totals)
            else:
                tell(int(line))
    if totals is None or maker.returncode != -signal.SIGKILL:
        raise InsideError(f"The journal was not made; its maker ended with status {maker.returncode}.")
    return totals


def drop_snapshots(data: Path) -> None:
    """Remove all snapshots, so a stopped house must start from its facts alone."""
    DataFolder(data).snapshots.remove_all()


def replay(data: Path) -> Replay:
    """Read a house from its record in this process, as `auctioneer run` does. Raises StorageError."""
    folder = DataFolder(data)
    journal = SqliteStore(folder.journal).read()
    try:
        began_s = time.perf_counter()
        house = read_house(journal, folder.snapshots.load(journal), settings(), int(time.time() * 1000))
        seconds = time.perf_counter() - began_s
        return Replay(Totals.of(house, journal.position), journal.position, seconds)
    finally:
        journal.close()


def _make(data: Path, bids: int) -> None:
    """Take the bids, print the progress and the totals, and die."""
    data.mkdir(parents=True, exist_ok=True)
    folder = DataFolder(data)
    sale = Inside.begin(LOTS, BIDDERS, folder.journal)
    assert sale.journal is not None, "the sale has a journal"
    random = Random(1)
    snapshot_at = max(0, bids - SNAPSHOT_EVERY_FACTS) // BATCH_BIDS
    batches = -(-bids // BATCH_BIDS)
    for number in range(batches):
        if number == snapshot_at:
            folder.snapshots.write(sale.journal.end, sale.house.snapshot())
        count = min(BATCH_BIDS, bids - number * BATCH_BIDS)
        answers, batch = sale.decide(sale.bids(random, LOTS, BIDDERS, count))
        check_accepted(answers)
        append(sale.journal, batch.facts, batch.rejections, sale.now_ms)
        if number % _PROGRESS_BATCHES == 0:
            _say(str(number * BATCH_BIDS))
    _say(msgspec.json.encode(Totals.of(sale.house, sale.journal.position)).decode())
    os.kill(os.getpid(), signal.SIGKILL)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    _make(Path(sys.argv[1]), int(sys.argv[2]))
