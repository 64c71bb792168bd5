"""Reading a record in: many bids at once come to the state that one after the other comes to."""

import msgspec
import pytest

from auctioneer.house.record_reader import RecordReader
from auctioneer.rules.engine import Engine
from auctioneer.rules.facts import AnyFact, BidTaken, DeskFact, Outage, SaleCreated
from common.limits import REMEMBERED_REQUESTS_MAX
from tests.auctioneer.rules.random_sales import SaleMaker


def state_of(engine: Engine) -> bytes:
    """Return the state as a snapshot would have it, but for when the clock looks at a lot next."""
    for lot in engine.catalogue:
        lot.queued_ms = None
    return msgspec.msgpack.encode(engine.state)


@pytest.mark.parametrize("seed", range(12))
def test_reading_all_at_once_gives_what_one_after_the_other_gives(seed: int) -> None:
    created, *record = SaleMaker(seed, corrects=seed % 2 == 0, asks=seed % 4 == 0).make(600)
    assert isinstance(created, SaleCreated)
    facts = [fact for fact in record if not isinstance(fact, DeskFact)]
    singly = Engine.create(created)
    for fact in facts:
        singly.apply(fact)
    at_once = Engine.create(created)
    reader = RecordReader(at_once, at_once.apply)
    reader.read(facts)
    assert state_of(at_once) == state_of(singly)
    assert not at_once.pop_events(), "they were told when they were made"
    assert at_once.paddles_to_watch() == singly.paddles_to_watch()


@pytest.mark.parametrize("seed", range(3))
def test_a_record_that_ends_with_an_outage_gives_each_lot_its_time_back(seed: int) -> None:
    """An outage names no lot; bids on open lots that still wait to be taken in come before it."""
    created, *record = SaleMaker(seed, corrects=seed % 2 == 0, asks=seed % 4 == 0).make(600)
    assert isinstance(created, SaleCreated)
    facts = [fact for fact in record if not isinstance(fact, DeskFact)]
    outages = [place for place, fact in enumerate(facts) if isinstance(fact, Outage)]
    for outage in outages:
        singly, at_once = Engine.create(created), Engine.create(created)
        for fact in facts[: outage + 1]:
            singly.apply(fact)
        RecordReader(at_once, at_once.apply).read(facts[: outage + 1])
        assert state_of(at_once) == state_of(singly)
    assert outages


@pytest.mark.parametrize("count", [1, REMEMBERED_REQUESTS_MAX, 5 * REMEMBERED_REQUESTS_MAX])
def test_of_each_paddle_the_bids_with_the_highest_ids_are_remembered(count: int) -> None:
    created, *record = SaleMaker(1).make(200)
    assert isinstance(created, SaleCreated)
    engine = Engine.create(created)
    example = next(fact for fact in record if isinstance(fact, BidTaken) and not fact.while_connected)
    shuffled = [(7 * number) % count for number in range(count)]
    bids: list[AnyFact] = [
        msgspec.structs.replace(example, paddle=paddle, request_id=number) for number in shuffled for paddle in (1, 2)
    ]
    reader = RecordReader(engine, engine.apply)
    reader.read([fact for fact in record if not isinstance(fact, BidTaken | DeskFact)][:20])
    reader.read(bids)
    for paddle in (1, 2):
        kept = [bid.request_id for bid in reader.bids() if bid.paddle == paddle]
        assert kept == list(range(count))[-REMEMBERED_REQUESTS_MAX:]
