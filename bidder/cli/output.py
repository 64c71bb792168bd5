"""How lines reach the terminal or a pipe, and the table of lots."""

import os
import shutil
import sys
from collections.abc import Sequence
from typing import Any, Final

import click
import msgspec
from rich.cells import cell_len, set_cell_size

from bidder.cli.wording import Line, Tone, leader_words, outcome_words, reserve_words, time_left
from common.cli import printable
from common.lot import LotStatus, LotView
from common.money import Currency

_STYLES: Final[dict[Tone, dict[str, Any]]] = {
    Tone.PLAIN: {},
    Tone.GOOD: {"fg": "green", "bold": True},
    Tone.BAD: {"fg": "red", "bold": True},
    Tone.NOTE: {"fg": "cyan"},
}
"""Colour never says what the words do not."""
_TITLE_MIN: Final = 12
_GAP: Final = "  "


def say(line: Line) -> None:
    """Print a line for a person."""
    style = _STYLES[line.tone] if _has_colours() else {}
    click.echo(click.style(line.text, **style) if style else line.text)


def _has_colours() -> bool:
    """Return whether colours are wanted; in a pipe click takes them out besides."""
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def say_record(record: dict[str, Any]) -> None:
    """Print one object on a line of its own, at once."""
    click.echo(msgspec.json.encode(record).decode())


def print_lots(views: Sequence[tuple[LotView, int | None]], paddle: int, currency: Currency) -> None:
    """Print a table of lots, each with what is left on its clock. At a terminal titles are cut to its width."""
    header = ("Lot", "Title", f"Price {currency.code}", "Next bid", "Standing", "Left")
    rows = [header, *(_cells(view, remaining_ms, paddle, currency) for view, remaining_ms in views)]
    widths = [max(cell_len(row[column]) for row in rows) for column in range(len(header))]
    if sys.stdout.isatty():
        excess = sum(widths) + len(_GAP) * (len(widths) - 1) - shutil.get_terminal_size().columns
        widths[1] = max(min(_TITLE_MIN, widths[1]), widths[1] - max(0, excess))
    for row in rows:
        click.echo(_GAP.join(_fitted(cell, widths[column], column) for column, cell in enumerate(row)).rstrip())


def _cells(view: LotView, remaining_ms: int | None, paddle: int, currency: Currency) -> tuple[str, ...]:
    price_minor = view.price_minor if view.hammer_minor is None else view.hammer_minor
    return (
        view.lot,
        printable(view.terms.title),
        "" if price_minor is None else _bare(price_minor, currency),
        "" if view.status.is_final else _bare(view.minimum_minor, currency),
        _standing(view, paddle, currency),
        "" if remaining_ms is None else time_left(remaining_ms),
    )


def _standing(view: LotView, paddle: int, currency: Currency) -> str:
    if view.status.is_final:
        return outcome_words(view, paddle, currency)
    parts = [
        "" if view.status is LotStatus.OPEN else view.status.value,
        "" if view.status is LotStatus.SCHEDULED else leader_words(view, paddle),
        reserve_words(view),
    ]
    return ", ".join(part for part in parts if part)


def _bare(amount_minor: int, currency: Currency) -> str:
    return currency.show(amount_minor).removeprefix(f"{currency.code} ")


def _fitted(cell: str, width: int, column: int) -> str:
    if cell_len(cell) > width:
        return set_cell_size(cell, width - 1) + "…"
    space = " " * (width - cell_len(cell))
    return space + cell if column in (2, 3) else cell + space
