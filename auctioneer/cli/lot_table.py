"""The table of lots, as the auctioneer sees them: with reserves, and with leaders by name."""

from collections.abc import Iterable

from auctioneer.cli.output import STATUS_STYLES, grouped, local_time, time_left
from auctioneer.house.reports import Row
from common.lot import LotStatus
from common.terminal.tables import Column, print_table
from common.the_house import person_words


def print_lots(rows: Iterable[Row], currency: str) -> None:
    """Print rows of the report `lots`. `currency` is the currency's code."""
    columns = [
        Column("Lot"),
        Column("Title", shrinks=True),
        Column("Status"),
        Column(f"Price {currency}", is_number=True),
        Column("Next bid", is_number=True),
        Column("Reserve", is_number=True, is_extra=True),
        Column("Bids", is_number=True, is_extra=True),
        Column("Leader", shrinks=True),
        Column("Left", is_number=True),
        Column("Clock", is_extra=True),
    ]
    print_table(columns, [_lot_cells(row) for row in rows], STATUS_STYLES)


def _lot_cells(row: Row) -> list[str]:
    is_over = LotStatus(row["status"]).is_final
    return [
        row["lot"],
        row["title"],
        row["status"],
        grouped(row["hammer"] or row["price"]),
        "" if is_over else grouped(row["minimum"]),
        "met" if row["reserve_met"] else grouped(row["reserve"]),
        "sealed" if row["bids"] is None else str(row["bids"]),
        person(row["winner"], row["winner_paddle"]) or person(row["leader"], row["paddle"]),
        "" if row["remaining_ms"] is None else time_left(row["remaining_ms"]),
        _clock(row),
    ]


def _clock(row: Row) -> str:
    match row["status"]:
        case "open":
            return "until closed" if row["ends_at_ms"] is None else f"ends {local_time(row['ends_at_ms'])}"
        case "paused" if row["is_asked"]:
            return "asked"
        case "scheduled" if row["opens_at_ms"] is not None:
            return f"opens {local_time(row['opens_at_ms'])}"
        case _:
            return ""


def person(name: str | None, paddle: int | None) -> str:
    """Return a person with the paddle; empty for nobody."""
    return "" if paddle is None else person_words(name, paddle)
