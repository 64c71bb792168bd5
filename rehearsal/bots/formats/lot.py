"""What a format's module tells about a lot, in the same columns and words for every format."""

from collections.abc import Callable
from enum import Enum
from typing import Final, NamedTuple, Protocol

from msgspec import Struct

from common.formats import AnyBoard, AnyTerms
from common.lot import LotView
from common.lot_events import LotMoved
from common.money import Currency


class Start(NamedTuple):
    """The figures from which a bot makes a plan for a lot."""

    least_minor: int
    """The lowest amount that can win the lot."""
    usual_minor: int
    """The rough value of a lot without an estimate."""
    step_at: Callable[[int], int]
    """Returns the step in which people name values near a price."""
    buy_now_minor: int | None = None


STARTS_TO_VALUE: Final = 12
"""The rough value of a lot without an estimate whose price can only rise, as a multiple of its starting price."""


class Bidding(NamedTuple):
    """The bidding on a lot. A field is None if the format lacks it or keeps it sealed."""

    price_minor: int | None = None
    bids: int | None = None
    reserve_met: bool | None = None


class Kind(Enum):
    """The subject of a line."""

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
    """Tells the bidding on lots of one format. `name_of` returns the name of a paddle's bidder."""

    def __init__(self, currency: Currency, name_of: Callable[[int], str]) -> None: ...

    def opening(self, terms: AnyTerms) -> str:
        """Return the words for a lot's opening, to follow `Lot 4`."""

    def move(self, before: LotView, view: LotView, event: LotMoved) -> Line | None:
        """Return the line for a move of the bidding; None if the move is not notable."""

    def count(self, board: AnyBoard) -> str:
        """Return the number of bids behind the result, in words that end a sentence."""

    def pass_reason(self, board: AnyBoard) -> str:
        """Return the reason why nobody got the lot, to follow `Lot 4 PASSED`."""
