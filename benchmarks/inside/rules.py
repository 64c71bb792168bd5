"""Bids for the rules alone, format by format, and the loops that are timed.

A format has an entry in `FORMATS`; a test holds that each module of `auctioneer.rules.formats` has one. The bids are
made against an engine of their own, which tells each bidder the price of the moment, and are then put to a new engine:
so no time is spent on making bids while they are decided, and both engines must end in the same state.
"""

import time
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Final, NamedTuple

from auctioneer.rules import decisions
from auctioneer.rules.decisions import Refused
from auctioneer.rules.engine import Bidder, Engine
from auctioneer.rules.facts import BidTaken, SaleCreated
from auctioneer.rules.formats import english
from auctioneer.rules.lots import LotState
from auctioneer.rules.sale_settings import HOUSE
from auctioneer.rules.terms import LotSpec, default_increments
from common.errors import RejectCode
from common.lot import LotTerms, LotView, SoftClose
from common.messages import BidRequest, Rejected
from common.money import Currency

LOTS: Final = 100
BIDDERS: Final = 200
BATCH_BIDS: Final = 256
"""How often the engine's changes are taken, as after each commit of a busy house."""
_START_MS: Final = 1_700_000_000_000
_DOLLARS: Final = Currency("USD", 2)
_RESERVE_MINOR: Final = 50_000
_DURATION_MS: Final = 30 * 24 * 3600 * 1000


class Asked(NamedTuple):
    """A bid, by whom, and when it was received."""

    at_ms: int
    bidder: Bidder
    request: BidRequest


class Work(NamedTuple):
    """Bids of one format: what they come to, and the lots' views after the last."""

    asked: list[Asked]
    outcomes: Counter[str]
    """How often each happened: `accepted`, or the code of a rejection."""
    views: list[LotView]


class Timed(NamedTuple):
    """A loop over a format's bids that can be timed, and what it stands for."""

    what: str
    run: Callable[[Work], float]
    """Returns the seconds taken. Raises AssertionError where the bids did not come to what they should."""


class Format(NamedTuple):
    """How a format is measured: how its bids are made, and the loops, the engine's first and the ceiling last."""

    make: Callable[[Random, int], Work]
    loops: tuple[Timed, ...]


def new_engine() -> Engine:
    """Return an engine with open lots: every third has a reserve, every second a soft close."""
    created = SaleCreated(
        at_ms=_START_MS, sale="rules", title="Rules", currency=_DOLLARS, epoch=1, ends_after_last_lot=False
    )
    engine = Engine.create(created)
    listed = decisions.add(engine, _START_MS, HOUSE, tuple(_lot(number) for number in range(LOTS)))
    assert not isinstance(listed, Refused), f"the lots were not taken: {listed}"
    engine.advance(_START_MS)
    engine.pop_events()
    return engine


def _lot(number: int) -> LotSpec:
    reserve_minor = _RESERVE_MINOR if number % 3 == 0 else None
    terms = LotTerms(
        lot=str(number),
        title=f"Lot {number}",
        starting_minor=1_000,
        increments=default_increments(_DOLLARS),
        has_reserve=reserve_minor is not None,
        duration_ms=_DURATION_MS,
        soft_close=SoftClose(60_000, 60_000) if number % 2 else None,
    )
    return LotSpec(terms, reserve_minor)


# --- English -------------------------------------------------------------------------------------------------------


