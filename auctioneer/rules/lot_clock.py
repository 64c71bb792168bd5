"""The clock of the lots: at which lot the engine looks next, and when.

An entry is one number that has the time and the lot's index: to compare two tuples would take three times as long. An
entry may be too early, never too late: it moves when it is reached, so that a bid that extends a lot need not touch it.
"""

import heapq
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Final, Protocol

from auctioneer.rules.lots import LotState
from common.limits import LOTS_MAX
from common.lot import LotStatus, SaleStatus, SaleView

INDEX_BITS: Final = LOTS_MAX.bit_length()
_INDEX_MASK: Final = (1 << INDEX_BITS) - 1
_OPEN: Final = LotStatus.OPEN
"""A constant, because an Enum lookup would double the cost of each comparison."""
_SCHEDULED: Final = LotStatus.SCHEDULED


class Clocked(Protocol):
    """What the clock goes by: the sale and its lots."""

    sale: SaleView
    lots: list[LotState]


class LotClock:
    """A heap of times and lots; of lots that are due at the same time, the first in the catalogue comes first."""

    def __init__(self, state: Clocked) -> None:
        self._state = state
        self.entries: list[int] = []
        """A heap, with one or two for each lot; the time of an entry is `entry >> INDEX_BITS`."""

    def first(self) -> LotState | None:
        """Return the lot that is due first, at its `queued_ms`; None if none is due."""
        entries, lots = self.entries, self._state.lots
        while entries:
            first = entries[0]
            when_ms, index = first >> INDEX_BITS, first & _INDEX_MASK
            lot = lots[index]
            due_ms = self._due_ms(lot)
            if due_ms == when_ms:
                return lot
            if lot.queued_ms == when_ms:
                lot.queued_ms = due_ms
                if due_ms is not None:
                    heapq.heapreplace(entries, due_ms << INDEX_BITS | index)
                    continue
            heapq.heappop(entries)
        return None

    def put(self, lot: LotState) -> None:
        """Look at a changed lot when it is due, unless the clock does so earlier."""
        due_ms = self._due_ms(lot)
        if due_ms is not None and (lot.queued_ms is None or lot.queued_ms > due_ms):
            lot.queued_ms = due_ms
            heapq.heappush(self.entries, due_ms << INDEX_BITS | lot.index)

    def put_off(self, lot: LotState) -> None:
        """Look at the lot that `first` has just returned when it is due next: the lot's own clock acted."""
        lot.queued_ms = due_ms = self._due_ms(lot)
        if due_ms is None:
            heapq.heappop(self.entries)
        else:
            heapq.heapreplace(self.entries, due_ms << INDEX_BITS | lot.index)

    def rebuild(self) -> None:
        """Look at each lot when it is due, after all have moved.

        To move each entry when it is reached would take several times as long.
        """
        lots = self._state.lots
        for lot in lots:
            lot.queued_ms = self._due_ms(lot)
        self.entries = [lot.queued_ms << INDEX_BITS | lot.index for lot in lots if lot.queued_ms is not None]
        heapq.heapify(self.entries)

    def faults(self, due_ms_of: Callable[[LotState], int | None]) -> Iterator[str]:
        """Yield what must not be true of the entries; `due_ms_of` gives when a lot is due, as another reckons it."""
        entries = self.entries
        if any(entries[(place - 1) // 2] > entries[place] for place in range(1, len(entries))):
            yield "the clock's entries are out of order"
        if max(Counter(entry & _INDEX_MASK for entry in entries).values(), default=0) > 2:
            yield "the clock collects old entries"
        entered = set(entries)
        for lot in self._state.lots:
            due_ms, queued_ms = due_ms_of(lot), lot.queued_ms
            if due_ms is None:
                continue
            if queued_ms is None or queued_ms > due_ms or queued_ms << INDEX_BITS | lot.index not in entered:
                yield f"the clock does not look at lot {lot.view.lot} in time"

    def _due_ms(self, lot: LotState) -> int | None:
        """Return the server time of what is due first on a lot: its end, a step of its format's clock, its opening.

        Bids that were left for the opening are due with it. A lot whose leader is asked waits for the answer.
        """
        view = lot.view
        if view.status is _OPEN:
            if lot.left:
                return view.opens_at_ms
            steps_at_ms, ends_at_ms = lot.steps_at_ms, view.ends_at_ms
            if steps_at_ms is None:
                return ends_at_ms
            steps_at_ms += lot.opened_at_ms
            return steps_at_ms if ends_at_ms is None or steps_at_ms < ends_at_ms else ends_at_ms
        if view.asked is not None:
            return view.asked.until_ms
        if view.status is _SCHEDULED and self._state.sale.status is SaleStatus.RUNNING:
            return view.opens_at_ms
        return None
