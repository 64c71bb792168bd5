"""The house is the same from its record: by facts alone, and by a snapshot with what came after."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auctioneer.audit.invariants import check, check_same_state
from auctioneer.house.commands import Announce, EndSale, OpenLot, Pause
from auctioneer.house.house import House
from common.errors import RejectCode, StorageError
from common.formats.english import BidRequest, BuyRequest
from common.limits import REMEMBERED_REQUESTS_MAX
from common.lot import SoftClose
from common.messages import AnyRequest, MineRequest, Ping
from tests.auctioneer.house.house_examples import (
    ANN,
    BOB,
    CAT,
    START_MS,
    SmallSale,
    bid,
    code_of,
    lot,
    maximum,
    two_open_lots,
)


@pytest.fixture
def sale() -> SmallSale:
    return two_open_lots()


def state_of(house: House) -> dict[str, Any]:
    """Return what a snapshot holds, but for when the clock looks at a lot next, which is no part of the truth."""
    state: dict[str, Any] = msgspec.msgpack.decode(house.snapshot())
    for one in state["engine"]["lots"]:
        del one["queued_ms"]
    return state


def test_verdicts_survive_by_events_alone(sale: SmallSale) -> None:
    accepted, outbid = sale.ask(ANN, bid(10, 1500)), sale.ask(BOB, BidRequest(id=10, lot="1", maximum_minor=9000))
    sale.house = sale.rebuilt()
    assert sale.ask(ANN, bid(10, 1500)) == accepted
    assert sale.ask(BOB, BidRequest(id=10, lot="1", maximum_minor=9000)) == outbid
    assert code_of(sale.ask(ANN, bid(10, 1501))) is RejectCode.ID_CONFLICT


def test_verdicts_survive_by_a_snapshot_events_and_rejections(sale: SmallSale) -> None:
    before = [sale.ask(ANN, bid(10, 1500)), sale.ask(ANN, bid(11, 1))]
    snapshot, position = sale.house.snapshot(), len(sale.record)
    after = [sale.ask(ANN, bid(12, 1)), sale.ask(ANN, BidRequest(id=13, lot="1", maximum_minor=7000))]
    sale.join(CAT, "Cat")
    live = sale.house
    sale.house = sale.rebuilt(snapshot, position)
    assert state_of(sale.house) == state_of(live)
    check_same_state(sale.house.engine.state, live.engine.state)
    assert [sale.ask(ANN, bid(10, 1500)), sale.ask(ANN, bid(11, 1))] == before
    assert [sale.ask(ANN, bid(12, 1)), sale.ask(ANN, BidRequest(id=13, lot="1", maximum_minor=7000))] == after


def test_ids_that_were_forgotten_are_stale_after_a_restart_too(sale: SmallSale) -> None:
    for request_id in range(100, 100 + REMEMBERED_REQUESTS_MAX + 1):
        sale.ask(ANN, bid(request_id, 1))
    for house in (sale.rebuilt(), sale.rebuilt(sale.house.snapshot(), len(sale.record))):
        sale.house = house
        assert code_of(sale.ask(ANN, bid(100, 1))) is RejectCode.ID_STALE
        assert code_of(sale.ask(ANN, bid(101, 1))) is RejectCode.BELOW_MINIMUM


def test_a_record_that_does_not_begin_with_a_sale_is_refused(sale: SmallSale) -> None:
    for facts in ([], sale.record[1:]):
        with pytest.raises(StorageError, match="does not begin"):
            House.rebuild(sale.settings, None, facts, (), START_MS)


_KEYS = st.sampled_from((ANN, BOB, CAT))
_REQUESTS: st.SearchStrategy[AnyRequest] = st.one_of(
    st.builds(
        BidRequest,
        id=st.integers(1, 60),
        lot=st.sampled_from(("1", "2", "3", "nothing")),
        amount_minor=st.none() | st.integers(900, 3000),
        maximum_minor=st.none() | st.integers(900, 6000),
        while_connected=st.booleans(),
    ),
    st.builds(BuyRequest, id=st.integers(1, 60), lot=st.sampled_from(("1", "2")), price_minor=st.just(5000)),
    st.builds(Ping, id=st.integers(1, 60)),
    st.builds(MineRequest, id=st.integers(1, 60)),
)


@settings(max_examples=60)
@given(
    st.lists(st.tuples(_KEYS, _REQUESTS, st.sampled_from((0, 0, 1, 400, 20_000))), max_size=120),
    st.integers(0, 120),
)
def test_random_requests_give_the_same_house_from_the_record(
    steps: list[tuple[str, AnyRequest, int]], snapshot_at: int
) -> None:
    sale = SmallSale(
        lot("1", duration_ms=30_000, soft_close=SoftClose(500, 1000)),
        lot("2", buy_now_minor=5000, reserve_minor=2000),
        lot("3", by_hand=True),
    )
    for key, name in ((ANN, "Ann"), (BOB, "Bob"), (CAT, "Cat")):
        sale.join(key, name)
    snapshot, position = sale.house.snapshot(), len(sale.record)
    asked: list[tuple[str, AnyRequest]] = []
    for number, (key, request, wait_ms) in enumerate(steps):
        sale.now_ms += wait_ms
        sale.house.drop_silent(sale.now_ms)
        sale.ask(key, request)
        asked.append((key, request))
        if number == snapshot_at:
            snapshot, position = sale.house.snapshot(), len(sale.record)
    check(sale.house.engine)
    live = state_of(sale.house)
    bids = [(key, request) for key, request in asked if isinstance(request, BidRequest | BuyRequest)]
    answers = [sale.ask(key, request) for key, request in bids]
    assert state_of(sale.house) == live, "a repeat changes nothing"
    for house in (sale.rebuilt(), sale.rebuilt(snapshot, position)):
        assert state_of(house) == live
        sale.house = house
        assert [sale.ask(key, request) for key, request in bids] == answers
        assert state_of(house) == live


def test_the_whole_of_a_sale_is_the_same_from_its_record(sale: SmallSale) -> None:
    sale.ask(ANN, maximum(10))
    for command in (Pause(), Announce(text="A break"), EndSale()):
        sale.order(command)
    live = state_of(sale.house)
    assert state_of(sale.rebuilt()) == live
    hand = SmallSale(lot("1", by_hand=True))
    hand.order(OpenLot(lot="1"))
    assert state_of(hand.rebuilt()) == state_of(hand.house)
