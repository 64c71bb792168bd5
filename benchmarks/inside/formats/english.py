"""Bids on English lots for the rules alone, and the loops over them.

Every third lot has a reserve, every second a soft close. Of a hundred bids about five follow an older price and are
below the minimum, fifty are maxima, forty are open bids, and five are open bids with a maximum. A leader raises its own
maximum, or bids openly and is refused.
"""

import time
from random import Random
from typing import Final

from auctioneer.rules.facts import BidTaken
from auctioneer.rules.formats import english
from auctioneer.rules.formats.english import default_increments
from auctioneer.rules.lots import LotState
from auctioneer.rules.terms import LotSpec
from benchmarks.inside.rules import DOLLARS, DURATION_MS, Format, Timed, Work, new_engine, time_engine
from common.errors import RejectCode
from common.formats import AnyOffer
from common.formats.english import BidRequest, EnglishTerms
from common.lot import LotTerms, SoftClose

_RESERVE_MINOR: Final = 50_000


def _make_lot(number: int) -> LotSpec:
    reserve_minor = _RESERVE_MINOR if number % 3 == 0 else None
    terms = LotTerms(
        lot=str(number),
        title=f"Lot {number}",
        format=EnglishTerms(1_000, default_increments(DOLLARS), has_reserve=reserve_minor is not None),
        duration_ms=DURATION_MS,
        soft_close=SoftClose(60_000, 60_000) if number % 2 else None,
    )
    return LotSpec(terms, reserve_minor)


def _make_bid(random: Random, lot: LotState, paddle: int, request_id: int) -> BidRequest:
    terms, book, name = english.terms_of(lot.spec), _book_of(lot), lot.view.lot
    minimum_minor = english.minimum_bid(terms, None if book is None else book.price_minor)
    step_minor = terms.step_at(minimum_minor)
    ahead_minor = minimum_minor + step_minor * random.randrange(1, 20)
    chance = random.random()
    if book is not None and book.leader == paddle and chance < 0.8:
        return BidRequest(id=request_id, lot=name, maximum_minor=book.leader_maximum_minor + step_minor)
    if chance < 0.05:
        return BidRequest(id=request_id, lot=name, amount_minor=max(1, minimum_minor - step_minor))
    if chance < 0.55:
        return BidRequest(id=request_id, lot=name, maximum_minor=ahead_minor)
    if chance < 0.95:
        return BidRequest(id=request_id, lot=name, amount_minor=minimum_minor)
    return BidRequest(id=request_id, lot=name, amount_minor=minimum_minor, maximum_minor=ahead_minor)


def _book_of(lot: LotState) -> english.Book | None:
    assert lot.book is None or isinstance(lot.book, english.Book), "an English lot has an English book"
    return lot.book


def _as_bid(request: AnyOffer) -> BidRequest:
    assert isinstance(request, BidRequest), "only bids were made"
    return request


def _time_alone(work: Work) -> float:
    """Decide all bids by the format's function alone, from books in a dict, without a record."""
    lots = {lot.view.lot: (english.terms_of(lot.spec), lot.spec) for lot in new_engine(work.sale).catalogue}
    books: dict[str, english.Book] = {}
    bids = [(bidder.paddle, _as_bid(request)) for _, bidder, request in work.asked]
    decide_bid, minimum_bid = english.decide_bid, english.minimum_bid
    began_s = time.perf_counter()
    for paddle, bid in bids:
        name = bid.lot
        terms, spec = lots[name]
        book = books.get(name)
        minimum_minor = minimum_bid(terms, None if book is None else book.price_minor)
        decided = decide_bid(terms, spec.reserve_minor, book, minimum_minor, paddle, bid)
        if not isinstance(decided, RejectCode):
            books[name] = decided
    seconds = time.perf_counter() - began_s
    assert [books.get(view.lot) for view, _ in work.lots] == [book for _, book in work.lots], (
        "the format's function came to other books"
    )
    return seconds


def _time_bare(work: Work) -> float:
    """Make one fact for each bid and put it into a dict, without deciding. No record of bids can cost less."""
    last: dict[str, BidTaken] = {}
    bids = [(at_ms, bidder, _as_bid(request)) for at_ms, bidder, request in work.asked]
    public = True
    began_s = time.perf_counter()
    for at_ms, bidder, bid in bids:
        who, lot, asked_minor = bidder.paddle, bid.lot, bid.amount_minor
        minor = asked_minor or 0
        before = last.get(lot)
        seq = 1 if before is None else before.seq + 1
        facts = (at_ms, lot, seq, who, bid.id, asked_minor, bid.maximum_minor, public, minor, minor, who, minor)
        last[lot] = BidTaken(*facts, None, seq, None, 0, None, None)
    seconds = time.perf_counter() - began_s
    assert sum(fact.seq for fact in last.values()) == len(work.asked), "a fact was lost"
    return seconds


ENGLISH: Final = Format(
    _make_lot,
    _make_bid,
    (
        Timed("the engine", time_engine),
        Timed("the format's function alone", _time_alone),
        Timed("one fact into a dict, nothing decided", _time_bare),
    ),
    wanted_per_s=300_000,
)
