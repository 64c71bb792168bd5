"""What a printed page is made of: the sale, its lots, and what happened to one of them. No IO."""

from collections import deque
from typing import Final, NamedTuple

from bidder.core.notices import HistoryLost, LotChanged, Notice
from bidder.display.amounts import Record
from bidder.display.formats import display_of
from bidder.web import frames
from common.lot import LotView, SaleStatus
from common.lot_events import LotMoved
from common.money import Currency

HISTORY_POINTS_MAX: Final = 1000
"""Changes of one lot that are kept for its page: the last ones."""


class Point(NamedTuple):
    """One public change of a lot."""

    seq: int
    at_ms: int
    event: str
    """What happened: `lot_moved`, `lot_opened`, and so on."""
    price_minor: int | None
    """The price after it; None before the first bid, and for lots whose price nobody sees."""
    bidder: int | None
    """The paddle whose offer it was; None if it was none's."""
    leader: int | None


class Histories:
    """What happened to each lot since the gateway runs."""

    def __init__(self) -> None:
        self._points: dict[str, deque[Point]] = {}

    def hear(self, notice: Notice) -> None:
        """Note what a notice of the hall tells."""
        match notice:
            case HistoryLost():
                self._points.clear()
            case LotChanged(event=event, view=view):
                points = self._points.setdefault(notice.lot, deque(maxlen=HISTORY_POINTS_MAX))
                bidder = event.bidder if isinstance(event, LotMoved) else None
                price_minor = display_of(view).price_minor(view.board)
                tag = str(type(event).__struct_config__.tag)
                points.append(Point(notice.seq, event.at_ms, tag, price_minor, bidder, view.board.leader))

    def of(self, lot: str) -> tuple[Point, ...]:
        """Return what happened to a lot, in order."""
        return tuple(self._points.get(lot, ()))


class Paper(NamedTuple):
    """The sale as a printed page has it."""

    title: str
    status: SaleStatus
    currency: Currency
    lots: dict[str, LotView]
    histories: Histories
    now_ms: int
    """The house's time."""

    def record(self, number: str) -> Record:
        """Return what everybody may know of a lot, as phones get it."""
        return frames.whole_lot(self.lots[number], self.currency, None)
