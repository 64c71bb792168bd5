"""The settings of a sale as a whole: the keys under [sale]."""

from collections.abc import Mapping
from typing import Final, TypeVar

from babel.numbers import get_currency_precision, is_currency

from auctioneer.catalogue.faults import Faults, quoted, unknown_key
from auctioneer.catalogue.fields import FieldError, read_text
from auctioneer.catalogue.lots import Order
from auctioneer.catalogue.raw import RawCatalogue
from auctioneer.catalogue.rules import text_faults
from common.limits import TITLE_CHARS_MAX
from common.money import Currency

UNKNOWN_CURRENCY: Final = Currency("", 4)
"""Stands in where the currency is at fault, so that amounts are still checked; no currency has more decimals."""

SALE_FIELDS: Final = frozenset({"title", "currency", "order", "ends", "lots_file"})
"""The keys of [sale]."""
_SETTLED_FIELDS: Final = frozenset({"title", "ends"})
"""What can't be said again while a sale is running."""
_ENDS: Final = {"after last lot": True, "by hand": False}
_ORDERS: Final = {order.value: order for order in Order}
_T = TypeVar("_T")


class Settings:
    """Reads the settings one by one and notes each fault; `is_running`: for lots that join a running sale."""

    def __init__(self, raw: RawCatalogue, faults: Faults, *, is_running: bool) -> None:
        self._raw = raw
        self._faults = faults
        for key in raw.sale:
            if key not in SALE_FIELDS:
                self._fault(key, unknown_key(key, SALE_FIELDS))
            elif is_running and key in _SETTLED_FIELDS:
                self._fault(key, "The sale is running, and this is settled; take it out.")

    def title(self) -> str:
        """Return the sale's title."""
        title = self._required("title", 'It is missing; write title = "..." under [sale].')
        if title is None:
            return ""
        for field, reason in text_faults("title", title, TITLE_CHARS_MAX, is_required=True):
            self._fault(field, reason)
        return title

    def currency(self) -> Currency:
        """Return the sale's currency, UNKNOWN_CURRENCY where it is at fault."""
        code = self._required("currency", "It is missing; give its code by ISO 4217, such as USD, EUR or GBP.")
        if code is None:
            return UNKNOWN_CURRENCY
        if not is_currency(code):
            likely = f"did you mean {code.upper()}?" if is_currency(code.upper()) else "write one such as USD or EUR."
            self._fault("currency", f"{quoted(code)} is not a currency's code by ISO 4217; {likely}")
            return UNKNOWN_CURRENCY
        return Currency(code, get_currency_precision(code))

    def same_currency(self, currency: Currency) -> None:
        """Note a currency, if one is given here, that is not the sale's."""
        code = self._text("currency")
        if code is not None and currency is not UNKNOWN_CURRENCY and code != currency.code:
            self._fault("currency", f"{quoted(code)} is not the currency of the sale, {currency.code}.")

    def order(self) -> Order:
        """Return when lots open that do not say it themselves."""
        if "order" in self._raw.sale and "opens" in self._raw.defaults:
            self._fault(
                "order", "It is there together with opens under [defaults]; they say the same thing, so keep one."
            )
        return self._choice("order", _ORDERS, Order.PARALLEL)

    def ends_after_last_lot(self) -> bool:
        """Return whether the sale ends by itself once every lot is final."""
        return self._choice("ends", _ENDS, default=False)

    def lots_file(self) -> str | None:
        """Return the name of the file that has the lots; None where this file has them."""
        name = self._text("lots_file")
        if name is None:
            return None
        if not name.lower().endswith(".csv"):
            self._fault("lots_file", f"{quoted(name)} is not the name of a CSV file; it must end in .csv.")
            return None
        if self._raw.lots:
            self._fault("lots_file", "The lots are here already, as [[lot]]; keep them in one place.")
        return name

    def _fault(self, key: str, reason: str) -> None:
        self._faults.add(self._raw.sale_place, key, reason)

    def _required(self, key: str, reason: str) -> str | None:
        if key not in self._raw.sale and self._raw.is_readable:
            self._fault(key, reason)
        return self._text(key)

    def _text(self, key: str) -> str | None:
        """Return a key's text, None where it is not there or no text."""
        try:
            return read_text(self._raw.sale[key]) if key in self._raw.sale else None
        except FieldError as error:
            for _, reason in error.wrongs:
                self._fault(key, reason)
            return None

    def _choice(self, key: str, choices: Mapping[str, _T], default: _T) -> _T:
        text = self._text(key)
        if text is None:
            return default
        if text not in choices:
            self._fault(key, f"{quoted(text)} is not one of {', '.join(map(repr, choices))}.")
        return choices.get(text, default)
