"""`bidder stop`: take units of a Dutch lot at the price on its clock, and print one verdict."""

import sys

import click

from bidder.attending.prices import clock_price
from bidder.cli.bids import place, request_id_option
from bidder.cli.context import LOT, BidderContext, Naming, json_option, timeout_option, with_bidder_context
from bidder.display.formats.dutch import DUTCH
from bidder.display.orders import parsed_amount
from bidder.shells.blocking import Client
from common.limits import UNITS_MAX
from common.messages import Accepted, Rejected
from common.money import Currency
from common.terminal.commands import WholeNumber, examples
from common.terminal.output import confirm
from common.words import counted


@click.command(
    short_help="Stop a Dutch lot's clock: take units at its price.",
    epilog=examples(
        "bidder stop 3 --name Ada                          # one unit, at what the clock shows now",
        "bidder stop 3 --price 9000 --units 2 --name Ada   # two, if the clock shows 9000 or less",
    ),
)
@click.argument("lot", type=LOT)
@click.option("--price", metavar="PRICE", help="The most to pay for a unit.  [default: what the clock shows now]")
@click.option(
    "--units", type=WholeNumber(1, UNITS_MAX), default=1, show_default=True, help="How many units to take at most."
)
@click.option("--yes", is_flag=True, help="Don't ask, also without --price.")
@request_id_option
@timeout_option
@json_option
@with_bidder_context(Naming.USUAL)
def stop(
    context: BidderContext,
    lot: str,
    *,
    price: str | None,
    units: int,
    yes: bool,
    request_id: int | None,
    timeout_s: float,
    as_json: bool,
) -> int:
    """Take units of LOT, whose price falls by the clock, and print the verdict. What you take is bought.

    You pay what the house's clock shows when your request comes in, never more than PRICE. If fewer units are left
    than you ask for, you get those.

    Without --price, asks first whether the price is right, where there is a person at the terminal to answer. Exit
    statuses are those of `bidder bid`.
    """

    def ask(client: Client, lot: str) -> Accepted | Rejected:
        currency = client.sale.currency
        if price is not None:
            price_minor = parsed_amount(currency, price)
        else:
            price_minor = clock_price(client, lot)
            if request_id is None and not yes and sys.stdin.isatty():  # the person agreed to a repeated request before
                confirm(_question(lot, price_minor, units, currency))
        return client.stop(lot, price_minor, units, request_id=request_id, timeout_ms=round(timeout_s * 1000))

    return place(context, lot, ask, DUTCH, request_id, timeout_s, as_json=as_json)


def _question(lot: str, price_minor: int, units: int, currency: Currency) -> str:
    price, total = currency.show(price_minor), currency.show(units * price_minor)
    return f"The clock of lot {lot} shows {price}. Take {counted(units, 'unit')} for {total} at most?"
