"""`auctioneer doctor`: says what is wrong with this machine before the guests come."""

import click

from auctioneer.cli.context import data_option, json_option
from auctioneer.cli.machine_options import HOST, PORT
from auctioneer.process.folder import DataFolder, MachineSettings
from auctioneer.readiness.judgement import judge
from auctioneer.readiness.machine import measure
from common.limits import BIDDERS_MAX
from common.terminal.commands import WholeNumber, examples
from common.terminal.findings import tell_findings

EXPECTED_BIDDERS = 200


@click.command(
    short_help="Say what is wrong with this machine before the guests come.",
    epilog=examples(
        "auctioneer doctor --host 0.0.0.0",
        "auctioneer doctor --data evening --bidders 500 --json",
    ),
)
@data_option
@click.option("--host", type=HOST, help="The address on which the house is to listen.  [default: as in the last run]")
@click.option("--port", type=PORT, help="Its port for requests.  [default: as in the last run]")
@click.option("--publish-port", type=PORT, help="Its port for broadcasts.  [default: as in the last run]")
@click.option(
    "--bidders",
    type=WholeNumber(1, BIDDERS_MAX),
    default=EXPECTED_BIDDERS,
    show_default=True,
    help="How many bidders you expect.",
)
@json_option
def doctor(
    folder: DataFolder, *, host: str | None, port: int | None, publish_port: int | None, bidders: int, as_json: bool
) -> int:
    """Check the ports, the network, the clock, the disk and the limits of this machine, and say what to do.

    It takes about two seconds, changes nothing, and asks no other machine. Run it before the house, or while it runs.
    The exit status is 1 if there is a fault; warnings leave it at 0.

    Whether guests reach the house shows on a guest's device: `bidder doctor --to LINK`.
    """
    folder.require_no_clerk("This looks at the machine on which the house runs.")
    before = folder.machine.read() or MachineSettings()
    machine = measure(
        folder,
        before.host if host is None else host,
        before.port if port is None else port,
        before.publish_port if port is None and publish_port is None else publish_port,
        bidders,
    )
    return tell_findings(judge(machine), as_json=as_json)
