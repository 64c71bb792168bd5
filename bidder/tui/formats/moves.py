"""The moves that a screen offers on a lot: a key, the words on its button, and the order that it gives."""

from enum import Enum
from typing import NamedTuple, Protocol, TypeVar

from bidder.display.orders import ConfirmOrder, LeaveBidOrder, OfferOrder
from common.lot import LotStatus, LotView, SaleView
from common.money import Currency

Board = TypeVar("Board", contravariant=True)
Own = TypeVar("Own", contravariant=True)


class Key(Enum):
    """A key that makes a move. The value is the key itself."""

    BID = "b"
    AMOUNT = "a"
    MAXIMUM = "m"
    BUY = "n"
    TAKE_BACK = "t"


class Move(NamedTuple):
    """What a key does on a lot as it stands."""

    words: str
    """The words on the button. They carry the price that the key bids."""
    order: OfferOrder | None = None
    """The order that it gives; None if the person types an amount first (`asks`)."""
    amount_minor: int | None = None
    """The amount that it binds to."""
    asks: str = ""
    """What the person is asked: for a yes where there is an order, else for an amount."""
    why_not: str = ""
    """Why it can't be made now."""
    falls_by_itself: bool = False
    """Whether the price falls by the lot's own clock."""


Moves = dict[Key, Move]


class FormatMoves(Protocol[Board, Own]):
    """The moves on an open lot of one format. `paddle` is the reader's own."""

    def open_moves(self, view: LotView, board: Board, own: Own | None, paddle: int, sale: SaleView) -> Moves:
        """Return the moves on a lot that is open or paused, in the order of their buttons."""

    def typed_order(self, key: Key, lot: str, text: str, board: Board, currency: Currency) -> OfferOrder:
        """Return the order of a move for which the person typed an amount. Raises UsageError."""


def scheduled_moves(view: LotView, currency: Currency, least_minor: int) -> Moves:
    """Return the moves on a lot that is not open yet: they are the same in all formats."""
    lot = view.lot
    asks = f"Leave a bid for lot {lot}, {view.terms.title}: the most that you would pay. It waits, secret, until the "
    asks += f"lot opens. At least {currency.show(least_minor)}."
    return {
        Key.BID: Move("Leave a bid...", asks=asks),
        Key.TAKE_BACK: Move("Take it back", LeaveBidOrder(lot), asks=f"Take back the bid that you left for lot {lot}?"),
    }


def answers(view: LotView, price_minor: int | None) -> Moves:
    """Return the answers of the bidder whom the house asks whether its bid stands: they are the same in all formats."""
    lot = view.lot
    asks = f"Does your bid on lot {lot}, {view.terms.title}, no longer stand? All your bids on it are then void."
    return {
        Key.BID: Move("My bid stands", ConfirmOrder(lot, stands=True), price_minor),
        Key.TAKE_BACK: Move("It does not", ConfirmOrder(lot, stands=False), asks=asks),
    }


def leaving_order(lot: str, text: str) -> OfferOrder:
    """Return the order that leaves a bid."""
    return LeaveBidOrder(lot, text)


def standing_still(view: LotView) -> str:
    """Return why nothing can be offered on a lot that is not over, though it is not scheduled; empty if it is open."""
    return "" if view.status is LotStatus.OPEN else "The lot is paused."
