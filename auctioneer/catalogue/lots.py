"""From a catalogue's raw lots and defaults to the lots of a sale: numbers, inheritance, openings, and all the rules."""

from collections.abc import Mapping
from typing import Any, TypeVar

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import asdict, replace

from auctioneer.catalogue.faults import Faults, Place, quoted
from auctioneer.catalogue.fields import DEFAULT_FIELDS, LOT_FIELDS, BadCell, read_values
from auctioneer.catalogue.raw import Header, RawLot
from auctioneer.catalogue.rules import lot_faults
from auctioneer.rules.terms import (
    DEFAULT_DURATION_MS,
    LotDefaults,
    LotSpec,
    LotValues,
    Opening,
    OpeningRule,
    Order,
    default_increments,
)
from common.limits import LOT_CHARS_MAX, LOTS_MAX
from common.lot import LotTerms, Step
from common.lot_numbers import is_valid_lot, lot_key
from common.money import Currency

_T = TypeVar("_T")


_OPENINGS = {
    Order.PARALLEL: Opening(OpeningRule.AT_START),
    Order.SEQUENCE: Opening(OpeningRule.AFTER_PREVIOUS),
    Order.BY_HAND: Opening(OpeningRule.BY_HAND),
}


class Defaults(Struct, frozen=True):
    """The values of each lot of a file that gives none of its own. `said` has the given keys, also of wrong values."""

    values: LotValues = LotValues()
    said: frozenset[str] = frozenset()
    order: Order = Order.PARALLEL


class Listing(Struct, frozen=True, kw_only=True):
    """Lots to read, and all that this depends on. `known_lots` are the numbers that a running sale has."""

    file: Place
    lots: list[RawLot]
    currency: Currency
    defaults: Defaults = Defaults()
    known_lots: frozenset[str] = frozenset()
    header: Header | None = None


_REQUIRED = {
    "title": "every lot has a title",
    "starting_price": "say the least that a first bid can be",
}


def read_defaults(
    raw: Mapping[str, object],
    order: Order | None,
    sale: LotDefaults,
    currency: Currency,
    place: Place,
    faults: Faults,
) -> Defaults:
    """Read the defaults of a file, so that a fault in them is shown once and not for each lot.

    An `order` of None, and all values that the file does not give, come from `sale`, the defaults of the running sale
    that the lots should join.
    """
    values = read_values(raw, DEFAULT_FIELDS, currency, place, faults)
    found = lot_faults(_spec(values, "1"), currency)
    for fault in found:
        faults.add(place, fault.field, fault.reason)
    wrong = {fault.field.partition(".")[0] for fault in found}
    known = _said(sale.values)
    if order is not None:
        known.pop("opens", None)  # the file's order comes before the sale's default
    own = {key: value for key, value in _said(values).items() if key not in wrong}
    said = frozenset(raw) | known.keys()
    return Defaults(LotValues(**known | own), said, sale.order if order is None else order)


def _said(values: LotValues) -> dict[str, Any]:
    return {key: value for key, value in asdict(values).items() if value is not UNSET}


def list_lots(listing: Listing, faults: Faults) -> tuple[LotSpec, ...]:
    """Return the lots in order. If anything is wrong it goes to `faults`, and the result must not be used."""
    if len(listing.lots) + len(listing.known_lots) > LOTS_MAX:
        faults.add(listing.file, "", f"There are more lots than the {LOTS_MAX:,} that a sale can have.")
        return ()
    if isinstance(listing.defaults.values.increment, UnsetType):  # one table for all, not one for each lot
        values = replace(listing.defaults.values, increment=default_increments(listing.currency))
        listing = replace(listing, defaults=replace(listing.defaults, values=values))
    missing = _missing_columns(listing, faults)
    first = 1 + max((int(lot) for lot in listing.known_lots if lot.isdecimal()), default=0)
    known = {lot_key(lot): lot for lot in listing.known_lots}
    places: dict[str, tuple[str, Place]] = {}
    lots: list[LotSpec] = []
    for index, raw in enumerate(listing.lots):
        number, place = _number(raw, str(first + index), listing.file, faults)
        key = lot_key(number)
        if key in known:
            faults.add(place, "number", _taken(number, known[key]), is_alone=True)
        elif key in places:
            faults.add(place, "number", _twice(number, *places[key]), is_alone=True)
        places.setdefault(key, (number, place))
        if raw.is_sound:
            lots.append(_lot(raw, number, index, place, listing, missing, faults))
    return tuple(lots)


