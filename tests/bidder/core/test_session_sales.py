"""The session where another sale is held behind the same key: each has an epoch 1, and lots of the same numbers."""

import pytest
from msgspec.structs import replace

from bidder.core.effects import Unanswered
from bidder.core.notices import ConnectionState, HistoryLost, LotChanged, StateReady
from common.codec import decode_request, encode
from common.messages import Accepted, Mine, MineRequest, Snapshot
from tests.bidder.core.lossy_link import KEY, Link, bids_seen, check_story, live
from tests.bidder.core.small_house import SmallHouse
from tests.english import english


def joined(house: SmallHouse) -> Link:
    """Return a link to a sale with two lots, of which the first is open with a bid."""
    link = live(house)
    house.open("1")
    house.bid("1", 100)
    link.run(100)
    link.events.clear()
    return link


def test_another_sale_in_the_same_epoch_is_lost_history() -> None:
    house = SmallHouse(2)
    link = joined(house)
    house.hold_another_sale(3)
    link.connect()
    link.run(500)
    assert link.told(HistoryLost) == [HistoryLost(1, is_other_sale=True)]
    assert link.told(StateReady) == [StateReady(1, house.sale, 3)]
    assert link.session.replica.lots == house.lots
    assert link.session.replica.sale == house.sale
    assert link.session.state is ConnectionState.LIVE


def test_another_sale_is_noticed_by_its_heartbeat_too() -> None:
    house = SmallHouse(2)
    link = joined(house)
    house.hold_another_sale(1)
    link.run(2000)
    assert link.told(HistoryLost) == [HistoryLost(1, is_other_sale=True)]
    assert link.session.replica.lots == house.lots


def test_the_same_sale_held_by_another_process_is_no_lost_history() -> None:
    house = SmallHouse(2)
    link = joined(house)
    house.instance += 1
    link.connect()
    link.run(2000)
    assert link.told(HistoryLost) == []
    assert link.told(LotChanged) == []


@pytest.mark.parametrize("heard", ["the feed connects again", "a heartbeat"])
def test_no_change_of_another_sale_is_told_as_one_of_the_old(heard: str) -> None:
    """It would be the next of the old lot's, by its number and its epoch, and comes before the welcome."""
    house = SmallHouse(2)
    link = joined(house)
    link.loses = lambda frame: b"welcome" in frame
    house.hold_another_sale(2)
    if heard == "a heartbeat":
        house.beat()
    else:
        link.session.feed_connected(link.now_ms)
    link.settle()
    for _ in range(4):
        house.bid("1", english(house.lots["1"]).minimum_minor)
    link.run(500)
    assert link.told(LotChanged) == []
    link.loses = lambda _: False
    link.connect()
    link.run(1000)
    assert link.session.replica.lots == house.lots
    assert [type(event) for event in link.events if isinstance(event, HistoryLost | LotChanged)] == [HistoryLost]
    check_story(link.events)


def test_a_probe_that_another_process_answers_proves_nothing() -> None:
    house = SmallHouse(2)
    link = joined(house)
    house.instance += 1
    link.holds = lambda frame: b"welcome" in frame
    link.session.feed_connected(link.now_ms)
    link.settle()
    assert link.session.state is ConnectionState.JOINING
    link.holds = lambda _: False
    link.run(2000)
    assert link.state is ConnectionState.LIVE


def test_a_bid_is_never_sent_to_another_sale() -> None:
    house = SmallHouse(2)
    link = joined(house)
    house.bid_answers_to_drop = 1
    link.bid("1", 200)
    house.bid_answers_to_drop = 0
    bid_id = bids_seen(house)[0].id
    house.hold_another_sale(2)
    house.seen.clear()
    link.connect()
    link.run(3000)
    assert bids_seen(house) == []
    assert link.outcomes == {1: Unanswered(bid_id, may_count=True)}
    link.bid("1", 100)
    assert isinstance(link.outcomes[2], Accepted)


def test_what_is_asked_in_the_moment_of_the_change_waits_for_the_welcome() -> None:
    house = SmallHouse(2)
    link = joined(house)
    house.hold_another_sale(2)
    house.paddles[KEY] = 7  # it was in that sale before
    house.seen.clear()
    link.session.submit(MineRequest(id=4), link.now_ms, 5000)
    link.connect()
    assert isinstance(link.outcomes[1], Unanswered), "it was about the sale that is over"
    link.submit(MineRequest(id=5))
    assert link.outcomes[2] == Mine(id=5, paddle=7)
    assert not [request for request in house.seen if request.id == 4]


def test_a_bid_goes_on_through_another_epoch_of_the_same_sale() -> None:
    house = SmallHouse(2)
    link = joined(house)
    house.bid_answers_to_drop = 1
    link.bid("1", 200)
    house.instance += 1
    house.lose_tail("1", 1, epoch=2)
    link.connect()
    link.run(500)
    assert link.told(HistoryLost) == [HistoryLost(2)]
    assert isinstance(link.outcomes[1], Accepted)


def test_a_snapshot_of_another_sale_is_not_taken_for_the_state() -> None:
    house = SmallHouse(1)
    link = Link(house, holds=lambda frame: b"snapshot" in frame)
    link.connect()
    snapshot = house.answer(KEY, decode_request(next(body for body in link.sent if b"snapshot" in body)))
    assert isinstance(snapshot, Snapshot)
    other = replace(snapshot, sale=replace(snapshot.sale, sale="another"))
    link.session.answer_received(encode(other), link.now_ms)
    link.settle()
    assert not link.session.replica.is_complete
    link.holds = lambda _: False
    link.run(2000)
    assert link.state is ConnectionState.LIVE


def test_an_old_process_heard_late_costs_a_proof_and_no_history() -> None:
    house = SmallHouse(2)
    link = joined(house)
    house.beat()
    late = house.outbox.pop()
    house.instance += 1
    link.connect()
    link.run(1500)
    link.session.broadcast_received(late, link.now_ms)
    link.run(1500)
    assert link.session.state is ConnectionState.LIVE
    assert link.told(HistoryLost) == []
    house.bid("1", 200)
    link.settle()
    assert link.session.replica.lots == house.lots, "its broadcast counts again, without a repair"
