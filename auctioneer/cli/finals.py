"""The commands that end a lot or the sale: `close`, `withdraw`, `end` and `finish`.

They are final, unless the sale has corrections: then all but `finish` can be corrected.
"""

from typing import Final

import click

from auctioneer.cli.asking import Plan, carry_out, yes_option
from auctioneer.cli.context import LOT, ControlContext, check_length, with_control_context
from auctioneer.cli.control_client import ControlClient
from auctioneer.cli.sentences import bought, lot_named, person, standing
from auctioneer.house.commands import CloseLot, Done, EndSale, Finish, Withdraw
from auctioneer.house.reports import Row
from common.limits import TEXT_CHARS_MAX
from common.lot import LotStatus
from common.money import Currency
from common.terminal.commands import examples
from common.words import counted

_LOTS_SHOWN_MAX: Final = 20
"""The most lots that `end` shows one by one before it asks."""
_OPEN: Final = ("open", "paused")
FINISHED: Final = "The sale has ended. `auctioneer results` has all."


@click.command(
    "close",
    short_help="Bring the hammer down on a lot now.",
    epilog=examples("auctioneer close 7", "auctioneer close 7 --yes"),
)
@click.argument("lot", type=LOT)
@yes_option
@with_control_context
def close_lot(context: ControlContext, lot: str, *, yes: bool) -> None:
    """Bring the hammer down on LOT now: it is sold to the leader if the reserve is met, or passes.

    It is final, unless the sale has corrections: then `auctioneer reopen` opens the lot again. Shows how the lot stands
    and asks first if a person at the terminal can answer.
    """

    def plan(house: ControlClient, currency: Currency) -> Plan:
        (row,) = house.ask("lots", (lot,))
        question = "Bring the hammer down?" if row["status"] in _OPEN else ""
        return Plan(
            [standing(row, currency), f"It {hammer_words(row, currency)}"],
            question,
            CloseLot(lot=lot, if_seq=row["seq"]),
        )

    done, currency = carry_out(context, None if yes else plan, CloseLot(lot=lot))
    context.tell(ended(done.results[0], currency), done.lots, results=done.results)


@click.command(
    short_help="Take a lot out of the sale.",
    epilog=examples("auctioneer withdraw 7", "auctioneer withdraw 7 --reason 'Damaged in the viewing' --yes"),
)
@click.argument("lot", type=LOT)
@click.option("--reason", default="", metavar="TEXT", help="Told to all bidders.")
@yes_option
@with_control_context
def withdraw(context: ControlContext, lot: str, reason: str, *, yes: bool) -> None:
    """Take LOT out of the sale, with all bids on it.

    It is final, unless the sale has corrections: then `auctioneer reopen` opens the lot again. Shows how the lot stands
    and asks first if a person at the terminal can answer.
    """
    check_length("--reason", reason, TEXT_CHARS_MAX)

    def plan(house: ControlClient, currency: Currency) -> Plan:
        (row,) = house.ask("lots", (lot,))
        is_over = LotStatus(row["status"]).is_final
        return Plan(
            [standing(row, currency), f"It would be withdrawn{_with_bids(row)}."],
            "" if is_over else "Take it out of the sale?",
            Withdraw(lot=lot, reason=reason, if_seq=row["seq"]),
        )

    done, currency = carry_out(context, None if yes else plan, Withdraw(lot=lot, reason=reason))
    context.tell(ended(done.results[0], currency), done.lots, results=done.results)


@click.command(short_help="End the sale.", epilog=examples("auctioneer end", "auctioneer end --yes"))
@yes_option
@with_control_context
def end(context: ControlContext, *, yes: bool) -> None:
    """End the sale: the hammer falls on what is open, and what was not opened is withdrawn.

    It is final, unless the sale has corrections: then `auctioneer finish` ends it, once nothing is to be corrected.
    Shows what would be sold to whom and asks first if a person at the terminal can answer.
    """
    done, currency = carry_out(context, None if yes else end_plan, EndSale())
    context.tell(lots_ended(done, currency, "`auctioneer finish`"), done.lots, results=done.results)


@click.command(
    short_help="End a sale with corrections for good.", epilog=examples("auctioneer finish", "auctioneer finish --yes")
)
@yes_option
@with_control_context
def finish(context: ControlContext, *, yes: bool) -> None:
    """End a sale with corrections for good, once every lot is over. Nothing can be corrected after it.

    Shows the results at a glance and asks first if a person at the terminal can answer.
    """
    carry_out(context, None if yes else finish_plan, Finish())
    context.tell(FINISHED, ())


