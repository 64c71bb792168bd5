"""What a correction is, and what all corrections share: which offers are left out, who leads then, and who hears of it.

Where the sale asks a bidder whom a correction makes lead (`SaleCreated.revived_answer_ms`), the same fact pauses the
lot and asks. `auctioneer.rules.revivals` has the answers, and `docs/adr/0033-the-revived-runner-up-is-asked.md` the
reasons. Nothing here changes a lot.
"""

from collections.abc import Iterable
from typing import NamedTuple

from auctioneer.rules.applying import EngineState
from auctioneer.rules.facts import BidConfirmed, CorrectionMade, LotRewritten
from auctioneer.rules.formats.entries import AnyBook
from auctioneer.rules.formats.format import Placed
from auctioneer.rules.formats.table import format_of
from auctioneer.rules.kept_offers import refold
from auctioneer.rules.lots import KeptOffer, KeptOffers, LotState
from auctioneer.rules.sources import Source
from common.clerk_names import HOUSE
from common.formats import AnyBoard
from common.lot import Asked, CorrectionCause, LotStatus, LotView, Result, SaleStatus
from common.lot_events import LotCorrected
from common.messages import WordKind
from common.the_house import HOUSE_PADDLE

Words = tuple[tuple[int, WordKind], ...]
"""Which bidders hear of a correction, and what it means to each."""


class Corrected(NamedTuple):
    """A correction, or the answer of a bidder whom one made lead. It is not applied yet."""

    fact: CorrectionMade | BidConfirmed | LotRewritten

    @property
    def words(self) -> Words:
        """What those whom it touches are told. Whoever stands by its bid hears of it if a clerk said so for it."""
        fact = self.fact
        if isinstance(fact, BidConfirmed):
            return ((fact.paddle, WordKind.LEAD_BACK),) if fact.request is None else ()
        return fact.touched if isinstance(fact, CorrectionMade) else ()

    @property
    def void(self) -> tuple[int, ...]:
        """The numbers of the offers that would no longer count."""
        return self.fact.void if isinstance(self.fact, CorrectionMade) else ()


class Wanted(NamedTuple):
    """What a correction is to do to one lot. `answer_ms` is None where a bidder is bound by a bid that leads again."""

    lot: LotState
    kept: KeptOffers
    cause: CorrectionCause
    by: str
    reason: str
    at_ms: int
    answer_ms: int | None
    is_sale_paused: bool


class Stand(NamedTuple):
    """How a lot stands after a correction: its status, its clock, and who is asked."""

    status: LotStatus
    ends_at_ms: int | None
    remaining_ms: int | None
    asked: Asked | None = None


def wanted(
    state: EngineState[LotState],
    lot: LotState,
    kept: KeptOffers,
    cause: CorrectionCause,
    by: str,
    reason: str,
    at_ms: int,
) -> Wanted:
    """Return what is wanted of a lot, with how the sale is run."""
    is_paused = state.sale.status is SaleStatus.PAUSED
    return Wanted(lot, kept, cause, by, reason, at_ms, state.created.revived_answer_ms, is_paused)


def numbers_of(kept: KeptOffers, paddle: int) -> tuple[int, ...]:
    """Return the numbers of a bidder's offers on a lot that count and can be taken back."""
    return tuple(offer.number for offer in kept.offers if offer.offer is not None and offer.paddle == paddle)


def first_public_seq(kept: KeptOffers, left_out: tuple[int, ...]) -> int | None:
    """Return the seq of the earliest of these offers that others have seen; None if they have seen none."""
    return min((offer.seq for offer in kept.offers if offer.number in left_out and offer.is_public), default=None)


def leave_out(want: Wanted, numbers: tuple[int, ...], paddle: int | None = None) -> Corrected:
    """Make a lot's book again without some of its offers. If nobody else sees a difference, there is no event."""
    lot, view = want.lot, want.lot.view
    book, left_out = refold(lot, want.kept, frozenset(numbers))
    board = format_of(lot.spec).show(lot.spec, book, is_over=False)
    event = None
    is_revived = lot.is_revived
    if board != view.board:
        is_revived = must_be_asked(want, board.leader, left_out)
        now = _going_on(want, board.leader if is_revived else None)
        event = LotCorrected(
            view.seq + 1,
            want.at_ms,
            want.cause,
            now.status,
            board,
            now.ends_at_ms,
            now.remaining_ms,
            void_from_seq=first_public_seq(want.kept, left_out),
            asked=now.asked,
        )
    touched = _touched(view, board, event, (offer for offer in want.kept.offers if offer.number in left_out))
    return made(want, event, book, numbers, left_out, words=touched, paddle=paddle, is_revived=is_revived)


