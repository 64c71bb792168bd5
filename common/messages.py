"""Every message on the wire, each a frozen type; `docs/protocol-tables.md` prints them, and `codec` encodes them.

A body is one MessagePack map. Its `type` names the message, and `id` ties an answer to its request. The house refuses
a request with a field that is not here. Answers and broadcasts may gain fields, which clients ignore. Amounts are in
minor units; times are the server's clock, in milliseconds since 1970 (UTC).
"""

from collections.abc import Iterable
from enum import Enum
from typing import Annotated, final

from msgspec import Meta, Struct

from common.conditions import DIGEST_CHARS
from common.errors import RejectCode, sentence
from common.formats import AnyBoard, AnyOffer, AnyOwn
from common.limits import (
    CONDITIONS_CHARS_MAX,
    DETAIL_CHARS_MAX,
    HEARTBEAT_LOTS_MAX,
    INVITE_CHARS_MAX,
    KEY_CHARS,
    LOTS_MAX,
    MINE_LOTS_MAX,
    NAME_CHARS_MAX,
    NEWS_WORDS_MAX,
    PADDLE_CODE_CHARS_MAX,
    REPLAY_EVENTS_MAX,
    RESULTS_MAX,
    SNAPSHOT_LOTS_MAX,
    TEXT_CHARS_MAX,
)
from common.lot import Identity, LotNumber, LotView, Result, SaleView
from common.lot_events import AnyLotEvent, AnySaleEvent
from common.spending import Spending
from common.wire import Count, LotId, Request, Stream


class Role(Enum):
    """What the holder of a key may do. Auctioneer and clerk exist only on the control endpoint."""

    BIDDER = "bidder"
    OBSERVER = "observer"
    CLERK = "clerk"
    AUCTIONEER = "auctioneer"


# --- requests (DEALER to ROUTER) -----------------------------------------------------------------------------------


class Hello(Request, frozen=True, tag="hello"):
    """Join the sale, or come back to it. It is the first request of a key, and safe to repeat.

    `versions` are the protocol versions that the client speaks. `key` is for a house without CURVE, where nothing else
    identifies the client. A house with CURVE refuses it as `malformed`.
    """

    versions: Annotated[
        tuple[Count, ...], Meta(min_length=1, max_length=8, description="the protocol versions that the client speaks")
    ]
    name: Annotated[
        str,
        Meta(
            max_length=4 * NAME_CHARS_MAX,
            description="the name to enrol under; a bidder's first hello needs it, later ones may leave it out",
        ),
    ] = ""
    role: Annotated[Role, Meta(description="`bidder` or `observer`; the other roles are refused with `forbidden`")] = (
        Role.BIDDER
    )
    invite: Annotated[str, Meta(max_length=INVITE_CHARS_MAX, description="the invite code of the join link")] = ""
    code: Annotated[
        str,
        Meta(
            max_length=PADDLE_CODE_CHARS_MAX,
            description="the code of a paddle that the desk gave; the key is bound to that paddle",
        ),
    ] = ""
    accepts: Annotated[
        str, Meta(max_length=DIGEST_CHARS, description="the digest of the conditions that the bidder has accepted")
    ] = ""
    agent: Annotated[str, Meta(max_length=64, description="the client's program and version, for the operator")] = ""
    key: Annotated[
        str,
        Meta(
            max_length=KEY_CHARS,
            description="only for a house without CURVE: 40 characters that stand in for the client's key",
        ),
    ] = ""


class Ping(Request, frozen=True, tag="ping"):
    """Ask for the server's time, and show that the client is connected."""


class SnapshotRequest(Request, frozen=True, tag="snapshot"):
    """Ask for the state of the sale, and of the lots in catalogue order from the index `start` on."""

    start: Annotated[int, Meta(ge=0, le=LOTS_MAX, description="index of the page's first lot in catalogue order")] = 0


