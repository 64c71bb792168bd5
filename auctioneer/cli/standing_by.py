"""`auctioneer stand-by` and `hand-over`: a house that takes the sale over when another one fails, or lets go of it."""

from typing import Any

import click
import msgspec

from auctioneer.cli.context import ControlContext, data_option, with_control_context
from auctioneer.cli.machine_options import machine_options, machine_settings, store_option
from auctioneer.house.commands import HandOver
from auctioneer.monitoring.logs import LogFormat, LogLevel
from auctioneer.process.folder import FOR_THE_AUCTIONEER, DataFolder
from auctioneer.process.options import RunOptions
from common.errors import UsageError
from common.terminal.commands import examples


@click.command(
    "stand-by",
    short_help="Take the sale over when the house that holds it fails.",
    epilog=examples(
        "auctioneer key import house.keys                  # once, from the first house's machine",
        "auctioneer stand-by --store 'postgresql://house@db1,db2,db3/auctions?sale=evening' --host 0.0.0.0 \\",
        "  --advertise two.example.org:7766 --also one.example.org:7766",
        "auctioneer stand-by                               # later: with the same options",
    ),
)
@data_option
@store_option
@machine_options
def stand_by(
    folder: DataFolder,
    *,
    store: str | None,
    exit_when_ended: bool,
    unlisted: bool,
    log_format: LogFormat,
    log_level: LogLevel,
    no_encryption: bool,
    **of_machine: Any,
) -> int:
    """Follow the record of a sale that another house holds, and hold the sale when that house fails or lets go.

    The data directory must have the house's keys. A house that took the sale over is like one that `auctioneer run`
    started: it commands, and another one may stand by for it.
    """
    machine = machine_settings(folder, of_machine, no_encryption=no_encryption)
    options = RunOptions(
        folder.path,
        is_encrypted=not no_encryption,
        exit_when_ended=exit_when_ended,
        is_listed=not unlisted,
        store=store or "",
        stands_by=True,
        log_format=log_format,
        log_level=log_level,
        **msgspec.structs.asdict(machine),
    )
    _require_able(options.folder)
    # Imported only here, since the server's modules would slow the start of every other command.
    from auctioneer.process.watchdog import run_watched

    return run_watched(options)


@click.command(
    "hand-over",
    short_help="Let a house on another machine go on with the sale.",
    epilog=examples("auctioneer status      # who stands by, and how far it follows", "auctioneer hand-over"),
)
@with_control_context
def hand_over(context: ControlContext) -> None:
    """Hand the sale over to a house that stands by, as before work on this machine; bidders wait for a moment.

    This house stands by from then on. It is refused where no other one does, or the nearest is far behind.
    """
    context.folder.require_no_clerk(FOR_THE_AUCTIONEER)
    context.order(HandOver(), "The sale is handed over. This house stands by now; `auctioneer status` there shows it.")


def _require_able(folder: DataFolder) -> None:
    """Raise UsageError where this directory could never hold the sale."""
    folder.require_no_clerk("A house needs a directory of its own.", "Choose another directory with --data.")
    folder.require_one_record()
    folder.shared_store  # noqa: B018 -- raises UsageError where the record is a file, or its program is missing
    if not folder.keys.are_there:
        raise UsageError(
            f"{folder.path} has no keys of a house, and bidders would meet a stranger there. On the machine of the "
            "first house: auctioneer key export FILE. Here: auctioneer key import FILE."
        )
