"""A list of people who get paddles: all of them or, where any row is wrong, none.

A person who has the paddle already, by the same name, is left as is, so that a list can be brought twice. What the list
says of the company and the contact is noted, unless that person was forgotten.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from auctioneer.house.register import Enrolled, Register
from auctioneer.rules.contacts import Contact, contact_fault
from common.errors import ADVICE, RejectCode
from common.limits import BIDDERS_MAX, PADDLE_CHOSEN_MAX
from common.messages import Role
from common.names import is_valid_name, skeletons

PEOPLE_AT_ONCE_MAX: Final = 5000
"""The most people in one list; they are one batch, which takes a fraction of a second."""


class Listed(Struct, frozen=True, omit_defaults=True):
    """A row of a list: a person, with the paddle if the list chooses it."""

    name: str
    paddle: int | None = None
    company: str = ""
    contact: str = ""


class ListFault(Struct, frozen=True):
    """What is wrong with a row. `row` counts from 0; `reason` is a sentence that says what would be right."""

    row: int
    field: str
    reason: str


class Placed(Struct, frozen=True):
    """What a list does for one person: whether the paddle is new, and what is noted beside it (None: nothing new).

    `is_forgotten` is set if the person was forgotten, so that nothing is noted.
    """

    paddle: int
    name: str
    is_new: bool
    contact: Contact | None
    is_forgotten: bool


class Plan(Struct, frozen=True):
    """What a list does, in its order; if it has faults, nothing of it is to be done."""

    placed: tuple[Placed, ...]
    faults: tuple[ListFault, ...]


def plan(people: Sequence[Listed], register: Register, contacts: dict[int, Contact]) -> Plan:
    """Return what a list does in a house with this register. A list with more people than fit has a fault."""
    faults: list[ListFault] = []
    chosen: list[Enrolled | None] = []
    names: dict[str, str] = {}
    paddles: dict[int, str] = {}
    for row, person in enumerate(people):
        alike = skeletons(person.name) if is_valid_name(person.name) else ()
        known = next(filter(None, map(register.by_skeleton, alike)), None)
        fault = (
            _fault_of_texts(person)
            or _fault_in_list(person, alike, names, paddles)
            or _fault_in_register(person, known, register)
        )
        if fault is not None:
            faults.append(ListFault(row, *fault))
        names.update(dict.fromkeys(alike, person.name))
        if person.paddle is not None:
            paddles[person.paddle] = person.name
        chosen.append(known)
    newcomers = sum(known is None for known in chosen)
    if len(register) + newcomers > BIDDERS_MAX:
        faults.append(ListFault(0, "", f"A house has at most {BIDDERS_MAX:,} bidders, and this list has too many."))
    if faults:
        return Plan((), tuple(faults))
    free = register.free_paddles(paddles.keys())
    return Plan(tuple(_place(person, known, free, contacts) for person, known in zip(people, chosen, strict=True)), ())


def _fault_of_texts(person: Listed) -> tuple[str, str] | None:
    if not person.name:
        return "name", "It is missing; each person needs a name."
    if not is_valid_name(person.name):
        return "name", ADVICE[RejectCode.INVALID_NAME]
    if person.paddle is not None and not 1 <= person.paddle <= PADDLE_CHOSEN_MAX:
        return "paddle", f"There is no paddle {person.paddle}; write a number from 1 to {PADDLE_CHOSEN_MAX:,}."
    return contact_fault(Contact(person.company, person.contact))


def _fault_in_list(
    person: Listed, alike: Sequence[str], names: dict[str, str], paddles: dict[int, str]
) -> tuple[str, str] | None:
    """Return what contradicts the rows before."""
    other = next((names[skeleton] for skeleton in alike if skeleton in names), None)
    if other is not None:
        return "name", f"{person.name!r} is, or looks like, {other!r} further up; add something, such as the company."
    if person.paddle in paddles:
        return "paddle", f"Paddle {person.paddle} is that of {paddles[person.paddle]!r} further up; choose another."
    return None


def _fault_in_register(person: Listed, known: Enrolled | None, register: Register) -> tuple[str, str] | None:
    """Return what contradicts the paddles that were given before."""
    if known is not None:
        if known.name != person.name or known.role is not Role.BIDDER:
            return "name", f"{known.name!r} has paddle {known.paddle}, and {person.name!r} looks the same; change it."
        if person.paddle not in (None, known.paddle):
            return "paddle", f"{person.name!r} has paddle {known.paddle} already; write that, or leave the cell empty."
        return None
    holder = None if person.paddle is None else register.by_paddle(person.paddle)
    if holder is not None:
        return "paddle", f"Paddle {person.paddle} is that of {holder.name!r} already; choose another."
    return None


def _place(person: Listed, known: Enrolled | None, free: Iterator[int], contacts: dict[int, Contact]) -> Placed:
    said = Contact(person.company, person.contact)
    if known is None:
        paddle = next(free) if person.paddle is None else person.paddle
        return Placed(paddle, person.name, is_new=True, contact=None if said.is_empty else said, is_forgotten=False)
    before = contacts.get(known.paddle, Contact())
    after = replace(before, company=said.company or before.company, contact=said.contact or before.contact)
    changed = None if after == before or known.is_forgotten else after
    return Placed(
        known.paddle,
        known.name,
        is_new=False,
        contact=changed,
        is_forgotten=known.is_forgotten and not said.is_empty,
    )
