"""`bidder watch`: follow a sale, a line for each change."""

import click

from bidder.cli.context import BidderContext, Naming, json_option, timeout_option, with_bidder_context
from bidder.cli.output import print_lots, say
from bidder.display.following import LAST_LOTS_MS, Following
from bidder.display.voices import ForPeople, ForPrograms
from common.terminal.commands import examples
from common.terminal.output import say_record


@click.command(
    short_help="Follow the sale, a line for each change.",
    epilog=examples("bidder watch", "bidder watch --json | jq 'select(.event == \"lot_moved\")'"),
)
@click.option(
    "--until-end/--stay",
    "is_until_end",
    default=True,
    help="Stop when the sale has ended (the default), or stay until Ctrl-C, as on a screen for all.",
)
@timeout_option
@json_option
@with_bidder_context(Naming.OPTIONAL)
def watch(context: BidderContext, timeout_s: float, *, is_until_end: bool, as_json: bool) -> None:
    """Print how the lots stand, and then each change of the sale.

    With --json: one object a line, each with `event`, `epoch`, `lot` (null: the sale itself) and `seq`.
    """
    with context.connect(round(timeout_s * 1000)) as client:
        voice = ForPrograms(client, say_record) if as_json else ForPeople(client, say, print_lots)
        following = Following(client, voice)
        for notice in client.notices():
            following.show(notice)
            if is_until_end and following.has_ended:
                break
        while following.lots_missing and (late := next(client.notices(LAST_LOTS_MS), None)) is not None:
            following.show(late)
        voice.ended(following.lots_missing)
