"""The session while the house is away, silent, frozen or another process, and at the end."""

from itertools import pairwise

import pytest
from msgspec.structs import replace

from bidder.core.follower import RENEWAL_MAX_MS, RENEWAL_MS, SILENCE_MAX_MS, SILENCE_MIN_MS, silence_ms
from bidder.core.notices import ConnectionState, HistoryLost, LotChanged, Repaired
from common.codec import encode
from common.errors import RejectCode
from common.limits import HEARTBEAT_MS
from common.messages import Accepted, Hello
from tests.bidder.core.lossy_link import KEY, Link, bids_seen, check_story, live, states
from tests.bidder.core.small_house import BEAT_MS, SmallHouse
from tests.english import english

SILENCE_MS = silence_ms(HEARTBEAT_MS)


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
    assert english(house.lots["1"]).bids == 1


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
        house.bid("2", english(house.lots["2"]).minimum_minor)
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


def test_a_feed_that_stays_silent_is_connected_anew_less_and_less_often_until_it_speaks() -> None:
    house = SmallHouse(1)
    link = live(house)
    link.loses = lambda _: True
    began_ms = link.now_ms
    renewals_ms: list[int] = []
    while link.now_ms < began_ms + 10 * RENEWAL_MAX_MS // 4:
        link.run(10)
        renewals_ms += [link.now_ms - began_ms] * (len(link.ports) - 1 - len(renewals_ms))
    assert RENEWAL_MS - BEAT_MS <= renewals_ms[0] <= RENEWAL_MS
    pauses_ms = [after - before for before, after in pairwise(renewals_ms)]
    for pause_ms, usual_ms in zip(pauses_ms, (2 * RENEWAL_MS, 4 * RENEWAL_MS, RENEWAL_MAX_MS), strict=False):
        assert 0.7 * usual_ms < pause_ms < 1.3 * usual_ms
    assert set(link.ports) == {house.publish_port}
    link.loses = lambda _: False
    link.session.feed_connected(link.now_ms)
    link.run(2000)
    told = len(link.ports)
    link.run(2 * RENEWAL_MS)
    assert (link.session.state, len(link.ports)) == (ConnectionState.LIVE, told)


def test_a_feed_that_was_renewed_once_is_renewed_as_soon_in_the_next_silence() -> None:
    house = SmallHouse(1)
    link = live(house)
    for silences in (1, 2):
        link.loses = lambda _: True
        link.run(RENEWAL_MS + BEAT_MS)
        assert len(link.ports) == 1 + silences
        link.loses = lambda _: False
        link.session.feed_connected(link.now_ms)
        link.run(2000)
        assert link.session.state is ConnectionState.LIVE


def test_a_welcome_in_silence_has_the_feed_proven_anew() -> None:
    """A house that lives and is not heard may have lost the subscriptions, and then no heartbeat would end it."""
    link = live(SmallHouse(1))
    link.asked.clear()
    link.run(SILENCE_MS + 500, beats=False)
    assert any(topic.startswith(b"~") for topic in link.asked)


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


def test_a_house_that_is_another_process_is_not_frozen_as_the_last_was() -> None:
    house = SmallHouse(1)
    link = live(house)
    house.is_frozen = True
    link.run(100)
    house.is_frozen = False
    house.instance = 2
    link.connect()
    assert states(link)[-1] is ConnectionState.LIVE, "before it said so in a heartbeat"


def test_a_bidder_who_is_turned_out_is_refused_and_stops() -> None:
    house = SmallHouse(1)
    link = live(house)
    house.turned_out = True
    house.hello_answer = RejectCode.NOT_ADMITTED
    link.run(7000)
    assert states(link)[-1] is ConnectionState.REFUSED
    assert len(house.seen) <= 3


def test_a_verdict_that_comes_after_the_rejection_changes_no_outcome() -> None:
    house = SmallHouse(1)
    link = live(house)
    house.bid_answers_to_drop = 1
    link.bid("1", 100)
    house.hello_answer = RejectCode.NOT_ADMITTED
    link.connect()
    assert link.session.state is ConnectionState.REFUSED
    unknown = link.outcomes[1]
    late = house.answer(KEY, bids_seen(house)[0])
    assert isinstance(late, Accepted)
    link.session.answer_received(encode(late), link.now_ms)
    link.settle()
    assert link.outcomes[1] is unknown


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
    link.run(2 * RENEWAL_MS, beats=False)
    assert states(link) == [ConnectionState.ENDED]
    assert len(link.ports) == 1


def test_silence_is_told_while_the_house_is_frozen_too() -> None:
    house = SmallHouse(1)
    link = live(house)
    house.is_frozen = True
    link.run(200)
    link.run(SILENCE_MS + 100, beats=False)
    assert states(link)[:2] == [ConnectionState.FROZEN, ConnectionState.SILENT]


def test_silence_is_told_while_joining_too() -> None:
    house = SmallHouse(1)
    link = Link(house, loses=lambda frame: frame.startswith(b"~"))
    link.connect()
    link.run(SILENCE_MS + 100, beats=False)
    assert states(link) == [ConnectionState.JOINING, ConnectionState.SILENT]


def test_after_the_end_silence_is_no_news_and_nothing_is_connected_anew() -> None:
    house = SmallHouse(1)
    link = live(house)
    house.end_sale()
    link.settle()
    link.run(RENEWAL_MS + SILENCE_MS, beats=False)
    assert states(link) == [ConnectionState.ENDED]
    assert link.ports == [house.publish_port]
    assert not [request for request in house.seen if isinstance(request, Hello)]


def test_an_end_that_is_heard_in_silence_ends_the_renewals() -> None:
    house = SmallHouse(1)
    link = live(house)
    link.loses = lambda frame: frame.startswith(b"~")
    link.run(SILENCE_MS + 100, beats=False)
    house.end_sale()
    link.settle()
    link.run(2 * RENEWAL_MS, beats=False)
    assert link.session.state is ConnectionState.ENDED
    assert link.ports == [house.publish_port]


@pytest.mark.parametrize(
    ("heartbeat_ms", "after_ms"),
    [(1000, 3000), (200, 600), (5000, 15_000), (1, SILENCE_MIN_MS), (10**9, SILENCE_MAX_MS)],
)
def test_silence_is_three_of_the_pauses_that_the_house_allows_itself(heartbeat_ms: int, after_ms: int) -> None:
    house = SmallHouse(1)
    house.heartbeat_ms = heartbeat_ms
    link = live(house)
    house.beat()
    link.settle()
    link.run(after_ms - 10, beats=False)
    assert states(link) == []
    link.run(20, beats=False)
    assert states(link)[:1] == [ConnectionState.SILENT]


def test_what_another_desk_hears_has_the_line_ask_and_resets_nothing() -> None:
    house = SmallHouse(2)
    link = live(house)
    lots = dict(link.session.replica.lots)
    follower = link.session.follower
    same = link.session.welcome
    assert same is not None
    for other in (
        replace(same, epoch=2),
        replace(same, instance="x"),
        replace(same, sale=replace(same.sale, sale="x")),
    ):
        house.seen.clear()
        follower.note_other_welcome(same, link.now_ms)
        link.run(2000)
        assert not [request for request in house.seen if isinstance(request, Hello)], "it says what is known"
        follower.note_other_welcome(other, link.now_ms)
        link.run(2000)
        assert len([request for request in house.seen if isinstance(request, Hello)]) == 1
        assert link.session.replica.lots == lots
        assert link.told(HistoryLost) == []
