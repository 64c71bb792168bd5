"""What each kind of bot does about a lot, as tables: how the lot stands, the plan, the time, and the decision."""

import pytest

from bidder.core.strategies.english import BuyNow, PlaceBid, Plan, Strategy, acts_from_ms, can_gain, decide
from common.formats.english import EnglishBoard, EnglishTerms, Step
from common.formats.sealed import Pays, SealedBoard, SealedTerms
from common.lot import LotStatus, LotTerms, LotView

ME, RIVAL = 7, 8
ENDS_MS = 100_000
ENGLISH = EnglishTerms(100, (Step(0, 10), Step(200, 25)))
TERMS = LotTerms("1", "A vase", ENGLISH)


def lot(
    minimum_minor: int = 100,
    *,
    status: LotStatus = LotStatus.OPEN,
    leader: int | None = RIVAL,
    ends_at_ms: int | None = ENDS_MS,
    buy_now_minor: int | None = None,
) -> LotView:
    board = EnglishBoard(minimum_minor, leader=leader, buy_now_minor=buy_now_minor)
    return LotView(TERMS, board, status=status, ends_at_ms=ends_at_ms)


def plan(strategy: Strategy, value_minor: int = 500) -> Plan:
    return Plan(strategy=strategy, value_minor=value_minor, begins_at_ms=1_000, snipe_ms=800, jump_steps_max=4)


@pytest.mark.parametrize(
    ("strategy", "view", "now_ms", "chance", "expected"),
    [
        # truthful: the whole value as a maximum, once it takes an interest
        (Strategy.TRUTHFUL, lot(), 999, 0.0, None),
        (Strategy.TRUTHFUL, lot(), 1_000, 0.0, PlaceBid("1", maximum_minor=500)),
        (Strategy.TRUTHFUL, lot(500), 1_000, 0.0, PlaceBid("1", maximum_minor=500)),
        # incremental: the minimum and no more
        (Strategy.INCREMENTAL, lot(), 1_000, 0.9, PlaceBid("1", amount_minor=100)),
        (Strategy.INCREMENTAL, lot(500), 1_000, 0.9, PlaceBid("1", amount_minor=500)),
        # budget: as incremental, within its purse
        (Strategy.BUDGET, lot(), 1_000, 0.9, PlaceBid("1", amount_minor=100)),
        # noise: in vain (three moods), or up to three steps over the minimum, openly or as a maximum
        (Strategy.NOISE, lot(), 1_000, 0.0, PlaceBid("1", amount_minor=1)),
        (Strategy.NOISE, lot(), 1_000, 0.1, PlaceBid("1", amount_minor=50)),
        (Strategy.NOISE, lot(), 1_000, 0.2, BuyNow("1", 100)),
        (Strategy.NOISE, lot(), 1_000, 0.399, PlaceBid("1", amount_minor=130)),
        (Strategy.NOISE, lot(), 1_000, 0.425, PlaceBid("1", maximum_minor=110)),
        (Strategy.NOISE, lot(490), 1_000, 0.399, PlaceBid("1", amount_minor=500)),
        # jump: one to four steps over the minimum, by the step at the minimum, never over the value
        (Strategy.JUMP, lot(), 1_000, 0.0, PlaceBid("1", amount_minor=110)),
        (Strategy.JUMP, lot(), 1_000, 0.999, PlaceBid("1", amount_minor=140)),
        (Strategy.JUMP, lot(200), 1_000, 0.999, PlaceBid("1", amount_minor=300)),
        (Strategy.JUMP, lot(450), 1_000, 0.999, PlaceBid("1", amount_minor=500)),
        # sniper: nothing before the last moment, and again so after an extension
        (Strategy.SNIPER, lot(), 99_199, 0.0, None),
        (Strategy.SNIPER, lot(), 99_200, 0.0, PlaceBid("1", maximum_minor=500)),
        (Strategy.SNIPER, lot(ends_at_ms=ENDS_MS + 2_000), 99_200, 0.0, None),
        (Strategy.SNIPER, lot(ends_at_ms=None), 1_000, 0.0, PlaceBid("1", maximum_minor=500)),
        (Strategy.SNIPER, lot(ends_at_ms=1_200), 900, 0.0, None),
    ],
)
def test_each_strategy_bids_in_its_own_way(
    strategy: Strategy, view: LotView, now_ms: int, chance: float, expected: PlaceBid | BuyNow | None
) -> None:
    assert decide(view, now_ms, ME, plan(strategy), chance) == expected


