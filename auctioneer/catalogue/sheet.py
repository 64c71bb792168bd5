"""From the rows of a spreadsheet, CSV or Excel, to the raw parts of a catalogue: a row of names, then a row per lot.

The columns are the keys of a lot in TOML, with `soft_close_window`, `soft_close_extension` and `soft_close_cap` in
place of the table, and `currency`, which must be the same in every row. An empty cell means the default.

A fault in the names is shown once, and not again for its effects in each row.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import chain, islice
from typing import Final, NamedTuple

from msgspec import Struct

from auctioneer.catalogue.faults import Faults, Place, likely_known, quoted, unknown_key
from auctioneer.catalogue.fields import ExactNumber, is_none
from auctioneer.catalogue.keys import AMOUNTS_IN, LOT_FIELDS
from auctioneer.catalogue.raw import Header, RawCatalogue, RawLot
from auctioneer.catalogue.words import column_key, header_words, is_not_kept
from common.money import DecimalMark, codes_of, decimal_mark, units_of

DELIMITERS: Final = (",", ";", "\t")
"""The characters that may separate the cells of a CSV that does not name its own."""
Known = Callable[[Iterable[str]], int]
"""Returns how many of the texts of a row name a column."""
COLUMNS_MAX: Final = 256
"""The most cells in a row."""
HEADER_ROWS_MAX: Final = 10
"""The first rows, among which the one with the names is searched; the rows before it are a heading."""

_SOFT_CLOSE: Final = {f"soft_close_{part}": part for part in ("window", "extension", "cap")}
LOT_COLUMNS: Final = LOT_FIELDS - {"soft_close"} | _SOFT_CLOSE.keys()
"""The keys that a row, or the options of the command line, can give for a lot."""
_COLUMNS: Final = LOT_COLUMNS | {"currency"}


class Row(NamedTuple):
    """The line on which a row begins, and its cells: texts, ExactNumber, true or false, dates, BadCell or None."""

    line: int
    cells: Sequence[object]

    @property
    def is_blank(self) -> bool:
        """Whether the row is empty."""
        return not any(map(is_filled, self.cells))


class Sheet(Struct, frozen=True, kw_only=True):
    """A table in a file. `rows` are read when they are needed; blank ones are allowed.

    `mark` is the decimal mark of columns that don't show theirs. `delimiter` separates the cells, and is empty for a
    file that has none. `ignored` are the headers, as `header_words`, of columns to ignore.
    """

    name: str
    rows: Iterable[Row]
    mark: DecimalMark
    delimiter: str = ""
    ignored: frozenset[str] = frozenset()


def read_sheet(sheet: Sheet, faults: Faults) -> RawCatalogue:
    """Read a table, and return its sound parts; faults of its shape go to `faults`.

    The returned sale has only the currency, if a column has it.
    """
    file = Place(file=sheet.name, is_flat=True)
    headed = find_header(sheet, known_columns, "title, starting_price, currency", faults)
    if headed is None:
        return RawCatalogue.unreadable(file)
    table = _Table(sheet, headed, faults)
    lots = table.lots(headed.rows)
    return RawCatalogue(
        file=file,
        sale=table.sale,
        sale_place=at_line(sheet.name, table.sale_line),
        defaults={},
        defaults_place=file,
        lots=lots,
        is_readable=table.is_readable,
        header=table.header(),
    )


class Headed(NamedTuple):
    """The row that names the columns, and the rows after it, which are read when they are needed."""

    header: Row
    rows: Iterable[Row]

    @property
    def width(self) -> int:
        """The number of columns up to the last that has a name."""
        return max(index for index, cell in enumerate(self.header.cells, start=1) if is_filled(cell))


def find_header(sheet: Sheet, known: Known, example: str, faults: Faults) -> Headed | None:
    """Return the first row with the most columns that `known` knows, and the rows after it.

    None, with a fault, if there is none; `example` has names of columns for it.
    """
    rows = (row for row in sheet.rows if not row.is_blank)
    first = list(islice(rows, HEADER_ROWS_MAX))
    if not first:
        reason = f"It has no rows; the first row names the columns, such as {example}."
        faults.add(Place(file=sheet.name, is_flat=True), "", reason)
        return None
    index = max(range(len(first)), key=lambda number: known(map(cell_text, first[number].cells)))
    header = first[index]
    if not known(map(cell_text, header.cells)):
        _add_unknown_header(first[0], sheet, example, faults)
        return None
    if index:
        faults.note(sheet.name, f"The names of the columns are on line {header.line}; the lines above are ignored.")
    return Headed(header, chain(first[index + 1 :], rows))


def is_unparted(row: Row, sheet: Sheet) -> bool:
    """Return whether a row of CSV is one cell that has a delimiter in it."""
    text = cell_text(row.cells[0])
    return bool(sheet.delimiter) and len(row.cells) == 1 and any(mark in text for mark in DELIMITERS)


UNPARTED: Final = "The rows have one cell each and the first row several; separate the cells of all by the same mark."


def stray(cell: object, number: int, sheet: Sheet) -> str:
    """Return the fault of a cell that stands in a column without a name."""
    reason = f"{_shown(cell)} stands in column {number}, which has no name in the first row"
    mark = sheet.delimiter
    return f"{reason}; a cell with {mark!r} in it needs quotes around it." if mark else f"{reason}."


def known_columns(headers: Iterable[str]) -> int:
    """Return the number of texts that name a column."""
    return sum(column_key(words) is not None or words in _COLUMNS for words in map(header_words, headers))


def nest_soft_close(flat: dict[str, object]) -> dict[str, object]:
    """Return the fields of a row, with the columns of the soft close put together into one field, as in TOML."""
    values = {key: value for key, value in flat.items() if key not in _SOFT_CLOSE}
    parts = {_SOFT_CLOSE[key]: value for key, value in flat.items() if key in _SOFT_CLOSE}
    if parts:
        values["soft_close"] = False if parts.keys() == {"window"} and is_none(parts["window"]) else parts
    return values


class _Table:
    """The rows of one sheet, under the header that names their columns."""

    def __init__(self, sheet: Sheet, headed: Headed, faults: Faults) -> None:
        header = headed.header
        self._sheet = sheet
        self._faults = faults
        self._width = headed.width
        self._place = at_line(sheet.name, header.line)
        self._columns = _Columns(sheet, header, faults).keys()
        self._amounts: dict[str, list[str]] = {}
        self._codes: list[frozenset[str]] = []
        self.sale: dict[str, object] = {}
        self.sale_line = header.line
        self.is_readable = True

    def lots(self, rows: Iterable[Row]) -> list[RawLot]:
        """Read the rows; each is a lot."""
        lots, is_parted = [], False
        for row in rows:
            is_parted = is_parted or self._width == 1 or not is_unparted(row, self._sheet)
            lots.append(self._lot(row))
        if lots and not is_parted:
            self._faults.add(at_line(self._sheet.name, lots[0].line_of("") or 0), "", UNPARTED)
            self.is_readable = False
            return []
        return lots

    def header(self) -> Header:
        """Return what the columns show; call it after the lots are read."""
        return Header(
            place=self._place,
            columns=frozenset(filter(None, self._columns)),
            marks={column: decimal_mark(self._amounts.get(column, ())) or self._sheet.mark for column in AMOUNTS_IN},
            currencies=frozenset.intersection(*self._codes) if self._codes else frozenset(),
        )

    def _lot(self, row: Row) -> RawLot:
        place, is_sound = at_line(self._sheet.name, row.line), True
        for index, cell in enumerate(row.cells):
            if is_filled(cell) and (index >= len(self._columns) or self._columns[index] == _NAMELESS):
                is_sound = is_sound and index < self._width
                self._faults.add(place, "", stray(cell, index + 1, self._sheet))
                break
        values = self._values(row) if is_sound else {}
        self._note_currency(values.pop("currency", None), place, row.line)
        return RawLot(nest_soft_close(values), _line(row.line), is_sound)

    def _values(self, row: Row) -> dict[str, object]:
        values: dict[str, object] = {}
        for column, cell in zip(self._columns, row.cells, strict=False):
            if column not in _COLUMNS or not is_filled(cell):
                continue
            if column in AMOUNTS_IN:
                values[column] = self._amount(column, cell)
            else:
                values[column] = cell_text(cell) if isinstance(cell, str | ExactNumber) else cell
        return values

    def _amount(self, column: str, cell: object) -> object:
        """Return the cell of an amount, and note what it shows of the column's decimal mark and the currency."""
        if isinstance(cell, ExactNumber):
            units: Sequence[str] = (cell.unit,) if cell.unit else ()
        elif isinstance(cell, str):
            parts = list(AMOUNTS_IN[column](cell))
            self._amounts.setdefault(column, []).extend(parts)
            units = list(chain(*map(units_of, parts)))
            cell = cell.strip()
        else:
            units = ()
        self._codes += [codes for codes in map(codes_of, units) if codes and codes not in self._codes]
        return cell

    def _note_currency(self, cell: object, place: Place, line: int) -> None:
        if cell is None:
            return
        code, first = cell_text(cell) or quoted(cell), self.sale.get("currency")
        if first is None:
            self.sale["currency"], self.sale_line = code, line
        elif code != first:
            reason = f"{quoted(code)} is not the {quoted(first)} of line {self.sale_line}; a sale has one."
            self._faults.add(place, "currency", reason)


