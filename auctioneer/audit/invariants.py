"""What must be true of a sale after every step: for `auctioneer verify --deep`, tests and simulations.

`check` looks at one engine. It compares the lots with the rules, and the engine's indexes with a recount. `Watcher`
follows a sale by its public events alone, as a client does. It sees what only time shows: a price that fell, a seq that
was left out, a closed lot that moved. `Inspector` does all of this while a record is decided again.
"""

from collections.abc import Iterable
from typing import Final

from msgspec.structs import replace

from auctioneer.rules.accounts import won_on
from auctioneer.rules.applying import EngineState
from auctioneer.rules.engine import Engine
from auctioneer.rules.fact_events import answer_put_off, given_back, public_part
from auctioneer.rules.facts import AnyFact, DeskFact, Outage
from auctioneer.rules.formats.table import FORMATS, format_of
from auctioneer.rules.kept_offers import refold
from auctioneer.rules.lots import LotState
from auctioneer.rules.terms import OpeningRule
from common.evolve import MOVES, evolve, evolve_sale, first_view
from common.limits import RESULTS_MAX
from common.lot import LotStatus, LotView, SaleStatus
from common.lot_events import AnyLotEvent, AnySaleEvent, LotAdded, LotCorrected, LotMoved, LotRevised, SaleEvent
from common.the_house import HOUSE_PADDLE


class InvariantError(AssertionError):
    """The house broke a promise, which is a bug. The message says which promise, and where."""


def check(engine: Engine) -> None:
    """Raise InvariantError if the engine is in a state that the rules don't allow."""
    _require(engine.sale.lots == len(engine.catalogue) == len(engine.lots), "the sale counts its lots wrongly")
    for index, lot in enumerate(engine.catalogue):
        place = f"lot {lot.view.lot}: "
        _require(engine.lots.get(lot.view.lot) is lot and lot.index == index, place + "the engine can't find it")
        _check_bidding(lot, place)
        _check_clock(lot, place)
        _check_close(lot, place)
        _check_asked(engine, lot, place)
        _check_sale_over_lot(engine, lot, place)
    _check_counts(engine)
    _check_spending(engine)
    _check_deadlines(engine)


def check_same_state(one: EngineState[LotState], other: EngineState[LotState]) -> None:
    """Raise InvariantError if two states differ. The time when the clock next looks at a lot may differ."""
    for mine, its in zip(one.lots, other.lots, strict=False):
        same = replace(mine, queued_ms=None) == replace(its, queued_ms=None)
        _require(same, f"lot {mine.view.lot} differs: {mine} is not {its}")
    _require(len(one.lots) == len(other.lots), f"{len(one.lots)} lots are not {len(other.lots)}")
    bare, its_bare = replace(one, lots=[]), replace(other, lots=[])
    _require(bare == its_bare, f"the sale differs: {bare} is not {its_bare}")


def _require(holds: bool, promise: str) -> None:  # noqa: FBT001 -- the condition is the subject of this function
    if not holds:
        raise InvariantError(promise)


# --- one lot -------------------------------------------------------------------------------------------------------


def _check_bidding(lot: LotState, place: str) -> None:
    view = lot.view
    _require(view.terms == lot.spec.terms, place + "the public terms are not those of the catalogue")
    has_reserve = lot.spec.reserve_minor is not None
    _require(view.terms.format.has_reserve == has_reserve, place + "the terms deny the reserve")
    _check_kept(lot, place)
    for fault in format_of(lot.spec).faults(lot.spec, lot.book, view):
        _require(holds=False, promise=place + fault)
    _check_exposures(lot, place)


def _check_exposures(lot: LotState, place: str) -> None:
    """Check that nobody would pay more than its exposure if the lot closed now."""
    form, spec, book = format_of(lot.spec), lot.spec, lot.book
    for paddle in form.exposed(book):
        _require(form.exposure(spec, book, paddle) > 0, place + f"paddle {paddle} is exposed by nothing")
    for row in form.close(spec, book):
        is_covered = row.amount_minor <= form.exposure(spec, book, row.paddle)
        _require(is_covered, place + f"paddle {row.paddle} would pay more than it is exposed by")


def _check_kept(lot: LotState, place: str) -> None:
    """Check that the offers that count make the book; they do at any time."""
    if lot.kept is not None and format_of(lot.spec).refolds:
        book, void = refold(lot, lot.kept, frozenset())
        _require(book == lot.book and not void, place + "its book is not what its offers make")


