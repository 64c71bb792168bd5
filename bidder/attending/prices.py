"""The price of an order that gives none: what the lot shows now."""

from bidder.shells.base import BaseClient
from common.errors import RejectCode, RejectedError
from common.formats.dutch import DutchBoard
from common.formats.english import EnglishTerms


def buy_now_price(client: BaseClient, lot: str) -> int:
    """Return the lot's buy-now price. Raises RejectedError if it has none. The offer may be over: the house decides."""
    view = client.lots().get(lot)
    if view is None:
        raise RejectedError(RejectCode.UNKNOWN_LOT)
    terms = view.terms.format
    if not isinstance(terms, EnglishTerms) or terms.buy_now_minor is None:
        raise RejectedError(RejectCode.NO_BUY_NOW)
    return terms.buy_now_minor


def clock_price(client: BaseClient, lot: str) -> int:
    """Return the price on the lot's clock. Raises RejectedError if there is none.

    The lot need not be open: the house decides that. The price may have fallen since, and then the bidder pays less.
    """
    view = client.lots().get(lot)
    if view is None:
        raise RejectedError(RejectCode.UNKNOWN_LOT)
    if not isinstance(view.board, DutchBoard):
        raise RejectedError(RejectCode.OTHER_FORMAT)
    return view.board.price_minor
