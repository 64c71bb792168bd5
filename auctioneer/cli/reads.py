"""The commands that read: live from the running house, or from the journal if none runs, in the same shape."""

from collections.abc import Callable
from typing import Any, NamedTuple

import click

from auctioneer.cli.context import LOT, ControlContext, with_control_context
from auctioneer.cli.control_client import connected
from auctioneer.cli.lot_table import person, print_lots
from auctioneer.cli.output import (
    ACCEPTED,
    STATUS_STYLES,
    grouped,
    local_time,
    print_fields,
    time_left,
)
from auctioneer.house.reports import Row
from auctioneer.process.folder import DataFolder, RunningHouse
from auctioneer.process.folder.clerk import ClerkPlace
from auctioneer.process.offline import read_sale
from common.errors import UnreachableError
from common.lot import LotStatus
from common.terminal.commands import examples
from common.terminal.output import print_json, say
from common.terminal.tables import Column, print_table
from common.words import counted


class Reading(NamedTuple):
    """The sale at a glance and one more report.

    `is_live` if the running house gave them. `record` describes it; None if there is none, or for a clerk, who has
    `clerk` instead.
    """

    sale: Row
    report: Any
    record: RunningHouse | None = None
    is_live: bool = True
    clerk: ClerkPlace | None = None
    stands_by: bool = False
    """Whether the house of this directory stands by, so that the reports are from the journal."""


def read(context: ControlContext, report: str, lots: tuple[str, ...] = ()) -> Reading:
    """Return a report, on all lots or on these, from the running house, or from the journal if none runs.

    Raises UsageError if there is neither, UnreachableError if a house runs but does not answer, RejectedError for an
    unknown lot, and StorageError if the journal can't be read.
    """
    clerk = context.folder.clerk.read()
    if clerk is not None or _holds_the_sale(context.folder):
        with connected(context.folder) as house:
            sale = house.ask("status")
            asked = sale if report == "status" else house.ask(report, lots)
        record = context.folder.whereabouts.read() if clerk is None else None
        return Reading(sale, asked, record, clerk=clerk)
    offline = read_sale(context.folder)
    stands_by = clerk is None and context.folder.whereabouts.is_held()
    return Reading(offline.ask("status"), offline.ask(report, lots), is_live=False, stands_by=stands_by)


def _holds_the_sale(folder: DataFolder) -> bool:
    """Return whether a house runs here, and does more than stand by."""
    record = folder.whereabouts.read()
    return folder.whereabouts.is_held() and (record is None or not record.stands_by)


def say_if_stopped(reading: Reading, folder: DataFolder) -> None:
    """Say that a report is from the journal, if no house runs."""
    if reading.is_live:
        return
    when = local_time(reading.sale["now_ms"])
    if reading.stands_by:
        say(f"This house stands by; this is the sale as it was stored at {when}.", err=True)
    else:
        say(
            f"The house is not running; this is the sale as it stood at {when}. "
            f"To go on with it: auctioneer run --data {folder.path}",
            err=True,
        )


@click.command(short_help="Print the join link.", epilog=examples('bidder join --to "$(auctioneer link)" --name NAME'))
@with_control_context
def link(context: ControlContext) -> None:
    """Print the link by which bidders join the running house."""
    context.folder.require_no_clerk("Only the house's machine knows the join link.")
    record = context.folder.whereabouts.read() if context.folder.whereabouts.is_held() else None
    if record is None:
        raise UnreachableError(
            f"No house runs on {context.folder.path}, so there is nothing to join. "
            f"Start it with `auctioneer run --data {context.folder.path}`; it prints the link."
        )
    if context.as_json:
        print_json({"link": record.link})
    else:
        say(record.link)


