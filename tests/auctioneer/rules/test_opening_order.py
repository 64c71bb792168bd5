"""Whose turn it is: in the order of the catalogue, past withdrawn lots, and the same after a restore."""

import msgspec
import pytest

from auctioneer.rules import decisions
from auctioneer.rules.applying import EngineState
from auctioneer.rules.engine import Engine
from auctioneer.rules.facts import AnyFact, LotDecided
from auctioneer.rules.lots import LotState
from auctioneer.rules.terms import LotSpec, Opening, OpeningRule
from common.lot_events import LotOpened
from tests.auctioneer.house.house_examples import START_MS, lot, sale_created

AT_START, BY_HAND, AFTER = OpeningRule.AT_START, OpeningRule.BY_HAND, OpeningRule.AFTER_PREVIOUS


def spec(number: int, rule: OpeningRule) -> LotSpec:
    return msgspec.structs.replace(lot(str(number)), opening=Opening(rule))


def engine_with(*rules: OpeningRule) -> Engine:
    """Return a sale of lots 1, 2, ... that open so."""
    engine = Engine.create(sale_created())
    decisions.add(engine, START_MS, "ann", tuple(spec(number, rule) for number, rule in enumerate(rules, 1)))
    engine.advance(START_MS)
    return engine


def opened(facts: list[AnyFact]) -> list[str]:
    return [fact.lot for fact in facts if isinstance(fact, LotDecided) and isinstance(fact.event, LotOpened)]


def close(engine: Engine, number: int) -> None:
    assert isinstance(decisions.close(engine, START_MS, "ann", str(number)), list)


def withdraw(engine: Engine, number: int) -> None:
    assert isinstance(decisions.withdraw(engine, START_MS, "ann", str(number), ""), list)


def restored(engine: Engine) -> Engine:
    encoded = msgspec.msgpack.encode(engine.state)
    return Engine(msgspec.msgpack.decode(encoded, type=EngineState[LotState]))


@pytest.mark.parametrize("is_restored", [False, True])
def test_of_several_whose_turn_it_is_the_first_in_the_catalogue_opens_first(is_restored: bool) -> None:
    """While the sale is paused nothing opens, and turns gather."""
    engine = engine_with(AT_START, AFTER, AT_START, AFTER, AT_START, AFTER)
    decisions.pause_sale(engine, START_MS, "ann")
    for number in (5, 1, 3):
        close(engine, number)
    assert engine.advance(START_MS) == []
    engine = restored(engine) if is_restored else engine
    decisions.resume_sale(engine, START_MS, "ann")
    assert opened(engine.advance(START_MS)) == ["2", "4", "6"]


@pytest.mark.parametrize("is_restored", [False, True])
@pytest.mark.parametrize(
    ("withdrawn", "then_closed", "opens"),
    [
        ((), 1, ["2"]),
        ((2,), 1, ["3"]),
        ((2, 3), 1, ["4"]),
        ((3, 2), 1, ["4"]),
        ((3,), 1, ["2"]),
        ((4,), 1, ["2"]),
        ((2, 3, 4), 1, []),
    ],
)
def test_the_turn_passes_over_lots_that_were_withdrawn(
    withdrawn: tuple[int, ...], then_closed: int, opens: list[str], is_restored: bool
) -> None:
    engine = engine_with(AT_START, AFTER, AFTER, AFTER)
    for number in withdrawn:
        withdraw(engine, number)
        assert engine.advance(START_MS) == [], "lot 1 is open"
        engine = restored(engine) if is_restored else engine
    close(engine, then_closed)
    assert opened(engine.advance(START_MS)) == opens


@pytest.mark.parametrize("is_restored", [False, True])
def test_a_lot_that_is_added_comes_after_the_last_that_was_not_withdrawn(is_restored: bool) -> None:
    engine = engine_with(AT_START, AFTER, AFTER)
    withdraw(engine, 3)
    withdraw(engine, 2)
    engine = restored(engine) if is_restored else engine
    decisions.add(engine, START_MS, "ann", (spec(4, AFTER),))
    assert engine.advance(START_MS) == [], "lot 1 is open, so it is not the turn of the lot after it"
    withdraw(engine, 1)
    assert opened(engine.advance(START_MS)) == ["4"]


def test_the_first_lot_needs_nobody_before_it_also_where_the_one_before_was_withdrawn() -> None:
    assert opened(Engine.create(sale_created()).advance(START_MS)) == []
    engine = engine_with(BY_HAND, AFTER, AFTER)
    withdraw(engine, 1)
    assert opened(engine.advance(START_MS)) == ["2"], "and lot 3 waits for that one"


def test_who_waits_for_a_hand_or_is_over_has_no_turn() -> None:
    engine = engine_with(AT_START, BY_HAND, AFTER)
    close(engine, 1)
    assert engine.advance(START_MS) == []
    engine = engine_with(AT_START, AFTER, AFTER)
    decisions.pause_sale(engine, START_MS, "ann")
    close(engine, 1)
    withdraw(engine, 2)
    decisions.resume_sale(engine, START_MS, "ann")
    assert opened(engine.advance(START_MS)) == ["3"], "the turn that lot 2 had went with it"


def test_a_lot_that_is_opened_by_hand_on_its_turn_is_not_opened_twice() -> None:
    engine = engine_with(AT_START, AFTER, AFTER)
    close(engine, 1)
    decisions.open_lot(engine, START_MS, "ann", "2")
    assert engine.advance(START_MS) == []
    engine = engine_with(AT_START, AFTER, AFTER)
    decisions.open_lot(engine, START_MS, "ann", "2")
    close(engine, 1)
    assert engine.advance(START_MS) == [], "nor where it was opened before its turn came"
