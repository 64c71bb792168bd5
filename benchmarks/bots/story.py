"""What is worth telling of a sale to somebody who watches it: a line for each notable event, and none for most bids."""

from collections.abc import Callable
from enum import Enum
from typing import Final

from msgspec import Struct

from bidder.core.notices import ConnectionChanged, LotChanged, Notice, SaleChanged, StateReady
from common.lot import (
    Announced,
    BidPlaced,
    CloseCause,
    LotClosed,
    LotExtended,
    LotOpened,
    LotPaused,
    LotResumed,
    LotView,
    LotWithdrawn,
    SaleEnded,
    SalePaused,
    SaleResumed,
)
from common.money import Currency
from common.names import printable

OUTBIDS_PAUSE_MS: Final = 2500
"""Of one lot, not more than one change of the leader is told in so long."""
JUMP_STEPS: Final = 6
"""A rise by so many steps at once is told in any case."""
EXTENSION_MS_MIN: Final = 300
"""A soft close that gives less time than this is told like any other bid."""


class Kind(Enum):
    """What a line is about."""

    SALE = "sale"
    OPENED = "opened"
    OUTBID = "outbid"
    RESERVE = "reserve"
    EXTENDED = "extended"
    SOLD = "sold"
    PASSED = "passed"
    HELD = "held"


class Line(Struct, frozen=True):
    """One notable event, in words."""

    kind: Kind
    text: str


class Story:
    """Tells a sale. `name_of` gives the name that goes with a paddle."""

    def __init__(self, currency: Currency, name_of: Callable[[int], str]) -> None:
        self._show = currency.show
        self._name_of = name_of
        self._outbid_told_ms: dict[str, int] = {}

    def tell(self, notice: Notice) -> Line | None:
        """Return the line for a notice of the client; None where it is not notable."""
        match notice:
            case LotChanged():
                return self._of_lot(notice)
            case SaleChanged(event=Announced(text=text)):
                return Line(Kind.SALE, f"The auctioneer says: {printable(text)}")
            case SaleChanged(event=SalePaused()):
                return Line(Kind.HELD, "The sale is paused")
            case SaleChanged(event=SaleResumed()):
                return Line(Kind.SALE, "The sale resumes")
            case SaleChanged(event=SaleEnded()):
                return Line(Kind.SALE, "The sale has ended")
            case StateReady(sale=sale):
                return Line(Kind.SALE, f"{printable(sale.title)}: {sale.lots} lots")
            case ConnectionChanged(state=state, reason=reason) if reason:
                return Line(Kind.HELD, f"The house is {state.value}: {reason}")
            case _:
                return None

    def _of_lot(self, change: LotChanged) -> Line | None:
        lot, view = f"Lot {change.lot}", change.view
        match change.event:
            case BidPlaced() as bid:
                return self._of_bid(change.before, view, bid)
            case LotOpened():
                start = self._show(view.terms.starting_minor)
                return Line(Kind.OPENED, f"{lot} opens at {start}: {printable(view.terms.title)}")
            case LotExtended(cause=cause):
                return Line(Kind.EXTENDED, f"{lot} is extended ({cause.value})")
            case LotPaused():
                return Line(Kind.HELD, f"{lot} is paused")
            case LotResumed():
                return Line(Kind.OPENED, f"{lot} resumes")
            case LotWithdrawn():
                return Line(Kind.PASSED, f"{lot} is withdrawn")
            case LotClosed() as closed:
                return self._of_close(view, closed)
            case _:
                return None

    def _of_bid(self, before: LotView, view: LotView, bid: BidPlaced) -> Line | None:
        lot, price = f"Lot {view.lot}", self._show(bid.price_minor)
        leader = self._name_of(bid.leader)
        if _extension_ms(before, view) >= EXTENSION_MS_MIN and before.ends_at_ms is not None:
            left_s = (before.ends_at_ms - bid.at_ms) / 1000
            more_s = _extension_ms(before, view) / 1000
            bidder, leads = self._name_of(bid.bidder), "leads" if bid.bidder == bid.leader else f"{leader} still leads"
            text = f"{lot}: {bidder} bids with {left_s:.1f} s left, {leads} at {price}; {more_s:.1f} s more"
            return Line(Kind.EXTENDED, text)
        if view.reserve_met and not before.reserve_met:
            return Line(Kind.RESERVE, f"{lot}: the reserve is met, {leader} leads at {price}")
        if before.leader is None or before.leader == view.leader:
            return None
        risen_minor = bid.price_minor - (before.price_minor or 0)
        is_jump = risen_minor >= JUMP_STEPS * view.terms.step_at(before.price_minor or 0)
        if not is_jump and bid.at_ms < self._outbid_told_ms.get(view.lot, -OUTBIDS_PAUSE_MS) + OUTBIDS_PAUSE_MS:
            return None
        self._outbid_told_ms[view.lot] = bid.at_ms
        how = "jumps past" if is_jump else "outbids"
        return Line(Kind.OUTBID, f"{lot}: {leader} {how} {self._name_of(before.leader)} at {price}")

    def _of_close(self, view: LotView, closed: LotClosed) -> Line:
        lot, bids = f"Lot {view.lot}", "1 bid" if view.bids == 1 else f"{view.bids} bids"
        if closed.winner is not None and closed.hammer_minor is not None:
            winner, hammer = self._name_of(closed.winner), self._show(closed.hammer_minor)
            if closed.cause is CloseCause.BUY_NOW:
                return Line(Kind.SOLD, f"{lot} BUY-NOW: {winner} takes it for {hammer}, after {bids}")
            return Line(Kind.SOLD, f"{lot} SOLD to {winner} for {hammer}, after {bids}")
        if view.price_minor is None:
            return Line(Kind.PASSED, f"{lot} PASSED without a bid")
        return Line(Kind.PASSED, f"{lot} PASSED: {self._show(view.price_minor)} is below the reserve, after {bids}")


def _extension_ms(before: LotView, view: LotView) -> int:
    return 0 if before.ends_at_ms is None or view.ends_at_ms is None else view.ends_at_ms - before.ends_at_ms
