"""`auctioneer console`: direct the sale on a full screen."""

import asyncio
import sys

import click

from auctioneer.cli.context import data_option
from auctioneer.cli.control_client import connected
from auctioneer.house.commands import MYSELF
from auctioneer.process.folder import DataFolder
from common.errors import UsageError
from common.screens import HOW_TO_INSTALL, is_installed
from common.screens.leaving import Leaving
from common.terminal.commands import examples


@click.command(
    short_help="Direct the sale on a full screen.",
    epilog=examples("auctioneer console", "auctioneer console --data vera    # from a clerk's directory"),
)
@data_option
def console(folder: DataFolder) -> None:
    """Direct the sale with one key for each command: open, floor bid, fair warning, hammer, undo; `?` shows them all.

    A clerk sees the same from the clerk's directory, and does what the clerk's rights allow. It needs a terminal and
    the extra `tui`. Leaving changes nothing in the sale.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("The console needs a terminal. In scripts, use the commands: `auctioneer --help`.")
    if not is_installed():
        raise UsageError(f"{HOW_TO_INSTALL} Until then, use `auctioneer watch` and the commands.")
    with connected(folder) as house:
        house.ask(MYSELF)  # says what is wrong before the screen opens
    if asyncio.run(_show(folder)) is Leaving.STOPPED:
        raise click.Abort


async def _show(folder: DataFolder) -> Leaving:
    from auctioneer.cli.console.screen import ConsoleScreen  # imported only here: other commands start without textual

    return await ConsoleScreen(folder).run_until_left()
