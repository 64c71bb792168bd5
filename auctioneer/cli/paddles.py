"""The commands of the desk: it gives paddles to people in the room, and codes that bind a key to a paddle."""

import secrets
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click

from auctioneer.cli.asking import yes_option
from auctioneer.cli.context import DURATION, ControlContext, about, check_length, with_control_context
from auctioneer.cli.control_client import connected
from auctioneer.cli.limits import link, unlink
from auctioneer.cli.output import ACCEPTED, STATUS_STYLES, grouped, local_time
from auctioneer.cli.paddle_lists import add_list
from auctioneer.cli.people import check_bidder, find_person, named
from auctioneer.cli.reads import read, say_if_stopped
from auctioneer.cli.sentences import person, whom
from auctioneer.cli.sheets import print_sheets
from auctioneer.house.commands import AddPaddle, Forget, IssueCode, NoteContact, NoteSigned
from auctioneer.house.register import CODE_VALID_MS_MAX
from auctioneer.house.reports import Row
from auctioneer.rules.contacts import Contact, contact_fault
from common.durations import format_duration
from common.errors import RejectCode, RejectedError, UsageError
from common.limits import NAME_CHARS_MAX, PADDLE_CHOSEN_MAX
from common.paddle_codes import draw_code
from common.terminal.commands import WholeNumber, examples
from common.terminal.output import confirm, print_json, say, say_done
from common.terminal.tables import Column, print_table
from common.words import counted

_Callback = Callable[..., Any]


def _contact_options(command: _Callback) -> _Callback:
    company = click.option("--company", default="", metavar="TEXT", help="The person's company.")
    reach = click.option(
        "--contact", default="", metavar="TEXT", help="An e-mail address, a telephone number, or both."
    )
    return company(reach(command))


_valid_option: Final[Callable[[_Callback], _Callback]] = click.option(
    "--for",
    "valid_ms",
    type=DURATION,
    default="12h",
    show_default=True,
    metavar="DURATION",
    help=f"How long a code is valid; at most {format_duration(CODE_VALID_MS_MAX)}.",
)


def _check_valid(valid_ms: int) -> None:
    if valid_ms > CODE_VALID_MS_MAX:
        raise click.BadParameter(
            f"a code is valid for at most {format_duration(CODE_VALID_MS_MAX)}.", param_hint="--for"
        )


def _check_contact(company: str, contact: str) -> None:
    fault = contact_fault(Contact(company, contact))
    if fault is not None:
        raise click.BadParameter(fault[1], param_hint=f"--{fault[0]}")


@click.group(
    short_help="Give paddles at the desk.",
    epilog=examples("auctioneer paddle add 'Ann Lee'", "auctioneer paddle code 12", "auctioneer paddle list"),
)
def paddle() -> None:
    """Give people in the room a paddle, and a code by which a phone or a computer takes part with it."""


@paddle.command(
    short_help="Give a person a paddle, or all people of a list.",
    epilog=examples(
        "auctioneer paddle add 'Ann Lee'",
        "auctioneer paddle add 'Ben Ray' --paddle 207",
        "auctioneer paddle add --from guests.xlsx --check",
    ),
)
@click.argument("person", metavar="[NAME]", required=False)
@click.option(
    "--from",
    "file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A list in CSV or XLSX: the columns paddle, name, company, contact.",
)
@click.option("--check", "is_check", is_flag=True, help="Only show what the list would do; needs no running house.")
@click.option(
    "--paddle",
    "number",
    type=WholeNumber(1, PADDLE_CHOSEN_MAX),
    metavar="N",
    help="The number on the paddle.  [default: the one after the highest]",
)
@_contact_options
@click.option("--conditions-signed", "is_signed", is_flag=True, help="They signed the conditions of the sale on paper.")
@with_control_context
def add(
    context: ControlContext,
    person: str | None,
    number: int | None,
    company: str,
    contact: str,
    file: Path | None,
    *,
    is_check: bool,
    is_signed: bool,
) -> None:
    """Give NAME, who has no key yet, a paddle and print its number; or give all people of a list theirs, or nobody.

    The name is in the record for good. The company and the contact stand beside it; `auctioneer forget` erases them.

    A list that comes again gives nobody a second paddle. Where it chooses no number, the next ones are given.
    """
    if (file is None) == (person is None):
        raise click.UsageError("Give either a NAME, or a list of people by --from FILE.")
    if file is not None:
        if number is not None or company or contact:
            raise click.UsageError("--paddle, --company and --contact are for one NAME; a list has columns for them.")
        add_list(context, file, is_check=is_check, is_signed=is_signed)
        return
    if is_check:
        raise click.UsageError("--check is for a list; give one by --from FILE.")
    if not person:
        raise click.BadParameter("it is empty.", param_hint="NAME")
    check_length("NAME", person, NAME_CHARS_MAX)
    _check_contact(company, contact)
    with connected(context.folder) as house:
        command = AddPaddle(name=person, paddle=number, company=company, contact=contact, is_signed=is_signed)
        given = house.order(command).paddle
    say_done(f"{person} has paddle {given}.", {"paddle": given, "name": person}, as_json=context.as_json)


