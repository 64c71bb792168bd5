"""`auctioneer bid`: a clerk makes an offer for a paddle in the room or on the telephone, or for the seller."""

import sys
from typing import Final

import click

from auctioneer.cli.asking import Plan, carry_out, yes_option
from auctioneer.cli.context import LOT, ControlContext, about, with_control_context
from auctioneer.cli.control_client import ControlClient, connected
from auctioneer.cli.finals import ended
from auctioneer.cli.people import check_bidder, find_person, named
from auctioneer.cli.sentences import lot_named, person, whom
from auctioneer.house.commands import BidFor, Done
from auctioneer.house.reports import Row
from auctioneer.rules.sources import FOR_OTHERS, Source
from common.errors import UsageError
from common.limits import BIDDERS_MAX, UNITS_MAX
from common.lot import LotStatus
from common.money import AmountError, Currency
from common.slips import is_far_above
from common.terminal.commands import WholeNumber, examples
from common.the_house import HOUSE_PADDLE

_SOURCES: Final = sorted(source.value for source in FOR_OTHERS)


@click.command(
    "bid",
    short_help="Bid for a paddle in the room or on the telephone.",
    epilog=examples(
        "auctioneer bid 7 120 --paddle 12                      # 120 openly, from the floor",
        "auctioneer bid 7 200 --paddle 12 --max                # as little as leads, up to a secret 200",
        "auctioneer bid 7 120 --paddle 30 --source telephone",
        "auctioneer bid 7 200 --paddle 31 --source absentee    # waits, if lot 7 is not open yet",
        "auctioneer bid 8 95 --paddle 12                       # a sealed offer, if the offers of lot 8 are sealed",
        "auctioneer bid 8 --take-back --paddle 12",
        "auctioneer bid 7 90 --house                           # for the seller, below the reserve",
        "auctioneer bid 9 90 --units 2 --paddle 12             # takes two units, if lot 9 is Dutch",
    ),
)
@click.argument("lot", type=LOT)
@click.argument("amount", required=False)
@click.option("--paddle", "bidder", metavar="BIDDER", help="For whom the bid is: a paddle or a name.")
@click.option(
    "--house",
    "is_house",
    is_flag=True,
    help="For the seller: an open bid below the reserve, on a lot with `house_bids`. Bidders see that the house bid.",
)
@click.option(
    "--source",
    type=click.Choice(_SOURCES),
    help="How you hear the bidder; the record keeps it. An absentee bid is a maximum or a sealed offer, and waits for "
    "the opening.  [default: floor]",
)
@click.option("--max", "is_maximum", is_flag=True, help="AMOUNT is a secret maximum: bid as little as leads, up to it.")
@click.option("--buy", "is_purchase", is_flag=True, help="Buy the lot at once at AMOUNT, its buy-now price.")
@click.option("--units", type=WholeNumber(1, UNITS_MAX), metavar="N", help="How many units of a Dutch lot to take.")
@click.option("--take-back", is_flag=True, help="Take a sealed offer, or an absentee bid that waits, back.")
@yes_option
@with_control_context
def bid(
    context: ControlContext,
    lot: str,
    amount: str | None,
    *,
    bidder: str | None,
    is_house: bool,
    source: str | None,
    is_maximum: bool,
    is_purchase: bool,
    units: int | None,
    take_back: bool,
    yes: bool,
) -> None:
    """Bid AMOUNT on LOT for a paddle, which need not have a phone, or for the seller.

    It binds, and counts by the same rules as any bid.

    What the bid is depends on the lot: an open bid, a sealed offer, or units of a Dutch lot at AMOUNT, the price that
    you saw. Asks first about an amount far above the minimum. In a script, where nobody can answer, such a bid is
    refused without --yes.
    """
    if take_back == (amount is not None):
        raise click.UsageError("Give either an AMOUNT or --take-back.")
    if is_house == (bidder is not None):
        raise click.UsageError("Give either --paddle or --house.")
    if is_house and (source or is_maximum or is_purchase or units is not None or take_back):
        raise click.UsageError("The house bids openly: --house goes with an AMOUNT alone.")
    if bidder is not None:
        check_bidder(bidder, "--paddle")
    with connected(context.folder) as house:
        sale = house.ask("status")
        currency = Currency(sale["currency"], sale["decimals"])
        amount_minor = None if amount is None else parsed_amount(currency, amount)
        command = BidFor(
            lot=lot,
            paddle=HOUSE_PADDLE if bidder is None else paddle_meant(house, bidder),
            source=Source.HOUSE if bidder is None else Source(source or Source.FLOOR),
            amount_minor=amount_minor,
            is_maximum=is_maximum,
            is_purchase=is_purchase,
            units=units,
        )
        doubt = "" if yes else bid_doubt(house, currency, command)
        who = _whom(house, command.paddle) if doubt else ""
    if doubt and not sys.stdin.isatty():
        raise UsageError(f"{doubt} Nothing was bid for {who}. If it is meant, repeat this with --yes.")
    plan = Plan([], f"{doubt} Bid it for {who}?", command)
    done, currency = carry_out(context, (lambda _house, _currency: plan) if doubt else None, command)
    context.tell(bid_outcome(done, currency), done.lots, **_document(done))


