"""The bots' private values: the same for the same seed, whatever the order, and made for an interesting sale."""

import pytest

from benchmarks.crowd import HURRY, INTEREST_BEGINS, MIX, Tastes, characters
from bidder.strategy import Plan, Strategy
from common.limits import NAME_CHARS_MAX
from common.lot import LotTerms, Step
from common.names import is_valid_name, skeleton

DURATION_MS = 10_000


def terms(lot: str, low_minor: int, high_minor: int, buy_now_minor: int | None = None) -> LotTerms:
    return LotTerms(
        lot=lot,
        title=f"Lot {lot}",
        starting_minor=low_minor // 4,
        increments=(Step(0, 500),),
        estimate_low_minor=low_minor,
        estimate_high_minor=high_minor,
        buy_now_minor=buy_now_minor,
        duration_ms=DURATION_MS,
    )


CATALOGUE = [terms(str(number), 20_000, 30_000) for number in range(1, 6)]
DEAR = terms("99", 400_000, 600_000)


def plans(seed: int, lots: list[LotTerms], bidders: int = 40) -> dict[tuple[str, str], Plan | None]:
    return {
        (character.name, lot.lot): Tastes(seed, character, [*CATALOGUE, DEAR]).plan(lot, 1_000)
        for character in characters(seed, bidders, MIX)
        for lot in lots
    }


def test_the_same_seed_gives_the_same_bots_whatever_the_order() -> None:
    assert plans(7, CATALOGUE) == plans(7, CATALOGUE[::-1])
    assert characters(7, 5, MIX) == characters(7, 50, MIX)[:5]
    first, again = characters(7, 1, MIX)[0].reactions, characters(7, 1, MIX)[0].reactions
    assert first.random() == again.random()


def test_another_seed_gives_others() -> None:
    assert plans(7, CATALOGUE) != plans(8, CATALOGUE)


def test_values_lie_around_the_estimates_and_some_do_not_care() -> None:
    values = [plan.value_minor for plan in plans(7, CATALOGUE).values() if plan is not None]
    assert 0.4 * 200 < len(values) < 0.8 * 200
    assert 0.6 * 25_000 < sum(values) / len(values) < 1.2 * 25_000
    assert max(values) > 25_000
    assert all(value % 500 == 0 and value >= 5_000 for value in values)


def test_nobody_has_the_purse_for_a_lot_far_above_all_others() -> None:
    values = [plan.value_minor for plan in plans(7, [DEAR]).values() if plan is not None]
    assert max(values) < 380_000


def test_only_who_would_buy_at_once_hurries() -> None:
    lots = [terms(str(number), 20_000, 30_000, buy_now_minor=32_000) for number in range(1, 6)]
    buyers = set()
    for plan in plans(7, lots).values():
        if plan is not None:
            buys = plan.value_minor >= 32_000
            earliest, latest = (1_000 + round(part * DURATION_MS) for part in (HURRY if buys else INTEREST_BEGINS))
            assert earliest <= plan.begins_at_ms <= latest
            buyers.add(buys)
    assert buyers == {True, False}


def test_ten_bots_have_all_strategies_and_a_chosen_one_is_everybodys() -> None:
    assert {character.strategy for character in characters(7, 10, MIX)} == set(Strategy)
    assert {character.strategy for character in characters(7, 10, "sniper")} == {Strategy.SNIPER}
    with pytest.raises(ValueError, match="lazy"):
        characters(7, 1, "lazy")


def test_a_thousand_bots_have_names_that_a_house_takes() -> None:
    names = [character.name for character in characters(7, 1_000, MIX)]
    assert all(is_valid_name(name) and len(name) < NAME_CHARS_MAX for name in names)
    assert len({skeleton(name) for name in names}) == 1_000
