"""The state of a sale, and the only place where it changes.

`Applied` applies facts and decides nothing. Replaying the journal through `apply` therefore gives the same state.
"""

from copy import deepcopy
from typing import Any, Final, Generic, TypeVar

import msgspec
from msgspec.structs import replace

from auctioneer.rules import absentee
from auctioneer.rules.account_facts import DepositNoted, LimitSet, PaddlesLinked
from auctioneer.rules.accounts import Account, Accounts
from auctioneer.rules.fact_events import (
    answer_put_off,
    bid_board,
    bid_moved,
    clock_moved,
    given_back,
    lot_added,
    offer_closing,
)
from auctioneer.rules.facts import (
    AnyFact,
    BidConfirmed,
    BidLeft,
    BidTaken,
    ClockStepped,
    CorrectionMade,
    HouseStarted,
    HouseStoodStill,
    LeftBidVoid,
    LotDecided,
    LotListed,
    LotRewritten,
    OfferTaken,
    Outage,
    PositionReleased,
    SaleCreated,
    SaleDecided,
    SaleRestored,
    Taken,
)
from auctioneer.rules.formats.english_flat import book_of
from auctioneer.rules.formats.entries import AnyBook, AnyEntry
from auctioneer.rules.formats.format import Format
from auctioneer.rules.formats.table import format_of
from auctioneer.rules.kept_offers import drop, keep, keep_release
from auctioneer.rules.lot_clock import LotClock
from auctioneer.rules.lots import KeptOffers, LeftBid, LotState, with_shared_terms
from auctioneer.rules.opening_order import OpeningOrder
from auctioneer.rules.sources import Source
from common.evolve import evolve, evolve_sale, first_view, moved
from common.formats import AnyBoard
from common.lot import SALE_STREAM, LotStatus, LotView, SaleStatus, SaleView
from common.lot_events import (
    AnyLotEvent,
    LotConfirmed,
    LotCorrected,
    LotExtended,
    LotMoved,
    LotOpened,
    LotPaused,
    LotResumed,
    LotsReordered,
    SalePaused,
    SaleResumed,
    StreamEvent,
)

Lot = TypeVar("Lot")
_OPEN: Final = LotStatus.OPEN
"""A constant, because an Enum lookup would double the cost of each comparison."""


class EngineState(msgspec.Struct, Generic[Lot]):
    """All that a snapshot holds of the engine. `Lot` is LotState, or raw bytes while a snapshot is read."""

    created: SaleCreated
    sale: SaleView
    lots: list[Lot]
    sale_paused_at_ms: int = 0
    sale_stood_ms: int = 0
    """How long the sale was paused in all, up to the last time that it was resumed."""
    now_ms: int = 0
    accounts: dict[int, Account] = msgspec.field(default_factory=dict)
    """By paddle, what the desk noted of its limit, its deposit and its links."""


