"""The auctioneer's decisions: each is checked against the state and becomes facts that name the person who made it.

Every function receives the engine, the server time `now_ms`, the name of the person who decides (`by`) and the subject.
It returns the facts, which it has already applied, or `Refused` if nothing changed.
"""

from collections.abc import Callable
from typing import NamedTuple

from auctioneer.rules.engine import Engine
from auctioneer.rules.facts import AnyFact, HouseStarted, HouseStoodStill, LotListed, sale_decision
from auctioneer.rules.formats.table import closing, first_board, format_of, withdrawing
from auctioneer.rules.lots import LotState, lot_decision, opening
from auctioneer.rules.terms import LotSpec, OpeningRule
from auctioneer.rules.wrong_moment import Deed, wrong_moment
from common.errors import RejectCode
from common.evolve import MOVES
from common.limits import DURATION_MS_MAX, LOTS_MAX
from common.lot import Asked, CloseCause, ExtendCause, LotStatus, SaleStatus
from common.lot_events import (
    Announced,
    AnyLotEvent,
    Call,
    Called,
    LotAsked,
    LotClosed,
    LotEvent,
    LotExtended,
    LotOpened,
    LotPaused,
    LotRescheduled,
    LotResumed,
    LotsReordered,
    LotWithdrawn,
    SaleEnded,
    SalePaused,
    SaleResumed,
)
from common.lot_numbers import lot_key
from common.names import skeletons


class Refused(NamedTuple):
    """Why a decision was not carried out."""

    code: RejectCode
    detail: str


Decision = list[AnyFact] | Refused


def start(engine: Engine, now_ms: int, alive_ms: int | None, instance: str) -> list[AnyFact]:
    """Begin to hold the sale, which nobody has held since `alive_ms`; the outage is added to the time of open lots."""
    outage_ms = 0 if alive_ms is None else max(0, now_ms - alive_ms)
    return _apply(engine, [HouseStarted(at_ms=now_ms, instance=instance, outage_ms=outage_ms)])


def stand_still(engine: Engine, now_ms: int, outage_ms: int) -> list[AnyFact]:
    """Record that the house did nothing for `outage_ms`.

    That time is added to open lots. A lot that should have opened during it opens now.
    """
    return _apply(engine, [HouseStoodStill(at_ms=now_ms, outage_ms=outage_ms)])


def add(
    engine: Engine,
    now_ms: int,
    by: str,
    specs: tuple[LotSpec, ...],
    skeletons_of: Callable[[str], tuple[str, ...]] = skeletons,
) -> Decision:
    """Add lots at the end of the catalogue: all of them or none. `skeletons_of` gives the skeletons of a name."""
    if engine.sale.status is SaleStatus.ENDED:
        return Refused(RejectCode.SALE_ENDED, "no lot can be added")
    if len(engine.catalogue) + len(specs) > LOTS_MAX:
        return Refused(RejectCode.HOUSE_FULL, f"a sale has at most {LOTS_MAX} lots")
    seen: dict[str, str] = {}
    for spec in specs:
        number, key = spec.terms.lot, lot_key(spec.terms.lot)
        there = engine.find(number)
        other = seen.get(key) if there is None else there.view.lot
        if other is not None:
            written = "" if other == number else f", written {other}; the two can't be told apart"
            return Refused(RejectCode.INVALID_LOT, f"there is already a lot {number}{written}")
        seen[key] = number
    return _apply(
        engine,
        [
            LotListed(
                at_ms=now_ms,
                seq=engine.sale.seq + 1 + offset,
                spec=spec,
                board=first_board(spec),
                opens_at_ms=_opens_at_ms(engine, spec, now_ms),
                by=by,
                seller_skeletons=skeletons_of(spec.terms.seller) if spec.terms.seller else (),
            )
            for offset, spec in enumerate(specs)
        ],
    )


def open_lot(engine: Engine, now_ms: int, by: str, name: str) -> Decision:
    """Open a lot before its time, or one without a time."""
    lot = _find(engine, name, Deed.OPEN, LotOpened)
    if isinstance(lot, Refused):
        return lot
    return _unless_paused(engine) or _apply(engine, [lot_decision(lot, opening(lot, now_ms), by)])


