"""The commands of the desk: it gives paddles to people in the room, and codes that bind a key to a paddle."""

import secrets

import click

from auctioneer.cli.context import DURATION, ControlContext, check_length, with_control_context
from auctioneer.cli.control_client import connected
from auctioneer.cli.output import STATUS_STYLES, local_time
from auctioneer.cli.reads import read, say_if_stopped
from auctioneer.house.commands import AddPaddle, IssueCode
from auctioneer.house.register import CODE_VALID_MS_MAX
from common.durations import format_duration
from common.limits import NAME_CHARS_MAX, PADDLE_CHOSEN_MAX
from common.paddle_codes import draw_code
from common.terminal.commands import examples
from common.terminal.output import print_json, say, say_done
from common.terminal.tables import Column, print_table


@click.group(
    short_help="Give paddles at the desk.",
    epilog=examples("auctioneer paddle add 'Ann Lee'", "auctioneer paddle code 12", "auctioneer paddle list"),
)
def paddle() -> None:
    """Give people in the room a paddle, and a code by which a phone or a computer takes part with it."""


@paddle.command(
    short_help="Give a person a paddle.",
    epilog=examples("auctioneer paddle add 'Ann Lee'", "auctioneer paddle add 'Ben Ray' --paddle 207"),
)
@click.argument("person", metavar="NAME")
@click.option(
    "--paddle",
    "number",
    type=click.IntRange(1, PADDLE_CHOSEN_MAX),
    metavar="N",
    help="The number on the paddle.  [default: the one after the highest]",
)
@with_control_context
def add(context: ControlContext, person: str, number: int | None) -> None:
    """Give NAME, who has no key yet, a paddle and print its number."""
    if not person:
        raise click.BadParameter("it is empty.", param_hint="NAME")
    check_length("NAME", person, NAME_CHARS_MAX)
    with connected(context.folder) as house:
        given = house.order(AddPaddle(name=person, paddle=number)).paddle
    say_done(f"{person} has paddle {given}.", {"paddle": given, "name": person}, as_json=context.as_json)


@paddle.command(
    short_help="Issue a code for a paddle.",
    epilog=examples("auctioneer paddle code 12", "auctioneer paddle code 12 --for 30m"),
)
@click.argument("paddle")
@click.option(
    "--for",
    "valid_ms",
    type=DURATION,
    default="12h",
    show_default=True,
    metavar="DURATION",
    help=f"How long the code is valid; at most {format_duration(CODE_VALID_MS_MAX)}.",
)
@with_control_context
def code(context: ControlContext, paddle: str, valid_ms: int) -> None:
    """Print a code by which one key takes part with PADDLE, a number or a name: `bidder join --code CODE`.

    The code works once, and is shown only now. A new one replaces it.
    """
    if not paddle:
        raise click.BadParameter("it is empty; `auctioneer paddle list` lists them.", param_hint="PADDLE")
    check_length("PADDLE", paddle, NAME_CHARS_MAX)
    if valid_ms > CODE_VALID_MS_MAX:
        raise click.BadParameter(
            f"a code is valid for at most {format_duration(CODE_VALID_MS_MAX)}.", param_hint="--for"
        )
    drawn = draw_code(secrets.choice)
    with connected(context.folder) as house:
        done = house.order(IssueCode(bidder=paddle, code=drawn, valid_ms=valid_ms))
    document = {"paddle": done.paddle, "code": drawn, "expires_at_ms": done.expires_at_ms}
    if context.as_json:
        print_json(document)
        return
    say(drawn)
    if done.expires_at_ms is not None:
        say(f"Paddle {done.paddle}, until {local_time(done.expires_at_ms)}: bidder join --code {drawn}", err=True)


@paddle.command("list", short_help="Show who has which paddle.", epilog=examples("auctioneer paddle list"))
@with_control_context
def list_paddles(context: ControlContext) -> None:
    """Show each paddle: who has it, whether a key is bound to it, and until when a code for it is valid."""
    reading = read(context, "paddles")
    if context.as_json:
        print_json(reading.report)
        return
    say_if_stopped(reading, context.folder)
    columns = [Column("Paddle", is_number=True), Column("Name", shrinks=True), Column("State"), Column("Code until")]
    rows = [
        [
            str(row["paddle"]),
            row["name"],
            row["state"],
            "" if row["code_expires_at_ms"] is None else local_time(row["code_expires_at_ms"]),
        ]
        for row in reading.report
    ]
    print_table(columns, rows, STATUS_STYLES)
