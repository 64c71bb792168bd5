"""`bidder leave-bid`: leave a bid for a lot that is not open yet, or take it back, and print one verdict."""

import click

from bidder.cli.bids import ask_about, place, request_id_option
from bidder.cli.context import LOT, BidderContext, Naming, json_option, timeout_option, with_bidder_context
from bidder.display.cautions import caution
from bidder.display.formats import USUAL
from bidder.display.orders import parsed_amount
from bidder.shells.blocking import Client
from common.errors import UsageError
from common.messages import Accepted, Rejected
from common.terminal.commands import examples


@click.command(
    "leave-bid",
    short_help="Leave a bid for a lot before it opens.",
    epilog=examples("bidder leave-bid 7 200 --name Ada", "bidder leave-bid 7 --take-back --name Ada"),
)
@click.argument("lot", type=LOT)
@click.argument("amount", required=False)
@click.option("--take-back", is_flag=True, help="Take the bid back, in place of an AMOUNT.")
@click.option("--yes", is_flag=True, help="Don't ask, however high the amount is.")
@request_id_option
@timeout_option
@json_option
@with_bidder_context(Naming.USUAL)
def leave_bid(
    context: BidderContext,
    lot: str,
    amount: str | None,
    *,
    take_back: bool,
    yes: bool,
    request_id: int | None,
    timeout_s: float,
    as_json: bool,
) -> int:
    """Leave a bid of up to AMOUNT for LOT, which is not open yet, and print the verdict. Nobody else learns of it.

    When the lot opens, it becomes a secret maximum, or a sealed offer where offers are sealed; you need not be there.
    Until then you can replace it or take it back. Exit statuses are those of `bidder bid`.
    """
    if take_back == (amount is not None):
        raise UsageError("Give either an AMOUNT or --take-back.")

    def ask(client: Client, lot: str) -> Accepted | Rejected:
        currency, view = client.sale.currency, client.lots().get(lot)
        amount_minor = None if amount is None else parsed_amount(currency, amount, view)
        if request_id is None:  # the person agreed to a repeated request before
            ask_about(caution(view, currency, amount_minor), is_agreed=yes)
        return client.leave_bid(lot, amount_minor, request_id=request_id, timeout_ms=round(timeout_s * 1000))

    return place(context, lot, ask, USUAL, request_id, timeout_s, as_json=as_json)
