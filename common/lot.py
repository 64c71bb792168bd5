"""The public state of a sale and its lots: what each sees, and the words for it.

Nothing secret is here: no reserve, no maximum. `common.lot_events` has the events that change a view, and
`common.evolve` how they change it.
"""

from enum import Enum
from typing import Annotated, Final

import msgspec
from msgspec import Meta

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


CORRECTED_CAUSES: Final = frozenset({CloseCause.VOIDED, CloseCause.AWARDED})
"""The causes with which the outcome of a lot is what a person of the house said, and not what the rules give."""


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
    DECLINED = "declined"
    """The bidder who was asked does not stand by its bid, so its offers no longer count."""
    UNANSWERED = "unanswered"
    """The bidder who was asked did not answer in time, so its offers no longer count."""
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


class Asked(msgspec.Struct, frozen=True, gc=False):
    """Who is asked whether its bid still stands, since a correction made it lead, and how long it has for the answer.

    While the sale is paused, that time stands still, and there is `remaining_ms` instead of `until_ms`.
    """

    paddle: Annotated[int, Meta(description="the paddle that is asked; it leads the board")]
    until_ms: Annotated[
        int | None, Meta(description="server time at which the house stops waiting; nil while the sale is paused")
    ] = None
    remaining_ms: Annotated[
        int | None, Meta(description="the time left for the answer while the sale is paused; nil otherwise")
    ] = None


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
    asked: Annotated[
        Asked | None,
        Meta(description="who is asked whether its bid stands; the lot is paused meanwhile; nil: nobody"),
    ] = None

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
    revived_answer_ms: Annotated[
        int | None,
        Meta(
            description="how long a bidder whom a correction makes lead has to say whether its bid stands; nil: it is "
            "bound by its bid, and nobody is asked"
        ),
    ] = None
    retractions: Annotated[
        bool, Meta(description="whether a bidder may take its own last bid on an English lot back, early enough")
    ] = False
