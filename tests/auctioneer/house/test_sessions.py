"""Sessions: which verdicts are remembered, and the budget of requests."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auctioneer.house.budgets import BURST_S, FLOOD_REQUESTS_MIN, JOIN_COST, REQUESTS_PER_S_MIN, Budget
from auctioneer.house.register import observer
from auctioneer.house.sessions import Session
from auctioneer.rules.facts import Rejection
from common.errors import RejectCode
from common.formats.english import BidRequest, BuyRequest, EnglishBoard
from common.limits import REMEMBERED_REQUESTS_MAX
from common.messages import Accepted, Rejected, Snapshot, SnapshotRequest
from tests.auctioneer.house.house_examples import ANN, SmallSale


def bid(request_id: int, amount_minor: int = 1000) -> BidRequest:
    return BidRequest(id=request_id, lot="1", amount_minor=amount_minor)


def verdict(request_id: int) -> Rejected:
    return Rejected(id=request_id, code=RejectCode.BELOW_MINIMUM, lot="1", board=EnglishBoard(request_id))


def refused(request_id: int, verdict_id: int) -> Rejection:
    return Rejection(0, 1, bid(request_id), verdict(verdict_id))


def new_session() -> Session:
    return Session(observer("k" * 40), Budget(100, 0))


def full_session() -> Session:
    """Return a session that remembers as many requests as it can: ids 100, 110, 120..."""
    session = new_session()
    for number in range(REMEMBERED_REQUESTS_MAX):
        session.remember(refused(100 + 10 * number, 100 + 10 * number))
    return session


def test_a_repeat_has_its_verdict_and_other_content_is_a_conflict() -> None:
    session = new_session()
    assert session.recall(bid(5)) is None
    session.remember(refused(5, 5))
    assert session.recall(bid(5)) == verdict(5)
    assert session.recall(bid(5, 1100)) is RejectCode.ID_CONFLICT
    assert session.recall(BuyRequest(id=5, lot="1", price_minor=1000)) is RejectCode.ID_CONFLICT
    assert session.recall(bid(4)) is None, "a lower id is new while there is room to remember it"


def test_the_first_verdict_stands() -> None:
    session = new_session()
    session.remember(refused(5, 5))
    session.remember(refused(5, 6))
    assert session.recall(bid(5)) == verdict(5)


def test_the_highest_ids_are_remembered_and_lower_ones_are_stale() -> None:
    session = full_session()
    assert [kept.request_id for kept in session.remembered] == list(range(100, 100 + 320, 10))
    assert session.recall(bid(100)) == verdict(100)
    assert session.recall(bid(105)) is None, "between those remembered there is room, at the lowest one's cost"
    session.remember(refused(105, 105))
    assert session.recall(bid(100)) is RejectCode.ID_STALE
    assert session.recall(bid(105)) == verdict(105)
    assert len(session.remembered) == REMEMBERED_REQUESTS_MAX


def test_an_id_whose_verdict_could_not_be_kept_is_stale_and_not_decided() -> None:
    """Were it decided it would be forgotten at once, and a repeat could not get the same verdict."""
    session = full_session()
    assert session.recall(bid(99)) is RejectCode.ID_STALE
    session.remember(refused(99, 99))
    assert session.recall(bid(99)) is RejectCode.ID_STALE
    assert session.recall(bid(100)) == verdict(100)


@given(st.lists(st.integers(1, 200), max_size=120), st.randoms(use_true_random=False))
def test_what_is_remembered_does_not_depend_on_the_order_of_the_record(ids: list[int], chance: random.Random) -> None:
    """A rebuilt session hears accepted bids first and refused ones after, and must answer as the one that lived."""
    lived, told = new_session(), []
    for request_id in ids:
        if lived.recall(bid(request_id)) is None:
            lived.remember(refused(request_id, request_id))
            told.append(request_id)
    chance.shuffle(told)
    rebuilt = new_session()
    for request_id in told:
        rebuilt.remember(refused(request_id, request_id))
    restored = new_session()
    restored.restore(lived.remembered)
    for request_id in range(1, 202):
        assert rebuilt.recall(bid(request_id)) == lived.recall(bid(request_id))
        assert restored.recall(bid(request_id)) == lived.recall(bid(request_id))
    highest = sorted(set(told))[-REMEMBERED_REQUESTS_MAX:]
    assert [kept.request_id for kept in rebuilt.remembered] == highest


def test_the_smallest_budget_that_can_be_chosen_lets_a_client_join_at_once() -> None:
    sale = SmallSale(requests_per_s=REQUESTS_PER_S_MIN)
    sale.join(ANN, "Ann")
    assert all(sale.house.spend(ANN, sale.now_ms) for _ in range(4)), "three topics and a probe"
    assert isinstance(sale.ask(ANN, SnapshotRequest(id=2)), Snapshot)
    assert isinstance(sale.ask(ANN, bid(3, 1000)), Accepted)
    assert JOIN_COST <= REQUESTS_PER_S_MIN * BURST_S


def test_a_budget_holds_two_seconds_worth_and_refills_with_time() -> None:
    budget = Budget(10, 1000)
    assert all(budget.spend(1000) for _ in range(10 * BURST_S))
    assert not budget.spend(1000)
    assert budget.retry_ms == 100, "one more, at 10 a second: what is refused takes nothing"
    assert not budget.spend(1000 + 99)
    assert budget.spend(1000 + 99 + budget.retry_ms)
    rested = Budget(10, 0)
    assert [rested.spend(3_600_000) for _ in range(10 * BURST_S + 1)] == [True] * 10 * BURST_S + [False]


@pytest.mark.parametrize("requests_per_s", [1, 10, 32, 500])
def test_after_a_burst_that_was_refused_a_budget_is_exhausted_and_no_deeper(requests_per_s: int) -> None:
    flood = max(requests_per_s * BURST_S, FLOOD_REQUESTS_MIN)
    budget = Budget(requests_per_s, 0)
    while budget.spend(0):
        continue
    for _ in range(flood - 2):
        budget.spend(0)
    assert not budget.is_exhausted
    budget.spend(0)
    assert budget.is_exhausted
    for _ in range(10 * flood):
        budget.spend(0)
    budget.refuse(1_000_000)
    recovered_ms = 1000 * flood // requests_per_s
    assert not budget.spend(recovered_ms)
    assert budget.retry_ms <= 1000 // requests_per_s + 1, "however much was asked for, as long as that forgets it"


def test_a_flood_that_goes_on_at_the_rate_or_above_is_never_heard() -> None:
    """It gets less than one who waits as long as `slow_down` says, or it would pay to flood."""
    budget = Budget(10, 0)
    while not budget.is_exhausted:
        budget.spend(0)
    heard = 0
    for now_ms in range(0, 60_000, 100):
        in_budget = budget.spend(now_ms)
        heard += in_budget or not budget.is_exhausted
    assert heard == 0


def test_what_is_dear_is_owed_and_never_more_than_a_burst() -> None:
    budget = Budget(10, 0)
    assert budget.spend(0)
    budget.charge(1_000_000)
    assert not budget.spend(0)
    assert budget.retry_ms == 2000 + 100


@given(
    st.sampled_from((REQUESTS_PER_S_MIN, 7, 50)),
    st.integers(1, REMEMBERED_REQUESTS_MAX),
    st.integers(1, 30),
    st.randoms(),
)
def test_all_who_wait_as_long_as_they_are_told_get_their_answers(
    requests_per_s: int, clients: int, requests: int, chance: random.Random
) -> None:
    """Several programs with one key, each with one request at a time: at most one rejection each, and no silence."""
    budget = Budget(requests_per_s, 0)
    due = [(chance.randrange(50), client) for client in range(clients)]
    left, rejections, now_ms = [requests] * clients, 0, 0
    while due:
        due.sort()
        now_ms, client = due.pop(0)
        if budget.spend(now_ms):
            left[client] -= 1
            if left[client]:
                due.append((now_ms + chance.randrange(3), client))
        else:
            assert not budget.is_exhausted, "somebody who did as told was not even answered"
            rejections += 1
            due.append((now_ms + budget.retry_ms, client))
    answered = clients * requests
    assert rejections <= 2 * answered
    assert now_ms <= 1000 * answered // requests_per_s + 2000 + 1000 * clients // requests_per_s, "and none too late"


@pytest.mark.parametrize("requests_per_s", [1, 7, 500, 1_000_000])
def test_after_the_time_that_is_told_one_request_is_in_the_budget(requests_per_s: int) -> None:
    budget = Budget(requests_per_s, 0)
    while budget.spend(0):
        continue
    assert budget.spend(budget.retry_ms)
