"""Which format a lot has: the only list of formats in the rules."""

from collections.abc import Callable
from typing import Any, Final

from auctioneer.rules.facts import Taken
from auctioneer.rules.formats import dutch_fast, english_flat
from auctioneer.rules.formats.dutch import DUTCH
from auctioneer.rules.formats.english import ENGLISH
from auctioneer.rules.formats.format import Format
from auctioneer.rules.formats.sealed import SEALED
from auctioneer.rules.lots import LotState
from auctioneer.rules.terms import LotSpec
from common.errors import RejectCode
from common.formats import AnyBoard
from common.formats.dutch import DutchTerms, StopRequest
from common.formats.english import BidRequest, EnglishTerms
from common.formats.sealed import SealedTerms
from common.lot import CloseCause
from common.lot_events import LotClosed, LotWithdrawn

FORMATS: Final[dict[type, Format[Any, Any]]] = {
    EnglishTerms: ENGLISH,
    SealedTerms: SEALED,
    DutchTerms: DUTCH,
}
"""By the type of a lot's terms."""


DecideFast = Callable[[LotState, int, int, Any], tuple[Taken, Any, AnyBoard] | RejectCode | None]
"""Decides a frequent offer without the seam between frame and format, for the sake of speed.

It gets the lot, the server time, the paddle and the offer. It returns the fact, and the book and the board with the
offer in it, or why the offer does not count; None leaves it to the frame. All of it must be what the frame would say
with the format.
"""

FAST: Final[dict[type, tuple[DecideFast, bool]]] = {
    BidRequest: (english_flat.decide, False),
    StopRequest: (dutch_fast.decide, True),
}
"""By the type of the offer: how it is decided, and whether that writes it into the book at once.

An offer that is written at once can't be refused afterwards, so in a sale with accounts the frame decides it.
"""


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
