"""The story of a sale for its spectators: a line for each notable event, and none for most bids."""

from collections.abc import Callable

from bidder.core.notices import ConnectionChanged, LotChanged, Notice, SaleChanged, StateReady
from common.lot import CloseCause, LotView
from common.lot_events import (
    Announced,
    Called,
    LotClosed,
    LotExtended,
    LotMoved,
    LotOpened,
    LotPaused,
    LotResumed,
    LotWithdrawn,
    SaleEnded,
    SalePaused,
    SaleResumed,
)
from common.money import Currency
from common.names import printable
from rehearsal.bots.formats.lot import Kind, Line, Teller
from rehearsal.bots.formats.table import TELLERS
from rehearsal.evening.course import stretched


class Story:
    """Tells a sale. `name_of` returns the name of a paddle's bidder.

    `speed` is by how much the catalogue's durations were divided; the times that are told are multiplied by it.
    """

    def __init__(self, currency: Currency, name_of: Callable[[int], str], speed: int = 1) -> None:
        self._speed = speed
        self._show = currency.show
        self._name_of = name_of
        self._tellers = {terms: teller(currency, name_of) for terms, teller in TELLERS.items()}

    def tell(self, notice: Notice) -> Line | None:
        """Return the line for a notice from the client; None if the notice is not notable."""
        match notice:
            case LotChanged():
                return self._of_lot(stretched(notice, self._speed))
            case SaleChanged(event=Announced(text=text)):
                return Line(Kind.SALE, f"The auctioneer says: {printable(text)}")
            case SaleChanged(event=Called(lot=lot, call=call)):
                return Line(Kind.SALE, f"Lot {lot}: {call.value.replace('_', ' ')}")
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
        teller = self._tellers[type(view.terms.format)]
        match change.event:
            case LotMoved() as moved:
                return teller.move(change.before, view, moved)
            case LotOpened():
                opening = teller.opening(view.terms.format)
                return Line(Kind.OPENED, f"{lot} {opening}: {printable(view.terms.title)}")
            case LotExtended(cause=cause):
                return Line(Kind.EXTENDED, f"{lot} is extended ({cause.value})")
            case LotPaused():
                return Line(Kind.HELD, f"{lot} is paused")
            case LotResumed():
                return Line(Kind.OPENED, f"{lot} resumes")
            case LotWithdrawn():
                return Line(Kind.PASSED, f"{lot} is withdrawn")
            case LotClosed() as closed:
                return self._of_close(view, closed, teller)
            case _:
                return None

    def _of_close(self, view: LotView, closed: LotClosed, teller: Teller) -> Line:
        lot, count = f"Lot {view.lot}", teller.count(closed.board)
        if not closed.results:
            return Line(Kind.PASSED, f"{lot} PASSED{teller.pass_reason(closed.board)}")
        sold = [(self._name_of(one.paddle), self._show(one.amount_minor)) for one in closed.results]
        if closed.cause is CloseCause.BUY_NOW:
            takes = " and ".join(f"{winner} takes it for {amount}" for winner, amount in sold)
            return Line(Kind.SOLD, f"{lot} BUY-NOW: {takes}, {count}")
        return Line(Kind.SOLD, f"{lot} SOLD to {' and '.join(f'{one} for {amount}' for one, amount in sold)}, {count}")
