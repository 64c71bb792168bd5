"""Retractions: a bidder takes its own last bid back, where the sale allows it.

Source: the conditions of sale of online houses, which let a bidder take a slip back early and not near the end;
`docs/rules.md` restates the rules. A retraction is a correction that the bidder asked for, so the bids that are left
make the price again (`auctioneer.rules.kept_offers`).
"""

from typing import Final

from msgspec.structs import replace

from auctioneer.rules import corrections
from auctioneer.rules.corrected import Corrected
from auctioneer.rules.decisions import Refused
from auctioneer.rules.engine import Bidder, Engine
from auctioneer.rules.facts import CorrectionMade
from auctioneer.rules.formats.table import format_of
from auctioneer.rules.lots import KeptOffers, LotState
from common.errors import RejectCode
from common.lot import CorrectionCause, LotStatus
from common.messages import Accepted, Rejected
from common.retraction import RetractRequest

LAST_MS: Final = 60_000
"""A bid stands from this long before the end of a lot without a soft close."""
_NOT_OPEN: Final = {
    LotStatus.SCHEDULED: RejectCode.LOT_NOT_OPEN,
    LotStatus.PAUSED: RejectCode.LOT_PAUSED,
    LotStatus.SOLD: RejectCode.LOT_CLOSED,
    LotStatus.PASSED: RejectCode.LOT_CLOSED,
    LotStatus.WITHDRAWN: RejectCode.LOT_WITHDRAWN,
}


def retract(engine: Engine, now_ms: int, bidder: Bidder, request: RetractRequest) -> Corrected | Rejected:
    """Take back the last bid of a bidder, but don't apply it; `advance` must have been called for that time.

    The fact has the request and its verdict. The bidder itself gets no word, since it has the verdict.
    """
    lot = engine.lots.get(request.lot)
    if lot is None:
        return Rejected(id=request.id, code=RejectCode.UNKNOWN_LOT, lot=request.lot)
    number = _number(engine, lot, now_ms, bidder.paddle, request)
    if isinstance(number, RejectCode):
        return engine.rejected(lot, bidder, request, number)
    view, cause = lot.view, CorrectionCause.RETRACTED
    undone = corrections.undo(engine, now_ms, "", view.lot, "", (number,), cause=cause)
    assert not isinstance(undone, Refused), "the lot is open, and the bid is among those that it keeps"
    fact = undone.fact
    assert isinstance(fact, CorrectionMade), "an undone bid is one"
    event = fact.event
    verdict = Accepted(
        view.lot,
        fact.seq,
        now_ms,
        view.board if event is None else event.board,
        view.ends_at_ms if event is None else event.ends_at_ms,
        format_of(lot.spec).own(lot.spec, fact.book, bidder.paddle),
        id=request.id,
    )
    touched = tuple((paddle, kind) for paddle, kind in fact.touched if paddle != bidder.paddle)
    return Corrected(replace(fact, paddle=bidder.paddle, request=request, verdict=verdict, touched=touched))


def _number(engine: Engine, lot: LotState, now_ms: int, paddle: int, request: RetractRequest) -> int | RejectCode:
    """Return the number of the bid that the bidder may take back, or why there is none."""
    kept = lot.kept
    if not format_of(lot.spec).retracts:
        return RejectCode.OTHER_FORMAT
    if not engine.state.created.retractions or kept is None:
        return RejectCode.NO_RETRACTION
    if lot.view.status is not LotStatus.OPEN:
        return _NOT_OPEN[lot.view.status]
    if request.if_seq is not None and request.if_seq != lot.view.seq:
        return RejectCode.STATE_CHANGED
    own = [offer for offer in kept.offers if offer.offer is not None and offer.paddle == paddle]
    if not own:
        return RejectCode.NO_OFFER
    number = own[-1].number
    return number if _is_early(lot, kept, now_ms, number, paddle) else RejectCode.NO_RETRACTION


def _is_early(lot: LotState, kept: KeptOffers, now_ms: int, number: int, paddle: int) -> bool:
    """Return whether the others have time left to bid without this bid.

    Without a clock, nobody else may have bid after it. Only public bids tell: a secret one would show itself here.
    """
    ends_at_ms, soft_close = lot.view.ends_at_ms, lot.spec.terms.soft_close
    if ends_at_ms is None:
        return not any(offer.is_public and offer.paddle != paddle for offer in kept.offers if offer.number > number)
    return not lot.extended_ms and now_ms < ends_at_ms - (LAST_MS if soft_close is None else soft_close.window_ms)
