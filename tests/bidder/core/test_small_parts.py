"""The small parts of the client: the clock, the inbox, the checks of a request, what is repeated, what is repaired."""

from itertools import pairwise

import pytest

from bidder.core.clock import SAMPLES_MAX, ServerClock
from bidder.core.inbox import Inbox
from bidder.core.notices import NoticesDropped, Outbid
from bidder.core.pending import RESEND_MAX_MS, RESEND_MS, RETRY_MIN_MS, Pending, PendingRequests
from bidder.core.repairs import REPAIR_AFTER_MS, REPAIRS_MAX, RepairKind, Repairs
from bidder.core.requests import bid_request, buy_request
from common.errors import RejectCode, UsageError
from common.limits import AMOUNT_MINOR_MAX, INTEGER_MAX
from common.messages import Ping, Rejected


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
    assert [inbox.pop() for _ in range(5)] == [NoticesDropped(2), outbid(2), outbid(3), outbid(4), None]


def test_an_inbox_at_its_bound_drops_nothing() -> None:
    inbox = Inbox(2)
    inbox.put(outbid(1))
    inbox.put(outbid(2))
    assert [inbox.pop() for _ in range(3)] == [outbid(1), outbid(2), None]


def test_a_request_at_the_bounds_is_made() -> None:
    assert bid_request(1, "1", 1, AMOUNT_MINOR_MAX).maximum_minor == AMOUNT_MINOR_MAX
    assert bid_request(INTEGER_MAX, "1" * 16, None, 1).amount_minor is None
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


def pending(request_id: int, now_ms: int, deadline_ms: int | None = None) -> Pending:
    return Pending(Ping(id=request_id), now_ms, deadline_ms, None)


def exactly(pause_ms: int) -> int:
    return pause_ms


def test_a_request_is_repeated_after_pauses_that_grow_up_to_a_bound() -> None:
    requests = PendingRequests(exactly)
    requests.add(pending(1, 0))
    sent_ms, now_ms = [], 0
    while len(sent_ms) < 8:
        sent_ms += [now_ms] * len(requests.send_due(now_ms))
        next_ms = requests.next_deadline_ms(may_send=True)
        assert next_ms is not None
        assert not requests.send_due(next_ms - 1), "not before its time"
        now_ms = next_ms
    pauses_ms = [after - before for before, after in pairwise(sent_ms)]
    assert pauses_ms == [RESEND_MS, 1500, 2250, 3375, RESEND_MAX_MS, RESEND_MAX_MS, RESEND_MAX_MS]
    requests.hurry(now_ms)
    assert len(requests.send_due(now_ms)) == 1
    assert requests.next_deadline_ms(may_send=True) == now_ms + RESEND_MS, "and the pauses begin anew"


def test_what_comes_first_is_the_next_deadline_of_requests() -> None:
    requests = PendingRequests(exactly)
    assert requests.next_deadline_ms(may_send=True) is None
    for request_id, deadline_ms in ((1, 900), (2, 400), (3, None)):
        requests.add(pending(request_id, 500, deadline_ms))
    assert requests.next_deadline_ms(may_send=False) == 400
    assert requests.next_deadline_ms(may_send=True) == 400
    assert [one.request.id for one in requests.pop_expired(400)] == [2]
    assert requests.next_deadline_ms(may_send=True) == 500
    assert not requests.pop_expired(899)
    assert [one.request.id for one in requests.pop_expired(900)] == [1]
    assert requests.next_deadline_ms(may_send=False) is None


@pytest.mark.parametrize(
    ("retry_ms", "pause_ms"),
    [(None, RESEND_MS), (0, RETRY_MIN_MS), (49, RETRY_MIN_MS), (700, 700), (60_000, RESEND_MAX_MS)],
)
def test_a_declined_request_is_put_off_for_as_long_as_the_house_asks_within_bounds(
    retry_ms: int | None, pause_ms: int
) -> None:
    requests = PendingRequests(exactly)
    one = pending(1, 0)
    requests.add(one)
    assert one.is_undecided, "it was not even sent"
    requests.decline(1, Rejected(id=1, code=RejectCode.SLOW_DOWN, retry_ms=retry_ms), 100)
    requests.decline(2, Rejected(id=2, code=RejectCode.SLOW_DOWN), 100)
    assert requests.next_deadline_ms(may_send=True) == 100 + pause_ms


