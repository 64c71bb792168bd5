"""The session's copy of the sale: holes are filled or told, and so is history that the house lost."""

from msgspec.structs import replace

from bidder.core.notices import (
    ConnectionState,
    HistoryLost,
    LotCaughtUp,
    LotChanged,
    Repaired,
    SaleCaughtUp,
    SaleChanged,
    StateReady,
)
from bidder.core.repairs import REPAIRS_MAX
from common.codec import MANY_LOTS_TOPIC, decode_broadcast, decode_request, encode, encode_broadcast, lot_topic, topic
from common.messages import Hello, LotEvents, ManyLots, OneLot, ReplayRequest, Snapshot
from tests.bidder.core.lossy_link import KEY, Link, check_story, live
from tests.bidder.core.small_house import SmallHouse
from tests.english import english
from tests.must_be import must_be

# --- holes ---------------------------------------------------------------------------------------------------------


def test_a_lost_broadcast_is_replayed_after_a_moment() -> None:
    house = SmallHouse(1)
    link = live(house)
    house.broadcasts_to_drop = 5
    for _ in range(6):
        house.bid("1", english(house.lots["1"]).minimum_minor)
    link.settle()
    assert not [request for request in house.seen if isinstance(request, ReplayRequest)]
    link.run(100, beats=False)
    replays = [request.after_seq for request in house.seen if isinstance(request, ReplayRequest)]
    assert replays == [0, 3], "three events a replay, and the sixth came by broadcast"
    assert [event.seq for event in link.events if isinstance(event, LotChanged)] == [1, 2, 3, 4, 5, 6]
    assert link.told(Repaired) == [Repaired(1, "1", 6, 5)]


def test_changes_of_many_lots_in_one_frame_are_told_lot_by_lot() -> None:
    """With a hole in one of them, which is filled before anything of it is told."""
    house = SmallHouse(3)
    link = live(house)
    house.broadcasts_to_drop = 1
    house.open("2")
    for lot in ("1", "2", "3"):
        house.bid(lot, 100)
        house.bid(lot, 200)
    frames = [must_be(LotEvents, decode_broadcast(frame)) for frame in house.outbox]
    house.outbox.clear()
    changes = tuple(
        OneLot(lot, tuple(event for one in frames for event in one.events if one.lot == lot)) for lot in house.lots
    )
    house.outbox.append(encode_broadcast(topic(MANY_LOTS_TOPIC), ManyLots(changes, epoch=1)))
    link.run(200, beats=False)
    assert link.session.replica.lots == house.lots
    assert [(event.lot, event.seq) for event in link.told(LotChanged)] == [
        ("1", 1), ("1", 2), ("3", 1), ("3", 2), ("2", 1), ("2", 2), ("2", 3),
    ]  # fmt: skip


def test_a_long_hole_is_replayed_answer_by_answer_without_a_pause() -> None:
    house = SmallHouse(1)
    link = live(house)
    house.broadcasts_to_drop = 60
    for _ in range(60):
        house.bid("1", english(house.lots["1"]).minimum_minor)
    house.beat()
    link.run(100, beats=False)
    assert link.told(Repaired) == [Repaired(1, "1", 60, 60)]


def test_only_a_few_repairs_run_at_a_time() -> None:
    house = SmallHouse(3 * REPAIRS_MAX)
    link = live(house)
    house.broadcasts_to_drop = 3 * REPAIRS_MAX
    for lot in house.lots:
        house.open(lot)
    link.holds = lambda frame: b"replay" in frame
    link.run(500)
    assert sum(isinstance(request, ReplayRequest) for request in house.seen) == REPAIRS_MAX
    link.holds = lambda _: False
    link.run(500)
    assert link.session.replica.lots == house.lots


def test_a_hole_that_is_no_longer_at_hand_is_jumped_and_told() -> None:
    house = SmallHouse(2)
    link = live(house)
    house.has_history = False
    house.broadcasts_to_drop = 3
    house.open("1")
    house.bid("1", 100)
    house.announce("x")
    link.run(300)
    assert link.session.replica.lots == house.lots
    assert link.session.replica.sale == house.sale
    assert len(link.told(LotCaughtUp)) == len(link.told(SaleCaughtUp)) == 1
    assert not [*link.told(LotChanged), *link.told(SaleChanged), *link.told(HistoryLost)]
    check_story(link.events)


# --- lost history --------------------------------------------------------------------------------------------------


