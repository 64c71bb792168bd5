"""The memory that houses of different sizes take, each measured in its own process."""

import ctypes
import gc
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from random import Random
from typing import Final, NamedTuple

from benchmarks.inside.sale import BATCH_BIDS, Inside, check_accepted
from common.errors import UsageError

FEW: Final = 10
"""The number of lots or of bidders in houses that do not vary it."""
_KIB: Final = 1024
_SEED: Final = 1


class Grown(NamedTuple):
    """A house to be measured, with its bids on each lot and from each bidder.

    `open_requests` counts requests that are decided and not yet committed.
    """

    lots: int = FEW
    bidders: int = FEW
    bids_a_lot: int = 0
    bids_a_bidder: int = 0
    open_requests: int = 0


def memory_bytes(pid: int | None = None) -> int:
    """Return the bytes of memory of a process, by default this one: its pages and its share of others' pages (PSS)."""
    try:
        lines = Path(f"/proc/{pid or 'self'}/smaps_rollup").read_text().splitlines()
    except FileNotFoundError as error:
        raise UsageError("Memory is measured on Linux only, by /proc/PID/smaps_rollup.") from error
    return next(int(line.split()[1]) * _KIB for line in lines if line.startswith("Pss:"))


def measure_grown(house: Grown) -> int:
    """Return the bytes of memory of a process with this house in it."""
    # Spawned, not forked, so the child shares no page with this process and inherits no garbage.
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_grow, house).result()


def _grow(house: Grown) -> int:
    sale = Inside.begin(house.lots, house.bidders)
    random = Random(_SEED)
    for number in range(house.bids_a_lot):
        for lot in range(house.lots):
            sale.turn([sale.bid(number % FEW, lot)])
    for number in range(house.bids_a_bidder):
        for bidder in range(house.bidders):
            sale.turn([sale.bid(bidder, (bidder + number) % house.lots)])
    answers = []
    for _ in range(0, house.open_requests, BATCH_BIDS):
        for principal, body in sale.bids(random, house.lots, house.bidders):
            answers.append(sale.house.handle(principal, body, sale.now_ms))
    check_accepted(answers)
    _release()
    taken_bytes = memory_bytes()
    assert len(sale.house.flush().facts) == len(answers), "a bid was not recorded"
    return taken_bytes


def _release() -> None:
    """Return free memory to the system, if the C library can, so that only the memory in use is counted."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc's
    if trim is not None:
        trim(0)
