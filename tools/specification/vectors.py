"""Golden vectors: every message and variant, as bytes and as JSON, and bodies that the house must refuse.

They are made from the code and checked in; a change of the wire shows as a change of `docs/vectors.json`.
"""

import json
from typing import Any, Final

import msgpack
import msgspec

from common import codec, messages
from common.absentee import LeaveBidRequest
from common.codec import RejectedBody, decode_request, encode, encode_broadcast
from common.conditions import digest_of
from common.confirming import ConfirmRequest
from common.errors import RejectCode
from common.formats.dutch import DutchBoard, DutchOwn, DutchTerms, StopRequest
from common.formats.english import BidRequest, BuyRequest, EnglishBoard, EnglishOwn, EnglishTerms, Step
from common.formats.sealed import Pays, SealedBoard, SealedOwn, SealedTerms, SealRequest, UnsealRequest
from common.limits import AMOUNT_MINOR_MAX, INTEGER_MAX, PROTOCOL_VERSION
from common.lot import (
    Asked,
    CloseCause,
    CorrectionCause,
    ExtendCause,
    LotStatus,
    LotTerms,
    LotView,
    Result,
    SaleStatus,
    SaleView,
    SoftClose,
)
from common.lot_events import (
    Announced,
    AnyLotEvent,
    AnySaleEvent,
    Call,
    Called,
    LotAdded,
    LotAsked,
    LotClosed,
    LotConfirmed,
    LotCorrected,
    LotExtended,
    LotMoved,
    LotOpened,
    LotPaused,
    LotRescheduled,
    LotResumed,
    LotRevised,
    LotsReordered,
    LotWithdrawn,
    SaleEnded,
    SalePaused,
    SaleResumed,
)
from common.messages import (
    Accepted,
    Conditions,
    ConditionsRequest,
    Heartbeat,
    Hello,
    LotEvents,
    LotRequest,
    LotSeq,
    ManyLots,
    Mine,
    MineRequest,
    News,
    NewsRequest,
    OneLot,
    Ping,
    Pong,
    Position,
    Probed,
    Rejected,
    Replay,
    ReplayRequest,
    Role,
    SaleEvents,
    Snapshot,
    SnapshotRequest,
    Welcome,
    Word,
    WordKind,
)
from common.money import Currency
from common.retraction import RetractRequest
from common.spending import Spending

_T: Final = 1_750_000_000_000
"""The server time in all vectors: a round number of milliseconds."""
_INSTANCE: Final = "5f1e0a37c29d4b86"
_PROBE: Final = b"~0123456789abcdef0123456789abcdef\x00"

