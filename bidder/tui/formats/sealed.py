"""The moves on a sealed lot: seal an offer, replace it, take it back."""

from typing import Final

from bidder.display.orders import OfferOrder, SealOrder, UnsealOrder
from bidder.tui.formats.moves import Key, Move, Moves, standing_still
from common.formats.sealed import SealedBoard, SealedOwn
from common.lot import LotView, SaleView
from common.money import Currency


class SealedMoves:
    """The moves on sealed lots."""

    def open_moves(
        self, view: LotView, board: SealedBoard, own: SealedOwn | None, paddle: int, sale: SaleView
    ) -> Moves:
        """Return the moves: an offer that stands can be replaced or taken back."""
        currency = sale.currency
        lot, still = view.lot, standing_still(view)
        least = f"At least {currency.show(board.minimum_minor)}."
        if own is None:
            asks = f"A sealed offer for lot {lot}, {view.terms.title}. Nobody sees it before the close. {least}"
            return {Key.BID: Move("Seal an offer...", asks=asks, why_not=still)}
        mine = currency.show(own.amount_minor)
        asks = f"An offer for lot {lot}, {view.terms.title}, in place of your {mine}. {least}"
        return {
            Key.BID: Move(f"Replace {mine}...", asks=asks, why_not=still),
            Key.TAKE_BACK: Move(
                "Take it back", UnsealOrder(lot), asks=f"Take back your offer of {mine} for lot {lot}?", why_not=still
            ),
        }

    def typed_order(self, key: Key, lot: str, text: str, board: SealedBoard, currency: Currency) -> OfferOrder:
        """Return a sealed offer."""
        return SealOrder(lot, text)


SEALED: Final = SealedMoves()
