"""The small parts of the client: the clock, the inbox, the checks of a request."""

import pytest

from bidder.clock import SAMPLES_MAX, ServerClock
from bidder.events import EventsDropped, Outbid
from bidder.inbox import Inbox
from bidder.requests import bid_request, buy_request
from common.errors import UsageError
from common.limits import AMOUNT_MINOR_MAX, INTEGER_MAX


def test_the_clock_follows_the_sample_with_the_shortest_round_trip() -> None:
    clock = ServerClock()
    assert not clock.is_known
    clock.learn_round_trip(0, 400, 10_100)
    assert clock.server_time_ms(400) == 10_300
    clock.learn_round_trip(1000, 1010, 11_005)
    assert clock.offset_ms == 10_000
    assert clock.round_trip_ms == 10
    clock.learn_round_trip(2000, 2300, 12_010)
    assert clock.offset_ms == 10_000


def test_a_heartbeat_is_a_lower_bound() -> None:
    clock = ServerClock()
    clock.learn_one_way(100, 5_000)
    assert clock.server_time_ms(100) == 5_000
    clock.learn_round_trip(200, 300, 5_100)
    assert clock.offset_ms == 4_900, "the middle of the round trip says 4850, but that can't be"


def test_old_samples_stop_counting_since_clocks_drift() -> None:
    clock = ServerClock()
    clock.learn_round_trip(0, 2, 1_001)
    for moment in range(SAMPLES_MAX):
        clock.learn_round_trip(moment * 1000, moment * 1000 + 10, moment * 1000 + 505)
    assert clock.offset_ms == 500
    clock.forget()
    assert not clock.is_known
    assert clock.offset_ms == 0
    assert clock.round_trip_ms is None


def outbid(seq: int) -> Outbid:
    return Outbid("1", seq, 2, None)


def test_an_inbox_that_nobody_reads_stays_bounded_and_says_what_went() -> None:
    inbox = Inbox(3)
    for seq in range(5):
        inbox.put(outbid(seq))
    assert len(inbox) == 3
    assert [inbox.take() for _ in range(5)] == [EventsDropped(2), outbid(2), outbid(3), outbid(4), None]


def test_an_inbox_at_its_bound_drops_nothing() -> None:
    inbox = Inbox(2)
    inbox.put(outbid(1))
    inbox.put(outbid(2))
    assert [inbox.take() for _ in range(3)] == [outbid(1), outbid(2), None]


def test_a_request_at_the_bounds_is_made() -> None:
    assert bid_request(1, "1", 1, AMOUNT_MINOR_MAX).maximum_minor == AMOUNT_MINOR_MAX
    assert bid_request(INTEGER_MAX, "x" * 16, None, 1).amount_minor is None
    assert buy_request(1, "1", AMOUNT_MINOR_MAX).price_minor == AMOUNT_MINOR_MAX


@pytest.mark.parametrize(
    ("request_id", "lot", "amount_minor", "maximum_minor", "match"),
    [
        (1, "1", None, None, "an amount, a maximum"),
        (1, "1", 0, None, "The amount must be"),
        (1, "1", AMOUNT_MINOR_MAX + 1, None, "The amount must be"),
        (1, "1", None, -5, "The maximum must be"),
        (1, "1", 200, 100, "below"),
        (0, "1", 100, None, "request id"),
        (INTEGER_MAX + 1, "1", 100, None, "request id"),
        (1, "", 100, None, "not a lot number"),
        (1, "x" * 17, 100, None, "not a lot number"),
    ],
)
def test_a_slip_is_refused_before_anything_is_sent(
    request_id: int, lot: str, amount_minor: int | None, maximum_minor: int | None, match: str
) -> None:
    with pytest.raises(UsageError, match=match):
        bid_request(request_id, lot, amount_minor, maximum_minor)


def test_a_purchase_is_checked_too() -> None:
    with pytest.raises(UsageError, match="The price must be"):
        buy_request(1, "1", 0)
