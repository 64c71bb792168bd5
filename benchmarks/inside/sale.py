"""A sale in the measuring process, with or without a journal, and bids that are all accepted."""

import gc
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Final, NamedTuple

from auctioneer.house.house import Batch, House
from auctioneer.house.news import Parked
from auctioneer.house.register import ENROLMENTS_PER_S
from auctioneer.house.settings import HouseSettings
from auctioneer.journal import Journal, append
from auctioneer.journal.sqlite import SqliteStore
from auctioneer.network.broadcasts import frames
from auctioneer.rules import decisions
from auctioneer.rules.decisions import Refused
from auctioneer.rules.facts import AnyFact, SaleCreated
from auctioneer.rules.formats.english import default_increments
from auctioneer.rules.terms import LotSpec
from common.clerk_names import HOUSE
from common.codec import encode
from common.collector import calm_collector
from common.errors import AuctionError
from common.formats.english import BidRequest, EnglishTerms
from common.limits import DURATION_MS_MAX, PROTOCOL_VERSION, REMEMBERED_REQUESTS_MAX
from common.lot import LotTerms, SoftClose
from common.messages import Accepted, AnyAnswer, Hello, Welcome
from common.money import Currency

BATCH_BIDS: Final = 256
"""The bids decided and committed together, as if 256 bidders had one open bid each."""
STEP_MINOR: Final = 10_000
"""The amount that each bid adds to a lot's price: the highest increment of the table."""
START_MS: Final = 1_700_000_000_000
_REQUESTS_PER_S: Final = 10**9
"""A budget that no bidder reaches, since budgets are not measured."""
_HELLO_ID: Final = 1
_ENROLMENT_MS: Final = 1000 // ENROLMENTS_PER_S
"""The pause between two newcomers: the house enrols no more in a second."""


class InsideError(AuctionError):
    """The house did not treat a measurement's requests as intended."""

    code = "inside"


class Bid(NamedTuple):
    """A bid to be sent: the key of its bidder, and the body of its frame."""

    principal: str
    body: bytes


class Parts(NamedTuple):
    """The seconds that a batch took to decide, to commit (0 without a journal), and to encode all outgoing messages."""

    decide_s: float
    commit_s: float
    tell_s: float


def principal_of(bidder: int) -> str:
    """Return the key of a bidder; numbers begin at 0."""
    return f"{bidder:040d}"


