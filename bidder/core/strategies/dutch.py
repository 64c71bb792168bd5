"""The decisions of simple bots on Dutch lots. They depend only on the public state and on what the bot alone knows.

A bidder waits until the price has fallen to its value less a margin, and then takes the units that it wants. A longer
wait gains more, or loses the lot to another bidder. `docs/rules-dutch.md` says why this is the same as shading a sealed
offer. All bots uphold:

- A bot never pays more for a unit than the unit is worth to it.
- A bot never takes more units than it wants.
"""

from msgspec import Struct

from common.formats.dutch import DutchBoard, DutchOwn
from common.lot import LotStatus, LotView


class DutchPlan(Struct, frozen=True, kw_only=True):
    """A bidder's plan for one Dutch lot. Nobody else knows it."""

    value_minor: int
    """The value of a unit to the bidder."""
    margin_minor: int = 0
    """The least amount by which the price must be below the value."""
    units: int = 1
    """The number of units that the bidder wants."""

    @property
    def stops_at_minor(self) -> int:
        """The highest price at which the bidder stops the clock."""
        return self.value_minor - self.margin_minor


class Stop(Struct, frozen=True):
    """Take units at the price on the clock."""

    lot: str
    price_minor: int
    units: int

    @property
    def most_minor(self) -> int:
        """The most that the bidder may have to pay for it."""
        return self.price_minor * self.units


def would_stop(view: LotView, own: DutchOwn | None, plan: DutchPlan) -> bool:
    """Return whether the price is low enough, and the bidder wants a unit that is left."""
    board = view.board
    if view.status.is_final or not isinstance(board, DutchBoard):
        return False
    return board.price_minor <= plan.stops_at_minor and _wanted(board, own, plan) > 0


def decide(view: LotView, now_ms: int, own: DutchOwn | None, plan: DutchPlan) -> Stop | None:
    """Return the bidder's action on a lot at a server time; None: no action. It has taken `own` so far."""
    board = view.board
    is_running = view.status is LotStatus.OPEN and (view.ends_at_ms is None or now_ms < view.ends_at_ms)
    if not isinstance(board, DutchBoard) or not is_running or not would_stop(view, own, plan):
        return None
    return Stop(view.lot, board.price_minor, _wanted(board, own, plan))


def _wanted(board: DutchBoard, own: DutchOwn | None, plan: DutchPlan) -> int:
    """Return the number of units that the bidder would take now; 0 or less: none."""
    return min(plan.units - (0 if own is None else own.units), board.units_left)