@pytest.mark.parametrize("asked_ms", [(1000, 3000), (3000, 1000), (3000, 1000, 2000)])
def test_of_several_pauses_that_the_house_asks_for_at_once_the_shortest_is_kept(asked_ms: tuple[int, ...]) -> None:
    requests = PendingRequests(exactly)
    for request_id, retry_ms in enumerate(asked_ms, 1):
        requests.add(pending(request_id, 0))
        requests.decline(request_id, Rejected(id=request_id, code=RejectCode.SLOW_DOWN, retry_ms=retry_ms), 0)
    requests.add(pending(9, 500))
    assert requests.next_deadline_ms(may_send=True) == 1000
    assert not requests.send_due(999)
    assert len(requests.send_due(1000)) == 1, "and after it one goes alone"
    requests.decline(9, Rejected(id=9, code=RejectCode.SLOW_DOWN, retry_ms=2000), 1010)
    assert requests.next_deadline_ms(may_send=True) == 3010, "a pause that is over shortens none"


def test_only_if_every_copy_was_declined_is_it_certain_that_nothing_was_decided() -> None:
    requests = PendingRequests(exactly)
    one = pending(1, 0)
    requests.add(one)
    for _ in range(2):
        requests.send(one, 0)
    assert not one.is_undecided
    requests.decline(1, Rejected(id=1, code=RejectCode.UNAVAILABLE), 0)
    assert not one.is_undecided
    requests.decline(1, Rejected(id=1, code=RejectCode.UNAVAILABLE), 0)
    assert one.is_undecided


def test_a_hole_waits_a_moment_and_what_is_left_after_a_repair_is_due_at_once() -> None:
    repairs = Repairs()
    assert repairs.due({"1": 5, "2": 5}, 1000) == []
    repairs.end(77, 1010)  # the answer to something else, which repairs nothing
    assert repairs.next_deadline_ms == 1000 + REPAIR_AFTER_MS
    assert repairs.due({"1": 5, "2": 5}, 1000 + REPAIR_AFTER_MS - 1) == []
    assert repairs.due({"1": 5, "2": 5}, 1000 + REPAIR_AFTER_MS) == [
        ("1", RepairKind.REPLAY),
        ("2", RepairKind.REPLAY),
    ]
    repairs.begin(10, "1", RepairKind.REPLAY, 5)
    assert repairs.due({"1": 5, "2": 5}, 2000) == [("2", RepairKind.REPLAY)], "one repair of a stream at a time"
    ended = repairs.end(10, 2010)
    assert ended is not None
    assert (ended.stream, ended.kind, ended.floor_seq) == ("1", RepairKind.REPLAY, 5)
    assert repairs.next_deadline_ms == 2010
    assert repairs.due({}, 3000) == []
    assert repairs.next_deadline_ms is None, "nothing is left to do"


def test_when_history_begins_anew_all_plans_are_dropped() -> None:
    repairs = Repairs()
    repairs.need_view("x", RepairKind.TAKE_OVER)
    for request_id in range(REPAIRS_MAX):
        repairs.begin(request_id, str(request_id), RepairKind.REPLAY, 5)
    repairs.forget()
    assert repairs.end(0, 100) is None, "an answer to what was asked before counts no more"
    assert repairs.due({"1": 2}, 1000) == []
    assert repairs.due({"1": 2}, 1000 + REPAIR_AFTER_MS) == [("1", RepairKind.REPLAY)]


def test_only_so_many_repairs_run_at_a_time_and_a_view_that_is_needed_goes_first() -> None:
    repairs = Repairs()
    behind = {str(number): 5 for number in range(REPAIRS_MAX + 2)}
    repairs.need_view("x", RepairKind.TAKE_OVER)
    repairs.need_view("3", RepairKind.CHECK)
    repairs.due(behind, 0)
    due = repairs.due(behind, REPAIR_AFTER_MS)
    assert due[:2] == [("x", RepairKind.TAKE_OVER), ("3", RepairKind.CHECK)]
    assert len(due) == REPAIRS_MAX
    assert ("3", RepairKind.REPLAY) not in due
    for request_id, (stream, kind) in enumerate(due):
        repairs.begin(request_id, stream, kind, 0)
    assert repairs.next_deadline_ms is None, "all places are taken"
    assert repairs.due(behind, 1000) == []
    repairs.end(0, 1000)
    assert repairs.due(behind, 1000) == [("7", RepairKind.REPLAY)]
