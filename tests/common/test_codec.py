"""Bytes from a stranger give a request or a rejection, and nothing else, whatever they are."""

import math
from typing import Any, get_args

import msgpack
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from common import codec
from common.absentee import LeaveBidRequest
from common.codec import (
    RejectedBody,
    decode_answer,
    decode_broadcast,
    decode_request,
    encode,
    encode_broadcast,
    lot_topic,
    topic,
)
from common.confirming import ConfirmRequest
from common.errors import ProtocolError, RejectCode
from common.formats.dutch import StopRequest
from common.formats.english import BidRequest, BuyRequest
from common.formats.sealed import SealRequest, UnsealRequest
from common.limits import (
    AMOUNT_MINOR_MAX,
    INTEGER_MAX,
    INVITE_CHARS_MAX,
    KEY_CHARS,
    LOT_CHARS_MAX,
    LOTS_MAX,
    NAME_CHARS_MAX,
    REPLY_BYTES_MAX,
    REQUEST_BYTES_MAX,
    TOPIC_BYTES_MAX,
)
from common.messages import (
    AnyRequest,
    ConditionsRequest,
    Heartbeat,
    Hello,
    LotRequest,
    LotSeq,
    MineRequest,
    NewsRequest,
    Ping,
    Pong,
    ReplayRequest,
    SnapshotRequest,
)
from common.retraction import RetractRequest
from tests.rejections import check_request

BID = {"type": "bid", "id": 7, "lot": "1"}

# --- any bytes at all ----------------------------------------------------------------------------------------------

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text(max_size=20)
    | st.binary(max_size=20)
    | st.sampled_from(["bid", "buy", "hello", "ping", "snapshot", "lot", "replay", "mine"])
)
FIELDS = st.sampled_from(
    ["type", "id", "lot", "amount_minor", "maximum_minor", "price_minor", "if_seq", "versions", "name", "role", "start"]
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4)
)
NEARLY_MESSAGES = st.dictionaries(FIELDS | st.text(max_size=8), VALUES, max_size=8).map(msgpack.packb)


@given(st.binary(max_size=300))
def test_any_bytes(body: bytes) -> None:
    check_request(body)


@given(NEARLY_MESSAGES)
def test_maps_that_are_nearly_messages(body: bytes) -> None:
    check_request(body)


@given(st.data())
def test_messages_with_a_byte_changed_or_cut_short(data: st.DataObject) -> None:
    body = bytearray(encode(BidRequest(id=7, lot="12", amount_minor=5000, maximum_minor=9000, if_seq=3)))
    body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    check_request(bytes(body[: data.draw(st.integers(0, len(body)))]))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xc1",  # a byte that MessagePack never uses
        b"\x81" * 4000,  # maps in maps
        b"\x91" * 8000,  # arrays in arrays, deeper than the stack
        b"\xdf\xff\xff\xff\xff",  # a map that claims four thousand million entries
        b"\xdd\xff\xff\xff\xff",
        b"\xc6\xff\xff\xff\xff",
        b"\xdb\xff\xff\xff\xff",
        b"\xc9\x00\x00\x10\x00\x01" + b"x" * 4096,  # an extension type
        b"\xd6\xff\x00\x00\x00\x00",  # a timestamp
        b"\xa1\xff",  # text that is not UTF-8
        b"\x81\xa2id\xa1\xff",
        b"\x81\x91\x01\x01",  # a list as a key
        b"\x81\x01\x02",
        b"\x90",
        b"\x07",
        encode({"type": "bid"}) + b"\x00",  # something after the end
        encode([{"type": "ping", "id": 1}]),
    ],
)
def test_bodies_made_to_harm(body: bytes) -> None:
    with pytest.raises(RejectedBody):
        decode_request(body)


# --- what a rejection says -------------------------------------------------------------------------------------------


def rejection(fields: dict[str, object]) -> RejectedBody:
    with pytest.raises(RejectedBody) as caught:
        decode_request(msgpack.packb(fields))
    return caught.value


