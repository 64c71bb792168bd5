"""Commands about lots and the sale: each is checked, and decided by `auctioneer.rules.decisions`."""

from collections.abc import Iterable

from auctioneer.catalogue.rules import lot_faults
from auctioneer.house.commands import (
    AddLots,
    Announce,
    AnyCommand,
    CallLot,
    CloseLot,
    EndSale,
    Extend,
    Finish,
    Move,
    OpenLot,
    Pause,
    Resume,
    Withdraw,
)
from auctioneer.house.control.texts import faulty_text
from auctioneer.house.house import House
from auctioneer.rules import decisions
from auctioneer.rules.decisions import Decision, Refused
from auctioneer.rules.terms import LotSpec
from common.errors import RejectCode
from common.money import Currency


def decide(house: House, command: AnyCommand, by: str, now_ms: int) -> Decision:
    """Decide a command about lots or the sale, and put its facts into the house's batch."""
    outcome = _decide(house, command, by, now_ms)
    if not isinstance(outcome, Refused):
        house.record(outcome)
    return outcome


def _decide(house: House, command: AnyCommand, by: str, now_ms: int) -> Decision:
    engine = house.engine
    match command:
        case Pause(lot="") | Resume(lot=""):
            return _decide_of_sale(house, command, by, now_ms)
        case OpenLot():
            return decisions.open_lot(engine, now_ms, by, command.lot)
        case Pause():
            return decisions.pause(engine, now_ms, by, command.lot)
        case Resume():
            return decisions.resume(engine, now_ms, by, command.lot)
        case Extend():
            return decisions.extend(engine, now_ms, by, command.lot, command.extra_ms)
        case CloseLot():
            return decisions.close(engine, now_ms, by, command.lot, command.if_seq)
        case Withdraw():
            return faulty_text(command.reason) or decisions.withdraw(
                engine, now_ms, by, command.lot, command.reason, command.if_seq
            )
        case CallLot():
            return decisions.call(engine, now_ms, by, command.lot, command.call)
        case _:
            return _decide_of_sale(house, command, by, now_ms)


def _decide_of_sale(house: House, command: AnyCommand, by: str, now_ms: int) -> Decision:
    engine = house.engine
    match command:
        case Pause():
            return decisions.pause_sale(engine, now_ms, by)
        case Resume():
            return decisions.resume_sale(engine, now_ms, by)
        case AddLots():
            return faulty_lots(command.lots, engine.sale.currency) or decisions.add(engine, now_ms, by, command.lots)
        case Move():
            return decisions.move(engine, now_ms, by, command.lot, command.before)
        case Announce():
            return faulty_text(command.text) or decisions.announce(engine, now_ms, by, command.text)
        case EndSale():
            return decisions.end(engine, now_ms, by, command.if_changes)
        case Finish():
            return decisions.finish(engine, now_ms, by)
        case _:
            return Refused(RejectCode.MALFORMED, "not a decision")


def faulty_lots(specs: Iterable[LotSpec], currency: Currency) -> Refused | None:
    """Check lots, which any program may have sent, by the rules for the lots of a catalogue."""
    for spec in specs:
        faults = lot_faults(spec, currency)
        if faults:
            return Refused(RejectCode.INVALID_LOT, f"lot {spec.terms.lot}, {faults[0].field}: {faults[0].reason}")
    return None
