"""Offers for the rules alone, format by format, and the loop over them that every format shares.

`benchmarks.inside.formats` has the parts that differ by format. A first engine serves only to make the offers: it shows
each bidder the present state. A new engine then decides these offers. So the measured time contains no making of
offers. Both engines must end in the same state.
"""

import time
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Final, NamedTuple

from auctioneer.rules import decisions
from auctioneer.rules.decisions import Refused
from auctioneer.rules.engine import Bidder, Engine
from auctioneer.rules.facts import SaleCreated
from auctioneer.rules.formats.entries import AnyBook
from auctioneer.rules.lots import LotState
from auctioneer.rules.terms import LotSpec
from common.clerk_names import HOUSE
from common.formats import AnyOffer
from common.lot import LotView
from common.messages import Rejected
from common.money import Currency

BIDDERS: Final = 200
BATCH_BIDS: Final = 256
"""The number of offers after which the engine's changes are taken, as after each commit of a busy house."""
DOLLARS: Final = Currency("USD", 2)
DURATION_MS: Final = 30 * 24 * 3600 * 1000
ROUND_MS: Final = 16
"""The time in which each lot gets one offer on average."""
START_MS: Final = 1_700_000_000_000


class Lots(NamedTuple):
    """The lots that receive the offers."""

    total: int
    make: Callable[[int], LotSpec]
    """Returns the lot with a number."""


class Asked(NamedTuple):
    """An offer with its bidder and the time of its receipt."""

    at_ms: int
    bidder: Bidder
    request: AnyOffer


class Bidding(NamedTuple):
    """A lot after the last offer: its public view, and the book that only the house knows."""

    view: LotView
    book: AnyBook | None


class Work(NamedTuple):
    """Offers of one format with their outcomes, and the lots after the last offer."""

    sale: Lots
    asked: list[Asked]
    outcomes: Counter[str]
    """The count of each outcome: `accepted`, or the code of a rejection."""
    lots: list[Bidding]


class Timed(NamedTuple):
    """A loop over a format's offers that can be timed; `what` says what it measures."""

    what: str
    run: Callable[[Work], float]
    """Returns the seconds taken. Raises AssertionError if the offers had wrong outcomes."""


class Format(NamedTuple):
    """How a format is measured."""

    make_lot: Callable[[int], LotSpec]
    """Returns the lot with a number."""
    make_offer: Callable[[Random, LotState, int, int], AnyOffer]
    """Returns an offer by a paddle on a lot in its present state, with a request id."""
    loops: tuple[Timed, ...]
    """The loops: the engine's comes first, the ceiling last."""
    wanted_per_s: int
    """The least rate of the engine that is good enough for this format."""
    offers_per_lot: int | None = None
    """After this many offers a lot on average, the next go to another sale: lots may be sold out. None: any number."""

    def works(self, random: Random, lots: int, count: int) -> list[Work]:
        """Return `count` offers in all, in as many sales with this many lots each as it takes."""
        most = count if self.offers_per_lot is None else lots * self.offers_per_lot
        return [self.work(random, lots, min(most, count - done)) for done in range(0, count, most)]

    def work(self, random: Random, lots: int, count: int) -> Work:
        """Return `count` offers in one sale, each by a random bidder on a random lot."""
        sale = Lots(lots, self.make_lot)
        engine = new_engine(sale)
        who = [Bidder(paddle, (f"bidder{paddle}",)) for paddle in range(1, BIDDERS + 1)]
        asked, outcomes = [], Counter[str]()
        for number in range(count):
            at_ms = START_MS + number * ROUND_MS // lots
            engine.advance(at_ms)
            bidder = random.choice(who)
            lot = random.choice(engine.catalogue)
            one = Asked(at_ms, bidder, self.make_offer(random, lot, bidder.paddle, number + 1))
            outcome = engine.offer(*one)
            outcomes[outcome.code.value if isinstance(outcome, Rejected) else "accepted"] += 1
            asked.append(one)
        return Work(sale, asked, outcomes, _bidding(engine))


def new_engine(sale: Lots) -> Engine:
    """Return an engine with open lots."""
    created = SaleCreated(
        at_ms=START_MS, sale="rules", title="Rules", currency=DOLLARS, epoch=1, ends_after_last_lot=False
    )
    engine = Engine.create(created)
    listed = decisions.add(engine, START_MS, HOUSE, tuple(sale.make(number) for number in range(sale.total)))
    assert not isinstance(listed, Refused), f"the lots were not taken: {listed}"
    engine.advance(START_MS)
    engine.pop_events()
    return engine


def time_engine(work: Work) -> float:
    """Have a new engine decide all offers, as the house does: the clock first, then the offer; events come in batches.

    Raises AssertionError if a view or a book differs from the engine that served to make the offers.
    """
    engine = new_engine(work.sale)
    asked, offer, may_be_due, pop_events = work.asked, engine.offer, engine.may_be_due, engine.pop_events
    began_s = time.perf_counter()
    for start in range(0, len(asked), BATCH_BIDS):
        for at_ms, bidder, request in asked[start : start + BATCH_BIDS]:
            if may_be_due(at_ms):
                engine.advance(at_ms)
            offer(at_ms, bidder, request)
        pop_events()
    seconds = time.perf_counter() - began_s
    assert _bidding(engine) == work.lots, "the engine came to other lots"
    return seconds


def _bidding(engine: Engine) -> list[Bidding]:
    return [Bidding(lot.view, lot.book) for lot in engine.catalogue]
