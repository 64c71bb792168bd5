"""`bidder retract`: take the last bid on a lot back, and print one verdict."""

import click

from bidder.cli.bids import place, request_id_option
from bidder.cli.context import LOT, BidderContext, Naming, json_option, timeout_option, with_bidder_context
from bidder.display.formats import USUAL
from bidder.display.wording import retraction_line
from bidder.shells.blocking import Client
from common.messages import Accepted, Rejected
from common.terminal.commands import examples


@click.command(short_help="Take your last bid on a lot back.", epilog=examples("bidder retract 3 --name Ada"))
@click.argument("lot", type=LOT)
@request_id_option
@timeout_option
@json_option
@with_bidder_context(Naming.USUAL)
def retract(context: BidderContext, lot: str, *, request_id: int | None, timeout_s: float, as_json: bool) -> int:
    """Take your last bid on LOT back, and print the verdict. Not every sale allows it, and none near the end of a lot.

    Each call takes back one bid. An earlier bid of yours counts again. Exit statuses are those of `bidder bid`.
    """

    def ask(client: Client, lot: str) -> Accepted | Rejected:
        return client.retract(lot, request_id=request_id, timeout_ms=round(timeout_s * 1000))

    return place(context, lot, ask, USUAL, request_id, timeout_s, as_json=as_json, line_of=retraction_line)