class Applied:
    """The state of one sale, with the indexes that make its parts quick to find."""

    def __init__(self, state: EngineState[LotState]) -> None:
        self._state = state
        self.lots: dict[str, LotState] = {lot.view.lot: lot for lot in state.lots}
        self._numbers: dict[str, str] = {}  # lots' numbers by their `lot_key`
        self._unfinished = 0
        self._left_bids = 0  # on all lots
        self._clock = LotClock(state)
        self._events: list[StreamEvent] = []
        self._order = OpeningOrder(state.lots)
        self.accounts = Accounts(state.accounts, state.lots, state.sale.currency)
        self._has_accounts = state.accounts  # a dict, which is empty in most sales: each offer looks at it
        self._watched: dict[int, set[str]] = {}  # by paddle: the lots on which its silence changes something
        for lot in state.lots:
            lot.queued_ms = None
            self._index(lot)

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

    # --- facts ----------------------------------------------------------------------------------------------------

    def apply(self, fact: AnyFact) -> None:
        """Change the state as the fact says. This decides nothing."""
        state = self._state
        if fact.at_ms > state.now_ms:
            state.now_ms = fact.at_ms
        match fact:
            case BidTaken():
                lot = self.lots[fact.lot]
                self._apply_fast(lot, fact, book_of(fact, lot.book), bid_board(fact))
                self.accounts.take_up_offer(lot, fact.paddle)
            case OfferTaken():
                lot = self.lots[fact.lot]
                if fact.entry is not None:
                    self._write(lot, format_of(lot.spec), fact.entry)
                self._apply_offer(lot, fact)
                self.accounts.take_up_offer(lot, fact.paddle)
            case LotListed():
                self._list(fact)
            case LotDecided():
                self._apply_change(self.lots[fact.lot], fact)
            case ClockStepped():
                lot = self.lots[fact.lot]
                self._write_step(lot, format_of(lot.spec), fact.entry)
                self._move(lot, clock_moved(fact))
            case PositionReleased():
                self._release(self.lots[fact.lot], fact)
            case SaleDecided():
                self._apply_to_sale(fact)
            case HouseStarted() | HouseStoodStill():
                self._give_back(fact)
            case _:
                self._apply_rare(fact)

    def _apply_rare(self, fact: AnyFact) -> None:
        match fact:
            case BidLeft():
                self._left_bids += absentee.leave(self.lots[fact.lot], fact.paddle, LeftBid(fact.request, fact.by))
            case LeftBidVoid():
                self._left_bids -= absentee.forget(self.lots[fact.lot], fact.paddle)
            case CorrectionMade():
                self._correct(self.lots[fact.lot], fact)
            case BidConfirmed():
                self._go_on(self.lots[fact.lot], fact)
            case LotRewritten():
                self._rewrite(self.lots[fact.lot], fact)
            case LimitSet() | DepositNoted() | PaddlesLinked():
                self.accounts.apply(fact)
            case SaleRestored():
                self._state.created = replace(self._state.created, epoch=fact.epoch)

    def _list(self, fact: LotListed) -> None:
        spec = with_shared_terms(fact.spec)
        added = lot_added(msgspec.structs.replace(fact, spec=spec))
        self._state.sale = evolve_sale(self._state.sale, added)
        self._events.append((SALE_STREAM, added))
        lot = LotState(spec, len(self._state.lots), first_view(added), fact.seller_skeletons)
        form = format_of(spec)
        lot.book = form.open(spec)
        lot.steps_at_ms = form.due_ms(spec, lot.book)
        if self._state.created.corrections:
            lot.kept = KeptOffers(form.open(spec))
        self._state.lots.append(lot)
        self.lots[lot.view.lot] = lot
        self._index(lot)

    def _apply_to_sale(self, fact: SaleDecided) -> None:
        state = self._state
        state.sale = evolve_sale(state.sale, fact.event)
        self._events.append((SALE_STREAM, fact.event))
        if isinstance(fact.event, LotsReordered):
            self._reorder(fact.event)
        if isinstance(fact.event, SalePaused):
            state.sale_paused_at_ms = fact.at_ms
        if isinstance(fact.event, SaleResumed):
            state.sale_stood_ms += fact.at_ms - state.sale_paused_at_ms
            for lot in state.lots:
                self._clock.put(lot)

    def _reorder(self, event: LotsReordered) -> None:
        """Give a lot another place. All indexes go by the places, so they are made again."""
        lots = self._state.lots
        lot = lots.pop(self.lots[event.lot].index)
        place = self.lots[event.before].index if event.before else len(lots)
        lots.insert(place - (lot.index < place) if event.before else place, lot)
        self._numbers.clear()
        self._order = OpeningOrder(lots)
        for index, each in enumerate(lots):
            each.index = index
            self._order.join(each)
        self._clock.rebuild()

    def _apply_fast(self, lot: LotState, fact: Taken, book: AnyBook, board: AnyBoard) -> None:
        """Apply an offer that was decided on a fast path. `book` and `board` are those with the offer in it."""
        at_ms, view = fact.at_ms, lot.view
        if at_ms > self._state.now_ms:
            self._state.now_ms = at_ms
        if book is not lot.book:
            lot.book = book
        if fact.extended_ms != lot.extended_ms:
            lot.extended_ms = fact.extended_ms
        if lot.kept is not None:
            keep(lot, lot.kept, fact)
        if lot.watched is not None or (type(fact) is BidTaken and fact.while_connected):
            self._watch(lot, format_of(lot.spec).watched(book))
        if fact.public:
            terms, seq, ends_at_ms = view.terms, fact.seq, fact.ends_at_ms
            self._events.append((terms.lot, LotMoved(seq, at_ms, board, ends_at_ms, fact.paddle)))
            # As `moved` would; a call would cost as much as the rest of this.
            lot.view = LotView(terms, board, seq, view.status, view.opens_at_ms, ends_at_ms)

    def _apply_offer(self, lot: LotState, fact: OfferTaken) -> None:
        """Apply what an offer did beside its entry in the book."""
        at_ms = fact.at_ms
        if at_ms > self._state.now_ms:
            self._state.now_ms = at_ms
        if fact.extended_ms != lot.extended_ms:
            lot.extended_ms = fact.extended_ms
        if lot.left and fact.source is Source.ABSENTEE:
            self._left_bids -= absentee.forget(lot, fact.paddle)
        if lot.kept is not None:
            keep(lot, lot.kept, fact)
        if fact.cause is not None:
            self._change(lot, offer_closing(fact, fact.cause))
        elif fact.public:
            self._move(lot, LotMoved(fact.seq, at_ms, fact.board, fact.ends_at_ms, fact.paddle))

    def _release(self, lot: LotState, fact: PositionReleased) -> None:
        self._write(lot, format_of(lot.spec), fact.entry)
        if lot.kept is not None:
            keep_release(lot, lot.kept, fact)

    def _move(self, lot: LotState, event: LotMoved) -> None:
        """Apply a move of the bidding. It can only put off what is due, and a clock's entry may be too early."""
        view = lot.view
        terms = view.terms
        # As `moved` would; a call would cost as much as the rest of this.
        lot.view = LotView(terms, event.board, event.seq, view.status, view.opens_at_ms, event.ends_at_ms)
        self._events.append((terms.lot, event))

    def _write(self, lot: LotState, form: Format[Any, Any], entry: AnyEntry) -> AnyBook:
        """Write an entry into a lot's book, by the lot's format. Return the book."""
        book: AnyBook = form.apply(lot.spec, lot.book, entry)
        if book is not lot.book:
            lot.book = book
        watched = form.watched(book)
        if watched != lot.watched:
            self._watch(lot, watched)
        return book

    def _write_step(self, lot: LotState, form: Format[Any, Any], entry: AnyEntry) -> None:
        """Write an entry of the lot's own clock into its book, and note when the clock acts next."""
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
        self.accounts.look_at_all()
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
        """Extend all open lots, and the time for answers, by a time in which nobody could be heard."""
        if not outage.outage_ms:
            return
        for lot in self._state.lots:
            view = lot.view
            if view.status is _OPEN:
                lot.opened_at_ms += outage.outage_ms
                if view.ends_at_ms is not None:
                    self._show(lot, given_back(outage, view.seq, view.ends_at_ms))
            elif view.asked is not None and view.asked.until_ms is not None:
                self._show(lot, answer_put_off(outage, view.seq, view.asked, view.asked.until_ms))
        self._clock.rebuild()

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
        before = lot.view.status
        self._show(lot, event)
        status = lot.view.status
        if before is _OPEN and status.is_final:
            lot.stopped_at_ms = event.at_ms
        self._clock.put(lot)
        self._order.changed(lot)
        if status.is_final and not before.is_final:
            self._unfinished -= 1
            self._left_bids -= len(lot.left or ())
            lot.left = None
            lot.opens_after = False
            self._watch(lot, None)
            self._order.ended(lot)
        elif before.is_final and not status.is_final:
            self._unfinished += 1
            self._order.reopened(lot, was_withdrawn=before is LotStatus.WITHDRAWN)

    def _correct(self, lot: LotState, fact: CorrectionMade) -> None:
        """Apply a correction. The fact keeps its book as it is, since the lot's may be changed in place later."""
        form, event = format_of(lot.spec), fact.event
        lot.book = deepcopy(fact.book)
        if lot.kept is not None:
            drop(lot.kept, frozenset(fact.void))
        lot.steps_at_ms = form.due_ms(lot.spec, lot.book)
        lot.is_revived = fact.is_revived
        if event is not None:
            before = lot.view
            if before.status.is_final and not event.status.is_final:
                stands_at_ms = form.stands_at_ms(lot.spec, lot.book)
                stood_ms = event.at_ms - lot.stopped_at_ms
                lot.opened_at_ms = lot.opened_at_ms + stood_ms if stands_at_ms is None else event.at_ms - stands_at_ms
                lot.extended_ms = 0
                if event.status is LotStatus.PAUSED:
                    lot.stopped_at_ms = event.at_ms
            self._stop_or_start(lot, before, event)
            self._change(lot, event)
            self._clock.rebuild()
        watched = None if lot.view.status.is_final else form.watched(lot.book)
        if watched != lot.watched:
            self._watch(lot, watched)
        self.accounts.take_up(lot)

    def _go_on(self, lot: LotState, fact: BidConfirmed) -> None:
        """Apply the answer of a bidder who stands by its bid."""
        lot.is_revived = False
        self._stop_or_start(lot, lot.view, fact.event)
        self._change(lot, fact.event)

    def _stop_or_start(self, lot: LotState, before: LotView, event: LotCorrected | LotConfirmed) -> None:
        """Stop a lot's time as its leader is asked, and let it run again once nobody is asked any more."""
        if before.status is _OPEN and event.status is LotStatus.PAUSED:
            lot.stopped_at_ms = event.at_ms
        elif before.status is LotStatus.PAUSED and event.status is _OPEN:
            lot.opened_at_ms += event.at_ms - lot.stopped_at_ms
        if isinstance(event, LotCorrected) and event.asked is not None:
            if before.asked is None:
                lot.opens_after = before.status is not LotStatus.PAUSED or lot.paused_with_sale
            lot.paused_with_sale = False
        elif before.asked is not None:
            is_sale_paused = self.sale.status is SaleStatus.PAUSED
            lot.paused_with_sale = lot.opens_after and event.status is LotStatus.PAUSED and is_sale_paused
            lot.opens_after = False

    def _rewrite(self, lot: LotState, fact: LotRewritten) -> None:
        """Apply a correction of the catalogue. With other terms of the bidding, earlier offers are settled."""
        spec = with_shared_terms(fact.spec)
        form, is_other_bidding = format_of(spec), spec.terms.format != lot.spec.terms.format
        lot.spec, lot.is_rewritten, lot.seller_skeletons = spec, True, fact.seller_skeletons
        if lot.view.status is LotStatus.SCHEDULED:
            lot.book = form.open(spec)
            lot.steps_at_ms = form.due_ms(spec, lot.book)
        if lot.kept is not None and is_other_bidding:
            lot.kept = KeptOffers(deepcopy(lot.book), lot.kept.last_number)
        self._change(lot, replace(fact.event, terms=spec.terms))
        self._clock.rebuild()

    def _index(self, lot: LotState) -> None:
        """Add a lot to the indexes."""
        if not lot.view.status.is_final:
            self._unfinished += 1
        if lot.watched is not None:
            self._watched.setdefault(lot.watched, set()).add(lot.view.lot)
        self._left_bids += len(lot.left or ())
        self._order.join(lot)
        self._clock.put(lot)
