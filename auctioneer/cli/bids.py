"""`auctioneer bids`: every bid on a lot, and those that came late, from the record or from a clerk's house."""

from collections.abc import Iterator
from contextlib import contextmanager
from operator import itemgetter
from typing import Final

import click

from auctioneer.cli.context import LOT, data_option, json_option
from auctioneer.cli.control_client import connected
from auctioneer.cli.lot_table import person
from auctioneer.cli.output import grouped, late_by, local_time
from auctioneer.house.bid_history import late_bids, page_of_bids
from auctioneer.house.commands import BIDS
from auctioneer.house.reports import Row
from auctioneer.journal import Record
from auctioneer.process.folder import DataFolder
from auctioneer.process.offline import open_journal
from common.terminal.commands import WholeNumber, examples
from common.terminal.output import print_json, say
from common.terminal.tables import Column, print_table
from common.words import counted

DEFAULT_COUNT: Final = 100
COUNT_MAX: Final = 100_000
"""The most rows at a time; each takes about a kilobyte of memory."""


@click.command(
    short_help="Show every bid on a lot, or those that came late.",
    epilog=examples(
        "auctioneer bids 7",
        "auctioneer bids 7 --from 1 --count 500",
        "auctioneer bids --late          # on all lots, and by how much",
        "auctioneer bids 7 --json",
    ),
)
@click.argument("lot", type=LOT, required=False)
@click.option("--late", "only_late", is_flag=True, help="Only bids that came too late; without LOT on all lots.")
@click.option(
    "--from",
    "first",
    type=WholeNumber(1),
    metavar="N",
    help="The first bid to show, by its number.  [default: the last]",
)
@click.option("--count", type=WholeNumber(1, COUNT_MAX), default=DEFAULT_COUNT, show_default=True, metavar="N")
@data_option
@json_option
def bids(lot: str | None, first: int | None, count: int, folder: DataFolder, *, only_late: bool, as_json: bool) -> None:
    """Show the bids on LOT in their order: when, who, how much, and the price and the leader after it.

    Each accepted bid has a number, by which `auctioneer undo --bid` takes it back. Late bids are there, too, and of
    each bidder the last refused ones. This shows secret maximum bids. It reads the record, with and without a running
    house; a record of a million facts takes some seconds.

    A clerk with the right `bids` or `corrections` sees the bids that count, if the sale has corrections. Every clerk
    sees with --late what the house has at hand: the last 200 of the sale.
    """
    if only_late:
        if first is not None:
            raise click.UsageError("--from counts the bids of a lot, and late ones have no number; leave it out.")
        _print_late(folder, lot, count, as_json=as_json)
    elif lot is None:
        raise click.UsageError("Name a LOT, or add --late for the bids on all lots that came too late.")
    elif folder.clerk.read() is not None:
        _print_at_hand(folder, lot, first, count, as_json=as_json)
    else:
        _print_recorded(folder, lot, first, count, as_json=as_json)


@contextmanager
def _record_of(folder: DataFolder) -> Iterator[Record]:
    journal = open_journal(folder)
    try:
        yield journal
    finally:
        journal.close()


def _print_recorded(folder: DataFolder, lot: str, first: int | None, count: int, *, as_json: bool) -> None:
    """Print what the record has of a lot."""
    with _record_of(folder) as journal:
        page = page_of_bids(lot, map(itemgetter(1), journal.read()), journal.rejections(), count, first)
    currency = page.currency.code
    if as_json:
        print_json({"lot": page.lot, "title": page.title, "currency": currency, "total": page.total, "bids": page.bids})
        return
    has_clerks = any(row["by"] for row in page.bids)
    columns = [*_first_columns(currency, has_clerks=has_clerks), Column("Price", is_number=True)]
    columns += [Column("Leader", shrinks=True), Column("Outcome")]
    rows = [
        [
            *_first_cells(row, has_clerks=has_clerks),
            grouped(row["price"]),
            person(row["leader"], row["leader_paddle"]),
            _outcome(row),
        ]
        for row in page.bids
    ]
    print_table(columns, rows)
    if len(page.bids) < page.total:
        what = counted(page.total, "bid")
        say(f"{len(page.bids):,} of {what} are shown, with those refused. --from and --count show others.", err=True)


def _print_at_hand(folder: DataFolder, lot: str, first: int | None, count: int, *, as_json: bool) -> None:
    """Print what a clerk's house has at hand of a lot."""
    with connected(folder) as house:
        report: Row = house.ask(BIDS, (lot,))
    at_hand = [row for row in report["bids"] if row["number"] >= (first or 1)]
    shown = at_hand[-count:] if first is None else at_hand[:count]
    if as_json:
        print_json(report | {"bids": shown})
        return
    has_clerks = any(row["by"] for row in shown)
    columns = _first_columns(report["currency"], has_clerks=has_clerks)
    print_table(columns, [_first_cells(row, has_clerks=has_clerks) for row in shown])
    say("These count. What was refused, late or taken back is shown on the house's machine only.", err=True)


def _print_late(folder: DataFolder, lot: str | None, count: int, *, as_json: bool) -> None:
    """Print the bids that came too late, on one lot or on all: from the record, or from a clerk's house."""
    if folder.clerk.read() is not None:
        with connected(folder) as house:
            rows = house.ask("late", () if lot is None else (lot,))
        rows, total = rows[-count:], len(rows)
    else:
        with _record_of(folder) as journal:
            rows, total = late_bids(map(itemgetter(1), journal.read()), count, lot)
    if as_json:
        print_json(rows)
        return
    columns = [
        Column("Lot"),
        Column("Title", shrinks=True, is_extra=True),
        Column("Time"),
        Column("Bidder", shrinks=True),
    ]
    columns += [Column("Bid", is_number=True), Column("Up to", is_number=True), Column("Late by", is_number=True)]
    cells = [
        [
            row["lot"],
            row["title"],
            _time(row),
            person(row["name"], row["paddle"]),
            grouped(row["amount"]),
            grouped(row["maximum"]),
            late_by(row["late_ms"]),
        ]
        for row in rows
    ]
    print_table(columns, cells)
    if len(rows) < total:
        say(f"These are the last {len(rows):,} of {counted(total, 'late bid')}; --count shows more.", err=True)


def _first_columns(currency: str, *, has_clerks: bool) -> list[Column]:
    return [
        Column("No", is_number=True),
        Column("Time"),
        Column("Bidder", shrinks=True),
        *([Column("Source")] if has_clerks else []),
        Column(f"Bid {currency}", is_number=True),
        Column("Up to", is_number=True),
    ]


def _first_cells(row: Row, *, has_clerks: bool) -> list[str]:
    return [
        "" if row["number"] is None else str(row["number"]),
        _time(row),
        person(row["name"], row["paddle"]),
        *([_source(row)] if has_clerks else []),
        grouped(row["amount"]),
        grouped(row["maximum"]),
    ]


def _time(row: Row) -> str:
    return f"{local_time(row['at_ms'])}.{row['at_ms'] % 1000:03}"


def _source(row: Row) -> str:
    """Return how the bid reached the house, if a clerk made it for the bidder, and the clerk's name."""
    return "" if row["by"] is None else f"{row['source']}, {row['by']}"


def _outcome(row: Row) -> str:
    match row["outcome"]:
        case "late":
            return f"late by {late_by(row['late_ms'])}"
        case "refused":
            return str(row["code"])
        case outcome:
            return str(outcome).replace("_", " ")
