"""Random sales, decided by the engine and by the checker's plain telling of the rules, which must agree at every step.

Before a step the test asks `tests.checking` what must come of it: the code of a refusal, whether a command is carried
out, which maxima fall, what is due next. Each fact of the engine then goes through the checker's `Record`, which
decides it again. After the step all lots are compared, what is public and what is secret.
"""

from collections import Counter
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
from auctioneer.rules import decisions, limits
from auctioneer.rules.applying import EngineState
from auctioneer.rules.decisions import Decision, Refused
from auctioneer.rules.engine import Bidder, Engine
from auctioneer.rules.facts import AnyFact, BidderEnrolled, BidLeft, BidTaken, LeftBidVoid, OfferLate, OfferTaken
from auctioneer.rules.formats.english import Book
from auctioneer.rules.lots import LotState
from auctioneer.rules.sources import Placer, Source
from auctioneer.rules.terms import LotSpec, Opening, OpeningRule
from common.absentee import LeaveBidRequest
from common.errors import RejectCode
from common.formats import AnyOffer
from common.formats.dutch import DutchTerms, StopRequest
from common.formats.english import BidRequest, BuyRequest, Step
from common.formats.sealed import Pays, SealedTerms, SealRequest, UnsealRequest
from common.lot import LotTerms, SoftClose
from common.messages import Rejected, Role
from common.names import skeletons
from tests.auctioneer.house.house_examples import START_MS, sale_created
from tests.auctioneer.rules.keywords import LotWords, english_lot
from tests.auctioneer.rules.replays import check_replay
from tests.auctioneer.rules.scenarios import void_told
from tests.checking.formats.english import EnglishBidding
from tests.checking.history import Fact, plain
from tests.checking.record import Record
from tests.checking.rules import Lot
from tests.checking.telling import shown_by

LOTS_MAX = 12
BIDDERS = ("Ann", "Bob", "Cat", "Dan")
LOTS = ("1", "2", "3", "10", "4", "5", "6")

AUCTIONEER = "auctioneer"
EVENTS = {
    "open": "lot_opened",
    "pause": "lot_paused",
    "resume": "lot_resumed",
    "extend": "lot_extended",
    "close": "lot_closed",
    "withdraw": "lot_withdrawn",
    "pause_sale": "sale_paused",
    "resume_sale": "sale_resumed",
    "end": "sale_ended",
}
"""What comes of each command that is carried out."""

PADDLES = st.integers(1, len(BIDDERS))
ANY_PLACE = 10
PLACE = st.integers(0, ANY_PLACE + 1)
WAITS = st.sampled_from((0, 0, 0, 0, 1, 5, 20))  # all times are short, so that they often meet
SPANS = st.sampled_from((1, 5, 20, 50, 50, 100))
PRICES = st.sampled_from((1, 5, 10, 19, 29, 30, 50, 60))  # some just below where a step of the tables begins


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


class OtherTry(NamedTuple):
    """An offer that is no bid, at a price or so much over it."""

    wait_ms: int
    place: int
    paddle: int
    kind: str
    over: int
    units: int
    seq_over: int | None


OTHER_TRIES = st.builds(
    OtherTry,
    wait_ms=WAITS,
    place=PLACE,
    paddle=PADDLES,
    kind=st.sampled_from(("seal", "seal", "seal", "unseal", "stop", "stop")),
    over=st.sampled_from((0, 0, 1, 5, 5, 10, 20, -1)),
    units=st.sampled_from((1, 1, 2, 64)),
    seq_over=st.sampled_from((None,) * 8 + (0, -1)),
)
TABLES = st.sampled_from(((Step(0, 1),), (Step(0, 5), Step(30, 10)), (Step(0, 10), Step(20, 2), Step(40, 25))))


@dataclass
class Drawn:
    """A lot whose number is not its own yet."""

    terms: LotTerms
    reserve_minor: int | None
    opening: Opening


