"""The session while the house is away, silent, frozen or another process, and at the end."""

from lossy_link import Link, bids_seen, check_story, live, states
from small_house import SmallHouse

from bidder.events import ConnectionState, LotChanged, Repaired
from bidder.session import SILENCE_MS
from common.errors import RejectCode
from common.messages import Accepted, Hello


def test_another_process_is_greeted_and_gets_what_had_no_answer_at_once() -> None:
    house = SmallHouse(1)
    link = live(house)
    house.bid_answers_to_drop = 1
    link.bid("1", 100)
    house.instance = 2
    house.seen.clear()
    house.beat()
    link.settle()
    assert isinstance(house.seen[0], Hello)
    assert len(bids_seen(house)) == 1
    assert isinstance(link.outcomes[1], Accepted)
    assert house.lots["1"].bids == 1


def test_the_same_process_is_not_taken_for_another() -> None:
    house = SmallHouse(1)
    link = live(house)
    house.is_frozen = True
    link.run(100)
    link.asked.clear()
    link.connect()
    assert states(link) == [ConnectionState.FROZEN, ConnectionState.CONNECTING, ConnectionState.FROZEN]
    assert link.asked == [], "the feed was proven already"


def test_a_house_that_was_long_away_is_not_silent_when_it_is_back() -> None:
    house = SmallHouse(1)
    house.hello_answer = RejectCode.UNAVAILABLE
    link = Link(house)
    link.connect()
    link.run(4 * SILENCE_MS, beats=False)
    house.hello_answer = None
    link.run(200)
    assert states(link) == [ConnectionState.JOINING, ConnectionState.LIVE]


def test_the_feed_is_connected_again_only_to_another_port() -> None:
    """The library keeps the connection; to connect anew at each welcome would lose broadcasts for nothing."""
    house = SmallHouse(1)
    link = live(house)
    link.connect()
    assert link.ports == [7001]
    house.publish_port = 7002
    link.connect()
    assert link.ports == [7001, 7002]
    assert link.session.state is ConnectionState.LIVE, "and proven anew"


def test_what_was_missed_during_a_restart_is_replayed_without_a_jump() -> None:
    house = SmallHouse(3)
    link = live(house)
    house.broadcasts_to_drop = 8
    for _ in range(7):
        house.bid("2", house.lots["2"].minimum_minor)
    house.announce("We are back")
    house.instance = 2
    link.connect()
    link.run(300, beats=False)
    assert link.session.replica.lots == house.lots
    assert link.session.replica.sale == house.sale
    assert [event.seq for event in link.events if isinstance(event, LotChanged)] == [1, 2, 3, 4, 5, 6, 7]
    assert link.told(Repaired) == [Repaired(1, "", 4, 1), Repaired(1, "2", 7, 7)]
    check_story(link.events)


def test_a_house_that_does_not_know_the_key_is_greeted_again() -> None:
    house = SmallHouse(1)
    link = live(house)
    house.paddles.clear()
    link.bid("1", 100)
    link.run(1500)
    assert isinstance(link.outcomes[1], Accepted)
    assert sum(isinstance(request, Hello) for request in house.seen) == 1


def test_the_feed_that_connected_again_is_proven_and_compared() -> None:
    house = SmallHouse(1)
    link = live(house)
    house.broadcasts_to_drop = 1
    house.open("1")
    link.session.feed_connected(link.now_ms)
    link.run(200, beats=False)
    assert link.session.replica.lots == house.lots
    assert states(link) == [ConnectionState.JOINING, ConnectionState.LIVE]


def test_silence_is_told_and_ends_with_a_comparison() -> None:
    house = SmallHouse(1)
    link = live(house)
    link.loses = lambda _: True
    link.run(SILENCE_MS - 200)
    assert states(link) == []
    link.run(300)
    assert states(link) == [ConnectionState.SILENT]
    house.open("1")
    link.settle()
    link.loses = lambda _: False
    house.beat()
    link.settle()
    link.run(100, beats=False)
    assert states(link) == [ConnectionState.SILENT, ConnectionState.JOINING, ConnectionState.LIVE]
    assert link.session.replica.lots == house.lots


def test_bids_are_still_sent_in_silence() -> None:
    house = SmallHouse(1)
    link = live(house)
    link.run(SILENCE_MS + 500, beats=False)
    link.bid("1", 100)
    assert isinstance(link.outcomes[1], Accepted)


def test_a_frozen_house_stops_the_clocks() -> None:
    house = SmallHouse(1)
    link = live(house)
    house.open("1", ends_at_ms=house.now_ms + 10_000)
    house.is_frozen = True
    link.run(100)
    assert states(link) == [ConnectionState.FROZEN]
    remaining_ms = link.session.remaining_ms(house.lots["1"], link.now_ms)
    link.run(1000)
    assert link.session.remaining_ms(house.lots["1"], link.now_ms) == remaining_ms
    assert remaining_ms is not None
    assert 9_000 < remaining_ms <= 10_000
    house.is_frozen = False
    link.run(100)
    assert states(link)[-1] is ConnectionState.LIVE
    assert link.session.remaining_ms(house.lots["1"], link.now_ms) == 10_000 - 1200


def test_a_bidder_who_is_turned_out_is_refused_and_stops() -> None:
    house = SmallHouse(1)
    link = live(house)
    house.turned_out = True
    house.hello_answer = RejectCode.NOT_ADMITTED
    link.run(7000)
    assert states(link)[-1] is ConnectionState.REFUSED
    assert len(house.seen) <= 3


def test_another_process_has_a_clock_of_its_own() -> None:
    house = SmallHouse(1)
    link = live(house)
    house.now_ms -= 60_000
    house.instance = 2
    link.connect()
    assert link.session.clock.server_time_ms(link.now_ms) == house.now_ms


def test_the_end_of_the_sale_is_the_end_and_no_silence_follows() -> None:
    house = SmallHouse(1)
    link = live(house)
    house.end_sale()
    link.settle()
    link.run(SILENCE_MS * 2, beats=False)
    assert states(link) == [ConnectionState.ENDED]
