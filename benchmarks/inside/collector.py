"""Python's garbage collector as a running house has it."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from auctioneer.process.serving import GC_ALLOCATIONS


@contextmanager
def calm_collector() -> Iterator[None]:
    """Have the collector leave alone what there is now, and look seldom at the rest, as `auctioneer run` does."""
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_ALLOCATIONS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