def _check_clock(lot: LotState, place: str) -> None:
    view, has_clock = lot.view, lot.spec.terms.duration_ms is not None
    ticks = view.status is LotStatus.OPEN and has_clock
    _require((view.ends_at_ms is not None) == ticks, place + "only open lots with a clock have an end")
    stands = view.status is LotStatus.PAUSED and has_clock
    _require((view.remaining_ms is not None) == stands, place + "only paused lots with a clock have a time left")
    soft_close = lot.spec.terms.soft_close
    cap_ms = soft_close.cap_ms if soft_close is not None else 0
    in_bounds = lot.extended_ms >= 0 and (cap_ms is None or lot.extended_ms <= cap_ms)
    _require(in_bounds, place + "bids extended it beyond the cap")
    timed = lot.spec.opening.rule in (OpeningRule.AT_START, OpeningRule.AT_TIME)
    waits = view.status in (LotStatus.SCHEDULED, LotStatus.OPEN)
    _require(lot.left is None or (waits and bool(lot.left)), place + "bids wait for an opening that will not come")
    if view.status is LotStatus.SCHEDULED:
        _require((view.opens_at_ms is not None) == timed, place + "the time of the opening is wrong")
        is_untouched = lot.book == format_of(lot.spec).open(lot.spec)
        _require(is_untouched, place + "it has bids but was never open")


def _check_close(lot: LotState, place: str) -> None:
    view = lot.view
    _require((view.closed_at_ms is not None) == view.status.is_final, place + "only lots that are over have closed")
    fell = view.status in (LotStatus.SOLD, LotStatus.PASSED)
    _require((view.close_cause is not None) == fell, place + "only lots that were sold or passed have a cause")
    sold = view.status is LotStatus.SOLD
    _require(bool(view.results) == sold, place + "only sold lots have results")
    _require(len(view.results) <= RESULTS_MAX, place + "it has too many results")


def _check_asked(engine: Engine, lot: LotState, place: str) -> None:
    """Check that nobody leads an open lot, or buys one by the hammer, by a bid that a correction revived."""
    view, asked = lot.view, lot.view.asked
    asks = engine.state.created.revived_answer_ms is not None
    _require(asks or not lot.is_revived, place + "a bid is revived, and the sale asks nobody")
    goes_on = view.status in (LotStatus.OPEN, LotStatus.PAUSED)
    _require((asked is not None) == (lot.is_revived and goes_on), place + "its leader is not asked, or for no reason")
    _require(asked is not None or not lot.opens_after, place + "it waits for no answer")
    if asked is None:
        return
    _require(view.status is LotStatus.PAUSED, place + "it is open while its leader is asked")
    _require(asked.paddle == view.board.leader, place + "another than the leader is asked")
    is_paused = engine.sale.status is SaleStatus.PAUSED
    _require(asked.paddle != HOUSE_PADDLE, place + "the house is asked")
    times = ((asked.until_ms is None) == is_paused, (asked.remaining_ms is None) != is_paused)
    _require(all(times), place + "the time for the answer stands still, or runs, against the sale")


def _check_sale_over_lot(engine: Engine, lot: LotState, place: str) -> None:
    status = engine.sale.status
    if status is SaleStatus.ENDED:
        _require(lot.view.status.is_final, place + "it is not over although the sale has ended")
    if status is SaleStatus.PAUSED:
        _require(lot.view.status is not LotStatus.OPEN, place + "it is open while the sale is paused")
    if lot.paused_with_sale:
        both = status is SaleStatus.PAUSED and lot.view.status is LotStatus.PAUSED
        _require(both, place + "it waits for the sale to resume, but the sale is not paused")


# --- the engine's indexes ------------------------------------------------------------------------------------------


def _check_counts(engine: Engine) -> None:
    left = sum(len(lot.left or ()) for lot in engine.catalogue)
    _require(engine._left_bids == left, f"{engine._left_bids} bids count as left, but {left} are")
    unfinished = sum(not lot.view.status.is_final for lot in engine.catalogue)
    _require(engine._unfinished == unfinished, f"{engine._unfinished} lots count as unfinished, but {unfinished} are")
    _require(
        engine._order.turns == _whose_turn_it_is(engine), "the lots that have their turn are not those that should"
    )
    silent: dict[int, set[str]] = {}
    for lot in engine.catalogue:
        watched = None if lot.view.status.is_final else format_of(lot.spec).watched(lot.book)
        _require(lot.watched == watched, f"lot {lot.view.lot} watches {lot.watched}, but it should watch {watched}")
        if watched is not None:
            silent.setdefault(watched, set()).add(lot.view.lot)
    kept = {paddle: lots for paddle, lots in engine._watched.items() if lots}
    _require(kept == silent, "the engine looks for silent bidders in the wrong lots")


