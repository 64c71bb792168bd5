"""Accounts: the tables of limits and links, and what must be true of limits at any time over all formats."""

from collections import defaultdict

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from auctioneer.audit.invariants import check
from auctioneer.rules import decisions, limits
from auctioneer.rules.accounts import LINKS_MAX
from auctioneer.rules.applying import EngineState
from auctioneer.rules.decisions import Refused
from auctioneer.rules.engine import Bidder, Engine
from auctioneer.rules.facts import BidTaken, OfferTaken
from auctioneer.rules.formats.table import format_of
from auctioneer.rules.lots import LotState
from auctioneer.rules.sources import Placer, Source
from auctioneer.rules.terms import LotSpec, Opening, OpeningRule
from common.absentee import LeaveBidRequest
from common.errors import RejectCode
from common.formats import AnyOffer
from common.formats.dutch import DutchTerms, StopRequest
from common.formats.english import BidRequest, BuyRequest, EnglishTerms, Step
from common.formats.sealed import Pays, SealedTerms, SealRequest, UnsealRequest
from common.lot import LotTerms
from common.messages import Rejected
from tests.auctioneer.house.house_examples import START_MS, lot, sale_created
from tests.auctioneer.rules.scenarios import Scenario, Stage, load
from tests.must_be import must_be

PADDLES = (1, 2, 3)


@pytest.mark.parametrize("restores", [False, True], ids=["", "restored"])
@pytest.mark.parametrize("scenario", load("limits", "links"), ids=str)
def test_table(scenario: Scenario, restores: bool) -> None:
    Stage(scenario, restores=restores).play()


# --- at any time, over all formats ---------------------------------------------------------------------------------

BY_HAND = Opening(OpeningRule.BY_HAND)
SPECS = (
    LotSpec(LotTerms("1", "Lot", EnglishTerms(100, (Step(0, 10),)))),
    LotSpec(LotTerms("2", "Lot", EnglishTerms(100, (Step(0, 50),), has_reserve=True, buy_now_minor=600)), 300),
    LotSpec(LotTerms("3", "Lot", SealedTerms(100, Pays.OWN_OFFER))),
    LotSpec(LotTerms("4", "Lot", SealedTerms(100, Pays.SECOND_OFFER))),
    LotSpec(LotTerms("5", "Lot", DutchTerms(400, 100, 100, 1_000, 4), duration_ms=4_000)),
    LotSpec(LotTerms("6", "Lot", EnglishTerms(100, (Step(0, 10),))), opening=BY_HAND),
    LotSpec(LotTerms("7", "Lot", SealedTerms(100, Pays.OWN_OFFER)), opening=BY_HAND),
)
MINORS = st.integers(10, 70).map(lambda tens: tens * 10)
ENGLISH, SEALED, LATE = st.sampled_from("126"), st.sampled_from("347"), st.sampled_from("67")
OFFERS = st.one_of(
    st.builds(BidRequest, id=st.just(1), lot=ENGLISH, amount_minor=MINORS),
    st.builds(BidRequest, id=st.just(1), lot=ENGLISH, maximum_minor=MINORS, while_connected=st.booleans()),
    st.builds(BuyRequest, id=st.just(1), lot=st.just("2"), price_minor=st.just(600)),
    st.builds(SealRequest, id=st.just(1), lot=SEALED, amount_minor=MINORS),
    st.builds(UnsealRequest, id=st.just(1), lot=SEALED),
    st.builds(StopRequest, id=st.just(1), lot=st.just("5"), price_minor=st.just(400), units=st.integers(1, 3)),
    st.builds(LeaveBidRequest, id=st.just(1), lot=LATE, amount_minor=st.none() | MINORS),
)
ACTIONS = st.one_of(
    st.tuples(st.sampled_from(PADDLES), OFFERS),
    st.tuples(st.sampled_from(PADDLES), OFFERS),
    st.tuples(st.sampled_from(PADDLES), st.sampled_from((None, 0, 300, 600, 900, 1_200))),
    st.tuples(st.just(0), st.sampled_from(("close 1", "close 3", "close 4", "withdraw 2", "open 6", "open 7", "wait"))),
    st.tuples(st.just(0), st.sampled_from(("silence", "pause 1", "resume 1", "restore"))),
)