class LotRequest(Request, frozen=True, tag="lot"):
    """Ask for the state of one lot."""

    lot: Annotated[LotId, Meta(description="the lot's number")]


class ReplayRequest(Request, frozen=True, tag="replay"):
    """Ask for the events of one stream after `after_seq`, to close a gap."""

    lot: Annotated[Stream, Meta(description="the stream: a lot's number, or the empty string for the sale")]
    after_seq: Annotated[Count, Meta(description="the seq of the last event of the stream that the client has")]


class MineRequest(Request, frozen=True, tag="mine"):
    """Ask for the bidder's own positions and lots won, in catalogue order from the index `start` on."""

    start: Annotated[
        int, Meta(ge=0, le=LOTS_MAX, description="index, in catalogue order, of the first lot that the page covers")
    ] = 0


class NewsRequest(Request, frozen=True, tag="news"):
    """Ask for the words to this bidder alone that follow `after_seq`. The answer comes when there is one.

    If there is none for `NEWS_WAIT_MS`, the answer comes without words. One question waits for each paddle: a second
    takes the place of the first, which is answered without words.
    """

    after_seq: Annotated[Count, Meta(description="the seq of the last word that the client has; 0: none")]


class ConditionsRequest(Request, frozen=True, tag="conditions"):
    """Ask for the conditions of the sale, which a bidder must accept. It needs no hello."""


AnyRequest = (
    Hello
    | Ping
    | SnapshotRequest
    | LotRequest
    | ReplayRequest
    | AnyOffer
    | MineRequest
    | NewsRequest
    | ConditionsRequest
)


# --- answers (ROUTER to DEALER) ------------------------------------------------------------------------------------


class Answer(Struct, frozen=True, kw_only=True, gc=False, tag_field="type"):
    """What every answer has: the id of its request, or 0 if that id could not be read."""

    id: Annotated[int, Meta(description="the request's id; 0 if it could not be read")]


class Welcome(Answer, frozen=True, tag="welcome"):
    """The answer to hello: who the client is in this sale, and where the broadcasts are.

    `publish_port` is on the host that the client reached. `instance` changes when the house restarts. `term` rises
    each time that a process takes over the sale's record. Of two houses that hold the same sale in the same epoch, the
    one with the higher term counts.
    """

    version: Annotated[int, Meta(description="the version that the house chose from those in hello")]
    epoch: Annotated[int, Meta(description="the epoch of the sale's history")]
    instance: Annotated[Identity, Meta(description="the name of the house process; a restart changes it")]
    term: Annotated[int, Meta(description="the term of the house; it rises with each take-over of the sale's record")]
    paddle: Annotated[int, Meta(description="the bidder's number; 0 for an observer who is not enrolled")]
    name: Annotated[
        str,
        Meta(
            max_length=NAME_CHARS_MAX,
            description="the name that the key is enrolled under; empty for an observer who is not enrolled",
        ),
    ]
    role: Annotated[Role, Meta(description="the role that the key has")]
    sale: Annotated[SaleView, Meta(description="the sale now")]
    publish_port: Annotated[
        int, Meta(ge=1, le=65535, description="the broadcast's port, on the host of the request socket")
    ]
    server_time_ms: Annotated[int, Meta(description="server time")]
    heartbeat_ms: Annotated[int, Meta(description="the longest time between two heartbeats")]
    requests_per_s: Annotated[int, Meta(description="the rate at which the client's budget grows")]
    last_id: Annotated[
        int, Meta(description="the highest id of an offer of this key that the house remembers; 0: none")
    ] = 0


class Pong(Answer, frozen=True, tag="pong"):
    """The answer to ping."""

    server_time_ms: Annotated[int, Meta(description="server time at which the ping was received")]


