"""The style of lines for people, and the table of lots."""

from collections.abc import Sequence
from typing import Any, Final

from bidder.display.lines import Line, Tone
from bidder.display.lot_table import lot_cells
from bidder.display.shown import ShownLot
from common.money import Currency
from common.terminal import output as terminal
from common.terminal.tables import Column, print_table

_STYLES: Final[dict[Tone, dict[str, Any]]] = {
    Tone.PLAIN: {},
    Tone.GOOD: {"fg": "green", "bold": True},
    Tone.BAD: {"fg": "red", "bold": True},
    Tone.NOTE: {"fg": "cyan"},
}
"""The style of each tone. The words say everything that a colour says."""


_BUY_NOW: Final = 4
"""The column of buy-now prices, left out if no lot has one."""


def say(line: Line, *, if_lost: str = "") -> None:
    """Print a line for a person. Raises OutputError with `if_lost`."""
    terminal.say(line.text, if_lost=if_lost, style=_STYLES[line.tone])


def print_lots(lots: Sequence[ShownLot], paddle: int, currency: Currency) -> None:
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
    rows = [lot_cells(lot, paddle, currency) for lot in lots]
    if not any(row[_BUY_NOW] for row in rows):
        del columns[_BUY_NOW]
        for row in rows:
            del row[_BUY_NOW]
    print_table(columns, rows)
