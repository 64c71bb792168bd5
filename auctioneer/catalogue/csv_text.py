"""A spreadsheet's CSV to the raw parts of a catalogue: one row a lot, the first row names the columns.

The columns are the keys of a lot in TOML, with `soft_close_window`, `soft_close_extension` and `soft_close_cap` in
place of the table, and `currency`, which is the same in every row. An empty cell says nothing: the default holds.
"""

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Final

from auctioneer.catalogue.faults import Faults, Place, quoted, unknown_key
from auctioneer.catalogue.fields import LOT_FIELDS, is_none
from auctioneer.catalogue.raw import RawCatalogue, RawLot
from common.limits import LOTS_MAX

_DELIMITERS: Final = (",", ";", "\t")
_SOFT_CLOSE: Final = {f"soft_close_{part}": part for part in ("window", "extension", "cap")}
LOT_COLUMNS: Final = LOT_FIELDS - {"soft_close"} | _SOFT_CLOSE.keys()
"""What a row, or an option of the command line, can say of a lot."""
_COLUMNS: Final = LOT_COLUMNS | {"currency"}

_Row = tuple[int, list[str]]
"""The line on which a row begins, and its cells."""


def read_csv(text: str, name: str, faults: Faults) -> RawCatalogue:
    """Read a catalogue's CSV; what is wrong with its shape goes to `faults`, and its sound parts are returned.

    The returned sale says no more than the currency, where a column has it.
    """
    file = Place(file=name, is_flat=True)
    rows = _rows(text, name, faults)
    header = next(rows, None)
    if header is None:
        faults.add(
            file, "", "It has no rows; the first row names the columns, such as title, starting_price, currency."
        )
        return RawCatalogue.unreadable(file)
    columns = _columns(header, name, faults)
    lots: list[RawLot] = []
    currencies: list[tuple[int, str]] = []
    for line, cells in rows:
        values = _values(columns, cells, _at(name, line), faults)
        if code := values.pop("currency", None):
            currencies.append((line, str(code)))
        lots.append(RawLot(values=nest_soft_close(values), line_of=_line(line)))
    sale_line, code = currencies[0] if currencies else (header[0], "")
    for line, other in currencies:
        if other != code:
            faults.add(
                _at(name, line),
                "currency",
                f"{quoted(other)} is not the {quoted(code)} of line {sale_line}; a sale has one.",
            )
    return RawCatalogue(
        file=file,
        sale={"currency": code} if code else {},
        sale_place=_at(name, sale_line),
        defaults={},
        defaults_place=file,
        lots=lots,
    )


def nest_soft_close(flat: dict[str, object]) -> dict[str, object]:
    """Return the fields of a row with the columns of the soft close as the one field that TOML has."""
    values = {key: value for key, value in flat.items() if key not in _SOFT_CLOSE}
    parts = {_SOFT_CLOSE[key]: value for key, value in flat.items() if key in _SOFT_CLOSE}
    if parts:
        values["soft_close"] = False if parts.keys() == {"window"} and is_none(parts["window"]) else parts
    return values


def _line(line: int) -> Callable[[str], int | None]:
    return lambda _field: line


def _at(name: str, line: int) -> Place:
    return Place(file=name, line_of=_line(line), is_flat=True)


def _rows(text: str, name: str, faults: Faults) -> Iterator[_Row]:
    """Yield the rows that are not blank, the header first, up to one more than a sale can have lots."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True, skipinitialspace=True)
    line, count = 1, 0
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield line, cells
                count += 1
            if count > LOTS_MAX + 1:
                return
            line = reader.line_num + 1
    except csv.Error as error:
        faults.add(
            _at(name, line), "", f"This is not CSV: {error}. A quoted cell ends with a quote; inside it, double them."
        )


def _delimiter(text: str) -> str:
    """Return the delimiter with which the header shows the most known columns; a comma where none does."""
    header = text.lstrip()[:4096].splitlines()[:1]

    def known(delimiter: str) -> int:
        return sum(_column(cell) in _COLUMNS for cell in "".join(header).replace('"', "").split(delimiter))

    return max(_DELIMITERS, key=known)


def _column(cell: str) -> str:
    return "_".join(cell.casefold().replace("-", " ").replace("_", " ").split())


def _columns(header: _Row, name: str, faults: Faults) -> list[str]:
    """Return the key of each column; an empty string for one without a name, or with a wrong one."""
    line, cells = header
    columns, counts = [_column(cell) for cell in cells], Counter(map(_column, cells))
    for column, count in counts.items():
        if column and column not in _COLUMNS:
            faults.add(_at(name, line), "", f"Column {quoted(column)}: {unknown_key(column, _COLUMNS)}")
        elif column and count > 1:
            faults.add(_at(name, line), column, f"The column is there {count} times; leave one.")
    return columns


def _values(columns: list[str], cells: list[str], place: Place, faults: Faults) -> dict[str, object]:
    values: dict[str, object] = {}
    for index, cell in enumerate(cells):
        column = columns[index] if index < len(columns) else ""
        if column in _COLUMNS and cell.strip():
            values[column] = cell.strip()
        elif not column and cell.strip():
            faults.add(place, "", f"{quoted(cell)} stands in column {index + 1}, which has no name in the first row.")
    return values
