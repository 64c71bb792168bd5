"""The look of lines for people, and the table of lots."""

from collections.abc import Sequence
from typing import Any, Final

from bidder.display.lot_table import lot_cells
from bidder.display.wording import Line, Tone
from common.lot import LotView
from common.money import Currency
from common.terminal import output as terminal
from common.terminal.tables import Column, print_table

_STYLES: Final[dict[Tone, dict[str, Any]]] = {
    Tone.PLAIN: {},
    Tone.GOOD: {"fg": "green", "bold": True},
    Tone.BAD: {"fg": "red", "bold": True},
    Tone.NOTE: {"fg": "cyan"},
}
"""Colour never says what the words do not."""


def say(line: Line, *, if_lost: str = "") -> None:
    """Print a line for a person. Raises OutputError with `if_lost`."""
    terminal.say(line.text, if_lost=if_lost, style=_STYLES[line.tone])


def print_lots(views: Sequence[tuple[LotView, int | None]], paddle: int, currency: Currency) -> None:
    """Print a table of lots, each with its time left."""
    columns = [
        Column("Lot"),
        Column("Title", shrinks=True),
        Column(f"Price {currency.code}", is_number=True),
        Column("Next bid", is_number=True),
        Column("Buy now", is_number=True),
        Column("Standing"),
        Column("Left"),
    ]
    rows = [lot_cells(view, remaining_ms, paddle, currency) for view, remaining_ms in views]
    if not any(view.buy_now_minor is not None for view, _ in views):
        columns = [column for column in columns if column.title != "Buy now"]
        rows = [[*row[:4], *row[5:]] for row in rows]
    print_table(columns, rows)
