"""The commands that correct a lot: `undo`, `reopen`, `void`, `award` and `change`.

At a terminal each first shows what it would do, and to whom it matters, and asks.
"""

from collections.abc import Callable
from typing import Any, Final

import click
import msgspec

from auctioneer.catalogue import RunningSale, changed_lot
from auctioneer.cli.adding import field_options
from auctioneer.cli.asking import Plan, carry_out, yes_option
from auctioneer.cli.context import DURATION, LOT, ControlContext, check_length, with_control_context
from auctioneer.cli.control_client import ControlClient, connected
from auctioneer.cli.output import local_time
from auctioneer.cli.sentences import bought, lot_named, person, standing
from auctioneer.house.commands import AnyCorrection, Award, Done, Move, Reopen, Rewrite, Undo, VoidSale
from auctioneer.house.reports import Row
from auctioneer.rules.terms import LotSpec
from common.errors import UsageError
from common.limits import TEXT_CHARS_MAX
from common.lot import LotStatus
from common.money import AmountError, Currency
from common.terminal.commands import WholeNumber, examples
from common.words import counted

_VOID_SHOWN_MAX: Final = 10
"""The most bids that are shown one by one before a question."""
_KINDS: Final = {
    "offer_void": "the bid is taken back",
    "lead_back": "leads again",
    "asked": "is asked whether its bid stands",
    "lead_lost": "no longer leads",
    "sale_void": "no longer buys it",
    "awarded": "buys it",
}
"""What a bidder is told, for the person who corrects."""

_reason_option: Final[Callable[[Callable[..., Any]], Callable[..., Any]]] = click.option(
    "--reason", default="", metavar="TEXT", help="Why: told to those whom it touches, and recorded."
)


@click.command(
    short_help="Take bids on an open lot back.",
    epilog=examples(
        "auctioneer undo 7                        # the last public bid",
        "auctioneer undo 7 --bid 3 --reason 'It was on the wrong paddle'",
        "auctioneer undo 7 --back-to 3            # bid 3, and all after it",
    ),
)
@click.argument("lot", type=LOT)
@click.option("--bid", "numbers", type=WholeNumber(1), multiple=True, metavar="N", help="The bid to take back.")
@click.option("--back-to", type=WholeNumber(1), metavar="N", help="Take back this bid, and all after it.")
@_reason_option
@yes_option
@with_control_context
def undo(
    context: ControlContext, lot: str, numbers: tuple[int, ...], back_to: int | None, reason: str, *, yes: bool
) -> None:
    """Take back the last public bid on LOT, or others by their numbers in `auctioneer bids`.

    The lot must be open or paused. The bids that are left make the price again, in their order. The lot never ends
    earlier for it.
    """
    if numbers and back_to is not None:
        raise click.UsageError("Give either --bid or --back-to.")
    command = Undo(lot=lot, numbers=numbers, back_to=back_to, reason=reason)
    _correct(context, command, "Take it back?", yes=yes)


@click.command(
    short_help="Open a lot that is over again.",
    epilog=examples("auctioneer reopen 7 --for 1m", "auctioneer reopen 8 --from 90    # a Dutch clock"),
)
@click.argument("lot", type=LOT)
@click.option("--for", "for_ms", type=DURATION, metavar="DURATION", help="How long it is open, such as 30s or 2m.")
@click.option("--from", "price", metavar="AMOUNT", help="The price from which a Dutch clock goes on.")
@_reason_option
@yes_option
@with_control_context
def reopen(context: ControlContext, lot: str, for_ms: int | None, price: str | None, reason: str, *, yes: bool) -> None:
    """Open LOT again, which was sold, passed or withdrawn, with the bids that it had."""
    price_minor = None if price is None else _amount(context, price)
    _correct(context, Reopen(lot=lot, for_ms=for_ms, price_minor=price_minor, reason=reason), "Open it again?", yes=yes)


@click.command(
    short_help="Undo the sale of a lot.",
    epilog=examples("auctioneer void 7 --reason 'The buyer withdrew'", "auctioneer void 8 --buyer ann"),
)
@click.argument("lot", type=LOT)
@click.option("--buyer", default="", metavar="BIDDER", help="Which buyer, by name or paddle, where there are several.")
@_reason_option
@yes_option
@with_control_context
def void(context: ControlContext, lot: str, buyer: str, reason: str, *, yes: bool) -> None:
    """Undo the sale of LOT to its buyer, without whose bids it then stands.

    Nobody has bought it until you `award` it, such as to the bidder who led before, or `reopen` it.
    """
    _correct(context, VoidSale(lot=lot, bidder=buyer, reason=reason), "Undo the sale?", yes=yes)


@click.command(short_help="Sell a lot that has passed, by agreement.", epilog=examples("auctioneer award 7 ann 240"))
@click.argument("lot", type=LOT)
@click.argument("bidder")
@click.argument("amount")
@_reason_option
@yes_option
@with_control_context
def award(context: ControlContext, lot: str, bidder: str, amount: str, reason: str, *, yes: bool) -> None:
    """Sell LOT, which has passed, to BIDDER, a name or a paddle, for AMOUNT, as you both agreed."""
    amount_minor = _amount(context, amount)
    _correct(context, Award(lot=lot, bidder=bidder, amount_minor=amount_minor, reason=reason), "Sell it?", yes=yes)


