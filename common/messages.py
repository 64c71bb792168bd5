"""Every message on the wire, one frozen type each; `docs/protocol-tables.md` prints them and `codec` carries them.

A body is one MessagePack map. Its `type` says which message it is; `id` ties an answer to its request. Requests may
not have fields that are not here (the house refuses them); answers and broadcasts may gain fields, which clients
ignore. Amounts are minor units, times are the server's clock in milliseconds since 1970 (UTC).
"""

from collections.abc import Iterable
from enum import Enum
from typing import Annotated, final

from msgspec import Meta, Struct

from common.errors import RejectCode, sentence
from common.limits import (
    AMOUNT_MINOR_MAX,
    DETAIL_CHARS_MAX,
    HEARTBEAT_LOTS_MAX,
    INTEGER_MAX,
    INVITE_CHARS_MAX,
    KEY_CHARS,
    LOT_CHARS_MAX,
    LOTS_MAX,
    MINE_LOTS_MAX,
    NAME_CHARS_MAX,
    REPLAY_EVENTS_MAX,
    SNAPSHOT_LOTS_MAX,
)
from common.lot import AnyLotEvent, AnySaleEvent, Identity, LotNumber, LotView, SaleView

RequestId = Annotated[int, Meta(ge=1, le=INTEGER_MAX)]
Count = Annotated[int, Meta(ge=0, le=INTEGER_MAX)]
Amount = Annotated[int, Meta(ge=1, le=AMOUNT_MINOR_MAX)]
LotId = Annotated[str, Meta(min_length=1, max_length=LOT_CHARS_MAX)]
Stream = Annotated[str, Meta(max_length=LOT_CHARS_MAX)]
"""A lot's number, or the empty string for the sale's own stream."""


class Role(Enum):
    """What a principal may do. Auctioneer and clerk exist only on the control endpoint."""

    BIDDER = "bidder"
    OBSERVER = "observer"
    CLERK = "clerk"
    AUCTIONEER = "auctioneer"


# --- requests (DEALER to ROUTER) -----------------------------------------------------------------------------------


class Request(
    Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, gc=False, tag_field="type"
):
    """What every request has: an id that the client chooses."""

    id: RequestId


class Hello(Request, frozen=True, tag="hello"):
    """Join the sale, or come back to it; the first request on a key. Safe to repeat.

    `versions` are the protocol versions that the client speaks. `key` is for a house without CURVE, where nothing else
    says who the client is. A house with CURVE refuses it as `malformed`.
    """

    versions: Annotated[tuple[Count, ...], Meta(min_length=1, max_length=8)]
    name: Annotated[str, Meta(max_length=4 * NAME_CHARS_MAX)] = ""
    role: Role = Role.BIDDER
    invite: Annotated[str, Meta(max_length=INVITE_CHARS_MAX)] = ""
    agent: Annotated[str, Meta(max_length=64)] = ""
    key: Annotated[str, Meta(max_length=KEY_CHARS)] = ""


class Ping(Request, frozen=True, tag="ping"):
    """Ask for the server's time, and show that the client is there."""


class SnapshotRequest(Request, frozen=True, tag="snapshot"):
    """Ask for the state of the sale and of the lots from the `start`-th on, in catalogue order."""

    start: Annotated[int, Meta(ge=0, le=LOTS_MAX)] = 0


class LotRequest(Request, frozen=True, tag="lot"):
    """Ask for the state of one lot."""

    lot: LotId


class ReplayRequest(Request, frozen=True, tag="replay"):
    """Ask for the events of one stream after `after_seq`, to fill a hole."""

    lot: Stream
    after_seq: Count


class BidRequest(Request, frozen=True, tag="bid"):
    """Bid on a lot: openly at `amount_minor`, by a secret `maximum_minor`, or both. At least one is given.

    An open amount becomes the price. A maximum bids for the bidder, as little as keeps the lead. `if_seq` and
    `if_price_minor` (0: no bid yet) make the bid count only if the lot still stands as the bidder saw it.
    `while_connected` drops what is left of the maximum when the bidder falls silent.
    """

    lot: LotId
    amount_minor: Amount | None = None
    maximum_minor: Amount | None = None
    if_seq: Count | None = None
    if_price_minor: Count | None = None
    while_connected: bool = False


class BuyRequest(Request, frozen=True, tag="buy"):
    """Buy a lot at once, at its buy-now price, which the request repeats."""

    lot: LotId
    price_minor: Amount


class MineRequest(Request, frozen=True, tag="mine"):
    """Ask for the bidder's own affairs, maxima and lots won, from the `start`-th lot on in catalogue order."""

    start: Annotated[int, Meta(ge=0, le=LOTS_MAX)] = 0


AnyRequest = Hello | Ping | SnapshotRequest | LotRequest | ReplayRequest | BidRequest | BuyRequest | MineRequest


# --- answers (ROUTER to DEALER) ------------------------------------------------------------------------------------


class Answer(Struct, frozen=True, kw_only=True, gc=False, tag_field="type"):
    """What every answer has: the id of its request (0 where the request had none that could be read)."""

    id: int


class Welcome(Answer, frozen=True, tag="welcome"):
    """The answer to hello: who the client is here, and where the broadcasts are.

    `publish_port` is on the host that the client reached. `instance` changes when the house process does.
    """

    version: int
    epoch: int
    instance: Identity
    paddle: int
    name: Annotated[str, Meta(max_length=NAME_CHARS_MAX)]
    role: Role
    sale: SaleView
    publish_port: Annotated[int, Meta(ge=1, le=65535)]
    server_time_ms: int
    heartbeat_ms: int
    requests_per_s: int
    last_id: int = 0


