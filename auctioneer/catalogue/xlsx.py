"""From an Excel file to the rows of a sheet: the first visible sheet, with the values that Excel computed.

Such a file is a zip of XML, and a small one can unpack to any size. So the sizes that it states are checked before
anything is unpacked, and the zip reader never unpacks more than that. `openpyxl` reads it, row by row.
"""

import io
import re
import warnings
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, time, timedelta
from decimal import Context, Decimal
from itertools import zip_longest
from typing import Any, Final, TypeVar

from auctioneer.catalogue.faults import CatalogueError, Fault, Faults, quoted
from auctioneer.catalogue.fields import BadCell, ExactNumber
from auctioneer.catalogue.sheet import COLUMNS_MAX, HEADER_ROWS_MAX, Row, Sheet
from common.limits import LOTS_MAX
from common.money import DecimalMark, codes_of

PARTS_MAX: Final = 1000
"""The most files in the zip."""
PART_BYTES_MAX: Final = 8 * 2**20
"""The largest size, unpacked, of each part that is read as a whole."""
TEXTS_BYTES_MAX: Final = 64 * 2**20
"""The largest size, unpacked, of the texts that the cells share."""
SHEET_BYTES_MAX: Final = 256 * 2**20
"""The largest size of a sheet, unpacked; it is read row by row."""
CELL_CHARS_MAX: Final = 32_767
"""The most characters in a cell: Excel's limit."""
ROWS_MAX: Final = 2**20
"""The most rows: Excel's limit. Most of them may be blank."""

_SHEET_PART: Final = re.compile(r"/?xl/worksheets/", re.IGNORECASE)
_TEXTS_PART: Final = re.compile(r"/?xl/sharedStrings\.xml", re.IGNORECASE)
_DIGITS: Final = Context(prec=15)
"""Excel keeps this many digits. Any further digits of a float are not in the sheet that a person sees."""
_UNIT: Final = re.compile(r"\[\$([^\]\-]*)[^\]]*\]|\"([^\"]*)\"|([$€£¥])")
"""The places where a number's format can name a currency: `[$€-407]`, a text in quotes, or a sign alone."""

_Read = TypeVar("_Read")


class _NotReadError(Exception):
    """Why a file can't be read as a spreadsheet, as a sentence."""


def read_xlsx(
    content: bytes, name: str, faults: Faults, read: Callable[[Sheet], _Read], ignored: frozenset[str] = frozenset()
) -> _Read:
    """Have `read` read the first visible sheet of a workbook. Raises CatalogueError if it is no such file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl warns of styles and the like that it ignores
        try:
            _check_sizes(content)
            rows = _whole(_rows(content, name, faults))
            return read(Sheet(name=name, rows=rows, mark=DecimalMark.UNKNOWN, ignored=ignored))
        except _NotReadError as error:
            raise CatalogueError([Fault(file=name, reason=str(error))]) from error


def _check_sizes(content: bytes) -> None:
    """Raise _NotReadError if the content is not a zip, or unpacks to more than a catalogue can need."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
    except zipfile.BadZipFile as error:
        raise _NotReadError("It is not an .xlsx file; open it in Excel, and save it as .xlsx.") from error
    if len(parts) > PARTS_MAX:
        raise _NotReadError(f"It has {len(parts):,} parts; a catalogue has {PARTS_MAX:,} at most.")
    for part in parts:
        limit = PART_BYTES_MAX
        if _SHEET_PART.match(part.filename):
            limit = SHEET_BYTES_MAX
        elif _TEXTS_PART.fullmatch(part.filename):
            limit = TEXTS_BYTES_MAX
        elif not part.filename.lower().endswith((".xml", ".rels")):
            continue  # a picture, which is not unpacked
        if part.file_size > limit:
            shown = f"{part.file_size // 2**20:,} MiB, over the limit of {limit // 2**20}"
            raise _NotReadError(f"Its part {quoted(part.filename)} unpacks to {shown}; copy its rows to a new file.")