_TERMS: Final = LotTerms(
    lot="12a",
    title="Longcase clock, É. Dupré",
    format=EnglishTerms(
        starting_minor=10_000,
        increments=(Step(0, 500), Step(50_000, 2_500)),
        has_reserve=True,
        buy_now_minor=90_000,
        house_bids=True,
    ),
    description="Oak case.\nEight days.",
    image="clock.jpg",
    seller="The Old Bakery",
    estimate_low_minor=20_000,
    estimate_high_minor=30_000,
    duration_ms=300_000,
    soft_close=SoftClose(window_ms=30_000, extension_ms=30_000, cap_ms=600_000),
)
_PLAIN_TERMS: Final = LotTerms(lot="2", title="Paperbacks", format=EnglishTerms(1, (Step(0, 1),)))
_SEALED_TERMS: Final = LotTerms(
    lot="3", title="Sea chart", format=SealedTerms(50_000, Pays.OWN_OFFER, has_reserve=True), duration_ms=300_000
)
_VICKREY_TERMS: Final = LotTerms(lot="4", title="Sextant", format=SealedTerms(20_000, Pays.SECOND_OFFER))
_DUTCH_TERMS: Final = LotTerms(
    lot="5", title="Tulips", format=DutchTerms(2_000, 500, step_minor=100, step_ms=1_000, units=12)
)
_SALE: Final = SaleView("9c1185a5c5e9fc54", "Evening sale", Currency("GBP", 2), 4, SaleStatus.RUNNING, _T, 5, "Welcome")
_NO_BIDS: Final = EnglishBoard(10_000, reserve_met=False, buy_now_minor=90_000)
_ONE_BID: Final = EnglishBoard(10_500, 10_000, 7, 1, reserve_met=False, buy_now_minor=90_000)
_OUTBID: Final = EnglishBoard(12_000, 11_500, 7, 2, reserve_met=True)
_NO_OFFERS: Final = SealedBoard(50_000)
_TWO_OFFERS: Final = SealedBoard(50_000, offers=2)
_FULL: Final = DutchBoard(2_000, 12)
_FALLEN: Final = DutchBoard(1_800, 12)
_STOPPED: Final = DutchBoard(1_800, 5)
_SOLD_OUT: Final = DutchBoard(1_800, 0)
_TAKEN: Final = (Result(7, 12_600, units=7), Result(8, 9_000, units=5))
_SCHEDULED: Final = LotView(_PLAIN_TERMS, EnglishBoard(1), 1)
_OPEN: Final = LotView(_TERMS, _ONE_BID, 3, LotStatus.OPEN, opens_at_ms=_T, ends_at_ms=_T + 300_000)
_SOLD: Final = LotView(
    _TERMS,
    _OUTBID,
    5,
    LotStatus.SOLD,
    opens_at_ms=_T,
    results=(Result(7, 11_500),),
    closed_at_ms=_T + 300_000,
    close_cause=CloseCause.TIME,
)
_OPEN_SEALED: Final = LotView(_SEALED_TERMS, _NO_OFFERS, 1, LotStatus.OPEN, opens_at_ms=_T, ends_at_ms=_T + 300_000)
_SOLD_SEALED: Final = LotView(
    _SEALED_TERMS,
    _TWO_OFFERS,
    2,
    LotStatus.SOLD,
    opens_at_ms=_T,
    results=(Result(8, 61_000),),
    closed_at_ms=_T + 300_000,
    close_cause=CloseCause.TIME,
)

_OPEN_DUTCH: Final = LotView(_DUTCH_TERMS, _STOPPED, 4, LotStatus.OPEN, opens_at_ms=_T, ends_at_ms=_T + 16_000)
_SOLD_DUTCH: Final = LotView(
    _DUTCH_TERMS,
    _SOLD_OUT,
    5,
    LotStatus.SOLD,
    opens_at_ms=_T,
    results=_TAKEN,
    closed_at_ms=_T + 2_500,
    close_cause=CloseCause.SOLD_OUT,
)

_CONDITIONS: Final = "1. Pay within a week.\n2. Collect by Friday, Zoë."

