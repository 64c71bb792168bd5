"""How long a snapshot stops the house's only loop, in a sale of a given size."""

import statistics
import time
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Final, NamedTuple

from auctioneer.journal.snapshot_writer import SnapshotWriter
from auctioneer.journal.snapshots import SnapshotFiles
from benchmarks.inside.batches import ACTIVE_BIDDERS
from benchmarks.inside.sale import Inside, InsideError, collecting_rarely

WIDE: Final = 256
"""The number of lots, and of bidders, in a batch."""
_BATCHES_ALONE: Final = 60
_TIMES: Final = 3
_MS: Final = 1000


class Pause(NamedTuple):
    """The figures of a sale with `size` lots and `size` bidders; each time is the least of a few."""

    size: int
    figures: dict[str, float]


def measure_pauses(size: int, journal: Path, seed: int) -> Pause:
    """Measure how long a snapshot delays the loop."""
    sale = Inside.begin(size, size, journal)
    random = Random(seed)
    try:
        sale.warm_up(random, ACTIVE_BIDDERS)
        with collecting_rarely():
            snapshots = _measure_snapshots(sale, SnapshotFiles(journal.parent), random)
        return Pause(size, snapshots | {"snapshot_bytes": len(sale.house.snapshot())})
    finally:
        sale.close()


def _measure_snapshots(sale: Inside, files: SnapshotFiles, random: Random) -> dict[str, float]:
    """Make snapshots while the house takes bids. `snapshot_ms` is how long the loop stops to begin a snapshot.

    Raises InsideError if a snapshot could not be made.
    """
    assert sale.journal is not None, "the sale has a journal"

    def batch_s() -> float:
        return sum(sale.turn(sale.bids(random, WIDE, WIDE)))

    alone_s = [batch_s() for _ in range(_BATCHES_ALONE)]
    begun_s, made_s, beside_s = [], [], []
    with closing(SnapshotWriter(files)) as writer:
        for _ in range(_TIMES):
            began_s = time.perf_counter()
            writer.start(sale.journal.end, sale.house.snapshot)
            begun_s.append(time.perf_counter() - began_s)
            while (made := writer.finished()) is None:
                beside_s.append(batch_s())
            made_s.append(time.perf_counter() - began_s)
            if made.fault:
                raise InsideError(f"A snapshot was not made: {made.fault}.")
    return {
        "snapshot_ms": min(begun_s) * _MS,
        "snapshot_ms_max": max(begun_s) * _MS,
        "snapshot_made_ms": min(made_s) * _MS,
        "batch_alone_ms": statistics.median(alone_s) * _MS,
        "batch_alone_ms_max": max(alone_s) * _MS,
        "batch_beside_ms": statistics.median(beside_s) * _MS,
        "batch_beside_ms_max": max(beside_s) * _MS,
    }
