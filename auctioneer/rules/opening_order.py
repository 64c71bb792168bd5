"""The order of lots that open after the one before them: which of them has its turn.

A lot has its turn once the nearest earlier lot that was not withdrawn is over, or if there is no such lot. Neighbours
are linked, so that no opening has to search past many withdrawn lots.
"""

from auctioneer.rules.lots import LotState
from auctioneer.rules.terms import OpeningRule
from common.lot import LotStatus


class OpeningOrder:
    """The order of a catalogue. The engine reports each lot that joins, changes or ends."""

    def __init__(self, catalogue: list[LotState]) -> None:
        self._catalogue = catalogue
        self._earlier: list[int | None] = []  # for each lot, the nearest one before it that was not withdrawn
        self._later: list[int | None] = []  # and after it
        self._last: int | None = None
        self.turns: set[int] = set()
        """The indexes of the lots that have their turn."""

    def first(self) -> LotState:
        """Return the lot that opens first of those that have their turn; there must be one."""
        return self._catalogue[min(self.turns)]

    def join(self, lot: LotState) -> None:
        """Link a lot to the last one that was not withdrawn."""
        self._earlier.append(self._last)
        self._later.append(None)
        if lot.view.status is not LotStatus.WITHDRAWN:
            if self._last is not None:
                self._later[self._last] = lot.index
            self._last = lot.index
        self._look_at(lot)

    def changed(self, lot: LotState) -> None:
        """Look at a changed lot again: if it is no longer scheduled, its turn is over."""
        self.turns.discard(lot.index)
        if lot.view.status is LotStatus.SCHEDULED:
            self._look_at(lot)

    def ended(self, lot: LotState) -> None:
        """Note that a lot is over, so that the next one may have its turn."""
        if lot.view.status is LotStatus.WITHDRAWN:
            self._unlink(lot.index)
        later = self._later[lot.index]
        if later is not None:
            self._look_at(self._catalogue[later])

    def reopened(self, lot: LotState, *, was_withdrawn: bool) -> None:
        """Note that a lot that was over is open again, so that the lot after it has to wait, if it still does."""
        if was_withdrawn:
            self._link(lot.index)
        later = self._later[lot.index]
        if later is not None:
            self.turns.discard(later)

    def _link(self, index: int) -> None:
        """Link a lot between the nearest ones that are not withdrawn."""
        there = (other for other in range(index - 1, -1, -1) if not self._is_withdrawn(other))
        earlier = self._earlier[index] = next(there, None)
        if earlier is None:
            following = (other for other in range(index + 1, len(self._earlier)) if not self._is_withdrawn(other))
            later = next(following, None)
        else:
            later = self._later[earlier]
            self._later[earlier] = index
        self._later[index] = later
        if later is None:
            self._last = index
        else:
            self._earlier[later] = index

    def _is_withdrawn(self, index: int) -> bool:
        return self._catalogue[index].view.status is LotStatus.WITHDRAWN

    def _unlink(self, index: int) -> None:
        """Link the neighbours of a withdrawn lot to each other."""
        earlier, later = self._earlier[index], self._later[index]
        if earlier is not None:
            self._later[earlier] = later
        if later is not None:
            self._earlier[later] = earlier
        else:
            self._last = earlier

    def _look_at(self, lot: LotState) -> None:
        waits = lot.view.status is LotStatus.SCHEDULED and lot.spec.opening.rule is OpeningRule.AFTER_PREVIOUS
        earlier = self._earlier[lot.index]
        if waits and (earlier is None or self._catalogue[earlier].view.status.is_final):
            self.turns.add(lot.index)
