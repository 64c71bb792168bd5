"""What holds the house's only loop up now and then, in a sale of some size."""

import gc
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Final, NamedTuple

from benchmarks.inside.batches import ACTIVE_BIDDERS
from benchmarks.inside.sale import Inside

_TIMES: Final = 3
_MS: Final = 1000


class Pause(NamedTuple):
    """What was found in a sale with so many lots and as many bidders; times are the least of a few."""

    size: int
    figures: dict[str, float]


def measure_pauses(size: int, journal: Path, seed: int) -> Pause:
    """Measure how long a snapshot, a full garbage collection, a heartbeat and a look at the clock take."""
    sale = Inside.begin(size, size, journal)
    assert sale.journal is not None, "the sale has a journal"
    try:
        sale.warm_up(Random(seed), ACTIVE_BIDDERS)
        state = sale.house.snapshot()
        encode_ms = _least_ms(sale.house.snapshot)
        journal_of_sale = sale.journal
        save_ms = _least_ms(lambda: journal_of_sale.save_snapshot(journal_of_sale.position, state))
        return Pause(
            size,
            {
                "snapshot_ms": encode_ms + save_ms,
                "snapshot_encode_ms": encode_ms,
                "snapshot_save_ms": save_ms,
                "snapshot_bytes": len(state),
                "collection_ms": _least_ms(gc.collect),
                "heartbeat_ms": _least_ms(lambda: sale.house.heartbeat(sale.now_ms)),
                "clock_ms": _least_ms(lambda: sale.house.advance(sale.now_ms)),
            },
        )
    finally:
        sale.close()


def _least_ms(act: Callable[[], object]) -> float:
    taken_s = []
    for _ in range(_TIMES):
        began_s = time.perf_counter()
        act()
        taken_s.append(time.perf_counter() - began_s)
    return min(taken_s) * _MS