class Snapshot(Answer, frozen=True, tag="snapshot"):
    """A page of the state, each stream exact at its view's seq. `next` is the next page's start; None on the last."""

    epoch: Annotated[int, Meta(description="the epoch of the views")]
    server_time_ms: Annotated[int, Meta(description="server time")]
    sale: Annotated[SaleView, Meta(description="the sale, exact at its `seq`")]
    lots: Annotated[
        tuple[LotView, ...],
        Meta(
            max_length=SNAPSHOT_LOTS_MAX,
            description="lots in catalogue order, each exact at its `seq`; one in the answer to `lot`",
        ),
    ]
    next: Annotated[int | None, Meta(description="`start` of the next page; nil on the last")] = None


class Replay(Answer, frozen=True, tag="replay"):
    """Events of one stream, contiguous from `after_seq + 1`; ask again while `more` is true."""

    epoch: Annotated[int, Meta(description="the epoch of the events")]
    lot: Annotated[LotNumber, Meta(description="the stream that was asked for")]
    lot_events: Annotated[
        tuple[AnyLotEvent, ...],
        Meta(
            max_length=REPLAY_EVENTS_MAX,
            description="events of a lot's stream, contiguous; empty for the sale's stream",
        ),
    ] = ()
    sale_events: Annotated[
        tuple[AnySaleEvent, ...],
        Meta(max_length=REPLAY_EVENTS_MAX, description="events of the sale's stream, contiguous; empty for a lot's"),
    ] = ()
    more: Annotated[bool, Meta(description="there are more events; ask again after the last of these")] = False


class Accepted(Answer, frozen=True, tag="accepted"):
    """The verdict on an offer that counts. It is durable, and stays the same each time it is asked for.

    `seq` is the lot's seq with this offer in it, and `board` is the published board at that seq. `own` is what the
    bidder alone may know of its position then. `results` are there if the offer closed the lot.
    """

    lot: Annotated[LotNumber, Meta(description="the lot's number")]
    seq: Annotated[int, Meta(description="the lot's seq with this offer in it")]
    at_ms: Annotated[int, Meta(description="server time at which the request was received")]
    board: Annotated[AnyBoard, Meta(description="the published board with this offer in it")]
    ends_at_ms: Annotated[
        int | None, Meta(description="the lot's end then; nil without a clock, and if the offer closed the lot")
    ] = None
    own: Annotated[AnyOwn | None, Meta(description="the bidder's own position then; nil: it has none")] = None
    results: Annotated[
        tuple[Result, ...], Meta(max_length=RESULTS_MAX, description="the lot's results, if the offer closed the lot")
    ] = ()


@final
class Rejected(Answer, frozen=True, tag="rejected"):
    """A request that does not count, and why. For an offer it also tells the state of the lot then.

    `late_ms` is how long after the close a late offer arrived. `retry_ms` is how long the client should wait before it
    asks again. `detail` adds something for people, in English.
    """

    code: Annotated[RejectCode, Meta(description="why the request does not count")]
    lot: Annotated[LotNumber, Meta(description="the lot's number, or the replay's stream")] = ""
    seq: Annotated[
        int | None, Meta(description="for an offer, the lot's seq then; with `history_gone`, the stream's seq")
    ] = None
    board: Annotated[AnyBoard | None, Meta(description="for an offer, the published board then")] = None
    own: Annotated[AnyOwn | None, Meta(description="the bidder's own position then; nil: it has none")] = None
    late_ms: Annotated[
        int | None, Meta(description="how long after the close a late offer was received, 0 or more")
    ] = None
    retry_ms: Annotated[int | None, Meta(description="how many milliseconds to wait before asking again")] = None
    detail: Annotated[
        str,
        Meta(max_length=DETAIL_CHARS_MAX, description="added for people, in English; programs MUST NOT interpret it"),
    ] = ""

    @property
    def message(self) -> str:
        """The sentence for people: what happened and what to do. It may hold text from the house (`detail`)."""
        return sentence(self.code, self.detail)


class Position(Struct, frozen=True):
    """A bidder's own position on a lot that is not over; secret from all others."""

    lot: Annotated[LotNumber, Meta(description="the lot's number")]
    own: Annotated[AnyOwn, Meta(description="what the bidder may know of its position")]


