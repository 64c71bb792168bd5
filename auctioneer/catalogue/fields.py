"""The readers of a lot's values in a catalogue: from a text, number or table to an exact value or a reason.

TOML, spreadsheets and the command line use the same readers. Amounts are never floats: `ExactNumber` keeps the digits
of a number as the file has them.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from msgspec import Struct

from auctioneer.catalogue.faults import Faults, Place, quoted, unknown_key
from auctioneer.rules.terms import DEFAULT_DURATION_MS, LotValues, Opening, OpeningRule
from common.durations import DurationError, parse_duration
from common.limits import AMOUNT_MINOR_MAX, INCREMENT_STEPS_MAX
from common.lot import SoftClose, Step
from common.money import AmountError, Currency, DecimalMark

_AMOUNT_CHARS_MAX: Final = 40
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")
_ESTIMATE: Final = frozenset({"estimate_low", "estimate_high"})
_NO_MARKS: Final[Mapping[str, DecimalMark]] = {}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class ExactNumber(Struct, frozen=True):
    """A number of TOML or of a spreadsheet's cell, in digits with a point; it is never made a float.

    `unit` is the sign or code of the currency with which a spreadsheet shows it.
    """

    text: str
    unit: str = ""


class BadCell(Struct, frozen=True):
    """A spreadsheet's cell without a usable value; `reason` says why."""

    reason: str


class Hand(Struct, frozen=True):
    """The currency of a written amount, and what is known of its decimal mark."""

    currency: Currency
    mark: DecimalMark = DecimalMark.UNSAID


class FieldError(ValueError):
    """A value that can't be read. `wrongs` has (part of the field or "", reason) pairs, at least one."""

    def __init__(self, *wrongs: tuple[str, str]) -> None:
        self.wrongs = wrongs
        super().__init__(wrongs)


def _wrong(reason: str) -> FieldError:
    return FieldError(("", reason))


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
    values: dict[str, Any] = {}
    unread: set[str] = set()
    for key, value in raw.items():
        if key not in known or key not in _READERS:
            faults.add(place, key, unknown_key(key, known))
            continue
        reader, stand_in = _READERS[key]
        try:
            if isinstance(value, BadCell):
                raise _wrong(value.reason)
            values[key] = reader(value, Hand(currency, marks.get(key, DecimalMark.UNSAID)))
        except FieldError as error:
            values[key] = stand_in
            unread.add(key)
            for part, reason in error.wrongs:
                faults.add(place, f"{key}.{part}" if part else key, reason)
    if unread & _ESTIMATE:
        values |= dict.fromkeys(_ESTIMATE)
    return LotValues(**values)


def is_none(value: object) -> bool:
    """Return whether `value`, `false` or the text `none`, means that the lot has no such thing."""
    return value is False or (isinstance(value, str) and value.strip().casefold() == "none")


def read_text(value: object, _hand: Hand | None = None) -> str:
    """Return a text without the space around it, and with one character per line break. Raises FieldError."""
    if not isinstance(value, str):
        raise _wrong(f"It is {quoted(value)}; a text is needed, in quotes.")
    return value.replace("\r\n", "\n").replace("\r", "\n").strip()


def _amount(value: object, hand: Hand) -> int:
    currency, mark = hand.currency, hand.mark
    if isinstance(value, ExactNumber):
        value, mark = f"{value.unit} {value.text}".strip(), DecimalMark.POINT
    if isinstance(value, int) and not isinstance(value, bool):
        if abs(value) > AMOUNT_MINOR_MAX:
            raise _wrong(f"The number is over the largest amount, {currency.show(AMOUNT_MINOR_MAX)}.")
        value = str(value)
    if not isinstance(value, str):
        raise _wrong(
            f'It is {quoted(value)}; an amount is needed, such as "{currency.plain(AMOUNT_MINOR_MAX // 10**12)}".'
        )
    if len(value) > _AMOUNT_CHARS_MAX:
        raise _wrong(f"{quoted(value)} is too long for an amount.")
    try:
        return currency.parse(value, mark)
    except AmountError as error:
        raise _wrong(str(error)) from error


def _optional_amount(value: object, hand: Hand) -> int | None:
    return None if is_none(value) else _amount(value, hand)


def _increments(value: object, hand: Hand) -> tuple[Step, ...]:
    """Read a fixed step, a table `[[from, step], ...]`, or the same table as a text `from:step; from:step`."""
    if isinstance(value, str) and ":" in value:
        value = increment_rows(value)
    if not isinstance(value, list):
        return (Step(0, _amount(value, hand)),)
    if not 1 <= len(value) <= INCREMENT_STEPS_MAX:
        raise _wrong(f"The table has {len(value):,} rows; 1 to {INCREMENT_STEPS_MAX} are allowed.")
    steps, wrongs = [], []
    for number, row in enumerate(value, start=1):
        if not isinstance(row, list) or len(row) != 2:
            wrongs.append(
                ("", f'Row {number} must be a price and a step, as in [["0", "5"], ["100", "10"]] or 0:5; 100:10.')
            )
            continue
        try:
            steps.append(Step(_amount(row[0], hand), _amount(row[1], hand)))
        except FieldError as error:
            wrongs += [("", f"Row {number}: {reason}") for _, reason in error.wrongs]
    if wrongs:
        raise FieldError(*wrongs)
    return tuple(steps)


