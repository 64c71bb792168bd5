"""The fast path of a Dutch stop: from the request to its fact, without the seam between the frame and the format.

Tests hold it equal to what the frame decides with `auctioneer.rules.formats.dutch`.
"""

from auctioneer.rules.facts import OfferTaken
from auctioneer.rules.formats import dutch
from auctioneer.rules.lots import LotState
from common.errors import RejectCode
from common.formats.dutch import DutchBoard, StopRequest


def decide(
    lot: LotState, now_ms: int, paddle: int, offer: StopRequest
) -> tuple[OfferTaken, dutch.DutchBook, DutchBoard] | RejectCode | None:
    """Decide a stop on an open lot, and hand the units over.

    Return the fact, and the book and the board after it, or why the stop does not count. None leaves it to the frame:
    the last unit closes the lot.
    """
    view = lot.view
    book = lot.book
    if type(book) is not dutch.DutchBook or offer.units >= book.units_left or view.terms.soft_close is not None:
        return None
    entry = dutch.decide_stop(book, paddle, offer)
    if type(entry) is not dutch.DutchEntry:
        return entry
    own = dutch.take(book, paddle, entry)
    public, board = True, DutchBoard(book.price_minor, book.units_left)
    fact = OfferTaken(
        now_ms,
        view.terms.lot,
        view.seq + 1,
        paddle,
        offer,
        public,
        board,
        view.ends_at_ms,
        lot.extended_ms,
        entry,
        own,
    )
    return fact, book, board