@click.command(
    short_help="Correct what the catalogue says of a lot.",
    epilog=examples(
        "auctioneer change 7 --title 'Longcase clock, eight-day movement'",
        "auctioneer change 9 --starting-price 40 --opens 'by hand'",
    ),
)
@click.argument("lot", type=LOT)
@field_options("number", "format")
@_reason_option
@yes_option
@with_control_context
def change(context: ControlContext, lot: str, reason: str, *, yes: bool, **fields: str | None) -> None:
    """Replace values of LOT: its texts and estimate at any time, the others as long as no bid depends on them.

    How long it is open, and when it opens, may change until it opens; `auctioneer extend` gives an open lot more time.
    """
    given = {field: text for field, text in fields.items() if text is not None}
    if not given:
        raise click.UsageError("Say what is to change, such as --title.")
    with connected(context.folder) as house:
        sale = house.ask("status")
        running = RunningSale(
            currency=Currency(sale["currency"], sale["decimals"]),
            known_lots=frozenset(row["lot"] for row in house.ask("lots")),
        )
        (document,) = house.ask("specs", (lot,))
    spec = changed_lot(msgspec.convert(document, LotSpec), given, running)
    _correct(context, Rewrite(lot=lot, spec=spec, reason=reason), "Change it?", yes=yes)


@click.command(
    short_help="Give a lot another place in the catalogue.",
    epilog=examples("auctioneer move 9 --before 4", "auctioneer move 9 --last"),
)
@click.argument("lot", type=LOT)
@click.option("--before", type=LOT, metavar="LOT", help="The lot before which it is to come.")
@click.option("--last", is_flag=True, help="Make it the last.")
@with_control_context
def move(context: ControlContext, lot: str, before: str | None, *, last: bool) -> None:
    """Move LOT before another, or to the end. Neither may have been opened.

    Where a lot opens after the one before it, the new order counts.
    """
    if last == (before is not None):
        raise click.UsageError("Give either --before with a lot, or --last.")
    place = "is the last" if last else f"comes before lot {before}"
    context.order(Move(lot=lot, before=before or ""), f"Lot {{lot}} {place}.")


def _correct(context: ControlContext, command: AnyCorrection, question: str, *, yes: bool) -> None:
    """Show what a correction would do, ask, carry it out, and tell how the lot stands then."""
    check_length("--reason", command.reason, TEXT_CHARS_MAX)

    def plan(house: ControlClient, currency: Currency) -> Plan:
        (row,) = house.ask("lots", (command.lot,))
        would_be = house.preview(command)
        shown = [standing(row, currency), *correction_lines(would_be, currency)]
        return Plan(shown, question, msgspec.structs.replace(command, if_seq=would_be["seq"]))

    done, currency = carry_out(context, None if yes else plan, command)
    with connected(context.folder) as house:
        (row,) = house.ask("lots", (command.lot,))
    context.tell(corrected_words(done, row, currency), done.lots, results=done.results, lot=row)


def corrected_words(done: Done, row: Row, currency: Currency) -> str:
    """Return a sentence on a correction that was made, and how the lot stands now."""
    if done.results:
        return " ".join(["Corrected.", *(_outcome(result, currency) for result in done.results)])
    return f"Corrected. {standing(row, currency)}"


def _outcome(row: Row, currency: Currency) -> str:
    buyers = ", ".join(bought(result, currency) for result in row["results"])
    lot = f"Lot {lot_named(row['lot'], row['title'])}"
    return f"{lot} is sold to {buyers}." if buyers else f"{lot} is not sold."


def correction_lines(row: Row, currency: Currency) -> list[str]:
    """Return what a correction would do, line by line."""
    lines = [f"It would take back {_offer(offer, currency)}." for offer in row["void"][:_VOID_SHOWN_MAX]]
    if len(row["void"]) > _VOID_SHOWN_MAX:
        lines.append(f"... and {counted(len(row['void']) - _VOID_SHOWN_MAX, 'bid')} more.")
    lines.append(f"Then lot {row['lot']}, {row['title']}, would be {_then(row, currency)}.")
    told = [f"{person(word['name'], word['paddle'])}: {_KINDS[word['kind']]}" for word in row["told"]]
    lines.append(f"Those whom it touches are told: {'; '.join(told)}." if told else "Nobody's bids are touched.")
    return lines


def _then(row: Row, currency: Currency) -> str:
    status = LotStatus(row["status"])
    if row["results"]:
        return f"sold to {', '.join(bought(result, currency) for result in row['results'])}"
    if status.is_final:
        return "over, and not sold"
    parts = [status.value]
    if row["price_minor"] is not None:
        leader = f" by {person(row['leader'], row['paddle'])}" if row["paddle"] is not None else ""
        parts.append(f"at {currency.show(row['price_minor'])}{leader}")
    elif row["minimum_minor"] is not None:
        parts.append(f"without a bid, from {currency.show(row['minimum_minor'])}")
    if row["ends_at_ms"] is not None:
        parts.append(f"until {local_time(row['ends_at_ms'])}")
    return ", ".join(parts)


def _offer(offer: Row, currency: Currency) -> str:
    amounts = [
        word + currency.show(offer[field])
        for field, word in (("amount_minor", ""), ("maximum_minor", "up to "))
        if offer[field] is not None
    ]
    return f"bid {offer['number']} of {person(offer['name'], offer['paddle'])}" + "".join(f", {one}" for one in amounts)


def _amount(context: ControlContext, text: str) -> int:
    """Return an amount in the sale's currency, in minor units."""
    with connected(context.folder) as house:
        sale = house.ask("status")
    try:
        return Currency(sale["currency"], sale["decimals"]).parse(text)
    except AmountError as error:
        raise UsageError(str(error)) from error
