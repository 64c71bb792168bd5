"""Commands about accounts: limits, deposits and links, decided by `auctioneer.rules.limits`."""

from auctioneer.house.commands import AccountCommand, Done, LinkPaddles, NoteDeposit, SetLimit
from auctioneer.house.house import House
from auctioneer.house.register import Enrolled
from auctioneer.rules import limits
from auctioneer.rules.decisions import Decision, Refused
from auctioneer.rules.engine import Bidder
from common.errors import RejectCode
from common.messages import Rejected, Role
from common.names import is_valid_text, skeletons


def keep_account(house: House, command: AccountCommand, by: str, now_ms: int) -> Done | Rejected:
    """Carry out a command about the accounts of bidders, put its fact into the house's batch, and return the answer."""
    entries = _bidders(house, command)
    if not isinstance(entries, Refused):
        outcome = _decide(house, command, entries, by, now_ms)
        if not isinstance(outcome, Refused):
            house.record(outcome)
            return _done(house, command, entries)
        entries = outcome
    return Rejected(id=command.id, code=entries.code, detail=entries.detail)


def _done(house: House, command: AccountCommand, entries: list[Enrolled]) -> Done:
    """Return the answer that names whom a command was about, and says how many lots a linked seller has."""
    if isinstance(command, LinkPaddles):
        people = tuple({"paddle": one.paddle, "name": one.name} for one in entries)
        of_seller = _count_of(house, command.seller) if command.seller and command.linked else None
        return Done(id=command.id, people=people, of_seller=of_seller)
    return Done(id=command.id, paddle=entries[0].paddle, name=entries[0].name)


def _bidders(house: House, command: AccountCommand) -> list[Enrolled] | Refused:
    """Return the entries of the bidders whom a command names."""
    entries = []
    for bidder in command.bidders if isinstance(command, LinkPaddles) else (command.bidder,):
        entry = house.register.find(bidder)
        if entry is None:
            return Refused(RejectCode.UNKNOWN_BIDDER, bidder)
        if entry.role is not Role.BIDDER:
            return Refused(RejectCode.WRONG_STATE, f"{entry.name} looks on, and observers don't bid")
        entries.append(entry)
    return entries


def _decide(house: House, command: AccountCommand, entries: list[Enrolled], by: str, now_ms: int) -> Decision:
    engine, paddle = house.engine, entries[0].paddle
    if isinstance(command, SetLimit):
        return limits.set_limit(engine, now_ms, by, paddle, command.limit_minor)
    if isinstance(command, NoteDeposit):
        return limits.note_deposit(engine, now_ms, by, paddle, command.amount_minor)
    is_name = not command.seller or bool(skeletons(command.seller))
    if not is_name or not is_valid_text(command.seller) or "\n" in command.seller:
        return Refused(RejectCode.MALFORMED, "seller: that can't be a name in a catalogue")
    linked = tuple(Bidder(entry.paddle, entry.skeletons) for entry in entries)
    seller, alike = _known_seller(house, entries, command.seller)
    return limits.link(engine, now_ms, by, linked, seller, alike, linked=command.linked)


def _count_of(house: House, seller: str) -> int:
    """Return how many lots have this seller, by a name that looks the same."""
    alike = set(skeletons(seller))
    return sum(not alike.isdisjoint(lot.seller_skeletons) for lot in house.engine.lots.values())


def _known_seller(house: House, entries: list[Enrolled], seller: str) -> tuple[str, tuple[str, ...]]:
    """Return a seller as an account has it already, else as it was typed; and the skeletons of the name."""
    alike = skeletons(seller) if seller else ()
    for entry in entries:
        for name, known in house.engine.accounts.of(entry.paddle).sellers.items():
            if not set(known).isdisjoint(alike):
                return name, known
    return seller, alike
