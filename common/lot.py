"""The public state of a sale and its lots, and `evolve`, the one reducer that all sides share.

The house, every client and every screen use these functions, so a bidder sees what the house has. Nothing secret is
here: no reserve, no maximum. An event may change a view only if its `seq` is the view's plus one. The caller must
ensure this: `auctioneer.rules.engine` makes the numbers, and `bidder.core.replica` repairs gaps.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Annotated, Final, NamedTuple

import msgspec
from msgspec import Meta
from msgspec.structs import replace

from common.formats import AnyBoard, AnyTerms
from common.limits import (
    DESCRIPTION_CHARS_MAX,
    IDENTITY_CHARS_MAX,
    LOT_CHARS_MAX,
    RESULTS_MAX,
    TEXT_CHARS_MAX,
    TITLE_CHARS_MAX,
)
from common.money import Currency

LotNumber = Annotated[str, Meta(max_length=LOT_CHARS_MAX)]
Title = Annotated[str, Meta(max_length=TITLE_CHARS_MAX)]
Text = Annotated[str, Meta(max_length=TEXT_CHARS_MAX)]
Identity = Annotated[str, Meta(max_length=IDENTITY_CHARS_MAX)]


class LotStatus(Enum):
    """The state of a lot. `sold`, `passed` and `withdrawn` are final."""

    SCHEDULED = "scheduled"
    OPEN = "open"
    PAUSED = "paused"
    SOLD = "sold"
    PASSED = "passed"
    WITHDRAWN = "withdrawn"

    @property
    def is_final(self) -> bool:
        """Whether the lot is over: it can't change any more."""
        return self in _FINAL


SALE_STREAM: Final = ""
"""The name of the sale's own stream of events; a lot's stream has the lot's number."""

_FINAL: Final = (LotStatus.SOLD, LotStatus.PASSED, LotStatus.WITHDRAWN)
"""A tuple, since a set would ask for the hash of a status, which Python code computes."""


class SaleStatus(Enum):
    """The state of the sale."""

    RUNNING = "running"
    PAUSED = "paused"
    ENDED = "ended"


class CloseCause(Enum):
    """Why a lot closed."""

    TIME = "time"
    HAMMER = "hammer"
    BUY_NOW = "buy_now"
    SOLD_OUT = "sold_out"
    """The last unit was taken."""
    VOIDED = "voided"
    """The sale to its winner was undone afterwards."""
    AWARDED = "awarded"
    """The auctioneer sold it by agreement after the close."""


class ExtendCause(Enum):
    """Why an end moved without a bid."""

    AUCTIONEER = "auctioneer"
    OUTAGE = "outage"


class CorrectionCause(Enum):
    """How a lot was corrected."""

    UNDO = "undo"
    """Offers were taken back: a slip, or a bid on the wrong paddle."""
    RETRACTED = "retracted"
    """A bidder retracted its own offer, as the house's rule allows."""
    TURNED_OUT = "turned_out"
    """A bidder was turned out, and its offers with it."""
    REOPEN = "reopen"
    """A lot that was over is open again."""
    VOID = "void"
    """A sale was undone."""
    AWARD = "award"
    """The lot was sold by agreement after it had passed."""


class SoftClose(msgspec.Struct, frozen=True):
    """A public bid in the last `window_ms` keeps the lot open for another `extension_ms`, counted from the bid.

    Bids can move the end by `cap_ms` in all; None means without a cap.
    """

    window_ms: Annotated[int, Meta(description="a public bid in this last part of the time extends it")]
    extension_ms: Annotated[int, Meta(description="the lot then stays open for this long after the bid")]
    cap_ms: Annotated[int | None, Meta(description="the most that bids can move the end in all; nil: no cap")] = None


