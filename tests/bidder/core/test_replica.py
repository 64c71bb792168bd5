"""The replica: exact views and a contiguous story from whatever arrives."""

import pytest

from bidder.core.notices import LotCaughtUp, LotChanged, Notice, Repaired, SaleCaughtUp, SaleChanged, StateReady
from bidder.core.replica import SALE, Replica
from common.codec import decode_answer, decode_broadcast, encode
from common.errors import ProtocolError
from common.evolve import first_view
from common.limits import LOTS_MAX
from common.lot import LotView
from common.messages import Heartbeat, LotEvents, LotSeq, Replay, SaleEvents, Snapshot
from tests.bidder.core.small_house import RIVAL, SmallHouse, bid_moved, lot_added


def snapshot(house: SmallHouse, *views: LotView, following: int | None = None, epoch: int = 1) -> Snapshot:
    return Snapshot(id=1, epoch=epoch, server_time_ms=0, sale=house.sale, lots=views, next=following)


def joined(house: SmallHouse, early_events_max: int = 100) -> Replica:
    replica = Replica(early_events_max)
    replica.reset(house.epoch)
    replica.begin_snapshot(adopt=False)
    replica.apply_page(snapshot(house, *house.lots.values()))
    house.outbox.clear()
    return replica


def bids(lot: str, *seqs: int, epoch: int = 1) -> LotEvents:
    return LotEvents(epoch=epoch, lot=lot, events=tuple(bid_moved(seq, RIVAL, 100 * seq) for seq in seqs))


def replayed(lot: str, *seqs: int, more: bool = False) -> Replay:
    return Replay(id=1, epoch=1, lot=lot, lot_events=bids(lot, *seqs).events, more=more)


def beat(sale_seq: int, epoch: int = 1, **lots: int) -> Heartbeat:
    seqs = tuple(LotSeq(name.removeprefix("lot"), seq) for name, seq in lots.items())
    return Heartbeat(epoch=epoch, instance="1", term=1, server_time_ms=0, sale_seq=sale_seq, lots=seqs)


def kinds(events: list[Notice]) -> list[str]:
    return [f"{type(event).__name__} {getattr(event, 'lot', '')}{getattr(event, 'seq', '')}" for event in events]


def seqs_told(events: list[Notice]) -> list[int]:
    return [event.seq for event in events if isinstance(event, LotChanged)]


def test_a_heartbeat_may_name_a_lot_whose_addition_was_missed() -> None:
    house = SmallHouse(1)
    replica = joined(house)
    assert replica.read_heartbeat(beat(2, lot1=0, lot2=5)) == []
    assert dict(replica.behind) == {SALE: 2}, "the addition is what is missing"


def test_a_doubt_that_was_cleared_is_no_longer_held() -> None:
    house = SmallHouse(2)
    replica = joined(house)
    replica.apply_lot_events(bids("1", 1))
    for sale_seq, lot_seq in ((1, 0), (2, 1), (1, 0), (2, 1)):
        assert replica.read_heartbeat(beat(sale_seq, lot1=lot_seq)) == []
    replica.read_heartbeat(beat(1, lot1=0))
    assert replica.read_heartbeat(beat(1, lot1=0)) == [SALE, "1"], "twice in a row is more than a late arrival"


def test_a_snapshot_that_is_taken_over_says_how_much_it_jumped() -> None:
    house = SmallHouse(2)
    replica = joined(house)
    for text in "abc":
        house.announce(text)
    house.open("1")
    house.bid("1", 100)
    replica.begin_snapshot(adopt=True)
    told = replica.apply_page(snapshot(house, *house.lots.values()))
    assert [event for event in told if isinstance(event, Repaired)] == [Repaired(1, SALE, 5, 3), Repaired(1, "1", 2, 2)]


def test_nothing_is_told_before_the_first_whole_snapshot_and_then_what_came_meanwhile() -> None:
    house = SmallHouse(2)
    replica = Replica()
    replica.reset(1)
    replica.begin_snapshot(adopt=False)
    first, second = house.lots.values()
    assert replica.apply_lot_events(bids("1", 1)) == []
    assert replica.apply_page(snapshot(house, first, following=1)) == []
    assert not replica.is_complete
    assert replica.apply_sale_events(SaleEvents(epoch=1, events=(lot_added("3", 3),))) == []
    told = replica.apply_page(snapshot(house, second))
    assert kinds(told) == ["StateReady ", "SaleChanged 3", "LotChanged 11"]
    assert list(replica.lots) == ["1", "2", "3"]
    replica.check()


def test_what_the_snapshot_holds_already_is_dropped() -> None:
    house = SmallHouse(1)
    house.open("1")
    house.bid("1", 100)
    replica = joined(house)
    assert replica.apply_lot_events(bids("1", 1, 2)) == []
    assert seqs_told(replica.apply_lot_events(bids("1", 2, 3))) == [3]
    replica.check()


