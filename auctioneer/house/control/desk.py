"""Commands of the desk: who gets a paddle and a code, who is admitted, and words to one bidder."""

from auctioneer.house.commands import (
    AddPaddle,
    AddPaddles,
    Admit,
    DeskCommand,
    Done,
    Forget,
    IssueCode,
    IssueCodes,
    NoteContact,
    Placing,
    Tell,
)
from auctioneer.house.control.conditions import sign, why_none
from auctioneer.house.control.texts import faulty_text
from auctioneer.house.house import House
from auctioneer.house.paddle_codes import digest_of
from auctioneer.house.paddle_lists import plan
from auctioneer.house.register import Enrolled
from auctioneer.rules.contacts import Contact, ContactChange, contact_fault
from auctioneer.rules.corrections import NO_CORRECTIONS, void_offers
from auctioneer.rules.decisions import Decision, Refused
from auctioneer.rules.facts import CodeIssued, ContactErased, PaddleGiven
from auctioneer.rules.sources import Placer, Source
from common.errors import RejectCode
from common.messages import Rejected, Role
from common.names import is_valid_name, skeletons
from common.paddle_codes import is_valid_code


def admit(house: House, command: Admit, by: str, now_ms: int) -> Decision:
    """Admit a bidder or turn one out, as the command says."""
    entry = house.register.find(command.bidder)
    if entry is None:
        return Refused(RejectCode.UNKNOWN_BIDDER, command.bidder)
    if command.void_bids and command.admitted:
        return Refused(RejectCode.MALFORMED, "only the bids of a bidder who is turned out are taken back")
    if command.void_bids and not house.engine.state.created.corrections:
        return Refused(RejectCode.WRONG_STATE, NO_CORRECTIONS)
    if entry.admitted == command.admitted and not entry.waiting:
        state = "admitted" if entry.admitted else "turned out"
        return Refused(RejectCode.WRONG_STATE, f"{entry.name} is already {state}")
    wrong = faulty_text(command.reason)
    if wrong is not None:
        return wrong
    if not command.admitted:
        house.take_back_all_left(now_ms, Placer(Source.ABSENTEE, by), entry.paddle, command.id)
    house.admit(now_ms, by, entry.paddle, admitted=command.admitted)
    if not command.void_bids:
        return []
    corrected = void_offers(house.engine, now_ms, by, entry.paddle, command.reason)
    house.correct(now_ms, by, command.reason, corrected)
    return [one.fact for one in corrected]


def tell(house: House, command: Tell, by: str, now_ms: int) -> Decision:
    """Send a text to one bidder."""
    entry = house.register.find(command.bidder)
    if entry is None:
        return Refused(RejectCode.UNKNOWN_BIDDER, command.bidder)
    if entry.role is not Role.BIDDER:
        return Refused(RejectCode.WRONG_STATE, f"{entry.name} looks on, and observers get no news")
    wrong = faulty_text(command.text)
    if wrong is not None:
        return wrong
    house.tell(now_ms, by, entry.paddle, command.text)
    return []


def at_the_desk(house: House, command: DeskCommand, by: str, now_ms: int) -> Done | Rejected:
    """Carry out a command about one person, and return the answer."""
    outcome: PaddleGiven | CodeIssued | ContactErased | Enrolled | Refused
    if isinstance(command, AddPaddle):
        outcome = _give(house, command, by, now_ms)
    elif isinstance(command, Forget):
        outcome = forget(house, command.bidder, by, now_ms)
    elif isinstance(command, IssueCodes):
        outcome = _issue_all(house, command, by, now_ms)
    else:
        entry = house.register.find(command.bidder)
        if entry is None:
            outcome = Refused(RejectCode.UNKNOWN_BIDDER, command.bidder)
        elif isinstance(command, IssueCode):
            outcome = _issue(
                house, by, entry.paddle, command.code, command.valid_ms, now_ms, replaces_key=command.replaces_key
            )
        else:
            outcome = _note(house, command, entry)
    if isinstance(outcome, Refused):
        return Rejected(id=command.id, code=outcome.code, detail=outcome.detail)
    expires_at_ms = outcome.expires_at_ms if isinstance(outcome, CodeIssued) else None
    is_one = not isinstance(command, IssueCodes)
    return Done(
        id=command.id,
        paddle=outcome.paddle if is_one else None,
        name=house.register.entry(outcome.paddle).name if is_one else "",
        expires_at_ms=expires_at_ms,
    )


