"""What shows a session that its house serves: a client of several places leaves a house that does not."""

from collections.abc import Callable

import pytest

from bidder.core.notices import ConnectionState
from common.errors import RejectCode
from tests.bidder.core.lossy_link import Link, live
from tests.bidder.core.small_house import SmallHouse

Change = Callable[[SmallHouse, Link], object]


def ask(house: SmallHouse, link: Link) -> None:
    link.bid("1", 100)


def ask_a_house_that_stores_nothing(house: SmallHouse, link: Link) -> None:
    house.bid_answer = RejectCode.UNAVAILABLE
    link.bid("1", 100)


def beat(house: SmallHouse, link: Link) -> None:
    house.beat()
    link.settle()


def beat_frozen(house: SmallHouse, link: Link) -> None:
    house.is_frozen = True
    beat(house, link)


def beat_of_the_owner_before(house: SmallHouse, link: Link) -> None:
    house.term = 0
    beat(house, link)


def reach_the_owner_before(house: SmallHouse, link: Link) -> None:
    house.instance, house.term = 9, 0
    link.connect()


def hear_an_owner_whose_hello_was_not_answered(house: SmallHouse, link: Link) -> None:
    """Hear it on the feed, which may still be connected to the house that was left."""
    link.loses = lambda frame: b"welcome" in frame
    link.connect()
    beat(house, link)


def reach_a_full_house(house: SmallHouse, link: Link) -> None:
    house.hello_answer = RejectCode.SLOW_DOWN
    link.connect()


SHOWN: dict[Change, bool] = {
    ask: True,
    beat: True,
    reach_a_full_house: True,
    ask_a_house_that_stores_nothing: False,
    beat_frozen: False,
    beat_of_the_owner_before: False,
    reach_the_owner_before: False,
    hear_an_owner_whose_hello_was_not_answered: False,
}


@pytest.mark.parametrize(("change", "is_service"), SHOWN.items(), ids=lambda one: getattr(one, "__name__", str(one)))
def test_what_shows_that_a_house_serves(change: Change, is_service: bool) -> None:
    house = SmallHouse(2)
    house.open("1")
    link = live(house)
    link.now_ms += 700
    change(house, link)
    assert (link.session.served_ms == link.now_ms) is is_service


@pytest.mark.parametrize("why", ["ended", "awaiting", "refused"])
def test_a_house_that_may_be_silent_is_not_left_for_it(why: str) -> None:
    house = SmallHouse(1)
    link = live(house)
    if why == "ended":
        house.open("1")
        house.close_lot("1")
        house.end_sale()
        link.run(200)
        assert link.state is ConnectionState.ENDED
    else:
        house.hello_answer = RejectCode.AWAITING_APPROVAL if why == "awaiting" else RejectCode.WRONG_INVITE
        link.connect()
    assert link.session.served_ms is None