def pause(engine: Engine, now_ms: int, by: str, name: str) -> Decision:
    """Stop a lot's clock and bidding."""
    lot = _find(engine, name, Deed.PAUSE, LotPaused)
    return lot if isinstance(lot, Refused) else _apply(engine, [lot_decision(lot, _pausing(lot, now_ms), by)])


def resume(engine: Engine, now_ms: int, by: str, name: str) -> Decision:
    """Resume a paused lot with the time that it had left."""
    lot = _find(engine, name, Deed.RESUME, LotResumed)
    if isinstance(lot, Refused):
        return lot
    return _unless_paused(engine) or _apply(engine, [lot_decision(lot, _resuming(lot, now_ms), by)])


def extend(engine: Engine, now_ms: int, by: str, name: str, extra_ms: int) -> Decision:
    """Give a lot `extra_ms` more time, from 1 ms to a year."""
    lot = _find(engine, name, Deed.EXTEND, LotExtended)
    if isinstance(lot, Refused):
        return lot
    view = lot.view
    if view.ends_at_ms is None and view.remaining_ms is None:
        return Refused(RejectCode.WRONG_STATE, f"lot {name} has no clock; it is open until you close it")
    if not 0 < extra_ms <= DURATION_MS_MAX:
        return Refused(RejectCode.MALFORMED, "a lot can be extended by at least 1 ms and at most a year")
    event = LotExtended(
        view.seq + 1,
        now_ms,
        ExtendCause.AUCTIONEER,
        None if view.ends_at_ms is None else view.ends_at_ms + extra_ms,
        None if view.remaining_ms is None else view.remaining_ms + extra_ms,
    )
    return _apply(engine, [lot_decision(lot, event, by)])


def close(engine: Engine, now_ms: int, by: str, name: str, if_seq: int | None = None) -> Decision:
    """Bring the hammer down now: the lot is sold to the leader if the reserve is met, else passed.

    With `if_seq`, only if the lot's seq is still that.
    """
    lot = _find(engine, name, Deed.CLOSE, LotClosed, if_seq)
    if isinstance(lot, Refused):
        return lot
    return _apply(engine, [lot_decision(lot, closing(lot, now_ms, CloseCause.HAMMER), by)])


def withdraw(engine: Engine, now_ms: int, by: str, name: str, reason: str, if_seq: int | None = None) -> Decision:
    """Remove a lot from the sale; bids on it are void. With `if_seq`, only if the lot's seq is still that."""
    lot = _find(engine, name, Deed.WITHDRAW, LotWithdrawn, if_seq)
    if isinstance(lot, Refused):
        return lot
    form = format_of(lot.spec)
    if form.sells_at_once and form.close(lot.spec, lot.book):
        return Refused(RejectCode.WRONG_STATE, f"a part of lot {name} is bought; close it instead")
    return _apply(engine, [lot_decision(lot, withdrawing(lot, now_ms, reason), by)])


def pause_sale(engine: Engine, now_ms: int, by: str) -> Decision:
    """Stop the whole sale: every clock, every bid, every opening."""
    refused = _unless_paused(engine)
    if refused is not None:
        return refused
    facts: list[AnyFact] = [sale_decision(SalePaused(engine.sale.seq + 1, now_ms), by)]
    for lot in engine.catalogue:
        view = lot.view
        event: AnyLotEvent | None = None
        if view.status in MOVES[LotPaused].before:
            event = _pausing(lot, now_ms)
        elif view.asked is not None and view.asked.until_ms is not None:
            event = LotAsked(view.seq + 1, now_ms, Asked(view.asked.paddle, None, view.asked.until_ms - now_ms))
        if event is not None:
            facts.append(lot_decision(lot, event, by, with_sale=True))
    return _apply(engine, facts)


