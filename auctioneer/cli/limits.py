"""The commands about accounts: `limit`, `deposit`, `paddle link` and `paddle unlink`."""

from typing import Final

import click

from auctioneer.cli.context import ControlContext, about, check_length, with_control_context
from auctioneer.cli.control_client import ControlClient, connected
from auctioneer.cli.people import check_bidder
from auctioneer.cli.sentences import person, whom
from auctioneer.house.commands import LinkPaddles, NoteDeposit, SetLimit
from common.errors import UsageError
from common.limits import TITLE_CHARS_MAX
from common.money import AmountError, Currency
from common.terminal.commands import examples
from common.terminal.output import say_done

_NONE: Final = "none"
"""The word for no limit, and for no deposit."""


@click.command(
    short_help="Set how much a bidder may spend.",
    epilog=examples("auctioneer limit 12 500", "auctioneer limit 'Ann Lee' none"),
)
@click.argument("bidder")
@click.argument("amount", metavar="AMOUNT|none")
@with_control_context
def limit(context: ControlContext, bidder: str, amount: str) -> None:
    """Let the bidder spend at most AMOUNT in the whole sale, or as much as it likes.

    What it has won counts, and the most that it may have to pay on each lot that is not over. An offer that could take
    it over the limit is refused. What stands already stays, also where the new limit is lower.
    """
    check_bidder(bidder)
    with connected(context.folder) as house:
        currency = _currency_of(house)
        limit_minor = None if amount == _NONE else _parsed(currency, amount)
        done = house.order(SetLimit(bidder=bidder, limit_minor=limit_minor))
    shown = None if limit_minor is None else currency.plain(limit_minor)
    has = "no limit any more" if limit_minor is None else f"a limit of {currency.show(limit_minor)}"
    told = {"done": True, **about(done), "limit": shown, "limit_minor": limit_minor}
    say_done(f"{whom(done)} has {has}.", told, as_json=context.as_json)


@click.command(
    short_help="Note a bidder's deposit.",
    epilog=examples("auctioneer deposit 12 100", "auctioneer deposit 12 none    # it was given back"),
)
@click.argument("bidder")
@click.argument("amount", metavar="AMOUNT|none")
@with_control_context
def deposit(context: ControlContext, bidder: str, amount: str) -> None:
    """Note that the house holds AMOUNT for the bidder, in place of what was noted before.

    It is on the record, with who noted it and when, and sets no limit by itself: see `auctioneer limit`.
    """
    check_bidder(bidder)
    with connected(context.folder) as house:
        currency = _currency_of(house)
        amount_minor = 0 if amount == _NONE else _parsed(currency, amount)
        done = house.order(NoteDeposit(bidder=bidder, amount_minor=amount_minor))
    held = currency.show(amount_minor) if amount_minor else "no deposit"
    told = {"done": True, **about(done), "deposit": currency.plain(amount_minor), "deposit_minor": amount_minor}
    say_done(f"The house holds {held} for {whom(done)}.", told, as_json=context.as_json)


@click.command(
    short_help="Keep linked bidders from bidding against each other.",
    epilog=examples(
        "auctioneer paddle link 12 207                      # one household",
        "auctioneer paddle link 12 --seller 'Old House Ltd'",
    ),
)
@click.argument("bidder", nargs=-1, required=True)
@click.option("--seller", default="", metavar="NAME", help="A seller, as the catalogue names it.")
@with_control_context
def link(context: ControlContext, bidder: tuple[str, ...], seller: str) -> None:
    """Link each of these bidders with each other one: a household, an agent and the principal, a seller's family.

    None of them can make an offer on a lot while another has one standing there, nor on a lot that one of them sells,
    or the seller of the name --seller. Offers that stand already stay.
    """
    _link(context, bidder, seller, linked=True)


@click.command(
    short_help="Link bidders no longer.",
    epilog=examples("auctioneer paddle unlink 12 207", "auctioneer paddle unlink 12 --seller 'Old House Ltd'"),
)
@click.argument("bidder", nargs=-1, required=True)
@click.option("--seller", default="", metavar="NAME", help="A seller, as the catalogue names it.")
@with_control_context
def unlink(context: ControlContext, bidder: tuple[str, ...], seller: str) -> None:
    """End the link of each of these bidders with each other one, and with the seller of the name --seller."""
    _link(context, bidder, seller, linked=False)


def _link(context: ControlContext, bidders: tuple[str, ...], seller: str, *, linked: bool) -> None:
    for each in bidders:
        check_bidder(each)
    check_length("--seller", seller, TITLE_CHARS_MAX)
    if len(bidders) == 1 and not seller:
        raise click.UsageError("Give two bidders or more, or one and a --seller.")
    with connected(context.folder) as house:
        done = house.order(LinkPaddles(bidders=bidders, seller=seller, linked=linked))
    people = done.people
    names = [person(each["name"], each["paddle"]) for each in people]
    all_of_them = " and ".join([*names, *([f"the seller {seller}"] if seller else [])])
    told = {
        "done": True,
        "people": people,
        "seller": seller or None,
        "linked": linked,
        "lots_of_seller": done.of_seller,
    }
    nothing_yet = f" But no lot has the seller {seller} now. If that is a typing error, `auctioneer paddle unlink` it."
    doubt = nothing_yet if done.of_seller == 0 else ""
    say_done(f"{all_of_them} are {'linked' if linked else 'no longer linked'}.{doubt}", told, as_json=context.as_json)


def _currency_of(house: ControlClient) -> Currency:
    sale = house.ask("status")
    return Currency(sale["currency"], sale["decimals"])


def _parsed(currency: Currency, text: str) -> int:
    """Return an amount of 0 or more. Raises UsageError if the text is none."""
    try:
        return currency.parse(text)
    except AmountError as error:
        raise UsageError(str(error)) from error
