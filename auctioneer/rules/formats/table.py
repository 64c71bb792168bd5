"""Which format a lot has: the only list of formats in the rules."""

from collections.abc import Callable
from typing import Any, Final

from auctioneer.rules.facts import BidTaken
from auctioneer.rules.formats import english_flat
from auctioneer.rules.formats.dutch import DUTCH
from auctioneer.rules.formats.english import ENGLISH
from auctioneer.rules.formats.format import Format
from auctioneer.rules.formats.sealed import SEALED
from auctioneer.rules.lots import LotState
from auctioneer.rules.terms import LotSpec
from common.errors import RejectCode
from common.formats import AnyBoard
from common.formats.dutch import DutchTerms
from common.formats.english import BidRequest, EnglishBoard, EnglishTerms
from common.formats.sealed import SealedTerms
from common.lot import CloseCause
from common.lot_events import LotClosed, LotWithdrawn

FORMATS: Final[dict[type, Format[Any, Any]]] = {
    EnglishTerms: ENGLISH,
    SealedTerms: SEALED,
    DutchTerms: DUTCH,
}
"""By the type of a lot's terms."""


DecideFlat = Callable[[LotState, int, int, Any], tuple[BidTaken, Any, AnyBoard] | RejectCode]
"""Decides a frequent offer that has a fact of its own, for the sake of speed.

It gets the lot, the server time, the paddle and the offer. It returns the fact, and the book and the board after it, or
why the offer does not count. All of it must be what the frame would say with the format.
"""

FLAT: Final[dict[type, tuple[type, DecideFlat]]] = {BidRequest: (EnglishBoard, english_flat.decide)}
"""By the type of the offer: the type of the boards of the lots to which this applies, and how it is decided."""


def format_of(spec: LotSpec) -> Format[Any, Any]:
    """Return the format of a lot."""
    return FORMATS[type(spec.terms.format)]


def closing(lot: LotState, at_ms: int, cause: CloseCause) -> LotClosed:
    """Return the event that closes a lot now: sold by its format's rules, or passed."""
    form = format_of(lot.spec)
    board = form.show(lot.spec, lot.book, is_over=True)
    return LotClosed(lot.view.seq + 1, at_ms, cause, board, form.close(lot.spec, lot.book))


def withdrawing(lot: LotState, at_ms: int, reason: str) -> LotWithdrawn:
    """Return the event that takes a lot out of the sale."""
    board = format_of(lot.spec).show(lot.spec, lot.book, is_over=True)
    return LotWithdrawn(lot.view.seq + 1, at_ms, board, reason)


def first_board(spec: LotSpec) -> AnyBoard:
    """Return the board of a lot on which nobody has made an offer."""
    form = format_of(spec)
    return form.show(spec, form.open(spec), is_over=False)