def increment_rows(text: str) -> list[list[str]]:
    """Return the rows of a table of increments that is written as one text; each has a price and a step."""
    return [row.split(":") for row in text.rstrip("; \n").split(";")]


def _duration(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        raise _wrong("A number alone is not a duration; write it with its unit, as in 90s or 2m30s.")
    if not isinstance(value, str):
        raise _wrong(f"It is {quoted(value)}; a duration is needed, such as 90s or 2m30s.")
    try:
        return parse_duration(value)
    except DurationError as error:
        raise _wrong(str(error)) from error


def _lot_duration(value: object, _hand: Hand) -> int | None:
    if is_none(value) or (isinstance(value, str) and " ".join(value.casefold().split()) == "until closed"):
        return None
    return _duration(value)


def _soft_close(value: object, _hand: Hand) -> SoftClose | None:
    if is_none(value):
        return None
    if not isinstance(value, dict):
        raise _wrong(
            f'It is {quoted(value)}; write {{ window = "30s", extension = "30s", cap = "10m" }}, or false for none.'
        )
    known, wrongs, parts = ("window", "extension", "cap"), [], dict.fromkeys(("window", "extension", "cap"), 0)
    for key, part in value.items():
        if key not in known:
            wrongs.append((key, unknown_key(key, known)))
            continue
        try:
            parts[key] = 0 if key == "cap" and is_none(part) else _duration(part)
        except FieldError as error:
            wrongs += [(key, reason) for _, reason in error.wrongs]
    if "window" not in value:
        wrongs.append(("window", "It is missing; say how long before the end a bid extends the lot, such as 30s."))
    if wrongs:
        raise FieldError(*wrongs)
    cap_ms = parts["cap"] if "cap" in value and not is_none(value["cap"]) else None
    return SoftClose(parts["window"], parts["extension"] if "extension" in value else parts["window"], cap_ms)


_RULES: Final = {rule.value: rule for rule in OpeningRule if rule is not OpeningRule.AT_TIME}


def _opening(value: object, _hand: Hand) -> Opening:
    """Read a rule, a delay after the start of the sale, or a date-time with its zone."""
    if isinstance(value, datetime):
        return Opening(OpeningRule.AT_TIME, at_ms=_epoch_ms(value))
    if isinstance(value, date | time) or not isinstance(value, str):
        raise _wrong(f"It is {quoted(value)}; write {_OPENINGS}.")
    text = " ".join(value.casefold().split())
    if text in _RULES:
        return Opening(_RULES[text])
    if _DATE.match(text):
        try:
            return Opening(OpeningRule.AT_TIME, at_ms=_epoch_ms(datetime.fromisoformat(text.upper())))
        except ValueError as error:
            if isinstance(error, FieldError):
                raise
            raise _wrong(f"{quoted(value)} is not a date-time; write it as 2026-05-01T19:00:00+02:00.") from error
    try:
        return Opening(OpeningRule.AT_TIME, delay_ms=parse_duration(text))
    except DurationError as error:
        raise _wrong(f"{quoted(value)} is not an opening; write {_OPENINGS}.") from error


_OPENINGS: Final = (
    '"at start", "after previous", "by hand", a time after the start such as "90s", or a date-time with its zone '
    "such as 2026-05-01T19:00:00+02:00"
)


def _epoch_ms(moment: datetime) -> int:
    if moment.tzinfo is None:
        raise _wrong("The time has no zone; add it, as in 2026-05-01T19:00:00+02:00, or Z for UTC.")
    at_ms = (moment - _EPOCH) // timedelta(milliseconds=1)
    if at_ms < 0:
        raise _wrong("The time is before 1970; write when the lot opens, such as 2026-05-01T19:00:00+02:00.")
    return at_ms


_Reader = Callable[[object, Hand], object]

_READERS: Final[dict[str, tuple[_Reader, object]]] = {
    "title": (read_text, "?"),
    "starting_price": (_amount, 1),
    "increment": (_increments, (Step(0, 1),)),
    "reserve": (_optional_amount, None),
    "buy_now": (_optional_amount, None),
    "estimate_low": (_optional_amount, None),
    "estimate_high": (_optional_amount, None),
    "opens": (_opening, Opening()),
    "duration": (_lot_duration, DEFAULT_DURATION_MS),
    "soft_close": (_soft_close, None),
    "seller": (read_text, ""),
    "description": (read_text, ""),
    "image": (read_text, ""),
}
"""The reader of each field, and the harmless value that replaces one that can't be read."""

LOT_FIELDS: Final = frozenset({"number", *_READERS})
"""The keys of a lot."""
DEFAULT_FIELDS: Final = frozenset(_READERS) - {"title"}
"""The keys that may be given for all lots."""
AMOUNT_FIELDS: Final = frozenset({"starting_price", "increment", "reserve", "buy_now", "estimate_low", "estimate_high"})
"""The keys of a lot with amounts."""