@pytest.mark.parametrize("field", ["amount_minor", "maximum_minor"])
@pytest.mark.parametrize(
    ("value", "code"),
    [
        (-1, RejectCode.INVALID_AMOUNT),
        (0, RejectCode.INVALID_AMOUNT),
        (-(2**63), RejectCode.INVALID_AMOUNT),
        (1.5, RejectCode.INVALID_AMOUNT),
        (12.0, RejectCode.INVALID_AMOUNT),
        (math.nan, RejectCode.INVALID_AMOUNT),
        (math.inf, RejectCode.INVALID_AMOUNT),
        (-math.inf, RejectCode.INVALID_AMOUNT),
        (True, RejectCode.INVALID_AMOUNT),
        ("12", RejectCode.INVALID_AMOUNT),
        (b"12", RejectCode.INVALID_AMOUNT),
        ([12], RejectCode.INVALID_AMOUNT),
        ({"12": 12}, RejectCode.INVALID_AMOUNT),
        (msgpack.ExtType(5, b"12"), RejectCode.INVALID_AMOUNT),
        (msgpack.Timestamp(12), RejectCode.INVALID_AMOUNT),
        (AMOUNT_MINOR_MAX + 1, RejectCode.OVER_LIMIT),
        (2**53, RejectCode.OVER_LIMIT),
        (2**63 - 1, RejectCode.OVER_LIMIT),
        (2**63, RejectCode.OVER_LIMIT),
        (2**64 - 1, RejectCode.OVER_LIMIT),
    ],
)
def test_amounts_that_are_none(field: str, value: object, code: RejectCode) -> None:
    refused = rejection({**BID, field: value})
    assert (refused.code, refused.request_id) == (code, 7)
    assert rejection({"type": "buy", "id": 7, "lot": "1", "price_minor": value}).code is code


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (-1, RejectCode.INVALID_AMOUNT),
        ("0", RejectCode.INVALID_AMOUNT),
        (INTEGER_MAX + 1, RejectCode.OVER_LIMIT),
    ],
)
def test_a_price_as_a_condition_is_an_amount_too(value: object, code: RejectCode) -> None:
    assert rejection({**BID, "amount_minor": 5, "if_price_minor": value}).code is code
    for good in (0, INTEGER_MAX):
        decode_request(msgpack.packb({**BID, "amount_minor": 5, "if_price_minor": good}))


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"amount_minor": AMOUNT_MINOR_MAX + 1, "maximum_minor": 0}, RejectCode.OVER_LIMIT),
        ({"maximum_minor": 0, "if_price_minor": INTEGER_MAX + 1}, RejectCode.INVALID_AMOUNT),
        ({"amount_minor": 0, "lot": 3}, RejectCode.MALFORMED),
        ({"amount_minor": 0, "colour": "red"}, RejectCode.MALFORMED),
        ({"amount_minor": AMOUNT_MINOR_MAX + 1, "if_seq": 1.0}, RejectCode.MALFORMED),
        ({"amount_minor": 0, "if_seq": msgpack.Timestamp(12)}, RejectCode.MALFORMED),
        ({"amount_minor": 0, "type": "buy"}, RejectCode.MALFORMED),
        ({"price_minor": 0, "amount_minor": 5}, RejectCode.MALFORMED),
    ],
)
def test_an_amount_is_named_where_nothing_else_is_wrong(fields: dict[str, object], code: RejectCode) -> None:
    assert rejection(BID | fields).code is code


def test_the_words_of_the_decoder_decide_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(body: bytes) -> AnyRequest:
        raise msgspec.ValidationError("entirely other words")

    monkeypatch.setattr(codec, "_decode_request", fail)
    assert rejection({**BID, "amount_minor": 0}).code is RejectCode.INVALID_AMOUNT
    assert rejection({**BID, "amount_minor": AMOUNT_MINOR_MAX + 1}).code is RejectCode.OVER_LIMIT
    assert rejection({**BID, "lot": 3}).code is RejectCode.MALFORMED


