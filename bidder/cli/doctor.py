"""`bidder doctor`: what keeps this device from taking part in a sale, said on the device itself."""

import click

from bidder.cli.context import BidderContext, Naming, json_option, timeout_option, with_bidder_context
from bidder.core.diagnosis import diagnose
from bidder.shells.probing import Who, probe
from common.terminal.commands import examples
from common.terminal.findings import tell_findings


@click.command(
    short_help="Say what keeps this device from taking part.",
    epilog=examples("bidder doctor --to 'auction://...'", "bidder doctor --to 'auction://...' --name Ada --json"),
)
@timeout_option
@json_option
@with_bidder_context(Naming.OPTIONAL)
def doctor(context: BidderContext, timeout_s: float, *, as_json: bool) -> int:
    """Try the way to the house: both of its ports, its key, whether it lets you in, its broadcasts and its time.

    Nobody is enrolled by it: without --name the house is asked as by an onlooker; with --name, whether it knows your
    key. The exit status is 1 if there is a fault; warnings leave it at 0.
    """
    measured = probe(context.link, Who(context.keys, is_named=bool(context.name)), round(timeout_s * 1000))
    return tell_findings(diagnose(measured), as_json=as_json)
