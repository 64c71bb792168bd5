"""The session where two houses hold the same sale in the same epoch: the one that lost the record is not heard."""

import pytest

from bidder.core.notices import ConnectionState, HistoryLost
from common.messages import Accepted, Hello
from tests.bidder.core.lossy_link import Link, live
from tests.bidder.core.small_house import SmallHouse


def taken_over(house: SmallHouse) -> Link:
    """Return a link to the second owner of a sale, as the client knows."""
    link = live(house)
    house.instance, house.term = 2, 2
    link.connect()
    link.run(200)
    assert link.session.state is ConnectionState.LIVE
    link.events.clear()
    house.seen.clear()
    return link


def test_the_heartbeat_of_the_owner_before_changes_nothing() -> None:
    house = SmallHouse(1)
    link = taken_over(house)
    house.instance, house.term, house.is_frozen = 1, 1, True
    house.beat()
    link.settle()
    house.instance, house.term, house.is_frozen = 2, 2, False
    house.open("1")
    link.settle()
    assert link.session.replica.lots == house.lots, "its owner's broadcasts still count"
    assert link.session.state is ConnectionState.LIVE
    assert not [request for request in house.seen if isinstance(request, Hello)]


def test_it_does_not_end_a_silence_either() -> None:
    house = SmallHouse(1)
    link = taken_over(house)
    house.instance, house.term = 1, 1
    link.run(4000)
    assert link.session.state is ConnectionState.SILENT


def test_the_welcome_of_the_owner_before_is_no_answer_to_hello() -> None:
    house = SmallHouse(1)
    link = taken_over(house)
    house.instance, house.term = 1, 1
    link.connect()
    link.bid("1", 100)
    link.run(500)
    assert link.session.welcome is not None
    assert link.session.welcome.instance == "2"
    assert not link.outcomes, "what was asked waits for the owner's welcome"
    house.instance, house.term = 2, 2
    house.open("1")
    link.run(5000)
    assert isinstance(link.outcomes[1], Accepted)


def test_a_probe_that_the_owner_before_answers_proves_nothing() -> None:
    house = SmallHouse(1)
    link = taken_over(house)
    house.instance, house.term = 1, 1
    link.session.feed_connected(link.now_ms)
    link.settle()
    assert link.session.state is ConnectionState.JOINING
    assert not [request for request in house.seen if isinstance(request, Hello)]


def test_the_term_of_a_process_that_took_the_record_again_counts_from_its_heartbeat_on() -> None:
    house = SmallHouse(1)
    link = taken_over(house)
    house.term = 5
    link.run(100)
    house.instance, house.term = 3, 4
    link.run(100)
    link.connect()
    assert link.session.welcome is not None
    assert link.session.welcome.term == 2, "the one of term 4 was not heard"


def test_the_heartbeat_of_another_process_proves_no_term() -> None:
    """It may hold another sale, whose terms are its own."""
    house = SmallHouse(1)
    link = taken_over(house)
    link.loses = lambda frame: b"welcome" in frame
    house.instance, house.term = 3, 9
    house.beat()
    link.settle()
    link.loses = lambda _: False
    house.instance, house.term = 2, 2
    link.connect()
    link.run(200)
    assert link.session.state is ConnectionState.LIVE


@pytest.mark.parametrize("lost", ["another sale", "another epoch"])
def test_lost_history_is_lost_whatever_its_term(lost: str) -> None:
    house = SmallHouse(1)
    link = taken_over(house)
    if lost == "another sale":
        house.hold_another_sale(2)
    else:
        house.epoch, house.instance, house.term = 2, 3, 1
    link.connect()
    link.run(500)
    assert len(link.told(HistoryLost)) == 1
    assert link.session.state is ConnectionState.LIVE
    assert link.session.welcome is not None
    assert link.session.welcome.term == 1
