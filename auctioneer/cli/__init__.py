"""The command line of the auctioneer, `auctioneer.cli:main`: hold a sale, direct it while it runs, read its state.

The modules are split by reason to change. `run` starts a house. `orders`, `finals`, `corrections`, `bidding`,
`adding`, `paddles`, `limits` and `clerks` command a running house. `reads`, `results`, `watch`, `bids` and `commands`
report. `checks` checks catalogues, `rehearse` tries one with bots, and `doctor` checks the machine. `audit` checks the
record, `backups` copies it, and `stores` moves it. `context` has the options that the commands share, `lot_table` the
table of lots, and `output` prints fields, times and CSV.
"""

from typing import Any

import click

from auctioneer.catalogue import CatalogueError
from auctioneer.cli.adding import add
from auctioneer.cli.admitting import admit
from auctioneer.cli.asked import asked
from auctioneer.cli.audit import MismatchError, verify
from auctioneer.cli.backups import backup, restore
from auctioneer.cli.bidding import bid
from auctioneer.cli.bids import bids
from auctioneer.cli.checks import check
from auctioneer.cli.clerks import clerk
from auctioneer.cli.commands import commands
from auctioneer.cli.conditions import conditions
from auctioneer.cli.console.command import console
from auctioneer.cli.corrections import award, change, move, reopen, undo, void
from auctioneer.cli.doctor import doctor
from auctioneer.cli.finals import close_lot, end, finish, withdraw
from auctioneer.cli.keys import key
from auctioneer.cli.limits import deposit, limit
from auctioneer.cli.orders import announce, call, extend, open_lot, partner, pause, resume, tell, turn_out
from auctioneer.cli.paddles import forget, paddle
from auctioneer.cli.reads import absentee, bidders, link, lots, status
from auctioneer.cli.rehearse import rehearse
from auctioneer.cli.results import results
from auctioneer.cli.run import run
from auctioneer.cli.standing_by import hand_over, stand_by
from auctioneer.cli.stores import store
from auctioneer.cli.watch import watch
from auctioneer.journal import DamagedJournalError
from common.errors import AuctionError
from common.terminal.commands import CONTEXT_SETTINGS, AuctionGroup, completion_command, examples

__all__ = ["main"]


class _AuctioneerGroup(AuctionGroup):
    def error_fields(self, error: AuctionError) -> dict[str, Any]:
        """Return the faults of a catalogue one by one, or the place of damage in a journal."""
        match error:
            case CatalogueError():
                return {"faults": error.faults, "found": error.found}
            case DamagedJournalError():
                return {"first_bad": error.first_bad, "last_good": error.last_good}
            case MismatchError():
                return {"mismatch": error.mismatch.fields}
            case _:
                return {}


@click.group(
    cls=_AuctioneerGroup,
    context_settings=CONTEXT_SETTINGS,
    epilog=examples(
        "auctioneer run evening.toml           # in one terminal: holds the sale, prints the join link",
        "auctioneer lots                       # in another: how the lots stand",
        "auctioneer extend 7 30s",
        "auctioneer results --format csv > results.csv",
    ),
)
@click.version_option(package_name="auction-house", prog_name="auctioneer")
def main() -> None:
    """Hold a live auction: run the house, direct the sale, read the results.

    Everything about a sale is in its data directory, ./auction-data unless --data or AUCTIONEER_DATA names another.
    """


for _command in (
    run,
    stand_by,
    hand_over,
    check,
    rehearse,
    doctor,
    link,
    status,
    watch,
    console,
    lots,
    bids,
    absentee,
    bidders,
    results,
    commands,
):
    main.add_command(_command)
for _command in (open_lot, pause, resume, extend, close_lot, withdraw, bid, add, announce, call, tell, end, finish):
    main.add_command(_command)
for _command in (undo, asked, reopen, void, award, change, move):
    main.add_command(_command)
for _command in (conditions, admit, turn_out, paddle, limit, deposit, forget, clerk, partner):
    main.add_command(_command)
for _command in (verify, backup, restore, store, key, completion_command("auctioneer")):
    main.add_command(_command)
