"""How lines for people look, and the table of lots."""

from collections.abc import Sequence
from typing import Any, Final

from bidder.display.wording import Line, Tone, leader_words, outcome_words, reserve_words, time_left
from common.lot import LotStatus, LotView
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
    """Print a table of lots, each with what is left on its clock."""
    columns = [
        Column("Lot"),
        Column("Title", shrinks=True),
        Column(f"Price {currency.code}", is_number=True),
        Column("Next bid", is_number=True),
        Column("Buy now", is_number=True),
        Column("Standing"),
        Column("Left"),
    ]
    rows = [_cells(view, remaining_ms, paddle, currency) for view, remaining_ms in views]
    if not any(view.buy_now_minor is not None for view, _ in views):
        columns = [column for column in columns if column.title != "Buy now"]
        rows = [[*row[:4], *row[5:]] for row in rows]
    print_table(columns, rows)


def _cells(view: LotView, remaining_ms: int | None, paddle: int, currency: Currency) -> list[str]:
    price_minor = view.price_minor if view.hammer_minor is None else view.hammer_minor
    return [
        view.lot,
        view.terms.title,
        "" if price_minor is None else _bare(price_minor, currency),
        "" if view.status.is_final else _bare(view.minimum_minor, currency),
        "" if view.buy_now_minor is None else _bare(view.buy_now_minor, currency),
        _standing(view, paddle, currency),
        "" if remaining_ms is None else time_left(remaining_ms),
    ]


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
