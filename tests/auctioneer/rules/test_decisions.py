"""Decisions that rows of a table can't show well; the others stand in `scenarios/`."""

from auctioneer.rules import decisions
from auctioneer.rules.engine import Engine
from auctioneer.rules.terms import LotSpec, Opening, OpeningRule
from common.formats.english import EnglishTerms, Step
from common.lot import LotTerms
from tests.auctioneer.house.house_examples import START_MS, sale_created


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