class Evening:
    """A sale with lots of all formats, and the most that each paddle may be made to pay by its offers so far."""

    def __init__(self) -> None:
        self.engine = Engine.create(sale_created())
        self.now_ms = START_MS
        self.bounds_minor: defaultdict[int, float] = defaultdict(lambda: float("inf"))
        decisions.add(self.engine, START_MS, "ann", SPECS)
        self.engine.advance(START_MS)

    def total_minor(self, paddle: int) -> int:
        """Return what a paddle has to pay and may have to pay, by a look at all lots."""
        total_minor = 0
        for one in self.engine.catalogue:
            if one.view.status.is_final:
                total_minor += sum(row.amount_minor for row in one.view.results if row.paddle == paddle)
            else:
                total_minor += format_of(one.spec).exposure(one.spec, one.book, paddle)
        return total_minor

    def act(self, paddle: int, what: AnyOffer | int | str | None) -> None:
        before = {one: self.total_minor(one) for one in PADDLES}
        if isinstance(what, str):
            self.direct(what)
        elif what is None or isinstance(what, int):
            limits.set_limit(self.engine, self.now_ms, "ann", paddle, what)
        else:
            bidder = Bidder(paddle, (f"bidder{paddle}",))
            made: object = self.engine.offer(self.now_ms, bidder, what)
            if isinstance(made, BidTaken | OfferTaken):
                self.accepted(paddle, before)
        self.check(before if not isinstance(what, AnyOffer) or isinstance(what, LeaveBidRequest) else {})

    def direct(self, order: str) -> None:
        name, _, number = order.partition(" ")
        now_ms, engine = self.now_ms, self.engine
        match name:
            case "close":
                decisions.close(engine, now_ms, "ann", number)
            case "withdraw":
                decisions.withdraw(engine, now_ms, "ann", number, "")
            case "pause":
                decisions.pause(engine, now_ms, "ann", number)
            case "resume":
                decisions.resume(engine, now_ms, "ann", number)
            case "wait":
                self.now_ms += 1_000
                engine.advance(self.now_ms)
            case "silence":
                for paddle in engine.paddles_to_watch():
                    engine.release_silent(now_ms, paddle)
            case "restore":
                self.engine = Engine(
                    msgspec.msgpack.decode(msgspec.msgpack.encode(engine.state), type=EngineState[LotState])
                )
            case _:
                self.open(number)

    def open(self, number: str) -> None:
        """Open a lot, and make the bids that were left one by one."""
        decisions.open_lot(self.engine, self.now_ms, "ann", number)
        before = {one: self.total_minor(one) for one in PADDLES}
        while (fact := self.engine.advance_once(self.now_ms)) is not None:
            if isinstance(fact, OfferTaken):
                self.accepted(fact.paddle, before)
            before = {one: self.total_minor(one) for one in PADDLES}

    def accepted(self, paddle: int, before: dict[int, int]) -> None:
        """Note the bound that an accepted offer sets: the limit, if the offer exposed its bidder by more."""
        if self.total_minor(paddle) > before[paddle]:
            limit_minor = self.engine.accounts.of(paddle).limit_minor
            self.bounds_minor[paddle] = float("inf") if limit_minor is None else limit_minor

    def check(self, before: dict[int, int]) -> None:
        check(self.engine)
        for paddle in PADDLES:
            assert self.total_minor(paddle) <= self.bounds_minor[paddle]
            spending = self.engine.accounts.spending(paddle)
            if spending is not None:
                assert spending.won_minor + spending.exposed_minor == self.total_minor(paddle)


@settings(max_examples=150)
@given(actions=st.lists(ACTIONS, max_size=40))
@example(
    actions=[
        (1, 600),
        (1, BidRequest(id=1, lot="1", maximum_minor=300)),
        (1, SealRequest(id=1, lot="3", amount_minor=300)),
        (1, StopRequest(id=1, lot="5", price_minor=400)),
    ]
)
def test_what_offers_may_cost_never_passes_the_limit_that_was_in_force(
    actions: list[tuple[int, AnyOffer | int | str | None]],
) -> None:
    evening = Evening()
    for paddle, what in actions:
        evening.act(paddle, what)


# --- single cases --------------------------------------------------------------------------------------------------


def sale_of(*specs: LotSpec) -> Engine:
    engine = Engine.create(sale_created())
    decisions.add(engine, START_MS, "ann", specs)
    engine.advance(START_MS)
    return engine


def bidder(paddle: int) -> Bidder:
    return Bidder(paddle, (f"bidder{paddle}",))