REQUESTS: Final[dict[str, messages.AnyRequest]] = {
    "hello": Hello(id=1, versions=(PROTOCOL_VERSION,), name="Zoë Ångström", invite="k3Yq", agent="example/1.0"),
    "hello, again": Hello(id=2, versions=(PROTOCOL_VERSION, 2)),
    "hello, observer": Hello(id=3, versions=(PROTOCOL_VERSION,), role=Role.OBSERVER),
    "hello, without CURVE": Hello(id=4, versions=(PROTOCOL_VERSION,), name="Ann", key="A" * 40),
    "ping": Ping(id=5),
    "ping, largest id": Ping(id=INTEGER_MAX),
    "snapshot, first page": SnapshotRequest(id=6),
    "snapshot, next page": SnapshotRequest(id=7, start=256),
    "lot": LotRequest(id=8, lot="12a"),
    "replay, a lot": ReplayRequest(id=9, lot="12a", after_seq=2),
    "replay, the sale": ReplayRequest(id=10, lot="", after_seq=0),
    "bid, open": BidRequest(id=11, lot="12a", amount_minor=11_000),
    "bid, maximum": BidRequest(id=12, lot="12a", maximum_minor=25_000),
    "bid, both": BidRequest(id=13, lot="12a", amount_minor=11_000, maximum_minor=25_000),
    "bid, if the seq is": BidRequest(id=14, lot="12a", amount_minor=11_000, if_seq=2),
    "bid, if nobody has bid": BidRequest(id=15, lot="12a", amount_minor=10_000, if_price_minor=0),
    "bid, while connected": BidRequest(id=16, lot="12a", maximum_minor=25_000, while_connected=True),
    "bid, largest amount": BidRequest(id=17, lot="12a", maximum_minor=AMOUNT_MINOR_MAX),
    "buy": BuyRequest(id=18, lot="12a", price_minor=90_000),
    "buy, if the seq is": BuyRequest(id=19, lot="12a", price_minor=90_000, if_seq=2),
    "seal": SealRequest(id=20, lot="3", amount_minor=61_000),
    "seal, if the seq is": SealRequest(id=21, lot="3", amount_minor=61_000, if_seq=1),
    "unseal": UnsealRequest(id=22, lot="3"),
    "unseal, if the seq is": UnsealRequest(id=23, lot="3", if_seq=1),
    "stop": StopRequest(id=24, lot="5", price_minor=1_800),
    "stop, several units": StopRequest(id=25, lot="5", price_minor=1_800, units=7),
    "stop, if the seq is": StopRequest(id=26, lot="5", price_minor=1_800, units=7, if_seq=3),
    "leave_bid": LeaveBidRequest(id=30, lot="6", amount_minor=25_000),
    "leave_bid, taken back": LeaveBidRequest(id=31, lot="6"),
    "leave_bid, if the seq is": LeaveBidRequest(id=32, lot="6", amount_minor=25_000, if_seq=0),
    "retract": RetractRequest(id=33, lot="5"),
    "retract, if the seq is": RetractRequest(id=34, lot="5", if_seq=3),
    "confirm": ConfirmRequest(id=35, lot="5", stands=True, if_seq=4),
    "confirm, no": ConfirmRequest(id=36, lot="5", stands=False),
    "mine": MineRequest(id=27),
    "news": NewsRequest(id=28, after_seq=0),
    "news, what follows": NewsRequest(id=29, after_seq=2),
    "conditions": ConditionsRequest(id=30),
    "hello, accepts conditions": Hello(id=31, versions=(PROTOCOL_VERSION,), name="Ann", accepts=digest_of(_CONDITIONS)),
}

