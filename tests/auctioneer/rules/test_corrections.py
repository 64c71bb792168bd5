"""Corrections: the scenario tables, and what holds whatever is taken back."""

import random
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from auctioneer.audit.invariants import check
from auctioneer.rules import corrections, decisions
from auctioneer.rules.corrected import Corrected
from auctioneer.rules.decisions import Refused
from auctioneer.rules.engine import Bidder, Engine
from auctioneer.rules.facts import CorrectionMade, LotRewritten
from auctioneer.rules.lots import OFFERS_KEPT_MAX, LotState
from auctioneer.rules.terms import LotSpec, Opening, OpeningRule
from common.errors import RejectCode
from common.formats.dutch import DutchTerms
from common.formats.english import BidRequest, EnglishBoard, EnglishTerms, Step
from common.formats.sealed import Pays, SealedTerms, SealRequest
from common.lot import LotStatus, LotTerms, SoftClose
from common.lot_events import LotRevised
from common.messages import Rejected
from tests.auctioneer.house.house_examples import HOUR_MS, START_MS, lot, sale_created
from tests.auctioneer.rules.scenarios import Scenario, Stage, load

TABLES = load("corrections")
STEP_MINOR = 100


@pytest.mark.parametrize("restores", [False, True], ids=["", "restored"])
@pytest.mark.parametrize("scenario", TABLES, ids=str)
def test_scenario(scenario: Scenario, restores: bool) -> None:
    Stage(scenario, restores=restores).play()


class Placed(NamedTuple):
    paddle: int
    maximum_minor: int


def opened(*specs: LotSpec) -> Engine:
    engine = Engine.create(sale_created(corrections=True))
    assert not isinstance(decisions.add(engine, START_MS, "clerk", specs), Refused)
    engine.advance(START_MS)
    return engine


def bid(engine: Engine, number: int, placed: Placed) -> bool:
    """Place a maximum, and return whether it counts."""
    request = BidRequest(id=number, lot="1", maximum_minor=placed.maximum_minor)
    return not isinstance(engine.offer(START_MS + number, Bidder(placed.paddle, ()), request), Rejected)


def applied(engine: Engine, outcome: Corrected | Refused) -> Corrected:
    assert not isinstance(outcome, Refused), outcome
    engine.apply(outcome.fact)
    return outcome


