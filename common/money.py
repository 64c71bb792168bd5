"""Money as integer minor units: read what people write, print what people read, and never use a float.

Amounts are exact. An amount with more decimals than the currency has is refused, not rounded. One that can be read in
two ways is refused, not guessed. The number of decimals comes with the sale (`Currency.decimals`), so neither side
needs a table of currencies to show an amount.
"""

import re
import unicodedata
from collections.abc import Iterable
from enum import Enum
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from common.errors import UsageError
from common.limits import AMOUNT_MINOR_MAX, CODE_CHARS_MAX, DECIMALS_MAX

_ALIKE: Final = str.maketrans(
    {**dict.fromkeys("\u00a0\u2007\u2009\u202f", " "), "\N{RIGHT SINGLE QUOTATION MARK}": "'"}
)
"""Non-breaking spaces and the curly apostrophe, with which spreadsheets separate thousands."""
_TEXT: Final = re.compile(r"(\D*)(\d(?:[\d.,'_ ]*\d)?)(?:([.,])[-\u2013\u2014]{1,2})?(\D*)", re.ASCII)
"""The text before a number, the number, the mark of a `,-` (which means no decimals), and the text after it."""
_NUMBER: Final = re.compile(r"(\d+|\d{1,3}(?:([.,'_ ])\d{3})(?:\2\d{3})*)(?:([.,])(\d+))?", re.ASCII)
_THOUSANDS_DIGITS: Final = 3

_DOLLARS: Final = "AUD BBD BMD BND BSD BZD CAD FJD GYD HKD JMD KYD LRD MXN NAD NZD SBD SGD SRD TTD TWD USD XCD"
_SIGNS: Final[dict[str, frozenset[str]]] = {
    sign: frozenset(codes.split())
    for sign, codes in {
        "€": "EUR",
        "£": "FKP GBP GIP SHP",
        "$": f"{_DOLLARS} ARS CLP COP UYU",
        "us$": "USD",
        "a$": "AUD",
        "au$": "AUD",
        "c$": "CAD",
        "ca$": "CAD",
        "hk$": "HKD",
        "mx$": "MXN",
        "nt$": "TWD",
        "nz$": "NZD",
        "r$": "BRL",
        "s$": "SGD",
        "¥": "CNY JPY",
        "元": "CNY",
        "円": "JPY",
        "fr": "CHF",
        "sfr": "CHF",
        "kr": "DKK ISK NOK SEK",
        "kč": "CZK",
        "zł": "PLN",
        "ft": "HUF",
        "lei": "RON",
        "лв": "BGN",
        "r": "ZAR",
        "rm": "MYR",
        "rp": "IDR",
        "rs": "INR LKR MUR NPR PKR",
        "dt": "TND",
        "kd": "KWD",
        "₹": "INR",
        "₩": "KRW",
        "₽": "RUB",
        "₺": "TRY",
        "₴": "UAH",
        "₪": "ILS",
        "₫": "VND",
        "₱": "PHP",
        "฿": "THB",
        "₦": "NGN",
        "₡": "CRC",
        "₲": "PYG",
        "₸": "KZT",
        "₾": "GEL",
        "₼": "AZN",
        "₭": "LAK",
        "₮": "MNT",
        "₵": "GHS",
        "֏": "AMD",
        "៛": "KHR",
        "৳": "BDT",
    }.items()
}
"""The signs of currencies, in lower case and without a final point, each with the codes that use it."""


class AmountError(UsageError):
    """A text that is not an amount of the currency; the message says why and gives an example of one."""


class DecimalMark(Enum):
    """What is known of the mark before the decimals, for an amount such as 12,500 or 12.500 that doesn't show it."""

    POINT = "."
    COMMA = ","
    UNSAID = "unsaid"
    """As people type and programs write: the mark is a point. A comma that can also mark thousands is refused."""
    UNKNOWN = "unknown"
    """As in a file that may come from another country: an amount that can be read in two ways is refused."""


class _Written(msgspec.Struct, frozen=True):
    """The parts of a written amount. `mark` stands before the fraction, and `group` separates the thousands."""

    whole: str
    group: str
    mark: str
    fraction: str
    units: tuple[str, ...]

    @property
    def is_open(self) -> bool:
        """Whether the mark may also separate thousands: it is the only one, and three digits follow it."""
        return len(self.fraction) == _THOUSANDS_DIGITS >= len(self.whole) and not self.group and self.whole[0] != "0"