def test_a_refusal_tells_the_bidder_what_is_left_for_the_lot() -> None:
    engine = sale_of(lot("1"), lot("2"))
    limits.set_limit(engine, START_MS, "ann", 1, 5_000)
    engine.offer(START_MS, bidder(1), BidRequest(id=1, lot="1", maximum_minor=3_000))
    refused = must_be(Rejected, engine.offer(START_MS, bidder(1), BidRequest(id=2, lot="2", maximum_minor=2_001)))
    assert refused.code is RejectCode.OVER_SPENDING_LIMIT
    assert refused.detail == "USD 20.00 of the limit of USD 50.00 is left for this lot"
    refused = must_be(Rejected, engine.offer(START_MS, bidder(1), BidRequest(id=3, lot="1", maximum_minor=5_001)))
    assert refused.detail == "USD 50.00 of the limit of USD 50.00 is left for this lot"
    limits.set_limit(engine, START_MS, "ann", 1, 1_000)
    refused = must_be(Rejected, engine.offer(START_MS, bidder(1), BidRequest(id=4, lot="2", maximum_minor=2_000)))
    assert refused.detail == "nothing of the limit of USD 10.00 is left for this lot"


def test_a_clerk_is_not_told_what_is_left_since_sealed_offers_count() -> None:
    engine = sale_of(lot("1"), LotSpec(LotTerms("2", "Lot", SealedTerms(100, Pays.OWN_OFFER))))
    limits.set_limit(engine, START_MS, "ann", 1, 5_000)
    engine.offer(START_MS, bidder(1), SealRequest(id=1, lot="2", amount_minor=4_500))
    bid = BidRequest(id=1, lot="1", amount_minor=1_000)
    refused = must_be(Rejected, engine.offer_for(START_MS, bidder(1), bid, Placer(Source.FLOOR, "clerk")))
    assert (refused.code, refused.detail) == (RejectCode.OVER_SPENDING_LIMIT, "")


def test_a_paddle_is_linked_with_at_most_so_many() -> None:
    engine = sale_of()
    most = tuple(bidder(paddle) for paddle in range(1, LINKS_MAX + 2))
    assert not isinstance(limits.link(engine, START_MS, "ann", most), Refused)
    one_more = limits.link(engine, START_MS, "ann", (bidder(1), bidder(LINKS_MAX + 2)))
    assert must_be(Refused, one_more).code is RejectCode.HOUSE_FULL
    for number in range(LINKS_MAX):
        linked = limits.link(engine, START_MS, "ann", (bidder(1),), f"House {number}", (f"house{number}",))
        assert not isinstance(linked, Refused)
    another = limits.link(engine, START_MS, "ann", (bidder(1),), "One more", ("onemore",))
    assert must_be(Refused, another).code is RejectCode.HOUSE_FULL


def test_an_account_of_which_nothing_is_noted_any_more_is_gone() -> None:
    engine = sale_of()
    limits.set_limit(engine, START_MS, "ann", 1, 5_000)
    limits.note_deposit(engine, START_MS, "ann", 1, 1_000)
    limits.link(engine, START_MS, "ann", (bidder(1), bidder(2)))
    assert sorted(engine.state.accounts) == [1, 2]
    limits.link(engine, START_MS, "ann", (bidder(1), bidder(2)), linked=False)
    limits.set_limit(engine, START_MS, "ann", 1, None)
    assert sorted(engine.state.accounts) == [1]
    limits.note_deposit(engine, START_MS, "ann", 1, 0)
    assert engine.state.accounts == {}


@given(maxima=st.tuples(*[st.integers(1_000, 99_000)] * 2), limit_minor=st.integers(1_000, 50_000), data=st.data())
def test_a_refusal_for_a_limit_tells_nothing_of_a_rivals_maximum(
    maxima: tuple[int, int], limit_minor: int, data: st.DataObject
) -> None:
    """Else a bidder could find the maximum by ever larger bids that are refused, and so cost nothing."""
    over_minor = data.draw(st.integers(limit_minor + 1, 100_000))
    told = []
    for maximum_minor in maxima:
        engine = sale_of(lot("1"))
        engine.offer(START_MS, bidder(2), BidRequest(id=1, lot="1", maximum_minor=maximum_minor))
        limits.set_limit(engine, START_MS, "ann", 1, limit_minor)
        told.append(engine.offer(START_MS, bidder(1), BidRequest(id=1, lot="1", maximum_minor=over_minor)))
    assert told[0] == told[1]
    assert must_be(Rejected, told[0]).code in (RejectCode.OVER_SPENDING_LIMIT, RejectCode.BELOW_MINIMUM)