def _whole(rows: Iterator[Row]) -> Iterator[Row]:
    """Yield the rows. Raises _NotReadError for a damaged file, for which openpyxl may raise any exception."""
    try:
        yield from rows
    except _NotReadError:
        raise
    except Exception as error:
        kind = type(error).__name__
        reason = f"It can't be read as an Excel file ({kind}); open it in Excel, and save it again as .xlsx."
        raise _NotReadError(reason) from error


def _rows(content: bytes, name: str, faults: Faults) -> Iterator[Row]:
    """Yield the rows of the first visible sheet, but not many more than a sale can have lots."""
    try:
        from openpyxl import load_workbook
    except ImportError as error:
        raise _NotReadError(
            "To read Excel files, install the extra: pip install 'auction-house[xlsx]'. Or save it as CSV UTF-8."
        ) from error
    # Each formula is read twice, as its value and as itself: a formula without a value is not an empty cell.
    books = [
        load_workbook(io.BytesIO(content), read_only=True, data_only=data_only, keep_links=False)
        for data_only in (True, False)
    ]
    try:
        sheet, formulas = (_first_shown(book.worksheets) for book in books)
        if len(books[0].worksheets) > 1:
            faults.note(name, f"It has {len(books[0].worksheets)} sheets; {quoted(sheet.title)} is read.")
        yield from _sheet_rows(sheet, formulas)
    finally:
        for book in books:
            book.close()


def _first_shown(sheets: Sequence[Any]) -> Any:
    if not sheets:
        raise _NotReadError("It has no sheet with cells.")
    return next((sheet for sheet in sheets if sheet.sheet_state == "visible"), sheets[0])


def _sheet_rows(sheet: Any, formulas: Any) -> Iterator[Row]:
    for each in (sheet, formulas):
        each.reset_dimensions()  # the dimensions that a file states need not be true
    pairs = zip_longest(sheet.iter_rows(max_row=ROWS_MAX), formulas.iter_rows(max_row=ROWS_MAX), fillvalue=())
    count = 0
    for line, (cells, as_typed) in enumerate(pairs, start=1):
        if not as_typed:
            continue  # an empty row, perhaps one of a million
        values = list(_values(cells[: COLUMNS_MAX + 1], as_typed[: COLUMNS_MAX + 1]))
        while values and values[-1] is None:
            values.pop()
        if values:
            yield Row(line, values)
            count += 1
        if count > LOTS_MAX + HEADER_ROWS_MAX:
            return


def _values(cells: Iterable[Any], as_typed: Iterable[Any]) -> Iterator[object]:
    for cell, typed in zip_longest(cells, as_typed):
        value = None if cell is None else cell.value
        if value is None:
            is_formula = typed is not None and typed.value is not None
            yield (
                BadCell("It is a formula without a value; open the file in Excel and save it.") if is_formula else None
            )
        else:
            yield _value(value, cell)


def _value(value: object, cell: Any) -> object:
    """Return a cell's value: a text, an exact number, true or false, or a date; a BadCell if it is none of these."""
    if cell.data_type == "e":
        return BadCell(f"The cell shows {quoted(value)}, an error of its formula; put a value there.")
    if isinstance(value, str):
        return value if len(value) <= CELL_CHARS_MAX else BadCell(f"The cell has {len(value):,} characters.")
    if isinstance(value, bool | date | time | timedelta):
        return value
    number = Decimal(repr(value))
    if not number.is_finite():
        return BadCell("The cell has a number that is not finite; put a value there.")
    if not isinstance(value, int):
        number = _DIGITS.plus(number)
    if abs(number.adjusted()) > _DIGITS.prec * 2:
        return BadCell("The cell has a number that is too large or too small; write it as text.")
    digits = f"{number:f}"
    return ExactNumber(digits.rstrip("0").rstrip(".") if "." in digits else digits, _unit(cell.number_format))


def _unit(number_format: str) -> str:
    """Return the sign or code of the currency with which a format shows a number; empty if there is none."""
    for match in _UNIT.finditer(number_format or ""):
        unit = next(filter(None, match.groups()), "").strip()
        if codes_of(unit):
            return unit
    return ""