def in_pairs(*pairs: tuple[str, object]) -> bytes:
    """Return a map that has these keys in this order, also where one of them stands there twice."""
    return bytes([0x80 + len(pairs)]) + b"".join(msgpack.packb(part) for pair in pairs for part in pair)


@pytest.mark.parametrize(
    ("pairs", "request_id"),
    [
        ((("type", "bid"), ("id", 7), ("lot", "1"), ("lot", "1")), 7),
        ((("type", "bid"), ("id", 7), ("lot", "1"), ("lot", "2"), ("amount_minor", 5)), 7),
        ((("type", "bid"), ("id", 7), ("lot", "1"), ("amount_minor", 5), ("amount_minor", 6)), 7),
        ((("type", "bid"), ("id", 7), ("lot", "1"), ("amount_minor", 5), ("amount_minor", None)), 7),
        ((("type", "bid"), ("id", 7), ("lot", "1"), ("amount_minor", 0), ("amount_minor", 0)), 7),
        ((("type", "bid"), ("id", 7), ("lot", "1"), ("maximum_minor", 5), ("id", 8)), 0),
        ((("type", "ping"), ("type", "ping"), ("id", 7)), 7),
        ((("type", "mine"), ("id", 7), ("start", 0), ("start", 0)), 7),
    ],
)
def test_a_key_that_stands_twice_is_refused(pairs: tuple[tuple[str, object], ...], request_id: int) -> None:
    with pytest.raises(RejectedBody) as caught:
        decode_request(in_pairs(*pairs))
    assert (caught.value.code, caught.value.request_id) == (RejectCode.MALFORMED, request_id)


@pytest.mark.parametrize(
    "fields",
    [
        {"amount_minor": 5, "maximum_minor": None},
        {"amount_minor": 5, "while_connected": False},
        {"amount_minor": None, "maximum_minor": 9, "if_seq": None, "if_price_minor": 0, "while_connected": True},
        {"amount_minor": 5, "maximum_minor": 9, "if_seq": 1, "if_price_minor": 2, "while_connected": False},
    ],
)
def test_what_has_its_default_may_be_sent(fields: dict[str, Any]) -> None:
    assert decode_request(msgpack.packb({**BID, **fields})) == BidRequest(id=7, lot="1", **fields)


def test_integers_may_be_wider_than_they_need() -> None:
    body = in_pairs(("type", "bid"), ("id", 7), ("lot", "1")) + msgpack.packb("amount_minor")
    wide = bytes([0x84]) + body[1:] + b"\xcf" + (5).to_bytes(8, "big")
    assert decode_request(wide) == BidRequest(id=7, lot="1", amount_minor=5)
    assert decode_request(b"\xde\x00\x04" + wide[1:]) == BidRequest(id=7, lot="1", amount_minor=5)


@pytest.mark.parametrize("value", [1, 2**31, 2**32, AMOUNT_MINOR_MAX])
def test_amounts_up_to_the_limit(value: int) -> None:
    request = decode_request(msgpack.packb({**BID, "amount_minor": value}))
    assert request == BidRequest(id=7, lot="1", amount_minor=value)


def test_an_amount_that_is_not_given_may_be_nil() -> None:
    assert decode_request(msgpack.packb({**BID, "amount_minor": None})) == BidRequest(id=7, lot="1")


def test_a_purchase_needs_a_price() -> None:
    assert rejection({"type": "buy", "id": 7, "lot": "1"}).code is RejectCode.MALFORMED
    assert rejection({"type": "buy", "id": 7, "lot": "1", "price_minor": None}).code is RejectCode.INVALID_AMOUNT


@pytest.mark.parametrize(
    ("request_id", "told"),
    [
        (1, 1),
        (INTEGER_MAX, INTEGER_MAX),
        (0, 0),
        (-1, 0),
        (INTEGER_MAX + 1, 0),
        ("7", 0),
        (True, 0),
        (7.0, 0),
        (None, 0),
    ],
)
def test_a_rejection_names_the_request_if_it_has_an_id(request_id: object, told: int) -> None:
    refused = rejection({"type": "bid", "id": request_id})
    assert (refused.code, refused.request_id) == (RejectCode.MALFORMED, told)