def english_work(random: Random, count: int) -> Work:
    """Return bids as they come in an English sale with maximum bids.

    Of a hundred about five are meant for an older price and fall below the minimum, fifty are maxima, forty are open
    bids, and five open with a maximum in hand; a leader raises the own maximum, or bids openly and is refused.
    """
    engine = new_engine()
    who = [Bidder(paddle, (f"bidder{paddle}",)) for paddle in range(1, BIDDERS + 1)]
    asked, outcomes = [], Counter[str]()
    for number in range(count):
        bidder = random.choice(who)
        lot = random.choice(engine.catalogue)
        one = Asked(_START_MS + number // BATCH_BIDS, bidder, _english_bid(random, lot, bidder.paddle, number + 1))
        outcome = engine.bid(*one)
        outcomes[outcome.code.value if isinstance(outcome, Rejected) else "accepted"] += 1
        asked.append(one)
    return Work(asked, outcomes, [lot.view for lot in engine.catalogue])


def _english_bid(random: Random, lot: LotState, paddle: int, request_id: int) -> BidRequest:
    view, book = lot.view, lot.book
    step_minor = view.terms.step_at(view.minimum_minor)
    minimum_minor = view.minimum_minor
    ahead_minor = minimum_minor + step_minor * random.randrange(1, 20)
    chance = random.random()
    if book is not None and book.leader == paddle and chance < 0.8:
        maximum_minor = book.leader_maximum_minor + step_minor
        return BidRequest(id=request_id, lot=view.lot, maximum_minor=maximum_minor)
    if chance < 0.05:
        return BidRequest(id=request_id, lot=view.lot, amount_minor=max(1, minimum_minor - step_minor))
    if chance < 0.55:
        return BidRequest(id=request_id, lot=view.lot, maximum_minor=ahead_minor)
    if chance < 0.95:
        return BidRequest(id=request_id, lot=view.lot, amount_minor=minimum_minor)
    return BidRequest(id=request_id, lot=view.lot, amount_minor=minimum_minor, maximum_minor=ahead_minor)


def time_engine(work: Work) -> float:
    """Put all bids to a new engine, as the house does: the clock first, then the bid; changes are taken by batches."""
    engine = new_engine()
    asked, bid, may_be_due, pop_events = work.asked, engine.bid, engine.may_be_due, engine.pop_events
    began_s = time.perf_counter()
    for start in range(0, len(asked), BATCH_BIDS):
        for at_ms, bidder, request in asked[start : start + BATCH_BIDS]:
            if may_be_due(at_ms):
                engine.advance(at_ms)
            bid(at_ms, bidder, request)
        pop_events()
    seconds = time.perf_counter() - began_s
    assert [lot.view for lot in engine.catalogue] == work.views, "the engine came to other views"
    return seconds


def time_english_alone(work: Work) -> float:
    """Decide all bids by the format's function alone, from the standings in a dict; nothing is recorded."""
    lots = {lot.view.lot: lot.spec for lot in new_engine().catalogue}
    standings: dict[str, english.Book] = {}
    decide_bid = english.decide_bid
    began_s = time.perf_counter()
    for _at_ms, bidder, request in work.asked:
        name = request.lot
        spec = lots[name]
        book = standings.get(name)
        decided = decide_bid(
            spec.terms,
            spec.reserve_minor,
            book,
            english.minimum_bid(spec.terms, None if book is None else book.price_minor),
            bidder.paddle,
            request.amount_minor,
            request.maximum_minor,
        )
        if not isinstance(decided, RejectCode):
            standings[name] = decided
    seconds = time.perf_counter() - began_s
    prices = [None if (one := standings.get(view.lot)) is None else one.price_minor for view in work.views]
    assert prices == [view.price_minor for view in work.views], "the format's function came to other prices"
    return seconds


def time_bare(work: Work) -> float:
    """Make one fact for each bid and put it into a dict; nothing is decided. No record of bids can cost less."""
    last: dict[str, BidTaken] = {}
    public = True
    began_s = time.perf_counter()
    for at_ms, bidder, request in work.asked:
        who, lot, asked_minor = bidder.paddle, request.lot, request.amount_minor
        minor = asked_minor or 0
        before = last.get(lot)
        seq = 1 if before is None else before.seq + 1
        facts = (at_ms, lot, seq, who, request.id, asked_minor, request.maximum_minor, public, minor, minor, who, minor)
        last[lot] = BidTaken(*facts, None, None, 0, None, None)
    seconds = time.perf_counter() - began_s
    assert sum(fact.seq for fact in last.values()) == len(work.asked), "an event was lost"
    return seconds


FORMATS: Final[dict[str, Format]] = {
    "english": Format(
        english_work,
        (
            Timed("the engine", time_engine),
            Timed("the format's function alone", time_english_alone),
            Timed("one event into a dict, nothing decided", time_bare),
        ),
    ),
}