ANSWERS: Final[dict[str, messages.AnyAnswer]] = {
    "welcome": Welcome(
        id=1,
        version=PROTOCOL_VERSION,
        epoch=1,
        instance=_INSTANCE,
        term=1,
        paddle=7,
        name="Zoë Ångström",
        role=Role.BIDDER,
        sale=_SALE,
        publish_port=7767,
        server_time_ms=_T,
        heartbeat_ms=1000,
        requests_per_s=500,
    ),
    "welcome, observer": Welcome(
        id=3,
        version=PROTOCOL_VERSION,
        epoch=1,
        instance=_INSTANCE,
        term=1,
        paddle=0,
        name="",
        role=Role.OBSERVER,
        sale=_SALE,
        publish_port=7767,
        server_time_ms=_T,
        heartbeat_ms=1000,
        requests_per_s=500,
    ),
    "pong": Pong(id=5, server_time_ms=_T),
    "snapshot": Snapshot(id=6, epoch=1, server_time_ms=_T, sale=_SALE, lots=(_OPEN, _SCHEDULED)),
    "snapshot, more pages": Snapshot(id=6, epoch=1, server_time_ms=_T, sale=_SALE, lots=(_SOLD,), next=1),
    "snapshot, sealed lots": Snapshot(id=6, epoch=1, server_time_ms=_T, sale=_SALE, lots=(_OPEN_SEALED, _SOLD_SEALED)),
    "snapshot, Dutch lots": Snapshot(id=6, epoch=1, server_time_ms=_T, sale=_SALE, lots=(_OPEN_DUTCH, _SOLD_DUTCH)),
    "replay, a lot": Replay(id=9, epoch=1, lot="12a", lot_events=(LotOpened(1, _T, _T + 300_000),), more=True),
    "replay, the sale": Replay(id=10, epoch=1, lot="", sale_events=(Announced(4, _T, "Welcome"),)),
    "replay, nothing is missing": Replay(id=9, epoch=1, lot="12a"),
    "accepted, leading": Accepted("12a", 3, _T, _ONE_BID, _T + 300_000, EnglishOwn(25_000), id=12),
    "accepted, outbid by a maximum": Accepted("12a", 4, _T, _OUTBID, _T + 330_000, id=11),
    "accepted, bought": Accepted(
        "12a", 3, _T, EnglishBoard(10_000, reserve_met=False), results=(Result(7, 90_000),), id=18
    ),
    "accepted, sealed": Accepted("3", 1, _T, _NO_OFFERS, _T + 300_000, SealedOwn(61_000), id=20),
    "accepted, taken back": Accepted("3", 1, _T, _NO_OFFERS, _T + 300_000, id=22),
    "accepted, the clock stopped": Accepted("5", 4, _T, _STOPPED, _T + 16_000, DutchOwn(7, 12_600), id=25),
    "accepted, the last units": Accepted("5", 5, _T, _SOLD_OUT, own=DutchOwn(5, 9_000), results=_TAKEN, id=25),
    "rejected, of a bid": Rejected(id=11, code=RejectCode.BELOW_MINIMUM, lot="12a", seq=4, board=_OUTBID),
    "rejected, late": Rejected(
        id=11, code=RejectCode.LOT_CLOSED, lot="12a", seq=5, board=_OUTBID, own=EnglishOwn(25_000), late_ms=140
    ),
    "rejected, of a sealed offer": Rejected(
        id=20, code=RejectCode.BELOW_MINIMUM, lot="3", seq=1, board=_NO_OFFERS, own=SealedOwn(61_000)
    ),
    "rejected, of a stop": Rejected(
        id=24, code=RejectCode.BELOW_MINIMUM, lot="5", seq=3, board=_FALLEN, own=DutchOwn(1, 1_900)
    ),
    "rejected, no id": Rejected(id=0, code=RejectCode.MALFORMED, detail="Expected `object`, got `array`"),
    "mine": Mine(
        id=27,
        paddle=7,
        positions=(
            Position("12a", EnglishOwn(25_000)),
            Position("3", SealedOwn(61_000)),
            Position("5", DutchOwn(7, 12_600)),
        ),
        won=("2",),
        total_minor=150,
        spending=Spending(200_000, 150, 98_600),
    ),
    "news": News(
        id=28,
        epoch=1,
        words=(
            Word(1, _T, WordKind.ADMITTED),
            Word(2, _T, WordKind.MESSAGE, "Your clock is in room 2, Zoë."),
            Word(3, _T, WordKind.OFFER_VOID, "It was on the wrong paddle.", "12a"),
            Word(4, _T, WordKind.LEAD_BACK, lot="12a"),
            Word(5, _T, WordKind.LEAD_LOST, lot="12a"),
            Word(6, _T, WordKind.SALE_VOID, "The hammer fell too early.", "12a"),
            Word(7, _T, WordKind.AWARDED, lot="12a"),
            Word(8, _T, WordKind.LEFT_BID_VOID, "below_minimum", "12a"),
            Word(9, _T, WordKind.ASKED, "It was on the wrong paddle.", "12a"),
        ),
    ),
    "conditions": Conditions(id=30, digest=digest_of(_CONDITIONS), text=_CONDITIONS),
    "conditions, none": Conditions(id=30, digest="", text=""),
    "rejected, conditions": Rejected(id=31, code=RejectCode.CONDITIONS_NOT_ACCEPTED),
    "news, turned out": News(id=29, epoch=1, words=(Word(3, _T, WordKind.TURNED_OUT),)),
    "news, none in time": News(id=29, epoch=1),
    **{
        f"rejected, {code.value}": Rejected(id=11, code=code, retry_ms=500 if code is RejectCode.SLOW_DOWN else None)
        for code in RejectCode
    },
}