class Mine(Answer, frozen=True, tag="mine"):
    """A page of what the bidder alone may know: its positions on lots that are not over, and the lots that it won.

    `next` is the next page's start; None on the last. `spending` is about all lots, on each page.
    """

    paddle: Annotated[int, Meta(description="the bidder's number; 0 for an observer who is not enrolled")]
    positions: Annotated[
        tuple[Position, ...],
        Meta(max_length=MINE_LOTS_MAX, description="the lots that are not over and on which the bidder has a position"),
    ] = ()
    won: Annotated[
        tuple[LotNumber, ...],
        Meta(max_length=MINE_LOTS_MAX, description="the numbers of the lots that the bidder has won"),
    ] = ()
    total_minor: Annotated[int, Meta(description="what the bidder has to pay for lots of this page's part")] = 0
    spending: Annotated[
        Spending | None,
        Meta(description="the bidder's spending limit and what counts against it; nil: it has no limit"),
    ] = None
    next: Annotated[int | None, Meta(description="`start` of the next page; nil on the last")] = None


class WordKind(Enum):
    """The kind of a word to one bidder: a text from the auctioneer, or what a decision about it or its lot means."""

    MESSAGE = "message"
    ADMITTED = "admitted"
    TURNED_OUT = "turned_out"
    OFFER_VOID = "offer_void"
    """An offer of the bidder on the lot no longer counts."""
    LEAD_BACK = "lead_back"
    """The bidder leads the lot, since offers after its own no longer count."""
    ASKED = "asked"
    """The bidder leads the lot, since offers after its own no longer count, and is asked whether its bid stands."""
    LEAD_LOST = "lead_lost"
    """The bidder no longer leads the lot, though its own offers count."""
    SALE_VOID = "sale_void"
    """What the bidder had bought of the lot is no longer sold to it."""
    AWARDED = "awarded"
    """The lot is sold to the bidder, by agreement after the close."""
    LEFT_BID_VOID = "left_bid_void"
    """The bid that the bidder had left does not count, as the lot opened. The text is the code of the reason."""


class Word(Struct, frozen=True, gc=False):
    """A word that the house said to one bidder alone. `text` comes from the auctioneer, for people.

    Where a correction of a lot is the cause, `lot` names it, and `text` is the reason. Where a bid that was left is
    void, `text` is the code with which it would be refused.
    """

    seq: Annotated[int, Meta(description="the word's number in the bidder's own stream, from 1 on")]
    at_ms: Annotated[int, Meta(description="server time at which it was said")]
    kind: Annotated[WordKind, Meta(description="the kind of word")]
    text: Annotated[str, Meta(max_length=TEXT_CHARS_MAX, description="the text of a message, or a reason")] = ""
    lot: Annotated[Stream, Meta(description="the lot that the word is about; empty: none")] = ""


class News(Answer, frozen=True, tag="news"):
    """The words to this bidder after the seq in the request; none if nothing was said in time.

    They are in order. If the first seq is not the next one, the house no longer keeps the words in between.
    """

    epoch: Annotated[int, Meta(description="the epoch of the sale's history")]
    words: Annotated[tuple[Word, ...], Meta(max_length=NEWS_WORDS_MAX, description="the words, in order")] = ()


class Conditions(Answer, frozen=True, tag="conditions"):
    """The conditions of the sale. `digest` names them: it goes into `accepts` of a hello. Both are empty: none."""

    digest: Annotated[
        str, Meta(max_length=DIGEST_CHARS, description="the SHA-256 of the text in UTF-8, in hexadecimal digits")
    ]
    text: Annotated[str, Meta(max_length=CONDITIONS_CHARS_MAX, description="the conditions, for people, in lines")]


AnyAnswer = Welcome | Pong | Snapshot | Replay | Accepted | Rejected | Mine | News | Conditions


# --- broadcasts (PUB to SUB) ---------------------------------------------------------------------------------------


