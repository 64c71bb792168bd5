"""`auctioneer bids`: every bid on a lot, from the record, whether or not a house runs."""

from operator import itemgetter
from typing import Final

import click

from auctioneer.cli.context import LOT, data_option, json_option
from auctioneer.cli.output import grouped, local_time
from auctioneer.house.bid_history import page_of_bids
from auctioneer.house.reports import Row
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
    short_help="Show every bid on a lot.",
    epilog=examples("auctioneer bids 7", "auctioneer bids 7 --from 1 --count 500", "auctioneer bids 7 --json"),
)
@click.argument("lot", type=LOT)
@click.option(
    "--from", "first", type=WholeNumber(1), metavar="NUMBER", help="The first bid to show.  [default: the last ones]"
)
@click.option("--count", type=WholeNumber(1, COUNT_MAX), default=DEFAULT_COUNT, show_default=True, metavar="N")
@data_option
@json_option
def bids(lot: str, first: int | None, count: int, folder: DataFolder, *, as_json: bool) -> None:
    """Show the bids on LOT in their order: when, who, how much, and the price and the leader after it.

    Each accepted bid has a number under Offer, by which `auctioneer undo` takes it back. Late bids are there, too, and
    of each bidder the last refused ones. This shows secret maximum bids. It reads the record, so it works with and
    without a running house; a record of a million facts takes some seconds.
    """
    journal = open_journal(folder)
    try:
        page = page_of_bids(lot, map(itemgetter(1), journal.read()), journal.rejections(), count, first)
    finally:
        journal.close()
    if as_json:
        print_json(
            {
                "lot": page.lot,
                "title": page.title,
                "currency": page.currency.code,
                "total": page.total,
                "bids": page.bids,
            }
        )
        return
    has_clerks = any(row["by"] for row in page.bids)
    columns = [
        Column("No", is_number=True),
        Column("Offer", is_number=True),
        Column("Time"),
        Column("Bidder", shrinks=True),
        *([Column("Source")] if has_clerks else []),
        Column(f"Bid {page.currency.code}", is_number=True),
        Column("Up to", is_number=True),
        Column("Price", is_number=True),
        Column("Leader", shrinks=True),
        Column("Outcome"),
    ]
    print_table(columns, [_cells(row, has_clerks=has_clerks) for row in page.bids])
    if len(page.bids) < page.total:
        shown = f"{page.bids[0]['number']:,} to {page.bids[-1]['number']:,}" if page.bids else "none"
        say(f"The lot has {counted(page.total, 'bid')}; shown: {shown}. --from and --count show others.", err=True)


def _cells(row: Row, *, has_clerks: bool) -> list[str]:
    return [
        str(row["number"]),
        "" if row["offer"] is None else str(row["offer"]),
        f"{local_time(row['at_ms'])}.{row['at_ms'] % 1000:03}",
        f"{row['name']} ({row['paddle']})",
        *([_source(row)] if has_clerks else []),
        grouped(row["amount"]),
        grouped(row["maximum"]),
        grouped(row["price"]),
        "" if row["leader_paddle"] is None else f"{row['leader']} ({row['leader_paddle']})",
        _outcome(row),
    ]


def _source(row: Row) -> str:
    """Return how the bid reached the house, if a clerk made it for the bidder, and the clerk's name."""
    return "" if row["by"] is None else f"{row['source']}, {row['by']}"


def _outcome(row: Row) -> str:
    match row["outcome"]:
        case "late":
            return f"late by {row['late_ms']:,} ms"
        case "refused":
            return str(row["code"])
        case outcome:
            return str(outcome).replace("_", " ")