def test_a_snapshot_of_another_epoch_is_not_taken_for_the_state() -> None:
    house = SmallHouse(1)
    link = Link(house, holds=lambda frame: b"snapshot" in frame)
    link.connect()
    snapshot = house.answer(KEY, decode_request(next(body for body in link.sent if b"snapshot" in body)))
    assert isinstance(snapshot, Snapshot)
    link.session.answer_received(encode(replace(snapshot, epoch=2)), link.now_ms)
    link.settle()
    assert link.session.state is ConnectionState.JOINING
    assert not link.session.replica.is_complete
    house.epoch = 2
    link.holds = lambda _: False
    link.run(2000)
    assert link.state is ConnectionState.LIVE, "what counts now, a welcome told"
    assert link.session.replica.epoch == 2


def test_another_epoch_drops_everything_and_joins_anew() -> None:
    house = SmallHouse(1)
    link = live(house)
    house.open("1")
    house.bid("1", 100)
    link.settle()
    house.lose_tail("1", 1, epoch=2)
    link.events.clear()
    link.run(1500)
    assert link.told(HistoryLost) == [HistoryLost(2)]
    assert link.told(StateReady) == [StateReady(2, house.sale, 1)]
    assert link.session.replica.lots == house.lots


def test_less_history_in_the_same_epoch_is_noticed_by_a_fresh_answer() -> None:
    house = SmallHouse(2)
    link = live(house)
    house.open("1")
    house.bid("1", 100)
    link.settle()
    house.lose_tail("1", 1)
    link.run(500)
    assert link.told(HistoryLost) == [HistoryLost(1)]
    assert link.session.replica.lots == house.lots
    link.run(1000)
    assert len(link.told(HistoryLost)) == 1


def test_a_sale_that_lost_history_in_the_same_epoch_is_noticed_too() -> None:
    house = SmallHouse(1)
    link = live(house)
    before = house.sale
    house.announce("x")
    link.settle()
    house.sale, house.sale_history = before, house.sale_history[:-1]
    link.run(500)
    assert link.told(HistoryLost) == [HistoryLost(1)]
    assert link.session.replica.sale == house.sale


def test_less_history_in_a_snapshot_is_checked_too() -> None:
    house = SmallHouse(2)
    link = live(house)
    house.open("1")
    link.settle()
    house.lose_tail("1", 1)
    house.instance = 2
    link.connect()
    link.run(500, beats=False)
    assert link.told(HistoryLost) == [HistoryLost(1)]
    assert link.session.replica.lots == house.lots


def test_a_hole_that_the_house_no_longer_knows_of_is_lost_history() -> None:
    house = SmallHouse(1)
    link = live(house)
    house.broadcasts_to_drop = 2
    house.open("1")
    house.bid("1", 100)
    house.beat()
    link.settle()
    house.lose_tail("1", 2)
    link.run(500, beats=False)
    assert link.told(HistoryLost) == [HistoryLost(1)]
    assert link.session.replica.lots == house.lots
    assert not link.session.replica.behind


def test_a_lot_that_the_house_no_longer_knows_is_lost_history() -> None:
    house = SmallHouse(2)
    link = live(house)
    house.has_history = False
    house.broadcasts_to_drop = 1
    house.open("2")
    house.beat()
    link.settle()
    lost = house.lots.pop("2")
    house.sale = replace(house.sale, lots=1)
    link.run(100, beats=False)
    assert link.told(HistoryLost) == [HistoryLost(1)]
    assert link.session.state is ConnectionState.LIVE
    assert lost.lot not in link.session.replica.lots


def test_broadcasts_of_an_unknown_epoch_do_not_make_house_and_client_chase_each_other() -> None:
    house = SmallHouse(1)
    link = live(house)
    for _ in range(300):
        link.session.broadcast_received(
            encode_broadcast(lot_topic("1"), LotEvents(epoch=7, lot="1", events=())), link.now_ms
        )
        link.run(10)
    assert 3 <= sum(isinstance(request, Hello) for request in house.seen) <= 5


def test_an_old_heartbeat_costs_no_history() -> None:
    house = SmallHouse(1)
    link = live(house)
    house.beat()
    old = house.outbox.pop()
    house.open("1")
    link.settle()
    for _ in range(3):
        link.session.broadcast_received(old, link.now_ms)
        link.run(100, beats=False)
    assert link.told(HistoryLost) == []
    assert link.session.replica.lots == house.lots
