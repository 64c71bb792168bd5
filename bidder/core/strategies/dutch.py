"""How simple bots bid on Dutch lots: pure decisions over what everybody sees and what the bot alone knows.

A bidder waits until the price has fallen to its value less a margin, and then takes what it wants: whoever waits longer
gains more, or loses the lot to somebody else. `docs/rules-dutch.md` says why that is the same as to shade a sealed
offer. All bots uphold:

- No unit is ever taken for more than it is worth to the bidder.
- Nobody takes more units than it wants.
"""

from msgspec import Struct

from common.formats.dutch import DutchBoard, DutchOwn
from common.lot import LotStatus, LotView


class DutchPlan(Struct, frozen=True, kw_only=True):
    """What a bidder has in mind for one Dutch lot; nobody else knows it."""

    value_minor: int
    """What a unit is worth to the bidder."""
    margin_minor: int = 0
    """How far below its value the price must be."""
    units: int = 1
    """How many units it wants."""

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
        """The most that the bidder can come to pay by it."""
        return self.price_minor * self.units


def would_stop(view: LotView, own: DutchOwn | None, plan: DutchPlan) -> bool:
    """Return whether the price is low enough, and something is wanted that is left."""
    board = view.board
    if view.status.is_final or not isinstance(board, DutchBoard):
        return False
    return board.price_minor <= plan.stops_at_minor and _wanted(board, own, plan) > 0


def decide(view: LotView, now_ms: int, own: DutchOwn | None, plan: DutchPlan) -> Stop | None:
    """Return what a bidder that has taken `own` so far does about a lot at a server time; None: nothing."""
    board = view.board
    is_running = view.status is LotStatus.OPEN and (view.ends_at_ms is None or now_ms < view.ends_at_ms)
    if not isinstance(board, DutchBoard) or not is_running or not would_stop(view, own, plan):
        return None
    return Stop(view.lot, board.price_minor, _wanted(board, own, plan))


def _wanted(board: DutchBoard, own: DutchOwn | None, plan: DutchPlan) -> int:
    """Return how many units the bidder would take now; 0 or less: none."""
    return min(plan.units - (0 if own is None else own.units), board.units_left)