def _check_spending(engine: Engine) -> None:
    """Check what counts against each limit by a look at all lots."""
    for paddle, account in engine.accounts.by_paddle.items():
        spending = engine.accounts.spending(paddle)
        _require((spending is None) == (account.limit_minor is None), f"paddle {paddle} has not the limit that it has")
        if spending is None:
            continue
        won_minor = sum(won_on(lot, paddle) for lot in engine.catalogue if lot.view.status.is_final)
        going_on = (lot for lot in engine.catalogue if not lot.view.status.is_final)
        exposed_minor = sum(format_of(lot.spec).exposure(lot.spec, lot.book, paddle) for lot in going_on)
        _require(
            (spending.won_minor, spending.exposed_minor) == (won_minor, exposed_minor),
            f"{spending} counts for paddle {paddle}, but it has won for {won_minor} and is exposed by {exposed_minor}",
        )


def _whose_turn_it_is(engine: Engine) -> set[int]:
    turns, earlier_is_over = set(), True
    for lot in engine.catalogue:
        status = lot.view.status
        waits = status is LotStatus.SCHEDULED and lot.spec.opening.rule is OpeningRule.AFTER_PREVIOUS
        if waits and earlier_is_over:
            turns.add(lot.index)
        if status is not LotStatus.WITHDRAWN:
            earlier_is_over = status.is_final
    return turns


def _check_deadlines(engine: Engine) -> None:
    dues = [due_ms for lot in engine.catalogue if (due_ms := _due_ms(engine, lot)) is not None]
    next_ms = min(dues, default=None)
    running = engine.sale.status is SaleStatus.RUNNING
    everything_is_over = bool(engine.catalogue) and all(lot.view.status.is_final for lot in engine.catalogue)
    created = engine.state.created
    ends_by_itself = created.ends_after_last_lot and not created.corrections
    if (running and _whose_turn_it_is(engine)) or (everything_is_over and ends_by_itself):
        next_ms = engine.state.now_ms
    if engine.sale.status is SaleStatus.ENDED:
        next_ms = None
    told_ms = engine.next_deadline_ms()
    _require(told_ms == next_ms, f"the engine gives {told_ms} as its next deadline, but it is {next_ms}")
    fault = next(engine._clock.faults(lambda lot: _due_ms(engine, lot)), None)
    _require(fault is None, str(fault))


def _due_ms(engine: Engine, lot: LotState) -> int | None:
    if lot.view.asked is not None:
        return lot.view.asked.until_ms
    if lot.view.status is LotStatus.SCHEDULED and engine.sale.status is SaleStatus.RUNNING:
        return lot.view.opens_at_ms
    if lot.view.status is not LotStatus.OPEN:
        return None
    if lot.left:
        return lot.view.opens_at_ms
    steps_at_ms = format_of(lot.spec).due_ms(lot.spec, lot.book)
    dues = (lot.view.ends_at_ms, None if steps_at_ms is None else lot.opened_at_ms + steps_at_ms)
    return min((due_ms for due_ms in dues if due_ms is not None), default=None)


# --- over time -----------------------------------------------------------------------------------------------------


def _left_ms(view: LotView, at_ms: int) -> int | None:
    """Return how much time a lot has left; None without a clock."""
    return view.remaining_ms if view.ends_at_ms is None else view.ends_at_ms - at_ms


