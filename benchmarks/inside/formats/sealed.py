"""Offers on sealed lots for the rules alone, and the loops over them.

Every third lot has a reserve, and on every second the winner pays the second offer. Of a hundred offers about five are
below the least, five are withdrawals, and ten repeat the bidder's last offer; all others are new amounts.
"""

import time
from random import Random
from typing import Final

from auctioneer.rules.engine import Bidder
from auctioneer.rules.facts import LotDecided, OfferTaken
from auctioneer.rules.formats import sealed
from auctioneer.rules.formats.format import Placed
from auctioneer.rules.lots import LotState
from auctioneer.rules.terms import LotSpec
from benchmarks.inside.rules import DURATION_MS, START_MS, Format, Lots, Timed, Work, new_engine, time_engine
from common.errors import RejectCode
from common.formats.sealed import Pays, SealedBoard, SealedOwn, SealedTerms, SealRequest, UnsealRequest
from common.lot import LotTerms

_STARTING_MINOR: Final = 1_000
_HIGHEST_MINOR: Final = 100_000
_RESERVE_MINOR: Final = 50_000


def _make_lot(number: int) -> LotSpec:
    reserve_minor = _RESERVE_MINOR if number % 3 == 0 else None
    pays = Pays.SECOND_OFFER if number % 2 else Pays.OWN_OFFER
    terms = SealedTerms(_STARTING_MINOR, pays, has_reserve=reserve_minor is not None)
    return LotSpec(LotTerms(str(number), f"Lot {number}", terms, duration_ms=DURATION_MS), reserve_minor)


def _make_offer(random: Random, lot: LotState, paddle: int, request_id: int) -> SealRequest | UnsealRequest:
    name = lot.view.lot
    standing_minor = _book_of(lot).offers_minor.get(paddle)
    chance = random.random()
    if chance < 0.05:
        return SealRequest(id=request_id, lot=name, amount_minor=random.randrange(1, _STARTING_MINOR))
    if chance < 0.1:
        return UnsealRequest(id=request_id, lot=name)
    if standing_minor is not None and chance < 0.2:
        return SealRequest(id=request_id, lot=name, amount_minor=standing_minor)
    return SealRequest(id=request_id, lot=name, amount_minor=random.randrange(_STARTING_MINOR, _HIGHEST_MINOR))


def _book_of(lot: LotState) -> sealed.SealedBook:
    assert isinstance(lot.book, sealed.SealedBook), "a sealed lot has a sealed book"
    return lot.book


def _time_alone(work: Work) -> float:
    """Decide all offers by the format alone, and write them into the books, without a record."""
    lots = {lot.view.lot: (lot.spec, _book_of(lot)) for lot in new_engine(work.sale).catalogue}
    decide, apply = sealed.SEALED.decide, sealed.SEALED.apply
    began_s = time.perf_counter()
    for at_ms, bidder, request in work.asked:
        spec, book = lots[request.lot]
        decided = decide(spec, book, Placed(bidder.paddle, at_ms, request))
        if decided is not None and not isinstance(decided, RejectCode):
            apply(spec, book, decided)
    seconds = time.perf_counter() - began_s
    assert [book for _, book in lots.values()] == [book for _, book in work.lots], "the format came to other books"
    return seconds


def close_ms(random: Random, offers: int) -> float:
    """Return the milliseconds for which a close by the clock keeps the house busy, for a lot with this many offers."""
    terms = SealedTerms(_STARTING_MINOR, Pays.SECOND_OFFER)
    spec = LotSpec(LotTerms("1", "Lot", terms, duration_ms=1000))
    engine = new_engine(Lots(1, lambda _number: spec))
    for paddle in range(1, offers + 1):
        amount_minor = random.randrange(_STARTING_MINOR, _HIGHEST_MINOR)
        engine.offer(START_MS, Bidder(paddle, ("x",)), SealRequest(id=1, lot="1", amount_minor=amount_minor))
    began_s = time.perf_counter()
    (closed,) = engine.advance(START_MS + 1000)
    seconds = time.perf_counter() - began_s
    assert isinstance(closed, LotDecided), "the lot did not close"
    assert engine.catalogue[0].view.results, "nobody bought it"
    return 1000 * seconds


def _time_bare(work: Work) -> float:
    """Make one fact for each offer and put it into a dict, without deciding. No record of offers can cost less."""
    last: dict[str, OfferTaken] = {}
    board, own = SealedBoard(_STARTING_MINOR), SealedOwn(_STARTING_MINOR)
    began_s = time.perf_counter()
    for number, (at_ms, bidder, request) in enumerate(work.asked, 1):
        who, lot = bidder.paddle, request.lot
        entry = sealed.SealedOffer(who, number)
        last[lot] = OfferTaken(
            at_ms=at_ms,
            lot=lot,
            seq=number,
            paddle=who,
            request=request,
            public=False,
            board=board,
            ends_at_ms=None,
            extended_ms=0,
            entry=entry,
            own=own,
        )
    seconds = time.perf_counter() - began_s
    assert max(fact.seq for fact in last.values()) == len(work.asked), "a fact was lost"
    return seconds


SEALED: Final = Format(
    _make_lot,
    _make_offer,
    (
        Timed("the engine", time_engine),
        Timed("the format's functions alone", _time_alone),
        Timed("one fact into a dict, nothing decided", _time_bare),
    ),
    wanted_per_s=200_000,
)
