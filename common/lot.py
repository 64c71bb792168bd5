"""The public state of a sale and its lots, and `evolve`, the one reducer that all sides share.

The house, every client and every screen use these functions, so a bidder sees what the house has. Nothing secret is
here: no reserve, no maximum. An event may change a view only if its `seq` is the view's plus one. The caller must
ensure this: `auctioneer.rules.engine` makes the numbers, and `bidder.core.replica` repairs gaps.
"""

from enum import Enum
from typing import Annotated, Final

import msgspec
from msgspec import Meta
from msgspec.structs import replace

from common.limits import (
    DESCRIPTION_CHARS_MAX,
    IDENTITY_CHARS_MAX,
    INCREMENT_STEPS_MAX,
    LOT_CHARS_MAX,
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

_FINAL = frozenset({LotStatus.SOLD, LotStatus.PASSED, LotStatus.WITHDRAWN})

MOVES: Final[dict[LotStatus, frozenset[LotStatus]]] = {
    LotStatus.SCHEDULED: frozenset({LotStatus.SCHEDULED, LotStatus.OPEN, LotStatus.WITHDRAWN}),
    LotStatus.OPEN: frozenset(LotStatus) - {LotStatus.SCHEDULED},
    LotStatus.PAUSED: frozenset(LotStatus) - {LotStatus.SCHEDULED},
    LotStatus.SOLD: frozenset(),
    LotStatus.PASSED: frozenset(),
    LotStatus.WITHDRAWN: frozenset(),
}
"""By status: the statuses that an event may lead to. `docs/architecture.md` draws them; the audit checks every lot."""


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


class ExtendCause(Enum):
    """Why an end moved without a bid."""

    AUCTIONEER = "auctioneer"
    OUTAGE = "outage"


class Step(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One row of an increment table: from this price on, bids rise by this step. On the wire `[from, step]`."""

    from_minor: Annotated[int, Meta(description="from this price on")]
    step_minor: Annotated[int, Meta(description="bids rise by this")]


class SoftClose(msgspec.Struct, frozen=True):
    """A public bid in the last `window_ms` keeps the lot open for another `extension_ms`, counted from the bid.

    Bids can move the end by `cap_ms` in all; None means without a cap.
    """

    window_ms: Annotated[int, Meta(description="a public bid in this last part of the time extends it")]
    extension_ms: Annotated[int, Meta(description="the lot then stays open for this long after the bid")]
    cap_ms: Annotated[int | None, Meta(description="the most that bids can move the end in all; nil: no cap")] = None


class LotTerms(msgspec.Struct, frozen=True):
    """What the catalogue tells everybody about a lot; it never changes once the lot is in the sale."""

    lot: Annotated[str, Meta(description="the lot's number, as the catalogue has it")]
    """It is not bounded here, so that the house can say what is wrong with the number of a lot that is to be added."""
    title: Annotated[Title, Meta(description="one line, 1 to 200 characters")]
    starting_minor: Annotated[int, Meta(description="the least first bid")]
    increments: Annotated[
        tuple[Step, ...],
        Meta(
            max_length=INCREMENT_STEPS_MAX,
            description=("ascending; the row in force is the last whose `from` is at most the price, else the first"),
        ),
    ]
    description: Annotated[
        str, Meta(max_length=DESCRIPTION_CHARS_MAX, description="up to 2,000 characters; line breaks are allowed")
    ] = ""
    image: Annotated[Text, Meta(description="a web address or a relative path")] = ""
    seller: Annotated[Title, Meta(description="one line")] = ""
    estimate_low_minor: Annotated[int | None, Meta(description="the lower estimate")] = None
    estimate_high_minor: Annotated[int | None, Meta(description="the upper estimate")] = None
    has_reserve: Annotated[bool, Meta(description="there is a reserve; how much is secret")] = False
    buy_now_minor: Annotated[
        int | None,
        Meta(description="the buy-now price at the start; `LotView.buy_now_minor` tells whether it still holds"),
    ] = None
    duration_ms: Annotated[
        int | None, Meta(description="how long the lot is open, without extensions; nil: until closed by hand")
    ] = None
    """None means that the lot is open until the auctioneer closes it."""
    soft_close: Annotated[SoftClose | None, Meta(description="how late bids extend the time; nil: they don't")] = None

    def step_at(self, price_minor: int) -> int:
        """Return the increment at a price: that of the last row at or below it, or of the first if none is."""
        step_minor = self.increments[0].step_minor
        for step in self.increments:
            if step.from_minor > price_minor:
                break
            step_minor = step.step_minor
        return step_minor


class LotView(msgspec.Struct, frozen=True, gc=False):
    """The public state of one lot at `seq`.

    `price_minor` is None until the first bid; `minimum_minor` is the least that the next bidder must bid.
    `reserve_met` is None if the lot has no reserve. `ends_at_ms` is server time; it is None while the lot is scheduled
    or paused, and for a lot without a clock. `remaining_ms` is the time left on a paused clock. `winner` and
    `hammer_minor` exist only after the close.
    """

    terms: Annotated[LotTerms, Meta(description="what never changes")]
    minimum_minor: Annotated[int, Meta(description="the least that the next bidder must bid")]
    seq: Annotated[int, Meta(description="the seq of the last event in this view; 0: none yet")] = 0
    status: Annotated[LotStatus, Meta(description="the state of the lot")] = LotStatus.SCHEDULED
    price_minor: Annotated[
        int | None,
        Meta(description="the price that the bids have reached; nil without a bid, also if the lot was bought at once"),
    ] = None
    leader: Annotated[
        int | None,
        Meta(description="the paddle that leads by its bids; nil without a bid, also if the lot was bought at once"),
    ] = None
    bids: Annotated[int, Meta(description="how many public bids there were")] = 0
    reserve_met: Annotated[bool | None, Meta(description="the reserve is met; nil without a reserve")] = None
    buy_now_minor: Annotated[int | None, Meta(description="the buy-now price as long as it is offered")] = None
    opens_at_ms: Annotated[int | None, Meta(description="when the lot opens, or opened; nil: not known yet")] = None
    ends_at_ms: Annotated[
        int | None, Meta(description="when the lot closes; nil while scheduled, paused, final or without a clock")
    ] = None
    remaining_ms: Annotated[int | None, Meta(description="the time left on a paused clock")] = None
    winner: Annotated[int | None, Meta(description="the paddle that bought the lot; only after the close")] = None
    hammer_minor: Annotated[
        int | None,
        Meta(description="the hammer price, or the buy-now price of a lot bought at once; only after the close"),
    ] = None
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


class BidPlaced(LotEvent, frozen=True, tag="bid_placed"):
    """A bid was accepted; the fields are the lot's new public state. `bidder` made the bid, and `leader` leads now."""

    bidder: Annotated[int, Meta(description="the paddle whose bid this is")]
    leader: Annotated[
        int, Meta(description="the paddle that leads now; not `bidder` if another bidder's maximum outbid the bid")
    ]
    price_minor: Annotated[int, Meta(description="the price now")]
    minimum_minor: Annotated[int, Meta(description="the least that the next bidder must bid")]
    ends_at_ms: Annotated[
        int | None, Meta(description="when the lot closes now; later than before where the soft close extended it")
    ] = None
    reserve_met: Annotated[bool | None, Meta(description="the reserve is met now; nil without a reserve")] = None
    buy_now_minor: Annotated[
        int | None, Meta(description="the buy-now price as long as it is offered; nil: not offered, or no longer")
    ] = None


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
    """The lot is sold or passed. Only this event names a winner and a hammer price; both are None if it passed."""

    cause: Annotated[CloseCause, Meta(description="what closed the lot")]
    winner: Annotated[int | None, Meta(description="the paddle that bought it; nil: passed")] = None
    hammer_minor: Annotated[int | None, Meta(description="the hammer price; nil: passed")] = None


class LotWithdrawn(LotEvent, frozen=True, tag="lot_withdrawn"):
    """The lot is out of the sale; bids on it are void."""

    reason: Annotated[Text, Meta(description="the auctioneer's words")] = ""


AnyLotEvent = LotRescheduled | LotOpened | BidPlaced | LotPaused | LotResumed | LotExtended | LotClosed | LotWithdrawn


# --- events of the sale --------------------------------------------------------------------------------------------


class SaleEvent(msgspec.Struct, frozen=True, gc=False, tag_field="event"):
    """A public change of the sale itself. `seq` rises by one with each event of the sale; `at_ms` is server time."""

    seq: Annotated[int, Meta(description="the sale's seq after the event")]
    at_ms: Annotated[int, Meta(description="server time at which it took effect")]


class LotAdded(SaleEvent, frozen=True, tag="lot_added"):
    """A lot joins the sale, scheduled, with seq 0."""

    terms: Annotated[LotTerms, Meta(description="the lot's terms")]
    opens_at_ms: Annotated[
        int | None, Meta(description="when the lot opens by the clock; nil: by hand, or after the lot before it")
    ] = None


class SalePaused(SaleEvent, frozen=True, tag="sale_paused"):
    """The whole sale stands still; each open lot has its own `lot_paused`."""


class SaleResumed(SaleEvent, frozen=True, tag="sale_resumed"):
    """The sale resumes; each lot that the pause stopped has its own `lot_resumed`."""


class Announced(SaleEvent, frozen=True, tag="announced"):
    """The auctioneer tells everybody something."""

    text: Annotated[Text, Meta(description="the auctioneer's words")]


class SaleEnded(SaleEvent, frozen=True, tag="sale_ended"):
    """The sale is over; every lot is final."""


AnySaleEvent = LotAdded | SalePaused | SaleResumed | Announced | SaleEnded

StreamEvent = tuple[str, AnyLotEvent | AnySaleEvent]
"""The name of a stream, and a public event of it."""


# --- the reducers --------------------------------------------------------------------------------------------------


def first_view(added: LotAdded) -> LotView:
    """Return the view of a lot that has just joined the sale."""
    return LotView(
        terms=added.terms,
        minimum_minor=added.terms.starting_minor,
        reserve_met=False if added.terms.has_reserve else None,
        buy_now_minor=added.terms.buy_now_minor,
        opens_at_ms=added.opens_at_ms,
    )


def evolve(view: LotView, event: AnyLotEvent) -> LotView:
    """Return the view after `event`; the caller guarantees that `event.seq == view.seq + 1`."""
    match event:
        case BidPlaced():
            return with_bid(view, event)
        case LotOpened():
            return replace(
                view,
                seq=event.seq,
                status=LotStatus.OPEN,
                opens_at_ms=event.at_ms,
                ends_at_ms=event.ends_at_ms,
            )
        case LotRescheduled():
            return replace(view, seq=event.seq, opens_at_ms=event.opens_at_ms)
        case LotPaused():
            return replace(
                view, seq=event.seq, status=LotStatus.PAUSED, ends_at_ms=None, remaining_ms=event.remaining_ms
            )
        case LotResumed():
            return replace(view, seq=event.seq, status=LotStatus.OPEN, ends_at_ms=event.ends_at_ms, remaining_ms=None)
        case LotExtended():
            return replace(view, seq=event.seq, ends_at_ms=event.ends_at_ms, remaining_ms=event.remaining_ms)
        case LotClosed():
            return _final(
                view,
                event,
                LotStatus.PASSED if event.winner is None else LotStatus.SOLD,
                winner=event.winner,
                hammer_minor=event.hammer_minor,
                close_cause=event.cause,
            )
        case LotWithdrawn():
            return _final(view, event, LotStatus.WITHDRAWN, reason=event.reason)


def with_bid(view: LotView, event: BidPlaced) -> LotView:
    """Return the view after a bid. The fields are given by position: `replace` would cost ten times as much per bid."""
    return LotView(
        view.terms,
        event.minimum_minor,
        event.seq,
        view.status,
        event.price_minor,
        event.leader,
        view.bids + 1,
        event.reserve_met,
        event.buy_now_minor,
        view.opens_at_ms,
        event.ends_at_ms,
    )


def _final(view: LotView, event: LotEvent, status: LotStatus, **fields: object) -> LotView:
    return replace(
        view,
        seq=event.seq,
        status=status,
        closed_at_ms=event.at_ms,
        ends_at_ms=None,
        remaining_ms=None,
        buy_now_minor=None,
        **fields,
    )


def evolve_sale(view: SaleView, event: AnySaleEvent) -> SaleView:
    """Return the sale's view after `event`; the caller guarantees that `event.seq == view.seq + 1`."""
    match event:
        case LotAdded():
            return replace(view, seq=event.seq, lots=view.lots + 1)
        case SalePaused():
            return replace(view, seq=event.seq, status=SaleStatus.PAUSED)
        case SaleResumed():
            return replace(view, seq=event.seq, status=SaleStatus.RUNNING)
        case Announced():
            return replace(view, seq=event.seq, announcement=event.text)
        case SaleEnded():
            return replace(view, seq=event.seq, status=SaleStatus.ENDED)
