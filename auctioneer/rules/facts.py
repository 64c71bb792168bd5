"""The facts that the journal holds: each request, its sender, its time, and what it did.

Facts, not commands, are the record: a fact stays true when rules change. A fact has all that is needed to rebuild the
state without deciding anything again. It also has all that is needed to decide again and compare (`auctioneer verify`).
`auctioneer.rules.fact_events` says what everybody may know of a fact.
"""

from typing import Any, Final, get_args

import msgspec

from auctioneer.rules.account_facts import AccountFact
from auctioneer.rules.fact import Fact
from auctioneer.rules.formats.entries import AnyBook, AnyEntry
from auctioneer.rules.sale_settings import SaleSettings
from auctioneer.rules.sources import Source
from auctioneer.rules.terms import LotDefaults, LotSpec
from common.absentee import LeaveBidRequest
from common.confirming import ConfirmRequest
from common.errors import RejectCode
from common.formats import AnyBoard, AnyOffer, AnyOwn
from common.formats.english import BidRequest
from common.lot import CloseCause, CorrectionCause, Result
from common.lot_events import (
    Announced,
    AnyLotEvent,
    AnySaleEvent,
    Called,
    LotConfirmed,
    LotCorrected,
    LotRevised,
    LotsReordered,
    SaleEnded,
    SalePaused,
    SaleResumed,
)
from common.messages import Accepted, Rejected, Role, WordKind
from common.money import Currency
from common.retraction import RetractRequest


class SaleCreated(Fact, frozen=True, kw_only=True, tag="sale_created"):
    """The first fact of every journal. `lot_defaults` also apply to lots that are added later.

    With `corrections` the house keeps the accepted offers on each lot, so that they can be taken back.
    """

    sale: str
    title: str
    currency: Currency
    epoch: int
    ends_after_last_lot: bool
    corrections: bool = False
    lot_defaults: LotDefaults = LotDefaults()
    conditions: str = ""
    """The conditions that each bidder accepts; empty: none."""
    retractions: bool = False
    """Whether a bidder may take its own last bid back (`auctioneer.rules.retractions`)."""
    revived_answer_ms: int | None = None
    """How long a bidder whom a correction makes lead has to say whether its bid stands; None: it is bound by it."""


class HouseStarted(Fact, frozen=True, kw_only=True, tag="house_started"):
    """A process began to hold the sale, after nobody had held it for `outage_ms` (0 the first time).

    An outage is one fact, however many lots are open. It extends each open lot that has an end (`given_back`).
    """

    instance: str
    outage_ms: int


class HouseStoodStill(Fact, frozen=True, kw_only=True, tag="house_stood_still"):
    """The process that holds the sale did nothing for `outage_ms`: its machine was suspended, or its disk hung.

    The fact extends open lots as the outage before a `HouseStarted` does.
    """

    outage_ms: int


class SaleRestored(Fact, frozen=True, kw_only=True, tag="sale_restored"):
    """The record continues from a backup; all that was recorded after the backup is lost. `epoch` is a new highest."""

    epoch: int


class SettingsChanged(Fact, frozen=True, kw_only=True, tag="settings_changed"):
    """From now on these settings hold: who may join, and who gives commands. The fact always has all of them."""

    settings: SaleSettings
    by: str


class CommandDone(Fact, frozen=True, kw_only=True, tag="command_done"):
    """A command was done. Its effects are the facts before this one, by the same person at the same time.

    `command_id` is the id that the sender gave the command, `kind` what a person would type for it, and `digest` stands
    for its whole content. `answer` has the fields of the answer, but for the id. So a repeat gets the same answer, and
    is not done again.
    """

    by: str
    command_id: int
    kind: str
    digest: str
    answer: dict[str, Any]


class ConditionsSet(Fact, frozen=True, kw_only=True, tag="conditions_set"):
    """From now on these are the conditions of the sale; empty: none. Bidders accept them at their next hello."""

    text: str
    by: str


class BidderEnrolled(Fact, frozen=True, kw_only=True, tag="bidder_enrolled"):
    """A key has a name and a paddle from now on. If it is not `admitted`, it waits for the auctioneer."""

    paddle: int
    name: str
    key: str
    role: Role
    admitted: bool
    skeletons: tuple[str, ...]
    """Two names that share one are too alike. Recorded, since another version of Unicode can give other skeletons."""