def _give(house: House, command: AddPaddle, by: str, now_ms: int) -> PaddleGiven | Refused:
    if not is_valid_name(command.name):
        return Refused(RejectCode.INVALID_NAME, "")
    contact = Contact(command.company, command.contact)
    fault = contact_fault(contact)
    if fault is not None:
        return _faulty(*fault)
    why_not = why_none(house) if command.is_signed else None
    if why_not is not None:
        return why_not
    given = house.register.give(now_ms, by, command.name, skeletons(command.name), command.paddle)
    if isinstance(given, PaddleGiven):
        house.enter(now_ms, given)
        if command.is_signed:
            sign(house, given.paddle, by, now_ms)
        if not contact.is_empty:
            house.note(ContactChange(given.paddle, contact))
    return given


def add_paddles(house: House, command: AddPaddles, by: str, now_ms: int) -> Placing | Rejected:
    """Give the people of a list their paddles, all or none, unless it is only to be checked."""
    why_not = why_none(house) if command.is_signed else None
    if why_not is not None:
        return Rejected(id=command.id, code=why_not.code, detail=why_not.detail)
    planned = plan(command.people, house.register, house.contacts)
    if not command.is_check:
        for placed in planned.placed:
            if placed.is_new:
                given = house.register.give(now_ms, by, placed.name, skeletons(placed.name), placed.paddle)
                assert isinstance(given, PaddleGiven), "the plan was checked"
                house.enter(now_ms, given)
            if command.is_signed:
                sign(house, placed.paddle, by, now_ms)
            if placed.contact is not None:
                house.note(ContactChange(placed.paddle, placed.contact))
    return Placing(id=command.id, placed=planned.placed, faults=planned.faults)


def _note(house: House, command: NoteContact, entry: Enrolled) -> Enrolled | Refused:
    contact = Contact(command.company, command.contact)
    fault = contact_fault(contact)
    if fault is not None:
        return _faulty(*fault)
    if contact.is_empty:
        return Refused(RejectCode.MALFORMED, "neither a company nor a contact was given; `auctioneer forget` erases")
    if entry.is_forgotten:
        return Refused(RejectCode.WRONG_STATE, f"{entry.name} was forgotten, so nothing is kept for this paddle again")
    if house.contacts.get(entry.paddle) != contact:
        house.note(ContactChange(entry.paddle, contact))
    return entry


def forget(house: House, name_or_paddle: str, by: str, now_ms: int) -> ContactErased | Refused:
    """Erase what is known of a person besides the name; the record says that it was erased, and by whom."""
    entry = house.register.find(name_or_paddle)
    if entry is None:
        return Refused(RejectCode.UNKNOWN_BIDDER, name_or_paddle)
    erased = house.register.erase(now_ms, by, entry.paddle)
    if isinstance(erased, ContactErased):
        house.enter(now_ms, erased)
        house.note(ContactChange(entry.paddle, None))
    return erased


def _issue_all(house: House, command: IssueCodes, by: str, now_ms: int) -> CodeIssued | Refused:
    """Issue several codes, all or none, and return the last fact."""
    codes = command.codes
    if len({new.code for new in codes}) < len(codes) or len({new.paddle for new in codes}) < len(codes):
        return Refused(RejectCode.MALFORMED, "each code is for one paddle, and each paddle has one")
    for new in codes:
        why_not = _why_no_code(house, new.paddle, new.code)
        if why_not is not None:
            return why_not
    issued = [_issue(house, by, new.paddle, new.code, command.valid_ms, now_ms) for new in codes]
    return issued[-1]


def _issue(
    house: House, by: str, paddle: int, code: str, valid_ms: int, now_ms: int, *, replaces_key: bool = False
) -> CodeIssued | Refused:
    why_not = _why_no_code(house, paddle, code, replaces_key=replaces_key)
    if why_not is not None:
        return why_not
    digest = digest_of(house.engine.sale.sale, code)
    issued = house.register.issue(now_ms, by, paddle, digest, now_ms + valid_ms, replaces_key=replaces_key)
    if isinstance(issued, CodeIssued):
        house.enter(now_ms, issued)
    return issued


def _why_no_code(house: House, paddle: int, code: str, *, replaces_key: bool = False) -> Refused | None:
    if not is_valid_code(code):
        return Refused(RejectCode.MALFORMED, "that is no paddle code")
    return house.register.why_no_code(paddle, digest_of(house.engine.sale.sale, code), replaces_key=replaces_key)


def _faulty(field: str, reason: str) -> Refused:
    return Refused(RejectCode.MALFORMED, f"{field}: {reason}")