@click.command(
    short_help="Show the sale at a glance.", epilog=examples("auctioneer status", "auctioneer status --json")
)
@with_control_context
def status(context: ControlContext) -> None:
    """Show the sale at a glance: its state, lots, bidders, turnover and join link."""
    reading = read(context, "status")
    sale, record = reading.sale, reading.record
    if context.as_json:
        house = {"pid": record.pid, "link": record.link} if record else {"pid": None, "link": None}
        print_json({"running": reading.is_live} | house | sale)
        return
    say_if_stopped(reading, context.folder)
    counts = [f"{count} {state}" for state, count in sale["lots"].items() if count]
    desk = f", {sale['at_the_desk']} of them without a key" if sale["at_the_desk"] else ""
    waiting = f", and {sale['waiting']} waiting to be admitted" if sale["waiting"] else ""
    print_fields(
        [
            ("Sale", f"{sale['title']} ({sale['status']})"),
            ("House", _house(reading)),
            ("Began", local_time(sale["started_at_ms"])),
            ("Lots", f"{sum(sale['lots'].values())}: {', '.join(counts)}" if counts else "0"),
            ("Bidders", f"{sale['bidders']}{desk}{waiting}"),
            ("Connected", str(sale["connected"]) if record else ""),
            *([("Stands by", ", ".join(map(_standby, sale["standbys"])))] if sale["standbys"] else []),
            *([("Partners", ", ".join(sale["partners"]))] if sale["partners"] else []),
            ("Bids", str(sale["bids"])),
            ("Turnover", f"{sale['currency']} {grouped(sale['turnover'])}"),
            ("Join link", record.link if record else ""),
        ]
    )


def _house(reading: Reading) -> str:
    if reading.stands_by:
        return "stands by"
    if not reading.is_live:
        return "not running"
    if reading.record is not None:
        return f"running, process {reading.record.pid}"
    clerk = reading.clerk
    return "running" if clerk is None else f"running at {clerk.place}; you are its clerk {clerk.name}"


def _standby(row: Row) -> str:
    return f"{row['place']} ({counted(row['behind'], 'fact')} behind)" if row["behind"] else row["place"]