class Broadcast(Struct, frozen=True, kw_only=True, gc=False, tag_field="type"):
    """What every broadcast has: the epoch, which changes when history was lost."""

    epoch: Annotated[int, Meta(description="the epoch of the house's history")]


class LotEvents(Broadcast, frozen=True, tag="lot_events"):
    """Changes of one lot in a batch, contiguous and in order. Topic `lot/NUMBER`."""

    lot: Annotated[LotNumber, Meta(description="the lot's number")]
    events: Annotated[tuple[AnyLotEvent, ...], Meta(description="one or more events, contiguous and in order")]

    @property
    def each(self) -> "Iterable[LotEvents]":
        """The changes of each lot; here there is only one."""
        return (self,)


class OneLot(Struct, frozen=True, gc=False):
    """Changes of one lot among others."""

    lot: Annotated[LotNumber, Meta(description="the lot's number")]
    events: Annotated[tuple[AnyLotEvent, ...], Meta(description="one or more events, contiguous and in order")]


class ManyLots(Broadcast, frozen=True, tag="many_lots"):
    """Changes of several lots in one frame, for clients that follow all lots. Topic `lot/`, which the prefix matches.

    A lot that any client follows by its own topic is left out. Its changes come as `lot_events`, which match both that
    topic and the prefix. So each client that follows a lot gets every change of it once.
    """

    lots: Annotated[tuple[OneLot, ...], Meta(description="one or more lots, each once")]

    @property
    def each(self) -> Iterable[LotEvents]:
        """The changes of each lot, as if each had come in a broadcast of its own."""
        return (LotEvents(one.lot, one.events, epoch=self.epoch) for one in self.lots)


class SaleEvents(Broadcast, frozen=True, tag="sale_events"):
    """Changes of the sale. Topic `sale`."""

    events: Annotated[tuple[AnySaleEvent, ...], Meta(description="one or more events, contiguous and in order")]


class LotSeq(Struct, frozen=True, array_like=True, gc=False):
    """The last seq of a lot's stream. On the wire `[lot, seq]`."""

    lot: Annotated[LotNumber, Meta(description="the lot's number")]
    seq: Annotated[int, Meta(description="the lot's seq")]


class Heartbeat(Broadcast, frozen=True, tag="heartbeat"):
    """At least once a second: the time, and the seqs by which a client notices that it lost the last events.

    Topic `beat`. `lots` has the lots that changed since the last heartbeat. If there is room it has others too, in
    turn. It is an array of pairs and not a map, since some languages sort keys that look like integers. `frozen` is
    true while the house can't store bids; all clocks stand still then.
    """

    instance: Annotated[Identity, Meta(description="the name of the house process")]
    term: Annotated[int, Meta(description="the term of the house")]
    server_time_ms: Annotated[int, Meta(description="server time")]
    sale_seq: Annotated[int, Meta(description="the seq of the sale's stream")]
    lots: Annotated[
        tuple[LotSeq, ...],
        Meta(
            max_length=HEARTBEAT_LOTS_MAX,
            description="first the lots that changed since the last heartbeat, then others in turn",
        ),
    ]
    frozen: Annotated[
        bool, Meta(description="the house can't store bids: nothing is decided and all clocks stand still")
    ] = False


class Probed(Broadcast, frozen=True, tag="probed"):
    """The answer, on the broadcast itself, to a subscription to a topic that starts with `~`.

    It shows what the feed brings: `subscriptions` is how many topics are in force on that connection. The house refused
    any other topic that the client subscribed to there.
    """

    instance: Annotated[Identity, Meta(description="the name of the house process")]
    term: Annotated[int, Meta(description="the term of the house")]
    server_time_ms: Annotated[int, Meta(description="server time")]
    subscriptions: Annotated[
        int, Meta(description="how many topics are in force on the probe's connection; probes do not count")
    ]


AnyBroadcast = LotEvents | ManyLots | SaleEvents | Heartbeat | Probed