def _missing_columns(listing: Listing, faults: Faults) -> frozenset[str]:
    """Return the keys that each lot needs but no column has; each is shown as one fault, not as one for each row."""
    if listing.header is None:
        return frozenset()
    missing = [key for key in _REQUIRED if key not in listing.header.columns | listing.defaults.said]
    for key in missing:
        faults.add(listing.header.place, key, f"It is missing: no column has this name; {_REQUIRED[key]}.")
    return frozenset(missing)


def _number(raw: RawLot, default: str, file: Place, faults: Faults) -> tuple[str, Place]:
    """Return the lot's number as it is written, and the lot's place, named by a number that is safe to show."""
    value = raw.values.get("number", default)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**LOT_CHARS_MAX:
        value = str(value)
    number = value.strip() if isinstance(value, str) else default
    label = number if is_valid_lot(number) else default
    place = replace(file, lot=label, line_of=raw.line_of)
    if isinstance(value, BadCell):
        faults.add(place, "number", value.reason)
    elif not isinstance(value, str):
        faults.add(place, "number", f'It is {quoted(value)}; write a short whole number, or a text such as "12a".')
    return number, place


def _taken(number: str, other: str) -> str:
    if number == other:
        return f"The sale already has a lot {number}; give this one another number."
    return f"The sale already has a lot {other}, too similar to {number}; give this one another number."


def _twice(number: str, other: str, before: Place) -> str:
    line = before.line_of("number")
    where = f" on line {line}" if line else ""
    if number == other:
        return f"There are two lots {number}, the other one{where}; give one of them another number."
    return f"Lot {number} is too similar to lot {other}{where}; give one of them another number."


def _lot(
    raw: RawLot, number: str, index: int, place: Place, listing: Listing, missing: frozenset[str], faults: Faults
) -> LotSpec:
    fields = {key: value for key, value in raw.values.items() if key != "number"}
    marks = {} if listing.header is None else listing.header.marks
    own = read_values(fields, LOT_FIELDS, listing.currency, place, faults, marks)
    for key, need in _REQUIRED.items():
        if key not in fields.keys() | listing.defaults.said | missing:
            faults.add(place, key, f"It is missing; {need}.")
    values = _inherit(own, listing, is_first=index == 0 and not listing.known_lots)
    spec = _spec(values, number)
    for fault in lot_faults(spec, listing.currency):
        faults.add(place, fault.field, fault.reason)
    return spec


def _inherit(own: LotValues, listing: Listing, *, is_first: bool) -> LotValues:
    values: LotValues = replace(listing.defaults.values, **_said(own))
    opening = _or(values.opens, _OPENINGS[listing.defaults.order])
    if is_first and opening.rule is OpeningRule.AFTER_PREVIOUS:
        opening = Opening(OpeningRule.AT_START)
    if own.soft_close is UNSET and values.duration is None:
        values = replace(values, soft_close=None)  # a default that does not apply to a lot without a clock
    return replace(values, opens=opening)


def _spec(values: LotValues, number: str) -> LotSpec:
    """Return the lot. A missing value is already a fault, so it is replaced by one that breaks no rule."""
    reserve_minor = _or(values.reserve, None)
    terms = LotTerms(
        lot=number,
        title=_or(values.title, "?"),
        starting_minor=_or(values.starting_price, 1),
        increments=_or(values.increment, (Step(0, 1),)),
        description=_or(values.description, ""),
        image=_or(values.image, ""),
        seller=_or(values.seller, ""),
        estimate_low_minor=_or(values.estimate_low, None),
        estimate_high_minor=_or(values.estimate_high, None),
        has_reserve=reserve_minor is not None,
        buy_now_minor=_or(values.buy_now, None),
        duration_ms=_or(values.duration, DEFAULT_DURATION_MS),
        soft_close=_or(values.soft_close, None),
    )
    return LotSpec(terms, reserve_minor, _or(values.opens, Opening()))


def _or(value: _T | UnsetType, default: _T) -> _T:
    return default if isinstance(value, UnsetType) else value
