"""The commands that read: the lots, the bidder's maxima and wins, the bidder's key."""

import click

from bidder.attending.attendance import asked_in_vain
from bidder.cli.context import BidderContext, Naming, json_option, timeout_option, with_bidder_context
from bidder.cli.output import print_lots, say
from bidder.core.errors import UnansweredError
from bidder.display.formats import display_of
from bidder.display.lines import Line
from bidder.display.records import lot_record, mine_record
from bidder.display.shown import shown_at
from bidder.display.wording import mine_lines
from bidder.shells.blocking import Client
from common.formats import AnyOwn
from common.lot import SaleStatus
from common.messages import Mine
from common.terminal.commands import examples
from common.terminal.output import print_json


@click.command(short_help="Show how the lots stand.", epilog=examples("bidder lots", "bidder lots --name Ada --json"))
@timeout_option
@json_option
@with_bidder_context(Naming.OPTIONAL)
def lots(context: BidderContext, timeout_s: float, *, as_json: bool) -> None:
    """Show all lots: price, next bid, leader, and the time left; of sealed offers only your own."""
    with context.connect(round(timeout_s * 1000)) as client:
        sale, paddle = client.sale, client.paddle
        positions = _secret_positions(client, round(timeout_s * 1000))
        shown = [
            shown_at(view, client.server_now_ms(), client.remaining_ms(view.lot), positions.get(view.lot))
            for view in client.lots().values()
        ]
    if as_json:
        print_json([lot_record(lot, sale.currency, paddle) for lot in shown])
        return
    status = "" if sale.status is SaleStatus.RUNNING else f" ({sale.status.value})"
    say(Line(f"{sale.title}{status}"))
    say(Line(""))
    print_lots(shown, paddle, sale.currency)


def _secret_positions(client: Client, timeout_ms: int) -> dict[str, AnyOwn]:
    """Return the bidder's positions that only the house knows. Asks only if there can be such positions."""
    secret = {lot for lot, view in client.lots().items() if display_of(view).has_secret_positions}
    if not client.paddle or not secret:
        return {}
    return {one.lot: one.own for one in _affairs(client, timeout_ms).positions if one.lot in secret}


def _affairs(client: Client, timeout_ms: int) -> Mine:
    try:
        return client.mine(timeout_ms=timeout_ms)
    except UnansweredError as error:
        raise asked_in_vain() from error


@click.command(short_help="Show what you lead and what you won.", epilog=examples("bidder mine --name Ada"))
@timeout_option
@json_option
@with_bidder_context(Naming.USUAL)
def mine(context: BidderContext, timeout_s: float, *, as_json: bool) -> None:
    """Show the lots that you lead, with your secret maxima, and what you won, with its total.

    Your sealed offers, and what you took of Dutch lots that are open, are there too.
    """
    with context.connect(round(timeout_s * 1000)) as client:
        affairs = _affairs(client, round(timeout_s * 1000))
        views, currency, name = client.lots(), client.sale.currency, client.welcome.name
    if as_json:
        print_json(mine_record(affairs, name, views, currency))
        return
    for line in mine_lines(affairs, name, views, currency):
        say(line)


@click.command(short_help="Print your public key.", epilog=examples("bidder key --name Ada"))
@json_option
@with_bidder_context(Naming.REQUIRED)
def key(context: BidderContext, *, as_json: bool) -> None:
    """Print the public key of your name, for a house that admits by a list. It is made at first use."""
    if as_json:
        print_json({"name": context.name, "key": context.keys.public})
    else:
        say(Line(context.keys.public))
