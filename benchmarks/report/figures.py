"""How what a measurement found is written for people: the same in the terminal's tables and on the report page."""

from collections.abc import Iterable
from typing import Final

from benchmarks.report.results import Row

_SMALL: Final = 100
"""Figures below this are shown with two decimals."""


def alike(rows: Iterable[Row]) -> list[list[Row]]:
    """Return the rows in groups, each of which fits in a table: they follow one another and have the same columns."""
    groups: list[list[Row]] = []
    for row in rows:
        if groups and _columns(groups[-1][0]) == _columns(row):
            groups[-1].append(row)
        else:
            groups.append([row])
    return groups


def _columns(row: Row) -> tuple[list[str], list[str]]:
    return list(row.setting), list(row.figures)


def shown_name(name: str) -> str:
    """Return a column's name in words."""
    return name.replace("_", " ")


def shown_setting(value: str | float) -> str:
    """Return what was set, numbers with separators."""
    return value if isinstance(value, str) else f"{value:,}"


def shown_figure(value: float) -> str:
    """Return what was found: with two decimals where it has any and is small, else as a whole number."""
    return f"{value:,.0f}" if value == int(value) or abs(value) >= _SMALL else f"{value:,.2f}"
