"""Corrections: each is worked out by `auctioneer.rules.corrections`, and carried out or only shown."""

from auctioneer.house import reports
from auctioneer.house.bids_at_hand import offer_row
from auctioneer.house.commands import AnswerFor, AnyCorrection, Award, Reopen, Rewrite, Undo, VoidSale
from auctioneer.house.control.lots import faulty_lots
from auctioneer.house.control.texts import faulty_text
from auctioneer.house.formats.table import board_bidding
from auctioneer.house.house import House
from auctioneer.rules import corrections, revivals
from auctioneer.rules.corrected import Corrected
from auctioneer.rules.decisions import Decision, Refused
from common.errors import RejectCode
from common.evolve import evolve
from common.messages import Role
from common.names import skeletons


def correct(house: House, command: AnyCorrection, by: str, now_ms: int) -> Decision | reports.Row:
    """Carry out a correction and return its facts; with `preview`, return a report of what it would do."""
    worked_out = faulty_text(command.reason) or _work_out(house, command, by, now_ms)
    if isinstance(worked_out, Refused):
        return worked_out
    if command.preview:
        return _preview(house, worked_out)
    house.correct(now_ms, by, command.reason, [worked_out])
    return [worked_out.fact]


def answer_for(house: House, command: AnswerFor, by: str, now_ms: int) -> Decision:
    """Take the answer of a bidder who is asked whether its bid stands, from a clerk who heard it."""
    answered = revivals.answer_for(house.engine, now_ms, by, command.lot, stands=command.stands, if_seq=command.if_seq)
    if isinstance(answered, Refused):
        return answered
    house.correct(now_ms, by, "", [answered])
    return [answered.fact]


def _work_out(house: House, command: AnyCorrection, by: str, now_ms: int) -> Corrected | Refused:
    engine, lot, reason, if_seq = house.engine, command.lot, command.reason, command.if_seq
    match command:
        case Undo(back_to=int() as number):
            numbers = corrections.numbers_back_to(engine, lot, number)
            if command.numbers or not numbers:
                return Refused(RejectCode.UNKNOWN_BID, f"there is none from number {number} on")
            return corrections.undo(engine, now_ms, by, lot, reason, numbers, if_seq)
        case Undo():
            return corrections.undo(engine, now_ms, by, lot, reason, command.numbers, if_seq)
        case Reopen():
            return corrections.reopen(engine, now_ms, by, lot, reason, command.for_ms, command.price_minor, if_seq)
        case VoidSale(bidder=""):
            return corrections.void(engine, now_ms, by, lot, reason, None, if_seq)
        case VoidSale() | Award():
            entry = house.register.find(command.bidder)
            if entry is None or entry.role is not Role.BIDDER:
                return Refused(RejectCode.UNKNOWN_BIDDER, command.bidder)
            if isinstance(command, VoidSale):
                return corrections.void(engine, now_ms, by, lot, reason, entry.paddle, if_seq)
            return corrections.award(engine, now_ms, by, lot, reason, entry.paddle, command.amount_minor, if_seq)
        case _:
            assert isinstance(command, Rewrite), "these are all corrections"
            spec = command.spec
            wrong = faulty_lots((spec,), engine.sale.currency)
            seller = skeletons(spec.terms.seller) if spec.terms.seller else ()
            return wrong or corrections.rewrite(engine, now_ms, by, lot, reason, spec, seller, if_seq)


def _preview(house: House, corrected: Corrected) -> reports.Row:
    """Return what a correction would do: the lot afterwards, the bids that would no longer count, and who hears."""
    fact, currency = corrected.fact, house.engine.sale.currency
    lot = house.engine.lots[fact.lot]
    view = lot.view if fact.event is None else evolve(lot.view, fact.event)
    told = board_bidding(view.board)
    void = frozenset(corrected.void)
    offers = lot.kept.offers if lot.kept is not None else []
    return {
        "lot": fact.lot,
        "title": view.terms.title,
        "seq": lot.view.seq,
        "status": view.status.value,
        "leader": reports.name_of(house, told.leader),
        "paddle": told.leader,
        "ends_at_ms": view.ends_at_ms,
        "results": [reports.result_row(house, result) for result in view.results],
        "void": [offer_row(house, offer) for offer in offers if offer.number in void],
        "told": [
            {"paddle": paddle, "name": reports.name_of(house, paddle), "kind": kind.value}
            for paddle, kind in corrected.words
        ],
        **reports.money_fields(currency, price=told.price_minor, minimum=told.minimum_minor),
    }
