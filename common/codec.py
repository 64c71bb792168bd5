"""Bytes to messages and back, with every limit and a single error.

msgspec decodes typed MessagePack in one pass, so nothing that is not a message is ever built. Only when that fails
is the body read with msgpack, under its own limits, to tell the sender what was wrong and which request it was.

A broadcast is one frame: topic, NUL, body. The NUL ends the topic, so that a subscription to `lot/1` plus NUL does
not match lot 10.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Final, TypeVar

import msgpack
import msgspec

from common.errors import ProtocolError, RejectCode
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
"""No lot's; a subscription to the prefix matches it as well."""
PROBE_TOPIC_PREFIX: Final = "~"
"""Sorts after all other topics, so that a probe's answer shows that the subscriptions before it are in force."""

T = TypeVar("T")
encode = msgspec.msgpack.Encoder().encode
_decode_request: Final[Callable[[bytes], AnyRequest]] = msgspec.msgpack.Decoder(AnyRequest).decode
_answers: Final[msgspec.msgpack.Decoder[AnyAnswer]] = msgspec.msgpack.Decoder(AnyAnswer)
_broadcasts: Final[msgspec.msgpack.Decoder[AnyBroadcast]] = msgspec.msgpack.Decoder(AnyBroadcast)


_DECODING_ERRORS: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, MemoryError, OverflowError)


class RefusedBody(Exception):  # noqa: N818 -- it carries a refusal, not an error of ours
    """A request body that can't be taken; answer with `code` to the request `id` (0 where none could be read)."""

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
    """Return the subscription for one lot."""
    return topic(LOT_TOPIC_PREFIX + lot)


def encode_broadcast(topic_bytes: bytes, message: AnyBroadcast) -> bytes:
    """Return the frame of a broadcast; `topic_bytes` comes from `topic` or `lot_topic`."""
    return topic_bytes + encode(message)


def decode_request(body: bytes) -> AnyRequest:
    """Return the request in `body`. Raises RefusedBody, and nothing else, whatever the bytes."""
    try:
        if len(body) <= REQUEST_BYTES_MAX:
            return _decode_request(body)
    except _DECODING_ERRORS as error:
        raise _refusal(body, error) from None
    raise _too_large(body, REQUEST_BYTES_MAX)


def decode_with(decoder: msgspec.msgpack.Decoder[T], body: bytes, bytes_max: int) -> T:
    """Return the request that `decoder` finds in `body`. Raises RefusedBody, and nothing else."""
    if len(body) > bytes_max:
        raise _too_large(body, bytes_max)
    try:
        return decoder.decode(body)
    except _DECODING_ERRORS as error:
        raise _refusal(body, error) from None


def request_id_of(body: bytes) -> int:
    """Return the id in a body, whatever else is in it, for an answer that is the same to all; 0 where it has none."""
    return _id_in(_read_untyped(body))


def decode_answer(body: bytes) -> AnyAnswer:
    """Return the house's answer in `body`. Raises ProtocolError."""
    return _from_house(_answers, body)


def decode_broadcast(frame: bytes) -> AnyBroadcast:
    """Return the broadcast in a frame. Raises ProtocolError."""
    head, found, body = frame.partition(TOPIC_END)
    if not found or len(head) > TOPIC_BYTES_MAX:
        raise ProtocolError("A broadcast came without a topic; is the address that of an auction house?")
    return _from_house(_broadcasts, body)


def _from_house(decoder: msgspec.msgpack.Decoder[T], body: bytes) -> T:
    if len(body) > REPLY_BYTES_MAX:
        raise ProtocolError(f"The house sent {len(body)} bytes; the limit is {REPLY_BYTES_MAX}.")
    try:
        return decoder.decode(body)
    except _DECODING_ERRORS as error:
        raise ProtocolError(f"The house sent a message that this version can't read ({error}).") from None


def _too_large(body: bytes, bytes_max: int) -> RefusedBody:
    return RefusedBody(RejectCode.TOO_LARGE, f"{len(body)} bytes; the limit is {bytes_max}")


def _refusal(body: bytes, error: Exception) -> RefusedBody:
    """Say what is wrong with a body that did not decode, and to which request the answer belongs."""
    raw = _read_untyped(body)
    request_id = _id_in(raw)
    for field, value in raw.items():
        if isinstance(field, str) and field.endswith("_minor") and f"$.{field}" in str(error):
            too_big = type(value) is int and value > 0
            code = RejectCode.OVER_LIMIT if too_big else RejectCode.INVALID_AMOUNT
            return RefusedBody(code, str(error), request_id)
    return RefusedBody(RejectCode.MALFORMED, str(error), request_id)


def _id_in(raw: dict[object, object]) -> int:
    request_id = raw.get("id")
    return request_id if type(request_id) is int and 1 <= request_id <= INTEGER_MAX else 0


def _read_untyped(body: bytes) -> dict[object, object]:
    try:
        raw = msgpack.unpackb(
            body,
            strict_map_key=True,
            max_map_len=64,
            max_array_len=64,
            max_ext_len=0,
            max_bin_len=REQUEST_BYTES_MAX,
            max_str_len=REQUEST_BYTES_MAX,
        )
    except (ValueError, msgpack.UnpackException, RecursionError, MemoryError):
        return {}
    return raw if isinstance(raw, dict) else {}
