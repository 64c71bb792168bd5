"""The facts that the journal holds: what was asked, by whom, when, and what it did.

Events, not commands, are the record: a fact stays a fact when rules change. Each has all that is needed to rebuild
the state without deciding anything again, and all that is needed to decide again and compare (`auctioneer verify`).
`public_part` is what everybody may know of an event; None where it must leave no trace, not even a number.
"""

from typing import Final, get_args

import msgspec

from auctioneer.rules.sale_settings import SaleSettings
from auctioneer.rules.terms import LotDefaults, LotSpec
from common.errors import RejectCode
from common.lot import (
    Announced,
    AnyLotEvent,
    AnySaleEvent,
    BidPlaced,
    CloseCause,
    ExtendCause,
    LotAdded,
    LotClosed,
    LotExtended,
    SaleEnded,
    SalePaused,
    SaleResumed,
)
from common.messages import Accepted, BidRequest, BuyRequest, Rejected, Role
from common.money import Currency


class Event(msgspec.Struct, frozen=True, array_like=True, gc=False, tag_field="event"):
    """A fact. `seq` is that of its stream after the event: the lot's, or the sale's where `lot` is empty.

    In the journal an event is an array: its kind, then the fields in the order in which they stand here. With their
    names they would take three times the space and the time (`docs/adr/0013-events-as-arrays.md`).
    """

    at_ms: int
    lot: str = ""
    seq: int = 0


class SaleCreated(Event, frozen=True, kw_only=True, tag="sale_created"):
    """The first event of every journal. `lot_defaults` hold for the lots that are added later, too."""

    sale: str
    title: str
    currency: Currency
    epoch: int
    ends_after_last_lot: bool
    lot_defaults: LotDefaults = LotDefaults()


class HouseStarted(Event, frozen=True, kw_only=True, tag="house_started"):
    """A process took the sale up, after nobody held it for `outage_ms` (0 the first time).

    An outage is one fact, however many lots are open: each that has an end is extended by it (`given_back`).
    """

    instance: str
    outage_ms: int


class HouseStoodStill(Event, frozen=True, kw_only=True, tag="house_stood_still"):
    """The process that holds the sale did nothing for `outage_ms`: a suspended machine, or a disk that hung.

    It extends lots as the outage before a `HouseStarted` does.
    """

    outage_ms: int


class SaleRestored(Event, frozen=True, kw_only=True, tag="sale_restored"):
    """The record goes on from a backup; what was recorded after it is lost. `epoch` is higher than any before."""

    epoch: int


class SettingsChanged(Event, frozen=True, kw_only=True, tag="settings_changed"):
    """The sale is run by these settings from now on: who may join, and who gives commands. They are told whole."""

    settings: SaleSettings
    by: str


class BidderEnrolled(Event, frozen=True, kw_only=True, tag="bidder_enrolled"):
    """A key has a name and a paddle from now on. Not admitted: it waits for the auctioneer."""

    paddle: int
    name: str
    key: str
    role: Role
    admitted: bool
    skeletons: tuple[str, ...]
    """Names that share one of these are too alike; kept, since another version of Unicode can give others."""


class BidderAdmitted(Event, frozen=True, kw_only=True, tag="bidder_admitted"):
    """The auctioneer let a waiting bidder in (`admitted`), or turned a bidder out."""

    paddle: int
    admitted: bool
    by: str


class LotListed(Event, frozen=True, kw_only=True, tag="lot_listed"):
    """A lot joined the sale. It stands in the sale's stream; `spec.terms.lot` names it."""

    spec: LotSpec
    opens_at_ms: int | None
    by: str
    seller_skeletons: tuple[str, ...] = ()
    """By which the seller is known among the bidders; kept, as those of a bidder are."""


class BidTaken(Event, frozen=True, tag="bid_taken"):
    """A bid was accepted. The fat event: the request, and everything that it did.

    `public` is False where others may not notice: the leader raised its own maximum and the price stayed. The
    `leader_*` and `rival_*` fields are the lot's secrets after the bid: see `Standing` in
    `auctioneer.rules.formats.english`.
    Made by position, since by name that costs as much as deciding the bid.
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
    ends_at_ms: int | None
    extended_ms: int
    """Soft close used so far, this bid's extension included."""
    reserve_met: bool | None
    buy_now_minor: int | None
    if_seq: int | None = None
    if_price_minor: int | None = None
    while_connected: bool = False

    @property
    def request(self) -> BidRequest:
        """What was asked."""
        return BidRequest(
            id=self.request_id,
            lot=self.lot,
            amount_minor=self.amount_minor,
            maximum_minor=self.maximum_minor,
            if_seq=self.if_seq,
            if_price_minor=self.if_price_minor,
            while_connected=self.while_connected,
        )


class LotBought(Event, frozen=True, kw_only=True, tag="lot_bought"):
    """A bidder bought the lot at its buy-now price, which closed it."""

    paddle: int
    request: BuyRequest
    price_minor: int

    @property
    def request_id(self) -> int:
        """The id that the bidder chose for the request."""
        return self.request.id


class BidLate(Event, frozen=True, kw_only=True, tag="bid_late"):
    """A bid came after the close. It changes nothing, but it is what disputes are about, so it is on the record."""

    paddle: int
    request: BidRequest | BuyRequest
    late_ms: int
    price_minor: int | None
    minimum_minor: int
    leading: bool

    @property
    def request_id(self) -> int:
        """The id that the bidder chose for the request."""
        return self.request.id