def test_the_view_is_that_of_the_house_whichever_way_it_came() -> None:
    house = SmallHouse(1)
    replica = joined(house)
    house.open("1", ends_at_ms=house.now_ms + 1000)
    house.bid("1", 100)
    house.close_lot("1")
    for frame in house.outbox:
        message = decode_broadcast(frame)
        assert isinstance(message, LotEvents)
        replica.apply_lot_events(message)
    assert replica.lots == house.lots


def test_a_hole_is_named_and_filled_by_replay_and_the_later_events_follow() -> None:
    replica = joined(SmallHouse(1))
    assert replica.apply_lot_events(bids("1", 4, 6)) == []
    assert replica.behind == {"1": 6}
    assert replica.highest("1") == 6
    assert seqs_told(replica.read_replay(replayed("1", 1, 2, more=True))) == [1, 2]
    assert replica.behind == {"1": 6}
    told = replica.read_replay(replayed("1", 3, 4, 5, 6))
    assert seqs_told(told) == [3, 4, 5, 6]
    assert [event for event in told if isinstance(event, Repaired)] == [Repaired(1, "1", 6, 4)]
    assert replica.behind == {}
    replica.check()


def test_a_late_broadcast_closes_a_hole_without_a_repair() -> None:
    replica = joined(SmallHouse(1))
    replica.apply_lot_events(bids("1", 2))
    told = replica.apply_lot_events(bids("1", 1))
    assert kinds(told) == ["LotChanged 11", "LotChanged 12"]
    assert replica.behind == {}


def test_a_heartbeat_shows_a_lost_tail() -> None:
    house = SmallHouse(2)
    replica = joined(house)
    assert replica.read_heartbeat(beat(3, lot1=2, lot2=0)) == []
    assert replica.behind == {SALE: 3, "1": 2}
    assert replica.read_heartbeat(beat(2, lot1=1)) == []
    assert replica.behind == {SALE: 3, "1": 2}, "what was heard of once is there, whatever an older heartbeat says"


def test_a_lot_whose_addition_was_lost_waits_for_it() -> None:
    house = SmallHouse(1)
    replica = joined(house)
    assert replica.apply_lot_events(bids("9", 1, 2)) == []
    assert replica.behind == {}
    told = replica.apply_sale_events(SaleEvents(epoch=1, events=(lot_added("9", 2),)))
    assert kinds(told) == ["SaleChanged 2", "LotChanged 91", "LotChanged 92"]


def test_early_events_of_a_new_lot_show_its_own_hole() -> None:
    replica = joined(SmallHouse(1))
    replica.apply_lot_events(bids("9", 2))
    replica.apply_sale_events(SaleEvents(epoch=1, events=(lot_added("9", 2),)))
    assert replica.behind == {"9": 2}


def test_early_events_are_bounded_and_forgotten_ones_are_still_known_to_be_missing() -> None:
    replica = joined(SmallHouse(2), early_events_max=3)
    replica.apply_lot_events(bids("1", 2, 3, 4))
    replica.apply_lot_events(bids("2", 2))
    replica.check()
    assert replica.behind == {"1": 4, "2": 2}
    assert seqs_told(replica.apply_lot_events(bids("1", 1))) == [1, 2, 3, 4]
    assert seqs_told(replica.apply_lot_events(bids("2", 1))) == [1]
    assert replica.behind == {"2": 2}
    replica.apply_lot_events(bids("2", 3, 4, 5))
    replica.apply_lot_events(bids("2", 6))
    assert replica.behind == {"2": 6}
    assert seqs_told(replica.read_replay(replayed("2", 2, 3, 4, 5, 6))) == [2, 3, 4, 5, 6]
    replica.check()


def test_a_hole_that_can_not_be_replayed_is_jumped_and_told() -> None:
    house = SmallHouse(1)
    replica = joined(house)
    replica.apply_lot_events(bids("1", 3))
    before = replica.lots["1"]
    house.open("1")
    house.bid("1", 100)
    told = replica.apply_lot(house.lots["1"])
    assert told[0] == LotCaughtUp(1, "1", 2, before, house.lots["1"])
    assert kinds(told) == ["LotCaughtUp 12", "LotChanged 13", "Repaired 13"]
    replica.check()


def test_a_view_that_is_not_newer_changes_nothing() -> None:
    replica = joined(SmallHouse(1))
    replica.apply_lot_events(bids("1", 1, 2))
    assert replica.apply_lot(replica.lots["1"]) == []
    assert replica.apply_lot(first_view(lot_added("1", 1))) == []
    assert replica.lots["1"].seq == 2


