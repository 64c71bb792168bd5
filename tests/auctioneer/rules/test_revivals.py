"""The revived runner-up is asked: the scenario tables, and what holds whatever is corrected."""

import random
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from auctioneer.audit.invariants import Watcher, check
from auctioneer.audit.verify import verify
from auctioneer.rules import corrections, decisions
from auctioneer.rules.corrected import Corrected
from auctioneer.rules.decisions import Refused
from auctioneer.rules.engine import Bidder, Engine
from auctioneer.rules.facts import AnyFact, BidConfirmed, BidTaken, CorrectionMade, OfferTaken
from auctioneer.rules.lots import LotState
from auctioneer.rules.retractions import retract
from auctioneer.rules.revivals import answer_for, confirm
from auctioneer.rules.sources import Placer, Source
from common.confirming import ConfirmRequest
from common.errors import RejectCode
from common.formats.english import BidRequest
from common.lot import CorrectionCause, LotStatus
from common.messages import Accepted, Rejected, WordKind
from common.retraction import RetractRequest
from tests.auctioneer.house.house_examples import HOUR_MS, START_MS, lot, sale_created
from tests.auctioneer.rules.replays import check_replay
from tests.auctioneer.rules.scenarios import Scenario, Stage, load

TABLES = load("revivals")
ANSWER_MS = 60_000
BIDDERS = 4
ABSENT = 5
"""The paddle for which a clerk bids what it left in writing."""
LOTS = ("1", "2")
SEEDS = st.integers(0, 1_000_000)


@pytest.mark.parametrize("restores", [False, True], ids=["", "restored"])
@pytest.mark.parametrize("scenario", TABLES, ids=str)
def test_scenario(scenario: Scenario, restores: bool) -> None:
    Stage(scenario, restores=restores).play()


