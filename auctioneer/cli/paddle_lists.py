"""`auctioneer paddle add --from`: paddles for the people of a spreadsheet, all or none."""

from pathlib import Path

from auctioneer.catalogue.faults import Faults
from auctioneer.catalogue.people import Person, load_people
from auctioneer.cli.context import ControlContext
from auctioneer.cli.control_client import connected
from auctioneer.house.commands import AddPaddles
from auctioneer.house.paddle_lists import PEOPLE_AT_ONCE_MAX, Listed, Placed, plan
from auctioneer.house.register import Register
from auctioneer.process.offline import read_sale
from common.errors import UsageError
from common.terminal.output import print_json, say, tell_person
from common.terminal.tables import Column, print_table
from common.words import counted


def add_list(context: ControlContext, file: Path, *, is_check: bool, is_signed: bool) -> None:
    """Give the people in `file` their paddles, or show what that would do.

    Raises CatalogueError with every fault of the file and of what is in it.
    """
    faults = Faults()
    people = load_people(file, faults)
    for sentence in faults.notices:
        tell_person(sentence)
    if len(people) > PEOPLE_AT_ONCE_MAX:
        raise UsageError(
            f"{file} has {len(people):,} people, and the house takes {PEOPLE_AT_ONCE_MAX:,} at once. Split it."
        )
    rows = tuple(Listed(person.name, person.paddle, person.company, person.contact) for person in people)
    command = AddPaddles(people=rows, is_check=is_check or faults.has_any, is_signed=is_signed) if rows else None
    placed = () if command is None else _place(context, command, people, faults)
    faults.raise_any()
    _tell(context, file, placed, is_check=is_check)


def _place(context: ControlContext, command: AddPaddles, people: list[Person], faults: Faults) -> tuple[Placed, ...]:
    """Have the house place the people. If the file has faults already, it is only asked for those that it finds.

    A look is at the running house, at the sale of the record, or at one that begins.
    """
    if not command.is_check or context.folder.whereabouts.is_held():
        with connected(context.folder) as client:
            answer = client.place(command)
        placed, wrong = answer.placed, answer.faults
    else:
        house = read_sale(context.folder).house if context.folder.has_sale else None
        known = (Register(), {}) if house is None else (house.register, house.contacts)
        planned = plan(command.people, *known)
        placed, wrong = planned.placed, planned.faults
    for fault in wrong:
        faults.add(people[fault.row].place, fault.field, fault.reason)
    return placed


def _tell(context: ControlContext, file: Path, placed: tuple[Placed, ...], *, is_check: bool) -> None:
    given = [one for one in placed if one.is_new]
    noted = sum(not one.is_new and one.contact is not None for one in placed)
    forgotten = [one.paddle for one in placed if one.is_forgotten]
    if context.as_json:
        print_json(
            {
                "done": not is_check,
                "given": [{"paddle": one.paddle, "name": one.name} for one in given],
                "known": [{"paddle": one.paddle, "name": one.name} for one in placed if not one.is_new],
                "contacts_changed": noted,
                "forgotten": forgotten,
            }
        )
        return
    if is_check:
        columns = [Column("Paddle", is_number=True), Column("Name", shrinks=True), Column("")]
        print_table(columns, [[str(one.paddle), one.name, "" if one.is_new else "has it"] for one in placed], {})
    known = len(placed) - len(given)
    words = []
    if given:
        words.append(f"{counted(len(given), 'person', 'people')} {'would get' if is_check else 'got'} a paddle")
    if known:
        words.append(f"{counted(known, 'person', 'people')} had theirs before")
    say(f"{file}: {', '.join(words)}.")
    if noted:
        say(f"{counted(noted, 'contact')} {'would change' if is_check else 'changed'}.")
    if forgotten:
        say(f"Not noted, since they were forgotten: paddle {', '.join(map(str, forgotten))}.")
    if is_check:
        say("Nothing was done. Without --check this gives the paddles.")
