"""What the engine keeps beside the state, to be quick: it must never change what is decided."""

from auctioneer import decisions
from auctioneer.engine import Engine
from auctioneer.events import SaleCreated
from auctioneer.terms import LotSpec, Opening, OpeningRule
from common.lot import LotStatus, LotTerms, Step
from common.money import Currency

START_MS = 1_700_000_000_000


def _engine() -> Engine:
    created = SaleCreated(
        at_ms=START_MS, sale="s", title="Sale", currency=Currency("USD", 2), epoch=1, ends_after_last_lot=False
    )
    return Engine.create(created)


def _spec(lot: str, rule: OpeningRule, duration_ms: int | None = None) -> LotSpec:
    terms = LotTerms(lot, f"Lot {lot}", 100, (Step(0, 10),), duration_ms=duration_ms)
    return LotSpec(terms, opening=Opening(rule))


def test_a_lot_extended_while_the_sale_is_paused_goes_on_with_the_sale() -> None:
    engine = _engine()
    decisions.add(engine, START_MS, "ann", (_spec("1", OpeningRule.AT_START, 60_000),))
    engine.advance(START_MS)
    decisions.pause_sale(engine, START_MS + 10_000, "ann")
    decisions.extend(engine, START_MS + 20_000, "ann", "1", 5_000)
    decisions.resume_sale(engine, START_MS + 30_000, "ann")
    view = engine.lots["1"].view
    assert (view.status, view.ends_at_ms) == (LotStatus.OPEN, START_MS + 30_000 + 55_000)
