"""The cost of a batch of bids in sales of different sizes, measured in turns so that the sizes can be compared."""

import statistics
from pathlib import Path
from random import Random
from typing import Final, NamedTuple

from auctioneer.journal import append
from benchmarks.inside.sale import BATCH_BIDS, Inside, Parts

ACTIVE_BIDDERS: Final = 2_000
"""The most bidders who bid in a sale; the others are enrolled and only watch."""
BATCHES_A_VISIT: Final = 3
"""Batches timed at each visit, after one untimed batch: the sales visited before have taken the processor's cache."""
_PREFILL_BIDS: Final = 256
US_PER_S: Final = 1_000_000


class Size(NamedTuple):
    """A sale to be measured: its size, and the numbers of lots and bidders that the bids of a batch are spread over."""

    lots: int
    bidders: int
    journaled_bids: int
    lots_a_batch: int
    bidders_a_batch: int


class Cost(NamedTuple):
    """The cost of one bid in a sale, in microseconds, and its ratio to the cost in another sale."""

    decide_us: float
    commit_us: float
    tell_us: float
    total_us: float
    total_us_min: float
    ratio: float
    """The median over all rounds of this sale's cost divided by the other's cost in the same round."""


class Sales:
    """Sales of several sizes in this process, each with its own journal in `folder`."""

    def __init__(self, sizes: list[Size], folder: Path, seed: int) -> None:
        self.sizes = sizes
        self._random = Random(seed)
        self._sales = [self._begin(size, folder / f"{number}.sqlite3") for number, size in enumerate(sizes)]
        self._visits: list[list[list[Parts]]] = [[] for _ in sizes]

    def _begin(self, size: Size, path: Path) -> Inside:
        sale = Inside.begin(size.lots, size.bidders, path)
        sale.warm_up(self._random, ACTIVE_BIDDERS)
        assert sale.journal is not None, "each sale has a journal"
        if size.journaled_bids:
            # The same bids, written again and again, make the journal long: it does not read the facts that it writes.
            bids = sale.bids(self._random, size.lots_a_batch, size.bidders_a_batch, _PREFILL_BIDS)
            _, batch = sale.decide(bids)
            for _ in range(-(-size.journaled_bids // _PREFILL_BIDS)):
                append(sale.journal, batch.facts, (), sale.now_ms)
        return sale

    def measure(self, rounds: int) -> None:
        """Visit all sales `rounds` times, and time a few batches of bids at each visit."""
        for _ in range(rounds):
            for size, sale, visits in zip(self.sizes, self._sales, self._visits, strict=True):
                batches = [
                    sale.bids(self._random, size.lots_a_batch, size.bidders_a_batch) for _ in range(BATCHES_A_VISIT + 1)
                ]
                visits.append([sale.turn(batch) for batch in batches][1:])

    def cost(self, number: int, beside: int) -> Cost:
        """Return the cost of a bid in the sale `number`, compared with the sale `beside`."""
        visits = self._visits[number]
        parts = [Parts(*map(statistics.median, zip(*visit, strict=True))) for visit in visits]
        totals = [_total_s(visit) for visit in visits]
        others = [_total_s(visit) for visit in self._visits[beside]]
        us = US_PER_S / BATCH_BIDS
        return Cost(
            statistics.median(one.decide_s for one in parts) * us,
            statistics.median(one.commit_s for one in parts) * us,
            statistics.median(one.tell_s for one in parts) * us,
            statistics.median(totals) * us,
            min(totals) * us,
            statistics.median(mine / other for mine, other in zip(totals, others, strict=True)),
        )

    def close(self) -> None:
        """Close all journals."""
        for sale in self._sales:
            sale.close()


def _total_s(visit: list[Parts]) -> float:
    return statistics.median(sum(parts) for parts in visit)