class MaximumDropped(Event, frozen=True, kw_only=True, tag="maximum_dropped"):
    """A leader fell silent who had asked that the rest of the maximum be dropped then."""

    paddle: int
    leader_maximum_minor: int


class LotDecided(Event, frozen=True, kw_only=True, tag="lot_decided"):
    """The auctioneer or the clock did something to a lot; `with_sale` if it was done to the whole sale."""

    change: AnyLotEvent
    by: str
    with_sale: bool = False


class SaleDecided(Event, frozen=True, kw_only=True, tag="sale_decided"):
    """The auctioneer did something to the sale, other than adding a lot."""

    change: SalePaused | SaleResumed | Announced | SaleEnded
    by: str


AnyEvent = (
    SaleCreated
    | HouseStarted
    | HouseStoodStill
    | SaleRestored
    | SettingsChanged
    | BidderEnrolled
    | BidderAdmitted
    | LotListed
    | BidTaken
    | LotBought
    | BidLate
    | MaximumDropped
    | LotDecided
    | SaleDecided
)


Outage = HouseStarted | HouseStoodStill
"""After a time in which nobody could bid."""

_KINDS: Final[dict[type, str]] = {
    kind: kind.__struct_config__.tag for union in (AnyEvent, AnyLotEvent, AnySaleEvent) for kind in get_args(union)
}


class Refusal(msgspec.Struct, frozen=True, array_like=True, gc=False, tag_field="event", tag="refusal"):
    """A bid that was refused, kept beside the chain so that a repeat gets the same verdict after a crash."""

    at_ms: int
    paddle: int
    request: BidRequest | BuyRequest
    verdict: Rejected

    @property
    def request_id(self) -> int:
        """The id that the bidder chose for the request."""
        return self.request.id


def sale_decided(change: SalePaused | SaleResumed | Announced | SaleEnded, by: str) -> SaleDecided:
    """Return the record of a change of the sale that somebody decided, or the clock."""
    return SaleDecided(at_ms=change.at_ms, seq=change.seq, change=change, by=by)


Decided = BidTaken | LotBought | BidLate | Refusal
"""What became of a bid or a purchase: it has the request, and the verdict can be told from it at any time."""


def public_part(event: AnyEvent) -> AnyLotEvent | AnySaleEvent | None:
    """Return what everybody may know of `event`, in the stream `event.lot`; None where that is nothing.

    What is heard of an outage depends on which lots are open, and is in their streams: see `given_back`.
    """
    match event:
        case BidTaken():
            return bid_placed(event) if event.public else None
        case LotDecided() | SaleDecided():
            return event.change
        case LotBought():
            return closed_by_purchase(event)
        case LotListed():
            return lot_added(event)
        case _:
            return None


def given_back(outage: Outage, seq: int, ends_at_ms: int) -> LotExtended:
    """Return what everybody hears of an open lot that was at `seq` and was to end at `ends_at_ms`, after an outage."""
    return LotExtended(seq + 1, outage.at_ms, ExtendCause.OUTAGE, ends_at_ms + outage.outage_ms)


def named_fields(event: AnyEvent) -> dict[str, object]:
    """Return the event with the names of its fields, which the journal leaves out."""
    return {"event": _KINDS[type(event)], **msgspec.structs.asdict(event)}


def kind_of(event: AnyEvent) -> str:
    """Return what happened in one word, as the journal's column and reports say it: of a decision, the change."""
    if isinstance(event, (LotDecided, SaleDecided)):
        return _KINDS[type(event.change)]
    return _KINDS[type(event)]


def lot_added(event: LotListed) -> LotAdded:
    """Return what everybody may know of a lot that joined the sale."""
    return LotAdded(event.seq, event.at_ms, event.spec.terms, event.opens_at_ms)


def closed_by_purchase(event: LotBought) -> LotClosed:
    """Return what everybody may know of a purchase."""
    return LotClosed(event.seq, event.at_ms, CloseCause.BUY_NOW, event.paddle, event.price_minor)


def bid_placed(event: BidTaken) -> BidPlaced:
    """Return what everybody may know of a bid that is public."""
    return BidPlaced(
        event.seq,
        event.at_ms,
        event.paddle,
        event.leader,
        event.price_minor,
        event.minimum_minor,
        event.ends_at_ms,
        event.reserve_met,
        event.buy_now_minor,
    )


def bid_accepted(event: BidTaken) -> Accepted:
    """Return the verdict on a bid that was accepted."""
    leading = event.leader == event.paddle
    return Accepted(
        event.lot,
        event.seq,
        event.at_ms,
        event.price_minor,
        event.minimum_minor,
        leading,
        event.leader_maximum_minor if leading else None,
        event.ends_at_ms,
        event.reserve_met,
        id=event.request_id,
    )


def verdict_of(event: Decided) -> Accepted | Rejected:
    """Return the verdict that the bidder got for the request in `event`, the same at any time."""
    match event:
        case BidTaken():
            return bid_accepted(event)
        case Refusal():
            return event.verdict
        case LotBought():
            return Accepted(
                id=event.request.id,
                lot=event.lot,
                seq=event.seq,
                at_ms=event.at_ms,
                price_minor=event.price_minor,
                minimum_minor=event.price_minor,
                leading=True,
                bought=True,
            )
        case BidLate():
            return Rejected(
                id=event.request.id,
                code=RejectCode.LOT_CLOSED,
                lot=event.lot,
                seq=event.seq,
                price_minor=event.price_minor,
                minimum_minor=event.minimum_minor,
                leading=event.leading,
                late_ms=event.late_ms,
            )
