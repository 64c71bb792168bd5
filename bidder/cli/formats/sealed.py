"""`bidder seal` and `bidder unseal`: make one sealed offer or take it back, and print one verdict."""

import click

from bidder.cli.bids import ask_about, place, request_id_option
from bidder.cli.context import LOT, BidderContext, Naming, json_option, timeout_option, with_bidder_context
from bidder.display.cautions import caution
from bidder.display.formats.sealed import SEALED
from bidder.display.orders import parsed_amount
from bidder.shells.blocking import Client
from common.messages import Accepted, Rejected
from common.terminal.commands import examples


@click.command(
    short_help="Make a sealed offer, or replace yours.",
    epilog=examples("bidder seal 3 80 --name Ada", "bidder seal 3 95 --name Ada       # in place of the 80"),
)
@click.argument("lot", type=LOT)
@click.argument("amount")
@click.option("--yes", is_flag=True, help="Don't ask, however high the amount is.")
@request_id_option
@timeout_option
@json_option
@with_bidder_context(Naming.USUAL)
def seal(
    context: BidderContext,
    lot: str,
    amount: str,
    *,
    yes: bool,
    request_id: int | None,
    timeout_s: float,
    as_json: bool,
) -> int:
    """Offer AMOUNT for LOT, whose offers are sealed, and print the verdict. Nobody else sees it before the close.

    An offer binds. Until the close you can replace it by another `seal`, or take it back with `bidder unseal`.

    Asks first about an amount far above the least, where there is a person at the terminal to answer. Exit statuses are
    those of `bidder bid`.
    """

    def ask(client: Client, lot: str) -> Accepted | Rejected:
        currency, view = client.sale.currency, client.lots().get(lot)
        amount_minor = parsed_amount(currency, amount, view)
        if request_id is None:  # the person agreed to a repeated request before
            ask_about(caution(view, currency, amount_minor), is_agreed=yes)
        return client.seal(lot, amount_minor, request_id=request_id, timeout_ms=round(timeout_s * 1000))

    return place(context, lot, ask, SEALED, request_id, timeout_s, as_json=as_json)


@click.command(short_help="Take your sealed offer back.", epilog=examples("bidder unseal 3 --name Ada"))
@click.argument("lot", type=LOT)
@request_id_option
@timeout_option
@json_option
@with_bidder_context(Naming.USUAL)
def unseal(context: BidderContext, lot: str, *, request_id: int | None, timeout_s: float, as_json: bool) -> int:
    """Take your sealed offer for LOT back, before the close, and print the verdict.

    Exit statuses are those of `bidder bid`.
    """

    def ask(client: Client, lot: str) -> Accepted | Rejected:
        return client.unseal(lot, request_id=request_id, timeout_ms=round(timeout_s * 1000))

    return place(context, lot, ask, SEALED, request_id, timeout_s, as_json=as_json)
