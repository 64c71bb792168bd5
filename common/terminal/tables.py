"""Tables: fitted to a terminal, aligned in a pipe. No number and no price is ever cut.

If a terminal is too narrow for a table's numbers, each row becomes a block of lines that holds all of its cells.
"""

import io
import shutil
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from rich.cells import cell_len, set_cell_size

from common.names import printable
from common.terminal.output import say_drawn

GAP: Final = 2
"""The width between two columns, in terminal cells."""
_SHRUNK_MIN: Final = 8
_SHRUNK_FOR_EXTRAS: Final = 12
"""No text is cut below this width to make room for a column that can be left out."""
_INDENT: Final = "    "


class Column(NamedTuple):
    """A column. On a narrow terminal a text that `shrinks` is cut, and a column that `is_extra` is left out."""

    title: str
    is_number: bool = False
    shrinks: bool = False
    is_extra: bool = False


def print_table(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], styles: Mapping[str, str] | None = None
) -> None:
    """Print rows of texts, one text for each column. `styles` gives the rich style of some texts."""
    columns = [column._replace(title=printable(column.title)) for column in columns]
    clean = [[printable(cell) for cell in row] for row in rows]
    say_drawn(_terminal_lines(columns, clean, styles or {}) if sys.stdout.isatty() else _plain_lines(columns, clean))


def _terminal_lines(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], styles: Mapping[str, str]
) -> Iterable[str]:
    room, height = shutil.get_terminal_size()
    # Imported only here, since they would slow the start of every command.
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    widths = fitted(columns, _natural_widths(columns, rows), room)
    if _sum_width(widths.values()) > room:
        return _stacked_lines(columns, rows, room)
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, GAP - 1, 0, 0))
    for index, width in widths.items():
        column = columns[index]
        table.add_column(column.title, justify="right" if column.is_number else "left", no_wrap=True, width=width)
    for row in rows:
        table.add_row(*(Text(row[index], style=styles.get(row[index], "")) for index in widths))
    buffer = io.StringIO()
    Console(file=buffer, force_terminal=True, width=room, height=height).print(table)
    return buffer.getvalue().splitlines()


def _natural_widths(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> list[int]:
    return [
        max(cell_len(column.title), *(cell_len(row[index]) for row in rows), 0) for index, column in enumerate(columns)
    ]


def fitted(columns: Sequence[Column], natural: Sequence[int], room: int) -> dict[int, int]:
    """Return which columns are shown in `room` cells, by index, and how wide each is. `natural` has the full widths.

    The sum may still be more than `room`, since no number is cut.
    """

    def cut_to(shrunk: int) -> list[int]:
        return [min(width, shrunk) if columns[index].shrinks else width for index, width in enumerate(natural)]

    shown = list(range(len(columns)))
    extras = [index for index in shown if columns[index].is_extra]
    least = cut_to(_SHRUNK_FOR_EXTRAS)
    while extras and _sum_width([least[index] for index in shown]) > room:
        shown.remove(extras.pop())
    least = cut_to(_SHRUNK_MIN)
    widths = {index: natural[index] for index in shown}
    while _sum_width(widths.values()) > room:
        loose = [index for index in shown if widths[index] > least[index]]
        if not loose:
            break
        widths[max(loose, key=widths.__getitem__)] -= 1
    return widths


def _sum_width(widths: Collection[int]) -> int:
    return sum(widths) + GAP * (len(widths) - 1)


def _stacked_lines(columns: Sequence[Column], rows: Sequence[Sequence[str]], room: int) -> Iterable[str]:
    """Yield lines that hold the cells of each row in turn, as many as fit; a number follows its column's title."""
    for row in rows:
        line = ""
        for column, cell in zip(columns, row, strict=True):
            if not cell:
                continue
            named = f"{column.title}: {cell}" if column.is_number else cell
            if column.shrinks:
                named = _cut(named, max(room - cell_len(line) - GAP, min(room, 2 * _SHRUNK_MIN) - len(_INDENT)))
            if line and cell_len(line) + GAP + cell_len(named) > room:
                yield line
                line = _INDENT + named
            else:
                line += " " * GAP + named if line else named
        if line:
            yield line


def _cut(text: str, room: int) -> str:
    return text if cell_len(text) <= room else set_cell_size(text, room - 1) + "…"


def _plain_lines(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> Iterable[str]:
    widths = _natural_widths(columns, rows)
    for row in ([column.title for column in columns], *rows):
        cells = []
        for column, cell, width in zip(columns, row, widths, strict=True):
            space = " " * (width - cell_len(cell))
            cells.append(space + cell if column.is_number else cell + space)
        yield (" " * GAP).join(cells).rstrip()
