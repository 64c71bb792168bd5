"""What a format's module tells of a lot, in the same columns and words for every format."""

from collections.abc import Callable
from enum import Enum
from typing import Final, NamedTuple, Protocol

from msgspec import Struct

from common.formats import AnyBoard, AnyTerms
from common.lot import LotMoved, LotView
from common.money import Currency


class Start(NamedTuple):
    """What a bot goes by when it makes a plan for a lot."""

    least_minor: int
    """Who values the lot lower can't have it."""
    usual_minor: int
    """About what a lot without an estimate is worth."""
    step_at: Callable[[int], int]
    """The step in which people name values near a price."""
    buy_now_minor: int | None = None


STARTS_TO_VALUE: Final = 12
"""A lot without an estimate, whose price can only rise, is worth about so many times its starting price."""


class Bidding(NamedTuple):
    """The bidding on a lot. What a format does not have, or keeps sealed, is None."""

    price_minor: int | None = None
    bids: int | None = None
    reserve_met: bool | None = None


class Kind(Enum):
    """What a line is about."""

    SALE = "sale"
    OPENED = "opened"
    OUTBID = "outbid"
    RESERVE = "reserve"
    EXTENDED = "extended"
    SOLD = "sold"
    PASSED = "passed"
    HELD = "held"


class Line(Struct, frozen=True):
    """One notable event, in words."""

    kind: Kind
    text: str


class Teller(Protocol):
    """Tells the bidding on lots of one format. `name_of` gives the name that goes with a paddle."""

    def __init__(self, currency: Currency, name_of: Callable[[int], str]) -> None: ...

    def opening(self, terms: AnyTerms) -> str:
        """Return how a lot opens, as what follows `Lot 4`."""

    def move(self, before: LotView, view: LotView, event: LotMoved) -> Line | None:
        """Return the line for a move of the bidding; None where it is not notable."""

    def count(self, board: AnyBoard) -> str:
        """Return out of how many bids the result came, as what ends a sentence."""

    def pass_reason(self, board: AnyBoard) -> str:
        """Return why nobody got the lot, as what follows `Lot 4 PASSED`."""