# --- plans -----------------------------------------------------------------------------------------------------------


def end_plan(house: ControlClient, currency: Currency) -> Plan:
    """Return what the end of the sale would do to its lots, the question, and the command."""
    sale = house.ask("status")  # before the lots, so that a change in between is noticed
    rows = house.ask("lots")
    falls = [f"Lot {row['lot']} {hammer_words(row, currency)}" for row in rows if row["status"] in _OPEN]
    shown = [f"{sale['title']}:", *falls[:_LOTS_SHOWN_MAX]]
    if len(falls) > _LOTS_SHOWN_MAX:
        shown.append(f"... and {counted(len(falls) - _LOTS_SHOWN_MAX, 'lot')} more that the hammer falls on.")
    unopened = sum(row["status"] == "scheduled" for row in rows)
    shown.append(
        f"{counted(unopened, 'lot')} not yet opened would be withdrawn." if unopened else "No lot is unopened."
    )
    asked = "Close all lots?" if sale["corrections"] else "End the sale?"
    question = "" if sale["status"] == "ended" else asked
    return Plan(shown, question, EndSale(if_changes=sale["changes"]))


def finish_plan(house: ControlClient, currency: Currency) -> Plan:
    """Return the results at a glance, the question, and the command."""
    sale = house.ask("status")
    counts = sale["lots"]
    sold = f"{counted(counts['sold'], 'lot')} sold for {currency.show(sale['turnover_minor'])}"
    shown = f"{sale['title']}: {sold}, {counts['passed']} passed, {counts['withdrawn']} withdrawn."
    may_end = waits_for_finish(sale)
    return Plan([shown], "End the sale for good?" if may_end else "", Finish())


def waits_for_finish(sale: Row) -> bool:
    """Return whether all lots of a sale are over, by the report `status`, and only `finish` is left."""
    is_over = not any(sale["lots"][state] for state in ("scheduled", *_OPEN))
    return bool(is_over and sale["corrections"] and sale["status"] != "ended")


# --- words -----------------------------------------------------------------------------------------------------------


def lots_ended(done: Done, currency: Currency, finishing: str) -> str:
    """Return a sentence on the end of all lots. `finishing` is what then ends a sale that may be corrected."""
    sold = [row for row in done.results if row["status"] == "sold"]
    total = currency.show(sum(row["hammer_minor"] for row in sold))
    withdrawn = sum(row["status"] == "withdrawn" for row in done.results)
    passed = len(done.results) - len(sold) - withdrawn
    what = f"{counted(len(sold), 'lot')} sold at the end for {total}, {passed} passed, {withdrawn} withdrawn"
    if done.goes_on:
        return f"All lots are over: {what}. {finishing} ends the sale, once nothing is to be corrected."
    return f"The sale has ended: {what}. `auctioneer results` has all."


def hammer_words(row: Row, currency: Currency) -> str:
    """Return what the hammer would do to a lot in the report `lots`."""
    if row["bids"] is None:
        return "would close now: the sealed offers decide, and nobody knows them yet."
    if not row["bids"]:
        return "would pass, since nobody has bid."
    if row["reserve_met"] is False:
        return "would pass, since the reserve is not met."
    if row["paddle"] is None:
        return "would close now: what was bought stays sold, and the rest is not sold."
    return f"would be sold to {person(row['leader'], row['paddle'])} for {currency.show(row['price_minor'])}."


def ended(row: Row, currency: Currency) -> str:
    """Return a sentence on the end of a lot in the report `results`."""
    match row["status"]:
        case "sold":
            rows = (bought(result, currency) for result in row["results"])
            return f"{_subject(row)} is sold to {', '.join(rows)}."
        case "passed" if row["bids"]:
            price = "" if row["price_minor"] is None else f" at {currency.show(row['price_minor'])}"
            return f"{_subject(row)} passed{price}, since the reserve was not met."
        case "passed":
            return f"{_subject(row)} passed, since nobody had bid."
        case _:
            return f"{_subject(row)} is withdrawn{_with_bids(row)}."


def _subject(row: Row) -> str:
    return f"Lot {lot_named(row['lot'], row['title'])}"


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
