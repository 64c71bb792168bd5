"""What each buyer has to pay, as a volunteer at the exit needs it: on the terminal, as CSV, JSON, or pages to print."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from auctioneer.cli.bill_pages import pages
from auctioneer.cli.context import ControlContext, require_writable
from auctioneer.cli.output import csv_amount, full_time, grouped, print_csv
from auctioneer.cli.people import find_person, named
from auctioneer.cli.reads import Reading, read, say_if_stopped
from auctioneer.house.reports import Row
from common.files import write_whole
from common.money import Currency
from common.terminal.output import print_json, say, say_done
from common.terminal.tables import Column, print_table
from common.words import counted

_FIELDS: Final = ("paddle", "name", "company", "contact", "lot", "title", "units", "amount", "currency", "total")


def print_bills(context: ControlContext, buyers: tuple[str, ...], form: str, mark: str, *, has_bom: bool) -> None:
    """Print the bills of these buyers, or of all, as a table, JSON or CSV; `mark` stands between the cells of CSV.

    Raises the errors of `read`, and RejectedError for a buyer whom nobody knows.
    """
    reading, bills = _read(context, buyers)
    if form == "json":
        print_json(bills)
        return
    say_if_stopped(reading, context.folder)
    if form == "csv":
        print_csv(_FIELDS, [cells for bill in bills for cells in _csv_rows(bill, mark)], mark, has_bom=has_bom)
    else:
        for bill in bills:
            _print_bill(bill)
        if len(bills) != 1:
            say(f"{counted(len(bills), 'buyer')}, {_in_all(reading.sale, bills)} in all.")
    _say_what_is_missing(reading.sale)


def write_pages(context: ControlContext, output: Path, buyers: tuple[str, ...]) -> None:
    """Write a page to print for each of these buyers, or for all, to `output`. Raises the errors of `print_bills`."""
    require_writable(output)
    reading, bills = _read(context, buyers)
    say_if_stopped(reading, context.folder)
    write_whole(output, pages(reading.sale["title"], full_time(reading.sale["now_ms"]), bills).encode())
    done = f"{counted(len(bills), 'bill')}, {_in_all(reading.sale, bills)} in all, in {output}. Only you can read it."
    say_done(done, {"file": str(output), "paddles": [bill["paddle"] for bill in bills]}, as_json=context.as_json)
    _say_what_is_missing(reading.sale)


def _read(context: ControlContext, buyers: tuple[str, ...]) -> tuple[Reading, list[Row]]:
    """Return the bills of those who bought something, or of the persons who are named, each once, by paddle."""
    reading = read(context, "bills")
    rows: list[Row] = reading.report
    if not buyers:
        return reading, [row for row in rows if row["lots"]]
    chosen = {row["paddle"]: row for row in (find_person(rows, buyer) for buyer in buyers)}
    return reading, [chosen[paddle] for paddle in sorted(chosen)]


def _print_bill(bill: Row) -> None:
    say(f"Paddle {bill['paddle']}, {bill['name']}")
    reach = ", ".join(filter(None, (bill["company"], bill["contact"])))
    if reach:
        say(reach)
    if bill["lots"]:
        has_units = any(lot["units"] != 1 for lot in bill["lots"])
        columns = [
            Column("Lot"),
            Column("Title", shrinks=True),
            *([Column("Units", is_number=True)] if has_units else []),
            Column(bill["currency"], is_number=True),
        ]
        rows = [
            [lot["lot"], lot["title"], *([units_text(lot)] if has_units else []), grouped(lot["amount"])]
            for lot in bill["lots"]
        ]
        print_table(columns, [*rows, ["Total", *([""] * (len(columns) - 2)), grouped(bill["total"])]])
    else:
        say("Nothing bought.")
    if bill["leads"]:
        say(f"{named(bill)} still leads lot {', '.join(bill['leads'])}, which is not in here.", err=True)
    say()


def units_text(lot: Row) -> str:
    """Return how much of a lot a buyer gets. Where only the others get something, a loser may have to pay too."""
    return str(lot["units"]) if lot["units"] else "pays only"


def _csv_rows(bill: Row, mark: str) -> Iterator[list[object]]:
    """Yield a row for each lot. Only the last one has the total, so that the column adds up."""
    person = [bill[field] for field in ("paddle", "name", "company", "contact")]
    for place, lot in enumerate(bill["lots"], 1):
        total = bill["total"] if place == len(bill["lots"]) else None
        amounts = [csv_amount(lot["amount"], mark), bill["currency"], csv_amount(total, mark)]
        yield [*person, lot["lot"], lot["title"], lot["units"], *amounts]


def _in_all(sale: Row, bills: list[Row]) -> str:
    return Currency(sale["currency"], sale["decimals"]).show(sum(bill["total_minor"] for bill in bills))


def _say_what_is_missing(sale: Row) -> None:
    """Say that lots are not over, since somebody who pays now may still buy them."""
    going_on = sum(sale["lots"][state] for state in ("scheduled", "open", "paused"))
    if going_on:
        say(f"{counted(going_on, 'lot is', 'lots are')} not over yet; what they bring is not in here.", err=True)
