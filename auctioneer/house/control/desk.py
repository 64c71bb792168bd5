"""Commands of the desk: who gets a paddle and a code, who is admitted, and words to one bidder."""

from auctioneer.house.commands import AddPaddle, Admit, Done, IssueCode, Tell
from auctioneer.house.control.texts import faulty_text
from auctioneer.house.house import House
from auctioneer.rules.corrections import NO_CORRECTIONS, void_offers
from auctioneer.rules.decisions import Decision, Refused
from auctioneer.rules.facts import CodeIssued, PaddleGiven
from common.errors import RejectCode
from common.messages import Rejected, Role


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


def at_the_desk(house: House, command: AddPaddle | IssueCode, by: str, now_ms: int) -> Done | Rejected:
    """Give a paddle, or issue a code, and return the answer."""
    outcome: PaddleGiven | CodeIssued | Refused
    if isinstance(command, AddPaddle):
        outcome = house.give_paddle(now_ms, by, command.name, command.paddle)
    else:
        entry = house.register.find(command.bidder)
        if entry is None:
            outcome = Refused(RejectCode.UNKNOWN_BIDDER, command.bidder)
        else:
            outcome = house.issue_code(now_ms, by, entry.paddle, command.code, command.valid_ms)
    if isinstance(outcome, Refused):
        return Rejected(id=command.id, code=outcome.code, detail=outcome.detail)
    expires_at_ms = outcome.expires_at_ms if isinstance(outcome, CodeIssued) else None
    return Done(id=command.id, paddle=outcome.paddle, expires_at_ms=expires_at_ms)
