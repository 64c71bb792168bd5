"""The readers of a lot's values in a catalogue: from a text, number or table to an exact value or a reason.

TOML, spreadsheets and the command line use the same readers. Amounts are never floats: `ExactNumber` keeps the digits
of a number as the file has them.
"""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from msgspec import Struct

from auctioneer.catalogue.faults import quoted, unknown_key
from auctioneer.rules.terms import Opening, OpeningRule
from common.durations import DurationError, parse_duration
from common.limits import AMOUNT_MINOR_MAX
from common.lot import SoftClose
from common.money import AmountError, Currency, DecimalMark

_AMOUNT_CHARS_MAX: Final = 40
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")
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


def wrong(reason: str) -> FieldError:
    """Return the error for a value that is wrong as a whole."""
    return FieldError(("", reason))


def is_none(value: object) -> bool:
    """Return whether `value`, `false` or the text `none`, means that the lot has no such thing."""
    return value is False or (isinstance(value, str) and value.strip().casefold() == "none")


def read_text(value: object, _hand: Hand | None = None) -> str:
    """Return a text without the space around it, and with one character per line break. Raises FieldError."""
    if not isinstance(value, str):
        raise wrong(f"It is {quoted(value)}; a text is needed, in quotes.")
    return value.replace("\r\n", "\n").replace("\r", "\n").strip()


def read_amount(value: object, hand: Hand) -> int:
    """Return an amount in minor units. Raises FieldError."""
    currency, mark = hand.currency, hand.mark
    if isinstance(value, ExactNumber):
        value, mark = f"{value.unit} {value.text}".strip(), DecimalMark.POINT
    if isinstance(value, int) and not isinstance(value, bool):
        if abs(value) > AMOUNT_MINOR_MAX:
            raise wrong(f"The number is over the largest amount, {currency.show(AMOUNT_MINOR_MAX)}.")
        value = str(value)
    if not isinstance(value, str):
        raise wrong(
            f'It is {quoted(value)}; an amount is needed, such as "{currency.plain(AMOUNT_MINOR_MAX // 10**12)}".'
        )
    if len(value) > _AMOUNT_CHARS_MAX:
        raise wrong(f"{quoted(value)} is too long for an amount.")
    try:
        return currency.parse(value, mark)
    except AmountError as error:
        raise wrong(str(error)) from error


def read_optional_amount(value: object, hand: Hand) -> int | None:
    """Return an amount in minor units; None if the value says that there is none. Raises FieldError."""
    return None if is_none(value) else read_amount(value, hand)


def read_duration(value: object) -> int:
    """Return a duration in milliseconds. Raises FieldError."""
    if isinstance(value, int) and not isinstance(value, bool):
        raise wrong("A number alone is not a duration; write it with its unit, as in 90s or 2m30s.")
    if not isinstance(value, str):
        raise wrong(f"It is {quoted(value)}; a duration is needed, such as 90s or 2m30s.")
    try:
        return parse_duration(value)
    except DurationError as error:
        raise wrong(str(error)) from error


def read_lot_duration(value: object, _hand: Hand) -> int | None:
    """Return how long a lot is open, in milliseconds; None if it has no clock. Raises FieldError."""
    if is_none(value) or (isinstance(value, str) and " ".join(value.casefold().split()) == "until closed"):
        return None
    return read_duration(value)


def read_soft_close(value: object, _hand: Hand) -> SoftClose | None:
    """Return a soft close; None if the value says that there is none. Raises FieldError."""
    if is_none(value):
        return None
    if not isinstance(value, dict):
        raise wrong(
            f'It is {quoted(value)}; write {{ window = "30s", extension = "30s", cap = "10m" }}, or false for none.'
        )
    known, wrongs, parts = ("window", "extension", "cap"), [], dict.fromkeys(("window", "extension", "cap"), 0)
    for key, part in value.items():
        if key not in known:
            wrongs.append((key, unknown_key(key, known)))
            continue
        try:
            parts[key] = 0 if key == "cap" and is_none(part) else read_duration(part)
        except FieldError as error:
            wrongs += [(key, reason) for _, reason in error.wrongs]
    if "window" not in value:
        wrongs.append(("window", "It is missing; say how long before the end a bid extends the lot, such as 30s."))
    if wrongs:
        raise FieldError(*wrongs)
    cap_ms = parts["cap"] if "cap" in value and not is_none(value["cap"]) else None
    return SoftClose(parts["window"], parts["extension"] if "extension" in value else parts["window"], cap_ms)


_RULES: Final = {rule.value: rule for rule in OpeningRule if rule is not OpeningRule.AT_TIME}


def read_opening(value: object, _hand: Hand) -> Opening:
    """Return a rule, a delay after the start of the sale, or a date-time with its zone. Raises FieldError."""
    if isinstance(value, datetime):
        return Opening(OpeningRule.AT_TIME, at_ms=_epoch_ms(value))
    if isinstance(value, date | time) or not isinstance(value, str):
        raise wrong(f"It is {quoted(value)}; write {_OPENINGS}.")
    text = " ".join(value.casefold().split())
    if text in _RULES:
        return Opening(_RULES[text])
    if _DATE.match(text):
        try:
            return Opening(OpeningRule.AT_TIME, at_ms=_epoch_ms(datetime.fromisoformat(text.upper())))
        except ValueError as error:
            if isinstance(error, FieldError):
                raise
            raise wrong(f"{quoted(value)} is not a date-time; write it as 2026-05-01T19:00:00+02:00.") from error
    try:
        return Opening(OpeningRule.AT_TIME, delay_ms=parse_duration(text))
    except DurationError as error:
        raise wrong(f"{quoted(value)} is not an opening; write {_OPENINGS}.") from error


_OPENINGS: Final = (
    '"at start", "after previous", "by hand", a time after the start such as "90s", or a date-time with its zone '
    "such as 2026-05-01T19:00:00+02:00"
)


def _epoch_ms(moment: datetime) -> int:
    if moment.tzinfo is None:
        raise wrong("The time has no zone; add it, as in 2026-05-01T19:00:00+02:00, or Z for UTC.")
    at_ms = (moment - _EPOCH) // timedelta(milliseconds=1)
    if at_ms < 0:
        raise wrong("The time is before 1970; write when the lot opens, such as 2026-05-01T19:00:00+02:00.")
    return at_ms
