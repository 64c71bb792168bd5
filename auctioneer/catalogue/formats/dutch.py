"""Dutch lots in a catalogue: where the clock begins and stops, how the price falls, and how many units there are.

How long the lot is open follows from its clock.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from auctioneer.catalogue.faults import quoted
from auctioneer.catalogue.fields import ExactNumber, Hand, read_amount, read_duration, wrong
from auctioneer.catalogue.formats.format import (
    STARTING_PRICE,
    Bidding,
    BiddingKey,
    Wrong,
    has_none,
    one_amount,
    range_wrongs,
)
from auctioneer.rules.formats.dutch import terms_of
from auctioneer.rules.terms import BiddingValue, LotSpec
from common.durations import format_duration
from common.formats import AnyTerms
from common.formats.dutch import DutchTerms
from common.limits import AMOUNT_MINOR_MAX, DURATION_MS_MAX, UNITS_MAX
from common.money import Currency

PRICES_MAX: Final = 10_000
"""The most prices that a clock shows. Each is a fact of the record and an event that everybody hears."""
STEP_MS_MIN: Final = 100
"""The shortest time that a price can hold: people can't react to a shorter one."""
STEP_MS_MAX: Final = 24 * 3600 * 1000
"""The longest time that a price can hold."""

_WHOLE: Final = re.compile(r"\d{1,9}", re.ASCII)


def _every(value: object, _hand: Hand) -> int:
    return read_duration(value)


