"""Decisions that rows of a table can't show well; the others stand in `scenarios/`."""

from msgspec.structs import replace

from auctioneer.audit.invariants import check
from auctioneer.rules import decisions
from auctioneer.rules.decisions import Refused
from auctioneer.rules.engine import Engine
from auctioneer.rules.terms import LotSpec, Opening, OpeningRule
from common.formats.english import EnglishTerms, Step
from common.lot import LotStatus, LotTerms
from tests.auctioneer.house.house_examples import START_MS, lot, sale_created


def _engine(*, ends_after_last_lot: bool = False) -> Engine:
    created = sale_created(ends_after_last_lot=ends_after_last_lot)
    return Engine.create(created)


def _spec(lot: str, opening: Opening) -> LotSpec:
    return LotSpec(LotTerms(lot, f"Lot {lot}", EnglishTerms(100, (Step(0, 10),))), opening=opening)


def test_a_delayed_opening_counts_the_time_that_the_sale_runs_whenever_the_lot_was_added() -> None:
    engine = _engine()
    in_an_hour = Opening(OpeningRule.AT_TIME, delay_ms=3_600_000)
    decisions.add(engine, START_MS, "ann", (_spec("before", in_an_hour),))
    for paused_ms, resumed_ms in ((60_000, 100_000), (200_000, 205_000)):
        decisions.pause_sale(engine, START_MS + paused_ms, "ann")
        decisions.add(engine, START_MS + paused_ms + 1, "ann", (_spec(f"during{paused_ms}", in_an_hour),))
        decisions.resume_sale(engine, START_MS + resumed_ms, "ann")
    decisions.add(engine, START_MS + 300_000, "ann", (_spec("after", in_an_hour),))
    assert {lot.view.opens_at_ms for lot in engine.catalogue} == {START_MS + 3_600_000 + 45_000}


def moved(engine: Engine, number: str, before: str = "") -> str:
    """Move a lot, and return why not; empty if it moved."""
    outcome = decisions.move(engine, engine.state.now_ms, "ada", number, before)
    check(engine)
    return f"{outcome.code.value}: {outcome.detail}" if isinstance(outcome, Refused) else ""


def order_of(engine: Engine) -> list[str]:
    return [each.view.lot for each in engine.catalogue]


def in_sequence() -> Engine:
    """Return a sale of five lots, of which the first is open and each other opens after the one before it."""
    engine = Engine.create(sale_created())
    later = [replace(lot(str(number)), opening=Opening(OpeningRule.AFTER_PREVIOUS)) for number in range(2, 6)]
    assert not isinstance(decisions.add(engine, START_MS, "ada", (lot("1"), *later)), Refused)
    engine.advance(START_MS)
    return engine


def test_a_lot_that_moved_opens_in_its_new_place() -> None:
    engine = in_sequence()
    assert moved(engine, "5", "2") == ""
    assert order_of(engine) == ["1", "5", "2", "3", "4"]
    assert moved(engine, "2") == ""
    assert order_of(engine) == ["1", "5", "3", "4", "2"]
    assert engine.find("2") is engine.lots["2"]
    decisions.close(engine, engine.state.now_ms, "ada", "1")
    engine.advance(engine.state.now_ms)
    assert [each.view.lot for each in engine.catalogue if each.view.status is LotStatus.OPEN] == ["5"]
    decisions.close(engine, engine.state.now_ms, "ada", "5")
    engine.advance(engine.state.now_ms)
    assert [each.view.lot for each in engine.catalogue if each.view.status is LotStatus.OPEN] == ["3"]


def test_only_scheduled_lots_move_and_only_elsewhere() -> None:
    engine = in_sequence()
    assert moved(engine, "9") == "unknown_lot: lot 9"
    assert moved(engine, "2", "9") == "unknown_lot: lot 9"
    assert moved(engine, "1") == "wrong_state: lot 1 is open; only a lot that was not opened yet has another place"
    assert moved(engine, "2", "1") == "wrong_state: lot 1 is open; only a lot that was not opened yet has another place"
    assert moved(engine, "2", "3") == moved(engine, "2", "2") == "wrong_state: lot 2 is there already"
    assert moved(engine, "5") == "wrong_state: lot 5 is there already"
    assert order_of(engine) == ["1", "2", "3", "4", "5"]
    decisions.end(engine, engine.state.now_ms, "ada")
    assert moved(engine, "5", "2") == "sale_ended: no lot can be moved"


def test_lots_that_are_added_after_a_move_come_last() -> None:
    engine = in_sequence()
    moved(engine, "5", "2")
    assert not isinstance(decisions.add(engine, engine.state.now_ms, "ada", (lot("6", by_hand=True),)), Refused)
    check(engine)
    assert order_of(engine) == ["1", "5", "2", "3", "4", "6"]
    assert moved(engine, "6", "3") == ""
    assert order_of(engine) == ["1", "5", "2", "6", "3", "4"]