def resume_sale(engine: Engine, now_ms: int, by: str) -> Decision:
    """Resume the lots that the pause stopped, and the time for answers.

    Openings that count from the sale's start move by the pause's length.
    """
    if engine.sale.status is not SaleStatus.PAUSED:
        return Refused(RejectCode.WRONG_STATE, f"the sale is {engine.sale.status.value}")
    stood_ms = now_ms - engine.state.sale_paused_at_ms
    facts: list[AnyFact] = [sale_decision(SaleResumed(engine.sale.seq + 1, now_ms), by)]
    for lot in engine.catalogue:
        view = lot.view
        event: AnyLotEvent | None = None
        if lot.paused_with_sale and view.status is LotStatus.PAUSED:
            event = _resuming(lot, now_ms)
        elif view.asked is not None and view.asked.remaining_ms is not None:
            event = LotAsked(view.seq + 1, now_ms, Asked(view.asked.paddle, now_ms + view.asked.remaining_ms))
        elif view.status is LotStatus.SCHEDULED and lot.spec.opening.delay_ms and view.opens_at_ms is not None:
            event = LotRescheduled(view.seq + 1, now_ms, view.opens_at_ms + stood_ms)
        if event is not None:
            facts.append(lot_decision(lot, event, by, with_sale=True))
    return _apply(engine, facts)


def move(engine: Engine, now_ms: int, by: str, name: str, before: str = "") -> Decision:
    """Move a scheduled lot before another scheduled one, or without another to the end of the catalogue."""
    if engine.sale.status is SaleStatus.ENDED:
        return Refused(RejectCode.SALE_ENDED, "no lot can be moved")
    lots = [engine.find(number) for number in (name, before) if number]
    for number, lot in zip((name, before), lots, strict=False):
        if lot is None:
            return Refused(RejectCode.UNKNOWN_LOT, f"lot {number}")
        if lot.view.status is not LotStatus.SCHEDULED:
            return Refused(RejectCode.WRONG_STATE, wrong_moment(engine, lot, Deed.MOVE))
    numbers = [lot.view.lot for lot in lots if lot is not None]
    place = engine.lots[numbers[0]].index
    following = engine.catalogue[place + 1].view.lot if place + 1 < len(engine.catalogue) else ""
    target = numbers[1] if before else ""
    if target in (numbers[0], following):
        return Refused(RejectCode.WRONG_STATE, f"lot {name} is there already")
    return _apply(engine, [sale_decision(LotsReordered(engine.sale.seq + 1, now_ms, numbers[0], target), by)])


def announce(engine: Engine, now_ms: int, by: str, text: str) -> Decision:
    """Tell everybody in the sale something."""
    return _apply(engine, [sale_decision(Announced(engine.sale.seq + 1, now_ms, text), by)])


def call(engine: Engine, now_ms: int, by: str, name: str, what: Call) -> Decision:
    """Call something about an open lot; that the reserve is met only where everybody may see it."""
    lot = engine.find(name)
    if lot is None:
        return Refused(RejectCode.UNKNOWN_LOT, f"lot {name}")
    view = lot.view
    if view.status is not LotStatus.OPEN:
        return Refused(RejectCode.WRONG_STATE, wrong_moment(engine, lot, Deed.CALL))
    if what is Call.RESERVE_MET and not view.board.reserve_met:
        return Refused(RejectCode.WRONG_STATE, f"lot {name} {_why_not_met(lot)}")
    return _apply(engine, [sale_decision(Called(engine.sale.seq + 1, now_ms, view.lot, what), by)])


def _why_not_met(lot: LotState) -> str:
    if not lot.view.terms.format.has_reserve:
        return "has no reserve"
    return "has a reserve that is not met" if lot.view.board.reserve_met is False else "keeps its reserve secret"