def _units(value: object, _hand: Hand) -> int:
    """Read a whole number, also one that is written as a text."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    text = value.text if isinstance(value, ExactNumber) else value
    if not isinstance(text, str) or not _WHOLE.fullmatch(text.strip()):
        raise wrong(f"It is {quoted(text)}; write how many like units there are, from 1 to {UNITS_MAX}.")
    return int(text)


FLOOR: Final = BiddingKey(
    name="floor",
    help="The price below which a Dutch clock does not fall.",
    read=read_amount,
    stand_in=None,
    amounts_in=one_amount,
)
DECREMENT: Final = BiddingKey(
    name="decrement",
    help="By how much a Dutch clock's price falls at a time.",
    read=read_amount,
    stand_in=None,
    amounts_in=one_amount,
)
EVERY: Final = BiddingKey(
    name="time for each price",
    help="How long each price of a Dutch clock holds, such as 5s.",
    read=_every,
    stand_in=None,
    amounts_in=None,
)
UNITS: Final = BiddingKey(
    name="number of units",
    help="How many like units a Dutch lot has.  [default: 1]",
    read=_units,
    stand_in=None,
    amounts_in=None,
)


class _Values(msgspec.Struct, frozen=True):
    """The values of the keys; None: it is missing."""

    starting_price: int | None = None
    floor: int | None = None
    decrement: int | None = None
    every: int = STEP_MS_MIN
    units: int = 1


class Dutch:
    """Dutch lots: the price falls until somebody takes what is left."""

    called = "A Dutch lot"
    keys: Mapping[str, BiddingKey] = {
        "starting_price": STARTING_PRICE,
        "floor": FLOOR,
        "decrement": DECREMENT,
        "every": EVERY,
        "units": UNITS,
    }
    required: Mapping[str, str] = {
        "starting_price": "say at which price the clock begins",
        "floor": "say below which price the clock does not fall",
        "decrement": "say by how much the price falls at a time",
        "every": "say how long each price holds, such as 5s",
    }
    needs: Mapping[str, str] = {}
    lacks: Mapping[str, str] = {
        "increment": "its price falls, by the decrement",
        "reserve": "its floor is the lowest price",
        "buy_now": "whoever stops the clock has bought",
        "duration": "its clock runs from the starting price to the floor",
        "soft_close": "nobody can be outbid",
    }

    def has(self, terms: AnyTerms) -> bool:
        """Return whether terms are Dutch."""
        return isinstance(terms, DutchTerms)

    def bidding(self, values: Mapping[str, BiddingValue], currency: Currency) -> Bidding:  # noqa: ARG002 -- all alike
        """Return the terms, and how long the clock runs. A missing price is replaced by one that fits the others."""
        given = msgspec.convert(values, _Values)
        starting_minor, floor_minor, step_minor = given.starting_price, given.floor, given.decrement
        if starting_minor is None:
            starting_minor = (floor_minor or 1) + (step_minor or 1)
        if floor_minor is None:
            floor_minor = starting_minor - (step_minor or 1)
        if step_minor is None:
            step_minor = starting_minor - floor_minor
        terms = DutchTerms(starting_minor, floor_minor, step_minor, given.every, given.units)
        return Bidding(terms, None, terms.duration_ms if step_minor > 0 else None)

    def values(self, spec: LotSpec) -> dict[str, BiddingValue]:
        """Return the values of the keys."""
        terms = terms_of(spec)
        return {
            "starting_price": terms.starting_minor,
            "floor": terms.floor_minor,
            "decrement": terms.step_minor,
            "every": terms.step_ms,
            "units": terms.units,
        }

    def wrongs(self, spec: LotSpec, currency: Currency) -> Iterator[Wrong]:
        """Yield what is wrong with the clock and the units."""
        terms = terms_of(spec)
        prices = tuple(_price_wrongs(terms, currency))
        yield from prices
        if not STEP_MS_MIN <= terms.step_ms <= STEP_MS_MAX:
            least, most = format_duration(STEP_MS_MIN), format_duration(STEP_MS_MAX)
            yield "every", f"{_shown(terms.step_ms)} is out of range: a price holds from {least} to {most}."
        elif not prices:
            yield from _clock_wrongs(spec, terms)
        if not 1 <= terms.units <= UNITS_MAX:
            yield "units", f"{terms.units} is out of range: a lot has 1 to {UNITS_MAX} units."
        elif not prices and terms.units * terms.starting_minor > AMOUNT_MINOR_MAX:
            whole = currency.plain(terms.units * terms.starting_minor)
            reason = f"{terms.units} at the starting price cost {whole}, over the largest amount"
            yield "units", f"{reason}, {currency.plain(AMOUNT_MINOR_MAX)}; make it smaller."
        if spec.reserve_minor is not None:
            yield "reserve", has_none(self, "reserve", "reserve")

    def faster(self, spec: LotSpec, speed: int) -> Bidding:
        """Return the terms with a faster clock, and how long it runs."""
        terms = msgspec.structs.replace(terms_of(spec), step_ms=terms_of(spec).step_ms // speed)
        return Bidding(terms, None, terms.duration_ms)


def _price_wrongs(terms: DutchTerms, currency: Currency) -> Iterator[Wrong]:
    show, whole_minor = currency.plain, terms.starting_minor - terms.floor_minor
    named = (("starting_price", terms.starting_minor), ("floor", terms.floor_minor), ("decrement", terms.step_minor))
    yield from range_wrongs(named, currency)
    if whole_minor <= 0:
        starting = show(terms.starting_minor)
        yield "floor", f"{show(terms.floor_minor)} is not below the starting price {starting}; make it lower."
    elif terms.step_minor > whole_minor:
        reason = f"{show(terms.step_minor)} is more than the {show(whole_minor)} from the starting price to the floor"
        yield "decrement", f"{reason}; make it smaller."
    elif 1 <= terms.step_minor <= AMOUNT_MINOR_MAX and terms.prices > PRICES_MAX:
        yield "decrement", f"The clock would show {terms.prices:,} prices; make it larger, for at most {PRICES_MAX:,}."


def _clock_wrongs(spec: LotSpec, terms: DutchTerms) -> Iterator[Wrong]:
    """Yield what is wrong with how long a sound clock runs."""
    if terms.duration_ms > DURATION_MS_MAX:
        most = format_duration(DURATION_MS_MAX)
        yield "every", f"The clock would run for {_shown(terms.duration_ms)}, longer than {most}; make it shorter."
    elif spec.terms.duration_ms != terms.duration_ms:
        duration_ms = spec.terms.duration_ms
        duration = "until closed" if duration_ms is None else f"for {_shown(duration_ms)}"
        yield "duration", f"The lot is open {duration}, and its clock runs for {_shown(terms.duration_ms)}."


def _shown(duration_ms: int) -> str:
    return format_duration(duration_ms) if duration_ms >= 0 else f"{duration_ms}ms"