class Evening:
    """A random sale with bids, corrections and answers, and who may lead each of its lots: who bid, or stood by."""

    def __init__(self, pick: random.Random, answer_ms: int | None) -> None:
        created = sale_created(corrections=True, retractions=True, revived_answer_ms=answer_ms)
        self.engine = Engine.create(created)
        self.facts: list[AnyFact] = [created]
        self.pick, self.now_ms, self.number = pick, START_MS, 0
        self.entitled: dict[str, int | None] = {}
        self.watcher = Watcher(self.engine)
        added = decisions.add(self.engine, START_MS, "clerk", tuple(lot(name) for name in LOTS))
        assert not isinstance(added, Refused)
        self.happened(added)

    def play(self, steps: int) -> None:
        for _ in range(steps):
            self.now_ms += self.pick.choice((0, 1, 5_000, 20_000, 90_000))
            self.happened(self.engine.advance(self.now_ms))
            self.act(self.pick.choice(LOTS))
            check(self.engine)

    def act(self, name: str) -> None:
        engine, pick, now_ms, state = self.engine, self.pick, self.now_ms, self.engine.lots[name]
        self.number += 1
        paddle = pick.randint(1, BIDDERS)
        match pick.randint(0, 20):
            case 0 | 1:
                self.corrected([corrections.undo(engine, now_ms, "ada", name, "")])
            case 2:
                numbers = [offer.number for offer in state.kept.offers if offer.offer] if state.kept else []
                chosen = tuple(pick.sample(numbers, min(len(numbers), 2)))
                self.corrected([corrections.undo(engine, now_ms, "ada", name, "", chosen)])
            case 3:
                request = RetractRequest(id=self.number, lot=name)
                self.corrected([retract(engine, now_ms, Bidder(paddle, ()), request)])
            case 4:
                self.corrected(corrections.void_offers(engine, now_ms, "ada", paddle, ""))
            case 5:
                self.corrected([corrections.void(engine, now_ms, "ada", name, "")])
            case 6:
                self.corrected([corrections.reopen(engine, now_ms, "ada", name, "", HOUR_MS)])
            case 7 | 8 | 9 | 10:
                self.direct(name)
            case 11 | 12 | 13:
                self.answer(state)
            case 14:
                self.corrected([corrections.award(engine, now_ms, "ada", name, "", paddle, 5_000)])
            case _:
                self.bid(state, pick.choice((paddle, paddle, ABSENT)))

    def direct(self, name: str) -> None:
        engine, pick, now_ms = self.engine, self.pick, self.now_ms
        match pick.randint(0, 3):
            case 0:
                self.decided(decisions.close(engine, now_ms, "ada", name))
            case 1:
                self.decided(pick.choice((decisions.pause, decisions.resume))(engine, now_ms, "ada", name))
            case 2:
                self.decided(pick.choice((decisions.pause_sale, decisions.resume_sale))(engine, now_ms, "ada"))
            case _:
                self.now_ms += 30_000
                self.happened(decisions.start(engine, self.now_ms, self.now_ms - 30_000, "again"))

    def bid(self, state: LotState, paddle: int) -> None:
        least = getattr(state.view.board, "minimum_minor", 0)
        request = BidRequest(id=self.number, lot=state.view.lot, maximum_minor=least + self.pick.choice((0, 300, 900)))
        bidder, placer = Bidder(paddle, ()), Placer(Source.ABSENTEE, "ada")
        outcome = (
            self.engine.offer_for(self.now_ms, bidder, request, placer)
            if paddle == ABSENT
            else self.engine.offer(self.now_ms, bidder, request)
        )
        if not isinstance(outcome, Rejected):
            self.happened([outcome])

    def answer(self, state: LotState) -> None:
        stands, asked, name = self.pick.random() < 0.5, state.view.asked, state.view.lot
        if asked is not None and self.pick.random() < 0.5:
            request = ConfirmRequest(id=self.number, lot=name, stands=stands)
            self.corrected([confirm(self.engine, self.now_ms, Bidder(asked.paddle, ()), request)])
        else:
            self.corrected([answer_for(self.engine, self.now_ms, "ada", name, stands=stands)])

    def corrected(self, outcomes: Sequence[Corrected | Refused | Rejected]) -> None:
        for outcome in outcomes:
            if isinstance(outcome, Corrected):
                self.engine.apply(outcome.fact)
                self.happened([outcome.fact])

    def decided(self, decision: decisions.Decision) -> None:
        self.happened([] if isinstance(decision, Refused) else decision)

    def happened(self, facts: Sequence[AnyFact]) -> None:
        self.facts += facts
        self.watcher.watch(self.engine, facts)
        for fact in facts:
            if isinstance(fact, BidTaken | OfferTaken | BidConfirmed):
                self.entitled[fact.lot] = self.leader(fact.lot)
        for name in LOTS if len(self.engine.lots) == len(LOTS) else ():
            if self.leader(name) != self.entitled.get(name):
                self.entitled[name] = None  # whoever led before leads by an earlier bid if it comes back

    def leader(self, name: str) -> int | None:
        return self.engine.lots[name].view.board.leader


def assert_nobody_leads_unasked(evening: Evening) -> None:
    for name in LOTS:
        state = evening.engine.lots[name]
        if state.view.status is LotStatus.OPEN and evening.leader(name) not in (None, ABSENT):
            assert evening.leader(name) == evening.entitled[name], f"lot {name}: {state.view}"


@given(SEEDS)
def test_nobody_leads_an_open_lot_by_a_bid_that_it_did_not_make_or_confirm_after_the_correction(seed: int) -> None:
    evening = Evening(random.Random(seed), ANSWER_MS)
    for _ in range(60):
        evening.play(1)
        assert_nobody_leads_unasked(evening)
    check_replay(evening.engine, evening.facts)


@given(SEEDS)
def test_in_a_sale_that_binds_nothing_is_asked(seed: int) -> None:
    evening = Evening(random.Random(seed), None)
    evening.play(60)
    assert not [fact for fact in evening.facts if isinstance(fact, BidConfirmed)]
    made = [fact for fact in evening.facts if isinstance(fact, CorrectionMade)]
    assert not [fact for fact in made if fact.is_revived or WordKind.ASKED in dict(fact.touched).values()]
    assert not [fact for fact in made if fact.event is not None and fact.event.asked is not None]


@given(SEEDS)
def test_until_somebody_is_asked_both_sales_have_the_same_record(seed: int) -> None:
    bound, asks = Evening(random.Random(seed), None), Evening(random.Random(seed), ANSWER_MS)
    for _ in range(60):
        bound.play(1)
        asks.play(1)
        if any(state.is_revived for state in asks.engine.catalogue):
            return
        assert bound.facts[1:] == asks.facts[1:]


