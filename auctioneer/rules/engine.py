"""The engine: the state of the sale and every rule that does not belong to one format. It does no IO.

Time is an argument (`now_ms`, server time, which never goes back). The engine decides a command, applies its facts at
once, and returns them to be journaled; a rejection changes nothing. `Applied` changes
the state, and replaying the journal through it gives the same engine.

If the journal can't store the facts, the engine is ahead of the record: discard it and build it again.
"""

from typing import Any, Final

from msgspec import Struct

from auctioneer.rules import absentee
from auctioneer.rules.applying import Applied, EngineState
from auctioneer.rules.corrected import unanswered
from auctioneer.rules.facts import (
    AnyFact,
    BidLeft,
    ClockStepped,
    LeftBidVoid,
    OfferLate,
    OfferTaken,
    PositionReleased,
    SaleCreated,
    Taken,
    sale_decision,
)
from auctioneer.rules.formats.format import Outcome, Placed
from auctioneer.rules.formats.table import FAST, FORMATS, closing, format_of
from auctioneer.rules.lot_clock import INDEX_BITS
from auctioneer.rules.lots import LotState, lot_decision, opening, soft_close_ms
from auctioneer.rules.sources import THE_BIDDER, Placer, Source
from common.absentee import LeaveBidRequest
from common.clerk_names import HOUSE
from common.errors import RejectCode
from common.formats import AnyOffer, AnyOwn
from common.limits import ABSENTEE_BIDS_MAX
from common.lot import CloseCause, LotStatus, Result, SaleStatus, SaleView
from common.lot_events import LotMoved, SaleEnded
from common.lot_numbers import lot_key
from common.messages import Rejected
from common.the_house import HOUSE_PADDLE

_OPEN: Final = LotStatus.OPEN
"""A constant, because an Enum lookup would double the cost of each comparison."""


class Bidder(Struct, frozen=True, gc=False):
    """What the rules know of a bidder: the paddle, and the skeletons of the name, which reveal a seller."""

    paddle: int
    skeletons: tuple[str, ...]


THE_HOUSE: Final = Bidder(HOUSE_PADDLE, ())
"""Who makes the house bids; it is no bidder, and the record has no name for it."""


def _is_seller(lot: LotState, bidder: Bidder) -> bool:
    return any(skeleton in bidder.skeletons for skeleton in lot.seller_skeletons)