class Currency(msgspec.Struct, frozen=True):
    """A sale's currency: its ISO 4217 code and how many decimals its minor unit has (USD 2, JPY 0, KWD 3)."""

    code: Annotated[str, Meta(max_length=CODE_CHARS_MAX, description="ISO 4217 code")]
    decimals: Annotated[int, Meta(ge=0, le=DECIMALS_MAX, description="decimals of the minor unit: USD 2, JPY 0, KWD 3")]

    def parse(self, text: str, mark: DecimalMark = DecimalMark.UNSAID) -> int:
        """Return the minor units of `text`, such as `1250`, `1,250.50`, `1.250,50 €` or `USD 12.5`.

        `mark` is what other amounts in the same writing have shown. Raises AmountError for a plus or minus sign, an
        exponent, an amount that can be read in two ways, another currency, too many decimals, or over the limit.
        """
        if not isinstance(text, str):
            raise AmountError(f"{text!r} is not a text; write an amount as {self._example()!r}.")
        written = _read(text)
        if written is None:
            raise AmountError(f"{text!r} is not an amount; write it as {self._example()}.")
        self._check_units(text, written.units)
        if written.is_open and self._is_whole(text, written, mark):
            whole, fraction = written.whole + written.fraction, ""
        else:
            whole, fraction = written.whole, written.fraction
        if len(fraction) > self.decimals:
            is_doubtful = written.is_open and mark is not DecimalMark.POINT
            thousands = f"; write {written.whole}{fraction} if that is meant" if is_doubtful else ""
            raise AmountError(f"{text!r} has too many decimals: {self.code} has {self.decimals}{thousands}.")
        if len(whole) > len(str(AMOUNT_MINOR_MAX)):
            raise AmountError(self._too_large(text))
        amount_minor = self._minor(whole, fraction)
        if amount_minor > AMOUNT_MINOR_MAX:
            raise AmountError(self._too_large(text))
        return amount_minor

    def plain(self, amount_minor: int) -> str:
        """Return the amount as a decimal string for programs, such as `1250.50`."""
        sign, digits = ("-" if amount_minor < 0 else ""), str(abs(amount_minor)).rjust(self.decimals + 1, "0")
        if not self.decimals:
            return sign + digits
        return f"{sign}{digits[: -self.decimals]}.{digits[-self.decimals :]}"

    def show(self, amount_minor: int) -> str:
        """Return the amount for people, such as `USD 1,250.50`."""
        whole, point, fraction = self.plain(abs(amount_minor)).partition(".")
        return f"{self.code} {'-' if amount_minor < 0 else ''}{int(whole):,}{point}{fraction}"

    def _is_whole(self, text: str, written: _Written, mark: DecimalMark) -> bool:
        """Return whether an open mark separates thousands. Raises AmountError if nothing shows which it is."""
        if mark in (DecimalMark.POINT, DecimalMark.COMMA):
            return written.mark != str(mark.value)
        if written.mark == "," and not self.decimals:
            return True
        if written.mark == "." and (mark is DecimalMark.UNSAID or self.decimals < _THOUSANDS_DIGITS):
            return False
        raise AmountError(self._two_readings(text, written, mark))

    def _two_readings(self, text: str, written: _Written, mark: DecimalMark) -> str:
        whole = written.whole + written.fraction
        large, fraction = self.show(self._minor(whole, "")), written.fraction.rstrip("0")
        if len(fraction) > self.decimals:
            return (
                f"{text!r} can be {large}, or have three decimals, which {self.code} does not have; "
                f"write {whole} if that is meant."
            )
        small = self.show(self._minor(written.whole, fraction))
        if len(fraction) < _THOUSANDS_DIGITS:
            other = f"{written.whole}{written.mark}{fraction.ljust(min(2, self.decimals), '0')}"
        elif mark is DecimalMark.UNSAID:
            other = f"{written.whole}.{fraction}"
        else:
            return (
                f"{text!r} can be {large} or {small}; write {whole} for the first. For the second, let another amount "
                f"of the column show the decimals, as in 0{written.mark}50."
            )
        return f"{text!r} can be {large} or {small}; write {whole} or {other}."

    def _check_units(self, text: str, units: Iterable[str]) -> None:
        for unit in units:
            codes = codes_of(unit)
            if not codes:
                raise AmountError(f"{text!r} is not an amount; write it as {self._example()}.")
            if self.code and self.code not in codes:
                raise AmountError(f"{text!r} is not in the currency of the sale, {self.code}.")

    def _minor(self, whole: str, fraction: str) -> int:
        return int(whole + fraction.ljust(self.decimals, "0"))

    def _example(self) -> str:
        return "1250" if not self.decimals else "1250.".ljust(5 + self.decimals, "0")

    def _too_large(self, text: str) -> str:
        return f"{text!r} is over the largest amount, {self.show(AMOUNT_MINOR_MAX)}."


def decimal_mark(texts: Iterable[str]) -> DecimalMark | None:
    """Return the decimal mark that amounts in the same writing show; None if none shows one, or they disagree."""
    shown = set()
    for text in texts:
        written = _read(text)
        if written is None or written.is_open:
            continue
        if written.mark:
            shown.add(DecimalMark(written.mark))
        elif written.group in (".", ","):
            shown.add(DecimalMark.COMMA if written.group == "." else DecimalMark.POINT)
    return shown.pop() if len(shown) == 1 else None


def units_of(text: str) -> tuple[str, ...]:
    """Return the codes and signs of currencies beside the number in `text`; none if it is not an amount."""
    written = _read(text)
    return () if written is None else written.units


def codes_of(unit: str) -> frozenset[str]:
    """Return the codes of the currencies that a sign or a code can mean; none if `unit` is neither."""
    plain = unicodedata.normalize("NFKC", unit).casefold().rstrip(".")
    if re.fullmatch("[a-z]{3}", plain) and plain not in _SIGNS:
        return frozenset({plain.upper()})
    return _SIGNS.get(plain, frozenset())


def _read(text: str) -> _Written | None:
    """Return the parts of an amount; None if `text` is not one."""
    match = _TEXT.fullmatch(text.translate(_ALIKE))
    if match is None:
        return None
    before, number, dash_mark, after = match.groups(default="")
    parts = _NUMBER.fullmatch(number)
    if parts is None:
        return None
    whole, group, mark, fraction = parts.groups(default="")
    if dash_mark and mark:  # 1.250,-
        if len(fraction) != _THOUSANDS_DIGITS or group:
            return None
        whole, group, fraction = whole + mark + fraction, mark, ""
    mark = dash_mark or mark
    if mark and mark == group:
        return None
    return _Written(
        whole.replace(group, "") if group else whole,
        group,
        mark,
        fraction,
        tuple(filter(None, (before.strip(), after.strip()))),
    )
