"""`auctioneer asked`: which lots wait for a bidder to say whether its bid stands, and an answer for one in the room."""

import click

from auctioneer.cli.context import LOT, ControlContext, with_control_context
from auctioneer.cli.control_client import connected
from auctioneer.cli.sentences import person
from auctioneer.house.commands import AnswerFor
from auctioneer.house.reports import Row
from common.durations import format_duration
from common.terminal.commands import examples
from common.terminal.output import print_json, say
from common.terminal.tables import Column, print_table


@click.command(
    short_help="List who is asked whether its bid stands, or answer for one.",
    epilog=examples(
        "auctioneer asked",
        "auctioneer asked 7 --yes     # the bidder said so in the room, or on the telephone",
        "auctioneer asked 7 --no      # all its bids on lot 7 are void, and the next is asked",
    ),
)
@click.argument("lot", type=LOT, required=False)
@click.option("--yes/--no", "stands", default=None, help="Whether the bidder stands by its bid.")
@with_control_context
def asked(context: ControlContext, lot: str | None, *, stands: bool | None) -> None:
    """List the lots that wait for a bidder whom a correction made lead, or answer for the one of LOT.

    A sale asks if it was begun with revived = "ask". The answer binds the bidder, so give only what the bidder said.
    """
    if stands is None:
        _list(context, lot)
    elif lot is None:
        raise click.UsageError("Name the LOT for whose bidder you answer.")
    else:
        done = "The bid on lot {lot} stands." if stands else "The bids of that bidder on lot {lot} are void."
        context.order(AnswerFor(lot=lot, stands=stands), done)


def _list(context: ControlContext, lot: str | None) -> None:
    with connected(context.folder) as house:
        rows: list[Row] = house.ask("asked", () if lot is None else (lot,))
        currency = house.ask("status")["currency"]
    if context.as_json:
        print_json(rows)
        return
    if not rows:
        say("Nobody is asked.", err=True)
        return
    columns = [Column("Lot"), Column("Title", shrinks=True), Column("Bidder", shrinks=True)]
    columns += [Column(f"Price {currency}", is_number=True), Column("Time left", is_number=True)]
    print_table(columns, [[row["lot"], row["title"], _bidder(row), row["price"], _left(row)] for row in rows])


def _bidder(row: Row) -> str:
    return person(row["name"], row["paddle"])


def _left(row: Row) -> str:
    left = format_duration(row["left_ms"] // 1000 * 1000)
    return left if row["until_ms"] is not None else f"{left}, paused"
