"""Random sales, decided by the engine and by a naive model of the rules, which must agree after every step."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from auctioneer.audit.invariants import Watcher, check, check_same_state
from auctioneer.audit.verify import verify
from auctioneer.rules import decisions
from auctioneer.rules.decisions import Decision, Refused
from auctioneer.rules.engine import Bidder, Engine, EngineState
from auctioneer.rules.facts import (
    AnyFact,
    BidderEnrolled,
    BidLate,
    BidTaken,
    LotBought,
)
from auctioneer.rules.lots import LotState
from auctioneer.rules.terms import LotSpec, Opening, OpeningRule
from common.lot import LotTerms, SoftClose, Step
from common.messages import BidRequest, BuyRequest, Rejected, Role
from common.names import skeletons
from tests.auctioneer.house.house_examples import START_MS, sale_created
from tests.auctioneer.rules.keywords import LotWords
from tests.auctioneer.rules.naive_model import Said, Sale
from tests.auctioneer.rules.replays import check_replay

LOTS_MAX = 12
BIDDERS = ("Ann", "Bob", "Cat", "Dan")
LOTS = ("1", "2", "3", "10", "4", "5", "6")

PADDLES = st.integers(1, len(BIDDERS))
ANY_PLACE = 10
PLACE = st.integers(0, ANY_PLACE + 1)
WAITS = st.sampled_from((0, 0, 0, 0, 1, 5, 20))  # all times are short, so that they often meet
SPANS = st.sampled_from((1, 5, 20, 50, 50, 100))
PRICES = st.sampled_from((1, 5, 10, 30, 50, 60))


class Try(NamedTuple):
    """A bid after a time, or so early before the window of the lot's soft close, or its end.

    `over` is over what it is near to, since that is where the rules are; a secret maximum lies `more` above that.
    """

    wait_ms: int
    early_ms: int | None
    place: int
    paddle: int
    near: str
    opens: bool
    over: int
    more: int
    connected: bool
    seq_over: int | None


TRIES = st.builds(
    Try,
    wait_ms=WAITS,
    early_ms=st.sampled_from((None, None, None, 1, 0, 0, -1, -20)),
    place=PLACE,
    paddle=PADDLES,
    near=st.sampled_from(("minimum", "minimum", "minimum", "leader's maximum", "own maximum")),
    opens=st.sampled_from((True, False, False)),
    over=st.sampled_from((0, 0, 0, 1, 7, -1)),
    more=st.sampled_from((0, 0, 1, 5, 20, 40, -1)),
    connected=st.booleans(),
    seq_over=st.sampled_from((None,) * 8 + (0, -1)),
)
TABLES = st.sampled_from(((Step(0, 1),), (Step(0, 5), Step(30, 10)), (Step(0, 10), Step(20, 2), Step(40, 25))))


@dataclass
class Drawn:
    """A lot without its number."""

    terms: LotWords
    reserve_minor: int | None
    opening: Opening


@st.composite
def specs(draw: st.DrawFn) -> Drawn:
    """Draw a lot without its number, such as a catalogue may hold."""
    starting_minor = draw(PRICES)
    reserve_minor = draw(st.none() | PRICES.map(lambda more: starting_minor + more - 1))
    opening = draw(
        st.sampled_from(
            (Opening(), Opening(), Opening(), Opening(OpeningRule.AFTER_PREVIOUS), Opening(OpeningRule.BY_HAND))
        )
        | SPANS.map(lambda delay_ms: Opening(OpeningRule.AT_TIME, delay_ms=delay_ms))
        | SPANS.map(lambda later_ms: Opening(OpeningRule.AT_TIME, at_ms=START_MS + later_ms))
    )
    window_ms = draw(SPANS)
    extension_ms = draw(SPANS) + draw(st.sampled_from((0, window_ms)))
    soft_close = SoftClose(window_ms, extension_ms, draw(st.none() | SPANS.map(lambda more: extension_ms + more)))
    duration_ms = draw(st.sampled_from((None, 200, 300, 1000)))
    terms: LotWords = {
        "title": "Lot",
        "starting_minor": starting_minor,
        "increments": draw(TABLES),
        "seller": draw(st.sampled_from(("", "", "BOB"))),
        "has_reserve": reserve_minor is not None,
        "buy_now_minor": draw(st.none() | PRICES.map(lambda more: max(starting_minor, reserve_minor or 0) + more)),
        "duration_ms": duration_ms,
        "soft_close": draw(st.sampled_from((None, soft_close, soft_close))) if duration_ms else None,
    }
    return Drawn(terms, reserve_minor, opening)


def with_number(lot: str, drawn: Drawn) -> LotSpec:
    return LotSpec(LotTerms(lot=lot, **drawn.terms), drawn.reserve_minor, drawn.opening)


class SaleMachine(RuleBasedStateMachine):
    @initialize(
        first=st.lists(specs(), min_size=1, max_size=3),
        ends_after_last_lot=st.booleans(),
        snapshot_after=st.integers(1, 15),
    )
    def create(self, first: list[Drawn], ends_after_last_lot: bool, snapshot_after: int) -> None:
        created = sale_created(ends_after_last_lot=ends_after_last_lot)
        self.engine = Engine.create(created)
        self.model = Sale(START_MS, ends_after_last_lot=ends_after_last_lot)
        self.watcher = Watcher(self.engine)
        self.facts: list[AnyFact] = [created]
        self.facts += [
            BidderEnrolled(
                at_ms=START_MS,
                paddle=paddle,
                name=name,
                key=name,
                role=Role.BIDDER,
                admitted=True,
                skeletons=skeletons(name),
            )
            for paddle, name in enumerate(BIDDERS, start=1)
        ]
        self.now_ms = START_MS
        self.requests = 0
        self.steps_to_snapshot = snapshot_after
        self.spares = first
        self.snapshot: tuple[bytes, int] | None = None
        specs_of_lots = tuple(with_number(lot, drawn) for lot, drawn in zip(LOTS, first, strict=False))
        self.happened(decisions.add(self.engine, START_MS, "auctioneer", specs_of_lots))
        for spec in specs_of_lots:
            assert self.model.add(START_MS, spec)
        self.advance(0)

    # --- what can happen ---

    @rule(tries=st.lists(TRIES, min_size=1, max_size=8))
    def bid(self, tries: list[Try]) -> None:
        for attempt in tries:
            if attempt.place < ANY_PLACE:
                self.see_that_a_lot_is_open()
                if self.model.status == "ended":
                    return
            lot = self.lot_at(attempt.place)
            ends, soft_close = self.model.lots[lot].ends, self.model.lots[lot].spec.terms.soft_close
            if attempt.early_ms is not None and ends is not None:
                window_ms = soft_close.window_ms if soft_close is not None else 0
                self.advance(max(0, ends - window_ms - attempt.early_ms - self.now_ms))
            else:
                self.advance(attempt.wait_ms)
            place = self.model.lots[lot]
            maxima = place.maxima()
            paddle, least = attempt.paddle, place.minimum()
            if maxima and attempt.near != "minimum":
                least = -maxima[0][0]
                paddle = maxima[0][2] if attempt.near == "own maximum" else paddle
            amount = max(1, least + attempt.over) if attempt.opens else None
            maximum = None if attempt.opens and not attempt.more else max(1, least + attempt.over + attempt.more)
            if_seq = None if attempt.seq_over is None else max(0, place.seq + attempt.seq_over)
            self.make_bid(lot, paddle, amount, maximum, if_seq=if_seq, connected=attempt.connected)

    def see_that_a_lot_is_open(self) -> None:
        """Have most bids meet an open lot."""
        statuses = {lot.status: name for name, lot in self.model.lots.items()}
        if "open" in statuses or self.model.status == "ended":
            return
        if self.model.status == "paused":
            self.direct_sale(0, "resume_sale")
        elif "paused" in statuses:
            self.direct(0, list(self.model.lots).index(statuses["paused"]) + ANY_PLACE, "resume", 0)
        elif len(self.model.lots) < LOTS_MAX:
            self.add(0, f"spare{len(self.model.lots)}", self.spares[len(self.model.lots) % len(self.spares)])

    def make_bid(
        self,
        lot: str,
        paddle: int,
        amount: int | None,
        maximum: int | None,
        *,
        if_seq: int | None = None,
        connected: bool = False,
    ) -> None:
        self.requests += 1
        request = BidRequest(
            id=self.requests,
            lot=lot,
            amount_minor=amount,
            maximum_minor=maximum,
            if_seq=if_seq,
            while_connected=connected,
        )
        outcome = self.engine.bid(self.now_ms, self.bidder(paddle), request)
        word = Said(paddle, amount, maximum or amount or 0, connected)
        expected = self.model.bid(self.now_ms, lot, word, if_seq=if_seq, is_seller=self.sells(paddle, lot))
        self.compare_outcome(outcome, expected)

    @rule(wait_ms=WAITS, place=PLACE, paddle=PADDLES, over=st.sampled_from((0, 1, 1)))
    def buy(self, wait_ms: int, place: int, paddle: int, over: int) -> None:
        lot = self.lot_at(place)
        self.advance(wait_ms)
        price = (self.model.lots[lot].spec.terms.buy_now_minor or 10) + over
        self.requests += 1
        request = BuyRequest(id=self.requests, lot=lot, price_minor=price)
        outcome = self.engine.buy(self.now_ms, self.bidder(paddle), request)
        expected = self.model.buy(self.now_ms, lot, paddle, price, is_seller=self.sells(paddle, lot))
        self.compare_outcome(outcome, expected)

    @rule(wait_ms=WAITS, paddle=PADDLES)
    def vanish(self, wait_ms: int, paddle: int) -> None:
        self.advance(wait_ms)
        dropped = self.engine.drop_maxima(self.now_ms, paddle)
        self.happened(dropped)
        assert [fact.lot for fact in dropped] == self.model.vanish(self.now_ms, paddle)
        self.compare()

    @rule(
        wait_ms=WAITS,
        place=PLACE,
        name=st.sampled_from(("open", "pause", "pause", "resume", "extend", "extend", "close", "withdraw")),
        extra_ms=SPANS,
    )
    def direct(self, wait_ms: int, place: int, name: str, extra_ms: int) -> None:
        lot = self.lot_at(place, {"open": "scheduled", "resume": "paused"}.get(name, "open"))
        self.advance(wait_ms)
        engine, now_ms = self.engine, self.now_ms
        match name:
            case "extend":
                decision = decisions.extend(engine, now_ms, "auctioneer", lot, extra_ms)
            case "withdraw":
                decision = decisions.withdraw(engine, now_ms, "auctioneer", lot, "gone")
            case _:
                functions = {"open": decisions.open_lot, "pause": decisions.pause, "resume": decisions.resume}
                decision = functions.get(name, decisions.close)(engine, now_ms, "auctioneer", lot)
        more = (extra_ms,) if name == "extend" else ()
        self.compare_decision(decision, carried_out=getattr(self.model, name)(now_ms, lot, *more))

    @rule(wait_ms=WAITS, lot=st.sampled_from(LOTS), drawn=specs())
    def add(self, wait_ms: int, lot: str, drawn: Drawn) -> None:
        self.advance(wait_ms)
        spec = with_number(lot, drawn)
        decision = decisions.add(self.engine, self.now_ms, "auctioneer", (spec,))
        self.compare_decision(decision, carried_out=self.model.add(self.now_ms, spec))

    @rule(wait_ms=WAITS, name=st.sampled_from(("other", "other", "none", "resume_sale", "end")))
    def direct_sale(self, wait_ms: int, name: str) -> None:
        self.advance(wait_ms)
        if name == "none":
            return
        if name == "other":
            name = "pause_sale" if self.model.status == "running" else "resume_sale"
        functions = {"pause_sale": decisions.pause_sale, "resume_sale": decisions.resume_sale, "end": decisions.end}
        decision = functions[name](self.engine, self.now_ms, "auctioneer")
        self.compare_decision(decision, carried_out=getattr(self.model, name)(self.now_ms))

    @precondition(lambda self: self.model.status != "ended")
    @rule(lasted_ms=SPANS, with_restart=st.booleans())
    def outage(self, lasted_ms: int, with_restart: bool) -> None:
        if not with_restart:
            self.advance(0)  # a house that only stood still first does what was due before it
        self.now_ms += lasted_ms
        self.model.outage(self.now_ms, lasted_ms)
        if with_restart:
            self.restore()
            self.happened(decisions.start(self.engine, self.now_ms, self.now_ms - lasted_ms, "again"))
        else:
            self.happened(decisions.stand_still(self.engine, self.now_ms, lasted_ms))
        self.advance(0)

    def restore(self) -> None:
        self.engine = Engine(
            msgspec.msgpack.decode(msgspec.msgpack.encode(self.engine.state), type=EngineState[LotState])
        )

    @rule(early_ms=st.sampled_from((0, 1, 1, 5, 20, 20, 50, 100)))
    def wait_for_the_clock(self, early_ms: int) -> None:
        """Go to the next thing that is due, or to where the window of a soft close may begin."""
        due_ms = self.engine.next_deadline_ms()
        if due_ms is not None:
            self.advance(max(0, due_ms - early_ms - self.now_ms))

    # --- helpers ---

    def lot_at(self, place: int, status: str = "open") -> str:
        """Return a lot of a status, now and then any."""
        everything = list(self.model.lots)
        status = "paused" if status == "open" and self.model.status == "paused" else status
        apt = [name for name, lot in self.model.lots.items() if lot.status == status] if place < ANY_PLACE else []
        return (apt or everything)[place % len(apt or everything)]

    @staticmethod
    def bidder(paddle: int) -> Bidder:
        return Bidder(paddle, skeletons(BIDDERS[paddle - 1]))

    def sells(self, paddle: int, lot: str) -> bool:
        return self.model.lots[lot].spec.terms.seller.title() == BIDDERS[paddle - 1]

    def compare_decision(self, decision: Decision, *, carried_out: bool) -> None:
        assert isinstance(decision, Refused) != carried_out
        self.happened(decision)
        self.advance(0)

    def advance(self, wait_ms: int) -> None:
        self.now_ms += wait_ms
        self.happened(self.engine.advance(self.now_ms))
        self.model.tick(self.now_ms)
        self.compare()

    def happened(self, facts: Sequence[AnyFact] | Refused) -> None:
        if not isinstance(facts, Refused):
            self.facts.extend(facts)
            self.watcher.watch(self.engine, facts)

    def compare_outcome(self, outcome: BidTaken | LotBought | BidLate | Rejected, expected: object) -> None:
        found: object
        match outcome:
            case Rejected():
                found = outcome.code
            case BidLate():
                found = ("late", outcome.late_ms)
            case LotBought():
                found = "bought"
            case BidTaken():
                found = "leads" if outcome.leader == outcome.paddle else "trails"
                found = found if outcome.public else "hidden"
        assert found == expected
        if not isinstance(outcome, Rejected):
            self.happened([outcome])
        self.compare()

    def compare(self) -> None:
        check(self.engine)
        assert (self.engine.sale.status.value, self.engine.sale.seq) == (self.model.status, self.model.seq)
        assert list(self.engine.lots) == list(self.model.lots)
        for name, lot in self.model.lots.items():
            assert self.shown(name) == lot.shown()
            assert self.engine.lots[name].extended_ms == lot.used
        self.steps_to_snapshot -= 1
        if self.steps_to_snapshot == 0:
            self.snapshot = (msgspec.msgpack.encode(self.engine.state), len(self.facts))

    def shown(self, name: str) -> tuple[object, ...]:
        view = self.engine.lots[name].view
        told = (view.status.value, view.seq, view.price_minor, view.leader, view.minimum_minor, view.bids)
        times = (view.reserve_met, view.buy_now_minor, view.opens_at_ms, view.ends_at_ms, view.remaining_ms)
        cause = None if view.close_cause is None else view.close_cause.value
        return (*told, *times, view.closed_at_ms, cause, view.winner, view.hammer_minor)

    def teardown(self) -> None:
        if not hasattr(self, "engine"):
            return
        check_replay(self.engine, self.facts)
        if self.snapshot is not None:
            state, count = self.snapshot
            restored = Engine(msgspec.msgpack.decode(state, type=EngineState[LotState]))
            for fact in self.facts[count:]:
                restored.apply(fact)
            check(restored)
            check_same_state(restored.state, self.engine.state)
        report = verify(enumerate(self.facts, start=1))
        assert report.mismatch is None, report.mismatch


USUAL = settings(max_examples=150, stateful_step_count=60)

TestSale = SaleMachine.TestCase
TestSale.settings = USUAL


@pytest.mark.torture
@pytest.mark.timeout(1800)
def test_many_sales() -> None:
    run_state_machine_as_test(SaleMachine, settings=settings(USUAL, max_examples=2_000))