class Pong(Answer, frozen=True, tag="pong"):
    """The answer to ping."""

    server_time_ms: int


class Snapshot(Answer, frozen=True, tag="snapshot"):
    """A page of the state, each stream exact at its view's seq. `next` is the next page's start; None on the last."""

    epoch: int
    server_time_ms: int
    sale: SaleView
    lots: Annotated[tuple[LotView, ...], Meta(max_length=SNAPSHOT_LOTS_MAX)]
    next: int | None = None


class Replay(Answer, frozen=True, tag="replay"):
    """Events of one stream, contiguous from `after_seq + 1`; ask again while `more` is true."""

    epoch: int
    lot: LotNumber
    lot_events: Annotated[tuple[AnyLotEvent, ...], Meta(max_length=REPLAY_EVENTS_MAX)] = ()
    sale_events: Annotated[tuple[AnySaleEvent, ...], Meta(max_length=REPLAY_EVENTS_MAX)] = ()
    more: bool = False


class Accepted(Answer, frozen=True, tag="accepted"):
    """The verdict of a bid or a purchase that counts. It is durable, and the same however often it is asked.

    `seq` is the lot's seq with this bid in it. `leading` is whether this bidder led then; `maximum_minor` is the
    bidder's own maximum then, where it led.
    """

    lot: LotNumber
    seq: int
    at_ms: int
    price_minor: int
    minimum_minor: int
    leading: bool
    maximum_minor: int | None = None
    ends_at_ms: int | None = None
    reserve_met: bool | None = None
    bought: bool = False


@final
class Rejected(Answer, frozen=True, tag="rejected"):
    """A request that does not count, and why. Of a bid, it tells how the lot stood.

    `late_ms` is how long after the close a late bid came; `retry_ms` is when asking again makes sense; `detail` says
    more for people, in English.
    """

    code: RejectCode
    lot: LotNumber = ""
    seq: int | None = None
    price_minor: int | None = None
    minimum_minor: int | None = None
    leading: bool = False
    late_ms: int | None = None
    retry_ms: int | None = None
    detail: Annotated[str, Meta(max_length=DETAIL_CHARS_MAX)] = ""

    @property
    def message(self) -> str:
        """The sentence for people: what happened and what to do. Text from the house may be in it: `detail`."""
        return sentence(self.code, self.detail)


class Maximum(Struct, frozen=True):
    """A maximum by which the bidder leads a lot that is not over; secret from all others."""

    lot: LotNumber
    maximum_minor: int


class Mine(Answer, frozen=True, tag="mine"):
    """A page of the bidder's own affairs: the maxima by which it leads, and what was won.

    `next` is the next page's start; None on the last.
    """

    paddle: int
    maxima: Annotated[tuple[Maximum, ...], Meta(max_length=MINE_LOTS_MAX)] = ()
    won: Annotated[tuple[LotNumber, ...], Meta(max_length=MINE_LOTS_MAX)] = ()
    total_minor: int = 0
    """The sum of the hammer prices of what was won, on this page."""
    next: int | None = None


AnyAnswer = Welcome | Pong | Snapshot | Replay | Accepted | Rejected | Mine


# --- broadcasts (PUB to SUB) ---------------------------------------------------------------------------------------


class Broadcast(Struct, frozen=True, kw_only=True, gc=False, tag_field="type"):
    """What every broadcast has: the epoch, which changes when history was lost or moved."""

    epoch: int


class LotEvents(Broadcast, frozen=True, tag="lot_events"):
    """Changes of one lot in a batch, contiguous and in order. Topic `lot/NUMBER`."""

    lot: LotNumber
    events: tuple[AnyLotEvent, ...]

    @property
    def each(self) -> "Iterable[LotEvents]":
        """The changes of each lot: of the only one."""
        return (self,)


class OneLot(Struct, frozen=True, gc=False):
    """Changes of one lot among others."""

    lot: LotNumber
    events: tuple[AnyLotEvent, ...]


class ManyLots(Broadcast, frozen=True, tag="many_lots"):
    """Changes of several lots in one frame, for those who follow all. Topic `lot/`, which their prefix matches too.

    A lot that some client follows by its own topic is not in here. Its changes come as `lot_events`, which match both
    that topic and the prefix. So every change comes once to everybody who follows the lot.
    """

    lots: tuple[OneLot, ...]

    @property
    def each(self) -> Iterable[LotEvents]:
        """The changes of each lot, as they would come alone."""
        return (LotEvents(one.lot, one.events, epoch=self.epoch) for one in self.lots)


class SaleEvents(Broadcast, frozen=True, tag="sale_events"):
    """Changes of the sale. Topic `sale`."""

    events: tuple[AnySaleEvent, ...]


class Heartbeat(Broadcast, frozen=True, tag="heartbeat"):
    """At most a second apart: the time, and the seqs by which a client notices a lost tail. Topic `beat`.

    `lots` has the lots that changed since the last heartbeat, and where there is room others, which take turns.
    `frozen` is true while the house can't store bids: all clocks stand still.
    """

    instance: Identity
    server_time_ms: int
    sale_seq: int
    lots: Annotated[dict[LotNumber, int], Meta(max_length=HEARTBEAT_LOTS_MAX)]
    frozen: bool = False


class Probed(Broadcast, frozen=True, tag="probed"):
    """The answer, on the broadcast itself, to a subscription to a topic that starts with `~`: what the feed brings.

    `subscriptions` is how many topics are in force on that connection. Whatever else the client subscribed to on it was
    refused.
    """

    instance: Identity
    server_time_ms: int
    subscriptions: int


AnyBroadcast = LotEvents | ManyLots | SaleEvents | Heartbeat | Probed
