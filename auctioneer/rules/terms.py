"""A sale as the house knows it before it begins: the lots with their secrets, and when each opens.

`auctioneer.catalogue` reads these from files; the engine works from them. The public part of a lot is
`common.lot.LotTerms`; the reserve is only here.
"""

from enum import Enum
from typing import Final

import msgspec
from msgspec import UNSET, UnsetType

from common.lot import LotTerms, SoftClose
from common.money import Currency

DEFAULT_DURATION_MS: Final = 5 * 60 * 1000


class OpeningRule(Enum):
    """When bidding on a lot begins; the values are the words in a catalogue."""

    AT_START = "at start"
    AFTER_PREVIOUS = "after previous"
    BY_HAND = "by hand"
    AT_TIME = "at time"
    """At the server time `at_ms`, or `delay_ms` after the sale began."""


class Opening(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a lot opens. With AT_TIME, exactly one of `at_ms` (server time) and `delay_ms` is set."""

    rule: OpeningRule = OpeningRule.AT_START
    at_ms: int | None = None
    delay_ms: int | None = None


class LotSpec(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """One lot as the catalogue describes it to the house, with its secrets."""

    terms: LotTerms
    reserve_minor: int | None = None
    """Secret; the public `terms.has_reserve` shows only that there is one."""
    opening: Opening = Opening()


class Order(Enum):
    """When lots open if the catalogue does not say so for each lot; the values are the words in a catalogue."""

    PARALLEL = "parallel"
    """All lots open at the start."""
    SEQUENCE = "sequence"
    """The first lot opens at the start, each other one after the previous."""
    BY_HAND = "by hand"


BiddingValue = bool | int | str | tuple[tuple[int, int], ...] | None
"""A value of the bidding in a catalogue: an amount, a number, a time, a word, yes or no, or the rows of a table;
None if the lot has no such thing."""


class LotValues(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The values of a lot, or of the defaults, in a catalogue: amounts in minor units, times in milliseconds.

    The names are the catalogue's keys. UNSET means that the catalogue is silent; None means that there is none.
    `bidding` has the values of the bidding by their keys, of whatever formats they are: a default may be for lots of
    several formats, and each lot takes those that its own format has.
    """

    title: str | UnsetType = UNSET
    format: str | UnsetType = UNSET
    bidding: dict[str, BiddingValue] = {}
    estimate_low: int | UnsetType | None = UNSET
    estimate_high: int | UnsetType | None = UNSET
    opens: Opening | UnsetType = UNSET
    duration: int | UnsetType | None = UNSET
    soft_close: SoftClose | UnsetType | None = UNSET
    seller: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    image: str | UnsetType = UNSET


class LotDefaults(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The values of a lot that does not give its own, including lots that are added later."""

    order: Order = Order.PARALLEL
    values: LotValues = LotValues()


class SaleSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole catalogue. With `ends_after_last_lot` the sale ends by itself once every lot is final.

    With `corrections` bids and closes can be taken back until the auctioneer finishes the sale, so it never ends by
    itself.
    """

    title: str
    currency: Currency
    lots: tuple[LotSpec, ...] = ()
    ends_after_last_lot: bool = False
    corrections: bool = False
    lot_defaults: LotDefaults = LotDefaults()
    conditions: str = ""
    """What each bidder accepts before it gets a paddle; empty: nothing."""
    retractions: bool = False
    """Whether a bidder may take its own last bid back; only with `corrections`."""
    revived_answer_ms: int | None = None
    """How long a bidder whom a correction makes lead has to say whether its bid stands; None: it is bound by it."""
