"""The public events of lots and of the sale: what everybody hears, in order, of what changed.

An event may change a view only if its `seq` is the view's plus one. The caller of `common.evolve` must ensure this:
`auctioneer.rules.engine` makes the numbers, and `bidder.core.replica` repairs gaps.
"""

from enum import Enum
from typing import Annotated

import msgspec
from msgspec import Meta

from common.formats import AnyBoard
from common.limits import RESULTS_MAX
from common.lot import Asked, CloseCause, CorrectionCause, ExtendCause, LotNumber, LotStatus, LotTerms, Result, Text

# --- events of a lot -----------------------------------------------------------------------------------------------


class LotEvent(msgspec.Struct, frozen=True, gc=False, tag_field="event"):
    """A public change of one lot. `seq` rises by one with each event of the lot; `at_ms` is server time."""

    seq: Annotated[int, Meta(description="the lot's seq after the event")]
    at_ms: Annotated[int, Meta(description="server time at which it took effect")]


class LotRescheduled(LotEvent, frozen=True, tag="lot_rescheduled"):
    """A scheduled lot opens at another time, because the sale stood still."""

    opens_at_ms: Annotated[int | None, Meta(description="when the lot opens now")] = None


class LotOpened(LotEvent, frozen=True, tag="lot_opened"):
    """Bidding begins."""

    ends_at_ms: Annotated[
        int | None, Meta(description="when the lot closes unless it is extended; nil: by hand, without a clock")
    ] = None


class LotMoved(LotEvent, frozen=True, tag="lot_moved"):
    """The bidding moved: an offer, or the lot's own clock, changed the board. The event has the whole new board."""

    board: Annotated[AnyBoard, Meta(description="what everybody sees of the bidding now")]
    ends_at_ms: Annotated[
        int | None, Meta(description="when the lot closes now; later than before where the soft close extended it")
    ] = None
    bidder: Annotated[int | None, Meta(description="the paddle whose offer this is; nil: the lot's own clock")] = None


class LotPaused(LotEvent, frozen=True, tag="lot_paused"):
    """The clock stops with `remaining_ms` left (None: no clock); bids are refused."""

    remaining_ms: Annotated[int | None, Meta(description="the time left on the clock; nil without a clock")] = None


class LotResumed(LotEvent, frozen=True, tag="lot_resumed"):
    """The clock runs again."""

    ends_at_ms: Annotated[int | None, Meta(description="when the lot closes now; nil without a clock")] = None


class LotExtended(LotEvent, frozen=True, tag="lot_extended"):
    """The end moved without a bid. A paused lot has `remaining_ms` instead of an end."""

    cause: Annotated[ExtendCause, Meta(description="who moved the end")]
    ends_at_ms: Annotated[int | None, Meta(description="when the lot closes now; nil while paused")] = None
    remaining_ms: Annotated[
        int | None, Meta(description="the time left on the clock of a paused lot; nil otherwise")
    ] = None


class LotClosed(LotEvent, frozen=True, tag="lot_closed"):
    """The lot is sold or passed. Only this event says who bought it and for how much; it passed without results."""

    cause: Annotated[CloseCause, Meta(description="what closed the lot")]
    board: Annotated[AnyBoard, Meta(description="what everybody may see of the bidding after the close")]
    results: Annotated[
        tuple[Result, ...], Meta(max_length=RESULTS_MAX, description="who bought, and for how much; empty: passed")
    ] = ()


class LotWithdrawn(LotEvent, frozen=True, tag="lot_withdrawn"):
    """The lot is out of the sale; offers on it are void."""

    board: Annotated[AnyBoard, Meta(description="what everybody may see of the bidding after the withdrawal")]
    reason: Annotated[Text, Meta(description="the auctioneer's words")] = ""


class LotCorrected(LotEvent, frozen=True, tag="lot_corrected"):
    """A person of the house corrected the lot. The event has all that the correction may change.

    This is the only event after which a price may be lower, or a lot that was over may be open again.
    """

    cause: Annotated[CorrectionCause, Meta(description="how it was corrected")]
    status: Annotated[LotStatus, Meta(description="the state of the lot now")]
    board: Annotated[AnyBoard, Meta(description="what everybody sees of the bidding now")]
    ends_at_ms: Annotated[
        int | None, Meta(description="when the lot closes now; never earlier than before for a lot that was open")
    ] = None
    remaining_ms: Annotated[int | None, Meta(description="the time left on the clock of a paused lot")] = None
    results: Annotated[
        tuple[Result, ...],
        Meta(max_length=RESULTS_MAX, description="who buys, and for how much; empty unless sold"),
    ] = ()
    void_from_seq: Annotated[
        int | None, Meta(description="the seq of the earliest public offer that no longer counts; nil: none")
    ] = None
    asked: Annotated[
        Asked | None, Meta(description="who is asked whether its bid stands, so that the lot is paused; nil: nobody")
    ] = None


