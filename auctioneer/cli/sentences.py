"""Sentences about a lot in a report, which several commands say."""

from typing import Final

from auctioneer.cli.output import grouped, late_by
from auctioneer.house.commands import Done
from auctioneer.house.reports import Row
from common.money import Currency
from common.the_house import person_words
from common.words import counted

TITLE_CHARS_SHOWN: Final = 60
"""The most characters of a lot's title in a sentence."""


def lot_named(number: str, title: str) -> str:
    """Return a lot's number and title with a comma at the end, for a sentence that has `lot` before it, and continues.

    A long title is cut: it is there only so that a person notices the wrong lot.
    """
    shown = title if len(title) <= TITLE_CHARS_SHOWN else f"{title[: TITLE_CHARS_SHOWN - 1]}…"
    return f"{number}, {shown},"


def standing(row: Row, currency: Currency) -> str:
    """Return a sentence on the state of a lot in the report `lots`."""
    parts = ["nobody has bid" if row["bids"] is not None else "the offers are sealed"]
    if row["bids"] and row["paddle"] is None:  # nobody leads where each bid buys
        parts = [f"{counted(row['bids'], 'bidder')} bought of it"]
    elif row["bids"]:
        bids = counted(row["bids"], "bid")
        parts = [f"{currency.show(row['price_minor'])} by {person(row['leader'], row['paddle'])}", bids]
    if row["reserve_minor"] is not None:
        is_met = "is met" if row["reserve_met"] else "is not met"
        parts.append(f"the reserve of {currency.show(row['reserve_minor'])} {is_met}")
    if row["is_asked"]:
        parts.append(f"and {person(row['leader'], row['paddle'])} is asked whether that bid stands")
    return f"Lot {row['lot']}, {row['title']} ({row['status']}): {', '.join(parts)}."


def late_words(row: Row) -> str:
    """Return a bid in the report `late`: who made it, by how much too late, on which lot, and for how much."""
    amount = grouped(row["amount"]) or (f"up to {grouped(row['maximum'])}" if row["maximum"] else "sealed")
    who = person(row["name"], row["paddle"])
    return f"{who} {late_by(row['late_ms'])} late on lot {row['lot']}: {amount}"


def void_words(row: Row) -> str:
    """Return a left bid in the report `void`: whose, for how much, on which lot, and why it does not count."""
    amount = grouped(row["amount"]) or "sealed"
    return f"{person(row['name'], row['paddle'])} had left {amount} for lot {row['lot']}: {row['why']}"


def near_words(row: Row) -> str:
    """Return whose spending limit is near, in the report `overview`: what is left, and the lot that costs more."""
    short = "" if row["short_on"] is None else f", too little for lot {row['short_on']}"
    return f"{person(row['name'], row['paddle'])} has {grouped(row['left'])} left of {grouped(row['limit'])}{short}"


def bought(result: Row, currency: Currency) -> str:
    """Return who gets how much of a lot for how much."""
    what = "" if result["units"] == 1 else f", {counted(result['units'], 'unit')}"
    return f"{person(result['name'], result['paddle'])}{what} for {currency.show(result['amount_minor'])}"


def whom(done: Done) -> str:
    """Return the person whom a command was about, with the paddle."""
    assert done.paddle is not None, "the house says whom the command was about"
    return person(done.name, done.paddle)


def person(name: str | None, paddle: int) -> str:
    """Return a person's name and paddle."""
    return person_words(name, paddle)
