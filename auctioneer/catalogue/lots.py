"""From a catalogue's raw lots and defaults to the lots of a sale: numbers, inheritance, openings, and all the rules."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, TypeVar

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import asdict, replace

from auctioneer.catalogue.faults import Fault, Faults, Place, quoted
from auctioneer.catalogue.fields import BadCell
from auctioneer.catalogue.formats.format import CatalogueFormat, has_none
from auctioneer.catalogue.formats.table import DEFAULT_FORMAT, FORMATS
from auctioneer.catalogue.keys import DEFAULT_FIELDS, LOT_FIELDS, foreign_keys, format_word, read_values
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
)
from common.limits import LOT_CHARS_MAX, LOTS_MAX
from common.lot import LotTerms
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


_REQUIRED = {"title": "every lot has a title"}
"""The keys that a lot of any format must have, and what to write there."""


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
    wrong: set[str] = set()
    for form in FORMATS.values():  # the defaults may be for lots of any format
        fitting = _fitting(values, form)
        spec = _spec(fitting, form, "1", currency)
        found = [fault for fault in _faults(spec, fitting, form, currency) if _key(fault) not in wrong]
        for fault in found:
            faults.add(place, fault.field, fault.reason)
        wrong |= set(map(_key, found))
    known = _said(sale.values)
    if order is not None:
        known.pop("opens", None)  # the file's order comes before the sale's default
    own = {key: value for key, value in _said(values).items() if key not in wrong}
    bidding = sale.values.bidding | {key: value for key, value in values.bidding.items() if key not in wrong}
    said = frozenset(raw) | known.keys() | bidding.keys()
    return Defaults(LotValues(**known | own, bidding=bidding), said, sale.order if order is None else order)


def _key(fault: Fault) -> str:
    return fault.field.partition(".")[0]


def _said(values: LotValues) -> dict[str, Any]:
    """Return the values of the frame that are given."""
    return {key: value for key, value in asdict(values).items() if value is not UNSET and key != "bidding"}


def list_lots(listing: Listing, faults: Faults) -> tuple[LotSpec, ...]:
    """Return the lots in order. If anything is wrong it goes to `faults`, and the result must not be used."""
    if len(listing.lots) + len(listing.known_lots) > LOTS_MAX:
        faults.add(listing.file, "", f"There are more lots than the {LOTS_MAX:,} that a sale can have.")
        return ()
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


def values_of(spec: LotSpec) -> LotValues:
    """Return the values in a catalogue that make this lot."""
    terms = spec.terms
    word, form = next((word, form) for word, form in FORMATS.items() if form.has(terms.format))
    return LotValues(
        title=terms.title,
        format=word,
        bidding=form.values(spec),
        estimate_low=terms.estimate_low_minor,
        estimate_high=terms.estimate_high_minor,
        opens=spec.opening,
        duration=UNSET if "duration" in form.lacks else terms.duration_ms,
        soft_close=terms.soft_close,
        seller=terms.seller,
        description=terms.description,
        image=terms.image,
    )


def _missing_columns(listing: Listing, faults: Faults) -> frozenset[str]:
    """Return the keys that each lot needs but no column has; each is shown as one fault, not as one for each row."""
    if listing.header is None:
        return frozenset()
    required = dict(_REQUIRED)
    for form in dict.fromkeys(_format(raw, listing) for raw in listing.lots):
        required.update(form.required)
    missing = [key for key in required if key not in listing.header.columns | listing.defaults.said]
    for key in missing:
        faults.add(listing.header.place, key, f"It is missing: no column has this name; {required[key]}.")
    return frozenset(missing)


def _format(raw: RawLot, listing: Listing) -> CatalogueFormat:
    """Return the format of a lot: its own, or the default one."""
    word = format_word(raw.values.get("format")) or _or(listing.defaults.values.format, DEFAULT_FORMAT)
    return FORMATS[word]


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


def _shown(number: str) -> str:
    """Return a number as a fault may show it: one that can't be a lot's may have anything in it."""
    return number if is_valid_lot(number) else quoted(number)


def _taken(number: str, other: str) -> str:
    number = _shown(number)
    if number == other:
        return f"The sale already has a lot {number}; give this one another number."
    return f"The sale already has a lot {other}, too similar to {number}; give this one another number."


def _twice(number: str, other: str, before: Place) -> str:
    number, other = _shown(number), _shown(other)
    line = before.line_of("number")
    where = f" on line {line}" if line else ""
    if number == other:
        return f"There are two lots {number}, the other one{where}; give one of them another number."
    return f"Lot {number} is too similar to lot {other}{where}; give one of them another number."


def _lot(
    raw: RawLot, number: str, index: int, place: Place, listing: Listing, missing: frozenset[str], faults: Faults
) -> LotSpec:
    form = _format(raw, listing)
    fields = {key: value for key, value in raw.values.items() if key != "number"}
    if "format" not in fields or format_word(fields["format"]) is not None:  # else it is not sure what it may have
        for key, name in list(foreign_keys(form, fields)):
            faults.add(place, key, has_none(form, key, name))
            del fields[key]
    marks = {} if listing.header is None else listing.header.marks
    own = read_values(fields, LOT_FIELDS, listing.currency, place, faults, marks)
    for key, need in {**_REQUIRED, **form.required}.items():
        if key not in fields.keys() | listing.defaults.said | missing:
            faults.add(place, key, f"It is missing; {need}.")
    values = _inherit(own, form, listing, is_first=index == 0 and not listing.known_lots)
    spec = _spec(values, form, number, listing.currency)
    for fault in _faults(spec, values, form, listing.currency):
        faults.add(place, fault.field, fault.reason)
    return spec


def _inherit(own: LotValues, form: CatalogueFormat, listing: Listing, *, is_first: bool) -> LotValues:
    defaults = listing.defaults.values
    values: LotValues = replace(defaults, **_said(own), bidding=defaults.bidding | own.bidding)
    opening = _or(values.opens, _OPENINGS[listing.defaults.order])
    if is_first and opening.rule is OpeningRule.AFTER_PREVIOUS:
        opening = Opening(OpeningRule.AT_START)
    if own.soft_close is UNSET and values.duration is None:
        values = replace(values, soft_close=None)  # a default that does not apply to a lot without a clock
    return _fitting(replace(values, opens=opening), form, own.bidding)


def _fitting(values: LotValues, form: CatalogueFormat, own: Collection[str] = ()) -> LotValues:
    """Return the values without those that a lot of a format does not have.

    A default that needs another value is for the lots that have that; the keys of `own` are no defaults.
    """
    has = {key for key, value in values.bidding.items() if value is not None}
    left_out = {key for key, needed in form.needs.items() if key not in own and needed not in has}
    bidding = {key: value for key, value in values.bidding.items() if key in form.keys and key not in left_out}
    return replace(values, bidding=bidding, soft_close=None if "soft_close" in form.lacks else values.soft_close)


def _spec(values: LotValues, form: CatalogueFormat, number: str, currency: Currency) -> LotSpec:
    """Return the lot. A missing value is already a fault, so it is replaced by one that breaks no rule."""
    bidding = form.bidding({key: value for key, value in values.bidding.items() if value is not None}, currency)
    terms = LotTerms(
        lot=number,
        title=_or(values.title, "?"),
        format=bidding.terms,
        description=_or(values.description, ""),
        image=_or(values.image, ""),
        seller=_or(values.seller, ""),
        estimate_low_minor=_or(values.estimate_low, None),
        estimate_high_minor=_or(values.estimate_high, None),
        duration_ms=bidding.clock_ms if "duration" in form.lacks else _or(values.duration, DEFAULT_DURATION_MS),
        soft_close=_or(values.soft_close, None),
    )
    return LotSpec(terms, bidding.reserve_minor, _or(values.opens, Opening()))


def _faults(spec: LotSpec, values: LotValues, form: CatalogueFormat, currency: Currency) -> Iterator[Fault]:
    """Yield the faults of a lot, but for those of values that are missing and were replaced."""
    for fault in lot_faults(spec, currency):
        if fault.field not in form.keys or values.bidding.get(fault.field) is not None:
            yield fault


def _or(value: _T | UnsetType, default: _T) -> _T:
    return default if isinstance(value, UnsetType) else value