_LOT_EVENTS: Final[tuple[AnyLotEvent, ...]] = (
    LotRescheduled(1, _T, _T + 60_000),
    LotOpened(2, _T, _T + 300_000),
    LotOpened(2, _T),
    LotMoved(3, _T, _ONE_BID, _T + 300_000, 7),
    LotMoved(4, _T, _OUTBID, _T + 330_000, 8),
    LotMoved(3, _T, _FALLEN, _T + 16_000),
    LotMoved(4, _T, _STOPPED, _T + 16_000, 7),
    LotPaused(5, _T, 299_000),
    LotPaused(5, _T),
    LotResumed(6, _T, _T + 299_000),
    LotExtended(7, _T, ExtendCause.AUCTIONEER, _T + 359_000),
    LotExtended(7, _T, ExtendCause.OUTAGE, None, 60_000),
    LotClosed(8, _T, CloseCause.TIME, _OUTBID, (Result(7, 11_500),)),
    LotClosed(8, _T, CloseCause.HAMMER, EnglishBoard(10_000, reserve_met=False)),
    LotClosed(8, _T, CloseCause.BUY_NOW, EnglishBoard(10_000, reserve_met=False), (Result(8, 90_000),)),
    LotClosed(8, _T, CloseCause.TIME, _TWO_OFFERS, (Result(8, 61_000),)),
    LotClosed(8, _T, CloseCause.TIME, SealedBoard(50_000, offers=0)),
    LotClosed(5, _T, CloseCause.SOLD_OUT, _SOLD_OUT, _TAKEN),
    LotWithdrawn(8, _T, _OUTBID, "Damaged in the hall"),
    LotCorrected(9, _T, CorrectionCause.UNDO, LotStatus.OPEN, _ONE_BID, _T + 359_000, void_from_seq=4),
    LotCorrected(9, _T, CorrectionCause.RETRACTED, LotStatus.PAUSED, _NO_BIDS, None, 60_000, void_from_seq=2),
    LotCorrected(9, _T, CorrectionCause.REOPEN, LotStatus.OPEN, _OUTBID, _T + 60_000),
    LotCorrected(9, _T, CorrectionCause.VOID, LotStatus.PASSED, _ONE_BID, void_from_seq=3),
    LotCorrected(9, _T, CorrectionCause.AWARD, LotStatus.SOLD, _ONE_BID, results=(Result(7, 10_000),)),
    LotCorrected(9, _T, CorrectionCause.TURNED_OUT, LotStatus.OPEN, _NO_BIDS, _T + 300_000, void_from_seq=2),
    LotCorrected(9, _T, CorrectionCause.UNDO, LotStatus.PAUSED, _ONE_BID, None, 60_000, (), 4, Asked(7, _T + 60_000)),
    LotCorrected(9, _T, CorrectionCause.DECLINED, LotStatus.PAUSED, _ONE_BID, asked=Asked(7, None, 60_000)),
    LotCorrected(9, _T, CorrectionCause.UNANSWERED, LotStatus.OPEN, _NO_BIDS, _T + 300_000, void_from_seq=2),
    LotAsked(10, _T, Asked(7, None, 40_000)),
    LotAsked(11, _T, Asked(7, _T + 40_000)),
    LotConfirmed(12, _T, LotStatus.OPEN, _T + 60_000),
    LotConfirmed(12, _T, LotStatus.PAUSED, None, 60_000),
    LotRevised(9, _T, _PLAIN_TERMS, EnglishBoard(1), _T),
    LotRevised(9, _T, _TERMS, _ONE_BID, _T, _T + 359_000),
)
_SALE_EVENTS: Final[tuple[AnySaleEvent, ...]] = (
    LotAdded(1, _T, _TERMS, _NO_BIDS, _T),
    LotAdded(2, _T, _PLAIN_TERMS, EnglishBoard(1)),
    LotAdded(3, _T, _SEALED_TERMS, _NO_OFFERS, _T),
    LotAdded(4, _T, _VICKREY_TERMS, SealedBoard(20_000)),
    LotAdded(5, _T, _DUTCH_TERMS, _FULL),
    LotsReordered(6, _T, "5", "2"),
    LotsReordered(6, _T, "2"),
    SalePaused(6, _T),
    SaleResumed(7, _T),
    Announced(8, _T, "Fünf Minuten Pause"),
    Called(9, _T, "7", Call.FAIR_WARNING),
    SaleEnded(10, _T),
)

