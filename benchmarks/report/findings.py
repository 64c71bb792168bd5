"""The common end of every measurement: it sums up repetitions, prints a table and keeps the finding."""

import statistics
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import click
from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.report.results import RESULTS_FOLDER, Finding, Row, Target, keep
from common.names import printable
from common.terminal.output import say

_SMALL: Final = 100
"""Figures below this are shown with two decimals."""
_WIDTH_MIN: Final = 120
"""The least width of a table: folded columns of figures can't be read, so in a narrow window the lines wrap instead."""


def alike(rows: Iterable[Row]) -> list[list[Row]]:
    """Return the rows in groups for one table each: successive rows with the same columns."""
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
    """Return a setting as text, with separators in numbers."""
    return value if isinstance(value, str) else f"{value:,}"


def shown_figure(value: float) -> str:
    """Return a figure as text: with two decimals if it is small and not whole, otherwise as a whole number."""
    return f"{value:,.0f}" if value == int(value) or abs(value) >= _SMALL else f"{value:,.2f}"


def results_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--results` to a measurement's command."""
    return click.option(
        "--results",
        "results_folder",
        default=RESULTS_FOLDER,
        show_default=True,
        type=click.Path(file_okay=False, path_type=Path),
        help="The directory that keeps the figures as JSON.",
    )(command)


def spread(name: str, values: Sequence[float]) -> dict[str, float]:
    """Return the median of the values under `name`, with the lowest and highest under `name_min` and `name_max`."""
    return {name: statistics.median(values), f"{name}_min": min(values), f"{name}_max": max(values)}


def say_row(row: Row) -> Row:
    """Print a row in one line as soon as it is measured, so that an interrupted run has said what it found."""
    settings = [f"{shown_name(name)} {shown_setting(value)}" for name, value in row.setting.items()]
    figures = [f"{shown_name(name)} {shown_figure(value)}" for name, value in row.figures.items()]
    say(f"{', '.join(settings)}: {', '.join(figures)}")
    return row


def show_and_keep(finding: Finding, folder: Path) -> None:
    """Print a finding, write it to `folder` and print the path."""
    console = Console(highlight=False)
    console.width = max(console.width, _WIDTH_MIN)
    console.print(f"\n[bold]{finding.name}[/bold]  {finding.question}")
    for rows in alike(finding.rows):
        console.print(_table(rows))
    for target in finding.targets:
        console.print(printable(_verdict(target)), markup=False)
    for note in finding.notes:
        console.print(f"- {note}", markup=False)
    say(f"Kept in {keep(finding, folder)}")


def _verdict(target: Target) -> str:
    return f"{'reached' if target.reached else 'MISSED '}  {target.what}: {target.found}"


def _table(rows: list[Row]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name in rows[0].setting:
        numbers = all(isinstance(row.setting[name], int | float) for row in rows)
        table.add_column(shown_name(name), justify="right" if numbers else "left")
    for name in rows[0].figures:
        table.add_column(shown_name(name), justify="right")
    for row in rows:
        table.add_row(*map(shown_setting, row.setting.values()), *map(shown_figure, row.figures.values()))
    return table
