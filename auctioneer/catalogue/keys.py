"""The keys of a lot in a catalogue, and which of them a lot of each format may have.

The keys of the frame are here, and those of the bidding come from `auctioneer.catalogue.formats`. `fields` reads the
values.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from msgspec import UNSET

from auctioneer.catalogue.faults import Faults, Place, quoted, unknown_key
from auctioneer.catalogue.fields import (
    BadCell,
    FieldError,
    Hand,
    is_none,
    read_lot_duration,
    read_opening,
    read_optional_amount,
    read_soft_close,
    read_text,
    wrong,
)
from auctioneer.catalogue.formats.format import CatalogueFormat, one_amount
from auctioneer.catalogue.formats.table import BIDDING_KEYS, FORMATS
from auctioneer.rules.terms import DEFAULT_DURATION_MS, LotValues, Opening
from common.money import Currency, DecimalMark

_ESTIMATE: Final = frozenset({"estimate_low", "estimate_high"})
_NO_MARKS: Final[Mapping[str, DecimalMark]] = {}


def _format(value: object, hand: Hand) -> str:
    """Return the word of a format in the catalogue."""
    word = format_word(value)
    if word is None:
        read_text(value, hand)
        raise wrong(f"{quoted(value)} is not a format; there are {', '.join(FORMATS)}.")
    return word


def format_word(value: object) -> str | None:
    """Return the word of a format that a raw value is; None if it is none."""
    word = value.strip().casefold() if isinstance(value, str) else ""
    return word if word in FORMATS else None


_Reader = Callable[[object, Hand], object]

_FRAME: Final[dict[str, tuple[_Reader, object]]] = {
    "title": (read_text, "?"),
    "format": (_format, UNSET),
    "estimate_low": (read_optional_amount, None),
    "estimate_high": (read_optional_amount, None),
    "opens": (read_opening, Opening()),
    "duration": (read_lot_duration, DEFAULT_DURATION_MS),
    "soft_close": (read_soft_close, None),
    "seller": (read_text, ""),
    "description": (read_text, ""),
    "image": (read_text, ""),
}
"""The reader of each key that lots of all formats have, and the harmless value for one that can't be read."""

FRAME_NAMES: Final = {"duration": "duration of its own", "soft_close": "soft close"}
"""What a sentence calls the keys of the frame that lots of some formats don't have."""

LOT_FIELDS: Final = frozenset({"number", *_FRAME, *BIDDING_KEYS})
"""The keys of a lot."""
DEFAULT_FIELDS: Final = LOT_FIELDS - {"number", "title"}
"""The keys that may be given for all lots."""
AMOUNTS_IN: Final[dict[str, Callable[[str], Iterable[str]]]] = {
    **dict.fromkeys(sorted(_ESTIMATE), one_amount),
    **{key: meaning.amounts_in for key, meaning in BIDDING_KEYS.items() if meaning.amounts_in is not None},
}
"""By each key with amounts: the texts of those in a spreadsheet's cell."""


def foreign_keys(form: CatalogueFormat, raw: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Yield the keys with a value that lots of a format don't have, and what a sentence calls them.

    A value that says "none" is no fault anywhere.
    """
    for key, value in raw.items():
        if is_none(value):
            continue
        if key in BIDDING_KEYS and key not in form.keys:
            yield key, BIDDING_KEYS[key].name
        elif key in FRAME_NAMES and key in form.lacks:
            yield key, FRAME_NAMES[key]


def read_values(
    raw: Mapping[str, object],
    known: frozenset[str],
    currency: Currency,
    place: Place,
    faults: Faults,
    marks: Mapping[str, DecimalMark] = _NO_MARKS,
) -> LotValues:
    """Read the fields of a lot or of the defaults, and note each fault; only fields in `known` are allowed.

    A value that can't be read is replaced by one that causes no more faults. `marks` has the decimal marks that a file
    shows, by field.
    """
    frame: dict[str, Any] = {}
    bidding: dict[str, Any] = {}
    unread: set[str] = set()
    for key, value in raw.items():
        if key not in known or key == "number":
            faults.add(place, key, unknown_key(key, known))
            continue
        meaning = BIDDING_KEYS.get(key)
        values = frame if meaning is None else bidding
        reader, stand_in = _FRAME[key] if meaning is None else (meaning.read, meaning.stand_in)
        try:
            if isinstance(value, BadCell):
                raise wrong(value.reason)
            values[key] = reader(value, Hand(currency, marks.get(key, DecimalMark.UNSAID)))
        except FieldError as error:
            values[key] = stand_in
            unread.add(key)
            for part, reason in error.wrongs:
                faults.add(place, f"{key}.{part}" if part else key, reason)
    if unread & _ESTIMATE:
        frame |= dict.fromkeys(_ESTIMATE)
    return LotValues(bidding=bidding, **frame)