@paddle.command(
    short_help="Note how to reach a person.",
    epilog=examples("auctioneer paddle contact 12 --contact ann@example.org --company 'Lee & Sons'"),
)
@click.argument("bidder")
@_contact_options
@with_control_context
def contact(context: ControlContext, bidder: str, company: str, contact: str) -> None:
    """Keep the company and the contact of BIDDER, a name or a paddle, in place of those that are kept.

    They stand beside the record, are shown by `auctioneer paddle list`, and `auctioneer forget` erases them.
    """
    check_bidder(bidder)
    _check_contact(company, contact)
    if not company and not contact:
        raise click.UsageError("Give --company, --contact or both. To erase them: auctioneer forget BIDDER.")
    with connected(context.folder) as house:
        done = house.order(NoteContact(bidder=bidder, company=company, contact=contact))
    say_done(f"Noted for {whom(done)}.", about(done), as_json=context.as_json)


@paddle.command(
    short_help="Note who signed the conditions on paper.",
    epilog=examples("auctioneer paddle signed 12", "auctioneer paddle signed 12 207 'Ben Ray'"),
)
@click.argument("bidder", nargs=-1, required=True)
@with_control_context
def signed(context: ControlContext, bidder: tuple[str, ...]) -> None:
    """Note that each BIDDER, a name or a paddle, signed the present conditions of the sale on paper: all or none.

    Their phones are then not asked to accept them. The record says who noted it.
    """
    for each in bidder:
        check_bidder(each)
    with connected(context.folder) as house:
        people = house.order(NoteSigned(bidders=bidder)).people
    names = ", ".join(person(each["name"], each["paddle"]) for each in people)
    say_done(f"Noted: {names} signed.", {"done": True, "people": people}, as_json=context.as_json)


@paddle.command(
    short_help="Issue a code for a paddle.",
    epilog=examples("auctioneer paddle code 12", "auctioneer paddle code 12 --for 30m"),
)
@click.argument("bidder")
@_valid_option
@click.option("--replace-key", "replaces_key", is_flag=True, help="BIDDER has joined, and the phone is lost.")
@yes_option
@with_control_context
def code(context: ControlContext, bidder: str, valid_ms: int, *, replaces_key: bool, yes: bool) -> None:
    """Print a code by which one key takes part as BIDDER, a name or a paddle: `bidder join --code CODE`.

    The code works once, and is shown only now. A new one replaces it.

    With --replace-key the next key that shows the code becomes the bidder, and the one before is out at once. Its bids
    stand. So make sure that the person at the desk is the one who has the paddle.
    """
    check_bidder(bidder)
    _check_valid(valid_ms)
    if replaces_key and not yes and sys.stdin.isatty():
        say(
            "The phone that shows the new code becomes this bidder, and the present phone is out. Its bids stand.",
            err=True,
        )
        confirm(f"Replace the key of {named(find_person(read(context, 'paddles').report, bidder))}?")
    drawn = draw_code(secrets.choice)
    with connected(context.folder) as house:
        done = house.order(IssueCode(bidder=bidder, code=drawn, valid_ms=valid_ms, replaces_key=replaces_key))
    document = {"paddle": done.paddle, "name": done.name, "code": drawn, "expires_at_ms": done.expires_at_ms}
    if context.as_json:
        print_json(document)
        return
    say(drawn)
    if done.expires_at_ms is not None:
        until = local_time(done.expires_at_ms)
        say(f"{whom(done)}, until {until}: bidder join --code {drawn}", err=True)


@paddle.command(
    short_help="Make sheets to print.",
    epilog=examples(
        "auctioneer paddle sheets --output sheets.html",
        "auctioneer paddle sheets --output four.html --per-page 4 12 207",
    ),
)
@click.argument("bidder", nargs=-1)
@click.option(
    "--output", type=click.Path(path_type=Path), required=True, metavar="FILE", help="The file in HTML to write."
)
@click.option("--per-page", type=click.Choice(["1", "4"]), default="1", show_default=True, help="Sheets on a page, A4.")
@_valid_option
@yes_option
@with_control_context
def sheets(
    context: ControlContext, output: Path, bidder: tuple[str, ...], per_page: str, valid_ms: int, *, yes: bool
) -> None:
    """Write a page to print for each BIDDER, a name or a paddle, or for all that have no key yet.

    It shows the number in large digits, the name, and a new code, also as a square that a camera reads. Earlier codes
    of these paddles are void. Only you can read the file; delete it when it is printed.
    """
    for each in bidder:
        check_bidder(each)
    _check_valid(valid_ms)
    print_sheets(context, output, bidder, int(per_page), valid_ms, yes=yes)


