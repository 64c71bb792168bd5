"""The commands that can't be undone: `close`, `withdraw` and `end`.

At a terminal each shows what it would do, and asks. It does only what the person saw: the command carries the seq that
was shown, and if a bid came in between, the house refuses the command and the lot is shown again.
"""

import sys
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import click

from auctioneer.cli.context import LOT, ControlContext, check_length, with_control_context
from auctioneer.cli.control_client import ControlClient, connected
from auctioneer.house.commands import AnyCommand, CloseLot, Done, EndSale, Withdraw
from auctioneer.house.reports import Row
from common.errors import RejectCode, RejectedError
from common.limits import TEXT_CHARS_MAX
from common.lot import LotStatus
from common.money import Currency
from common.terminal.commands import examples
from common.terminal.output import confirm, say
from common.words import counted

_LOTS_SHOWN_MAX: Final = 20
"""The most lots that `end` shows one by one before it asks."""
_OPEN: Final = ("open", "paused")

_yes_option: Final[Callable[[Callable[..., Any]], Callable[..., Any]]] = click.option(
    "--yes", is_flag=True, help="Don't ask."
)


class _Plan(NamedTuple):
    """What a person is shown and asked, and the command that does it. Without a question the house will refuse it."""

    shown: list[str]
    question: str
    command: AnyCommand


@click.command(
    "close",
    short_help="Bring the hammer down on a lot now.",
    epilog=examples("auctioneer close 7", "auctioneer close 7 --yes"),
)
@click.argument("lot", type=LOT)
@_yes_option
@with_control_context
def close_lot(context: ControlContext, lot: str, *, yes: bool) -> None:
    """Bring the hammer down on LOT now: it is sold to the leader if the reserve is met, or passes. It is final.

    Shows how the lot stands and asks first if a person at the terminal can answer.
    """

    def plan(house: ControlClient, currency: Currency) -> _Plan:
        (row,) = house.ask("lots", (lot,))
        question = "Bring the hammer down?" if row["status"] in _OPEN else ""
        return _Plan(
            [_standing(row, currency), f"It {_hammer(row, currency)}"], question, CloseLot(lot=lot, if_seq=row["seq"])
        )

    done, currency = _carry_out(context, None if yes else plan, CloseLot(lot=lot))
    context.tell(_ended(done.results[0], currency), done.lots, results=done.results)


@click.command(
    short_help="Take a lot out of the sale.",
    epilog=examples("auctioneer withdraw 7", "auctioneer withdraw 7 --reason 'Damaged in the viewing' --yes"),
)
@click.argument("lot", type=LOT)
@click.option("--reason", default="", metavar="TEXT", help="Told to all bidders.")
@_yes_option
@with_control_context
def withdraw(context: ControlContext, lot: str, reason: str, *, yes: bool) -> None:
    """Take LOT out of the sale, with all bids on it. It is final.

    Shows how the lot stands and asks first if a person at the terminal can answer.
    """
    check_length("--reason", reason, TEXT_CHARS_MAX)

    def plan(house: ControlClient, currency: Currency) -> _Plan:
        (row,) = house.ask("lots", (lot,))
        is_over = LotStatus(row["status"]).is_final
        return _Plan(
            [_standing(row, currency), f"It would be withdrawn{_with_bids(row)}."],
            "" if is_over else "Take it out of the sale?",
            Withdraw(lot=lot, reason=reason, if_seq=row["seq"]),
        )

    done, currency = _carry_out(context, None if yes else plan, Withdraw(lot=lot, reason=reason))
    context.tell(_ended(done.results[0], currency), done.lots, results=done.results)


@click.command(short_help="End the sale.", epilog=examples("auctioneer end", "auctioneer end --yes"))
@_yes_option
@with_control_context
def end(context: ControlContext, *, yes: bool) -> None:
    """End the sale: the hammer falls on what is open, and what was not opened is withdrawn. It is final.

    Shows what would be sold to whom and asks first if a person at the terminal can answer.
    """

    def plan(house: ControlClient, currency: Currency) -> _Plan:
        sale = house.ask("status")  # before the lots, so that a change in between is noticed
        rows = house.ask("lots")
        falls = [f"Lot {row['lot']} {_hammer(row, currency)}" for row in rows if row["status"] in _OPEN]
        shown = [f"{sale['title']}:", *falls[:_LOTS_SHOWN_MAX]]
        if len(falls) > _LOTS_SHOWN_MAX:
            shown.append(f"... and {counted(len(falls) - _LOTS_SHOWN_MAX, 'lot')} more that the hammer falls on.")
        unopened = sum(row["status"] == "scheduled" for row in rows)
        shown.append(
            f"{counted(unopened, 'lot')} not yet opened would be withdrawn." if unopened else "No lot is unopened."
        )
        question = "" if sale["status"] == "ended" else "End the sale?"
        return _Plan(shown, question, EndSale(if_changes=sale["changes"]))

    done, currency = _carry_out(context, None if yes else plan, EndSale())
    sold = [row for row in done.results if row["status"] == "sold"]
    total = currency.show(sum(row["hammer_minor"] for row in sold))
    withdrawn = sum(row["status"] == "withdrawn" for row in done.results)
    passed = len(done.results) - len(sold) - withdrawn
    what = f"{counted(len(sold), 'lot')} sold at the end for {total}, {passed} passed, {withdrawn} withdrawn"
    context.tell(f"The sale has ended: {what}. `auctioneer results` has all.", done.lots, results=done.results)