BROADCASTS: Final[dict[str, tuple[bytes, messages.AnyBroadcast]]] = {
    "heartbeat": (
        codec.topic(codec.BEAT_TOPIC),
        Heartbeat(
            epoch=1, instance=_INSTANCE, term=1, server_time_ms=_T, sale_seq=4, lots=(LotSeq("12a", 3), LotSeq("2", 0))
        ),
    ),
    "heartbeat, frozen": (
        codec.topic(codec.BEAT_TOPIC),
        Heartbeat(epoch=1, instance=_INSTANCE, term=1, server_time_ms=_T, sale_seq=4, lots=(), frozen=True),
    ),
    "probed": (_PROBE, Probed(epoch=1, instance=_INSTANCE, term=1, server_time_ms=_T, subscriptions=3)),
    "lot_events, two at once": (
        codec.lot_topic("12a"),
        LotEvents(epoch=1, lot="12a", events=(_LOT_EVENTS[3], _LOT_EVENTS[4])),
    ),
    **{
        f"lot_events, {place}: {event.__struct_config__.tag}": (
            codec.lot_topic("12a"),
            LotEvents(epoch=1, lot="12a", events=(event,)),
        )
        for place, event in enumerate(_LOT_EVENTS, 1)
    },
    "many_lots": (
        codec.topic(codec.MANY_LOTS_TOPIC),
        ManyLots(
            epoch=1,
            lots=(OneLot("12a", (_LOT_EVENTS[3], _LOT_EVENTS[4])), OneLot("2", (_LOT_EVENTS[0],))),
        ),
    ),
    **{
        f"sale_events, {place}: {event.__struct_config__.tag}": (
            codec.topic(codec.SALE_TOPIC),
            SaleEvents(epoch=1, events=(event,)),
        )
        for place, event in enumerate(_SALE_EVENTS, 1)
    },
}


def _in_pairs(*pairs: tuple[str, object]) -> bytes:
    """Return a map with these keys in this order, even if one of them is repeated."""
    return bytes([0x80 + len(pairs)]) + b"".join(msgpack.packb(part) for pair in pairs for part in pair)