@pytest.mark.parametrize(
    "fields",
    [
        {"id": 7, "lot": "1"},
        {"type": "sell", "id": 7},
        {"type": None, "id": 7},
        {"type": "Bid", "id": 7, "lot": "1"},
        {"type": "accepted", "id": 7},
        {**BID, "paddle": 3},
        {**BID, "amount": 3},
        {**BID, "while_connected": 1},
        {**BID, "lot": 1},
        {**BID, "lot": b"1"},
        {**BID, "if_seq": -1},
        {**BID, "if_seq": INTEGER_MAX + 1},
        {"type": "hello", "id": 7, "versions": [1], "role": "king"},
    ],
)
def test_what_is_not_a_message_is_malformed(fields: dict[str, object]) -> None:
    refused = rejection(fields)
    assert (refused.code, refused.request_id) == (RejectCode.MALFORMED, 7)
    assert str(refused) == f"malformed: {refused.detail}"


# --- limits, at the bound and one over -----------------------------------------------------------------------------

BOUNDS = [
    ({"type": "ping", "id": INTEGER_MAX}, {"type": "ping", "id": INTEGER_MAX + 1}),
    ({"type": "ping", "id": 1}, {"type": "ping", "id": 0}),
    ({**BID, "lot": "x" * LOT_CHARS_MAX}, {**BID, "lot": "x" * (LOT_CHARS_MAX + 1)}),
    ({**BID, "lot": "x"}, {**BID, "lot": ""}),
    ({**BID, "if_seq": INTEGER_MAX}, {**BID, "if_seq": INTEGER_MAX + 1}),
    ({"type": "snapshot", "id": 1, "start": LOTS_MAX}, {"type": "snapshot", "id": 1, "start": LOTS_MAX + 1}),
    ({"type": "snapshot", "id": 1, "start": 0}, {"type": "snapshot", "id": 1, "start": -1}),
    (
        {"type": "replay", "id": 1, "lot": "x" * LOT_CHARS_MAX, "after_seq": INTEGER_MAX},
        {"type": "replay", "id": 1, "lot": "x" * (LOT_CHARS_MAX + 1), "after_seq": 0},
    ),
    (
        {"type": "replay", "id": 1, "lot": "", "after_seq": INTEGER_MAX},
        {"type": "replay", "id": 1, "lot": "", "after_seq": INTEGER_MAX + 1},
    ),
    ({"type": "hello", "id": 1, "versions": [1] * 8}, {"type": "hello", "id": 1, "versions": [1] * 9}),
    ({"type": "hello", "id": 1, "versions": [0]}, {"type": "hello", "id": 1, "versions": []}),
    *(
        (
            {"type": "hello", "id": 1, "versions": [1], field: "x" * chars_max},
            {"type": "hello", "id": 1, "versions": [1], field: "x" * (chars_max + 1)},
        )
        for field, chars_max in (
            ("name", 4 * NAME_CHARS_MAX),
            ("invite", INVITE_CHARS_MAX),
            ("agent", 64),
            ("key", KEY_CHARS),
        )
    ),
]


@pytest.mark.parametrize(("inside", "outside"), BOUNDS)
def test_the_bounds_of_fields(inside: dict[str, object], outside: dict[str, object]) -> None:
    assert decode_request(msgpack.packb(inside)).id == inside["id"]
    assert rejection(outside).code is RejectCode.MALFORMED


def test_the_largest_body() -> None:
    body = msgpack.packb({"type": "ping", "id": 1, "x": ""})
    filled = msgpack.packb({"type": "ping", "id": 1, "x": "y" * (REQUEST_BYTES_MAX - len(body) - 2)})
    assert len(filled) == REQUEST_BYTES_MAX
    with pytest.raises(RejectedBody) as caught:
        decode_request(filled)
    assert (caught.value.code, caught.value.request_id) == (RejectCode.MALFORMED, 1)
    with pytest.raises(RejectedBody) as caught:
        decode_request(filled + b"\x00")
    assert (caught.value.code, caught.value.request_id) == (RejectCode.TOO_LARGE, 0)


