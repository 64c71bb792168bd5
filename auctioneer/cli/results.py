"""`auctioneer results`: how each lot ended, or with `--by-buyer` what each buyer has to pay."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

from auctioneer.cli.bills import print_bills, write_pages
from auctioneer.cli.context import ControlContext, with_control_context
from auctioneer.cli.lot_table import person
from auctioneer.cli.output import STATUS_STYLES, csv_amount, grouped, local_time, print_csv, utc_time
from auctioneer.cli.people import check_bidder
from auctioneer.cli.reads import read, say_if_stopped
from auctioneer.house.reports import Row
from common.terminal.commands import examples
from common.terminal.output import print_json
from common.terminal.tables import Column, print_table

_RESULT_FIELDS: Final = (
    *("lot", "title", "status", "winner", "paddle", "units", "hammer", "price", "currency", "bids"),
)
_DELIMITERS: Final = {",": ",", ";": ";", "tab": "\t"}


@click.command(
    short_help="Show how each lot ended, or what each buyer has to pay.",
    epilog=examples(
        "auctioneer results",
        "auctioneer results --format csv > results.csv",
        "auctioneer results --format csv --bom --delimiter ';' > for-excel.csv",
        "auctioneer results --by-buyer                  # what each buyer has to pay",
        "auctioneer results --buyer 12                  # what this one has to pay",
        "auctioneer results --by-buyer --output bills.html",
    ),
)
@click.option("--by-buyer", is_flag=True, help="Show the bill of each buyer: lots, amounts, total, contact.")
@click.option(
    "--buyer", "buyers", multiple=True, metavar="BIDDER", help="Only the bill of this buyer, a name or a paddle."
)
@click.option(
    "--output", type=click.Path(path_type=Path), metavar="FILE", help="Write the bills to print: HTML, a page for each."
)
@click.option("--format", "form", type=click.Choice(["table", "json", "csv"]), help="[default: table]")
@click.option("--bom", "has_bom", is_flag=True, help="In CSV, begin with the mark by which Excel recognises UTF-8.")
@click.option(
    "--delimiter",
    type=click.Choice(list(_DELIMITERS)),
    help="In CSV, the mark between the cells. With ; amounts have a decimal comma, as Excel then expects. [default: ,]",
)
@with_control_context
def results(
    context: ControlContext,
    form: str | None,
    buyers: tuple[str, ...],
    output: Path | None,
    *,
    by_buyer: bool,
    has_bom: bool,
    delimiter: str | None,
) -> None:
    """Show how each lot ended, or stands: hammer price and winner. --json is the same as --format json.

    With --by-buyer it shows what each buyer has bought and has to pay, as far as lots are over. Fees are not in it, nor
    who has paid. In CSV, a text that a spreadsheet would run as a formula gets a leading apostrophe.
    """
    if context.as_json and form not in (None, "json"):
        raise click.UsageError(f"--json and --format {form} contradict each other; leave one out.")
    if form != "csv" and (has_bom or delimiter):
        raise click.UsageError("--bom and --delimiter are about CSV; add --format csv.")
    for buyer in buyers:
        check_bidder(buyer, "--buyer")
    mark = _DELIMITERS[delimiter or ","]
    if output is not None:
        if form is not None or not (by_buyer or buyers):
            raise click.UsageError("--output writes bills in HTML; it goes with --by-buyer or --buyer, not --format.")
        write_pages(context, output, buyers)
        return
    if by_buyer or buyers:
        form = "json" if context.as_json else form or "table"
        print_bills(context, buyers, form, mark, has_bom=has_bom)
        return
    reading = read(context, "results")
    if context.as_json or form == "json":
        print_json(reading.report)
        return
    say_if_stopped(reading, context.folder)
    currency = reading.sale["currency"]
    if form == "csv":
        cells = [_result_csv_cells(row | {"currency": currency}, mark) for row in _by_result(reading.report)]
        print_csv([*_RESULT_FIELDS, "closed_at", "cause"], cells, mark, has_bom=has_bom)
        return
    rows = list(_by_result(reading.report))
    has_units = any(row["units"] not in (None, 1) for row in rows)
    columns = [
        Column("Lot"),
        Column("Title", shrinks=True),
        Column("Status"),
        Column(f"Hammer {currency}", is_number=True),
        Column("Winner", shrinks=True),
        *([Column("Units", is_number=True, is_extra=True)] if has_units else []),
        Column("Bids", is_number=True, is_extra=True),
        Column("Closed", is_extra=True),
    ]
    print_table(columns, [_result_cells(row, has_units=has_units) for row in rows], STATUS_STYLES)


def _by_result(report: list[Row]) -> Iterator[Row]:
    """Yield a row for each buyer of a lot, and for each who only has to pay; a lot that was not sold has one row."""
    for row in report:
        results = row["results"]
        for result in results or [{"name": None, "paddle": None, "units": None, "amount": None}]:
            yield row | {
                "winner": result["name"],
                "paddle": result["paddle"],
                "units": result["units"],
                "hammer": result["amount"],
                "price": result["amount"] if results else row["price"],
            }


def _result_csv_cells(row: Row, delimiter: str) -> list[object]:
    cells = {field: row[field] for field in _RESULT_FIELDS}
    cells |= {field: csv_amount(row[field], delimiter) for field in ("hammer", "price")}
    return [*cells.values(), utc_time(row["closed_at_ms"]), row["cause"]]


def _result_cells(row: Row, *, has_units: bool) -> list[str]:
    closed = "" if row["closed_at_ms"] is None else local_time(row["closed_at_ms"])
    return [
        row["lot"],
        row["title"],
        row["status"],
        grouped(row["hammer"]),
        person(row["winner"], row["paddle"]),
        *(["" if row["units"] is None else str(row["units"])] if has_units else []),
        "sealed" if row["bids"] is None else str(row["bids"]),
        closed,
    ]