class LotTerms(msgspec.Struct, frozen=True, gc=False):
    """What the catalogue tells everybody about a lot. Only a `lot_revised` changes it once the lot is in the sale."""

    lot: Annotated[str, Meta(description="the lot's number, as the catalogue has it")]
    """It is not bounded here, so that the house can say what is wrong with the number of a lot that is to be added."""
    title: Annotated[Title, Meta(description="one line, 1 to 200 characters")]
    format: Annotated[AnyTerms, Meta(description="the terms of the bidding; their type is the lot's format")]
    description: Annotated[
        str, Meta(max_length=DESCRIPTION_CHARS_MAX, description="up to 2,000 characters; line breaks are allowed")
    ] = ""
    image: Annotated[Text, Meta(description="a web address or a relative path")] = ""
    seller: Annotated[Title, Meta(description="one line")] = ""
    estimate_low_minor: Annotated[int | None, Meta(description="the lower estimate")] = None
    estimate_high_minor: Annotated[int | None, Meta(description="the upper estimate")] = None
    duration_ms: Annotated[
        int | None, Meta(description="how long the lot is open, without extensions; nil: until closed by hand")
    ] = None
    """None means that the lot is open until the auctioneer closes it."""
    soft_close: Annotated[SoftClose | None, Meta(description="how late bids extend the time; nil: they don't")] = None


class Result(msgspec.Struct, frozen=True, gc=False):
    """One row of the outcome of a lot: who gets something or has to pay, and how much."""

    paddle: Annotated[int, Meta(description="the paddle that buys, or has to pay")]
    amount_minor: Annotated[int, Meta(description="what it has to pay in all")]
    units: Annotated[int, Meta(description="how many units it gets; 0: it pays and gets nothing")] = 1


class LotView(msgspec.Struct, frozen=True, gc=False):
    """The public state of one lot at `seq`: the frame that all formats share, and the format's board.

    `ends_at_ms` is server time; it is None while the lot is scheduled or paused, and for a lot without a clock.
    `remaining_ms` is the time left on a paused clock. There are `results` only after the close; none if it passed.
    """

    terms: Annotated[LotTerms, Meta(description="what the catalogue says")]
    board: Annotated[AnyBoard, Meta(description="what everybody sees of the bidding")]
    seq: Annotated[int, Meta(description="the seq of the last event in this view; 0: none yet")] = 0
    status: Annotated[LotStatus, Meta(description="the state of the lot")] = LotStatus.SCHEDULED
    opens_at_ms: Annotated[int | None, Meta(description="when the lot opens, or opened; nil: not known yet")] = None
    ends_at_ms: Annotated[
        int | None, Meta(description="when the lot closes; nil while scheduled, paused, final or without a clock")
    ] = None
    remaining_ms: Annotated[int | None, Meta(description="the time left on a paused clock")] = None
    results: Annotated[
        tuple[Result, ...], Meta(max_length=RESULTS_MAX, description="who bought, and for how much; empty unless sold")
    ] = ()
    closed_at_ms: Annotated[int | None, Meta(description="when the lot became final")] = None
    close_cause: Annotated[
        CloseCause | None, Meta(description="what closed the lot; nil if it is not closed, or was withdrawn")
    ] = None
    reason: Annotated[Text, Meta(description="why the lot was withdrawn")] = ""

    @property
    def lot(self) -> str:
        """The lot's number in the catalogue."""
        return self.terms.lot

    def remaining_at(self, server_now_ms: int) -> int | None:
        """Return the milliseconds left on the clock at a server time, 0 or more; None if no clock is set."""
        if self.status is LotStatus.PAUSED:
            return self.remaining_ms
        if self.ends_at_ms is None:
            return None
        return max(0, self.ends_at_ms - server_now_ms)

    @property
    def paid_minor(self) -> int | None:
        """What all results add up to; None if the lot was not sold."""
        return sum(result.amount_minor for result in self.results) if self.results else None

    @property
    def buyers(self) -> tuple[Result, ...]:
        """The results of those who get something. In some formats others have to pay too."""
        return tuple(result for result in self.results if result.units)

    def result_of(self, paddle: int) -> Result | None:
        """Return what a bidder gets or has to pay; None if that is nothing."""
        return next((result for result in self.results if result.paddle == paddle), None)

    def is_won_by(self, paddle: int) -> bool:
        """Return whether a bidder gets something of the lot."""
        return any(result.paddle == paddle for result in self.buyers)


