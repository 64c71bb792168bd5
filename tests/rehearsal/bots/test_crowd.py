"""What bots are drawn from: the same for the same seed, whatever the order, and distributed as it says."""

from collections import Counter
from collections.abc import Iterable
from statistics import mean, median, stdev
from typing import Any

import pytest

from bidder.core.strategies.dutch import DutchPlan
from bidder.core.strategies.english import Plan, Strategy
from bidder.core.strategies.sealed import Mind, SealedPlan
from common.formats.dutch import DutchBoard, DutchTerms
from common.formats.english import EnglishBoard, EnglishTerms, Step
from common.formats.sealed import Pays, SealedBoard, SealedTerms
from common.limits import NAME_CHARS_MAX
from common.lot import LotStatus, LotTerms, LotView
from common.names import is_valid_name, skeletons
from rehearsal.bots.crowd import HURRY, INTEREST_BEGINS, Arrivals, Crowd, Tastes, Values

DURATION_MS = 10_000
ENDS_MS = 11_000


def lot(number: str, low_minor: int, high_minor: int, buy_now_minor: int | None = None) -> LotView:
    terms = LotTerms(
        lot=number,
        title=f"Lot {number}",
        format=EnglishTerms(low_minor // 4, (Step(0, 500),), buy_now_minor=buy_now_minor),
        estimate_low_minor=low_minor,
        estimate_high_minor=high_minor,
        duration_ms=DURATION_MS,
    )
    return LotView(terms, EnglishBoard(low_minor // 4), status=LotStatus.OPEN, ends_at_ms=ENDS_MS)


CATALOGUE = [lot(str(number), 20_000, 30_000) for number in range(1, 6)]
DEAR = lot("99", 400_000, 600_000)


def plans(crowd: Crowd, lots: Iterable[LotView], bidders: int = 40) -> dict[tuple[str, str], Any]:
    drawn = {}
    for character in crowd.characters(bidders):
        tastes = Tastes(crowd, character, [view.terms for view in [*CATALOGUE, DEAR]])
        for view in lots:
            plan = tastes.plan(view, 1_000)
            if plan is not None:
                drawn[character.name, view.lot] = plan
    return drawn


@pytest.mark.parametrize("arrivals", Arrivals)
@pytest.mark.parametrize("values", Values)
def test_the_same_seed_gives_the_same_bots_whatever_the_order(values: Values, arrivals: Arrivals) -> None:
    crowd = Crowd(7, values=values, arrivals=arrivals)
    assert plans(crowd, CATALOGUE) == plans(crowd, CATALOGUE[::-1])
    assert plans(crowd, CATALOGUE) != plans(Crowd(8, values=values, arrivals=arrivals), CATALOGUE)


def test_a_bot_is_the_same_in_whatever_process_it_is() -> None:
    crowd = Crowd(7)
    assert crowd.characters(5) == crowd.characters(50)[:5]
    assert crowd.characters(20, first=30) == crowd.characters(50)[30:]
    first, again = crowd.characters(1)[0].reactions, crowd.characters(1)[0].reactions
    assert first.random() == again.random()


def test_values_lie_around_the_estimates_and_some_do_not_care() -> None:
    values = [plan.value_minor for plan in plans(Crowd(7), CATALOGUE).values()]
    assert 0.4 * 200 < len(values) < 0.8 * 200
    assert 0.6 * 25_000 < mean(values) < 1.2 * 25_000
    assert max(values) > 25_000
    assert all(value % 500 == 0 and value >= 5_000 for value in values)


@pytest.mark.parametrize(
    ("values", "middle", "spread"),
    [(Values.LOGNORMAL, 1.0, 0.22), (Values.UNIFORM, 1.0, 0.29), (Values.COMMON, 1.0, 0.15)],
)
def test_each_distribution_has_its_middle_and_its_spread(values: Values, middle: float, spread: float) -> None:
    """Over one lot, so that the room's value is the same for all; it is 0.75 to 1.1 times the middle estimate."""
    drawn = [plan.value_minor for plan in plans(Crowd(7, values=values), CATALOGUE[:1], 1_000).values()]
    room_minor = median(drawn)
    assert 0.7 * 25_000 < room_minor < 1.15 * 25_000
    factors = [value / room_minor for value in drawn]
    assert mean(factors) == pytest.approx(middle, abs=0.06)
    assert stdev(factors) == pytest.approx(spread, abs=0.03)
    if values is Values.UNIFORM:
        assert 0.44 < min(factors) < max(factors) < 1.6


def test_nobody_has_the_purse_for_a_lot_far_above_all_others() -> None:
    assert max(plan.value_minor for plan in plans(Crowd(7), [DEAR]).values()) < 380_000


SEALED = LotView(
    LotTerms("s", "Sealed", SealedTerms(5_000, Pays.OWN_OFFER), duration_ms=DURATION_MS),
    SealedBoard(5_000),
    status=LotStatus.OPEN,
    ends_at_ms=ENDS_MS,
)
DUTCH = LotView(
    LotTerms("d", "Tulips", DutchTerms(50_000, 10_000, 1_000, 200), duration_ms=DURATION_MS),
    DutchBoard(50_000, 1),
    status=LotStatus.OPEN,
    ends_at_ms=ENDS_MS,
)


def test_most_make_plans_for_lots_of_every_format_and_a_purse_for_several_stays_with_english_ones() -> None:
    drawn = plans(Crowd(7), [SEALED, DUTCH, *CATALOGUE])
    kinds = Counter(type(plan) for plan in drawn.values())
    assert kinds[SealedPlan] > 15
    assert kinds[DutchPlan] > 15
    budget = plans(Crowd(7, Strategy.BUDGET.value), [SEALED, DUTCH, *CATALOGUE])
    assert {type(plan) for plan in budget.values()} == {Plan}
    assert {key: plan for key, plan in drawn.items() if isinstance(plan, Plan)} == plans(Crowd(7), CATALOGUE)


def test_bidders_for_sealed_lots_shade_differently_and_some_change_their_minds_while_the_lot_is_open() -> None:
    drawn = [plan for plan in plans(Crowd(7), [SEALED], bidders=400).values() if isinstance(plan, SealedPlan)]
    assert {plan.mind for plan in drawn} == set(Mind)
    assert len({plan.shade for plan in drawn}) == len(drawn)
    assert all(0.05 <= plan.shade <= 0.25 for plan in drawn)
    assert all(1_000 < plan.begins_at_ms < plan.changes_at_ms < plan.returns_at_ms < ENDS_MS for plan in drawn)
    assert all(plan.value_minor >= 5_000 for plan in drawn)


def test_bidders_for_dutch_lots_wait_for_a_margin_and_want_one_or_more_units() -> None:
    drawn = [plan for plan in plans(Crowd(7), [DUTCH], bidders=400).values() if isinstance(plan, DutchPlan)]
    assert {plan.units for plan in drawn} == {1, 2, 3}
    assert all(plan.value_minor >= 10_000 and plan.value_minor % 1_000 == 0 for plan in drawn)
    assert all(0.01 < plan.margin_minor / plan.value_minor <= 0.2 for plan in drawn)
    assert 0.6 * 30_000 < mean(plan.value_minor for plan in drawn) < 1.2 * 30_000, "between start and floor"


def test_a_budget_is_for_a_few_lots() -> None:
    crowd = Crowd(7)
    terms = [view.terms for view in CATALOGUE]
    budgets = [Tastes(crowd, character, terms).budget_minor for character in crowd.characters(100)]
    assert 25_000 <= min(budgets) < 40_000
    assert 80_000 < max(budgets) <= 100_000


def test_only_who_would_buy_at_once_hurries() -> None:
    lots = [lot(str(number), 20_000, 30_000, buy_now_minor=32_000) for number in range(1, 6)]
    buyers = set()
    for plan in plans(Crowd(7), lots).values():
        buys = plan.value_minor >= 32_000
        earliest, latest = (1_000 + round(part * DURATION_MS) for part in (HURRY if buys else INTEREST_BEGINS))
        assert earliest <= plan.begins_at_ms <= latest
        buyers.add(buys)
    assert buyers == {True, False}


def test_the_last_arrivals_are_as_late_as_in_real_timed_auctions() -> None:
    """47 % of lots have an arrival in their last half, 32 % in the last tenth, 11 % in the last sixtieth."""
    lots = [lot(str(number), 20_000, 30_000) for number in range(1_000)]
    drawn = plans(Crowd(7, arrivals=Arrivals.LATE), lots, bidders=12)
    last_ms = {view.lot: 0 for view in lots}
    for (_, number), plan in drawn.items():
        assert ENDS_MS - DURATION_MS <= plan.begins_at_ms <= ENDS_MS
        assert plan.snipe_ms == ENDS_MS - plan.begins_at_ms, "a sniper would bid at another moment than it comes"
        last_ms[number] = max(last_ms[number], plan.begins_at_ms)
    for part, expected in ((1 / 2, 0.47), (1 / 10, 0.32), (1 / 60, 0.11)):
        late = sum(arrival_ms >= ENDS_MS - part * DURATION_MS for arrival_ms in last_ms.values())
        assert late / len(lots) == pytest.approx(expected, abs=0.03)


def test_ten_bots_have_all_strategies_and_a_chosen_one_is_everybodys() -> None:
    assert {character.strategy for character in Crowd(7).characters(10)} == set(Strategy)
    assert {character.strategy for character in Crowd(7, "sniper").characters(10)} == {Strategy.SNIPER}
    with pytest.raises(ValueError, match="lazy"):
        Crowd(7, "lazy").characters(1)


def test_ten_thousand_bots_have_names_that_a_house_takes() -> None:
    names = [character.name for character in Crowd(7).characters(10_000)]
    assert all(is_valid_name(name) and len(name) < NAME_CHARS_MAX for name in names)
    taken = [skeleton for name in names for skeleton in skeletons(name)]
    assert len(taken) == len(set(taken)) >= 10_000