OPENINGS = (
    st.sampled_from(
        (Opening(), Opening(), Opening(), Opening(OpeningRule.AFTER_PREVIOUS), Opening(OpeningRule.BY_HAND))
    )
    | SPANS.map(lambda delay_ms: Opening(OpeningRule.AT_TIME, delay_ms=delay_ms))
    | SPANS.map(lambda later_ms: Opening(OpeningRule.AT_TIME, at_ms=START_MS + later_ms))
)
SELLERS = st.sampled_from(("", "", "BOB"))


def specs() -> st.SearchStrategy[Drawn]:
    """Return any lots, such as a catalogue may hold; every other one is English."""
    return english_specs() | st.one_of(sealed_specs(), dutch_specs())


@st.composite
def sealed_specs(draw: st.DrawFn) -> Drawn:
    """Draw a sealed lot, first price or Vickrey."""
    starting_minor = draw(PRICES)
    reserve_minor = draw(st.none() | PRICES.map(lambda more: starting_minor + more - 1))
    bidding = SealedTerms(starting_minor, draw(st.sampled_from(Pays)), reserve_minor is not None)
    duration_ms = draw(st.sampled_from((None, 200, 300, 1000)))
    return Drawn(
        LotTerms("0", "Lot", bidding, seller=draw(SELLERS), duration_ms=duration_ms), reserve_minor, draw(OPENINGS)
    )


@st.composite
def dutch_specs(draw: st.DrawFn) -> Drawn:
    """Draw a Dutch lot of two to five prices."""
    floor_minor, step_minor = draw(PRICES), draw(st.sampled_from((1, 5, 7)))
    whole_minor = step_minor * draw(st.integers(1, 3)) + draw(st.integers(0, step_minor - 1))
    units = draw(st.sampled_from((1, 1, 2, 5)))
    bidding = DutchTerms(floor_minor + whole_minor, floor_minor, step_minor, draw(SPANS), units)
    return Drawn(
        LotTerms("0", "Lot", bidding, seller=draw(SELLERS), duration_ms=bidding.duration_ms), None, draw(OPENINGS)
    )


@st.composite
def english_specs(draw: st.DrawFn) -> Drawn:
    """Draw an English lot."""
    starting_minor = draw(PRICES)
    reserve_minor = draw(st.none() | PRICES.map(lambda more: starting_minor + more - 1))
    window_ms = draw(SPANS)
    extension_ms = draw(SPANS) + draw(st.sampled_from((0, window_ms)))
    soft_close = SoftClose(window_ms, extension_ms, draw(st.none() | SPANS.map(lambda more: extension_ms + more)))
    duration_ms = draw(st.sampled_from((None, 200, 300, 1000)))
    terms: LotWords = {
        "title": "Lot",
        "starting_minor": starting_minor,
        "increments": draw(TABLES),
        "seller": draw(SELLERS),
        "has_reserve": reserve_minor is not None,
        "buy_now_minor": draw(st.none() | PRICES.map(lambda more: max(starting_minor, reserve_minor or 0) + more)),
        "duration_ms": duration_ms,
        "soft_close": draw(st.sampled_from((None, soft_close, soft_close))) if duration_ms else None,
    }
    return Drawn(english_lot("0", terms), reserve_minor, draw(OPENINGS))


def with_number(lot: str, drawn: Drawn) -> LotSpec:
    return LotSpec(msgspec.structs.replace(drawn.terms, lot=lot), drawn.reserve_minor, drawn.opening)


def time_of(lot: Lot) -> int | None:
    """Return when a lot ends, or of a paused one how much time is left."""
    return lot.remaining_ms if lot.ends_at_ms is None else lot.ends_at_ms


def bids_on(lot: Lot) -> EnglishBidding | None:
    return lot.bidding if isinstance(lot.bidding, EnglishBidding) else None


def secrets_of(bids: EnglishBidding) -> tuple[int | None, ...]:
    """Return the leader and the two highest maxima, by the rules."""
    maxima = [-minus for minus, _, _ in bids.ranked()]
    return (bids.leader(), *maxima[:2], *[None] * (2 - len(maxima[:2])))


def secrets_in(state: LotState) -> tuple[int | None, ...]:
    """Return the same as the engine has it."""
    book = state.book
    if book is None:
        return None, None, None
    assert isinstance(book, Book)
    return (book.leader, book.leader_maximum_minor, book.rival_maximum_minor)


