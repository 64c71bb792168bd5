"""`auctioneer run`: hold a sale, from its catalogue or from its data directory."""

from pathlib import Path
from typing import Any, Final

import click
import msgspec

from auctioneer.cli.context import data_option
from auctioneer.cli.machine_options import CheckedType, kept, machine_options, machine_settings, store_option
from auctioneer.monitoring.logs import LogFormat, LogLevel
from auctioneer.process.folder import DataFolder
from auctioneer.process.options import RunOptions
from auctioneer.rules.sale_settings import AdmissionMode, is_valid_invite
from common.errors import UsageError
from common.limits import INVITE_CHARS_MAX
from common.terminal.commands import examples
from common.terminal.output import tell_person


def _invite(text: str) -> str:
    if not is_valid_invite(text):
        raise UsageError(f"an invite code has 1 to {INVITE_CHARS_MAX} letters, digits and '-', '_', '.', '~'.")
    return text


_INVITE: Final = CheckedType("code", _invite)


@click.command(
    short_help="Hold a sale until it is stopped.",
    epilog=examples(
        "auctioneer run --example                         # an example sale, for this machine only",
        "auctioneer run evening.toml --host 0.0.0.0       # bidders come from other machines",
        "auctioneer run evening.toml --web 0.0.0.0:8080   # guests bid on their phones, in a browser",
        "auctioneer run evening.toml --admit invite       # only with the link's invite code",
        "auctioneer run                                   # later: continue the sale, with the same options",
    ),
)
@click.argument("catalogue", required=False, type=click.Path(path_type=Path))
@data_option
@click.option("--example", "is_example", is_flag=True, help="Hold the example sale that comes with the program.")
@click.option(
    "--corrections", is_flag=True, help="Begin a sale in which bids and closes can be taken back, until `finish`."
)
@click.option("--paused", is_flag=True, help="Begin a sale that stands still, until `resume`: bidders can join first.")
@store_option
@click.option(
    "--admit",
    type=click.Choice([mode.value for mode in AdmissionMode], case_sensitive=False),
    callback=lambda _ctx, _parameter, mode: None if mode is None else AdmissionMode(mode),
    help=kept(
        "Who may join: everybody, those with the invite code, those you approve, or the keys in admitted-keys.txt.",
        AdmissionMode.OPEN.value,
    ),
)
@click.option("--invite", type=_INVITE, metavar="CODE", help=kept("The invite code.", "one is made"))
@machine_options
def run(
    folder: DataFolder,
    *,
    catalogue: Path | None,
    is_example: bool,
    corrections: bool,
    paused: bool,
    store: str | None,
    admit: AdmissionMode | None,
    invite: str | None,
    exit_when_ended: bool,
    unlisted: bool,
    log_format: LogFormat,
    log_level: LogLevel,
    no_encryption: bool,
    **of_machine: Any,
) -> int:
    """Hold the sale of CATALOGUE (.toml, .csv or .xlsx), or continue the one in the data directory.

    Prints the join link for bidders. A crash, a stop or a full disk loses nothing: run it again and the sale continues,
    with open lots extended by the outage. Ctrl-C stops the house; `auctioneer end` ends the sale.

    Options are remembered: one that is not given is as before, and one that is given again changes.
    """
    if is_example and catalogue is not None:
        raise UsageError("Name a catalogue or use --example, not both.")
    machine = machine_settings(folder, of_machine, no_encryption=no_encryption)
    if catalogue is not None and machine.web:
        machine = msgspec.structs.replace(machine, web_images=str(catalogue.resolve().parent))
    if machine.also and not (store or folder.store_url):
        raise UsageError(
            "--also names houses that can take over, and they need the record in a database. Give it with --store URL, "
            "or leave the others out with --also ''."
        )
    options = RunOptions(
        folder.path,
        catalogue,
        is_example,
        corrections,
        admit,
        invite or "",
        is_encrypted=not no_encryption,
        exit_when_ended=exit_when_ended,
        is_listed=not unlisted,
        store=store or "",
        log_format=log_format,
        log_level=log_level,
        **msgspec.structs.asdict(machine),
    )
    # Imported only here, since the server's modules would slow the start of every other command.
    from auctioneer.process.startup import begin_paused, has_begun, load_spec
    from auctioneer.process.watchdog import run_watched

    spec = load_spec(options, tell_person)
    if paused and spec is None:
        raise UsageError("A sale can only begin paused: give --paused with a catalogue. `pause` pauses a running sale.")
    if paused and spec is not None and not has_begun(options.folder):
        begin_paused(options.folder, spec)
    return run_watched(options)
