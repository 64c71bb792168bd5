"""The engine: the state of the sale and every rule that does not belong to one format. It does no IO.

Time is an argument (`now_ms`, server time, which never goes back). The engine decides a command, applies its facts at
once, and returns them to be journaled; a rejection changes nothing. Only the last section of the class changes the
state. Replaying the journal through `apply` therefore gives the same engine.

If the journal can't store the facts, the engine is ahead of the record: discard it and build it again.
"""

import heapq
from typing import Final, Generic, NamedTuple, TypeVar

import msgspec

from auctioneer.rules.facts import (
    AnyFact,
    BidLate,
    BidTaken,
    HouseStarted,
    HouseStoodStill,
    LotBought,
    LotDecided,
    LotListed,
    MaximumDropped,
    Outage,
    SaleCreated,
    SaleDecided,
    SaleRestored,
    bid_placed,
    given_back,
    lot_added,
    purchase_closing,
    sale_decision,
)
from auctioneer.rules.formats import english
from auctioneer.rules.lots import LotState, closing, lot_decision, opening, soft_close_ms, with_shared_table
from auctioneer.rules.opening_order import OpeningOrder
from auctioneer.rules.sale_settings import HOUSE
from common.errors import RejectCode
from common.limits import AMOUNT_MINOR_MAX
from common.lot import (
    SALE_STREAM,
    AnyLotEvent,
    CloseCause,
    LotExtended,
    LotPaused,
    LotStatus,
    LotView,
    SaleEnded,
    SalePaused,
    SaleResumed,
    SaleStatus,
    SaleView,
    StreamEvent,
    evolve,
    evolve_sale,
    first_view,
    with_bid,
)
from common.lot_numbers import lot_key
from common.messages import BidRequest, BuyRequest, Rejected

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
        self._drops_when_silent: dict[int, set[str]] = {}
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

    def bid(self, now_ms: int, bidder: Bidder, request: BidRequest) -> BidTaken | BidLate | Rejected:
        """Decide a bid that was received at `now_ms`; `advance` must have been called for that time."""
        lot = self.lots.get(request.lot)
        if lot is None:
            return Rejected(id=request.id, code=RejectCode.UNKNOWN_LOT, lot=request.lot)
        view, reserve_minor = lot.view, lot.spec.reserve_minor
        terms = view.terms
        if view.status is not _OPEN or lot.seller_skeletons:
            refused = self._rejection(lot, now_ms, bidder, request)
            if refused is not None:
                return refused
        if (request.if_seq is not None and request.if_seq != view.seq) or (
            request.if_price_minor is not None and request.if_price_minor != (view.price_minor or 0)
        ):
            return self._rejected(view, bidder, request, RejectCode.STATE_CHANGED)
        book = english.decide_bid(
            terms,
            reserve_minor,
            lot.book,
            view.minimum_minor,
            bidder.paddle,
            request.amount_minor,
            request.maximum_minor,
        )
        if type(book) is not english.Book:
            return self._rejected(view, bidder, request, book)
        price_minor = book.price_minor
        minimum_minor = english.minimum_bid(terms, price_minor)
        if minimum_minor > AMOUNT_MINOR_MAX:
            return self._rejected(view, bidder, request, RejectCode.OVER_LIMIT)
        public = price_minor != view.price_minor or book.leader != view.leader
        reserve_met = None if reserve_minor is None else english.is_reserve_met(reserve_minor, price_minor)
        extra_ms = soft_close_ms(lot, now_ms) if public and terms.soft_close is not None else 0
        taken = BidTaken(
            now_ms,
            view.lot,
            view.seq + public,
            bidder.paddle,
            request.id,
            request.amount_minor,
            request.maximum_minor,
            public,
            price_minor,
            minimum_minor,
            book.leader,
            book.leader_maximum_minor,
            book.rival_maximum_minor,
            None if view.ends_at_ms is None else view.ends_at_ms + extra_ms,
            lot.extended_ms + extra_ms,
            reserve_met,
            None if reserve_met is None else english.buy_now_after(terms, reserve_met),
            request.if_seq,
            request.if_price_minor,
            request.while_connected,
        )
        self._apply_bid(lot, taken, book)
        return taken

    def buy(self, now_ms: int, bidder: Bidder, request: BuyRequest) -> LotBought | BidLate | Rejected:
        """Decide a purchase at the buy-now price; it closes the lot."""
        lot = self.lots.get(request.lot)
        if lot is None:
            return Rejected(id=request.id, code=RejectCode.UNKNOWN_LOT, lot=request.lot)
        refused = self._rejection(lot, now_ms, bidder, request)
        if refused is not None:
            return refused
        view = lot.view
        if view.buy_now_minor is None or view.buy_now_minor != request.price_minor:
            return self._rejected(view, bidder, request, RejectCode.NO_BUY_NOW)
        bought = LotBought(
            at_ms=now_ms,
            lot=view.lot,
            seq=view.seq + 1,
            paddle=bidder.paddle,
            request=request,
            price_minor=request.price_minor,
        )
        self.apply(bought)
        return bought

    def drop_maxima(self, now_ms: int, paddle: int) -> list[MaximumDropped]:
        """Drop the rest of the maxima of a bidder who is silent and had asked for this (`while_connected`)."""
        dropped = []
        for name in sorted(self._drops_when_silent.get(paddle, ())):
            lot = self.lots[name]
            if lot.book is not None:
                price_minor = lot.book.price_minor
                dropped.append(
                    MaximumDropped(
                        at_ms=now_ms, lot=name, seq=lot.view.seq, paddle=paddle, leader_maximum_minor=price_minor
                    )
                )
        for fact in dropped:
            self.apply(fact)
        return dropped

    def paddles_to_watch(self) -> list[int]:
        """Return the paddles of bidders who asked that their maxima be dropped when they fall silent."""
        return sorted(paddle for paddle, lots in self._drops_when_silent.items() if lots)

    def _rejection(
        self, lot: LotState, now_ms: int, bidder: Bidder, request: BidRequest | BuyRequest
    ) -> BidLate | Rejected | None:
        """Return why no bid of this bidder on the lot can count now, whatever its amount; None if one can."""
        view = lot.view
        match view.status:
            case LotStatus.OPEN:
                if any(skeleton in bidder.skeletons for skeleton in lot.seller_skeletons):
                    return self._rejected(view, bidder, request, RejectCode.OWN_LOT)
                return None
            case LotStatus.SOLD | LotStatus.PASSED:
                return self._late(lot, now_ms, bidder, request)
            case LotStatus.SCHEDULED:
                wait_ms = None if view.opens_at_ms is None else max(0, view.opens_at_ms - now_ms)
                return self._rejected(view, bidder, request, RejectCode.LOT_NOT_OPEN, wait_ms)
            case LotStatus.PAUSED:
                return self._rejected(view, bidder, request, RejectCode.LOT_PAUSED)
            case LotStatus.WITHDRAWN:
                return self._rejected(view, bidder, request, RejectCode.LOT_WITHDRAWN)

    def _late(self, lot: LotState, now_ms: int, bidder: Bidder, request: BidRequest | BuyRequest) -> BidLate:
        view = lot.view
        late = BidLate(
            at_ms=now_ms,
            lot=view.lot,
            seq=view.seq,
            paddle=bidder.paddle,
            request=request,
            late_ms=now_ms - (view.closed_at_ms or now_ms),
            price_minor=view.price_minor,
            minimum_minor=view.minimum_minor,
            leading=view.leader == bidder.paddle,
        )
        self.apply(late)
        return late

    @staticmethod
    def _rejected(
        view: LotView,
        bidder: Bidder,
        request: BidRequest | BuyRequest,
        code: RejectCode,
        retry_ms: int | None = None,
    ) -> Rejected:
        return Rejected(
            id=request.id,
            code=code,
            lot=view.lot,
            seq=view.seq,
            price_minor=view.price_minor,
            minimum_minor=view.minimum_minor,
            leading=view.leader == bidder.paddle,
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
            heapq.heappop(self._clock)
            if lot.queued_ms == when_ms:
                lot.queued_ms = None
                self._queue(lot)
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
        fact = self._next_due(max(deadline_ms, self._state.now_ms))
        self.apply(fact)
        return fact

    def _next_due(self, at_ms: int) -> AnyFact:
        """Return the fact that is due first: an opening after an earlier lot, the sale's end, or the next on the clock.

        Nothing is due while the sale is paused: the open lots are paused too, and none opens.
        """
        if self._order.turns:
            lot = self._order.first()
            return lot_decision(lot, opening(lot, at_ms), HOUSE)
        if self._is_over():
            return sale_decision(SaleEnded(self.sale.seq + 1, at_ms), HOUSE)
        lot = self._state.lots[self._clock[0][1]]
        if lot.view.status is LotStatus.SCHEDULED:
            return lot_decision(lot, opening(lot, at_ms), HOUSE)
        return lot_decision(lot, closing(lot, at_ms, CloseCause.TIME), HOUSE)

    def _due_ms(self, lot: LotState) -> int | None:
        view = lot.view
        if view.status is LotStatus.OPEN:
            return view.ends_at_ms
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
                book = english.Book(fact.price_minor, fact.leader, fact.leader_maximum_minor, fact.rival_maximum_minor)
                self._apply_bid(self.lots[fact.lot], fact, book)
            case LotListed():
                self._list(fact)
            case LotDecided() | LotBought():
                self._apply_change(fact)
            case MaximumDropped():
                lot = self.lots[fact.lot]
                if lot.book is not None:
                    lot.book = msgspec.structs.replace(lot.book, leader_maximum_minor=fact.leader_maximum_minor)
                lot.drops_when_silent = False
                self._drops_when_silent.get(fact.paddle, set()).discard(fact.lot)
            case SaleDecided():
                self._apply_to_sale(fact)
            case HouseStarted() | HouseStoodStill():
                self._give_back(fact)
            case SaleRestored():
                state.created = msgspec.structs.replace(state.created, epoch=fact.epoch)

    def _list(self, fact: LotListed) -> None:
        spec = with_shared_table(fact.spec)
        added = lot_added(msgspec.structs.replace(fact, spec=spec))
        self._state.sale = evolve_sale(self._state.sale, added)
        self._events.append((SALE_STREAM, added))
        lot = LotState(spec, len(self._state.lots), first_view(added), fact.seller_skeletons)
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

    def _apply_bid(self, lot: LotState, fact: BidTaken, book: english.Book) -> None:
        """Apply a bid. `book` repeats what the fact says; a caller that has just decided the bid already has it."""
        if fact.at_ms > self._state.now_ms:
            self._state.now_ms = fact.at_ms
        if (lot.drops_when_silent or fact.while_connected) and fact.leader == fact.paddle:
            self._note_while_connected(lot, fact)
        lot.book = book
        lot.extended_ms = fact.extended_ms
        if fact.public:
            placed = bid_placed(fact)
            lot.view = with_bid(lot.view, placed)
            self._events.append((fact.lot, placed))

    def _note_while_connected(self, lot: LotState, fact: BidTaken) -> None:
        """Update who must be watched for silence; call it before the bid replaces the lot's book."""
        if lot.book is not None:
            self._drops_when_silent.get(lot.book.leader, set()).discard(fact.lot)
        lot.drops_when_silent = fact.while_connected
        if fact.while_connected:
            self._drops_when_silent.setdefault(fact.paddle, set()).add(fact.lot)

    def apply_run(self, last: BidTaken, shown: BidTaken | None, public_bids: int) -> None:
        """Apply many bids on one lot at once, as if `apply` had been called for each, but without events.

        `last` is the last bid, `shown` the last public one or None, and `public_bids` the number of public ones. No bid
        may be `while_connected`, or follow one that is.
        """
        lot = self.lots[last.lot]
        self._state.now_ms = max(self._state.now_ms, last.at_ms)
        lot.book = english.Book(last.price_minor, last.leader, last.leader_maximum_minor, last.rival_maximum_minor)
        lot.extended_ms = last.extended_ms
        if shown is not None:
            bids = lot.view.bids + public_bids
            lot.view = msgspec.structs.replace(with_bid(lot.view, bid_placed(shown)), bids=bids)

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
            if view.status is _OPEN and view.ends_at_ms is not None:
                self._show(lot, given_back(outage, view.seq, view.ends_at_ms))
            lot.queued_ms = self._due_ms(lot)
            if lot.queued_ms is not None:
                clock.append((lot.queued_ms, lot.index))
        heapq.heapify(clock)
        self._clock = clock

    def _apply_change(self, fact: LotDecided | LotBought) -> None:
        lot = self.lots[fact.lot]
        was_final = lot.view.status.is_final
        self._show(lot, fact.event if isinstance(fact, LotDecided) else purchase_closing(fact))
        if isinstance(fact, LotDecided) and not isinstance(fact.event, LotExtended):
            lot.paused_with_sale = isinstance(fact.event, LotPaused) and fact.with_sale
        self._queue(lot)
        self._order.changed(lot)
        if lot.view.status.is_final and not was_final:
            self._unfinished -= 1
            if lot.book is not None and lot.drops_when_silent:
                self._drops_when_silent.get(lot.book.leader, set()).discard(fact.lot)
            self._order.ended(lot)

    def _index(self, lot: LotState) -> None:
        """Add a lot to the indexes."""
        if not lot.view.status.is_final:
            self._unfinished += 1
            if lot.book is not None and lot.drops_when_silent:
                self._drops_when_silent.setdefault(lot.book.leader, set()).add(lot.view.lot)
        self._order.join(lot)
        self._queue(lot)
