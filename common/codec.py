"""Bytes to messages and back, with every limit and a single error.

msgspec decodes typed MessagePack in one pass, so nothing that is not a message is ever built. If that fails, msgpack
reads the body again under limits of its own, to tell the sender what was wrong and with which request. The answer
depends on the values in the body, never on the words of an error.

A request that repeats a key is refused, although msgspec accepts one and uses the last value. The check is cheap. A
body of the shortest possible length has no room for a repeated key, so only a longer body is read a second time. The
commonest bids hold a type, an id, a lot and one amount; their number of keys alone shows that none is repeated.

A broadcast is one frame: topic, NUL, body. The NUL ends the topic, so that a subscription to `lot/1` plus NUL does
not match lot 10.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Final, NamedTuple, TypeVar, get_args

import msgpack
import msgspec
from msgspec import inspect as wire

from common.errors import ProtocolError, RejectCode
from common.formats.english import BidRequest
from common.limits import (
    INTEGER_MAX,
    LOTS_MAX,
    REPLY_BYTES_MAX,
    REQUEST_BYTES_MAX,
    TOPIC_BYTES_MAX,
)
from common.messages import AnyAnswer, AnyBroadcast, AnyRequest

TOPIC_END: Final = b"\x00"
BEAT_TOPIC: Final = "beat"
SALE_TOPIC: Final = "sale"
LOT_TOPIC_PREFIX: Final = "lot/"
MANY_LOTS_TOPIC: Final = LOT_TOPIC_PREFIX
"""The topic of `many_lots`. It belongs to no single lot, and a subscription to the prefix matches it too."""
PROBE_TOPIC_PREFIX: Final = "~"
"""It sorts after all other topics, so a probe's answer shows that the subscriptions before it are in force."""

T = TypeVar("T")
encode = msgspec.msgpack.Encoder().encode
_decode_request: Final[Callable[[bytes], AnyRequest]] = msgspec.msgpack.Decoder(AnyRequest).decode
_answers: Final[msgspec.msgpack.Decoder[AnyAnswer]] = msgspec.msgpack.Decoder(AnyAnswer)
_broadcasts: Final[msgspec.msgpack.Decoder[AnyBroadcast]] = msgspec.msgpack.Decoder(AnyBroadcast)


class _Range(NamedTuple):
    """The amounts that a field may hold, in minor units; both bounds are allowed."""

    least: int
    most: int
    may_be_nil: bool


def _amounts_of(request: type[msgspec.Struct]) -> dict[str, _Range]:
    described = wire.type_info(request)
    assert isinstance(described, wire.StructType)
    amounts = {}
    for field in described.fields:
        kind = field.type.type if isinstance(field.type, wire.Metadata) else field.type  # without its description
        kinds = kind.types if isinstance(kind, wire.UnionType) else (kind,)
        if field.name.endswith("_minor"):
            (number,) = (one for one in kinds if isinstance(one, wire.IntType))
            assert number.ge is not None
            assert number.le is not None
            amounts[field.name] = _Range(number.ge, number.le, any(isinstance(one, wire.NoneType) for one in kinds))
    return amounts


_AMOUNTS: Final = {str(one.__struct_config__.tag): _amounts_of(one) for one in get_args(AnyRequest)}
"""By the request's type: the fields that hold amounts, in the order in which its table lists them."""

_MAP_OF_FOUR: Final = 0x84
_DECODING_ERRORS: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, MemoryError, OverflowError)


class RejectedBody(Exception):  # noqa: N818 -- it carries a rejection, not an error of ours
    """A request body that is refused; answer `request_id` with `code`. It is 0 if the id could not be read."""

    def __init__(self, code: RejectCode, detail: str, request_id: int = 0) -> None:
        self.code = code
        self.detail = detail
        self.request_id = request_id
        super().__init__(f"{code.value}: {detail}")


def topic(name: str) -> bytes:
    """Return the subscription that matches the topic `name` and nothing else."""
    return name.encode() + TOPIC_END


@lru_cache(maxsize=LOTS_MAX)
def lot_topic(lot: str) -> bytes:
    """Return the subscription that matches the topic of one lot."""
    return topic(LOT_TOPIC_PREFIX + lot)


def encode_broadcast(topic_bytes: bytes, message: AnyBroadcast) -> bytes:
    """Return the frame of a broadcast; `topic_bytes` comes from `topic` or `lot_topic`."""
    return topic_bytes + encode(message)


def decode_request(body: bytes) -> AnyRequest:
    """Return the request in `body`. Raises RejectedBody, and nothing else, whatever the bytes."""
    if len(body) > REQUEST_BYTES_MAX:
        raise _too_large(body, REQUEST_BYTES_MAX)
    try:
        request = _decode_request(body)
    except _DECODING_ERRORS as error:
        raise _refused_request(body, str(error)) from None
    if (
        body[0] == _MAP_OF_FOUR
        and type(request) is BidRequest
        and request.amount_minor is not request.maximum_minor  # type, id, lot and this one: each of the four keys once
    ):
        return request
    if len(body) != len(encode(request)):
        _refuse_repeated_keys(body)
    return request


