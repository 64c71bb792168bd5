"""`bidder confirm`: say whether a bid that leads again stands, and print one verdict."""

import click

from bidder.cli.bids import place, request_id_option
from bidder.cli.context import LOT, BidderContext, Naming, json_option, timeout_option, with_bidder_context
from bidder.core.confirming import seen_seq
from bidder.display.formats import USUAL
from bidder.display.wording import answer_line
from bidder.shells.blocking import Client
from common.messages import Accepted, Rejected
from common.terminal.commands import examples


@click.command(
    "confirm",
    short_help="Say whether your bid stands, where the house asks.",
    epilog=examples(
        "bidder confirm 3 --name Ada       # the bid stands, and bidding resumes",
        "bidder confirm 3 --no --name Ada  # all your bids on lot 3 are void",
    ),
)
@click.argument("lot", type=LOT)
@click.option("--yes/--no", "stands", default=True, help="Whether your bid stands.  [default: yes]")
@request_id_option
@timeout_option
@json_option
@with_bidder_context(Naming.USUAL)
def confirm(
    context: BidderContext, lot: str, *, stands: bool, request_id: int | None, timeout_s: float, as_json: bool
) -> int:
    """Say whether you stand by your bid on LOT, and print the verdict.

    The house asks you where a correction made you lead again, in a sale that asks. The answer counts only if the lot is
    still as it is seen now. No answer in time is a no. Exit statuses are those of `bidder bid`.
    """

    def ask(client: Client, lot: str) -> Accepted | Rejected:
        timeout_ms, if_seq = round(timeout_s * 1000), seen_seq(client.lots().get(lot), request_id)
        return client.confirm(lot, stands=stands, if_seq=if_seq, request_id=request_id, timeout_ms=timeout_ms)

    return place(context, lot, ask, USUAL, request_id, timeout_s, as_json=as_json, line_of=answer_line)