def undone(engine: Engine, *numbers: int) -> Corrected:
    return applied(engine, corrections.undo(engine, START_MS + HOUR_MS // 2, "ada", "1", "A slip", numbers))


def lot_1(engine: Engine) -> LotState:
    return engine.lots["1"]


def by_the_book(bids: list[Placed]) -> tuple[int | None, int | None]:
    """Return the leader and the price that these maxima make, by the published rule for proxy bids."""
    highest: dict[int, Placed] = {}
    for placed in bids:
        if placed.paddle not in highest or placed.maximum_minor > highest[placed.paddle].maximum_minor:
            highest.pop(placed.paddle, None)  # a raise counts from now on
            highest[placed.paddle] = placed
    if not highest:
        return None, None
    first, *others = sorted(highest.values(), key=lambda placed: -placed.maximum_minor)
    if not others:
        return first.paddle, 1000
    return first.paddle, min(first.maximum_minor, others[0].maximum_minor + STEP_MINOR)


maxima = st.lists(st.builds(Placed, st.integers(1, 4), st.integers(1_000, 3_000)), min_size=1, max_size=12)


@given(maxima, st.randoms(use_true_random=False))
def test_without_some_maxima_the_others_make_the_price(bids: list[Placed], pick: random.Random) -> None:
    engine = opened(lot("1"))
    accepted = [placed for number, placed in enumerate(bids, 1) if bid(engine, number, placed)]
    left_out = set(pick.sample(range(1, len(accepted) + 1), pick.randint(0, len(accepted))))
    if not left_out:
        return
    board_before, seq_before = lot_1(engine).view.board, lot_1(engine).view.seq
    corrected = undone(engine, *left_out)
    check(engine)
    view = lot_1(engine).view
    remaining = [placed for number, placed in enumerate(accepted, 1) if number not in corrected.void]
    assert set(corrected.void) >= left_out
    assert isinstance(view.board, EnglishBoard)
    assert (view.board.leader, view.board.price_minor) == by_the_book(remaining)
    assert view.seq == seq_before + (view.board != board_before), "a change that nobody sees has no number"


@given(maxima)
def test_taken_back_one_after_the_other_nothing_is_left(bids: list[Placed]) -> None:
    engine = opened(lot("1"))
    accepted = sum(bid(engine, number, placed) for number, placed in enumerate(bids, 1))
    for number in range(accepted, 0, -1):
        outcome = corrections.undo(engine, START_MS + HOUR_MS // 2, "ada", "1", "A slip", (number,))
        if isinstance(outcome, Corrected):
            engine.apply(outcome.fact)
        check(engine)
    assert lot_1(engine).book is None
    assert lot_1(engine).view.board == opened(lot("1")).lots["1"].view.board


def test_a_correction_only_changes_the_lot_when_it_is_applied() -> None:
    engine = opened(lot("1"))
    for number in range(1, 6):
        bid(engine, number, Placed(number, 1_000 * number))
    before = replace(lot_1(engine))
    assert isinstance(corrections.undo(engine, START_MS + 9, "ada", "1", "A slip"), Corrected)
    assert lot_1(engine) == before


def test_of_too_many_offers_the_earliest_count_for_good(monkeypatch: pytest.MonkeyPatch) -> None:
    assert OFFERS_KEPT_MAX == 10_000
    monkeypatch.setattr("auctioneer.rules.kept_offers.OFFERS_KEPT_MAX", 3)
    engine = opened(lot("1"))
    for number in range(1, 6):
        assert bid(engine, number, Placed(number, 1_000 * number))
        check(engine)
    refused = corrections.undo(engine, START_MS + 9, "ada", "1", "A slip", (2,))
    assert isinstance(refused, Refused)
    assert refused.code is RejectCode.UNKNOWN_BID
    undone(engine, 3, 4, 5)
    check(engine)
    assert lot_1(engine).view.board.leader == 2


def test_what_was_corrected_in_place_does_not_change_the_fact() -> None:
    """The fact is written at the end of the turn, and the lot may get further offers before."""
    form = SealedTerms(100, Pays.OWN_OFFER)
    engine = opened(LotSpec(LotTerms("1", "Lot", form, duration_ms=HOUR_MS)))
    for number in (1, 2):
        seal = SealRequest(id=number, lot="1", amount_minor=500 * number)
        assert not isinstance(engine.offer(START_MS + number, Bidder(number, ()), seal), Rejected)
    fact = undone(engine, 2).fact
    assert isinstance(fact, CorrectionMade)
    book = repr(fact.book)
    engine.offer(START_MS + HOUR_MS // 2, Bidder(3, ()), SealRequest(id=9, lot="1", amount_minor=900))
    assert repr(fact.book) == book
    assert repr(lot_1(engine).book) != book


# --- what the catalogue says ---------------------------------------------------------------------------------------


def rewritten(engine: Engine, spec: LotSpec, at_ms: int = START_MS + 1000) -> LotRewritten | str:
    """Correct lot 1 and return the fact, or the reason why not."""
    outcome = corrections.rewrite(engine, at_ms, "ada", "1", "A typing error", spec, ())
    if isinstance(outcome, Refused):
        return f"{outcome.code.value}: {outcome.detail}"
    engine.apply(outcome.fact)
    check(engine)
    assert isinstance(outcome.fact, LotRewritten)
    return outcome.fact


def with_terms(spec: LotSpec, **fields: object) -> LotSpec:
    return replace(spec, terms=replace(spec.terms, **fields))


def with_bidding(spec: LotSpec, **fields: object) -> LotSpec:
    return with_terms(spec, format=replace(spec.terms.format, **fields))


def test_texts_may_change_at_any_time() -> None:
    engine = opened(lot("1"))
    for title, act in (
        ("A clock", lambda: bid(engine, 1, Placed(1, 2_000))),
        ("A long clock", lambda: decisions.pause(engine, START_MS + 1000, "ada", "1")),
        ("A longcase clock", lambda: decisions.close(engine, START_MS + 1000, "ada", "1")),
        ("A longcase clock, signed", lambda: None),
    ):
        act()
        before = lot_1(engine).view
        fact = rewritten(engine, with_terms(lot_1(engine).spec, title=title, estimate_low_minor=5))
        assert isinstance(fact, LotRewritten)
        assert isinstance(fact.event, LotRevised)
        view = lot_1(engine).view
        assert view == replace(before, seq=before.seq + 1, terms=lot_1(engine).spec.terms)
        assert view.terms.title == title
    assert lot_1(engine).view.results


def test_a_lot_that_says_so_already_is_not_corrected() -> None:
    engine = opened(lot("1"))
    assert rewritten(engine, lot_1(engine).spec) == "wrong_state: lot 1 says that already"


def test_before_the_first_bid_the_bidding_may_change() -> None:
    engine = opened(lot("1"))
    other = with_bidding(lot("1", reserve_minor=5_000), starting_minor=400, increments=(Step(0, 50),))
    assert isinstance(rewritten(engine, other), LotRewritten)
    assert lot_1(engine).view.board == EnglishBoard(400, reserve_met=False)
    assert bid(engine, 1, Placed(1, 400))
    undone(engine)
    check(engine)
    assert lot_1(engine).view.board == EnglishBoard(400, reserve_met=False)


def test_with_bids_only_increments_and_a_lower_start_may_change() -> None:
    engine = opened(lot("1", reserve_minor=5_000))
    spec = lot_1(engine).spec
    bid(engine, 1, Placed(1, 2_000))
    in_the_way = "wrong_state: there are bids on lot 1, so that can't change any more"
    assert rewritten(engine, replace(spec, reserve_minor=4_000)) == in_the_way
    assert rewritten(engine, with_bidding(spec, buy_now_minor=9_000)) == in_the_way
    assert rewritten(engine, with_bidding(spec, starting_minor=2_001)) == in_the_way
    assert isinstance(rewritten(engine, with_bidding(spec, starting_minor=500)), LotRewritten)
    cheaper = with_bidding(lot_1(engine).spec, increments=(Step(0, 10),))
    assert isinstance(rewritten(engine, cheaper), LotRewritten)
    board = lot_1(engine).view.board
    assert isinstance(board, EnglishBoard)
    assert (board.price_minor, board.minimum_minor) == (2_000, 2_010)
    refused = corrections.undo(engine, START_MS + 2000, "ada", "1", "A slip")
    assert isinstance(refused, Refused), "a bid under other terms counts for good"
    assert bid(engine, 2_000, Placed(2, 2_010))
    undone(engine)
    assert lot_1(engine).view.board == board


def test_the_time_of_a_lot_may_change_until_it_opens() -> None:
    engine = opened(replace(lot("1"), opening=Opening(OpeningRule.AT_TIME, delay_ms=9_000)))
    spec = lot_1(engine).spec
    later = replace(spec, opening=Opening(OpeningRule.AT_TIME, delay_ms=20_000))
    assert isinstance(rewritten(engine, with_terms(later, duration_ms=5_000)), LotRewritten)
    assert lot_1(engine).view.opens_at_ms == START_MS + 20_000
    engine.advance(START_MS + 19_999)
    assert lot_1(engine).view.status is LotStatus.SCHEDULED
    engine.advance(START_MS + 20_000)
    assert lot_1(engine).view.ends_at_ms == START_MS + 25_000
    now_ms = START_MS + 21_000
    opened_already = "wrong_state: lot 1 was opened; use `auctioneer extend` to give it more time"
    assert rewritten(engine, with_terms(lot_1(engine).spec, duration_ms=9_000), now_ms) == opened_already
    assert rewritten(engine, with_terms(lot_1(engine).spec, soft_close=SoftClose(5, 5)), now_ms) == opened_already


def test_a_lot_may_open_after_the_one_before_it_instead() -> None:
    engine = opened(lot("0"), lot("1", by_hand=True))
    decisions.pause_sale(engine, START_MS + 1, "ada")
    decisions.close(engine, START_MS + 2, "ada", "0")
    assert isinstance(
        rewritten(engine, replace(lot_1(engine).spec, opening=Opening(OpeningRule.AFTER_PREVIOUS))), LotRewritten
    )
    decisions.resume_sale(engine, START_MS + 1500, "ada")
    engine.advance(START_MS + 1500)
    assert lot_1(engine).view.status is LotStatus.OPEN


def test_a_clock_may_change_until_it_runs() -> None:
    form = DutchTerms(900, 100, 100, 1_000)
    terms = LotTerms("1", "Tulips", form, duration_ms=form.duration_ms)
    engine = opened(LotSpec(terms, opening=Opening(OpeningRule.BY_HAND)))
    faster = DutchTerms(600, 100, 50, 500)
    spec = with_terms(lot_1(engine).spec, format=faster, duration_ms=faster.duration_ms)
    assert isinstance(rewritten(engine, spec), LotRewritten)
    decisions.open_lot(engine, START_MS + 2_000, "ada", "1")
    engine.advance(START_MS + 2_500)
    assert getattr(lot_1(engine).view.board, "price_minor", None) == 550
    check(engine)
    slower = with_bidding(lot_1(engine).spec, step_minor=100)
    assert "can't change any more" in str(rewritten(engine, slower, START_MS + 2_600))


def test_sealed_terms_may_change_until_there_is_an_offer() -> None:
    form = SealedTerms(100, Pays.OWN_OFFER)
    engine = opened(LotSpec(LotTerms("1", "Lot", form, duration_ms=HOUR_MS)))
    assert isinstance(rewritten(engine, with_bidding(lot_1(engine).spec, starting_minor=200)), LotRewritten)
    engine.offer(START_MS + 1_001, Bidder(1, ()), SealRequest(id=1, lot="1", amount_minor=200))
    told = rewritten(engine, with_bidding(lot_1(engine).spec, starting_minor=300), START_MS + 2_000)
    assert told == "wrong_state: there are bids on lot 1, so that can't change any more"


def test_no_lot_becomes_another() -> None:
    engine = opened(lot("1"))
    form = SealedTerms(100, Pays.OWN_OFFER)
    assert "can't change its format" in str(rewritten(engine, with_terms(lot_1(engine).spec, format=form)))
    assert rewritten(engine, lot("2")) == "unknown_lot: lot 1"
    decisions.close(engine, START_MS + 5, "ada", "1")
    assert isinstance(lot_1(engine).spec.terms.format, EnglishTerms)
    told = rewritten(engine, with_bidding(lot_1(engine).spec, starting_minor=300))
    assert told == "wrong_state: lot 1 is over; its bidding can't change any more"
