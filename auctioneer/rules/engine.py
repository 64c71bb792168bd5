"""The engine: the state of the sale and every rule that does not belong to one format. It does no IO.

Time is an argument (`now_ms`, server time, which never goes back). The engine decides a command, applies its facts at
once, and returns them to be journaled; a rejection changes nothing. Only the last section of the class changes the
state. Replaying the journal through `apply` therefore gives the same engine.

If the journal can't store the facts, the engine is ahead of the record: discard it and build it again.
"""

import heapq
from typing import Any, Final, Generic, NamedTuple, TypeVar

import msgspec

from auctioneer.rules.facts import (
    AnyFact,
    BidTaken,
    ClockStepped,
    HouseStarted,
    HouseStoodStill,
    LotDecided,
    LotListed,
    OfferLate,
    OfferTaken,
    Outage,
    PositionReleased,
    SaleCreated,
    SaleDecided,
    SaleRestored,
    Taken,
    bid_board,
    bid_moved,
    clock_moved,
    given_back,
    lot_added,
    offer_closing,
    offer_moved,
    sale_decision,
)
from auctioneer.rules.formats.english_flat import book_of
from auctioneer.rules.formats.entries import AnyBook, AnyEntry
from auctioneer.rules.formats.format import Format, Outcome, Placed
from auctioneer.rules.formats.table import FLAT, FORMATS, closing, format_of
from auctioneer.rules.lots import LotState, lot_decision, opening, soft_close_ms, with_shared_terms
from auctioneer.rules.opening_order import OpeningOrder
from auctioneer.rules.sale_settings import HOUSE
from common.errors import RejectCode
from common.formats import AnyBoard, AnyOffer, AnyOwn
from common.lot import (
    SALE_STREAM,
    AnyLotEvent,
    CloseCause,
    LotExtended,
    LotMoved,
    LotOpened,
    LotPaused,
    LotResumed,
    LotStatus,
    LotView,
    Result,
    SaleEnded,
    SalePaused,
    SaleResumed,
    SaleStatus,
    SaleView,
    StreamEvent,
    evolve,
    evolve_sale,
    first_view,
    moved,
)
from common.lot_numbers import lot_key
from common.messages import Rejected

Lot = TypeVar("Lot")
_OPEN: Final = LotStatus.OPEN
"""A constant, because an Enum lookup would double the cost of each comparison."""


class Bidder(NamedTuple):
    """What the rules know of a bidder: the paddle, and the skeletons of the name, which reveal a seller."""

    paddle: int
    skeletons: tuple[str, ...]


class EngineState(msgspec.Struct, Generic[Lot]):
    """All that a snapshot holds of the engine. `Lot` is LotState, or raw bytes while a snapshot is read."""

    created: SaleCreated
    sale: SaleView
    lots: list[Lot]
    sale_paused_at_ms: int = 0
    sale_stood_ms: int = 0
    """How long the sale was paused in all, up to the last time that it was resumed."""
    now_ms: int = 0