class LotAsked(LotEvent, frozen=True, tag="lot_asked"):
    """The bidder who is asked has until another time, since the sale was paused or resumed, or there was an outage."""

    asked: Annotated[Asked, Meta(description="who is asked, and until when now")]


class LotConfirmed(LotEvent, frozen=True, tag="lot_confirmed"):
    """The bidder who was asked stands by its bid. Bidding resumes, unless the lot or the sale is paused besides."""

    status: Annotated[LotStatus, Meta(description="the state of the lot now: `open` or `paused`")]
    ends_at_ms: Annotated[
        int | None, Meta(description="when the lot closes now; nil while paused and without a clock")
    ] = None
    remaining_ms: Annotated[int | None, Meta(description="the time left on the clock of a paused lot")] = None


class LotRevised(LotEvent, frozen=True, tag="lot_revised"):
    """A person of the house corrected what the catalogue says of the lot, such as its title or its increments."""

    terms: Annotated[LotTerms, Meta(description="the lot's terms from now on")]
    board: Annotated[AnyBoard, Meta(description="what everybody sees of the bidding now")]
    opens_at_ms: Annotated[int | None, Meta(description="when the lot opens, or opened; nil: not known yet")] = None
    ends_at_ms: Annotated[int | None, Meta(description="when the lot closes, as before; nil without an end")] = None


AnyLotEvent = (
    LotRescheduled
    | LotOpened
    | LotMoved
    | LotPaused
    | LotResumed
    | LotExtended
    | LotClosed
    | LotWithdrawn
    | LotCorrected
    | LotAsked
    | LotConfirmed
    | LotRevised
)


# --- events of the sale --------------------------------------------------------------------------------------------


class SaleEvent(msgspec.Struct, frozen=True, gc=False, tag_field="event"):
    """A public change of the sale itself. `seq` rises by one with each event of the sale; `at_ms` is server time."""

    seq: Annotated[int, Meta(description="the sale's seq after the event")]
    at_ms: Annotated[int, Meta(description="server time at which it took effect")]


class LotAdded(SaleEvent, frozen=True, tag="lot_added"):
    """A lot joins the sale, scheduled, with seq 0."""

    terms: Annotated[LotTerms, Meta(description="the lot's terms")]
    board: Annotated[AnyBoard, Meta(description="what everybody sees of the bidding before it begins")]
    opens_at_ms: Annotated[
        int | None, Meta(description="when the lot opens by the clock; nil: by hand, or after the lot before it")
    ] = None


class LotsReordered(SaleEvent, frozen=True, tag="lots_reordered"):
    """A scheduled lot has another place in the catalogue."""

    lot: Annotated[LotNumber, Meta(description="the lot that moved")]
    before: Annotated[LotNumber, Meta(description="the lot before which it stands now; empty: it is the last")] = ""


class SalePaused(SaleEvent, frozen=True, tag="sale_paused"):
    """The whole sale stands still; each open lot has its own `lot_paused`."""


class SaleResumed(SaleEvent, frozen=True, tag="sale_resumed"):
    """The sale resumes; each lot that the pause stopped has its own `lot_resumed`."""


class Announced(SaleEvent, frozen=True, tag="announced"):
    """The auctioneer tells everybody something."""

    text: Annotated[Text, Meta(description="the auctioneer's words")]


class Call(Enum):
    """What the auctioneer calls about an open lot; each client has its own sentence for it, in its own language."""

    FAIR_WARNING = "fair_warning"
    """The hammer is about to fall."""
    SELLING_NOW = "selling_now"
    """The hammer falls now."""
    RESERVE_MET = "reserve_met"
    """The lot will be sold. Only on a lot whose board says so."""


class Called(SaleEvent, frozen=True, tag="called"):
    """The auctioneer calls something about an open lot. The lot itself does not change, nor does its seq."""

    lot: Annotated[LotNumber, Meta(description="the lot's number")]
    call: Annotated[Call, Meta(description="what is called; the client has the sentence")]


class SaleEnded(SaleEvent, frozen=True, tag="sale_ended"):
    """The sale is over; every lot is final."""


AnySaleEvent = LotAdded | LotsReordered | SalePaused | SaleResumed | Announced | Called | SaleEnded

StreamEvent = tuple[str, AnyLotEvent | AnySaleEvent]
"""The name of a stream, and a public event of it."""
