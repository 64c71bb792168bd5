"""Terms and bids as keyword arguments, so that helpers which pass them on keep their types."""

from typing import TypedDict

from common.formats.english import EnglishTerms, Step
from common.lot import LotTerms, SoftClose


class FrameWords(TypedDict, total=False):
    """The optional fields of `LotTerms` in every format: all except the number."""

    title: str
    description: str
    image: str
    seller: str
    estimate_low_minor: int | None
    estimate_high_minor: int | None
    duration_ms: int | None
    soft_close: SoftClose | None


class EnglishWords(TypedDict, total=False):
    """The fields of `EnglishTerms`, all optional."""

    starting_minor: int
    increments: tuple[Step, ...]
    has_reserve: bool
    buy_now_minor: int | None
    house_bids: bool


class LotWords(FrameWords, EnglishWords, total=False):
    """The optional fields of the terms of an English lot: all except the number."""


def english_lot(number: str, words: LotWords) -> LotTerms:
    """Return the terms of an English lot."""
    return LotTerms(
        number,
        words["title"],
        EnglishTerms(
            words["starting_minor"],
            words["increments"],
            words.get("has_reserve", False),
            words.get("buy_now_minor"),
            words.get("house_bids", False),
        ),
        words.get("description", ""),
        words.get("image", ""),
        words.get("seller", ""),
        words.get("estimate_low_minor"),
        words.get("estimate_high_minor"),
        words.get("duration_ms"),
        words.get("soft_close"),
    )


class BidWords(TypedDict, total=False):
    """The optional fields of `BidRequest`: all except the open amount."""

    maximum_minor: int | None
    if_seq: int | None
    if_price_minor: int | None
    while_connected: bool


class OfferWords(BidWords, total=False):
    """The same fields with the open amount."""

    amount_minor: int | None