def _carry_out(
    context: ControlContext, plan: Callable[[ControlClient, Currency], _Plan] | None, unasked: AnyCommand
) -> tuple[Done, Currency]:
    """Carry out `plan` if the person agrees to it, or `unasked` if nobody is asked.

    Raises the errors of `ControlClient.order`, and click's Abort if the person says no.
    """
    while True:
        with connected(context.folder, context.name) as house:
            sale = house.ask("status")
            currency = Currency(sale["currency"], sale["decimals"])
            if plan is None or not sys.stdin.isatty():
                return house.order(unasked), currency
            shown, question, command = plan(house, currency)
        if question:
            for line in shown:
                say(line, err=True)
            confirm(question)
        try:
            with connected(context.folder, context.name) as house:
                return house.order(command), currency
        except RejectedError as error:
            if error.reject is not RejectCode.STATE_CHANGED:
                raise
        say(
            "It changed while you were asked, and nothing was done. This is how it stands now. "
            "(To have time to look, `auctioneer pause` first.)",
            err=True,
        )


# --- words -----------------------------------------------------------------------------------------------------------


def _standing(row: Row, currency: Currency) -> str:
    """Return a sentence on the state of a lot in the report `lots`."""
    parts = ["nobody has bid" if row["bids"] is not None else "the offers are sealed"]
    if row["bids"]:
        bids = counted(row["bids"], "bid")
        parts = [f"{currency.show(row['price_minor'])} by {_person(row['leader'], row['paddle'])}", bids]
    if row["reserve_minor"] is not None:
        is_met = "is met" if row["reserve_met"] else "is not met"
        parts.append(f"the reserve of {currency.show(row['reserve_minor'])} {is_met}")
    return f"Lot {row['lot']}, {row['title']} ({row['status']}): {', '.join(parts)}."


def _hammer(row: Row, currency: Currency) -> str:
    """Return what the hammer would do to a lot in the report `lots`."""
    if row["bids"] is None:
        return "would close now: the sealed offers decide, and nobody knows them yet."
    if not row["bids"]:
        return "would pass, since nobody has bid."
    if row["reserve_met"] is False:
        return "would pass, since the reserve is not met."
    return f"would be sold to {_person(row['leader'], row['paddle'])} for {currency.show(row['price_minor'])}."


def _ended(row: Row, currency: Currency) -> str:
    """Return a sentence on the end of a lot in the report `results`."""
    match row["status"]:
        case "sold":
            rows = (_bought(result, currency) for result in row["results"])
            return f"Lot {row['lot']} is sold to {', '.join(rows)}."
        case "passed" if row["bids"]:
            price = "" if row["price_minor"] is None else f" at {currency.show(row['price_minor'])}"
            return f"Lot {row['lot']} passed{price}, since the reserve was not met."
        case "passed":
            return f"Lot {row['lot']} passed, since nobody had bid."
        case _:
            return f"Lot {row['lot']} is withdrawn{_with_bids(row)}."


def _bought(result: Row, currency: Currency) -> str:
    """Return who gets how much of a lot for how much."""
    what = "" if result["units"] == 1 else f", {counted(result['units'], 'unit')}"
    return f"{_person(result['name'], result['paddle'])}{what} for {currency.show(result['amount_minor'])}"


def _with_bids(row: Row) -> str:
    match row["bids"]:
        case None:
            return ", with the sealed offers on it"
        case 0:
            return "; nobody had bid on it"
        case 1:
            return ", with the bid on it"
        case bids:
            return f", with the {counted(bids, 'bid')} on it"


def _person(name: str | None, paddle: int) -> str:
    return f"{name or 'nobody'} ({paddle})"