@pytest.mark.parametrize("strategy", Strategy)
@pytest.mark.parametrize(
    ("view", "now_ms"),
    [
        pytest.param(lot(leader=ME), ENDS_MS - 1, id="leads already"),
        pytest.param(lot(501), ENDS_MS - 1, id="too dear"),
        pytest.param(lot(), ENDS_MS, id="out of time"),
        pytest.param(lot(status=LotStatus.SCHEDULED), ENDS_MS - 1, id="not open yet"),
        pytest.param(lot(status=LotStatus.PAUSED), ENDS_MS - 1, id="paused"),
        pytest.param(lot(status=LotStatus.SOLD, buy_now_minor=400), ENDS_MS - 1, id="sold"),
        pytest.param(lot(leader=ME, buy_now_minor=400), ENDS_MS - 1, id="leads and could buy"),
        pytest.param(lot(501, buy_now_minor=501), ENDS_MS - 1, id="too dear to buy"),
    ],
)
def test_nobody_bids_in_vain_or_above_the_value(strategy: Strategy, view: LotView, now_ms: int) -> None:
    assert decide(view, now_ms, ME, plan(strategy), 0.5) is None


@pytest.mark.parametrize("strategy", Strategy)
def test_everybody_buys_at_once_what_is_worth_the_buy_now_price(strategy: Strategy) -> None:
    view = lot(buy_now_minor=500)
    assert decide(view, 1_000, ME, plan(strategy), 0.5) == BuyNow("1", 500)
    assert decide(view, 999, ME, plan(strategy), 0.5) is None


@pytest.mark.parametrize("strategy", Strategy)
@pytest.mark.parametrize("view", [lot(), lot(ends_at_ms=None), lot(buy_now_minor=300), lot(ends_at_ms=1_200)])
def test_time_changes_the_decision_only_at_the_time_that_is_told(strategy: Strategy, view: LotView) -> None:
    at_ms = acts_from_ms(view, plan(strategy))
    assert decide(view, at_ms - 1, ME, plan(strategy), 0.5) is None
    assert decide(view, at_ms, ME, plan(strategy), 0.5) is not None


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        (lot(500), True),
        (lot(501), False),
        (lot(501, buy_now_minor=500), True),
        (lot(500, status=LotStatus.PAUSED), True),
        (lot(500, status=LotStatus.PASSED), False),
    ],
)
def test_a_lot_beyond_the_value_is_given_up(view: LotView, *, expected: bool) -> None:
    assert can_gain(view, plan(Strategy.INCREMENTAL)) is expected


@pytest.mark.parametrize("strategy", Strategy)
def test_a_lot_of_another_format_is_left_alone(strategy: Strategy) -> None:
    terms = LotTerms("1", "A vase", SealedTerms(100, Pays.OWN_OFFER))
    view = LotView(terms, SealedBoard(100), status=LotStatus.OPEN)
    assert decide(view, 1_000, ME, plan(strategy), 0.5) is None
    assert not can_gain(view, plan(strategy))


def test_a_war_between_two_bots_ends_at_the_lower_value() -> None:
    """Two incremental bidders, by the rules of open bids alone: the loser stops when the next step is too much."""
    values = {ME: 500, RIVAL: 320}
    minimum_minor, leader, price_minor = 100, None, 0
    for _ in range(100):
        for paddle, value_minor in values.items():
            has_in_mind = plan(Strategy.INCREMENTAL, value_minor)
            intent = decide(lot(minimum_minor, leader=leader), 1_000, paddle, has_in_mind, 0)
            if isinstance(intent, PlaceBid):
                assert intent.amount_minor == minimum_minor
                price_minor, leader = minimum_minor, paddle
                minimum_minor += ENGLISH.step_at(minimum_minor)
    assert leader == ME
    assert 320 - 25 < price_minor <= 320 + 25
    assert minimum_minor > 320