def decode_with(decoder: msgspec.msgpack.Decoder[T], body: bytes, bytes_max: int) -> T:
    """Return the request in `body`, of the kind that `decoder` reads. Raises RejectedBody, and nothing else."""
    if len(body) > bytes_max:
        raise _too_large(body, bytes_max)
    try:
        return decoder.decode(body)
    except _DECODING_ERRORS as error:
        raise RejectedBody(RejectCode.MALFORMED, str(error), request_id_of(body)) from None


def request_id_of(body: bytes) -> int:
    """Return the id in a body, whatever else is in it; 0 if the body has no id, or several."""
    ids = [value for key, value in _read_untyped(body) if key == "id"]
    return ids[0] if len(ids) == 1 and type(ids[0]) is int and 1 <= ids[0] <= INTEGER_MAX else 0


def decode_answer(body: bytes) -> AnyAnswer:
    """Return the house's answer in `body`. Raises ProtocolError if it is too large or not an answer."""
    return _from_house(_answers, body)


def decode_broadcast(frame: bytes) -> AnyBroadcast:
    """Return the broadcast in a frame. Raises ProtocolError if it is too large, has no topic or is not a broadcast."""
    head, found, body = frame.partition(TOPIC_END)
    if not found or len(head) > TOPIC_BYTES_MAX:
        raise ProtocolError("A broadcast came without a topic. Is there an auction house at this address?")
    return _from_house(_broadcasts, body)


def _from_house(decoder: msgspec.msgpack.Decoder[T], body: bytes) -> T:
    if len(body) > REPLY_BYTES_MAX:
        raise ProtocolError(f"The house sent {len(body)} bytes; the limit is {REPLY_BYTES_MAX}.")
    try:
        return decoder.decode(body)
    except _DECODING_ERRORS as error:
        raise ProtocolError(f"The house sent a message that this version can't read ({error}).") from None


def _too_large(body: bytes, bytes_max: int) -> RejectedBody:
    return RejectedBody(RejectCode.TOO_LARGE, f"{len(body)} bytes; the limit is {bytes_max}")


def _refused_request(body: bytes, reason: str) -> RejectedBody:
    """Return what is wrong with a body that did not decode, and to which request the answer belongs.

    The code blames an amount only if nothing else is wrong. Of several wrong amounts, the first in the table counts.
    """
    _refuse_repeated_keys(body)
    fields = dict(_read_untyped(body))
    kind = fields.get("type")
    found: RejectCode | None = None
    for field, limits in _AMOUNTS.get(kind, {}).items() if isinstance(kind, str) else ():
        code = _amount_fault(fields[field], limits) if field in fields else None
        if code is not None:
            found = found or code
            reason = f"{field} must be an integer from {limits.least} to {limits.most}" if found is code else reason
            fields[field] = limits.least
    if found is not None and not _is_request(fields):
        found, reason = None, "an amount is wrong, and so is something else"
    return RejectedBody(found or RejectCode.MALFORMED, reason, request_id_of(body))


def _amount_fault(value: object, limits: _Range) -> RejectCode | None:
    if type(value) is not int:
        return None if value is None and limits.may_be_nil else RejectCode.INVALID_AMOUNT
    if value > limits.most:
        return RejectCode.OVER_LIMIT
    return RejectCode.INVALID_AMOUNT if value < limits.least else None


def _is_request(fields: dict[object, object]) -> bool:
    try:
        msgspec.convert(fields, AnyRequest)
    except _DECODING_ERRORS:
        return False
    return True


def _refuse_repeated_keys(body: bytes) -> None:
    """Raise RejectedBody if the body has a key more than once."""
    keys = [key for key, _ in _read_untyped(body)]
    for key in keys:
        if keys.count(key) > 1:
            raise RejectedBody(
                RejectCode.MALFORMED, f"the request has the key {key!r} more than once", request_id_of(body)
            )


class _Pairs(list[tuple[object, object]]):
    """The keys and values of a map in the order of the body; a repeated key stays repeated."""


def _read_untyped(body: bytes) -> _Pairs:
    """Return the map in a body without checking its types; an empty one if the body can't be read or is no map."""
    try:
        raw = msgpack.unpackb(
            body,
            strict_map_key=True,
            object_pairs_hook=_Pairs,
            max_map_len=64,
            max_array_len=64,
            max_ext_len=REQUEST_BYTES_MAX,
            max_bin_len=REQUEST_BYTES_MAX,
            max_str_len=REQUEST_BYTES_MAX,
        )
    except (ValueError, msgpack.UnpackException, RecursionError, MemoryError):
        return _Pairs()
    return raw if isinstance(raw, _Pairs) else _Pairs()
