"""What reports look like: tables that fit a terminal, aligned columns in a pipe, and CSV that spreadsheets can open.

A title is anybody's text. In a table nothing in it steers the terminal; in CSV nothing in it becomes a formula.
"""

import csv
import io
import shutil
import sys
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

import click
from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from auctioneer.durations import format_duration
from common.cli import printable

_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")
_GAP: Final = 2
"""Cells between columns."""
_SHRUNK_MIN: Final = 12
_STYLES: Final = {"open": "green", "paused": "yellow", "waiting": "yellow", "sold": "bold", "withdrawn": "dim"}
"""How a row's status colours the status; colour never says what the word does not."""


class Column(NamedTuple):
    """A column. Where a terminal is narrow, a text that `shrinks` is cut and a column that `is_extra` left out."""

    title: str
    is_number: bool = False
    shrinks: bool = False
    is_extra: bool = False


def print_table(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    """Print rows of texts, each as long as `columns`."""
    clean = [[printable(cell) for cell in row] for row in rows]
    lines = _terminal_lines(columns, clean) if sys.stdout.isatty() else _plain_lines(columns, clean)
    for line in lines:
        click.echo(line)


def _terminal_lines(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> Iterable[str]:
    room, height = shutil.get_terminal_size()
    widths = _fitted(columns, _natural_widths(columns, rows), room)
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, _GAP - 1, 0, 0))
    for index, width in widths.items():
        column = columns[index]
        table.add_column(column.title, justify="right" if column.is_number else "left", no_wrap=True, width=width)
    for row in rows:
        table.add_row(*(Text(row[index], style=_STYLES.get(row[index], "")) for index in widths))
    buffer = io.StringIO()
    Console(file=buffer, force_terminal=True, width=room, height=height).print(table)
    return buffer.getvalue().splitlines()


def _natural_widths(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> list[int]:
    return [
        max(cell_len(column.title), *(cell_len(row[index]) for row in rows), 0) for index, column in enumerate(columns)
    ]


def _fitted(columns: Sequence[Column], natural: Sequence[int], room: int) -> dict[int, int]:
    """Return which columns are shown in `room` cells, by index, and how wide each is."""
    least = [min(width, _SHRUNK_MIN) if columns[index].shrinks else width for index, width in enumerate(natural)]
    shown = list(range(len(columns)))
    extras = [index for index in shown if columns[index].is_extra]
    while extras and _sum_width([least[index] for index in shown]) > room:
        shown.remove(extras.pop())
    widths = {index: natural[index] for index in shown}
    while _sum_width(widths.values()) > room:
        loose = [index for index in shown if widths[index] > least[index]]
        if not loose:
            break
        widths[max(loose, key=widths.__getitem__)] -= 1
    return widths


def _sum_width(widths: Collection[int]) -> int:
    return sum(widths) + _GAP * (len(widths) - 1)


def _plain_lines(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> Iterable[str]:
    widths = _natural_widths(columns, rows)
    for row in ([column.title for column in columns], *rows):
        cells = []
        for column, cell, width in zip(columns, row, widths, strict=True):
            space = " " * (width - cell_len(cell))
            cells.append(space + cell if column.is_number else cell + space)
        yield (" " * _GAP).join(cells).rstrip()


def print_fields(fields: Iterable[tuple[str, str]]) -> None:
    """Print names and texts, a pair on a line."""
    pairs = [(name, printable(text)) for name, text in fields if text]
    width = max(len(name) for name, _ in pairs)
    for name, text in pairs:
        click.echo(f"{name.ljust(width)}  {text}")


def tell_person(sentence: str) -> None:
    """Print a sentence that is for the person at the keyboard only, whatever reads the output."""
    click.echo(printable(sentence), err=True)


def print_csv(
    header: Sequence[str], rows: Iterable[Sequence[object]], delimiter: str = ",", *, has_bom: bool = False
) -> None:
    """Print CSV with a header. A text that a spreadsheet would take for a formula gets a leading apostrophe.

    With a byte order mark it is in UTF-8, whatever the terminal's encoding: so Excel knows that it is.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([_csv_cell(value) for value in row] for row in rows)
    text = buffer.getvalue()
    click.echo(text.encode("utf-8-sig") if has_bom else text, nl=False)


def _csv_cell(value: object) -> str:
    text = printable("" if value is None else str(value))
    return f"'{text}" if _is_formula(value) or _is_formula(text) else text


def _is_formula(value: object) -> bool:
    """Return whether a spreadsheet may run a text: some pass over spaces, some take wide letters for plain ones."""
    return unicodedata.normalize("NFKC", str(value)).lstrip(" \n").startswith(_FORMULA_STARTS)


def grouped(amount: str | None) -> str:
    """Return a decimal string of a report for people, such as `1,250.50`."""
    if amount is None:
        return ""
    whole, point, fraction = amount.partition(".")
    return f"{int(whole):,}{point}{fraction}"


def local_time(at_ms: int) -> str:
    """Return a server time in this machine's zone: the time alone if it is today, else with the date."""
    moment = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone()
    is_today = moment.date() == datetime.now(UTC).astimezone().date()
    return moment.strftime("%H:%M:%S" if is_today else "%Y-%m-%d %H:%M:%S")


def utc_time(at_ms: int | None) -> str | None:
    """Return a server time for programs, such as `2026-05-01T17:00:00.000Z`."""
    if at_ms is None:
        return None
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def time_left(remaining_ms: int) -> str:
    """Return the time left in whole seconds, by its two largest units, such as `2d 3h` or `45s`."""
    return " ".join(format_duration(remaining_ms // 1000 * 1000).split()[:2])
