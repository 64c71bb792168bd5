"""The invariants notice a broken state: each test breaks one thing that the others rely on."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from auctioneer.audit import invariants
from auctioneer.audit.invariants import Inspector, InvariantError, Watcher, check, check_same_state
from auctioneer.audit.verify import verify
from auctioneer.rules import decisions
from auctioneer.rules.decisions import Refused
from auctioneer.rules.engine import Bidder, Engine
from auctioneer.rules.facts import AnyFact, BidTaken, LotDecided
from auctioneer.rules.lots import LotState
from auctioneer.rules.terms import LotSpec, Opening, OpeningRule
from common.formats.english import BidRequest, EnglishBoard, EnglishTerms, Step
from common.limits import RESULTS_MAX
from common.lot import CloseCause, LotStatus, LotTerms, Result, SaleStatus
from common.lot_events import LotOpened
from tests.auctioneer.house.house_examples import START_MS, sale_created
from tests.auctioneer.rules.random_sales import SaleMaker
from tests.auctioneer.rules.replays import check_replay, rebuilt
from tests.must_be import must_be


def spec(lot: str, opening: Opening, *, reserve_minor: int | None = None, buy_now_minor: int | None = None) -> LotSpec:
    terms = LotTerms(
        lot,
        "Lot",
        EnglishTerms(100, (Step(0, 10),), has_reserve=reserve_minor is not None, buy_now_minor=buy_now_minor),
        duration_ms=60_000,
    )
    return LotSpec(terms, reserve_minor, opening)


class Sale:
    """Lot 1 open with a leader, 2 open below its reserve, 3 waiting for 2, 4 paused, 5 sold, 6 to open at a time."""

    def __init__(self) -> None:
        created = sale_created()
        self.engine = Engine.create(created)
        self.facts: list[AnyFact] = [created]
        openings = [Opening(), Opening(), Opening(OpeningRule.AFTER_PREVIOUS), Opening(), Opening()]
        specs = [spec(str(number), opening) for number, opening in enumerate(openings, start=1)]
        specs[1] = spec("2", Opening(), reserve_minor=900, buy_now_minor=2_000)
        specs.append(spec("6", Opening(OpeningRule.AT_TIME, delay_ms=500_000)))
        self.take(decisions.add(self.engine, START_MS, "clerk", tuple(specs)))
        self.take(self.engine.advance(START_MS))
        for paddle, lot, maximum_minor in ((1, "1", 500), (2, "1", 300), (1, "2", 400), (1, "5", 150)):
            self.bid(paddle, lot, maximum_minor)
        self.take(decisions.pause(self.engine, START_MS, "clerk", "4"))
        self.take(decisions.close(self.engine, START_MS, "clerk", "5"))

    def take(self, facts: decisions.Decision) -> None:
        assert not isinstance(facts, Refused)
        self.facts.extend(facts)

    def bid(self, paddle: int, lot: str, maximum_minor: int) -> BidTaken:
        request = BidRequest(id=len(self.facts), lot=lot, maximum_minor=maximum_minor, while_connected=True)
        taken = self.engine.offer(START_MS, Bidder(paddle, ("x",)), request)
        assert isinstance(taken, BidTaken)
        self.facts.append(taken)
        return taken


def test_an_honest_sale_is_in_order() -> None:
    sale = Sale()
    check(sale.engine)
    check_replay(sale.engine, sale.facts)


BOARD = "the board is not what the book shows"
BREAKS: list[tuple[str, dict[str, object], str]] = [
    ("1", {"price_minor": 320}, BOARD),
    ("1", {"minimum_minor": 999}, BOARD),
    ("1", {"leader": 2}, BOARD),
    ("1", {"bids": 0}, BOARD),
    ("3", {"leader": 2}, BOARD),
    ("1", {"reserve_met": True}, BOARD),
    ("2", {"reserve_met": True}, BOARD),
    ("2", {"buy_now_minor": None}, BOARD),
    ("5", {"buy_now_minor": 5}, BOARD),
    ("1", {"ends_at_ms": None}, "only open lots with a clock have an end"),
    ("3", {"ends_at_ms": START_MS}, "only open lots with a clock have an end"),
    ("4", {"remaining_ms": None}, "only paused lots with a clock have a time left"),
    ("1", {"remaining_ms": 5}, "only paused lots with a clock have a time left"),
    ("3", {"opens_at_ms": START_MS}, "the time of the opening is wrong"),
    ("6", {"opens_at_ms": None}, "the time of the opening is wrong"),
    ("1", {"closed_at_ms": START_MS}, "only lots that are over have closed"),
    ("5", {"closed_at_ms": None}, "only lots that are over have closed"),
    ("5", {"close_cause": None}, "only lots that were sold or passed have a cause"),
    ("1", {"results": (Result(1, 500),)}, "only sold lots have results"),
    ("5", {"results": ()}, "it was sold to another"),
    ("5", {"results": (Result(2, 150),)}, "it was sold to another"),
    ("5", {"results": (Result(1, 140),)}, "it was sold to another"),
    ("5", {"results": (Result(1, 150),) * (RESULTS_MAX + 1)}, "it was sold to another"),
    ("5", {"close_cause": CloseCause.BUY_NOW}, "it was bought at another price"),
    ("5", {"status": LotStatus.PASSED, "results": ()}, "it passed though it had a good bid"),
]


@pytest.mark.parametrize(("lot", "fields", "promise"), BREAKS)
def test_a_broken_view_is_noticed(lot: str, fields: dict[str, object], promise: str) -> None:
    engine = Sale().engine
    view = engine.lots[lot].view
    on_board = {name: value for name, value in fields.items() if name in EnglishBoard.__struct_fields__}
    rest = {name: value for name, value in fields.items() if name not in on_board}
    engine.lots[lot].view = replace(view, board=replace(view.board, **on_board), **rest)
    with pytest.raises(InvariantError, match=f"lot {lot}: {promise}"):
        check(engine)


def _standing(lot: LotState, **fields: object) -> None:
    assert lot.book is not None
    lot.book = replace(lot.book, **fields)


SECRETS: list[tuple[Callable[[Engine], object], str]] = [
    (lambda engine: _standing(engine.lots["1"], leader_maximum_minor=200), "the price is above the leader's maximum"),
    (lambda engine: _standing(engine.lots["1"], bids=0), "the board is not what the book shows"),
    (lambda engine: setattr(engine.lots["1"], "watched", 2), "lot 1 watches 2, but it should watch 1"),
    (lambda engine: _standing(engine.lots["1"], rival_maximum_minor=600), "a rival bid more than the price"),
    (lambda engine: _standing(engine.lots["2"], leader_maximum_minor=800), "a maximum below the reserve was not bid"),
    (lambda engine: setattr(engine.lots["1"], "extended_ms", 1), "bids extended it beyond the cap"),
    (lambda engine: setattr(engine.lots["4"], "paused_with_sale", True), "it waits for the sale to resume"),
    (lambda engine: setattr(engine.lots["1"], "spec", engine.lots["2"].spec), "the public terms are not those"),
    (lambda engine: setattr(engine, "_unfinished", 4), "4 lots count as unfinished, but 5 are"),
    (lambda engine: engine._order.turns.add(2), "the lots that have their turn"),
    (lambda engine: engine._watched[1].add("4"), "the engine looks for silent bidders in the wrong lots"),
    (lambda engine: engine._clock.entries.clear(), "the engine gives None as its next deadline"),
    (lambda engine: engine._clock.entries.sort(reverse=True), "as its next deadline, but it is"),
    (lambda engine: engine.lots.pop("3"), "counts its lots wrongly"),
    (lambda engine: _sale_is(engine, SaleStatus.PAUSED), "it is open while the sale is paused"),
    (lambda engine: _sale_is(engine, SaleStatus.ENDED), "it is not over although the sale has ended"),
]


def _sale_is(engine: Engine, status: SaleStatus) -> None:
    engine.state.sale = replace(engine.sale, status=status)


@pytest.mark.parametrize(("spoil", "promise"), SECRETS)
def test_a_broken_secret_or_index_is_noticed(spoil: Callable[[Engine], object], promise: str) -> None:
    engine = Sale().engine
    spoil(engine)
    with pytest.raises(InvariantError, match=promise):
        check(engine)


def test_a_state_that_the_record_does_not_give_is_noticed() -> None:
    sale = Sale()
    with pytest.raises(InvariantError, match="differs"):
        check_replay(sale.engine, sale.facts[:-1])
    with pytest.raises(InvariantError, match="begin with the creation"):
        rebuilt(sale.facts[1:])
    with pytest.raises(InvariantError, match="begin with the creation"):
        rebuilt([])
    one, other = sale.engine.state, rebuilt(sale.facts).state
    check_same_state(one, other)
    other.lots.pop()
    with pytest.raises(InvariantError, match="6 lots are not 5"):
        check_same_state(one, other)


def watched() -> tuple[Sale, Watcher, BidTaken]:
    sale = Sale()
    watcher = Watcher(sale.engine)
    return sale, watcher, sale.bid(3, "1", 450)


def test_a_watcher_follows_honest_events() -> None:
    sale, watcher, taken = watched()
    watcher.watch(sale.engine, [taken])
    watcher.watch(sale.engine, [sale.bid(1, "1", 900)])
    assert watcher.views["1"] == sale.engine.lots["1"].view


@pytest.mark.parametrize(
    ("fields", "promise"),
    [
        ({"seq": 5}, "does not follow"),
        ({"seq": 3}, "does not follow"),
        ({"price_minor": 309}, "lot 1: the price fell"),
        ({"ends_at_ms": START_MS + 59_999}, "an offer took time from lot 1"),
        ({"ends_at_ms": None}, "an offer took time from lot 1"),
        ({"leader": 3}, "not as its public events say"),
        ({"at_ms": START_MS - 1}, "is earlier than the fact before it"),
        ({"public": False}, "is secret but has a seq of its own"),
    ],
)
def test_a_watcher_notices_what_can_not_follow(fields: dict[str, object], promise: str) -> None:
    sale, watcher, taken = watched()
    with pytest.raises(InvariantError, match=promise):
        watcher.watch(sale.engine, [replace(taken, **fields)])


def test_a_watcher_notices_an_event_left_out_and_one_told_twice() -> None:
    sale, watcher, taken = watched()
    with pytest.raises(InvariantError, match="not follow"):
        watcher.watch(sale.engine, [taken, taken])
    sale, watcher, _ = watched()
    with pytest.raises(InvariantError, match="not follow"):
        watcher.watch(sale.engine, [sale.bid(2, "1", 900)])


def test_a_watcher_notices_that_a_closed_lot_moves() -> None:
    sale = Sale()
    watcher = Watcher(sale.engine)
    reopened = decisions.open_lot(sale.engine, START_MS, "clerk", "3")
    assert not isinstance(reopened, Refused)
    opened = must_be(LotDecided, reopened[0])
    event = replace(must_be(LotOpened, opened.event), seq=sale.engine.lots["5"].view.seq + 1)
    with pytest.raises(InvariantError, match="lot 5 went from"):
        watcher.watch(sale.engine, [replace(opened, lot="5", seq=event.seq, event=event)])


# --- while a record is decided again ---------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_a_sound_record_is_inspected_to_its_end(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(invariants, "CHECK_EVERY_FACTS", 1)
    facts = SaleMaker(seed, corrects=seed % 2 == 0, asks=seed % 4 == 0).make(200)
    inspector = Inspector()
    report = verify(enumerate(facts, start=1), inspector.inspect)
    assert report.mismatch is None
    assert report.last_position == len(facts)
    inspector.finish(rebuilt(facts).state)


def test_a_state_that_a_start_would_read_otherwise_is_noticed() -> None:
    facts = SaleMaker(1).make(50)
    inspector = Inspector()
    verify(enumerate(facts, start=1), inspector.inspect)
    with pytest.raises(InvariantError, match="differs"):
        inspector.finish(rebuilt(facts[:-1]).state)


def test_a_step_that_breaks_a_promise_ends_the_audit() -> None:
    """The engine is spoilt between two facts, as a bug of the rules would: the public events tell it."""
    facts = SaleMaker(1).make(50)
    inspector = Inspector()

    def spoil(engine: Engine, step: list[AnyFact]) -> None:
        bids = [fact for fact in step if isinstance(fact, BidTaken) and fact.public]
        if bids:
            lot = engine.lots[bids[0].lot]
            lot.view = replace(lot.view, seq=lot.view.seq + 1)
        inspector.inspect(engine, step)

    with pytest.raises(InvariantError, match="is not as its public events say"):
        verify(enumerate(facts, start=1), spoil)
