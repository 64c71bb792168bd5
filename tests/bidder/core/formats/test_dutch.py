"""Stops of a Dutch lot's clock: checked before they leave, sent until they have a verdict, and what the close means."""

import pytest

from bidder.core.formats.dutch import stop_request
from bidder.core.notices import Lost, Outbid, Won
from common.errors import RejectCode, UsageError
from common.formats.dutch import DutchOwn, StopRequest
from common.limits import AMOUNT_MINOR_MAX, INTEGER_MAX, UNITS_MAX
from common.messages import Accepted, Rejected
from tests.bidder.core.lossy_link import Link, live
from tests.bidder.core.small_house import SmallHouse
from tests.must_be import must_be

LOT = "7"


@pytest.fixture
def link() -> Link:
    house = SmallHouse(1)
    house.add_dutch_lot(LOT, units=3)
    link = live(house)
    house.open(LOT)
    link.run(100)
    return link


def test_a_request_at_the_bounds_is_made() -> None:
    assert stop_request(1, "1", AMOUNT_MINOR_MAX).units == 1
    largest = stop_request(INTEGER_MAX, "1" * 16, 1, UNITS_MAX, if_seq=INTEGER_MAX)
    assert (largest.units, largest.if_seq) == (UNITS_MAX, INTEGER_MAX)


@pytest.mark.parametrize(
    ("request_id", "lot", "price_minor", "units", "if_seq", "match"),
    [
        (1, "1", 0, 1, None, "The price must be"),
        (1, "1", AMOUNT_MINOR_MAX + 1, 1, None, "The price must be"),
        (1, "1", 100, 0, None, "number of units must be from 1 to 64"),
        (1, "1", 100, UNITS_MAX + 1, None, "number of units must be from 1 to 64"),
        (0, "1", 100, 1, None, "request id"),
        (1, "", 100, 1, None, "not a lot number"),
        (1, "1", 100, 1, -1, "`if_seq` must be"),
    ],
)
def test_a_slip_is_refused_before_anything_is_sent(
    request_id: int, lot: str, price_minor: int, units: int, if_seq: int | None, match: str
) -> None:
    with pytest.raises(UsageError, match=match):
        stop_request(request_id, lot, price_minor, units, if_seq=if_seq)


def test_a_stop_without_an_answer_is_repeated_and_takes_once(link: Link) -> None:
    link.house.bid_answers_to_drop = 2
    ticket = link.submit(stop_request(1, LOT, 1_000, 2))
    link.run(4000)
    assert len([one for one in link.house.seen if isinstance(one, StopRequest)]) == 3
    assert must_be(Accepted, link.outcomes[ticket]).own == DutchOwn(2, 2_000)
    assert link.told(Outbid) == []


def test_a_stop_below_the_clock_takes_nothing(link: Link) -> None:
    ticket = link.submit(stop_request(1, LOT, 999))
    link.run(100)
    assert must_be(Rejected, link.outcomes[ticket]).code is RejectCode.BELOW_MINIMUM


def test_who_took_units_hears_at_the_close_that_they_are_won(link: Link) -> None:
    link.submit(stop_request(1, LOT, 1_000))
    link.house.fall(LOT, 900)
    link.submit(stop_request(2, LOT, 900, 2))
    link.run(100)
    assert link.told(Won) == [Won(LOT, 4, 2_800, 3)]
    assert link.told(Lost) == []