def end(engine: Engine, now_ms: int, by: str, if_changes: int | None = None) -> Decision:
    """End the sale: the hammer falls on every open lot, and every lot that was not opened is withdrawn.

    A sale with corrections goes on until `finish`, so that a wrong last hammer can be corrected. It does not end while
    a bidder is asked whether its bid stands. With `if_changes`, it
    ends only if `Engine.count_events` is still that, so nothing has changed.
    """
    if engine.sale.status is SaleStatus.ENDED:
        return Refused(RejectCode.SALE_ENDED, "it can't be ended again")
    if if_changes is not None and if_changes != engine.count_events():
        return Refused(RejectCode.STATE_CHANGED, "the sale")
    asked = next((lot for lot in engine.catalogue if lot.view.asked is not None), None)
    if asked is not None:
        return Refused(RejectCode.WRONG_STATE, wrong_moment(engine, asked, Deed.CLOSE))
    facts: list[AnyFact] = []
    for lot in engine.catalogue:
        event: AnyLotEvent
        if lot.view.status is LotStatus.SCHEDULED:
            event = withdrawing(lot, now_ms, "The sale ended before this lot was opened.")
        elif not lot.view.status.is_final:
            event = closing(lot, now_ms, CloseCause.HAMMER)
        else:
            continue
        facts.append(lot_decision(lot, event, by, with_sale=True))
    if not engine.state.created.corrections:
        facts.append(sale_decision(SaleEnded(engine.sale.seq + 1, now_ms), by))
    elif not facts:
        return Refused(RejectCode.WRONG_STATE, "every lot is over; `auctioneer finish` ends the sale for good")
    return _apply(engine, facts)


def finish(engine: Engine, now_ms: int, by: str) -> Decision:
    """End a sale with corrections for good, once every lot is over."""
    if engine.sale.status is SaleStatus.ENDED:
        return Refused(RejectCode.SALE_ENDED, "it can't be ended again")
    if not engine.state.created.corrections:
        return Refused(RejectCode.WRONG_STATE, "this sale has no corrections; `auctioneer end` ends it")
    going_on = sum(not lot.view.status.is_final for lot in engine.catalogue)
    if going_on:
        return Refused(RejectCode.WRONG_STATE, f"{going_on} of its lots are not over; `auctioneer end` closes them")
    return _apply(engine, [sale_decision(SaleEnded(engine.sale.seq + 1, now_ms), by)])


def _apply(engine: Engine, facts: list[AnyFact]) -> list[AnyFact]:
    for fact in facts:
        engine.apply(fact)
    return facts


def _find(
    engine: Engine, name: str, deed: Deed, event: type[LotEvent], if_seq: int | None = None
) -> LotState | Refused:
    """Return the lot that a person names, if such an event may happen to it now."""
    lot = engine.find(name)
    if lot is None:
        return Refused(RejectCode.UNKNOWN_LOT, f"lot {name}")
    is_asked = lot.view.asked is not None and event in (LotClosed, LotResumed)
    if is_asked or lot.view.status not in MOVES[event].before:
        return Refused(RejectCode.WRONG_STATE, wrong_moment(engine, lot, deed))
    if if_seq is not None and if_seq != lot.view.seq:
        return Refused(RejectCode.STATE_CHANGED, f"lot {name}")
    return lot


def _unless_paused(engine: Engine) -> Refused | None:
    status = engine.sale.status
    if status is SaleStatus.RUNNING:
        return None
    advice = "; `auctioneer resume` continues it" if status is SaleStatus.PAUSED else ""
    return Refused(RejectCode.WRONG_STATE, f"the sale is {status.value}{advice}")


def _opens_at_ms(engine: Engine, spec: LotSpec, now_ms: int) -> int | None:
    opening = spec.opening
    if opening.rule is OpeningRule.AT_START:
        return now_ms
    if opening.delay_ms is None:
        return opening.at_ms  # None if no time was given for the lot
    return engine.sale.started_at_ms + engine.state.sale_stood_ms + opening.delay_ms


def _pausing(lot: LotState, at_ms: int) -> LotPaused:
    ends_at_ms = lot.view.ends_at_ms
    return LotPaused(lot.view.seq + 1, at_ms, None if ends_at_ms is None else ends_at_ms - at_ms)


def _resuming(lot: LotState, at_ms: int) -> LotResumed:
    remaining_ms = lot.view.remaining_ms
    return LotResumed(lot.view.seq + 1, at_ms, None if remaining_ms is None else at_ms + remaining_ms)