# --- there and back ------------------------------------------------------------------------------------------------

REQUESTS = (
    Hello(id=1, versions=(1, 2), name="Ann", invite="code", accepts="d" * 64, agent="a/1", key="k" * KEY_CHARS),
    Ping(id=2),
    SnapshotRequest(id=3, start=256),
    LotRequest(id=4, lot="12"),
    ReplayRequest(id=5, lot="", after_seq=9),
    BidRequest(id=6, lot="1", amount_minor=1, maximum_minor=2, if_seq=3, if_price_minor=0, while_connected=True),
    BuyRequest(id=7, lot="1", price_minor=5, if_seq=3),
    SealRequest(id=8, lot="1", amount_minor=5, if_seq=3),
    UnsealRequest(id=9, lot="1", if_seq=3),
    StopRequest(id=10, lot="1", price_minor=5, units=2, if_seq=3),
    LeaveBidRequest(id=13, lot="1", amount_minor=5, if_seq=3),
    RetractRequest(id=14, lot="1", if_seq=3),
    ConfirmRequest(id=15, lot="1", stands=False, if_seq=3),
    MineRequest(id=11),
    NewsRequest(id=12, after_seq=64),
    ConditionsRequest(id=13),
)


def test_every_request_there_and_back() -> None:
    assert {type(request) for request in REQUESTS} == set(get_args(AnyRequest))
    for request in REQUESTS:
        assert decode_request(encode(request)) == request


def test_what_has_its_default_is_not_sent() -> None:
    assert msgpack.unpackb(encode(BidRequest(id=6, lot="1", amount_minor=1))) == {
        "type": "bid",
        "id": 6,
        "lot": "1",
        "amount_minor": 1,
    }


# --- from the house ------------------------------------------------------------------------------------------------


def test_answers_may_gain_fields() -> None:
    assert decode_answer(msgpack.packb({"type": "pong", "id": 1, "server_time_ms": 5, "mood": "fine"})) == Pong(
        id=1, server_time_ms=5
    )


@given(st.binary(max_size=200))
def test_from_any_bytes_of_the_house_only_a_protocol_error(body: bytes) -> None:
    for decode in (decode_answer, decode_broadcast):
        with pytest.raises(ProtocolError):
            decode(body)


def test_answers_have_a_limit() -> None:
    with pytest.raises(ProtocolError, match="the limit is"):
        decode_answer(b"\x00" * (REPLY_BYTES_MAX + 1))


# --- topics --------------------------------------------------------------------------------------------------------

BEAT = Heartbeat(epoch=1, instance="i", term=1, server_time_ms=5, sale_seq=2, lots=(LotSeq("1", 4),))


def test_a_broadcast_there_and_back() -> None:
    frame = encode_broadcast(topic("beat"), BEAT)
    assert frame.startswith(b"beat\x00")
    assert decode_broadcast(frame) == BEAT


def test_a_body_may_have_the_byte_that_ends_the_topic() -> None:
    beat = msgspec.structs.replace(BEAT, sale_seq=0)
    assert b"\x00" in encode(beat)
    assert decode_broadcast(encode_broadcast(topic("beat"), beat)) == beat


def test_the_topic_of_one_lot_is_not_the_beginning_of_anothers() -> None:
    assert lot_topic("1") == b"lot/1\x00"
    assert not lot_topic("10").startswith(lot_topic("1"))
    assert lot_topic("10").startswith(b"lot/")


def test_a_broadcast_needs_a_topic_of_bounded_length() -> None:
    assert decode_broadcast(b"t" * TOPIC_BYTES_MAX + b"\x00" + encode(BEAT)) == BEAT
    for frame in (b"t" * (TOPIC_BYTES_MAX + 1) + b"\x00" + encode(BEAT), b"beat", b""):
        with pytest.raises(ProtocolError, match="without a topic"):
            decode_broadcast(frame)
