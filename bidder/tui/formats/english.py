"""The moves on an English lot: the next bid, an amount, a maximum, the buy-now price, and the last bid back."""

from typing import Final

from bidder.display.orders import BidOrder, BuyOrder, OfferOrder, RetractOrder
from bidder.tui.formats.moves import Key, Move, Moves, standing_still
from common.formats.english import EnglishBoard, EnglishOwn
from common.lot import LotView, SaleView
from common.money import Currency


class EnglishMoves:
    """The moves on English lots."""

    def open_moves(
        self, view: LotView, board: EnglishBoard, own: EnglishOwn | None, paddle: int, sale: SaleView
    ) -> Moves:
        """Return the moves. The next bid depends on the price that is shown, and the leader makes none."""
        currency = sale.currency
        lot, least = view.lot, currency.show(board.minimum_minor)
        leads = bool(paddle) and board.leader == paddle
        still = standing_still(view)
        bid = BidOrder(lot, currency.plain(board.minimum_minor), if_price=currency.plain(board.price_minor or 0))
        maximum = "" if own is None else f" Yours is {currency.show(own.maximum_minor)}."
        moves = {
            Key.BID: Move(f"Bid {least}", bid, board.minimum_minor, why_not=still or ("You lead." if leads else "")),
            Key.AMOUNT: Move(
                "Amount...", asks=f"Bid openly on lot {lot}, {view.terms.title}. At least {least}.", why_not=still
            ),
            Key.MAXIMUM: Move(
                "Maximum...",
                asks=f"A secret maximum for lot {lot}, {view.terms.title}: the house bids as little as leads, up to "
                f"it. At least {least}.{maximum}",
                why_not=still,
            ),
        }
        if board.buy_now_minor is not None:
            price = currency.show(board.buy_now_minor)
            buy = BuyOrder(lot, currency.plain(board.buy_now_minor))
            asks = f"Buy lot {lot}, {view.terms.title}, now for {price}? That closes it."
            moves[Key.BUY] = Move(f"Buy now {price}", buy, board.buy_now_minor, asks, still)
        if leads and sale.retractions:
            asks = f"Take your last bid on lot {lot} back?"
            moves[Key.TAKE_BACK] = Move("Take back", RetractOrder(lot), asks=asks, why_not=still)
        return moves

    def typed_order(self, key: Key, lot: str, text: str, board: EnglishBoard, currency: Currency) -> OfferOrder:
        """Return an open bid, or a maximum."""
        return BidOrder(lot, None, text) if key is Key.MAXIMUM else BidOrder(lot, text)


ENGLISH: Final = EnglishMoves()