def _status_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give `command` a flag for each status of a lot."""
    for state in reversed(LotStatus):
        command = click.option(f"--{state.value}", is_flag=True, help=f"Only lots that are {state.value}.")(command)
    return command


@click.command(
    short_help="Show the lots and how they stand.",
    epilog=examples("auctioneer lots", "auctioneer lots 7 12", "auctioneer lots --open --paused"),
)
@click.argument("lot", type=LOT, nargs=-1)
@_status_options
@with_control_context
def lots(context: ControlContext, lot: tuple[str, ...], **is_wanted: bool) -> None:
    """Show each LOT, or all of them: price, next minimum bid, reserve, leader or winner, and the time left.

    This shows the house's secrets; with --json also the leaders' maximum bids.
    """
    reading = read(context, "lots", lot)
    wanted = [state for state, is_one in is_wanted.items() if is_one] or list(is_wanted)
    rows = [row for row in reading.report if row["status"] in wanted]
    if context.as_json:
        print_json(rows)
        return
    say_if_stopped(reading, context.folder)
    print_lots(rows, reading.sale["currency"])


@click.command(
    short_help="Show the bids that were left before lots open.",
    epilog=examples("auctioneer absentee", "auctioneer absentee 7 12"),
)
@click.argument("lot", type=LOT, nargs=-1)
@with_control_context
def absentee(context: ControlContext, lot: tuple[str, ...]) -> None:
    """Show the bids that were left on each LOT, or on all, in the order in which they count when the lot opens.

    This shows secret maxima, but no sealed offer. `auctioneer bid LOT --take-back --paddle N` takes one back.
    """
    reading = read(context, "absentee", lot)
    if context.as_json:
        print_json(reading.report)
        return
    say_if_stopped(reading, context.folder)
    columns = [
        Column("Lot"),
        Column("Title", shrinks=True),
        Column("Bidder", shrinks=True),
        Column(f"Up to {reading.sale['currency']}", is_number=True),
        Column("Left by"),
    ]
    rows = [
        [
            row["lot"],
            row["title"],
            person(row["name"], row["paddle"]),
            "sealed" if row["sealed"] else grouped(row["amount"]),
            row["by"] or "the bidder",
        ]
        for row in reading.report
    ]
    print_table(columns, rows)


def waiting(context: ControlContext) -> Reading:
    """Return those who wait to be admitted, as the report `bidders` has them. Raises the errors of `read`."""
    reading = read(context, "bidders")
    return reading._replace(report=[row for row in reading.report if row["state"] == "waiting"])


def _print_waiting(rows: list[Row]) -> None:
    """Print the bidders who wait to be admitted, with what helps to decide."""
    columns = [
        Column("Paddle", is_number=True),
        Column("Name", shrinks=True),
        Column("Role"),
        Column("Conditions"),
        Column("Company", shrinks=True),
        Column("Contact", shrinks=True),
    ]
    cells = [
        [str(row["paddle"]), row["name"], row["role"], ACCEPTED[row["accepted"]], row["company"], row["contact"]]
        for row in rows
    ]
    print_table(columns, cells, STATUS_STYLES)


@click.command(
    short_help="Show the bidders.",
    epilog=examples("auctioneer bidders", "auctioneer bidders --waiting", "auctioneer bidders --connected --json"),
)
@click.option("--connected", "only_connected", is_flag=True, help="Only bidders that the house hears now.")
@click.option("--near-limit", "only_near", is_flag=True, help="Only those whose spending limit is nearly reached.")
@click.option("--waiting", "is_waiting", is_flag=True, help="Only those who wait to be admitted, and their contacts.")
@with_control_context
def bidders(context: ControlContext, *, only_connected: bool, only_near: bool, is_waiting: bool) -> None:
    """Show everybody in the register: paddle, name, state, lots led and won, the amount spent, and when last heard.

    Where a bidder has a limit, it also shows what is left of the limits, but for sealed offers. A limit is near when
    something counts against it, and less than a fifth is left or too little for the next bid on an open lot.

    A bidder who was heard within the last 35 seconds counts as connected, since a client that runs asks for news.
    """
    reading = waiting(context) if is_waiting else read(context, "bidders")
    report = [
        row
        for row in reading.report
        if (row["connected"] or not only_connected) and (row["limit_near"] or not only_near)
    ]
    if context.as_json:
        print_json(report)
        return
    say_if_stopped(reading, context.folder)
    if is_waiting:
        _print_waiting(report)
        return
    has_limits = any(row["limit"] is not None for row in report)
    columns = [
        Column("Paddle", is_number=True),
        Column("Name", shrinks=True),
        Column("Role", is_extra=True),
        Column("State"),
        Column("Leads", is_number=True),
        Column("Won", is_number=True),
        Column(f"Spent {reading.sale['currency']}", is_number=True),
        *([Column(what, is_number=True) for what in ("Exposed", "Limit", "Left")] if has_limits else []),
        *([Column("Note")] if has_limits else []),
        Column("Heard", is_extra=True),
    ]
    rows = [
        [
            str(row["paddle"]),
            row["name"],
            row["role"],
            row["state"],
            str(row["leads"]),
            str(row["won"]),
            grouped(row["spent"]),
            *([grouped(row[field]) for field in ("exposed", "limit", "left")] if has_limits else []),
            *([_near(row)] if has_limits else []),
            _heard(row, reading.sale["now_ms"]),
        ]
        for row in report
    ]
    print_table(columns, rows, STATUS_STYLES)


def _near(row: Row) -> str:
    """Return whether a limit is near, and an open lot whose next bid it no longer allows."""
    if not row["limit_near"]:
        return ""
    return "limit near" if row["short_on"] is None else f"limit near, too little for lot {row['short_on']}"


def _heard(row: Row, now_ms: int) -> str:
    """Return how long ago the house heard a bidder, if it did since it started."""
    if row["heard_at_ms"] is None:
        return ""
    return "connected" if row["connected"] else f"{time_left(max(0, now_ms - row['heard_at_ms']))} ago"