class PaddleGiven(Fact, frozen=True, kw_only=True, tag="paddle_given"):
    """The desk gave a person a paddle, before the person has a key. A key may be bound to it later (`KeyBound`)."""

    paddle: int
    name: str
    skeletons: tuple[str, ...]
    by: str


class CodeIssued(Fact, frozen=True, kw_only=True, tag="code_issued"):
    """The desk issued a code, by which one key can be bound to a paddle. An earlier code of the paddle is void.

    `digest` stands for the code: see `auctioneer.house.paddle_codes`. It counts until just before `expires_at_ms`.
    """

    paddle: int
    digest: str
    expires_at_ms: int
    by: str
    replaces_key: bool = False
    """Whether the paddle has a key, which the one that shows the code is to replace."""


class KeyBound(Fact, frozen=True, kw_only=True, tag="key_bound"):
    """A key showed the code of a paddle, and is that bidder from now on. The code is used up.

    A key that the paddle had before is nobody's from now on. The bids stand, since they are the paddle's.
    """

    paddle: int
    key: str


class ConditionsAccepted(Fact, frozen=True, kw_only=True, tag="conditions_accepted"):
    """A bidder accepted the conditions with this digest (`common.conditions`).

    `by` names who noted at the desk that the person signed them on paper; empty if the bidder's hello accepted them.
    """

    paddle: int
    digest: str
    by: str = ""


class BidderAdmitted(Fact, frozen=True, kw_only=True, tag="bidder_admitted"):
    """The auctioneer admitted a waiting bidder (`admitted`), or excluded a bidder."""

    paddle: int
    news_seq: int
    admitted: bool
    by: str


class ContactErased(Fact, frozen=True, kw_only=True, tag="contact_erased"):
    """What the desk knew of a person besides the name was erased, and is not kept again for this paddle.

    What it was stood beside the chain (`auctioneer.rules.contacts`), so no fact has it.
    """

    paddle: int
    by: str


class BidderTold(Fact, frozen=True, kw_only=True, tag="bidder_told"):
    """The house told one bidder something. `news_seq` is its number in the bidder's stream.

    It is a text from the auctioneer or a clerk, or what a correction of `lot` means to the bidder; then the text is the
    reason for the correction.
    """

    paddle: int
    news_seq: int
    text: str
    by: str
    kind: WordKind = WordKind.MESSAGE


class LotListed(Fact, frozen=True, kw_only=True, tag="lot_listed"):
    """A lot joined the sale. The fact is in the sale's stream; `spec.terms.lot` names the lot."""

    spec: LotSpec
    board: AnyBoard
    opens_at_ms: int | None
    by: str
    seller_skeletons: tuple[str, ...] = ()
    """A bidder who has one of these is the seller. Recorded for the same reason as those of a bidder."""


class BidTaken(Fact, frozen=True, tag="bid_taken"):
    """A bidder's own bid on an English lot was accepted. This most frequent fact has the request, and all that it did.

    It says flat, and so in half the time, what an `OfferTaken` would say. `public` is False if others may not notice
    the bid: the leader raised its own maximum, and the price stayed. The `leader_*` and `rival_*` fields are the lot's
    secrets after the bid: see `Book` in `auctioneer.rules.formats.english`. Its fields may be given by position: by
    name this costs as much as deciding.
    """

    at_ms: int
    lot: str
    seq: int
    paddle: int
    request_id: int
    amount_minor: int | None
    maximum_minor: int | None
    public: bool
    price_minor: int
    minimum_minor: int
    leader: int
    leader_maximum_minor: int
    rival_maximum_minor: int | None
    bids: int
    ends_at_ms: int | None
    extended_ms: int
    """How much of the soft close was used, this bid's extension included."""
    reserve_met: bool | None
    buy_now_minor: int | None
    if_seq: int | None = None
    if_price_minor: int | None = None
    while_connected: bool = False

    @property
    def request(self) -> BidRequest:
        """The request as the bidder sent it."""
        return BidRequest(
            id=self.request_id,
            lot=self.lot,
            amount_minor=self.amount_minor,
            maximum_minor=self.maximum_minor,
            if_seq=self.if_seq,
            if_price_minor=self.if_price_minor,
            while_connected=self.while_connected,
        )


