"""What others hear of a fact: the public event that it is, and the verdict on the request in it."""

from auctioneer.rules.facts import (
    AnyFact,
    BidConfirmed,
    BidLeft,
    BidTaken,
    ClockStepped,
    CorrectionMade,
    Decided,
    LotDecided,
    LotListed,
    LotRewritten,
    OfferLate,
    OfferTaken,
    Outage,
    Rejection,
    SaleDecided,
)
from common.errors import RejectCode
from common.formats import AnyBoard
from common.formats.english import EnglishBoard, EnglishOwn
from common.lot import Asked, CloseCause, ExtendCause
from common.lot_events import AnyLotEvent, AnySaleEvent, LotAdded, LotAsked, LotClosed, LotExtended, LotMoved
from common.messages import Accepted, Rejected


def public_part(fact: AnyFact) -> AnyLotEvent | AnySaleEvent | None:
    """Return what everybody may know of `fact`, an event of the stream `fact.lot`; None if that is nothing.

    The public part of an outage depends on which lots are open, and is in their streams: see `given_back` and
    `answer_put_off`.
    """
    match fact:
        case BidTaken():
            return bid_moved(fact) if fact.public else None
        case OfferTaken():
            return offer_event(fact)
        case ClockStepped():
            return clock_moved(fact)
        case LotDecided() | SaleDecided() | CorrectionMade() | BidConfirmed() | LotRewritten():
            return fact.event
        case LotListed():
            return lot_added(fact)
        case _:
            return None


def given_back(outage: Outage, seq: int, ends_at_ms: int) -> LotExtended:
    """Return the event by which an open lot, at `seq` and with an end at `ends_at_ms`, is extended by an outage."""
    return LotExtended(seq + 1, outage.at_ms, ExtendCause.OUTAGE, ends_at_ms + outage.outage_ms)


def answer_put_off(outage: Outage, seq: int, asked: Asked, until_ms: int) -> LotAsked:
    """Return the event by which an outage puts off the answer of a bidder who is asked, at `seq`, until `until_ms`."""
    return LotAsked(seq + 1, outage.at_ms, Asked(asked.paddle, until_ms + outage.outage_ms))


def lot_added(fact: LotListed) -> LotAdded:
    """Return the event of a lot that joined the sale."""
    return LotAdded(fact.seq, fact.at_ms, fact.spec.terms, fact.board, fact.opens_at_ms)


def bid_moved(fact: BidTaken) -> LotMoved:
    """Return the event of a public bid."""
    return LotMoved(fact.seq, fact.at_ms, bid_board(fact), fact.ends_at_ms, fact.paddle)


def bid_board(fact: BidTaken) -> EnglishBoard:
    """Return the published board with a bid in it."""
    return EnglishBoard(
        fact.minimum_minor, fact.price_minor, fact.leader, fact.bids, fact.reserve_met, fact.buy_now_minor
    )


def offer_event(fact: OfferTaken) -> LotMoved | LotClosed | None:
    """Return the event of an offer; None if others may not notice it."""
    if fact.cause is not None:
        return offer_closing(fact, fact.cause)
    return offer_moved(fact) if fact.public else None


def offer_moved(fact: OfferTaken) -> LotMoved:
    """Return the event of an offer that others see, and that left the lot open."""
    return LotMoved(fact.seq, fact.at_ms, fact.board, fact.ends_at_ms, fact.paddle)


def offer_closing(fact: OfferTaken, cause: CloseCause) -> LotClosed:
    """Return the event of an offer that closed the lot."""
    return LotClosed(fact.seq, fact.at_ms, cause, fact.board, fact.results)


def clock_moved(fact: ClockStepped) -> LotMoved:
    """Return the event of a step of a lot's own clock."""
    return LotMoved(fact.seq, fact.at_ms, fact.board, fact.ends_at_ms)


def bid_accepted(fact: BidTaken, board: AnyBoard) -> Accepted:
    """Return the verdict on a bid that was accepted. `board` is the published board with the bid in it."""
    return Accepted(
        fact.lot,
        fact.seq,
        fact.at_ms,
        board,
        fact.ends_at_ms,
        EnglishOwn(fact.leader_maximum_minor) if fact.leader == fact.paddle else None,
        id=fact.request_id,
    )


def verdict_of(fact: Decided) -> Accepted | Rejected:
    """Return the verdict on the request in `fact`; it is the same at any time."""
    match fact:
        case BidTaken():
            return bid_accepted(fact, bid_board(fact))
        case Rejection():
            return fact.verdict
        case CorrectionMade() | BidConfirmed():
            assert fact.verdict is not None, "no bidder asked for it"
            return fact.verdict
        case OfferTaken():
            return Accepted(
                fact.lot,
                fact.seq,
                fact.at_ms,
                fact.board,
                fact.ends_at_ms,
                fact.own,
                fact.results,
                id=fact.request.id,
            )
        case BidLeft():
            return Accepted(fact.lot, fact.seq, fact.at_ms, fact.board, None, fact.own, id=fact.request.id)
        case OfferLate():
            return Rejected(
                id=fact.request.id,
                code=RejectCode.LOT_CLOSED,
                lot=fact.lot,
                seq=fact.seq,
                board=fact.board,
                own=fact.own,
                late_ms=fact.late_ms,
            )