class Engine:
    """One sale. Call `create` for a new one, or pass the state from a snapshot to the constructor."""

    def __init__(self, state: EngineState[LotState]) -> None:
        self._state = state
        self.lots: dict[str, LotState] = {lot.view.lot: lot for lot in state.lots}
        self._numbers: dict[str, str] = {}  # lots' numbers by their `lot_key`
        self._unfinished = 0
        self._clock: list[tuple[int, int]] = []  # a heap of (when, index of the lot); one or two entries per lot
        self._events: list[StreamEvent] = []
        self._order = OpeningOrder(state.lots)
        self._watched: dict[int, set[str]] = {}  # by paddle: the lots on which its silence changes something
        for lot in state.lots:
            lot.queued_ms = None
            self._index(lot)

    @classmethod
    def create(cls, created: SaleCreated) -> "Engine":
        """Return the engine of a sale that has just been created, without lots."""
        sale = SaleView(created.sale, created.title, created.currency, started_at_ms=created.at_ms)
        return cls(EngineState(created, sale, [], now_ms=created.at_ms))

    @property
    def state(self) -> EngineState[LotState]:
        """The whole state, for a snapshot; the constructor makes the same engine from a copy of it."""
        return self._state

    @property
    def sale(self) -> SaleView:
        """The public state of the sale."""
        return self._state.sale

    @property
    def epoch(self) -> int:
        """The epoch of the sale's history."""
        return self._state.created.epoch

    @property
    def catalogue(self) -> list[LotState]:
        """The lots in catalogue order."""
        return self._state.lots

    def count_events(self) -> int:
        """Return how many events the sale and its lots have had in all; the public state changes only with it."""
        return self.sale.seq + sum(lot.view.seq for lot in self.catalogue)

    def pop_events(self) -> list[StreamEvent]:
        """Return the public events of the facts applied since the last call, each with its stream."""
        events, self._events = self._events, []
        return events

    # --- bidders -----------------------------------------------------------------------------------------------

    def find(self, number: str) -> LotState | None:
        """Return the lot that a person means by a number, even if the house writes that number in another way."""
        for lot in self.catalogue[len(self._numbers) :]:  # lots are never removed, so each is looked at once
            self._numbers[lot_key(lot.view.lot)] = lot.view.lot
        meant = self._numbers.get(lot_key(number))
        return None if meant is None else self.lots[meant]

    def offer(self, now_ms: int, bidder: Bidder, request: AnyOffer) -> Taken | OfferLate | Rejected:
        """Decide an offer that was received at `now_ms`; `advance` must have been called for that time."""
        lot = self.lots.get(request.lot)
        if lot is None:
            return Rejected(id=request.id, code=RejectCode.UNKNOWN_LOT, lot=request.lot)
        view = lot.view
        flat = FLAT.get(type(request))
        if flat is not None and flat[0] is not type(view.board):
            flat = None
        if flat is None and type(request) not in FORMATS[type(view.terms.format)].offers:
            return self._rejected(lot, bidder, request, RejectCode.OTHER_FORMAT)
        if view.status is not _OPEN or lot.seller_skeletons:
            refused = self._rejection(lot, now_ms, bidder, request)
            if refused is not None:
                return refused
        if request.if_seq is not None and request.if_seq != view.seq:
            return self._rejected(lot, bidder, request, RejectCode.STATE_CHANGED)
        if flat is None:
            return self._offer(lot, now_ms, bidder, request)
        decided = flat[1](lot, now_ms, bidder.paddle, request)
        if not isinstance(decided, tuple):
            return self._rejected(lot, bidder, request, decided)
        fact, book, board = decided
        self._apply_bid(lot, fact, book, board)
        return fact

    def _offer(self, lot: LotState, now_ms: int, bidder: Bidder, request: AnyOffer) -> OfferTaken | Rejected:
        """Decide an offer on an open lot by the lot's format; this is how every offer without a flat fact is decided.

        The entry must be in the book before the fact can say what others see of it, so this applies the fact too.
        """
        spec, view = lot.spec, lot.view
        form, paddle = FORMATS[type(spec.terms.format)], bidder.paddle
        decided = form.decide(spec, lot.book, Placed(paddle, now_ms - lot.opened_at_ms, request))
        cause: CloseCause | None = None
        results: tuple[Result, ...] = ()
        entry: Any = decided
        if type(decided) is RejectCode:  # isinstance would take as long as the rest of this for an Enum
            return self._rejected(lot, bidder, request, decided)
        if isinstance(decided, Outcome):
            cause, results, entry = decided
        if entry is not None:
            self._write(lot, form, entry)
        board = form.show(spec, lot.book, is_over=cause is not None)
        public, ends_at_ms, extra_ms = True, view.ends_at_ms, 0
        if cause is not None:
            ends_at_ms = None
        elif board == view.board:
            public, board = False, view.board
        elif ends_at_ms is not None and spec.terms.soft_close is not None:
            extra_ms = soft_close_ms(lot, now_ms)
            ends_at_ms += extra_ms
        fact = OfferTaken(
            now_ms,
            view.terms.lot,
            view.seq + public,
            paddle,
            request,
            public,
            board,
            ends_at_ms,
            lot.extended_ms + extra_ms,
            entry,
            form.own(spec, lot.book, paddle),
            cause,
            results,
        )
        self._apply_offer(lot, fact)
        return fact

    def release_silent(self, now_ms: int, paddle: int) -> list[PositionReleased]:
        """Release what a bidder who is silent wanted released in that case (`while_connected`)."""
        released = []
        for name in sorted(self._watched.get(paddle, ())):
            lot = self.lots[name]
            entry = format_of(lot.spec).release(lot.spec, lot.book)
            released.append(PositionReleased(at_ms=now_ms, lot=name, seq=lot.view.seq, paddle=paddle, entry=entry))
        for fact in released:
            self.apply(fact)
        return released

    def paddles_to_watch(self) -> list[int]:
        """Return the paddles of bidders who want something released when they fall silent."""
        return sorted(paddle for paddle, lots in self._watched.items() if lots)

    def own(self, lot: LotState, paddle: int) -> AnyOwn | None:
        """Return what a bidder may know of its own position on a lot; None if it has none."""
        return format_of(lot.spec).own(lot.spec, lot.book, paddle)

    def _rejection(self, lot: LotState, now_ms: int, bidder: Bidder, request: AnyOffer) -> OfferLate | Rejected | None:
        """Return why no offer of this bidder on the lot can count now, whatever it says; None if one can."""
        view = lot.view
        match view.status:
            case LotStatus.OPEN:
                if any(skeleton in bidder.skeletons for skeleton in lot.seller_skeletons):
                    return self._rejected(lot, bidder, request, RejectCode.OWN_LOT)
                return None
            case LotStatus.SOLD | LotStatus.PASSED:
                return self._late(lot, now_ms, bidder, request)
            case LotStatus.SCHEDULED:
                wait_ms = None if view.opens_at_ms is None else max(0, view.opens_at_ms - now_ms)
                return self._rejected(lot, bidder, request, RejectCode.LOT_NOT_OPEN, wait_ms)
            case LotStatus.PAUSED:
                return self._rejected(lot, bidder, request, RejectCode.LOT_PAUSED)
            case LotStatus.WITHDRAWN:
                return self._rejected(lot, bidder, request, RejectCode.LOT_WITHDRAWN)

    def _late(self, lot: LotState, now_ms: int, bidder: Bidder, request: AnyOffer) -> OfferLate:
        view = lot.view
        late = OfferLate(
            at_ms=now_ms,
            lot=view.lot,
            seq=view.seq,
            paddle=bidder.paddle,
            request=request,
            late_ms=now_ms - (view.closed_at_ms or now_ms),
            board=view.board,
            own=self.own(lot, bidder.paddle),
        )
        self.apply(late)
        return late

    def _rejected(
        self, lot: LotState, bidder: Bidder, request: AnyOffer, code: RejectCode, retry_ms: int | None = None
    ) -> Rejected:
        view = lot.view
        return Rejected(
            id=request.id,
            code=code,
            lot=view.lot,
            seq=view.seq,
            board=view.board,
            own=self.own(lot, bidder.paddle),
            retry_ms=retry_ms,
        )

    # --- the clock ---------------------------------------------------------------------------------------------

    def next_deadline_ms(self) -> int | None:
        """Return the server time at which `advance` next has something to do; None if nothing is due."""
        if (self._order.turns and self.sale.status is SaleStatus.RUNNING) or self._is_over():
            return self._state.now_ms
        while self._clock:
            when_ms, index = self._clock[0]
            lot = self._state.lots[index]
            if self._due_ms(lot) == when_ms:
                return when_ms
            due_ms = self._due_ms(lot)
            if due_ms is not None and lot.queued_ms == when_ms:
                lot.queued_ms = due_ms
                heapq.heapreplace(self._clock, (due_ms, index))
                continue
            heapq.heappop(self._clock)
            if lot.queued_ms == when_ms:
                lot.queued_ms = None
        return None

    def may_be_due(self, now_ms: int) -> bool:
        """Return at little cost whether `advance` might have something to do by `now_ms`."""
        if self._order.turns or not self._unfinished:
            return True
        clock = self._clock
        return clock[0][0] <= now_ms if clock else False  # its first entry is never later than the first thing due

    def advance(self, now_ms: int) -> list[AnyFact]:
        """Do all that is due by `now_ms`: close lots whose time is over, and open lots whose time has come."""
        done: list[AnyFact] = []
        while (fact := self.advance_once(now_ms)) is not None:
            done.append(fact)
        return done

    def advance_once(self, now_ms: int) -> AnyFact | None:
        """Do the first thing that is due by `now_ms` and return its fact; None if nothing is due.

        The fact has the time at which it was due, not the time at which the house did it.
        """
        deadline_ms = self.next_deadline_ms()
        if deadline_ms is None or deadline_ms > now_ms:
            return None
        return self._do_next(max(deadline_ms, self._state.now_ms))

    def _do_next(self, at_ms: int) -> AnyFact:
        """Do what is due first: an opening after an earlier lot, the sale's end, or the next thing on the clock.

        Nothing is due while the sale is paused: the open lots are paused too, and none opens.
        """
        if self._order.turns:
            lot = self._order.first()
            return self._applied(lot_decision(lot, opening(lot, at_ms), HOUSE))
        if self._is_over():
            return self._applied(sale_decision(SaleEnded(self.sale.seq + 1, at_ms), HOUSE))
        due_ms, index = self._clock[0]
        lot = self._state.lots[index]
        if lot.view.status is LotStatus.SCHEDULED:
            return self._applied(lot_decision(lot, opening(lot, at_ms), HOUSE))
        if lot.steps_at_ms is not None and lot.view.ends_at_ms != due_ms:
            return self._step(lot, at_ms)
        return self._applied(lot_decision(lot, closing(lot, at_ms, CloseCause.TIME), HOUSE))

    def _applied(self, fact: AnyFact) -> AnyFact:
        self.apply(fact)
        return fact

    def _step(self, lot: LotState, at_ms: int) -> ClockStepped:
        """Have a lot's own clock act. Like an offer, its entry must be in the book before the fact can be made."""
        spec, form = lot.spec, format_of(lot.spec)
        entry = form.step(spec, lot.book)
        self._write_step(lot, entry)
        fact = ClockStepped(
            at_ms=at_ms,
            lot=lot.view.lot,
            seq=lot.view.seq + 1,
            entry=entry,
            board=form.show(spec, lot.book, is_over=False),
            ends_at_ms=lot.view.ends_at_ms,
        )
        self._state.now_ms = max(self._state.now_ms, at_ms)
        self._move(lot, clock_moved(fact))
        return fact

    def _due_ms(self, lot: LotState) -> int | None:
        view = lot.view
        if view.status is LotStatus.OPEN:
            steps_at_ms = None if lot.steps_at_ms is None else lot.opened_at_ms + lot.steps_at_ms
            if steps_at_ms is None or view.ends_at_ms is None:
                return view.ends_at_ms if steps_at_ms is None else steps_at_ms
            return min(view.ends_at_ms, steps_at_ms)
        if view.status is LotStatus.SCHEDULED and self.sale.status is SaleStatus.RUNNING:
            return view.opens_at_ms
        return None

    def _queue(self, lot: LotState) -> None:
        """Put a lot on the clock for the time when it is due. An entry that is too early moves when it is reached."""
        due_ms = self._due_ms(lot)
        if due_ms is not None and (lot.queued_ms is None or lot.queued_ms > due_ms):
            lot.queued_ms = due_ms
            heapq.heappush(self._clock, (due_ms, lot.index))

    def _is_over(self) -> bool:
        return (
            self._state.created.ends_after_last_lot
            and bool(self._state.lots)
            and not self._unfinished
            and self.sale.status is not SaleStatus.ENDED
        )

    # --- the only place where the state changes ----------------------------------------------------------------

    def apply(self, fact: AnyFact) -> None:
        """Change the state as the fact says. This decides nothing."""
        state = self._state
        if fact.at_ms > state.now_ms:
            state.now_ms = fact.at_ms
        match fact:
            case BidTaken():
                lot = self.lots[fact.lot]
                self._apply_bid(lot, fact, book_of(fact, lot.book), bid_board(fact))
            case OfferTaken():
                lot = self.lots[fact.lot]
                if fact.entry is not None:
                    self._write(lot, format_of(lot.spec), fact.entry)
                self._apply_offer(lot, fact)
            case LotListed():
                self._list(fact)
            case LotDecided():
                self._apply_change(self.lots[fact.lot], fact)
            case ClockStepped():
                lot = self.lots[fact.lot]
                self._write_step(lot, fact.entry)
                self._move(lot, clock_moved(fact))
            case PositionReleased():
                lot = self.lots[fact.lot]
                self._write(lot, format_of(lot.spec), fact.entry)
            case SaleDecided():
                self._apply_to_sale(fact)
            case HouseStarted() | HouseStoodStill():
                self._give_back(fact)
            case SaleRestored():
                state.created = msgspec.structs.replace(state.created, epoch=fact.epoch)

    def _list(self, fact: LotListed) -> None:
        spec = with_shared_terms(fact.spec)
        added = lot_added(msgspec.structs.replace(fact, spec=spec))
        self._state.sale = evolve_sale(self._state.sale, added)
        self._events.append((SALE_STREAM, added))
        lot = LotState(spec, len(self._state.lots), first_view(added), fact.seller_skeletons)
        form = format_of(spec)
        lot.book = form.open(spec)
        lot.steps_at_ms = form.due_ms(spec, lot.book)
        self._state.lots.append(lot)
        self.lots[lot.view.lot] = lot
        self._index(lot)

    def _apply_to_sale(self, fact: SaleDecided) -> None:
        state = self._state
        state.sale = evolve_sale(state.sale, fact.event)
        self._events.append((SALE_STREAM, fact.event))
        if isinstance(fact.event, SalePaused):
            state.sale_paused_at_ms = fact.at_ms
        if isinstance(fact.event, SaleResumed):
            state.sale_stood_ms += fact.at_ms - state.sale_paused_at_ms
            for lot in state.lots:
                self._queue(lot)

    def _apply_bid(self, lot: LotState, fact: BidTaken, book: AnyBook, board: AnyBoard) -> None:
        """Apply a bid that has a flat fact. `book` and `board` are those with the bid in it."""
        if fact.at_ms > self._state.now_ms:
            self._state.now_ms = fact.at_ms
        lot.book = book
        lot.extended_ms = fact.extended_ms
        if fact.while_connected or lot.watched is not None:
            self._watch(lot, format_of(lot.spec).watched(book))
        if fact.public:
            view, seq, ends_at_ms = lot.view, fact.seq, fact.ends_at_ms
            self._events.append((fact.lot, LotMoved(seq, fact.at_ms, board, ends_at_ms, fact.paddle)))
            # As `moved` would; a call would cost as much as the rest of this.
            lot.view = LotView(view.terms, board, seq, view.status, view.opens_at_ms, ends_at_ms)

    def _apply_offer(self, lot: LotState, fact: OfferTaken) -> None:
        """Apply what an offer did beside its entry in the book."""
        if fact.at_ms > self._state.now_ms:
            self._state.now_ms = fact.at_ms
        lot.extended_ms = fact.extended_ms
        if fact.cause is not None:
            self._change(lot, offer_closing(fact, fact.cause))
        elif fact.public:
            self._move(lot, offer_moved(fact))

    def _move(self, lot: LotState, event: LotMoved) -> None:
        """Apply a move of the bidding. It can only put off what is due, and a clock's entry may be too early."""
        lot.view = moved(lot.view, event)
        self._events.append((lot.view.terms.lot, event))

    def _write(self, lot: LotState, form: Format[Any, Any], entry: AnyEntry) -> None:
        """Write an entry into a lot's book, by the lot's format."""
        lot.book = form.apply(lot.spec, lot.book, entry)
        watched = form.watched(lot.book)
        if watched != lot.watched:
            self._watch(lot, watched)

    def _write_step(self, lot: LotState, entry: AnyEntry) -> None:
        """Write an entry of the lot's own clock into its book, and note when the clock acts next."""
        form = format_of(lot.spec)
        self._write(lot, form, entry)
        lot.steps_at_ms = form.due_ms(lot.spec, lot.book)

    def _watch(self, lot: LotState, watched: int | None) -> None:
        """Note whom the house must watch for silence on a lot, in place of whom it watched before."""
        if lot.watched is not None:
            self._watched[lot.watched].discard(lot.view.lot)
        if watched is not None:
            self._watched.setdefault(watched, set()).add(lot.view.lot)
        lot.watched = watched

    def apply_run(self, last: BidTaken, shown: BidTaken | None) -> None:
        """Apply many bids on one lot at once, as if `apply` had been called for each, but without events.

        `last` is the last bid, and `shown` the last public one or None. No bid may be `while_connected`, or follow one
        that is.
        """
        lot = self.lots[last.lot]
        self._state.now_ms = max(self._state.now_ms, last.at_ms)
        lot.book = book_of(last, None)
        lot.extended_ms = last.extended_ms
        if shown is not None:
            lot.view = moved(lot.view, bid_moved(shown))

    def _show(self, lot: LotState, event: AnyLotEvent) -> None:
        """Apply a public event to a lot's view."""
        lot.view = evolve(lot.view, event)
        self._events.append((lot.view.terms.lot, event))

    def _give_back(self, outage: Outage) -> None:
        """Extend all open lots by a time in which nobody could bid.

        The clock is rebuilt: moving each entry when it is reached would take several times as long.
        """
        if not outage.outage_ms:
            return
        clock = []
        for lot in self._state.lots:
            view = lot.view
            if view.status is _OPEN:
                lot.opened_at_ms += outage.outage_ms
                if view.ends_at_ms is not None:
                    self._show(lot, given_back(outage, view.seq, view.ends_at_ms))
            lot.queued_ms = self._due_ms(lot)
            if lot.queued_ms is not None:
                clock.append((lot.queued_ms, lot.index))
        heapq.heapify(clock)
        self._clock = clock

    def _apply_change(self, lot: LotState, fact: LotDecided) -> None:
        """Apply a change that the auctioneer or the clock made."""
        event = fact.event
        match event:
            case LotOpened():
                lot.opened_at_ms = event.at_ms
            case LotPaused():
                lot.stopped_at_ms = event.at_ms
            case LotResumed():
                lot.opened_at_ms += event.at_ms - lot.stopped_at_ms
        if not isinstance(event, LotExtended):
            lot.paused_with_sale = isinstance(event, LotPaused) and fact.with_sale
        self._change(lot, event)

    def _change(self, lot: LotState, event: AnyLotEvent) -> None:
        """Apply a public event that may change a lot's status or end, and bring the indexes up to date."""
        was_final = lot.view.status.is_final
        self._show(lot, event)
        self._queue(lot)
        self._order.changed(lot)
        if lot.view.status.is_final and not was_final:
            self._unfinished -= 1
            self._watch(lot, None)
            self._order.ended(lot)

    def _index(self, lot: LotState) -> None:
        """Add a lot to the indexes."""
        if not lot.view.status.is_final:
            self._unfinished += 1
        if lot.watched is not None:
            self._watched.setdefault(lot.watched, set()).add(lot.view.lot)
        self._order.join(lot)
        self._queue(lot)