class SaleView(msgspec.Struct, frozen=True):
    """The public state of the sale itself at `seq`; the lots have views of their own."""

    sale: Annotated[Identity, Meta(description="the permanent name of the sale")]
    title: Annotated[Title, Meta(description="one line")]
    currency: Annotated[Currency, Meta(description="the currency of all amounts")]
    seq: Annotated[int, Meta(description="the seq of the last event in this view; 0: none yet")] = 0
    status: Annotated[SaleStatus, Meta(description="the state of the sale")] = SaleStatus.RUNNING
    started_at_ms: Annotated[int, Meta(description="when the sale began")] = 0
    lots: Annotated[int, Meta(description="how many lots there are")] = 0
    announcement: Annotated[Text, Meta(description="the last text announced to all; empty: none yet")] = ""


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
    | LotRevised
)


class Move(NamedTuple):
    """From which statuses an event may lead, and to which; to none: the status stays as it is.

    Where that depends on the status before, `by_status` says it.
    """

    before: tuple[LotStatus, ...]
    after: tuple[LotStatus, ...] = ()
    by_status: Mapping[LotStatus, tuple[LotStatus, ...]] = {}

    def ends(self, before: LotStatus) -> tuple[LotStatus, ...]:
        """Return to which statuses the event may lead from this one."""
        return self.by_status.get(before) or self.after or (before,)


MOVES: Final[dict[type[LotEvent], Move]] = {
    LotRescheduled: Move((LotStatus.SCHEDULED,)),
    LotOpened: Move((LotStatus.SCHEDULED,), (LotStatus.OPEN,)),
    LotMoved: Move((LotStatus.OPEN,)),
    LotPaused: Move((LotStatus.OPEN,), (LotStatus.PAUSED,)),
    LotResumed: Move((LotStatus.PAUSED,), (LotStatus.OPEN,)),
    LotExtended: Move((LotStatus.OPEN, LotStatus.PAUSED)),
    LotClosed: Move((LotStatus.OPEN, LotStatus.PAUSED), (LotStatus.PASSED, LotStatus.SOLD)),
    LotWithdrawn: Move((LotStatus.SCHEDULED, LotStatus.OPEN, LotStatus.PAUSED), (LotStatus.WITHDRAWN,)),
    LotCorrected: Move(
        (LotStatus.OPEN, LotStatus.PAUSED, LotStatus.SOLD, LotStatus.PASSED, LotStatus.WITHDRAWN),
        by_status={
            LotStatus.SOLD: (LotStatus.OPEN, LotStatus.PASSED, LotStatus.SOLD),
            LotStatus.PASSED: (LotStatus.OPEN, LotStatus.SOLD),
            LotStatus.WITHDRAWN: (LotStatus.OPEN,),
        },
    ),
    LotRevised: Move(tuple(LotStatus)),
}
"""The only table of a lot's statuses. Decisions ask it what they may do, and `evolve` goes by it. The audit checks each
lot against it, and the diagram in `docs/architecture.md` is made from it."""


def status_after(status: LotStatus, event: AnyLotEvent) -> LotStatus:
    """Return a lot's status after an event. A close has two ends: sold if it has results, else passed.

    A correction names the status.
    """
    if isinstance(event, LotCorrected):
        return event.status
    after = MOVES[type(event)].after
    if isinstance(event, LotClosed):
        return after[bool(event.results)]
    return after[0] if after else status


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


# --- the reducers --------------------------------------------------------------------------------------------------


def first_view(added: LotAdded) -> LotView:
    """Return the view of a lot that has just joined the sale."""
    return LotView(added.terms, added.board, opens_at_ms=added.opens_at_ms)


