"""`bidder bid` and `bidder buy`: make one offer for an English lot, and print one verdict."""

import click

from bidder.attending.prices import buy_now_price
from bidder.cli.bids import ask_about, place, request_id_option
from bidder.cli.context import LOT, BidderContext, Naming, json_option, timeout_option, with_bidder_context
from bidder.display.cautions import caution
from bidder.display.formats.english import ENGLISH
from bidder.display.orders import parsed_amount, parsed_condition
from bidder.shells.blocking import Client
from common.errors import UsageError
from common.messages import Accepted, Rejected
from common.terminal.commands import examples


@click.command(
    short_help="Place one bid and print the verdict.",
    epilog=examples(
        "bidder bid 3 120 --name Ada                # 120 openly",
        "bidder bid 3 200 --max --name Ada          # as little as leads, up to a secret 200",
        "bidder bid 3 120 --up-to 200 --name Ada    # 120 openly, and up to 200 if others bid",
        "bidder bid 3 120 --if-price 110 --name Ada # only if the price is still 110",
    ),
)
@click.argument("lot", type=LOT)
@click.argument("amount")
@click.option("--max", "is_maximum", is_flag=True, help="AMOUNT is a secret maximum: bid as little as leads, up to it.")
@click.option("--up-to", metavar="AMOUNT", help="Bid AMOUNT openly, and keep this higher maximum secret.")
@click.option("--if-price", metavar="PRICE", help="Bid only if the price is still this; 0: if there is no bid yet.")
@click.option("--yes", is_flag=True, help="Don't ask, however high the amount is.")
@request_id_option
@timeout_option
@json_option
@with_bidder_context(Naming.USUAL)
def bid(
    context: BidderContext,
    lot: str,
    amount: str,
    *,
    is_maximum: bool,
    up_to: str | None,
    if_price: str | None,
    yes: bool,
    request_id: int | None,
    timeout_s: float,
    as_json: bool,
) -> int:
    """Bid AMOUNT on LOT and print the verdict. A bid binds, and stands when this command has ended.

    Asks first about an amount far above the minimum, or one for which LOT could be bought at once, where there is a
    person at the terminal to answer.

    Exit status: 0 accepted, 3 refused, 4 the house can't be reached (repeat it with the --request-id that it prints),
    2 wrong use.
    """
    if is_maximum and up_to is not None:
        raise UsageError("--max and --up-to contradict each other; leave one out.")

    def ask(client: Client, lot: str) -> Accepted | Rejected:
        currency, view = client.sale.currency, client.lots().get(lot)
        amount_minor = parsed_amount(currency, amount, view)
        up_to_minor = None if up_to is None else parsed_amount(currency, up_to, view)
        if request_id is None:  # the person agreed to a repeated request before
            ask_about(caution(view, currency, amount_minor, up_to_minor), is_agreed=yes)
        return client.bid(
            lot,
            None if is_maximum else amount_minor,
            amount_minor if is_maximum else up_to_minor,
            if_price_minor=parsed_condition(currency, if_price),
            request_id=request_id,
            timeout_ms=round(timeout_s * 1000),
        )

    return place(context, lot, ask, ENGLISH, request_id, timeout_s, as_json=as_json)


@click.command(
    short_help="Buy a lot at its buy-now price.",
    epilog=examples("bidder buy 5 --name Ada", "bidder buy 5 --price 380 --name Ada     # at this price and no other"),
)
@click.argument("lot", type=LOT)
@click.option("--price", metavar="PRICE", help="The price to pay.  [default: the lot's buy-now price]")
@request_id_option
@timeout_option
@json_option
@with_bidder_context(Naming.USUAL)
def buy(
    context: BidderContext,
    lot: str,
    *,
    price: str | None,
    request_id: int | None,
    timeout_s: float,
    as_json: bool,
) -> int:
    """Buy LOT at once, which closes it, and print the verdict. Exit statuses are those of `bidder bid`."""

    def ask(client: Client, lot: str) -> Accepted | Rejected:
        price_minor = buy_now_price(client, lot) if price is None else parsed_amount(client.sale.currency, price)
        return client.buy(lot, price_minor, request_id=request_id, timeout_ms=round(timeout_s * 1000))

    return place(context, lot, ask, ENGLISH, request_id, timeout_s, as_json=as_json)