class SaleMachine(RuleBasedStateMachine):
    @initialize(
        first=st.lists(specs(), min_size=1, max_size=3),
        ends_after_last_lot=st.booleans(),
        snapshot_after=st.integers(1, 15),
    )
    def create(self, first: list[Drawn], ends_after_last_lot: bool, snapshot_after: int) -> None:
        created = sale_created(ends_after_last_lot=ends_after_last_lot)
        self.engine = Engine.create(created)
        self.record = Record((), silent_ms=-1)  # how long a silence lasts is not the engine's to decide
        self.watcher = Watcher(self.engine)
        self.facts: list[AnyFact] = []
        self.words: Counter[int] = Counter()
        """How many words each bidder has."""
        enrolled = [
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
        self.note([created, *enrolled])
        self.now_ms = START_MS
        self.requests = 0
        self.steps_to_snapshot = snapshot_after
        self.spares = first
        self.snapshot: tuple[bytes, int] | None = None
        specs_of_lots = tuple(with_number(lot, drawn) for lot, drawn in zip(LOTS, first, strict=False))
        self.compare_added(decisions.add(self.engine, START_MS, AUCTIONEER, specs_of_lots), specs_of_lots)

    # --- what can happen ---

    @rule(tries=st.lists(TRIES, min_size=1, max_size=8))
    def bid(self, tries: list[Try]) -> None:
        for attempt in tries:
            if attempt.place < ANY_PLACE:
                self.see_that_a_lot_is_open()
                if self.record.sale_status == "ended":
                    return
            lot = self.lot_at(attempt.place)
            place = self.record.lots[lot]
            if attempt.early_ms is not None and place.ends_at_ms is not None:
                window_ms = (place.terms["soft_close"] or {"window_ms": 0})["window_ms"]
                self.advance(max(0, place.ends_at_ms - window_ms - attempt.early_ms - self.now_ms))
            else:
                self.advance(attempt.wait_ms)
            bids = bids_on(place)
            ranked = bids.ranked() if bids is not None else []
            paddle, least = attempt.paddle, bids.minimum() if bids is not None else 10
            if ranked and attempt.near != "minimum":
                least = -ranked[0][0]
                paddle = ranked[0][2] if attempt.near == "own maximum" else paddle
            amount = max(1, least + attempt.over) if attempt.opens else None
            maximum = None if attempt.opens and not attempt.more else max(1, least + attempt.over + attempt.more)
            if_seq = None if attempt.seq_over is None else max(0, place.seq + attempt.seq_over)
            self.make_bid(lot, paddle, amount, maximum, if_seq=if_seq, connected=attempt.connected)

    def see_that_a_lot_is_open(self) -> None:
        """Have most bids meet an open lot."""
        self.advance(0)  # an offer may have sold a lot, so that the next one opens before anything else
        statuses = {lot.status: name for name, lot in self.record.lots.items()}
        if "open" in statuses or self.record.sale_status == "ended":
            return
        if self.record.sale_status == "paused":
            self.direct_sale(0, "resume_sale")
        elif "paused" in statuses:
            self.order(statuses["paused"], "resume")
        elif len(self.record.lots) < LOTS_MAX:
            self.add(0, f"spare{len(self.record.lots)}", self.spares[len(self.record.lots) % len(self.spares)])

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
        request = BidRequest(
            id=self.next_id(),
            lot=lot,
            amount_minor=amount,
            maximum_minor=maximum,
            if_seq=if_seq,
            while_connected=connected,
        )
        self.make_offer(request, paddle)

    @rule(wait_ms=WAITS, place=PLACE, paddle=PADDLES, over=st.sampled_from((0, 1, 1)))
    def buy(self, wait_ms: int, place: int, paddle: int, over: int) -> None:
        lot = self.lot_at(place)
        self.advance(wait_ms)
        bids = bids_on(self.record.lots[lot])
        price = (bids.terms["buy_now_minor"] if bids is not None else None) or 10
        self.make_offer(BuyRequest(id=self.next_id(), lot=lot, price_minor=price + over), paddle)

    @rule(tries=st.lists(OTHER_TRIES, min_size=1, max_size=8))
    def offer_by_other_rules(self, tries: list[OtherTry]) -> None:
        """Seal, take back and stop, mostly on lots that know it."""
        for attempt in tries:
            if attempt.place < ANY_PLACE:
                self.see_that_a_lot_is_open()
                if self.record.sale_status == "ended":
                    return
            self.advance(attempt.wait_ms)
            lot = self.lot_at(attempt.place)
            known = [other for other in self.record.lots if attempt.kind in self.record.lots[other].bidding.asks]
            if known and attempt.place < ANY_PLACE:
                open_ones = [other for other in known if self.record.lots[other].status == "open"] or known
                lot = open_ones[attempt.place % len(open_ones)]
            board = self.record.lots[lot].board()
            minor = max(1, board.get("price_minor" if attempt.kind == "stop" else "minimum_minor") or 10)
            minor = max(1, minor + attempt.over)
            if_seq = None if attempt.seq_over is None else max(0, self.record.lots[lot].seq + attempt.seq_over)
            request: AnyOffer
            match attempt.kind:
                case "seal":
                    request = SealRequest(id=self.next_id(), lot=lot, amount_minor=minor, if_seq=if_seq)
                case "unseal":
                    request = UnsealRequest(id=self.next_id(), lot=lot, if_seq=if_seq)
                case _:
                    units = attempt.units
                    request = StopRequest(id=self.next_id(), lot=lot, price_minor=minor, units=units, if_seq=if_seq)
            self.make_offer(request, attempt.paddle)

    @rule(
        places=st.lists(PLACE, min_size=1, max_size=4),
        paddle=PADDLES,
        over=st.sampled_from((0, 0, 5, 20, -1, None)),
        seq_over=st.sampled_from((None,) * 8 + (0, -1)),
    )
    def leave_bids(self, places: list[int], paddle: int, over: int | None, seq_over: int | None) -> None:
        """Leave bids, or take them back, mostly on lots that are not open yet."""
        for place in places:
            lot = self.lot_at(place)
            waiting = [name for name, one in self.record.lots.items() if one.status == "scheduled"]
            if waiting and place < ANY_PLACE:
                lot = waiting[place % len(waiting)]
            least = self.record.lots[lot].board().get("minimum_minor", 10)
            if_seq = None if seq_over is None else max(0, self.record.lots[lot].seq + seq_over)
            minor = None if over is None else max(1, least + over)
            self.make_offer(LeaveBidRequest(id=self.next_id(), lot=lot, amount_minor=minor, if_seq=if_seq), paddle)

    def next_id(self) -> int:
        self.requests += 1
        return self.requests

    def make_offer(self, request: AnyOffer, paddle: int) -> None:
        """Make an offer: the bidder itself does, or at every third a clerk."""
        bidder = self.bidder(paddle)
        if self.requests % 3 or getattr(request, "while_connected", False):
            self.compare_outcome(self.engine.offer(self.now_ms, bidder, request), paddle, request)
        else:
            outcome = self.engine.offer_for(self.now_ms, bidder, request, Placer(Source.TELEPHONE, AUCTIONEER))
            self.compare_outcome(outcome, paddle, request, is_by_clerk=True)

    @rule(wait_ms=WAITS, places=st.lists(PLACE, max_size=2), paddle=PADDLES, more=st.sampled_from((0, 1, 20, 20, 40)))
    def vanish(self, wait_ms: int, places: list[int], paddle: int, more: int) -> None:
        """Have a bidder fall silent, mostly one that leads with a maximum that falls then."""
        for place in places:
            self.see_that_a_lot_is_open()
            lot = self.record.lots[self.lot_at(place)]
            bids = bids_on(lot)
            highest = more + 10
            if bids is not None:
                highest = max([bids.minimum(), *(one.minor for one in bids.maxima.values())]) + more
            self.make_bid(lot.terms["lot"], paddle, None, highest, connected=True)
        self.advance(wait_ms)
        expected = sorted(name for name, lot in self.record.lots.items() if lot.may_drop(paddle))
        dropped = self.engine.release_silent(self.now_ms, paddle)
        assert [(fact.lot, fact.paddle, fact.at_ms) for fact in dropped] == [
            (name, paddle, self.now_ms) for name in expected
        ]
        self.happened(dropped)
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
        self.order(lot, name, extra_ms)

    def order(self, lot: str, name: str, extra_ms: int = 0) -> None:
        engine, now_ms = self.engine, self.now_ms
        left_ms = time_of(self.record.lots[lot])
        match name:
            case "extend":
                decision = decisions.extend(engine, now_ms, AUCTIONEER, lot, extra_ms)
            case "withdraw":
                decision = decisions.withdraw(engine, now_ms, AUCTIONEER, lot, "gone")
            case _:
                functions = {"open": decisions.open_lot, "pause": decisions.pause, "resume": decisions.resume}
                decision = functions.get(name, decisions.close)(engine, now_ms, AUCTIONEER, lot)
        if self.compare_decision(decision, name, lot) and name == "extend":
            assert left_ms is not None
            assert time_of(self.record.lots[lot]) == left_ms + extra_ms

    @precondition(lambda self: self.bought_in_part())
    @rule(name=st.sampled_from(("withdraw", "withdraw", "close", "pause")))
    def direct_what_is_bought_in_part(self, name: str) -> None:
        self.order(self.bought_in_part()[0], name)

    def bought_in_part(self) -> list[str]:
        return [name for name, lot in self.record.lots.items() if lot.status == "open" and lot.bidding.is_bound()]

    @rule(wait_ms=WAITS, paddle=PADDLES, limit_minor=st.sampled_from((None, 0, 30, 60, 60, 120, 300)))
    def limit(self, wait_ms: int, paddle: int, limit_minor: int | None) -> None:
        self.advance(wait_ms)
        before = self.engine.accounts.of(paddle).limit_minor
        decision = limits.set_limit(self.engine, self.now_ms, AUCTIONEER, paddle, limit_minor)
        assert isinstance(decision, Refused) == (before == limit_minor)
        self.happened([] if isinstance(decision, Refused) else decision)
        self.compare()

    @rule(place=PLACE, paddle=PADDLES, more=st.sampled_from((0, 0, 5, 20)), room=st.sampled_from((-1, 0, 0, 1, 15)))
    def offer_near_the_limit(self, place: int, paddle: int, more: int, room: int) -> None:
        """Give a bidder just so much room, or too little by one, and have it make an offer on a lot of any format."""
        self.see_that_a_lot_is_open()
        lot = self.record.lots[name := self.lot_at(place)]
        board, number = lot.board(), self.next_id()
        least = max(1, board.get("minimum_minor", 0), board.get("price_minor") or 0) + more
        request: AnyOffer
        match board["format"]:
            case "english":
                request = BidRequest(id=number, lot=name, maximum_minor=least)
            case "sealed":
                request = SealRequest(id=number, lot=name, amount_minor=least)
            case _:
                request = StopRequest(id=number, lot=name, price_minor=least, units=1 + more // 5)
        self.limit(0, paddle, 0)  # what counts is told of bidders with a limit
        counts = sum(one.minor for other, one in self.record.held_now()[paddle].items() if other != name)
        wanted = lot.bidding.wants(paddle, plain(request))
        self.limit(0, paddle, max(0, counts + wanted + room))
        self.make_offer(request, paddle)

    @rule(
        wait_ms=WAITS,
        paddles=st.lists(PADDLES, min_size=1, max_size=3, unique=True),
        seller=st.sampled_from(("", "", "Bob")),
        linked=st.sampled_from((True, True, False)),
    )
    def link(self, wait_ms: int, paddles: list[int], seller: str, linked: bool) -> None:
        self.advance(wait_ms)
        bidders, alike = tuple(map(self.bidder, paddles)), skeletons(seller)
        decision = limits.link(self.engine, self.now_ms, AUCTIONEER, bidders, seller, alike, linked=linked)
        self.happened([] if isinstance(decision, Refused) else decision)  # the checker refuses one without an effect
        self.compare()

    @rule(wait_ms=WAITS, lot=st.sampled_from(LOTS), drawn=specs())
    def add(self, wait_ms: int, lot: str, drawn: Drawn) -> None:
        self.advance(wait_ms)
        spec = with_number(lot, drawn)
        self.compare_added(decisions.add(self.engine, self.now_ms, AUCTIONEER, (spec,)), (spec,))

    @rule(wait_ms=WAITS, name=st.sampled_from(("other", "other", "none", "resume_sale", "end")))
    def direct_sale(self, wait_ms: int, name: str) -> None:
        self.advance(wait_ms)
        if name == "none":
            return
        if name == "other":
            name = "pause_sale" if self.record.sale_status == "running" else "resume_sale"
        functions = {"pause_sale": decisions.pause_sale, "resume_sale": decisions.resume_sale, "end": decisions.end}
        decision = functions[name](self.engine, self.now_ms, AUCTIONEER)
        self.compare_decision(decision, name)

    @precondition(lambda self: self.record.sale_status != "ended")
    @rule(lasted_ms=SPANS, with_restart=st.booleans())
    def outage(self, lasted_ms: int, with_restart: bool) -> None:
        if not with_restart:
            self.advance(0)  # a house that only stood still first does what was due before it
        self.now_ms += lasted_ms
        if with_restart:
            self.restore()
            facts = decisions.start(self.engine, self.now_ms, self.now_ms - lasted_ms, "again")
        else:
            facts = decisions.stand_still(self.engine, self.now_ms, lasted_ms)
        bodies = [plain(fact) for fact in facts]
        kind = "house_started" if with_restart else "house_stood_still"
        assert [(body["fact"], body["at_ms"], body["outage_ms"]) for body in bodies] == [(kind, self.now_ms, lasted_ms)]
        self.happened(facts)
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
        everything = list(self.record.lots)
        status = "paused" if status == "open" and self.record.sale_status == "paused" else status
        apt = [name for name, lot in self.record.lots.items() if lot.status == status] if place < ANY_PLACE else []
        return (apt or everything)[place % len(apt or everything)]

    @staticmethod
    def bidder(paddle: int) -> Bidder:
        return Bidder(paddle, skeletons(BIDDERS[paddle - 1]))

    def compare_added(self, decision: Decision, specs_of_lots: Sequence[LotSpec]) -> None:
        ended = self.record.sale_status == "ended"
        if not all(self.record.allows("add", spec.terms.lot) for spec in specs_of_lots):
            assert isinstance(decision, Refused)
            assert decision.code is (RejectCode.SALE_ENDED if ended else RejectCode.INVALID_LOT)
        else:
            assert not isinstance(decision, Refused)
            bodies = [plain(fact) for fact in decision]
            found = [(body["fact"], body["spec"], body["at_ms"], body["by"]) for body in bodies]
            listed = [msgspec.to_builtins(spec) for spec in specs_of_lots]
            assert found == [("lot_listed", spec, self.now_ms, AUCTIONEER) for spec in listed]
            self.happened(decision)
        self.advance(0)

    def compare_decision(self, decision: Decision, command: str, lot: str = "") -> bool:
        """Hold a command on a lot, or on the sale, to the rules; return whether it was carried out."""
        allowed = self.record.allows(command, lot)
        if not allowed:
            assert isinstance(decision, Refused)
            assert decision.code is (RejectCode.SALE_ENDED if command == "end" else RejectCode.WRONG_STATE)
        else:
            assert not isinstance(decision, Refused)
            bodies = [plain(fact) for fact in decision]
            own = [body for body in bodies if not body.get("with_sale", False)]
            found = [(body["event"]["event"], body["lot"], body["by"]) for body in own]
            assert found == [(EVENTS[command], lot, AUCTIONEER)]
            assert own == bodies or not lot, "only what is done to the sale is done to several lots"
            assert {body["at_ms"] for body in bodies} == {self.now_ms}
            self.happened(decision)
        self.advance(0)
        return allowed

    def advance(self, wait_ms: int) -> None:
        self.now_ms += wait_ms
        self.happened(self.engine.advance(self.now_ms))
        due = self.record.next_due()
        assert due is None or due.at_ms > self.now_ms
        self.compare()

    def happened(self, facts: Sequence[AnyFact]) -> None:
        self.note(facts)
        self.watcher.watch(self.engine, facts)

    def note(self, facts: Sequence[AnyFact]) -> None:
        """Have the checker decide the facts again, with the words that a house adds to them."""
        for fact in facts:
            self.recorded(fact)
            if isinstance(fact, LeftBidVoid):
                self.words[fact.paddle] += 1
                self.recorded(void_told(fact, self.words[fact.paddle]))
        self.record.settle()
        assert self.record.faults == []

    def recorded(self, fact: AnyFact) -> None:
        self.facts.append(fact)
        self.record.add(Fact(len(self.facts), plain(fact)))

    def compare_outcome(
        self,
        outcome: BidTaken | OfferTaken | BidLeft | OfferLate | Rejected,
        paddle: int,
        request: AnyOffer,
        *,
        is_by_clerk: bool = False,
    ) -> None:
        """Hold what came of a request, which the record does not have yet, to the rules."""
        lot, asked = self.record.lots[request.lot], plain(request)
        code = self.record.rejection(paddle, BIDDERS[paddle - 1], asked)
        if code is None or code == "lot_closed":
            assert not isinstance(outcome, Rejected)
            kinds = {"leave_bid": "bid_left"} if is_by_clerk else {"leave_bid": "bid_left", "bid": "bid_taken"}
            kind = "offer_late" if code else kinds.get(asked["type"], "offer_taken")
            body = plain(outcome)
            found = (body["fact"], body["at_ms"], body["paddle"], body["request"])
            assert found == (kind, self.now_ms, paddle, asked)
            self.happened([outcome])
        else:
            assert isinstance(outcome, Rejected)
            assert outcome.code.value == code
            told = (outcome.id, outcome.lot, outcome.seq, plain(outcome)["board"], plain(outcome)["own"])
            assert told == (request.id, request.lot, lot.seq, lot.board(), lot.own(paddle))
        self.compare()

    def compare(self) -> None:
        check(self.engine)
        sale, record, paddles = self.engine.sale, self.record, range(1, len(BIDDERS) + 1)
        assert (sale.status.value, sale.seq) == (record.sale_status, record.sale_seq)
        assert list(self.engine.lots) == list(record.lots)
        for name, lot in record.lots.items():
            state = self.engine.lots[name]
            assert (state.view.seq, shown_by(state.view)) == (lot.seq, lot.shown())
            assert (state.extended_ms, state.paused_with_sale) == (lot.extended_ms, lot.is_stopped_by_sale)
            bids = bids_on(lot)
            assert bids is None or secrets_in(state) == secrets_of(bids)
            for paddle in paddles:
                assert msgspec.to_builtins(self.engine.own(state, paddle)) == lot.own(paddle)
        droppable = {paddle for lot in record.lots.values() for paddle in paddles if lot.may_drop(paddle)}
        assert set(self.engine.paddles_to_watch()) == droppable
        for paddle, held in record.held_now().items():
            spending = self.engine.accounts.spending(paddle)
            sums = [sum(one.minor for one in held.values() if one.is_won is is_won) for is_won in (True, False)]
            assert spending is not None
            assert [spending.won_minor, spending.exposed_minor] == sums
        due = record.next_due()
        assert self.engine.next_deadline_ms() == (None if due is None else due.at_ms)
        self.steps_to_snapshot -= 1
        if self.steps_to_snapshot == 0:
            self.snapshot = (msgspec.msgpack.encode(self.engine.state), len(self.facts))

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


USUAL = settings(max_examples=60, stateful_step_count=60)

TestSale = pytest.mark.thorough(SaleMachine.TestCase)
TestSale.settings = USUAL


@pytest.mark.torture
@pytest.mark.timeout(1800)
def test_many_sales() -> None:
    run_state_machine_as_test(SaleMachine, settings=settings(USUAL, max_examples=2_000))
