"""Sentences about a lot in a report, which several commands say."""

from auctioneer.house.reports import Row
from common.money import Currency
from common.words import counted


def standing(row: Row, currency: Currency) -> str:
    """Return a sentence on the state of a lot in the report `lots`."""
    parts = ["nobody has bid" if row["bids"] is not None else "the offers are sealed"]
    if row["bids"]:
        bids = counted(row["bids"], "bid")
        parts = [f"{currency.show(row['price_minor'])} by {person(row['leader'], row['paddle'])}", bids]
    if row["reserve_minor"] is not None:
        is_met = "is met" if row["reserve_met"] else "is not met"
        parts.append(f"the reserve of {currency.show(row['reserve_minor'])} {is_met}")
    return f"Lot {row['lot']}, {row['title']} ({row['status']}): {', '.join(parts)}."


def bought(result: Row, currency: Currency) -> str:
    """Return who gets how much of a lot for how much."""
    what = "" if result["units"] == 1 else f", {counted(result['units'], 'unit')}"
    return f"{person(result['name'], result['paddle'])}{what} for {currency.show(result['amount_minor'])}"


def person(name: str | None, paddle: int) -> str:
    """Return a person's name and paddle."""
    return f"{name or 'nobody'} ({paddle})"