# --- single cases ----------------------------------------------------------------------------------------------------


def outbid() -> Engine:
    """Return a sale in which paddle 1 was outbid by paddle 2, whose bid was then taken back: it asks paddle 1."""
    engine = Engine.create(sale_created(corrections=True, retractions=True, revived_answer_ms=ANSWER_MS))
    assert not isinstance(decisions.add(engine, START_MS, "clerk", (lot("1"),)), Refused)
    engine.advance(START_MS)
    for paddle in (1, 2):
        request = BidRequest(id=1, lot="1", amount_minor=1_000 * paddle)
        assert not isinstance(engine.offer(START_MS + paddle, Bidder(paddle, ()), request), Rejected)
    undone = corrections.undo(engine, START_MS + 10, "ada", "1", "")
    assert isinstance(undone, Corrected)
    engine.apply(undone.fact)
    return engine


def test_a_bid_meanwhile_is_told_what_the_lot_waits_for() -> None:
    refused = outbid().offer(START_MS + 11, Bidder(3, ()), BidRequest(id=1, lot="1", amount_minor=5_000))
    assert isinstance(refused, Rejected)
    assert (refused.code, refused.detail) == (RejectCode.LOT_PAUSED, "paddle 1 is asked whether its bid stands")


def test_a_command_meanwhile_is_told_which_one_fits() -> None:
    refused = decisions.close(outbid(), START_MS + 11, "ada", "1")
    assert isinstance(refused, Refused)
    assert "waits for the answer of paddle 1" in refused.detail
    assert "`auctioneer asked 1 --yes`" in refused.detail


def test_the_terms_of_the_bidding_stay_until_the_answer() -> None:
    """Bids that were made under other terms count for good, so a no could not take them back."""
    engine = outbid()
    spec = engine.lots["1"].spec
    bidding = replace(spec.terms.format, starting_minor=500)
    other = replace(spec, terms=replace(spec.terms, format=bidding))
    refused = corrections.rewrite(engine, START_MS + 11, "ada", "1", "", other, ())
    assert isinstance(refused, Refused)
    assert "change its bidding after that" in refused.detail
    texts = replace(spec, terms=replace(spec.terms, title="A clock"))
    assert isinstance(corrections.rewrite(engine, START_MS + 11, "ada", "1", "", texts, ()), Corrected)


def test_an_answer_shows_the_position_then() -> None:
    engine = outbid()
    answered = confirm(engine, START_MS + 11, Bidder(1, ()), ConfirmRequest(id=7, lot="1", stands=False))
    assert isinstance(answered, Corrected)
    assert isinstance(answered.fact, CorrectionMade)
    verdict = answered.fact.verdict
    assert isinstance(verdict, Accepted)
    assert (verdict.own, verdict.board.leader, verdict.ends_at_ms) == (None, None, START_MS + HOUR_MS + 1)


def test_bids_that_count_for_good_are_not_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auctioneer.rules.kept_offers.OFFERS_KEPT_MAX", 1)
    engine = outbid()
    assert engine.lots["1"].view.asked is None
    assert engine.lots["1"].view.board.leader == 1


def by_nobody(fact: AnyFact) -> AnyFact:
    return replace(fact, by="") if isinstance(fact, BidConfirmed) else fact


def by_the_clock(fact: AnyFact) -> AnyFact:
    is_no = isinstance(fact, CorrectionMade) and fact.cause is CorrectionCause.DECLINED
    return replace(fact, cause=CorrectionCause.UNANSWERED, by="house") if is_no else fact


def of_another(fact: AnyFact) -> AnyFact:
    return replace(fact, paddle=2) if isinstance(fact, BidConfirmed) else fact


def asking_nobody(fact: AnyFact) -> AnyFact:
    return replace(fact, touched=(), is_revived=False) if isinstance(fact, CorrectionMade) else fact


@pytest.mark.parametrize("forge", [by_nobody, by_the_clock, of_another, asking_nobody])
def test_a_record_with_another_answer_is_found_out(forge: Callable[[AnyFact], AnyFact]) -> None:
    stage = Stage(next(one for one in TABLES if one.title.startswith("a clerk answers")), restores=False)
    stage.play()
    forged = [forge(fact) for fact in stage.facts]
    assert forged != stage.facts
    assert verify(enumerate(forged, start=1)).mismatch is not None