class OfferTaken(Fact, frozen=True, tag="offer_taken"):
    """An offer was accepted: what was asked, what it wrote into the lot's book, and what others see of it.

    `public` is False if others may not notice it. `board` is the published one with the offer in it. If the offer
    closed the lot, `cause` says how and `results` what came of it. `own` is what the bidder was told of its position.
    If a clerk made the offer for the bidder, `by` is the clerk's name, and the request's id is that of the command, in
    the clerk's own space of ids. Its fields may be given by position, as those of `BidTaken`.
    """

    at_ms: int
    lot: str
    seq: int
    paddle: int
    request: AnyOffer
    public: bool
    board: AnyBoard
    ends_at_ms: int | None
    extended_ms: int
    entry: AnyEntry | None
    own: AnyOwn | None
    cause: CloseCause | None = None
    results: tuple[Result, ...] = ()
    source: Source = Source.BIDDER
    by: str = ""

    @property
    def request_id(self) -> int:
        """The id of the request, which the bidder chose, or the clerk's program."""
        return self.request.id


class OfferLate(Fact, frozen=True, kw_only=True, tag="offer_late"):
    """An offer came after the close. It changes nothing, but is recorded, since people dispute late bids.

    `source` and `by` are as in `OfferTaken`.
    """

    paddle: int
    request: AnyOffer
    late_ms: int
    board: AnyBoard
    own: AnyOwn | None
    source: Source = Source.BIDDER
    by: str = ""

    @property
    def request_id(self) -> int:
        """The id of the request, as in `OfferTaken`."""
        return self.request.id


class BidLeft(Fact, frozen=True, kw_only=True, tag="bid_left"):
    """A bid was left on a lot that is not open yet, or taken back. Nobody else may notice it before the lot opens.

    `board` is the published one, which it does not change, and `own` what the bidder was told of its position. `source`
    is `bidder`, or `absentee` if a clerk left the bid: then `by` and the request's id are as in `OfferTaken`.
    """

    paddle: int
    request: LeaveBidRequest
    board: AnyBoard
    own: AnyOwn | None
    source: Source = Source.BIDDER
    by: str = ""

    @property
    def request_id(self) -> int:
        """The id of the request, as in `OfferTaken`."""
        return self.request.id


class LeftBidVoid(Fact, frozen=True, kw_only=True, tag="left_bid_void"):
    """The lot opened, and a bid that was left does not count any more, for the reason `code`."""

    paddle: int
    request: LeaveBidRequest
    code: RejectCode


class ClockStepped(Fact, frozen=True, tag="clock_stepped"):
    """The clock of a lot's format acted: a Dutch price fell. `entry` is what that writes into the lot's book.

    Its fields may be given by position, as those of `BidTaken`.
    """

    at_ms: int
    lot: str
    seq: int
    entry: AnyEntry
    board: AnyBoard
    ends_at_ms: int | None


class PositionReleased(Fact, frozen=True, kw_only=True, tag="position_released"):
    """A bidder fell silent who had asked that something be released in that case, such as the rest of a maximum.

    `entry` is what that writes into the lot's book.
    """

    paddle: int
    entry: AnyEntry


class LotDecided(Fact, frozen=True, kw_only=True, tag="lot_decided"):
    """The auctioneer or the clock changed a lot; `with_sale` is set if the whole sale was changed."""

    event: AnyLotEvent
    by: str
    with_sale: bool = False


class CorrectionMade(Fact, frozen=True, kw_only=True, tag="correction_made"):
    """A person of the house corrected a lot, or a bidder took its own bid back or did not stand by it.

    Earlier facts stay as they are. The house itself corrects a lot where the bidder who was asked did not answer.

    `asked` are the numbers of the offers that the correction named, and `void` those of all that no longer count. The
    offers on a lot are numbered from 1, in the order in which they were accepted. `book` is the lot's book afterwards.
    There is no `event` where others may not notice the correction.
    """

    cause: CorrectionCause
    event: LotCorrected | None
    asked: tuple[int, ...]
    void: tuple[int, ...]
    book: AnyBook | None
    by: str
    reason: str
    for_ms: int | None = None
    """For how long a lot is open again."""
    price_minor: int | None = None
    """The price from which a clock continues."""
    paddle: int | None = None
    """Whom it is about: whose purchase is void, who was turned out or asked, to whom the lot is sold, or who
    retracted."""
    request: RetractRequest | ConfirmRequest | None = None
    """The retraction or the answer as the bidder sent it; the other corrections are commands, or the clock's."""
    verdict: Accepted | None = None
    """What the bidder was told who sent the request."""
    touched: tuple[tuple[int, WordKind], ...] = ()
    """Which bidders hear of the correction, and what it means to each."""
    is_revived: bool = False
    """Whether the leader leads only because of a correction, and has not said yet whether its bid stands."""

    @property
    def request_id(self) -> int:
        """The id of the bidder's request. Only a retraction and an answer have one."""
        assert self.request is not None, "no bidder asked for the correction"
        return self.request.id


