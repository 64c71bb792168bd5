"""The auctioneer of a rehearsal: opens the lots that wait for a hand, brings the hammer down, and ends the sale.

Sans-IO: lots and times come in, orders come out. A lot without a clock is closed when it was open for long enough and
nothing has happened on it for a while. Lots that are opened by hand open one after another, when no other lot is open
and none opens in a moment.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from bidder.core.notices import LotChanged, Notice
from common.lot import LotStatus, LotView

SOON_MS: Final = 1500
"""No lot is opened by hand if the clock opens one within this time."""
_RUNNING = (LotStatus.OPEN, LotStatus.PAUSED)


class OpenLot(NamedTuple):
    """Open a lot."""

    lot: str


class CloseLot(NamedTuple):
    """Bring the hammer down on a lot."""

    lot: str


class EndSale(NamedTuple):
    """End the sale."""


Order = OpenLot | CloseLot | EndSale


class Patience(NamedTuple):
    """How long the auctioneer waits, in milliseconds of the house's clock."""

    open_ms: int
    """The shortest time for which a lot without a clock is open."""
    quiet_ms: int
    """How long nothing must have happened on it before the hammer falls."""


class Gavel:
    """What is left to do by hand. `by_hand` are the lots that the auctioneer opens."""

    def __init__(self, by_hand: frozenset[str], patience: Patience, *, ends_sale: bool) -> None:
        self._by_hand = by_hand
        self._patience = patience
        self._ends_sale = ends_sale
        self._changed_ms: dict[str, int] = {}

    def note(self, notice: Notice) -> None:
        """Note what a client is told; a change of a lot begins its quiet time again."""
        if isinstance(notice, LotChanged):
            self._changed_ms[notice.lot] = notice.event.at_ms

    def due_ms(self, lots: Mapping[str, LotView]) -> int | None:
        """Return the house's time at which the next lot without a clock is to be closed; None if there is none."""
        return min((at_ms for _, at_ms in self._closings(lots)), default=None)

    def next(self, lots: Mapping[str, LotView], now_ms: int) -> Order | None:
        """Return what the auctioneer does now; None: nothing."""
        for lot, at_ms in self._closings(lots):
            if at_ms <= now_ms:
                return CloseLot(lot)
        if any(view.status in _RUNNING for view in lots.values()):
            return None
        scheduled = [view for view in lots.values() if view.status is LotStatus.SCHEDULED]
        if any(view.opens_at_ms is not None and view.opens_at_ms <= now_ms + SOON_MS for view in scheduled):
            return None
        waiting = next((view.lot for view in scheduled if view.lot in self._by_hand), None)
        if waiting is not None:
            return OpenLot(waiting)
        is_over = all(view.status.is_final for view in lots.values())
        return EndSale() if is_over and self._ends_sale else None

    def _closings(self, lots: Mapping[str, LotView]) -> list[tuple[str, int]]:
        """Return the open lots without a clock, each with the time at which the hammer falls."""
        return [
            (
                view.lot,
                max(
                    (view.opens_at_ms or 0) + self._patience.open_ms,
                    self._changed_ms.get(view.lot, 0) + self._patience.quiet_ms,
                ),
            )
            for view in lots.values()
            if view.status is LotStatus.OPEN and view.ends_at_ms is None
        ]
