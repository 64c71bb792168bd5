"""`auctioneer watch`: the sale at a glance, again and again, until it ends."""

import time
from typing import Final

import click

from auctioneer.cli.context import DURATION, ControlContext, with_control_context
from auctioneer.cli.control_client import connected
from auctioneer.cli.lot_table import print_lots
from auctioneer.cli.output import grouped, local_time, print_fields
from auctioneer.cli.sentences import late_words, near_words, void_words
from auctioneer.house.reports import Row
from common.durations import format_duration
from common.errors import UnreachableError
from common.lot import SaleStatus
from common.terminal.commands import examples
from common.terminal.output import say, say_record, tell_person

EVERY_MS: Final = 2000
"""The default of --every."""


@click.command(
    short_help="Show the sale at a glance, until it ends.",
    epilog=examples("auctioneer watch", "auctioneer watch --every 10s --json"),
)
@click.option(
    "--every",
    "every_ms",
    type=DURATION,
    default=format_duration(EVERY_MS),
    show_default=True,
    help="How often to look.",
)
@with_control_context
def watch(context: ControlContext, *, every_ms: int) -> None:
    """Show how the sale stands: who is connected, the lots that run, the latest that are over, and the next.

    It also shows whose spending limit is nearly reached (`auctioneer bidders`), and the last bids that came too late.

    At a terminal each look replaces the one before; with --json each is one line. It ends with the sale, and Ctrl-C
    ends it before. It waits for a house that is just being started again.
    """
    report: Row | None = _look(context)
    while True:
        if report is not None:
            _show(report, as_json=context.as_json)
            if report["status"] == SaleStatus.ENDED.value:
                return
        time.sleep(every_ms / 1000)
        report = _look_again(context)


def _look(context: ControlContext) -> Row:
    """Return the sale at a glance. Raises UnreachableError where no house runs or it does not answer."""
    with connected(context.folder) as house:
        report: Row = house.ask("overview")
        return report


def _look_again(context: ControlContext) -> Row | None:
    """Return the sale at a glance; None while a house that runs does not answer. Raises as `_look` if none runs."""
    try:
        return _look(context)
    except UnreachableError as error:
        if not context.folder.whereabouts.is_held():
            raise
        tell_person(str(error))
        return None


def _show(report: Row, *, as_json: bool) -> None:
    if as_json:
        say_record(report)
        return
    click.clear()
    counts = [f"{count} {state}" for state, count in report["lots"].items() if count]
    print_fields(
        [
            (local_time(report["now_ms"]), f"{report['title']} ({report['status']})"),
            ("Lots", ", ".join(counts)),
            ("Bidders", f"{report['connected']} connected of {report['bidders']}, {report['waiting']} waiting"),
            ("Bids", str(report["bids"])),
            ("Turnover", f"{report['currency']} {grouped(report['turnover'])}"),
        ]
    )
    say()
    print_lots(report["shown"], report["currency"])
    if report["running_more"]:
        say(f"... and {report['running_more']:,} more that run: auctioneer lots --open --paused")
    for near in report["limits_near"]:
        say(f"Limit near: {near_words(near)}")
    if report["limits_near_more"]:
        say(f"... and {report['limits_near_more']:,} more limits are near: auctioneer bidders --near-limit")
    for late in reversed(report["late"]):
        say(f"Late: {late_words(late)}")
    for void in reversed(report["void"]):
        say(f"Void: {void_words(void)}")
    say()