class Engine(Applied):
    """One sale. Call `create` for a new one, or pass the state from a snapshot to the constructor."""

    @classmethod
    def create(cls, created: SaleCreated) -> "Engine":
        """Return the engine of a sale that has just been created, without lots."""
        sale = SaleView(
            created.sale,
            created.title,
            created.currency,
            started_at_ms=created.at_ms,
            revived_answer_ms=created.revived_answer_ms,
            retractions=created.retractions,
        )
        return cls(EngineState(created, sale, [], now_ms=created.at_ms))

    # --- bidders -----------------------------------------------------------------------------------------------

    def find(self, number: str) -> LotState | None:
        """Return the lot that a person means by a number, even if the house writes that number in another way."""
        for lot in self.catalogue[len(self._numbers) :]:  # lots are never removed, so each is looked at once
            self._numbers[lot_key(lot.view.lot)] = lot.view.lot
        meant = self._numbers.get(lot_key(number))
        return None if meant is None else self.lots[meant]

    def offer(self, now_ms: int, bidder: Bidder, request: AnyOffer) -> Taken | BidLeft | OfferLate | Rejected:
        """Decide an offer that was received at `now_ms`; `advance` must have been called for that time."""
        lot = self.lots.get(request.lot)
        if lot is None:
            return Rejected(id=request.id, code=RejectCode.UNKNOWN_LOT, lot=request.lot)
        view = lot.view
        fast = FAST.get(type(request))
        if (
            fast is not None
            and not (fast[1] and self._has_accounts)
            and view.status is _OPEN
            and not (lot.seller_skeletons and _is_seller(lot, bidder))
            and (request.if_seq is None or request.if_seq == view.seq)
        ):
            decided = fast[0](lot, now_ms, bidder.paddle, request)
            if isinstance(decided, tuple):
                if self._has_accounts and (barred := self._barred(lot, now_ms, bidder, request, THE_BIDDER)):
                    return barred
                fact, book, board = decided
                self._apply_fast(lot, fact, book, board)
                return fact
            if decided is not None:
                return self.rejected(lot, bidder, request, decided)
        if type(request) not in FORMATS[type(view.terms.format)].offers:
            if type(request) is LeaveBidRequest:
                return self._leave(lot, now_ms, bidder, request, THE_BIDDER)
            return self.rejected(lot, bidder, request, RejectCode.OTHER_FORMAT)
        if view.status is not _OPEN or lot.seller_skeletons:
            refused = self._rejection(lot, now_ms, bidder, request)
            if refused is not None:
                return refused
        if request.if_seq is not None and request.if_seq != view.seq:
            return self.rejected(lot, bidder, request, RejectCode.STATE_CHANGED)
        return self._offer(lot, now_ms, bidder, request)

    def offer_for(
        self, now_ms: int, bidder: Bidder, request: AnyOffer, placer: Placer
    ) -> OfferTaken | BidLeft | OfferLate | Rejected:
        """Decide an offer that a clerk makes for a bidder, by the rules of `offer`. It never has a flat fact.

        An offer of the source `house` is that of THE_HOUSE, and no other is.
        """
        lot = self.lots.get(request.lot)
        if lot is None:
            return Rejected(id=request.id, code=RejectCode.UNKNOWN_LOT, lot=request.lot)
        if type(request) is LeaveBidRequest:
            return self._leave(lot, now_ms, bidder, request, placer)
        form = format_of(lot.spec)
        if type(request) not in form.offers or (placer.source is Source.HOUSE and not form.takes_house_bids):
            return self.rejected(lot, bidder, request, RejectCode.OTHER_FORMAT)
        refused = self._rejection(lot, now_ms, bidder, request, placer)
        if refused is not None:
            return refused
        if request.if_seq is not None and request.if_seq != lot.view.seq:
            return self.rejected(lot, bidder, request, RejectCode.STATE_CHANGED)
        return self._offer(lot, now_ms, bidder, request, placer)

    def _leave(
        self, lot: LotState, now_ms: int, bidder: Bidder, request: LeaveBidRequest, placer: Placer
    ) -> BidLeft | OfferLate | Rejected:
        """Decide a bid that is left before the lot opens, or taken back."""
        view, paddle = lot.view, bidder.paddle
        code: RejectCode | None = RejectCode.ALREADY_OPEN
        if view.status is LotStatus.SCHEDULED:
            code = RejectCode.OWN_LOT if _is_seller(lot, bidder) else absentee.why_not(lot, paddle, request)
            is_new = request.amount_minor is not None and not (lot.left and paddle in lot.left)
            if code is None and is_new and self._left_bids >= ABSENTEE_BIDS_MAX:
                code = RejectCode.HOUSE_FULL
        elif view.status.is_final:
            refused = self._rejection(lot, now_ms, bidder, request, placer)
            assert refused is not None, "nothing counts on a lot that is over"
            return refused
        if code is not None:
            return self.rejected(lot, bidder, request, code)
        barred = self.accounts.why_not_left(lot, paddle, request) if request.amount_minor is not None else None
        if barred is not None:
            return self.rejected(lot, bidder, request, barred.code, detail=barred.told_to(placer))
        fact = BidLeft(
            at_ms=now_ms,
            lot=view.lot,
            seq=view.seq,
            paddle=paddle,
            request=request,
            board=view.board,
            own=absentee.own_after(lot, paddle, request),
            source=placer.source,
            by=placer.by,
        )
        self.apply(fact)
        return fact

    def _place_left(self, lot: LotState, at_ms: int) -> OfferTaken | LeftBidVoid:
        """Make the first of the bids that were left for the opening of a lot."""
        assert lot.left, "the clock looks at the lot for them"
        paddle, left = next(iter(lot.left.items()))
        offer = format_of(lot.spec).offer_left(left.request)
        assert offer is not None, "it was left on a lot that has such bids"
        made = self._offer(lot, at_ms, Bidder(paddle, ()), offer, Placer(Source.ABSENTEE, left.by))
        if isinstance(made, OfferTaken):
            return made
        void = LeftBidVoid(
            at_ms=at_ms, lot=lot.view.lot, seq=lot.view.seq, paddle=paddle, request=left.request, code=made.code
        )
        self.apply(void)
        return void

    def _offer(
        self, lot: LotState, now_ms: int, bidder: Bidder, request: AnyOffer, placer: Placer = THE_BIDDER
    ) -> OfferTaken | Rejected:
        """Decide an offer on an open lot by the lot's format; this is how every offer without a flat fact is decided.

        The entry must be in the book before the fact can say what others see of it, so this applies the fact too.
        """
        spec, view, paddle = lot.spec, lot.view, bidder.paddle
        terms = view.terms
        form = FORMATS[type(terms.format)]
        entry: Any = form.decide(spec, lot.book, Placed(paddle, now_ms - lot.opened_at_ms, request))
        cause: CloseCause | None = None
        results: tuple[Result, ...] = ()
        if type(entry) is RejectCode:  # isinstance would take as long as the rest of this for an Enum
            return self.rejected(lot, bidder, request, entry)
        if self._has_accounts and (refused := self._barred(lot, now_ms, bidder, request, placer)):
            return refused
        if type(entry) is Outcome:
            cause, results, entry = entry
        book = lot.book
        if entry is not None:
            book = self._write(lot, form, entry)
        board = form.show(spec, book, is_over=cause is not None)
        public, seq, ends_at_ms, extra_ms = True, view.seq + 1, view.ends_at_ms, 0
        if cause is not None:
            ends_at_ms = None
        elif board == view.board:
            public, seq, board = False, view.seq, view.board
        elif ends_at_ms is not None and terms.soft_close is not None:
            extra_ms = soft_close_ms(lot, now_ms)
            ends_at_ms += extra_ms
        fact = OfferTaken(
            now_ms,
            terms.lot,
            seq,
            paddle,
            request,
            public,
            board,
            ends_at_ms,
            lot.extended_ms + extra_ms,
            entry,
            form.own(spec, book, paddle),
            cause,
            results,
            placer.source,
            placer.by,
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
        if lot.left and lot.view.status is LotStatus.SCHEDULED:
            return absentee.own_left(lot, paddle)
        return format_of(lot.spec).own(lot.spec, lot.book, paddle)

    def _rejection(
        self, lot: LotState, now_ms: int, bidder: Bidder, request: AnyOffer, placer: Placer = THE_BIDDER
    ) -> OfferLate | Rejected | None:
        """Return why no offer of this bidder on the lot can count now, whatever it says; None if one can."""
        view = lot.view
        match view.status:
            case LotStatus.OPEN:
                if _is_seller(lot, bidder):
                    return self.rejected(lot, bidder, request, RejectCode.OWN_LOT)
                return None
            case LotStatus.SOLD | LotStatus.PASSED:
                return self._late(lot, now_ms, bidder, request, placer)
            case LotStatus.SCHEDULED:
                wait_ms = None if view.opens_at_ms is None else max(0, view.opens_at_ms - now_ms)
                return self.rejected(lot, bidder, request, RejectCode.LOT_NOT_OPEN, wait_ms)
            case LotStatus.PAUSED:
                detail = "" if view.asked is None else f"paddle {view.asked.paddle} is asked whether its bid stands"
                return self.rejected(lot, bidder, request, RejectCode.LOT_PAUSED, detail=detail)
            case LotStatus.WITHDRAWN:
                return self.rejected(lot, bidder, request, RejectCode.LOT_WITHDRAWN)

    def _barred(self, lot: LotState, now_ms: int, bidder: Bidder, request: AnyOffer, placer: Placer) -> Rejected | None:
        """Return why an offer that the lot's format accepts can't count for its bidder's account; None if it can."""
        barred = self.accounts.why_not(lot, Placed(bidder.paddle, now_ms - lot.opened_at_ms, request))
        if barred is None:
            return None
        return self.rejected(lot, bidder, request, barred.code, detail=barred.told_to(placer))

    def _late(self, lot: LotState, now_ms: int, bidder: Bidder, request: AnyOffer, placer: Placer) -> OfferLate:
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
            source=placer.source,
            by=placer.by,
        )
        self.apply(late)
        return late

    def rejected(
        self,
        lot: LotState,
        bidder: Bidder,
        request: AnyOffer,
        code: RejectCode,
        retry_ms: int | None = None,
        detail: str = "",
    ) -> Rejected:
        """Return the verdict that refuses an offer on a lot, with how the lot stands."""
        view = lot.view
        return Rejected(
            id=request.id,
            code=code,
            lot=view.lot,
            seq=view.seq,
            board=view.board,
            own=self.own(lot, bidder.paddle),
            retry_ms=retry_ms,
            detail=detail,
        )

    # --- the clock ---------------------------------------------------------------------------------------------

    def next_deadline_ms(self) -> int | None:
        """Return the server time at which `advance` next has something to do; None if nothing is due."""
        if self._is_due_at_once():
            return self._state.now_ms
        lot = self._clock.first()
        return None if lot is None else lot.queued_ms

    def may_be_due(self, now_ms: int) -> bool:
        """Return at little cost whether `advance` might have something to do by `now_ms`."""
        if self._order.turns or not self._unfinished:
            return True
        entries = self._clock.entries  # the first is never later than the first thing due
        return entries[0] >> INDEX_BITS <= now_ms if entries else False

    def advance(self, now_ms: int) -> list[AnyFact]:
        """Do all that is due by `now_ms`: close and open lots whose time has come, and end waits for answers."""
        done: list[AnyFact] = []
        while (fact := self.advance_once(now_ms)) is not None:
            done.append(fact)
        return done

    def advance_once(self, now_ms: int) -> AnyFact | None:
        """Do the first thing that is due by `now_ms` and return its fact; None if nothing is due.

        The fact has the time at which it was due, not the time at which the house did it.
        """
        if (self._order.turns or not self._unfinished) and self._is_due_at_once():
            return self._do_at_once(self._state.now_ms) if now_ms >= self._state.now_ms else None
        lot = self._clock.first()
        if lot is None or lot.queued_ms is None or lot.queued_ms > now_ms:
            return None
        due_ms, at_ms = lot.queued_ms, self._state.now_ms
        if due_ms > at_ms:
            at_ms = due_ms
        view = lot.view
        if view.status is _OPEN:
            if lot.left:
                return self._place_left(lot, at_ms)
            if lot.steps_at_ms is not None and view.ends_at_ms != due_ms:
                return self._step(lot, at_ms)
            return self._applied(lot_decision(lot, closing(lot, at_ms, CloseCause.TIME), HOUSE))
        if view.asked is not None:
            return self._applied(unanswered(self._state, lot, at_ms))
        return self._applied(lot_decision(lot, opening(lot, at_ms), HOUSE))

    def _is_due_at_once(self) -> bool:
        """Return whether something is due that waits for no time: an opening after an earlier lot, or the sale's end.

        Nothing is due while the sale is paused: the open lots are paused too, and none opens.
        """
        return (bool(self._order.turns) and self.sale.status is SaleStatus.RUNNING) or self._is_over()

    def _do_at_once(self, at_ms: int) -> AnyFact:
        if self._order.turns:
            lot = self._order.first()
            return self._applied(lot_decision(lot, opening(lot, at_ms), HOUSE))
        return self._applied(sale_decision(SaleEnded(self.sale.seq + 1, at_ms), HOUSE))

    def _applied(self, fact: AnyFact) -> AnyFact:
        self.apply(fact)
        return fact

    def _step(self, lot: LotState, at_ms: int) -> ClockStepped:
        """Have the clock of a lot's format act; the lot must be the first on the engine's clock.

        Like an offer, its entry must be in the book before the fact can be made.
        """
        spec, view = lot.spec, lot.view
        form = FORMATS[type(view.terms.format)]
        entry = form.step(spec, lot.book)
        self._write_step(lot, form, entry)
        board = form.show(spec, lot.book, is_over=False)
        name, seq, ends_at_ms = view.terms.lot, view.seq + 1, view.ends_at_ms
        self._state.now_ms = at_ms
        self._move(lot, LotMoved(seq, at_ms, board, ends_at_ms))
        self._clock.put_off(lot)
        return ClockStepped(at_ms, name, seq, entry, board, ends_at_ms)

    def _is_over(self) -> bool:
        return (
            self._state.created.ends_after_last_lot
            and not self._state.created.corrections
            and bool(self._state.lots)
            and not self._unfinished
            and self.sale.status is not SaleStatus.ENDED
        )