def paddle_meant(house: ControlClient, bidder: str) -> int:
    """Return the paddle that was typed, or that of the name that was. Raises RejectedError for an unknown name."""
    if not (bidder.isascii() and bidder.isdigit()):
        return int(find_person(house.ask("paddles"), bidder)["paddle"])
    if not 1 <= int(bidder) <= BIDDERS_MAX:
        raise click.BadParameter(f"paddles are from 1 to {BIDDERS_MAX:,}.", param_hint="--paddle")
    return int(bidder)


def _whom(house: ControlClient, paddle: int) -> str:
    """Return for whom a bid is, with the paddle."""
    return "the seller" if paddle == HOUSE_PADDLE else named(find_person(house.ask("paddles"), str(paddle)))


def bid_doubt(house: ControlClient, currency: Currency, command: BidFor) -> str:
    """Return the doubt about an amount that is far above the minimum; an empty text if there is none.

    The amount of a purchase is in no doubt: it counts only if it is the lot's buy-now price.
    """
    amount_minor = command.amount_minor
    if amount_minor is None or command.is_purchase:
        return ""
    (row,) = house.ask("lots", (command.lot,))
    minimum_minor = row["minimum_minor"]
    if minimum_minor is None or not is_far_above(amount_minor, minimum_minor, row["estimate_high_minor"]):
        return ""
    times, minimum = amount_minor // minimum_minor, currency.show(minimum_minor)
    return f"{currency.show(amount_minor)} is {times:,} times the minimum of lot {row['lot']}, {minimum}."


def parsed_amount(currency: Currency, text: str) -> int:
    """Return the minor units of an amount of 1 or more. Raises UsageError."""
    try:
        amount_minor = currency.parse(text)
    except AmountError as error:
        raise UsageError(str(error)) from error
    if not amount_minor:
        raise UsageError(f"{text!r} is not an amount to pay.")
    return amount_minor


def bid_outcome(done: Done, currency: Currency) -> str:
    """Return the sentence on a bid that counts."""
    row = done.standing
    assert row is not None, "the house says how the lot stands"
    if done.results:
        return ended(done.results[0], currency)
    bidder, lot, leader = whom(done), lot_named(row["lot"], row["title"]), row["paddle"]
    if row["status"] == LotStatus.SCHEDULED.value:
        kept = "waits for" if done.accepted is not None and done.accepted.own is not None else "is taken back from"
        return f"Accepted: the bid of {bidder} {kept} lot {lot} which is not open yet."
    accepted = "Accepted" if done.number is None else f"Accepted as bid {done.number}"
    if leader is None:
        return f"{accepted}: the offer of {bidder} for lot {lot.rstrip(',')} counts."
    leads = f"{person(row['leader'], leader)} leads lot {lot} at {currency.show(row['price_minor'])}"
    if leader != done.paddle:
        return f"{accepted} for {bidder}, but {leads}. The next bid is {currency.show(row['minimum_minor'])} or more."
    reserve = {True: " The reserve is met.", False: " The reserve is not met yet."}.get(row["reserve_met"], "")
    return f"{accepted}: {leads}.{reserve}"


def _document(done: Done) -> Row:
    """Return what JSON says besides the lot: the verdict with the board, and how the lot stands."""
    verdict = {"number": done.number, "accepted": done.accepted, "standing": done.standing, "results": done.results}
    return about(done) | verdict
