"""Answers of a bidder whom a correction made lead, where the sale asks whether its bid stands.

Source: in a room the auctioneer asks the runner-up before going on; by the law of sales "a bidder's retraction does not
revive any previous bid" (UCC 2-328(3)). `docs/rules.md` restates the rules:

- while the bidder is asked, the lot is paused;
- it stands by its bid, and bidding resumes; or all its bids on the lot are void, and whoever leads then is asked;
- no answer in time is a no (`auctioneer.rules.corrected.unanswered`).

Nothing here is applied: the caller does that.
"""

from msgspec.structs import replace

from auctioneer.rules.corrected import Corrected, after_the_answer, leave_out, numbers_of, wanted
from auctioneer.rules.decisions import Refused
from auctioneer.rules.engine import Bidder, Engine
from auctioneer.rules.facts import BidConfirmed, CorrectionMade
from auctioneer.rules.formats.table import format_of
from auctioneer.rules.lots import LotState
from common.confirming import ConfirmRequest
from common.errors import RejectCode
from common.lot import Asked, CorrectionCause, SaleStatus
from common.lot_events import LotConfirmed, LotCorrected
from common.messages import Accepted, Rejected


def confirm(engine: Engine, now_ms: int, bidder: Bidder, request: ConfirmRequest) -> Corrected | Rejected:
    """Decide the answer of a bidder who is asked; `advance` must have been called for that time.

    The fact has the request and its verdict. The bidder itself gets no word, since it has the verdict.
    """
    lot = engine.lots.get(request.lot)
    if lot is None:
        return Rejected(id=request.id, code=RejectCode.UNKNOWN_LOT, lot=request.lot)
    asked = lot.view.asked
    if asked is None or asked.paddle != bidder.paddle:
        return engine.rejected(lot, bidder, request, RejectCode.NOT_ASKED)
    if request.if_seq is not None and request.if_seq != lot.view.seq:
        return engine.rejected(lot, bidder, request, RejectCode.STATE_CHANGED)
    fact = _answered(engine, lot, asked, now_ms, "", stands=request.stands)
    event, book, board = fact.event, lot.book, lot.view.board
    assert event is not None, "whoever is asked leads, so all see that it does no longer"
    if isinstance(fact, CorrectionMade) and isinstance(event, LotCorrected):
        book, board = fact.book, event.board
    verdict = Accepted(
        fact.lot,
        fact.seq,
        now_ms,
        board,
        event.ends_at_ms,
        format_of(lot.spec).own(lot.spec, book, bidder.paddle),
        id=request.id,
    )
    if isinstance(fact, BidConfirmed):
        return Corrected(replace(fact, request=request, verdict=verdict))
    touched = tuple((paddle, kind) for paddle, kind in fact.touched if paddle != bidder.paddle)
    return Corrected(replace(fact, request=request, verdict=verdict, touched=touched))


def answer_for(
    engine: Engine, now_ms: int, by: str, name: str, *, stands: bool, if_seq: int | None = None
) -> Corrected | Refused:
    """Decide the answer that a person of the house gives for a bidder who is asked: in the room, or on the telephone.

    With `if_seq`, only if the lot's seq is still that.
    """
    lot = engine.find(name)
    if lot is None:
        return Refused(RejectCode.UNKNOWN_LOT, f"lot {name}")
    asked = lot.view.asked
    if asked is None:
        return Refused(RejectCode.NOT_ASKED, f"nobody is asked on lot {lot.view.lot}; `auctioneer asked` lists who is")
    if if_seq is not None and if_seq != lot.view.seq:
        return Refused(RejectCode.STATE_CHANGED, f"lot {lot.view.lot}")
    return Corrected(_answered(engine, lot, asked, now_ms, by, stands=stands))


def _answered(
    engine: Engine, lot: LotState, asked: Asked, now_ms: int, by: str, *, stands: bool
) -> BidConfirmed | CorrectionMade:
    view, kept = lot.view, lot.kept
    assert kept is not None, "a correction asked"
    if not stands:
        want = wanted(engine.state, lot, kept, CorrectionCause.DECLINED, by, "", now_ms)
        fact = leave_out(want, numbers_of(kept, asked.paddle), asked.paddle).fact
        assert isinstance(fact, CorrectionMade), "offers are left out"
        return fact
    now = after_the_answer(lot, now_ms, is_sale_paused=engine.sale.status is SaleStatus.PAUSED)
    event = LotConfirmed(view.seq + 1, now_ms, now.status, now.ends_at_ms, now.remaining_ms)
    return BidConfirmed(at_ms=now_ms, lot=view.lot, seq=event.seq, paddle=asked.paddle, event=event, by=by)
