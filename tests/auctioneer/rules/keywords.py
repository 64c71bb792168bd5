"""Terms and bids as keyword arguments, so that helpers which pass them on keep their types."""

from typing import TypedDict

from common.lot import SoftClose, Step


class LotWords(TypedDict, total=False):
    """Fields of `LotTerms`, any of them: all but the number."""

    title: str
    starting_minor: int
    increments: tuple[Step, ...]
    description: str
    image: str
    seller: str
    estimate_low_minor: int | None
    estimate_high_minor: int | None
    has_reserve: bool
    buy_now_minor: int | None
    duration_ms: int | None
    soft_close: SoftClose | None


class BidWords(TypedDict, total=False):
    """Fields of `BidRequest`, any of them that a bid may do without: all but the open amount."""

    maximum_minor: int | None
    if_seq: int | None
    if_price_minor: int | None
    while_connected: bool


class OfferWords(BidWords, total=False):
    """The same with the open amount."""

    amount_minor: int | None