def must_be_asked(want: Wanted, leader: int | None, left_out: tuple[int, ...]) -> bool:
    """Return whether whoever leads without these offers leads by a bid that the correction revives, and is to be asked.

    A bidder who left its bid with the house has said beforehand that it stands. A bid that can't be taken back any more
    counts for good, so there is nothing to ask.
    """
    lot = want.lot
    if want.answer_ms is None or leader in (None, HOUSE_PADDLE, bound_leader(lot)):
        return False
    form, spec = format_of(lot.spec), lot.spec
    own = [
        (form.commitment(spec, lot.book, Placed(offer.paddle, offer.at_ms, offer.offer)), -offer.number, offer)
        for offer in want.kept.offers
        if offer.offer is not None and offer.paddle == leader and offer.number not in left_out
    ]
    if not own or max(own)[2].source is Source.ABSENTEE:
        return False
    without_it, _ = refold(lot, want.kept, frozenset(left_out).union(offer.number for _, _, offer in own))
    return form.show(spec, without_it, is_over=False).leader != leader


def bound_leader(lot: LotState) -> int | None:
    """Return who leads a lot by a bid that no correction revived; None if nobody does.

    Of a lot that was sold to another than the leader, the leader's bid lapsed by the sale.
    """
    view = lot.view
    leader = view.board.leader
    if lot.is_revived or (view.status is LotStatus.SOLD and all(row.paddle != leader for row in view.results)):
        return None
    return leader


def stand(want: Wanted, status: LotStatus, ends_at_ms: int | None, remaining_ms: int | None, leader: int) -> Stand:
    """Return how a lot of this status stands while its leader is asked: paused, with the time that it has left."""
    assert want.answer_ms is not None, "the sale asks"
    if status is LotStatus.OPEN and ends_at_ms is not None:
        remaining_ms = ends_at_ms - want.at_ms
    asked = (
        Asked(leader, remaining_ms=want.answer_ms)
        if want.is_sale_paused
        else Asked(leader, until_ms=want.at_ms + want.answer_ms)
    )
    return Stand(LotStatus.PAUSED, None, remaining_ms, asked)


def after_the_answer(lot: LotState, at_ms: int, *, is_sale_paused: bool) -> Stand:
    """Return how a lot stands once its leader has answered, or nobody is asked any more."""
    remaining_ms = lot.view.remaining_ms
    if not lot.opens_after or is_sale_paused:
        return Stand(LotStatus.PAUSED, None, remaining_ms)
    return Stand(LotStatus.OPEN, None if remaining_ms is None else at_ms + remaining_ms, None)


def _going_on(want: Wanted, asked: int | None) -> Stand:
    """Return how a lot whose bidding was corrected stands; `asked` is the leader if it is asked."""
    view = want.lot.view
    if asked is not None:
        return stand(want, view.status, view.ends_at_ms, view.remaining_ms, asked)
    if view.asked is not None:
        return after_the_answer(want.lot, want.at_ms, is_sale_paused=want.is_sale_paused)
    return Stand(view.status, view.ends_at_ms, view.remaining_ms)


def _touched(view: LotView, board: AnyBoard, event: LotCorrected | None, left_out: Iterable[KeptOffer]) -> Words:
    """Return who hears what: those whose offers are void first, in the order of the offers, then the leaders."""
    words = dict.fromkeys((offer.paddle for offer in left_out), WordKind.OFFER_VOID)
    led, leader = view.board.leader, board.leader
    if leader != led:
        if led is not None:
            words.setdefault(led, WordKind.LEAD_LOST)
        if leader is not None:
            words.setdefault(leader, WordKind.LEAD_BACK)
    if event is not None and event.asked is not None:
        words[event.asked.paddle] = WordKind.ASKED
    return tuple((paddle, kind) for paddle, kind in words.items() if paddle != HOUSE_PADDLE)


def made(
    want: Wanted,
    event: LotCorrected | None,
    book: AnyBook | None,
    numbers: tuple[int, ...] = (),
    left_out: tuple[int, ...] = (),
    *,
    words: Words,
    is_revived: bool,
    for_ms: int | None = None,
    price_minor: int | None = None,
    paddle: int | None = None,
) -> Corrected:
    """Return a correction with these effects."""
    view = want.lot.view
    fact = CorrectionMade(
        at_ms=want.at_ms,
        lot=view.lot,
        seq=view.seq if event is None else event.seq,
        cause=want.cause,
        event=event,
        asked=numbers,
        void=left_out,
        book=book,
        by=want.by,
        reason=want.reason,
        for_ms=for_ms,
        price_minor=price_minor,
        paddle=paddle,
        touched=words,
        is_revived=is_revived,
    )
    return Corrected(fact)


def bought_by(results: tuple[Result, ...]) -> Words:
    """Return what those are told whose purchases are void."""
    return tuple((result.paddle, WordKind.SALE_VOID) for result in results)


def unanswered(state: EngineState[LotState], lot: LotState, at_ms: int) -> CorrectionMade:
    """Return the correction of a lot whose leader was asked and has not answered in time: its offers are void."""
    asked, kept = lot.view.asked, lot.kept
    assert asked is not None, "the clock looks at lots that wait for an answer"
    assert kept is not None, "a correction asked"
    want = wanted(state, lot, kept, CorrectionCause.UNANSWERED, HOUSE, "", at_ms)
    fact = leave_out(want, numbers_of(kept, asked.paddle), asked.paddle).fact
    assert isinstance(fact, CorrectionMade), "offers are left out"
    return fact
