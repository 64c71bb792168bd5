"""What every request shares: its numbers and names with their limits, and the base types."""

from typing import Annotated

from msgspec import Meta, Struct

from common.limits import AMOUNT_MINOR_MAX, INTEGER_MAX, LOT_CHARS_MAX

RequestId = Annotated[int, Meta(ge=1, le=INTEGER_MAX)]
Count = Annotated[int, Meta(ge=0, le=INTEGER_MAX)]
Amount = Annotated[int, Meta(ge=1, le=AMOUNT_MINOR_MAX)]
LotId = Annotated[str, Meta(min_length=1, max_length=LOT_CHARS_MAX)]
Stream = Annotated[str, Meta(max_length=LOT_CHARS_MAX)]
"""The name of a stream: a lot's number, or the empty string for the sale."""


class Request(
    Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, gc=False, tag_field="type"
):
    """What every request has: an id that the client chooses."""

    id: Annotated[RequestId, Meta(description="chosen by the client, and higher with each new request")]


class OfferRequest(Request, frozen=True, kw_only=True):
    """What every offer has: what a bidder says about a lot. Each format has its own offers."""

    lot: Annotated[LotId, Meta(description="the lot's number")]
    if_seq: Annotated[Count | None, Meta(description="the offer counts only if the lot's seq is this")] = None