class BidConfirmed(Fact, frozen=True, kw_only=True, tag="bid_confirmed"):
    """The bidder who was asked stands by its bid.

    If a clerk answered for the bidder, `by` is the clerk's name, and there is no `request`. `verdict` is what the
    bidder was told.
    """

    paddle: int
    event: LotConfirmed
    by: str = ""
    request: ConfirmRequest | None = None
    verdict: Accepted | None = None

    @property
    def request_id(self) -> int:
        """The id of the bidder's request. An answer by a clerk has none."""
        assert self.request is not None, "a clerk answered"
        return self.request.id


class LotRewritten(Fact, frozen=True, kw_only=True, tag="lot_rewritten"):
    """A person of the house corrected what the catalogue says of a lot. `spec` holds from now on."""

    spec: LotSpec
    event: LotRevised
    by: str
    reason: str
    seller_skeletons: tuple[str, ...] = ()


class SaleDecided(Fact, frozen=True, kw_only=True, tag="sale_decided"):
    """The auctioneer or the clock changed the sale, other than by adding a lot."""

    event: LotsReordered | SalePaused | SaleResumed | Announced | Called | SaleEnded
    by: str


AnyFact = (
    SaleCreated
    | HouseStarted
    | HouseStoodStill
    | SaleRestored
    | SettingsChanged
    | CommandDone
    | ConditionsSet
    | BidderEnrolled
    | PaddleGiven
    | CodeIssued
    | KeyBound
    | ConditionsAccepted
    | BidderAdmitted
    | ContactErased
    | BidderTold
    | AccountFact
    | LotListed
    | BidTaken
    | OfferTaken
    | OfferLate
    | BidLeft
    | LeftBidVoid
    | ClockStepped
    | PositionReleased
    | LotDecided
    | CorrectionMade
    | BidConfirmed
    | LotRewritten
    | SaleDecided
)


RegisterFact = (
    BidderEnrolled | PaddleGiven | CodeIssued | KeyBound | ConditionsAccepted | BidderAdmitted | ContactErased
)
"""A fact that changes the register of bidders."""
BidderFact = RegisterFact | BidderTold
"""A fact about one bidder. It changes no lot and has no public part."""
DeskFact = BidderFact | CommandDone
"""A fact that only the house keeps: the engine never sees it."""
Outage = HouseStarted | HouseStoodStill
"""A fact that ends a time in which nobody could bid."""

_KINDS: Final[dict[type, str]] = {
    kind: kind.__struct_config__.tag for union in (AnyFact, AnyLotEvent, AnySaleEvent) for kind in get_args(union)
}


class Rejection(msgspec.Struct, frozen=True, array_like=True, gc=False, tag_field="fact", tag="rejection"):
    """A refused offer. It is kept beside the chain of facts, so that a repeat gets the same verdict after a crash."""

    at_ms: int
    paddle: int
    request: AnyOffer
    verdict: Rejected

    @property
    def request_id(self) -> int:
        """The id that the bidder chose for the request."""
        return self.request.id


def sale_decision(
    event: LotsReordered | SalePaused | SaleResumed | Announced | Called | SaleEnded, by: str
) -> SaleDecided:
    """Return the fact for a change of the sale; `by` names the person who decided it, or the house."""
    return SaleDecided(at_ms=event.at_ms, seq=event.seq, event=event, by=by)


Taken = BidTaken | OfferTaken
"""An offer that was accepted."""
Decided = Taken | BidLeft | OfferLate | CorrectionMade | BidConfirmed | Rejection
"""The outcome of an offer. It has the request, and `verdict_of` gives the verdict on it at any time.

Of the corrections only those are one that a bidder asked for, and of the answers those that a bidder gave.
"""


def named_fields(fact: AnyFact) -> dict[str, object]:
    """Return the fact's fields by their names, which the journal leaves out."""
    return {"event": _KINDS[type(fact)], **msgspec.structs.asdict(fact)}


def kind_of(fact: AnyFact) -> str:
    """Return the kind of a fact in one word, for the journal's column and for reports; for a decision, its event."""
    if isinstance(fact, (LotDecided, SaleDecided)):
        return _KINDS[type(fact.event)]
    return _KINDS[type(fact)]
