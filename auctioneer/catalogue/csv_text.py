"""From CSV to the rows of a sheet: which character separates the cells, and on which line each row begins."""

import csv
import io
import re
from collections.abc import Iterator
from typing import Final

from auctioneer.catalogue.faults import Faults, Place
from auctioneer.catalogue.sheet import DELIMITERS, HEADER_ROWS_MAX, Known, Row, Sheet, known_columns
from common.limits import LOTS_MAX
from common.money import DecimalMark

_SEPARATOR_LINE: Final = re.compile(r'"?sep=(\t|[^"\s\w])"?(?:\r\n|\r|\n|$)')
"""A first line that tells Excel which character separates the cells."""
_LOOKED_AT_CHARS: Final = 16384


def csv_sheet(
    text: str, name: str, faults: Faults, ignored: frozenset[str] = frozenset(), known: Known = known_columns
) -> Sheet:
    """Return the rows of a CSV, whose columns `known` knows. A syntax error goes to `faults` once the rows are read.

    If a comma separates the cells, the decimal mark is a point; otherwise it is unknown.
    """
    told = _SEPARATOR_LINE.match(text)
    delimiter = told[1] if told else _delimiter(text, known)
    return Sheet(
        name=name,
        rows=_rows(text[told.end() :], 2, delimiter, name, faults) if told else _rows(text, 1, delimiter, name, faults),
        mark=DecimalMark.UNSAID if delimiter == "," else DecimalMark.UNKNOWN,
        delimiter=delimiter,
        ignored=ignored,
    )


def _rows(text: str, first_line: int, delimiter: str, name: str, faults: Faults) -> Iterator[Row]:
    """Yield the rows, but not many more than a sale can have lots."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True, skipinitialspace=True)
    line, count = first_line, 0
    try:
        for cells in reader:
            row = Row(line, cells)
            if not row.is_blank:
                yield row
                count += 1
            if count > LOTS_MAX + HEADER_ROWS_MAX:
                return
            line = reader.line_num + first_line
    except csv.Error as error:
        place = Place(file=name, line_of=lambda _field: line, is_flat=True)
        faults.add(place, "", f"This is not CSV: {error}. A quoted cell ends with a quote; inside it, double them.")


def _delimiter(text: str, known: Known) -> str:
    """Return the delimiter with which one of the first lines has the most known columns; a comma if none has any."""
    lines = text.lstrip()[:_LOOKED_AT_CHARS].replace('"', "").splitlines()[:HEADER_ROWS_MAX]

    def named(delimiter: str) -> int:
        return max((known(line.split(delimiter)) for line in lines), default=0)

    return max(DELIMITERS, key=named)
