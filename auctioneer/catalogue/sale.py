"""The settings of a sale as a whole: the keys under [sale]."""

from collections.abc import Mapping
from typing import Final, TypeVar

from babel.numbers import get_currency_precision, is_currency

from auctioneer.catalogue.content import CatalogueKind, ReadFile, decoded
from auctioneer.catalogue.faults import CatalogueError, Fault, Faults, quoted, unknown_key
from auctioneer.catalogue.fields import FieldError, read_duration, read_text
from auctioneer.catalogue.raw import RawCatalogue
from auctioneer.catalogue.rules import text_faults
from auctioneer.catalogue.words import header_words
from auctioneer.rules.terms import Order
from common.conditions import conditions_fault
from common.durations import format_duration
from common.limits import REVIVED_ANSWER_MS_MAX, REVIVED_ANSWER_MS_MIN, TITLE_CHARS_MAX
from common.money import Currency


class _UnknownCurrency(Currency, frozen=True):
    """A currency that accepts any sign, and shows only the decimals that an amount needs."""

    def plain(self, amount_minor: int) -> str:
        whole, _, fraction = super().plain(amount_minor).partition(".")
        fraction = fraction.rstrip("0")
        return f"{whole}.{fraction}" if fraction else whole

    def show(self, amount_minor: int) -> str:
        return super().show(amount_minor).strip()

    def _example(self) -> str:
        return "1250"


UNKNOWN_CURRENCY: Final[Currency] = _UnknownCurrency("", 4)
"""Used if the currency has a fault, so that amounts are still checked; no currency has more decimals."""

SALE_FIELDS: Final = frozenset(
    {
        *("title", "currency", "order", "ends", "corrections", "retractions", "revived", "revived_answer"),
        *("conditions", "conditions_file", "lots_file", "ignore_columns"),
    }
)
"""The keys of [sale]."""
_SETTLED_FIELDS: Final = SALE_FIELDS - {"currency", "order", "lots_file", "ignore_columns"}
"""The keys that can't be given again while the sale is running."""
_COMMON: Final = ("USD", "EUR", "GBP")
_TAB_CHARS: Final = 4
_SHEETS: Final = (".csv", ".xlsx")
_ENDS: Final = {"after last lot": True, "by hand": False}
_IS_ON: Final = {"on": True, "off": False}
_REVIVED: Final = {"bound": False, "ask": True}
"""What becomes of a bidder whom a correction makes lead: it is bound by its bid, or asked whether that stands."""
REVIVED_ANSWER_MS: Final = 60_000
"""How long such a bidder has for its answer, where the catalogue does not say."""
_ORDERS: Final[dict[str, Order | None]] = {order.value: order for order in Order}
_T = TypeVar("_T")