_NAMELESS: Final = ""
_IGNORED: Final = "ignored"


class _Columns:
    """Reads the header: which key each column has, _NAMELESS or _IGNORED."""

    def __init__(self, sheet: Sheet, header: Row, faults: Faults) -> None:
        self._sheet = sheet
        self._faults = faults
        self._place = at_line(sheet.name, header.line)
        self._headers = [cell_text(cell) for cell in header.cells]
        self._unwanted: list[str] = []
        self._unknown: list[tuple[int, str]] = []

    def keys(self) -> list[str]:
        """Return the key of each column, and note the faults of the header."""
        if len(self._headers) > COLUMNS_MAX:
            self._faults.add(self._place, "", f"It has more columns than {COLUMNS_MAX}; delete those on the right.")
        keys = [self._key(index, header) for index, header in enumerate(self._headers[:COLUMNS_MAX])]
        self._tell_unknown(keys)
        for key in _COLUMNS:
            headers = [quoted(self._headers[index]) for index, other in enumerate(keys) if other == key]
            if len(headers) > 1:
                reason = f"The column is there {len(headers)} times, as {', '.join(headers)}; keep one."
                self._faults.add(self._place, key, reason)
        self._tell_unwanted()
        for header, key in zip(self._headers, keys, strict=False):
            if key == "seller" and header_words(header) != "seller":
                self._note(f"Column {quoted(header)} is read as the seller, who can't bid on the lot.")
        return keys

    def _key(self, index: int, header: str) -> str:
        words = header_words(header)
        if not header:
            return _NAMELESS
        if words in self._sheet.ignored or (column_key(words) is None and is_not_kept(words)):
            self._unwanted.append(quoted(header))
            return _IGNORED
        key = words if words in _COLUMNS else column_key(words)
        if key is None:
            self._unknown.append((index, header))
        return key or _IGNORED

    def _tell_unknown(self, keys: list[str]) -> None:
        """Note the unknown columns. One that was probably meant as a key counts as that key from now on."""
        others = []
        for index, header in self._unknown:
            words = header_words(header)
            likely = likely_known(words, _COLUMNS)
            if likely is None or likely in keys:
                others.append(quoted(header))
            else:
                keys[index] = likely
                reason = f"Column {quoted(header)}: {unknown_key(words, _COLUMNS)}"
                self._faults.add(self._place, "", reason, is_alone=True)
        if others:
            names = f"Columns {', '.join(others)} are" if len(others) > 1 else f"Column {others[0]} is"
            self._faults.add(
                self._place,
                "",
                f"{names} not known, so nothing would be kept of it. Rename it (there are "
                f"{', '.join(sorted(_COLUMNS))}), delete it, or let a sale in TOML name this file and write "
                f"ignore_columns = [...] under [sale].",
                is_alone=True,
            )

    def _tell_unwanted(self) -> None:
        if self._unwanted:
            one = len(self._unwanted) == 1
            self._note(f"Column{'' if one else 's'} {', '.join(self._unwanted)} {'is' if one else 'are'} ignored.")

    def _note(self, sentence: str) -> None:
        self._faults.note(self._sheet.name, sentence)


def _add_unknown_header(row: Row, sheet: Sheet, example: str, faults: Faults) -> None:
    names = ", ".join(_shown(cell) for cell in islice(filter(is_filled, row.cells), 5))
    parted = " The cells of a CSV are separated by , or ; or a tab." if sheet.delimiter else ""
    faults.add(
        at_line(sheet.name, row.line),
        "",
        f"The first row names no column that is known here: {names}.{parted} The first row names the columns, such as "
        f"{example}.",
    )


def is_filled(cell: object) -> bool:
    """Return whether a cell has anything but space."""
    return cell is not None and not (isinstance(cell, str) and not cell.strip())


def cell_text(cell: object) -> str:
    """Return the text of a cell, or the digits of a number; empty for any other."""
    if isinstance(cell, ExactNumber):
        return cell.text
    return cell.strip() if isinstance(cell, str) else ""


def _shown(cell: object) -> str:
    return quoted(cell_text(cell) or cell)


def _line(line: int) -> Callable[[str], int | None]:
    return lambda _field: line


def at_line(name: str, line: int) -> Place:
    """Return the place of a row."""
    return Place(file=name, line_of=_line(line), is_flat=True)