class Watcher:
    """Follows a sale from its present state on, by the public part of its facts. It keeps one view of each lot."""

    def __init__(self, engine: Engine) -> None:
        self.sale = engine.sale
        self.views: dict[str, LotView] = {lot.view.lot: lot.view for lot in engine.catalogue}
        self._now_ms = engine.state.now_ms

    def watch(self, engine: Engine, facts: Iterable[AnyFact]) -> None:
        """Apply the facts of a step. Raises InvariantError if they can't follow, or lead to views that differ."""
        touched = set()
        for fact in facts:
            if isinstance(fact, DeskFact):
                continue
            _require(fact.at_ms >= self._now_ms, f"{fact} is earlier than the fact before it")
            self._now_ms = fact.at_ms
            if isinstance(fact, Outage):
                touched |= self._apply_outage(fact)
                continue
            touched.add(fact.lot)
            event = public_part(fact)
            if event is None:
                at_seq = self.views[fact.lot].seq if fact.lot else fact.seq
                _require(fact.seq == at_seq, f"{fact} is secret but has a seq of its own")
            elif isinstance(event, SaleEvent):
                self._apply_sale_event(event)
            else:
                self._apply_lot_event(fact.lot, event)
        for lot in touched - {""}:
            _require(self.views[lot] == engine.lots[lot].view, f"lot {lot} is not as its public events say")
        _require(self.sale == engine.sale, "the sale is not as its public events say")

    def _apply_outage(self, outage: Outage) -> set[str]:
        """Apply the public event of each open lot after an outage; return the numbers of these lots."""
        _require(
            (outage.lot, outage.seq, outage.outage_ms >= 0) == ("", 0, True), f"{outage} has a stream, or no length"
        )
        extended = {
            name: given_back(outage, view.seq, view.ends_at_ms)
            for name, view in self.views.items()
            if outage.outage_ms and view.status is LotStatus.OPEN and view.ends_at_ms is not None
        }
        for lot, event in extended.items():
            self._apply_lot_event(lot, event)
        put_off = {
            name: answer_put_off(outage, view.seq, view.asked, view.asked.until_ms)
            for name, view in self.views.items()
            if outage.outage_ms and view.asked is not None and view.asked.until_ms is not None
        }
        for lot, asked in put_off.items():
            self._apply_lot_event(lot, asked)
        return extended.keys() | put_off.keys()

    def _apply_sale_event(self, event: AnySaleEvent) -> None:
        _require(event.seq == self.sale.seq + 1, f"{event} does not follow sale event {self.sale.seq}")
        self.sale = evolve_sale(self.sale, event)
        if isinstance(event, LotAdded):
            self.views[event.terms.lot] = first_view(event)

    def _apply_lot_event(self, lot: str, event: AnyLotEvent) -> None:
        before = self.views[lot]
        _require(event.seq == before.seq + 1, f"{event} does not follow event {before.seq} of lot {lot}")
        after = self.views[lot] = evolve(before, event)
        move = MOVES[type(event)]
        may_move = before.status in move.before and after.status in move.ends(before.status)
        _require(may_move, f"lot {lot} went from {before.status} to {after.status}, by {event}")
        if isinstance(event, LotMoved):
            for fault in FORMATS[type(before.terms.format)].moves(before.board, after.board):
                _require(holds=False, promise=f"lot {lot}: {fault}, by {event}")
            if before.ends_at_ms is not None:
                kept = after.ends_at_ms is not None and after.ends_at_ms >= before.ends_at_ms
                _require(kept, f"an offer took time from lot {lot}: {event}")
        elif isinstance(event, LotCorrected):
            left_ms, now_left_ms = _left_ms(before, event.at_ms), _left_ms(after, event.at_ms)
            kept = before.status.is_final or after.status.is_final or now_left_ms == left_ms
            _require(kept, f"a correction moved the end of lot {lot}, which is open: {event}")
        elif not after.status.is_final and not isinstance(event, LotRevised):
            _require(after.board == before.board, f"lot {lot} has another board without an offer, by {event}")


CHECK_EVERY_FACTS: Final = 1_000
"""The number of facts between two checks of the whole engine, or the number of lots if that is higher."""


class Inspector:
    """Checks the invariants after every step of a record that is decided again."""

    def __init__(self) -> None:
        self.engine: Engine | None = None
        """The engine after the last step; None before the first."""
        self._watcher: Watcher | None = None
        self._unchecked = 0

    def inspect(self, engine: Engine, facts: list[AnyFact]) -> None:
        """Check the engine after the facts of one step. Raises InvariantError."""
        if self._watcher is None:
            self.engine, self._watcher = engine, Watcher(engine)
            return
        self._watcher.watch(engine, facts)
        self._unchecked += len(facts)
        if self._unchecked >= max(CHECK_EVERY_FACTS, len(engine.catalogue)):
            self._unchecked = 0
            check(engine)

    def finish(self, read: EngineState[LotState]) -> None:
        """Check the end of the record. Raises InvariantError unless a start would `read` the state that was decided."""
        if self.engine is not None:
            check(self.engine)
            check_same_state(read, self.engine.state)
