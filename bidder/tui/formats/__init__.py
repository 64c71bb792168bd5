"""The moves of each format, a module each. Only this file lists the formats.

A format that is not in the table has no keys; its orders are typed.
"""

from typing import Any, Final

from bidder.display.formats import display_of
from bidder.display.orders import OfferOrder
from bidder.tui.formats.dutch import DUTCH
from bidder.tui.formats.english import ENGLISH
from bidder.tui.formats.moves import FormatMoves, Key, Moves, answers, leaving_order, scheduled_moves
from bidder.tui.formats.sealed import SEALED
from common.formats import AnyOwn
from common.formats.dutch import DutchBoard
from common.formats.english import EnglishBoard
from common.formats.sealed import SealedBoard
from common.lot import LotStatus, LotView, SaleView
from common.money import Currency

_BY_BOARD: Final[dict[type, FormatMoves[Any, Any]]] = {
    EnglishBoard: ENGLISH,
    SealedBoard: SEALED,
    DutchBoard: DUTCH,
}


def moves_of(view: LotView, own: AnyOwn | None, paddle: int, sale: SaleView) -> Moves:
    """Return the moves on a lot as it stands, in the order of their buttons; none on a lot that is over."""
    known = _BY_BOARD.get(type(view.board))
    if view.status.is_final or known is None:
        return {}
    if view.status is LotStatus.SCHEDULED:
        return scheduled_moves(view, sale.currency, display_of(view).least_minor(view.board))
    if view.asked is not None and view.asked.paddle == paddle:
        return answers(view, display_of(view).price_minor(view.board))
    return known.open_moves(view, view.board, own, paddle, sale)


def typed_order(key: Key, view: LotView, text: str, currency: Currency) -> OfferOrder:
    """Return the order of a move of `moves_of` for which the person typed an amount. Raises UsageError."""
    if view.status is LotStatus.SCHEDULED:
        return leaving_order(view.lot, text)
    return _BY_BOARD[type(view.board)].typed_order(key, view.lot, text, view.board, currency)
