"""The moves on a Dutch lot: stop the clock for one unit, or for several."""

from typing import Final

from bidder.display.orders import OfferOrder, StopOrder
from bidder.tui.formats.moves import Key, Move, Moves, standing_still
from common.errors import UsageError
from common.formats.dutch import DutchBoard, DutchOwn
from common.lot import LotView, SaleView
from common.money import Currency


class DutchMoves:
    """The moves on Dutch lots."""

    def open_moves(self, view: LotView, board: DutchBoard, own: DutchOwn | None, paddle: int, sale: SaleView) -> Moves:
        """Return the moves. The price that is shown is the most that a unit may cost."""
        currency = sale.currency
        lot, price, still = view.lot, currency.show(board.price_minor), standing_still(view)
        stop = StopOrder(lot, currency.plain(board.price_minor))
        moves = {Key.BID: Move(f"Stop at {price}", stop, board.price_minor, "", still, falls_by_itself=True)}
        if board.units_left > 1:
            asks = f"How many of the {board.units_left} units of lot {lot} do you take, for {price} each or less?"
            moves[Key.AMOUNT] = Move("Units...", asks=asks, why_not=still)
        return moves

    def typed_order(self, key: Key, lot: str, text: str, board: DutchBoard, currency: Currency) -> OfferOrder:
        """Return an order for so many units. Raises UsageError."""
        if not text.isdecimal() or not text.isascii() or not 1 <= int(text) <= board.units_left:
            raise UsageError(f"{text!r} is no number of units: 1 to {board.units_left} are left.")
        return StopOrder(lot, currency.plain(board.price_minor), int(text))


DUTCH: Final = DutchMoves()
