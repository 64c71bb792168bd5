"""`auctioneer paddle sheets`: pages to print for people who have a paddle and no key, each with a new code.

The codes are secrets of their people. They are in the file, which only its owner can read, and nowhere else: in no log,
and not on the terminal.
"""

import secrets
import sys
from pathlib import Path

from msgspec.structs import replace

from auctioneer.cli.context import ControlContext, require_writable
from auctioneer.cli.control_client import ControlClient, connected
from auctioneer.cli.output import full_time
from auctioneer.cli.people import find_person
from auctioneer.cli.sheet_pages import Sheet, pages, require_qr
from auctioneer.house.commands import CODES_AT_ONCE_MAX, IssueCodes, NewCode
from auctioneer.house.reports import Row
from common.errors import RejectCode, RejectedError, UsageError
from common.files import write_whole
from common.links import JoinLink, parse_link
from common.paddle_codes import draw_code
from common.terminal.output import confirm, say, say_done
from common.words import counted


def print_sheets(
    context: ControlContext, output: Path, wanted: tuple[str, ...], per_page: int, valid_ms: int, *, yes: bool
) -> None:
    """Issue a new code for each paddle that is wanted, or that has no key, and write the pages to `output`."""
    context.folder.require_no_clerk("Sheets have the join link, which only the house's machine knows.")
    require_qr()
    require_writable(output)
    with connected(context.folder) as house:
        sale, rows = house.ask("status")["title"], _chosen(house.ask("paddles"), wanted)
    _agree(rows, yes=yes)
    with connected(context.folder) as house:
        sheets = _draw(house, _link(context), rows, valid_ms)
    write_whole(output, pages(sale, sheets, per_page).encode())
    done = (
        f"{counted(len(sheets), 'sheet')} in {output}. Earlier codes of these paddles are void. Print the file, then "
        "delete it: anybody who has a sheet can bid as its person."
    )
    document = {"file": str(output), "paddles": [sheet.paddle for sheet in sheets]}
    say_done(done, document, as_json=context.as_json)


def _chosen(rows: list[Row], wanted: tuple[str, ...]) -> list[Row]:
    """Return the rows of the paddles that are wanted, each once. Raises RejectedError where one can get no code."""
    if not wanted:
        chosen = [row for row in rows if row["state"] == "at the desk"]
        if not chosen:
            raise UsageError("Nobody waits for a code: every paddle has a key. `auctioneer paddle list` shows them.")
    else:
        chosen = [find_person(rows, each) for each in wanted]
    joined = next((row for row in chosen if row["state"] != "at the desk"), None)
    if joined is not None:
        raise RejectedError(
            RejectCode.WRONG_STATE, f"{joined['name']} ({joined['paddle']}) has a key already, or is turned out"
        )
    if len(chosen) > CODES_AT_ONCE_MAX:
        raise UsageError(f"That is {len(chosen):,} sheets, and the house issues {CODES_AT_ONCE_MAX:,} codes at once.")
    return sorted({row["paddle"]: row for row in chosen}.values(), key=lambda row: int(row["paddle"]))


def _agree(rows: list[Row], *, yes: bool) -> None:
    """Ask before codes become void that people may have in hand."""
    open_codes = sum(row["code_expires_at_ms"] is not None for row in rows)
    if open_codes and not yes and sys.stdin.isatty():
        still = counted(open_codes, "code is", "codes are")
        say(f"{still} still valid of those that these {len(rows):,} paddles had, and would be void.", err=True)
        confirm("Draw new codes?")


def _link(context: ControlContext) -> JoinLink:
    """Return the house's join link without its invite code, which a person with a paddle code does not need."""
    record = context.folder.whereabouts.read()
    if record is None:
        raise UsageError("The house is still starting. Try again in a moment.")
    return replace(parse_link(record.link), invite="")


def _draw(house: ControlClient, link: JoinLink, rows: list[Row], valid_ms: int) -> list[Sheet]:
    codes: dict[str, Row] = {}
    for row in rows:
        code = draw_code(secrets.choice)
        while code in codes:
            code = draw_code(secrets.choice)
        codes[code] = row
    new = tuple(NewCode(row["paddle"], code) for code, row in codes.items())
    until = full_time(house.order(IssueCodes(codes=new, valid_ms=valid_ms)).expires_at_ms or 0)
    return [
        Sheet(row["paddle"], row["name"], str(replace(link, code=code)), str(link), code, until)
        for code, row in codes.items()
    ]
