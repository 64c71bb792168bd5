"""What the engine keeps beside the state, to be quick: it must never change what is decided."""

import msgspec
import pytest

from auctioneer.rules import decisions
from auctioneer.rules.applying import EngineState
from auctioneer.rules.engine import Bidder, Engine
from auctioneer.rules.lots import LotState
from auctioneer.rules.terms import LotSpec, Opening, OpeningRule
from common.formats.english import BidRequest, EnglishTerms, Step
from common.lot import LotStatus, LotTerms
from tests.auctioneer.house.house_examples import START_MS, sale_created


def _engine() -> Engine:
    created = sale_created()
    return Engine.create(created)


def _spec(lot: str, rule: OpeningRule, duration_ms: int | None = None) -> LotSpec:
    terms = LotTerms(lot, f"Lot {lot}", EnglishTerms(100, (Step(0, 10),)), duration_ms=duration_ms)
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


@pytest.mark.timeout(90)  # looking past all the withdrawn lots each time would take minutes
def test_a_long_chain_of_lots_is_withdrawn_and_goes_on_quickly() -> None:
    engine = _engine()
    rules = [OpeningRule.BY_HAND] + [OpeningRule.AFTER_PREVIOUS] * 20_000
    decisions.add(engine, START_MS, "ann", tuple(_spec(str(index), rule) for index, rule in enumerate(rules)))
    for index in range(1, 20_000):
        decisions.withdraw(engine, START_MS, "ann", str(index), "")
    assert engine.next_deadline_ms() is None
    decisions.withdraw(engine, START_MS, "ann", "0", "")
    engine.advance(START_MS)
    assert engine.lots["20000"].view.status is LotStatus.OPEN
    decisions.add(engine, START_MS, "ann", (_spec("next", OpeningRule.AFTER_PREVIOUS),))
    assert engine.next_deadline_ms() is None
    decisions.close(engine, START_MS, "ann", "20000")
    engine.advance(START_MS)
    assert engine.lots["next"].view.status is LotStatus.OPEN


def test_nobody_is_watched_for_a_lot_that_is_over_even_after_a_restore() -> None:
    engine = _engine()
    decisions.add(engine, START_MS, "ann", (_spec("1", OpeningRule.AT_START, 60_000),))
    engine.advance(START_MS)
    engine.offer(START_MS, Bidder(7, ("bob",)), BidRequest(id=1, lot="1", maximum_minor=500, while_connected=True))
    assert engine.paddles_to_watch() == [7]
    engine.advance(START_MS + 60_000)
    restored = Engine(msgspec.msgpack.decode(msgspec.msgpack.encode(engine.state), type=EngineState[LotState]))
    assert engine.paddles_to_watch() == restored.paddles_to_watch() == []