paddle.add_command(link)
paddle.add_command(unlink)

_AMOUNTS: Final = {"limit": "Limit", "spent": "Spent", "exposed": "Exposed", "left": "Left", "deposit": "Deposit"}
"""The amounts in the list of paddles, where any paddle has a limit or a deposit, and their columns."""


@paddle.command("list", short_help="Show who has which paddle.", epilog=examples("auctioneer paddle list"))
@with_control_context
def list_paddles(context: ControlContext) -> None:
    """Show each paddle with its person, until when its code is valid, its limit and its links, and how to reach it.

    What is left of a limit does not count sealed offers, since they stay secret until the close.
    """
    reading = read(context, "paddles")
    if context.as_json:
        print_json(reading.report)
        return
    say_if_stopped(reading, context.folder)
    has_limits = any(row["limit"] is not None or row["deposit_minor"] for row in reading.report)
    columns = [Column("Paddle", is_number=True), Column("Name", shrinks=True), Column("State"), Column("Code until")]
    currency = reading.sale["currency"]
    columns += [Column(f"{what} {currency}", is_number=True) for what in _AMOUNTS.values()] if has_limits else []
    columns += [Column("Linked", is_extra=True), Column("Conditions", is_extra=True)]
    columns += [Column("Company", shrinks=True, is_extra=True), Column("Contact", shrinks=True, is_extra=True)]
    rows = [
        [
            str(row["paddle"]),
            row["name"],
            row["state"],
            "" if row["code_expires_at_ms"] is None else local_time(row["code_expires_at_ms"]),
            *([grouped(row[field]) for field in _AMOUNTS] if has_limits else []),
            ", ".join([*map(str, row["linked"]), *row["sellers"]]),
            ACCEPTED[row["accepted"]],
            row["company"],
            row["contact"],
        ]
        for row in reading.report
    ]
    print_table(columns, rows, STATUS_STYLES)


_STAYS: Final = (
    "The name stays in the record, as do the bids and all that was told to this paddle or announced. Backups, lists "
    "and sheets that were made before have what was erased: delete those."
)


@click.command(
    short_help="Erase what is known of a person besides the name.",
    epilog=examples("auctioneer forget 12", "auctioneer forget 'Ann Lee' --yes"),
)
@click.argument("bidder")
@yes_option
@with_control_context
def forget(context: ControlContext, bidder: str, *, yes: bool) -> None:
    """Erase the company and the contact of a person, while the house runs or not. No later list brings them back.

    The record says that they were erased, when, and by whom. The name is a part of the record and stays. Asks first; in
    a script it is refused without --yes where the person has bought something, or leads a lot.
    """
    check_bidder(bidder)
    if context.folder.clerk.read() is not None:
        raise RejectedError(RejectCode.FORBIDDEN, "only the auctioneer may do that")
    row = find_person(read(context, "bills").report, bidder)
    owes = _owes(row)
    if not yes and sys.stdin.isatty():
        say(_shown(row), err=True)
        if owes:
            say(owes, err=True)
        say(_STAYS, err=True)
        confirm("Erase the company and the contact?")
    elif owes and not yes:
        raise UsageError(f"{owes} Nothing was erased. If that is settled, repeat this with --yes.")
    number = _erase(context, str(row["paddle"]))
    done = f"What was known of {named(row)} besides the name is erased. {_STAYS}"
    document = {"done": True, "paddle": number, "name": row["name"], "stays": ["name"]}
    say_done(done, document, as_json=context.as_json)


def _shown(row: Row) -> str:
    """Return what would be erased, in a sentence."""
    known = ", ".join(filter(None, (row["company"], row["contact"]))) or "neither company nor contact is known"
    return f"{named(row)}: {known}."


def _owes(row: Row) -> str:
    """Return what a person has bought and may still buy, for which the contact may be needed; empty if nothing."""
    sentences = []
    if row["lots"]:
        total = f"{row['currency']} {grouped(row['total'])}"
        sentences.append(
            f"{named(row)} has to pay {total} for {counted(len(row['lots']), 'lot')}; the house does not know whether "
            "that was paid."
        )
    if row["leads"]:
        sentences.append(f"{named(row)} leads lot {', '.join(row['leads'])}.")
    return " ".join(sentences)


def _erase(context: ControlContext, paddle: str) -> int | None:
    """Have the running house erase it, or erase it in the record if none runs."""
    if context.folder.whereabouts.is_held():
        with connected(context.folder) as house:
            return house.order(Forget(bidder=paddle)).paddle
    from auctioneer.process.startup import (
        forget_offline,  # imported only here, since it would slow the start of other commands
    )

    return forget_offline(context.folder, paddle)
