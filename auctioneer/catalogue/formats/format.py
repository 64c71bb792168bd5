"""What each format adds to a catalogue: its keys, the terms made of them, and what can be wrong with these.

The keys that every lot has are in `auctioneer.catalogue.keys`. A key that two formats have means the same in both, and
is read in the same way: a default for it may be for lots of either.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, NamedTuple, Protocol

from msgspec import Struct

from auctioneer.catalogue.fields import Hand, read_amount, read_optional_amount
from auctioneer.rules.terms import BiddingValue, LotSpec
from common.formats import AnyTerms
from common.limits import AMOUNT_MINOR_MAX
from common.money import Currency

Wrong = tuple[str, str]
"""A field, by its key in a catalogue, and what is wrong with it."""


class BiddingKey(Struct, frozen=True, kw_only=True):
    """A key of a lot that belongs to the bidding."""

    name: str
    """What a sentence calls it."""
    help: str
    """What the command line says of its option."""
    read: Callable[[object, Hand], BiddingValue]
    """Reads a value. Raises FieldError."""
    stand_in: BiddingValue
    """The value that replaces one that can't be read; it breaks no rule. None: as if the lot had none."""
    amounts_in: Callable[[str], Iterable[str]] | None
    """Returns the texts of the amounts in a spreadsheet's cell; None if the key has no amounts."""


class Bidding(NamedTuple):
    """What a catalogue says of the bidding on one lot."""

    terms: AnyTerms
    reserve_minor: int | None
    clock_ms: int | None = None
    """How long the format's own clock keeps the lot open; None where the lot's `duration` says it."""


class CatalogueFormat(Protocol):
    """One format in a catalogue."""

    called: str
    """The beginning of a sentence about a lot of this format: `A sealed lot`."""
    keys: Mapping[str, BiddingKey]
    """The keys of the bidding that a lot may have."""
    required: Mapping[str, str]
    """Those that it must have, and what to write there."""
    needs: Mapping[str, str]
    """Keys that mean something only beside another one, and that one: a default for such a key skips other lots."""
    lacks: Mapping[str, str]
    """Keys that a lot can't have, and why if that needs saying: those of the frame, and others worth a reason."""

    def has(self, terms: AnyTerms) -> bool:
        """Return whether terms are of this format."""

    def bidding(self, values: Mapping[str, BiddingValue], currency: Currency) -> Bidding:
        """Return the terms. A missing value is replaced by one that breaks no rule; none is None."""

    def values(self, spec: LotSpec) -> dict[str, BiddingValue]:
        """Return the values of the keys that give a lot its terms and its reserve, so that one of them can change."""

    def wrongs(self, spec: LotSpec, currency: Currency) -> Iterator[Wrong]:
        """Yield what is wrong with the terms of a lot, and with its reserve."""

    def faster(self, spec: LotSpec, speed: int) -> Bidding:
        """Return the bidding with the format's own times divided by `speed`."""


def one_amount(text: str) -> tuple[str]:
    """Return the text of a cell that has one amount."""
    return (text,)


STARTING_PRICE: Final = BiddingKey(
    name="starting price",
    help="The least first bid or offer, or where a Dutch clock begins.",
    read=read_amount,
    stand_in=None,
    amounts_in=one_amount,
)
RESERVE: Final = BiddingKey(
    name="reserve",
    help="Secret: below this it is not sold.",
    read=read_optional_amount,
    stand_in=None,
    amounts_in=one_amount,
)


def has_none(form: CatalogueFormat, key: str, name: str) -> str:
    """Return what is wrong with a value that lots of a format don't have. A sentence calls the key by its name."""
    why = form.lacks.get(key)
    return f"{form.called} has no {name}{f', since {why}' if why else ''}; remove it."


def range_wrongs(named: Iterable[tuple[str, int | None]], currency: Currency) -> Iterator[Wrong]:
    """Yield the fields whose amounts are out of range."""
    show = currency.plain
    for field, amount_minor in named:
        if amount_minor is not None and not 1 <= amount_minor <= AMOUNT_MINOR_MAX:
            yield field, f"{show(amount_minor)} is out of range: {show(1)} to {show(AMOUNT_MINOR_MAX)} are allowed."


def reserve_wrongs(
    reserve_minor: int | None, starting_minor: int, currency: Currency, *, has_reserve: bool
) -> Iterator[Wrong]:
    """Yield what is wrong with a reserve. `has_reserve` is what the public terms say."""
    show = currency.plain
    if reserve_minor is not None and reserve_minor < starting_minor:
        yield (
            "reserve",
            f"{show(reserve_minor)} is below the starting price {show(starting_minor)}; a reserve is at least that.",
        )
    if has_reserve != (reserve_minor is not None):
        yield "reserve", "The lot's terms and its secret reserve disagree on whether there is one."
