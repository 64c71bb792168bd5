"""What is repeated until it is answered: when, how often, and what is certain without an answer."""

from itertools import pairwise

import pytest

from bidder.core.pending import RESEND_MAX_MS, RESEND_MS, RETRY_MIN_MS, Pending, PendingRequests
from common.errors import RejectCode
from common.messages import Ping, Rejected


def pending(request_id: int, now_ms: int, deadline_ms: int | None = None) -> Pending:
    return Pending(Ping(id=request_id), now_ms, deadline_ms, None)


def exactly(pause_ms: int) -> int:
    return pause_ms


def test_a_request_is_repeated_after_pauses_that_grow_up_to_a_bound() -> None:
    requests = PendingRequests(exactly)
    requests.add(pending(1, 0))
    sent_ms: list[int] = []
    now_ms = 0
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