class Settings:
    """Reads the settings one by one and notes each fault. `is_running` is set for lots that join a running sale."""

    def __init__(self, raw: RawCatalogue, faults: Faults, *, is_running: bool) -> None:
        self._raw = raw
        self._faults = faults
        for key in raw.sale:
            if key not in SALE_FIELDS:
                self._fault(key, unknown_key(key, SALE_FIELDS))
            elif is_running and key in _SETTLED_FIELDS:
                self._fault(key, "It can't be changed while the sale is running; remove it.")

    def title(self) -> str:
        """Return the sale's title."""
        title = self._required("title", 'It is missing; write title = "..." under [sale].')
        if title is None:
            return ""
        for field, reason in text_faults("title", title, TITLE_CHARS_MAX, is_required=True):
            self._fault(field, reason)
        return title

    def currency(self) -> Currency:
        """Return the sale's currency; UNKNOWN_CURRENCY if it has a fault."""
        code = self._shown_currency() or self._required("currency", self._missing_currency())
        if code is None:
            return UNKNOWN_CURRENCY
        if not is_currency(code):
            likely = f"did you mean {code.upper()}?" if is_currency(code.upper()) else "write one such as USD or EUR."
            self._fault("currency", f"{quoted(code)} is not a currency's code by ISO 4217; {likely}")
            return UNKNOWN_CURRENCY
        return Currency(code, get_currency_precision(code))

    def _shown_currency(self) -> str | None:
        """Return the currency that the signs of a spreadsheet's amounts clearly show, if no column names one."""
        header = self._raw.header
        if "currency" in self._raw.sale or header is None or len(header.currencies) != 1:
            return None
        (code,) = header.currencies
        self._faults.note(
            self._raw.file.file, f"No column names the currency; by the signs of the amounts it is {code}."
        )
        return code

    def _missing_currency(self) -> str:
        header = self._raw.header
        if header is None:
            return "It is missing; give its code by ISO 4217, such as USD, EUR or GBP."
        codes = [code for code in _COMMON if code in header.currencies]
        example = " or ".join(codes) if codes else "USD, EUR or GBP"
        return f"It is missing; give its code by ISO 4217 in a column of this name, such as {example}."

    def same_currency(self, currency: Currency) -> None:
        """Note a currency, if one is given here, that is not the sale's."""
        code = self._text("currency")
        if code is not None and currency is not UNKNOWN_CURRENCY and code != currency.code:
            self._fault("currency", f"{quoted(code)} is not the currency of the sale, {currency.code}.")

    def order(self) -> Order | None:
        """Return when lots open that have no opening of their own; None if the file does not say so."""
        if "order" in self._raw.sale and "opens" in self._raw.defaults:
            self._fault(
                "order", "It is there together with opens under [defaults]; they say the same thing, so keep one."
            )
        return self._choice("order", _ORDERS, None)

    def ends_after_last_lot(self) -> bool:
        """Return whether the sale ends by itself once every lot is final."""
        return self._choice("ends", _ENDS, default=False)

    def corrections(self) -> bool:
        """Return whether bids and closes can be taken back until the auctioneer finishes the sale."""
        return self._choice("corrections", _IS_ON, default=False)

    def retractions(self, *, corrections: bool) -> bool:
        """Return whether bidders may take their own last bids back, which a sale without corrections can't do."""
        is_on = self._choice("retractions", _IS_ON, default=False)
        if is_on and not corrections:
            self._fault("retractions", 'They need a sale with corrections; write corrections = "on" beside it.')
        return is_on

    def revived_answer_ms(self, *, corrections: bool) -> int | None:
        """Return how long a bidder whom a correction makes lead is asked whether its bid stands; None: it is bound."""
        asks = self._choice("revived", _REVIVED, default=False)
        if asks and not corrections:
            self._fault("revived", 'Only a sale with corrections asks; write corrections = "on" beside it.')
        if "revived_answer" not in self._raw.sale:
            return REVIVED_ANSWER_MS if asks else None
        if not asks:
            self._fault("revived_answer", 'Nobody is asked; write revived = "ask" beside it, or remove it.')
            return None
        try:
            answer_ms = read_duration(self._raw.sale["revived_answer"])
        except FieldError as error:
            for _, reason in error.wrongs:
                self._fault("revived_answer", reason)
            return None
        if not REVIVED_ANSWER_MS_MIN <= answer_ms <= REVIVED_ANSWER_MS_MAX:
            bounds = f"{format_duration(REVIVED_ANSWER_MS_MIN)} to {format_duration(REVIVED_ANSWER_MS_MAX)}"
            self._fault("revived_answer", f"{format_duration(answer_ms)} is out of range: {bounds}.")
        return answer_ms

    def conditions(self, read: ReadFile | None) -> str:
        """Return what each bidder accepts, from here or from a file that `read` reads; empty: nothing."""
        key, text, name = "conditions", self._text("conditions"), self._text("conditions_file")
        if text is not None and name is not None:
            self._fault("conditions_file", "It is there together with conditions; keep one.")
        elif name is not None:
            key = "conditions_file"
            try:
                text = self._read(name, read)
            except CatalogueError as error:
                self._faults.extend(error)
                return ""
        if text is None:
            return ""
        text, fault = plain_conditions(text)
        if fault:
            self._fault(key, fault)
        return text

    def _read(self, name: str, read: ReadFile | None) -> str:
        if read is None:
            reason = "Another file can't be read from here; write the text as conditions."
            raise CatalogueError([Fault(file=self._raw.file.file, field="sale.conditions_file", reason=reason)])
        return decoded(read(name), name, CatalogueKind.TOML, self._faults)

    def lots_file(self) -> str | None:
        """Return the name of the file that has the lots; None if this file has them."""
        name = self._text("lots_file")
        if name is None:
            return None
        if not name.lower().endswith(_SHEETS):
            self._fault("lots_file", f"{quoted(name)} is not the name of a spreadsheet; it must end in .csv or .xlsx.")
            return None
        if self._raw.lots:
            self._fault("lots_file", "The lots are here already, as [[lot]]; keep them in one place.")
        return name

    def ignored_columns(self) -> frozenset[str]:
        """Return the headers, as `header_words`, of the columns of `lots_file` to ignore."""
        names = self._raw.sale.get("ignore_columns", [])
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            self._fault("ignore_columns", f'It is {quoted(names)}; write the headers as a list, ["Size", "Weight"].')
            return frozenset()
        if names and "lots_file" not in self._raw.sale:
            self._fault("ignore_columns", "It is about the columns of lots_file, but there is no lots_file; remove it.")
        return frozenset(map(header_words, names))

    def _fault(self, key: str, reason: str) -> None:
        self._faults.add(self._raw.sale_place, key, reason)

    def _required(self, key: str, reason: str) -> str | None:
        if key not in self._raw.sale and self._raw.is_readable:
            self._fault(key, reason)
        return self._text(key)

    def _text(self, key: str) -> str | None:
        """Return a key's text; None if it is missing or not a text."""
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


def plain_conditions(text: str) -> tuple[str, str]:
    """Return conditions without a byte order mark, tabs, and space at the ends of lines; and their fault, if any."""
    lines = text.removeprefix("\ufeff").expandtabs(_TAB_CHARS).splitlines()
    plain = "\n".join(line.rstrip() for line in lines).strip("\n")
    return plain, conditions_fault(plain) if plain else "It is empty; write what bidders accept."
