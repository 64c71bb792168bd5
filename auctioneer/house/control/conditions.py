"""Commands about the conditions of the sale: what they are, and who signed them on paper."""

from auctioneer.house.commands import NoteSigned, SetConditions
from auctioneer.house.house import House
from auctioneer.rules.decisions import Decision, Refused
from auctioneer.rules.facts import ConditionsAccepted
from common.conditions import conditions_fault
from common.errors import RejectCode
from common.messages import Role


def about_conditions(house: House, command: SetConditions | NoteSigned, by: str, now_ms: int) -> Decision:
    """Carry out a command about the conditions."""
    if isinstance(command, SetConditions):
        return _set_conditions(house, command, by, now_ms)
    return _note_signed(house, command, by, now_ms)


def _set_conditions(house: House, command: SetConditions, by: str, now_ms: int) -> Decision:
    """Have other conditions, or none."""
    fault = conditions_fault(command.text)
    if fault:
        return Refused(RejectCode.MALFORMED, fault)
    if command.text == house.conditions:
        return Refused(RejectCode.WRONG_STATE, "the sale has these conditions already")
    house.set_conditions(now_ms, by, command.text)
    return []


def _note_signed(house: House, command: NoteSigned, by: str, now_ms: int) -> Decision:
    """Note that bidders signed the conditions on paper, all or none. Who has accepted them already stays as it is."""
    entries = []
    for bidder in command.bidders:
        entry = house.register.find(bidder)
        if entry is None:
            return Refused(RejectCode.UNKNOWN_BIDDER, bidder)
        if entry.role is not Role.BIDDER:
            return Refused(RejectCode.WRONG_STATE, f"{entry.name} looks on, and observers accept nothing")
        entries.append(entry)
    why_not = why_none(house)
    if why_not is not None:
        return why_not
    for entry in entries:
        sign(house, entry.paddle, by, now_ms)
    return []


def why_none(house: House) -> Refused | None:
    """Return why nobody can sign anything; None if the sale has conditions."""
    return None if house.conditions else Refused(RejectCode.WRONG_STATE, "the sale has no conditions")


def sign(house: House, paddle: int, by: str, now_ms: int) -> None:
    """Note that a bidder signed the conditions, which the sale must have, unless it has accepted them already."""
    if house.register.entry(paddle).accepted != house.conditions_digest:
        accepted = house.register.accept(now_ms, paddle, house.conditions_digest, by)
        assert isinstance(accepted, ConditionsAccepted), "it is a bidder's paddle"
        house.enter(now_ms, accepted)


def why_not_signed(house: House, paddle: int) -> Refused | None:
    """Return why no bid can bind a bidder yet: it has not accepted the present conditions of the sale.

    None if it has, or there are none. The paddle must be a bidder's.
    """
    entry = house.register.entry(paddle)
    if not house.conditions or entry.accepted == house.conditions_digest:
        return None
    lacks = f"{entry.name} ({paddle}) has not accepted the conditions of the sale"
    how = f"`auctioneer paddle signed {paddle}` notes a signature on paper"
    return Refused(RejectCode.CONDITIONS_NOT_ACCEPTED, f"{lacks}; {how}")
