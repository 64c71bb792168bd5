"""The auctioneer's commands, repeated from the facts that they became, so that the audit can compare."""

from auctioneer.rules import corrections, decisions
from auctioneer.rules.corrected import Corrected
from auctioneer.rules.decisions import Decision, Refused
from auctioneer.rules.engine import Bidder, Engine
from auctioneer.rules.facts import (
    BidConfirmed,
    ClockStepped,
    CorrectionMade,
    LeftBidVoid,
    LotDecided,
    LotListed,
    LotRewritten,
    SaleDecided,
)
from auctioneer.rules.retractions import retract
from auctioneer.rules.revivals import answer_for, confirm
from common.clerk_names import HOUSE
from common.confirming import ConfirmRequest
from common.errors import RejectCode
from common.lot import CorrectionCause, ExtendCause
from common.lot_events import (
    Announced,
    Called,
    LotClosed,
    LotCorrected,
    LotExtended,
    LotOpened,
    LotPaused,
    LotResumed,
    LotsReordered,
    LotWithdrawn,
    SaleEnded,
    SalePaused,
    SaleResumed,
)
from common.retraction import RetractRequest


def is_by_clock(fact: ClockStepped | LeftBidVoid | LotDecided | SaleDecided | CorrectionMade) -> bool:
    """Return whether the house did this by itself, on time."""
    if isinstance(fact, CorrectionMade):
        return fact.cause is CorrectionCause.UNANSWERED
    return isinstance(fact, ClockStepped | LeftBidVoid) or fact.by == HOUSE


def decide_of_lot(engine: Engine, fact: LotDecided) -> Decision | None:
    """Repeat the auctioneer's command of which `fact` is the first or only effect; return None if there is none."""
    at_ms, by, lot = fact.at_ms, fact.by, fact.lot
    match fact.event:
        case LotClosed() | LotWithdrawn() if fact.with_sale:
            return decisions.end(engine, at_ms, by)
        case _ if fact.with_sale:
            return None
        case LotOpened():
            return decisions.open_lot(engine, at_ms, by, lot)
        case LotPaused():
            return decisions.pause(engine, at_ms, by, lot)
        case LotResumed():
            return decisions.resume(engine, at_ms, by, lot)
        case LotExtended(cause=ExtendCause.AUCTIONEER) as event:
            return decisions.extend(engine, at_ms, by, lot, _extra_ms(engine, lot, event))
        case LotClosed():
            return decisions.close(engine, at_ms, by, lot)
        case LotWithdrawn(reason=reason):
            return decisions.withdraw(engine, at_ms, by, lot, reason)
        case _:
            return None


def decide_of_sale(engine: Engine, fact: SaleDecided | LotListed) -> Decision | None:
    """Repeat the command about the whole sale of which `fact` is the first or only effect."""
    if isinstance(fact, LotListed):  # several lots added at once are the same as one after the other
        return decisions.add(engine, fact.at_ms, fact.by, (fact.spec,), lambda _seller: fact.seller_skeletons)
    match fact.event:
        case LotsReordered(lot=lot, before=before):
            return decisions.move(engine, fact.at_ms, fact.by, lot, before)
        case SalePaused():
            return decisions.pause_sale(engine, fact.at_ms, fact.by)
        case SaleResumed():
            return decisions.resume_sale(engine, fact.at_ms, fact.by)
        case Announced(text=text):
            return decisions.announce(engine, fact.at_ms, fact.by, text)
        case Called(lot=lot, call=call):
            return decisions.call(engine, fact.at_ms, fact.by, lot, call)
        case SaleEnded() if engine.state.created.corrections:
            return decisions.finish(engine, fact.at_ms, fact.by)
        case SaleEnded():
            return decisions.end(engine, fact.at_ms, fact.by)


def correct_again(
    engine: Engine, fact: CorrectionMade | BidConfirmed | LotRewritten, bidder: Bidder | None
) -> Corrected | Refused:
    """Repeat a correction or an answer, but don't apply it. `bidder` is the one who sent the request in it, if any."""
    if isinstance(fact, BidConfirmed):
        return _answer_again(engine, fact, bidder)
    at_ms, by, lot, reason, event = fact.at_ms, fact.by, fact.lot, fact.reason, fact.event
    if isinstance(fact, LotRewritten):
        return corrections.rewrite(engine, at_ms, by, lot, reason, fact.spec, fact.seller_skeletons)
    match fact.cause:
        case CorrectionCause.UNDO:
            return corrections.undo(engine, at_ms, by, lot, reason, fact.asked)
        case CorrectionCause.RETRACTED:
            if bidder is None or not isinstance(fact.request, RetractRequest):
                return Refused(RejectCode.UNKNOWN_BIDDER, "no admitted bidder asked for it")
            retracted = retract(engine, at_ms, bidder, fact.request)
            return retracted if isinstance(retracted, Corrected) else Refused(retracted.code, f"lot {lot}")
        case CorrectionCause.TURNED_OUT:
            paddle = -1 if fact.paddle is None else fact.paddle
            return corrections.void_offers_on(engine, at_ms, by, lot, paddle, reason)
        case CorrectionCause.REOPEN:
            return corrections.reopen(engine, at_ms, by, lot, reason, fact.for_ms, fact.price_minor)
        case CorrectionCause.VOID:
            return corrections.void(engine, at_ms, by, lot, reason, fact.paddle)
        case CorrectionCause.AWARD:
            rows = event.results if isinstance(event, LotCorrected) else ()
            paddle, amount_minor = (rows[0].paddle, rows[0].amount_minor) if len(rows) == 1 else (-1, 0)
            return corrections.award(engine, at_ms, by, lot, reason, paddle, amount_minor)
        case CorrectionCause.DECLINED:
            return _answer_again(engine, fact, bidder)
        case CorrectionCause.UNANSWERED:
            raise AssertionError("the clock does that")


def _answer_again(engine: Engine, fact: CorrectionMade | BidConfirmed, bidder: Bidder | None) -> Corrected | Refused:
    stands, at_ms = isinstance(fact, BidConfirmed), fact.at_ms
    if fact.request is None:
        if not fact.by:
            return Refused(RejectCode.UNKNOWN_BIDDER, "nobody says who answered for the bidder")
        return answer_for(engine, at_ms, fact.by, fact.lot, stands=stands)
    if bidder is None or not isinstance(fact.request, ConfirmRequest) or fact.request.stands is not stands:
        return Refused(RejectCode.UNKNOWN_BIDDER, "no admitted bidder answered so")
    answered = confirm(engine, at_ms, bidder, fact.request)
    return answered if isinstance(answered, Corrected) else Refused(answered.code, f"lot {fact.lot}")


def _extra_ms(engine: Engine, name: str, event: LotExtended) -> int:
    """Return the milliseconds for which the auctioneer must have asked."""
    lot = engine.lots.get(name)
    if lot is None:
        return 0
    before_ms, after_ms = lot.view.ends_at_ms, event.ends_at_ms
    if before_ms is None or after_ms is None:
        before_ms, after_ms = lot.view.remaining_ms, event.remaining_ms
    return 0 if before_ms is None or after_ms is None else after_ms - before_ms
