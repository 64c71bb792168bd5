"""Money as integer minor units: parse what people type, print what people read, and never a float.

Exact by rule: an amount with more decimals than the currency has is refused, not rounded. The number of decimals
comes with the sale (`Currency.decimals`), so neither side needs a table of currencies to show an amount.
"""

import re

import msgspec

from common.limits import AMOUNT_MINOR_MAX

_AMOUNT = re.compile(r"(\d{1,3}(?:[,'_ ]\d{3})+|\d+)(?:\.(\d+))?", re.ASCII)
_GROUPING = re.compile(r"[,'_ ]")


class AmountError(ValueError):
    """A text that is not an amount of the currency; the message says why and what would be one."""


class Currency(msgspec.Struct, frozen=True):
    """A sale's currency: its ISO 4217 code and how many decimals its minor unit has (USD 2, JPY 0, KWD 3)."""

    code: str
    decimals: int

    def parse(self, text: str) -> int:
        """Return the minor units of `text`, such as `1250`, `1,250.50` or `USD 12.5`.

        Raises AmountError for anything else: signs, exponents, too many decimals, amounts over the limit.
        """
        bare = text.strip().removeprefix(self.code).removesuffix(self.code).strip()
        match = _AMOUNT.fullmatch(bare)
        if match is None:
            raise AmountError(f"{text!r} is not an amount; write it as {self._example()}.")
        whole, fraction = _GROUPING.sub("", match[1]), match[2] or ""
        if len(fraction) > self.decimals:
            raise AmountError(f"{text!r} has too many decimals: {self.code} has {self.decimals}.")
        if len(whole) > len(str(AMOUNT_MINOR_MAX)):
            raise AmountError(self._too_large(text))
        amount_minor = int(whole + fraction.ljust(self.decimals, "0"))
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

    def _example(self) -> str:
        return "1250" if not self.decimals else "1250.".ljust(5 + self.decimals, "0")

    def _too_large(self, text: str) -> str:
        return f"{text!r} is over the largest amount, {self.show(AMOUNT_MINOR_MAX)}."
