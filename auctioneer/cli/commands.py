"""`auctioneer commands`: who did what, from the record, whether or not a house runs."""

from collections import deque
from collections.abc import Iterator
from typing import Final

import click

from auctioneer.cli.context import ControlContext, with_control_context
from auctioneer.cli.control_client import connected
from auctioneer.cli.lot_table import person
from auctioneer.cli.output import local_time
from auctioneer.house.reports import Row, command_row
from auctioneer.process.folder import DataFolder
from auctioneer.process.offline import open_journal
from auctioneer.rules.facts import CommandDone
from common.terminal.commands import WholeNumber, examples
from common.terminal.output import print_json, say
from common.terminal.tables import Column, print_table
from common.words import counted

DEFAULT_COUNT: Final = 100
COUNT_MAX: Final = 100_000
_SHOWN_MAX: Final = 5
"""The most lots, and the most people, of one command that a table names."""


@click.command(
    short_help="Show who did what.",
    epilog=examples("auctioneer commands", "auctioneer commands --by ada", "auctioneer commands --json"),
)
@click.option("--by", metavar="NAME", help="Only the commands of this person: `auctioneer`, or a clerk.")
@click.option("--count", type=WholeNumber(1, COUNT_MAX), default=DEFAULT_COUNT, show_default=True, metavar="N")
@with_control_context
def commands(context: ControlContext, by: str | None, count: int) -> None:
    """Show the last commands that were done: when, by whom, what, and on which lots or paddle.

    It reads the record, so it works with and without a running house. From a clerk's directory it shows those that the
    house remembers, which are the last 32 of each person. Commands that the house refused are not there.
    """
    rows, total = _commands(context.folder, by, count)
    if context.as_json:
        print_json(rows)
        return
    columns = [
        Column("Time"),
        Column("By"),
        Column("Command"),
        Column("Lots", shrinks=True),
        Column("Person", shrinks=True),
        Column("Number", is_number=True, is_extra=True),
    ]
    print_table(columns, [_cells(row) for row in rows])
    if len(rows) < total:
        say(f"These are the last {len(rows):,} of {counted(total, 'command')}; --count shows more.", err=True)


def _commands(folder: DataFolder, by: str | None, count: int) -> tuple[list[Row], int]:
    """Return the last commands, and how many there are in all."""
    last: deque[Row] = deque(maxlen=count)
    total = 0
    for row in _remembered(folder) if folder.clerk.read() is not None else _recorded(folder):
        if by in (None, row["by"]):
            last.append(row)
            total += 1
    return list(last), total


def _remembered(folder: DataFolder) -> list[Row]:
    """Return the commands that the house of a clerk remembers."""
    with connected(folder) as house:
        rows: list[Row] = house.ask("commands")
        return rows


def _recorded(folder: DataFolder) -> Iterator[Row]:
    """Yield the commands of the record."""
    journal = open_journal(folder)
    try:
        for _, fact in journal.read():
            if isinstance(fact, CommandDone):
                yield command_row(fact)
    finally:
        journal.close()


def _cells(row: Row) -> list[str]:
    return [local_time(row["at_ms"]), row["by"], row["kind"], _first(row["lots"]), _people(row), str(row["id"])]


def _people(row: Row) -> str:
    """Return the person whom a command was about, or the first of several."""
    if row["paddle"] is not None:
        return person(row["name"], row["paddle"])
    return _first([person(one["name"], one["paddle"]) for one in row["people"]])


def _first(names: list[str]) -> str:
    more = f", and {len(names) - _SHOWN_MAX:,} more" if len(names) > _SHOWN_MAX else ""
    return ", ".join(names[:_SHOWN_MAX]) + more
