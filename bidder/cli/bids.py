"""`bidder bid` and `bidder buy`: one request, one verdict, for people and for scripts."""

import sys
from collections.abc import Callable

import click

from bidder.cli.context import LOT, BidderContext, Naming, explained, json_option, timeout_option, with_bidder_context
from bidder.cli.output import say
from bidder.core.errors import UnansweredError
from bidder.display.cautions import caution
from bidder.display.orders import parsed_amount, parsed_condition
from bidder.display.records import no_verdict_record, verdict_record
from bidder.display.wording import verdict_line
from bidder.shells.base import BaseClient
from bidder.shells.blocking import Client
from common.errors import RejectCode, RejectedError, UnreachableError, UsageError
from common.limits import INTEGER_MAX
from common.lot_numbers import lot_meant
from common.messages import Accepted, Rejected
from common.terminal import output as terminal
from common.terminal.commands import examples
from common.terminal.output import print_json, say_error

_request_id_option = click.option(
    "--request-id",
    type=click.IntRange(1, INTEGER_MAX),
    metavar="N",
    help="Repeat the request with this id: it counts once, however often it is sent.  [default: a new one]",
)

_Ask = Callable[[Client, str], Accepted | Rejected]
"""Asks about a lot, by its number as the house writes it."""


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
@_request_id_option
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
        if request_id is None:  # a repeated request was agreed to before
            _ask_about(caution(view, currency, amount_minor, up_to_minor), is_agreed=yes)
        return client.bid(
            lot,
            None if is_maximum else amount_minor,
            amount_minor if is_maximum else up_to_minor,
            if_price_minor=parsed_condition(currency, if_price),
            request_id=request_id,
            timeout_ms=round(timeout_s * 1000),
        )

    return _place(context, lot, ask, request_id, timeout_s, as_json=as_json)


@click.command(
    short_help="Buy a lot at its buy-now price.",
    epilog=examples("bidder buy 5 --name Ada", "bidder buy 5 --price 380 --name Ada     # at this price and no other"),
)
@click.argument("lot", type=LOT)
@click.option("--price", metavar="PRICE", help="The price to pay.  [default: the lot's buy-now price]")
@_request_id_option
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

    return _place(context, lot, ask, request_id, timeout_s, as_json=as_json)


def _ask_about(doubt: str, *, is_agreed: bool) -> None:
    """Ask a person about a doubt. Raises click.Abort if the person does not agree."""
    if not doubt:
        return
    if not is_agreed and sys.stdin.isatty():
        terminal.confirm(f"{doubt} Bid it?")
    else:
        terminal.say(doubt, err=True)


def buy_now_price(client: BaseClient, lot: str) -> int:
    """Return the lot's buy-now price, even if the offer is over, which the house decides. Raises RejectedError."""
    view = client.lots().get(lot)
    if view is None:
        raise RejectedError(RejectCode.UNKNOWN_LOT)
    if view.terms.buy_now_minor is None:
        raise RejectedError(RejectCode.NO_BUY_NOW)
    return view.terms.buy_now_minor


def _place(
    context: BidderContext, lot: str, ask: _Ask, request_id: int | None, timeout_s: float, *, as_json: bool
) -> int:
    """Carry out a request and print its verdict; return the exit status.

    `request_id` is that of a request to repeat; None for a new one, whose id is noted beside the key.
    """
    last_id = context.last_id
    try:
        with context.connect(round(timeout_s * 1000)) as client:
            currency = client.sale.currency
            last_id.keep(client.new_request_id())
            lot = lot_meant(lot, client.lots())
            verdict = ask(client, lot)
    except (RejectedError, UnreachableError) as error:
        sent_id = error.request_id if isinstance(error, UnansweredError) else request_id
        if request_id is None and sent_id is not None:
            last_id.keep(sent_id)
        failure = explained(error) if isinstance(error, RejectedError) else unanswered(error)
        say_error(failure)
        if as_json:
            print_json(no_verdict_record(failure, lot, sent_id))
        return failure.exit_status
    if request_id is None:
        last_id.keep(verdict.id)
    line = verdict_line(verdict, lot, currency)
    if as_json:
        print_json(verdict_record(verdict, currency, lot, line.text), if_lost=line.text)
    elif isinstance(verdict, Accepted):
        say(line, if_lost=line.text)
    if isinstance(verdict, Accepted):
        return 0
    terminal.say(f"Error [{verdict.code.value}]: {line.text}", err=True)
    return RejectedError.exit_status


def unanswered(error: UnreachableError) -> UnreachableError:
    """Return the error with the way to repeat the request, where one was sent."""
    if not isinstance(error, UnansweredError):
        return error
    what = "The request may have counted" if error.may_count else "Nothing was decided"
    return UnreachableError(
        f"The house did not answer in time. {what}; the same command with --request-id {error.request_id} tells, and "
        "never counts twice."
    )
