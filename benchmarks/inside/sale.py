"""A sale in this very process, with or without a journal, and bids for it that are all accepted."""

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
from auctioneer.process.serving import GC_ALLOCATIONS
from auctioneer.rules import decisions
from auctioneer.rules.decisions import Refused
from auctioneer.rules.facts import AnyFact, SaleCreated
from auctioneer.rules.formats.english import default_increments
from auctioneer.rules.sale_settings import HOUSE
from auctioneer.rules.terms import LotSpec
from common.codec import encode
from common.errors import AuctionError
from common.formats.english import BidRequest, EnglishTerms
from common.limits import DURATION_MS_MAX, PROTOCOL_VERSION, REMEMBERED_REQUESTS_MAX
from common.lot import LotTerms, SoftClose
from common.messages import Accepted, AnyAnswer, Hello, Welcome
from common.money import Currency

BATCH_BIDS: Final = 256
"""Bids that are decided and committed together, as when 256 bidders have one under way each."""
STEP_MINOR: Final = 10_000
"""What each bid adds to a lot's price: the highest increment of the table."""
START_MS: Final = 1_700_000_000_000
_REQUESTS_PER_S: Final = 10**9
"""The budget of requests is not what is measured."""
_HELLO_ID: Final = 1
_ENROLMENT_MS: Final = 1000 // ENROLMENTS_PER_S
"""Newcomers come no faster than the house takes them in, however many there are."""


class InsideError(AuctionError):
    """The house did not do with a measurement's requests what they were made for."""

    code = "inside"


class Bid(NamedTuple):
    """A bid on its way: whose, and what the frame holds."""

    principal: str
    body: bytes


class Parts(NamedTuple):
    """How long a batch took, in seconds: to decide, to commit (0 without a journal), and to encode all that leaves."""

    decide_s: float
    commit_s: float
    tell_s: float


def principal_of(bidder: int) -> str:
    """Return the key of a bidder, by number from 0 on."""
    return f"{bidder:040d}"


class Inside:
    """A sale with so many lots, all open, and so many bidders, with or without a journal."""

    def __init__(self, house: House, journal: Journal | None, lots: int, bidders: int) -> None:
        self.house = house
        self.journal = journal
        self.lots: Sequence[int] = range(lots)
        self.bidders: Sequence[int] = range(bidders)
        """Who bids, all or some of those who are enrolled."""
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
            inside.now_ms += 1000 * BATCH_BIDS // ENROLMENTS_PER_S  # as long as the register wants for so many
        return inside

    def warm_up(self, random: Random, bidders: int) -> None:
        """Let only so many of the bidders bid from now on, anybody, and each of them until the house keeps the most.

        A bidder's first verdicts cost less than later ones, for which an older one is forgotten.
        """
        self.bidders = sorted(random.sample(self.bidders, min(bidders, len(self.bidders))))
        for number in range(REMEMBERED_REQUESTS_MAX):
            for start in range(0, len(self.bidders), BATCH_BIDS):
                batch = self.bidders[start : start + BATCH_BIDS]
                self.turn([self.bid(bidder, (bidder + number) % len(self.lots)) for bidder in batch])

    def bids(self, random: Random, lots: int, bidders: int, count: int = BATCH_BIDS) -> list[Bid]:
        """Return so many bids, by so many of the bidders on so many of the lots; each is accepted in its turn.

        Which lots and bidders is drawn anew for each call, so that in a large sale they are rarely those of before.
        Two bidders at least, since nobody bids against oneself.
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
        """Return a bidder's next bid on a lot, which that bidder must not lead once the bids made before are in."""
        self._leaders[lot] = bidder
        self._prices[lot] += STEP_MINOR
        self._ids[bidder] += 1
        body = encode(BidRequest(id=self._ids[bidder], lot=str(lot), amount_minor=self._prices[lot]))
        return Bid(principal_of(bidder), body)

    def turn(self, bids: list[Bid]) -> Parts:
        """Do with a batch of bids what the server does but for the sockets, and return how long each part took.

        Raises InsideError where a bid was not accepted: what is measured then would be something else.
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
        """Have the house decide a batch of bids, and return its answers and what is to be committed."""
        self.now_ms += 1
        handle, now_ms = self.house.handle, self.now_ms
        answers = [handle(principal, body, now_ms) for principal, body in bids]
        return answers, self.house.flush()

    def close(self) -> None:
        """Let go of the journal."""
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
    """Return settings under which a measurement's requests are all heard."""
    return HouseSettings(instance="inside", publish_port=1, requests_per_s=_REQUESTS_PER_S)


def check_accepted(answers: Iterable[object]) -> None:
    """Raise InsideError where a bid was not accepted."""
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
def calm_collector() -> Iterator[None]:
    """Have the collector leave alone what there is now, and look seldom at the rest, as `auctioneer run` does."""
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_ALLOCATIONS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
