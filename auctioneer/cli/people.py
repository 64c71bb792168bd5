"""How a person is named in a command: by the paddle or by the name, in all commands alike.

`find_person` finds in a report whom `auctioneer.house.register.Register.find` would find.
"""

import click

from auctioneer.cli.context import check_length
from auctioneer.cli.lot_table import person
from auctioneer.house.reports import Row
from common.errors import RejectCode, RejectedError
from common.limits import NAME_CHARS_MAX
from common.names import skeletons


def check_bidder(bidder: str, what: str = "BIDDER") -> None:
    """Raise click's BadParameter if what was typed can't name a person. `what` is the argument or the option."""
    if not bidder:
        raise click.BadParameter("it is empty; `auctioneer bidders` lists names and paddles.", param_hint=what)
    check_length(what, bidder, NAME_CHARS_MAX)


def find_person(rows: list[Row], bidder: str) -> Row:
    """Return the row of a report on people that is about the bidder with this name or paddle.

    Raises RejectedError if there is none.
    """
    if bidder.isascii() and bidder.isdigit():
        found = (row for row in rows if str(row["paddle"]) == bidder.lstrip("0"))
    else:
        meant = set(skeletons(bidder))
        found = (row for row in rows if meant & set(skeletons(row["name"])))
    row = next(found, None)
    if row is None:
        raise RejectedError(RejectCode.UNKNOWN_BIDDER, f"{bidder}; `auctioneer bidders` lists names and paddles")
    return row


def named(row: Row) -> str:
    """Return the person of a row with the paddle."""
    return person(row["name"], row["paddle"])