def test_a_whole_snapshot_is_adopted_where_the_sale_can_not_be_replayed() -> None:
    house = SmallHouse(2)
    replica = joined(house)
    house.add_lot("3")
    house.open("1")
    replica.read_heartbeat(beat(3))
    replica.begin_snapshot(adopt=True)
    replica.apply_lot_events(bids("2", 1))
    told = replica.apply_page(snapshot(house, *house.lots.values()))
    assert kinds(told) == ["SaleCaughtUp 3", "LotCaughtUp 11", "LotCaughtUp 30", "Repaired 3", "Repaired 11"]
    assert isinstance(told[0], SaleCaughtUp)
    assert replica.lots["2"].seq == 1, "a broadcast was undone by an older page"
    assert replica.behind == {}


def test_pages_of_a_complete_replica_only_show_holes() -> None:
    house = SmallHouse(2)
    replica = joined(house)
    house.announce("x")
    house.open("2")
    replica.begin_snapshot(adopt=False)
    assert replica.apply_page(snapshot(house, *house.lots.values())) == []
    assert replica.behind == {SALE: 3, "2": 1}


def test_another_epoch_is_left_alone_until_the_session_says_that_it_counts() -> None:
    house = SmallHouse(1)
    replica = joined(house)
    house.open("1")
    assert replica.apply_lot_events(bids("1", 1, epoch=2)) == []
    assert replica.apply_sale_events(SaleEvents(epoch=2, events=(lot_added("2", 2),))) == []
    assert replica.read_heartbeat(beat(3, epoch=2, lot1=4)) == []
    assert replica.apply_page(snapshot(house, *house.lots.values(), epoch=2)) == []
    assert replica.behind == {}
    assert replica.seq("1") == 0
    replica.reset(2)
    assert not replica.is_complete
    replica.begin_snapshot(adopt=False)
    told = replica.apply_page(snapshot(house, *house.lots.values(), epoch=2))
    assert told == [StateReady(2, house.sale, 1)]
    replica.check()


def test_nothing_of_a_lost_history_counts_in_the_next() -> None:
    """Neither its lots nor its early events, holes, doubts and half-read pages."""
    house = SmallHouse(2)
    replica = joined(house)
    replica.apply_lot_events(bids("1", 1, 3, 6))
    replica.read_replay(replayed("1", 2))
    replica.read_heartbeat(beat(1, lot2=0))
    replica.apply_lot_events(bids("9", 2))
    replica.begin_snapshot(adopt=True)
    replica.apply_page(snapshot(house, house.lots["2"], following=1))

    replica.reset(2)
    replica.check()
    assert (replica.lots, dict(replica.behind), replica.highest("1")) == ({}, {}, 0)
    assert replica.apply_lot_events(bids("1", 4, epoch=2)) == [], "there is no view before the snapshot"
    house.open("1")
    house.bid("1", 100)
    replica.begin_snapshot(adopt=False)
    told = replica.apply_page(snapshot(house, house.lots["1"], epoch=2))
    assert kinds(told) == ["StateReady "]
    assert list(replica.lots) == ["1"]
    assert replica.read_heartbeat(beat(1, epoch=2)) == [], "the first to doubt it"
    assert kinds(replica.apply_lot_events(bids("1", 3, epoch=2))) == ["LotChanged 13", "LotChanged 14"]
    replica.check()


def test_less_than_was_known_is_doubted_only_the_second_time() -> None:
    replica = joined(SmallHouse(2))
    replica.apply_lot_events(bids("1", 1, 2))
    assert replica.read_heartbeat(beat(2, lot1=1)) == [], "a heartbeat may be older than the view"
    assert replica.read_heartbeat(beat(2, lot1=2)) == []
    assert replica.read_heartbeat(beat(2, lot1=1)) == [], "the doubt was cleared in between"
    assert replica.read_heartbeat(beat(1, lot1=1)) == ["1"]
    assert replica.read_heartbeat(beat(1, lot2=0)) == [SALE]


def test_a_snapshot_of_more_lots_than_there_can_be_is_refused() -> None:
    house = SmallHouse(1)
    replica = Replica()
    replica.reset(1)
    replica.begin_snapshot(adopt=False)
    views = [first_view(lot_added(str(number), 1)) for number in range(LOTS_MAX + 1)]
    replica.apply_page(snapshot(house, *views[:-1], following=1))
    with pytest.raises(ProtocolError, match="more than"):
        replica.apply_page(snapshot(house, views[-1]))


def test_a_sale_event_tells_its_view() -> None:
    house = SmallHouse(0)
    replica = joined(house)
    house.announce("Welcome")
    message = decode_broadcast(house.outbox[0])
    assert isinstance(message, SaleEvents)
    assert replica.apply_sale_events(message) == [SaleChanged(1, 1, house.sale, house.sale_history[0])]


def test_messages_of_the_small_house_are_those_of_the_wire() -> None:
    house = SmallHouse(1)
    page = snapshot(house, *house.lots.values())
    assert decode_answer(encode(page)) == page
