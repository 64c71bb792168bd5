"""`auctioneer admit`: let those in who wait, one by one or all of them."""

import sys
from typing import Final

import click

from auctioneer.cli.asking import yes_option
from auctioneer.cli.context import ControlContext, with_control_context
from auctioneer.cli.control_client import connected
from auctioneer.cli.people import check_bidder
from auctioneer.cli.reads import waiting
from auctioneer.cli.sentences import whom
from auctioneer.house.commands import Admit
from auctioneer.house.reports import Row
from common.errors import UsageError
from common.terminal.commands import examples
from common.terminal.output import confirm, say
from common.words import counted

_SHOWN_MAX: Final = 20
"""The most bidders that `admit --all` shows one by one before it asks."""


@click.command(
    short_help="Let waiting bidders in.",
    epilog=examples(
        "auctioneer admit ann",
        "auctioneer admit 12 207      # by paddle",
        "auctioneer admit --all       # shows who waits, and asks",
    ),
)
@click.argument("bidder", nargs=-1)
@click.option("--all", "is_all", is_flag=True, help="Everybody who waits now.")
@yes_option
@with_control_context
def admit(context: ControlContext, bidder: tuple[str, ...], *, is_all: bool, yes: bool) -> None:
    """Let each BIDDER, a name or a paddle, take part: a bidder who waits, or was turned out.

    `auctioneer bidders --waiting` shows who waits, whether they accepted the conditions, and how to reach them.
    """
    if is_all == bool(bidder):
        raise click.UsageError("Give either BIDDERs, or --all for everybody who waits.")
    for each in bidder:
        check_bidder(each)
    wanted = _everybody(context, yes=yes) if is_all else bidder
    with connected(context.folder) as house:
        done = [house.order(Admit(bidder=each)) for each in wanted]
    admitted = ", ".join(whom(each) for each in done)
    people = [{"paddle": each.paddle, "name": each.name} for each in done]
    context.tell(f"{admitted} {'is' if len(done) == 1 else 'are'} admitted.", (), people=people)


def _everybody(context: ControlContext, *, yes: bool) -> tuple[str, ...]:
    """Return the paddles of those who wait, if a person at the terminal agrees to all of them."""
    rows = waiting(context).report
    if not rows:
        raise UsageError("Nobody waits to be admitted.")
    if not yes and sys.stdin.isatty():
        for row in rows[:_SHOWN_MAX]:
            say(_line(row), err=True)
        if len(rows) > _SHOWN_MAX:
            say(f"... and {len(rows) - _SHOWN_MAX:,} more.", err=True)
        confirm(f"Admit {counted(len(rows), 'bidder')}?")
    return tuple(str(row["paddle"]) for row in rows)


def _line(row: Row) -> str:
    """Return who waits, in a sentence, with what there is to decide it by."""
    conditions = {None: "", True: "accepted the conditions", False: "has not accepted the conditions"}[row["accepted"]]
    known = ", ".join(filter(None, (conditions, row["company"], row["contact"])))
    return f"{row['name']} ({row['paddle']}){known and ': '}{known}."