def evolve(view: LotView, event: AnyLotEvent) -> LotView:
    """Return the view after `event`; the caller guarantees that `event.seq == view.seq + 1`."""
    match event:
        case LotMoved():
            return moved(view, event)
        case LotOpened():
            return _changed(view, event, opens_at_ms=event.at_ms, ends_at_ms=event.ends_at_ms)
        case LotRescheduled():
            return _changed(view, event, opens_at_ms=event.opens_at_ms)
        case LotPaused():
            return _changed(view, event, ends_at_ms=None, remaining_ms=event.remaining_ms)
        case LotResumed():
            return _changed(view, event, ends_at_ms=event.ends_at_ms, remaining_ms=None)
        case LotExtended():
            return _changed(view, event, ends_at_ms=event.ends_at_ms, remaining_ms=event.remaining_ms)
        case LotClosed():
            return _final(view, event, event.results, event.cause)
        case LotWithdrawn():
            return _final(view, event, reason=event.reason)
        case LotCorrected():
            return _corrected(view, event)
        case LotRevised():
            times = {"opens_at_ms": event.opens_at_ms, "ends_at_ms": event.ends_at_ms}
            return _changed(view, event, terms=event.terms, board=event.board, **times)


def moved(view: LotView, event: LotMoved) -> LotView:
    """Return the view after the bidding moved.

    The fields are given by position: `replace` would cost ten times as much for each bid.
    """
    return LotView(view.terms, event.board, event.seq, view.status, view.opens_at_ms, event.ends_at_ms)


def _changed(view: LotView, event: AnyLotEvent, **fields: object) -> LotView:
    return replace(view, seq=event.seq, status=status_after(view.status, event), **fields)


def _final(
    view: LotView,
    event: LotClosed | LotWithdrawn,
    results: tuple[Result, ...] = (),
    cause: CloseCause | None = None,
    reason: str = "",
) -> LotView:
    """Return the view of a lot that is over; its fields by position as in `moved`, since many lots close at once."""
    status = status_after(view.status, event)
    return LotView(
        view.terms,
        event.board,
        event.seq,
        status,
        view.opens_at_ms,
        None,
        None,
        results,
        event.at_ms,
        cause,
        reason,
    )


CORRECTED_CAUSES: Final = frozenset({CloseCause.VOIDED, CloseCause.AWARDED})
"""The causes with which the outcome of a lot is what a person of the house said, and not what the rules give."""
_CLOSED_BY: Final = {CorrectionCause.VOID: CloseCause.VOIDED, CorrectionCause.AWARD: CloseCause.AWARDED}
"""Why a lot counts as closed after a correction that leaves it over."""


def _corrected(view: LotView, event: LotCorrected) -> LotView:
    """Return the view after a correction. A lot that is over keeps the time of its close; one that opens has none."""
    is_over = event.status.is_final
    return _changed(
        view,
        event,
        board=event.board,
        opens_at_ms=event.at_ms if event.status is LotStatus.OPEN and view.opens_at_ms is None else view.opens_at_ms,
        ends_at_ms=event.ends_at_ms,
        remaining_ms=event.remaining_ms,
        results=event.results,
        closed_at_ms=view.closed_at_ms if is_over else None,
        close_cause=_CLOSED_BY[event.cause] if is_over else None,
        reason="",
    )


def evolve_sale(view: SaleView, event: AnySaleEvent) -> SaleView:
    """Return the sale's view after `event`; the caller guarantees that `event.seq == view.seq + 1`."""
    match event:
        case LotAdded():
            return replace(view, seq=event.seq, lots=view.lots + 1)
        case LotsReordered():
            return replace(view, seq=event.seq)
        case SalePaused():
            return replace(view, seq=event.seq, status=SaleStatus.PAUSED)
        case SaleResumed():
            return replace(view, seq=event.seq, status=SaleStatus.RUNNING)
        case Announced():
            return replace(view, seq=event.seq, announcement=event.text)
        case Called():
            return replace(view, seq=event.seq)
        case SaleEnded():
            return replace(view, seq=event.seq, status=SaleStatus.ENDED)