REFUSED: Final[dict[str, bytes]] = {
    "empty body": b"",
    "not MessagePack": b"\xc1",
    "not a map": msgpack.packb([1, 2]),
    "no type": msgpack.packb({"id": 20}),
    "unknown type": msgpack.packb({"type": "shout", "id": 20}),
    "an answer's type": msgpack.packb({"type": "pong", "id": 20, "server_time_ms": 1}),
    "unknown field": msgpack.packb({"type": "ping", "id": 20, "colour": "red"}),
    "field missing": msgpack.packb({"type": "bid", "id": 20, "amount_minor": 100}),
    "id 0": msgpack.packb({"type": "ping", "id": 0}),
    "id over 2^53-1": msgpack.packb({"type": "ping", "id": INTEGER_MAX + 1}),
    "id is text": msgpack.packb({"type": "ping", "id": "20"}),
    "bytes after the map": msgpack.packb({"type": "ping", "id": 20}) + b"\xc0",
    "keys are bin": msgpack.packb({b"type": "ping", b"id": 20}),
    "text is bin": msgpack.packb({"type": "lot", "id": 20, "lot": b"12a"}),
    "text is not UTF-8": msgpack.packb({"type": "lot", "id": 20, "lot": "\udcff"}, unicode_errors="surrogateescape"),
    "nil where it is not allowed": msgpack.packb({"type": "hello", "id": 20, "versions": [1], "name": None}),
    "amount is a float": msgpack.packb({"type": "bid", "id": 20, "lot": "12a", "amount_minor": 100.0}),
    "amount is text": msgpack.packb({"type": "bid", "id": 20, "lot": "12a", "amount_minor": "100"}),
    "amount is a bool": msgpack.packb({"type": "bid", "id": 20, "lot": "12a", "maximum_minor": True}),
    "amount 0": msgpack.packb({"type": "bid", "id": 20, "lot": "12a", "amount_minor": 0}),
    "amount below 0": msgpack.packb({"type": "bid", "id": 20, "lot": "12a", "amount_minor": -100}),
    "amount over 10^15": msgpack.packb({"type": "bid", "id": 20, "lot": "12a", "amount_minor": AMOUNT_MINOR_MAX + 1}),
    "amount is an ext": msgpack.packb(
        {"type": "bid", "id": 20, "lot": "12a", "amount_minor": msgpack.ExtType(5, b"1")}
    ),
    "amount 0, and an unknown field": msgpack.packb(
        {"type": "bid", "id": 20, "lot": "12a", "amount_minor": 0, "colour": "red"}
    ),
    "two amounts, the first over 10^15 and the second 0": msgpack.packb(
        {"type": "bid", "id": 20, "lot": "12a", "amount_minor": AMOUNT_MINOR_MAX + 1, "maximum_minor": 0}
    ),
    "if_price_minor below 0": msgpack.packb(
        {"type": "bid", "id": 20, "lot": "12a", "amount_minor": 100, "if_price_minor": -1}
    ),
    "if_price_minor over 2^53-1": msgpack.packb(
        {"type": "bid", "id": 20, "lot": "12a", "amount_minor": 100, "if_price_minor": INTEGER_MAX + 1}
    ),
    "a sealed offer of 0": msgpack.packb({"type": "seal", "id": 20, "lot": "3", "amount_minor": 0}),
    "a sealed offer over 10^15": msgpack.packb(
        {"type": "seal", "id": 20, "lot": "3", "amount_minor": AMOUNT_MINOR_MAX + 1}
    ),
    "a sealed offer without an amount": msgpack.packb({"type": "seal", "id": 20, "lot": "3"}),
    "a sealed offer that is taken back, with an amount": msgpack.packb(
        {"type": "unseal", "id": 20, "lot": "3", "amount_minor": 61_000}
    ),
    "a clock is stopped for 0 units": msgpack.packb(
        {"type": "stop", "id": 20, "lot": "5", "price_minor": 1_800, "units": 0}
    ),
    "a clock is stopped for 65 units": msgpack.packb(
        {"type": "stop", "id": 20, "lot": "5", "price_minor": 1_800, "units": 65}
    ),
    "a key twice": _in_pairs(("type", "bid"), ("id", 20), ("lot", "12a"), ("amount_minor", 1), ("amount_minor", 2)),
    "a key twice, the same": _in_pairs(("type", "ping"), ("id", 20), ("type", "ping")),
    "the id twice": _in_pairs(("type", "ping"), ("id", 20), ("id", 21)),
    "lot number too long": msgpack.packb({"type": "lot", "id": 20, "lot": "1" * 17}),
}
"""Bodies that are not requests."""


def vectors() -> str:
    """Return the text of `docs/vectors.json`."""
    content = {
        "version": PROTOCOL_VERSION,
        "requests": [_vector(name, message, encode(message)) for name, message in REQUESTS.items()],
        "answers": [_vector(name, message, encode(message)) for name, message in ANSWERS.items()],
        "broadcasts": [
            _vector(name, message, encode_broadcast(topic, message)) | {"topic": topic.rstrip(b"\x00").decode()}
            for name, (topic, message) in BROADCASTS.items()
        ],
        "refused": [_refused(name, body) for name, body in REFUSED.items()],
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _vector(name: str, message: msgspec.Struct, frame: bytes) -> dict[str, Any]:
    return {"name": name, "hex": frame.hex(), "json": msgspec.to_builtins(message)}


def _refused(name: str, body: bytes) -> dict[str, Any]:
    try:
        decode_request(body)
    except RejectedBody as refused:
        return {"name": name, "hex": body.hex(), "code": refused.code.value, "id": refused.request_id}
    raise AssertionError(f"the house would take the body {name!r}")
