"""`auctioneer run`: hold a sale, from its catalogue or from what the data directory has."""

import ipaddress
from pathlib import Path
from typing import Any, get_args

import click

from auctioneer.cli.output import tell_person
from auctioneer.cli.places import data_option
from auctioneer.data_folder import DataFolder
from auctioneer.options import DEFAULT_HOST, DEFAULT_PORT, LogFormat, LogLevel, RunOptions
from auctioneer.register import AdmissionMode
from auctioneer.sessions import DEFAULT_REQUESTS_PER_S, REQUESTS_PER_S_MIN
from common.cli import examples
from common.errors import UsageError

_PORT = click.IntRange(0, 65535)


@click.command(
    short_help="Hold a sale until it is stopped.",
    epilog=examples(
        "auctioneer run                                   # an example sale, for this machine only",
        "auctioneer run evening.toml --host 0.0.0.0       # bidders come from other machines",
        "auctioneer run evening.toml --admit invite       # only with the link's invite code",
        "auctioneer run                                   # later: go on with the sale where it was",
    ),
)
@click.argument("catalogue", required=False, type=click.Path(path_type=Path))
@data_option
@click.option("--host", default=DEFAULT_HOST, show_default=True, help="Address to listen on; 0.0.0.0 for all.")
@click.option("--port", type=_PORT, default=DEFAULT_PORT, show_default=True, help="For requests; 0 takes a free one.")
@click.option("--publish-port", type=_PORT, help="For broadcasts.  [default: the one after --port]")
@click.option("--advertise", default="", metavar="HOST", help="The host that the join link names, if not --host.")
@click.option(
    "--admit",
    type=click.Choice([mode.value for mode in AdmissionMode], case_sensitive=False),
    callback=lambda _ctx, _parameter, mode: AdmissionMode(mode),
    default=AdmissionMode.OPEN.value,
    show_default=True,
    help="Who may join: all, who has the invite code, whom you approve, or the keys in admitted-keys.txt.",
)
@click.option(
    "--requests-per-second",
    "requests_per_s",
    type=click.IntRange(REQUESTS_PER_S_MIN, 1_000_000),
    default=DEFAULT_REQUESTS_PER_S,
    show_default=True,
    help="What one bidder may ask for.",
)
@click.option("--exit-when-ended", is_flag=True, help="Stop by itself when the sale has ended.")
@click.option("--log-format", type=click.Choice(get_args(LogFormat)), default="human", show_default=True)
@click.option("--log-level", type=click.Choice(get_args(LogLevel)), default="info", show_default=True)
@click.option(
    "--metrics-port", type=_PORT, help="Offer /metrics and /healthz over HTTP; 0 takes a free port.  [default: off]"
)
@click.option("--metrics-host", default=DEFAULT_HOST, show_default=True, help="Address for them. There is no password.")
@click.option(
    "--no-encryption",
    is_flag=True,
    help="For measurements: no encryption and no proof of who bids. Only on a loopback --host.",
)
def run(folder: DataFolder, *, no_encryption: bool, **chosen: Any) -> int:
    """Hold the sale of CATALOGUE (.toml, .csv or .xlsx), or go on with the sale that the data directory has.

    Prints the join link for bidders. A crash, a stop or a full disk loses nothing: run it again and the sale goes on,
    open lots extended by the outage. Ctrl-C stops the house; `auctioneer end` ends the sale.
    """
    if no_encryption and not _is_loopback(chosen["host"]):
        raise UsageError("--no-encryption is for this machine only: take --host 127.0.0.1, or leave it out.")
    options = RunOptions(data=folder.path, is_encrypted=not no_encryption, **chosen)
    # Only here, since the server's modules would slow every other command's start.
    from auctioneer.startup import load_spec
    from auctioneer.watchdog import run_watched

    load_spec(options, tell_person)
    return run_watched(options)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
