"""The command line of a bidder, `bidder.cli:main`: attend a sale, bid in it, or watch it.

`formats`, `absentee`, `retraction`, `confirming`, `reads`, `watch`, `join` and `doctor` have the commands. `context`
has their common options, and `output` prints the table of lots. `bidder.display` has the sentences for people and the
JSON for programs.
"""

from typing import Any

import click

from bidder.cli.absentee import leave_bid
from bidder.cli.confirming import confirm
from bidder.cli.doctor import doctor
from bidder.cli.formats.dutch import stop
from bidder.cli.formats.english import bid, buy
from bidder.cli.formats.sealed import seal, unseal
from bidder.cli.join import join
from bidder.cli.reads import key, lots, mine
from bidder.cli.retraction import retract
from bidder.cli.watch import watch
from bidder.cli.web import web
from bidder.core.errors import ConditionsError
from common.errors import AuctionError
from common.terminal.commands import CONTEXT_SETTINGS, AuctionGroup, completion_command, examples

__all__ = ["main"]


class _BidderGroup(AuctionGroup):
    def error_fields(self, error: AuctionError) -> dict[str, Any]:
        """Return the conditions of the sale, where they were not accepted."""
        return {"digest": error.digest, "text": error.text} if isinstance(error, ConditionsError) else {}


@click.group(
    cls=_BidderGroup,
    context_settings=CONTEXT_SETTINGS,
    epilog=examples(
        "bidder lots                              # the house on this machine: what is for sale",
        "bidder join --name Ada                   # take part: follow the sale and type bids",
        "bidder bid 3 120 --name Ada              # or place one bid from the shell",
        "bidder watch --to 'auction://...'        # look on at a house elsewhere",
    ),
)
@click.version_option(package_name="auction-house", prog_name="bidder")
def main() -> None:
    """Take part in a live auction: follow the sale, bid, buy.

    A house elsewhere is named by its join link: --to LINK, or the variable AUCTION_LINK. A house that you run on this
    machine is found without. Your name is your identity: its key is made at first use and kept in --home.
    """


for _command in (
    join,
    bid,
    buy,
    seal,
    unseal,
    stop,
    leave_bid,
    retract,
    confirm,
    lots,
    watch,
    mine,
    key,
    doctor,
    web,
):
    main.add_command(_command)
main.add_command(completion_command("bidder"))