class Inside:
    """A sale with open lots and enrolled bidders, with or without a journal."""

    def __init__(self, house: House, journal: Journal | None, lots: int, bidders: int) -> None:
        self.house = house
        self.journal = journal
        self.lots: Sequence[int] = range(lots)
        self.bidders: Sequence[int] = range(bidders)
        """The numbers of the bidders who bid: all or some of the enrolled ones."""
        self.now_ms = START_MS
        self._ids = [_HELLO_ID] * bidders
        self._prices = [0] * lots
        self._leaders = [-1] * lots

    @classmethod
    def begin(cls, lots: int, bidders: int, journal: Path | None = None) -> "Inside":
        """Return a new sale whose lots are open and whose bidders have said hello."""
        created = SaleCreated(
            at_ms=START_MS,
            sale="inside",
            title="Inside",
            currency=Currency("USD", 2),
            epoch=1,
            ends_after_last_lot=False,
        )
        house = House.rebuild(settings(), None, [created], (), START_MS)
        listed = decisions.add(house.engine, START_MS, HOUSE, tuple(_lot(number) for number in range(lots)))
        if isinstance(listed, Refused):
            raise InsideError(f"The lots were not taken: {listed.detail}.")
        house.record(listed)
        house.advance(START_MS)
        inside = cls(house, None if journal is None else SqliteStore(journal).take_over(""), lots, bidders)
        inside._commit([created], house.flush())
        for start in range(0, bidders, BATCH_BIDS):
            for bidder in range(start, min(bidders, start + BATCH_BIDS)):
                inside._greet(bidder)
            inside._commit([], house.flush())
            inside.now_ms += 1000 * BATCH_BIDS // ENROLMENTS_PER_S  # the register needs this time to enrol a batch
        return inside

    def warm_up(self, random: Random, bidders: int) -> None:
        """Choose the bidders who bid from now on at random, and have each bid until the house keeps the most verdicts.

        A bidder's first verdicts cost less than later ones, for each of which the house forgets an older one.
        """
        self.bidders = sorted(random.sample(self.bidders, min(bidders, len(self.bidders))))
        for number in range(REMEMBERED_REQUESTS_MAX):
            for start in range(0, len(self.bidders), BATCH_BIDS):
                batch = self.bidders[start : start + BATCH_BIDS]
                self.turn([self.bid(bidder, (bidder + number) % len(self.lots)) for bidder in batch])

    def bids(self, random: Random, lots: int, bidders: int, count: int = BATCH_BIDS) -> list[Bid]:
        """Return `count` bids by `bidders` of the bidders on `lots` of the lots; each is accepted in this order.

        Each call draws the lots and bidders again, so in a large sale they rarely repeat. At least two bidders are
        needed, since nobody can outbid oneself.
        """
        on = self.lots if lots >= len(self.lots) else random.sample(self.lots, lots)
        by = self.bidders if bidders >= len(self.bidders) else random.sample(self.bidders, bidders)
        made = []
        for _ in range(count):
            lot, bidder = random.choice(on), random.choice(by)
            while bidder == self._leaders[lot]:
                bidder = random.choice(by)
            made.append(self.bid(bidder, lot))
        return made

    def bid(self, bidder: int, lot: int) -> Bid:
        """Return a bidder's next bid on a lot. The bidder must not lead the lot after the bids made before."""
        self._leaders[lot] = bidder
        self._prices[lot] += STEP_MINOR
        self._ids[bidder] += 1
        body = encode(BidRequest(id=self._ids[bidder], lot=str(lot), amount_minor=self._prices[lot]))
        return Bid(principal_of(bidder), body)

    def turn(self, bids: list[Bid]) -> Parts:
        """Handle a batch of bids as the server does, but without sockets, and return the time of each part.

        Raises InsideError if a bid was not accepted, because the figures would then measure something else.
        """
        began_s = time.perf_counter()
        answers, batch = self.decide(bids)
        decided_s = time.perf_counter()
        self._commit([], batch)
        committed_s = time.perf_counter()
        for answer in answers:
            encode(answer)
        frames(self.house.engine.epoch, batch.events, frozenset().__contains__)
        told_s = time.perf_counter()
        check_accepted(answers)
        return Parts(decided_s - began_s, committed_s - decided_s, told_s - committed_s)

    def decide(self, bids: list[Bid]) -> tuple[list[AnyAnswer | Parked | None], Batch]:
        """Have the house decide a batch of bids, and return its answers and the batch to commit."""
        self.now_ms += 1
        handle, now_ms = self.house.handle, self.now_ms
        answers = [handle(principal, body, now_ms) for principal, body in bids]
        return answers, self.house.flush()

    def close(self) -> None:
        """Close the journal."""
        if self.journal is not None:
            self.journal.close()

    def _greet(self, bidder: int) -> None:
        self.now_ms += _ENROLMENT_MS
        hello = Hello(id=_HELLO_ID, versions=(PROTOCOL_VERSION,), name=f"Bidder {bidder}")
        answer = self.house.handle(principal_of(bidder), encode(hello), self.now_ms)
        if not isinstance(answer, Welcome):
            raise InsideError(f"A bidder was not let in: {answer}.")

    def _commit(self, first: list[AnyFact], batch: Batch) -> None:
        if self.journal is not None:
            append(self.journal, [*first, *batch.facts] if first else batch.facts, batch.rejections, self.now_ms)


def settings() -> HouseSettings:
    """Return settings under which the house handles all requests of a measurement."""
    return HouseSettings(instance="inside", publish_port=1, requests_per_s=_REQUESTS_PER_S)


def check_accepted(answers: Iterable[object]) -> None:
    """Raise InsideError if a bid was not accepted."""
    refused = next((answer for answer in answers if not isinstance(answer, Accepted)), None)
    if refused is not None:
        raise InsideError(f"A bid was not accepted: {refused}.")


def _lot(number: int) -> LotSpec:
    terms = LotTerms(
        lot=str(number),
        title=f"Lot {number}",
        format=EnglishTerms(1, default_increments(Currency("USD", 2))),
        description="A lot as a catalogue describes it, with its maker, its year and its condition.",
        duration_ms=DURATION_MS_MAX - number,
        soft_close=SoftClose(60_000, 60_000),
    )
    return LotSpec(terms)


@contextmanager
def collecting_rarely() -> Iterator[None]:
    """Exempt all present objects from garbage collection, and collect the rest rarely, as `auctioneer run` does."""
    before = gc.get_threshold()
    gc.collect()
    calm_collector()
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
