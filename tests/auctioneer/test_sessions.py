"""Sessions: which verdicts are remembered, and the budget of requests."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auctioneer.events import Refusal
from auctioneer.register import observer
from auctioneer.sessions import BURST_S, Budget, Session
from common.errors import RejectCode
from common.limits import REMEMBERED_REQUESTS_MAX
from common.messages import BidRequest, BuyRequest, Rejected


def bid(request_id: int, amount_minor: int = 1000) -> BidRequest:
    return BidRequest(id=request_id, lot="1", amount_minor=amount_minor)


def verdict(request_id: int) -> Rejected:
    return Rejected(id=request_id, code=RejectCode.BELOW_MINIMUM, lot="1", minimum_minor=request_id)


def refused(request_id: int, verdict_id: int) -> Refusal:
    return Refusal(0, 1, bid(request_id), verdict(verdict_id))


def new_session() -> Session:
    return Session(observer("k" * 40), Budget(100, 0), 0)


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


def test_a_budget_holds_two_seconds_worth_and_refills_with_time() -> None:
    budget = Budget(10, 1000)
    assert all(budget.spend(1000) for _ in range(10 * BURST_S))
    assert not budget.spend(1000)
    assert budget.retry_ms == 200, "one overdrawn and one more to come, at 10 a second"
    assert not budget.spend(1000 + 99)
    assert budget.spend(1000 + 99 + budget.retry_ms)
    rested = Budget(10, 0)
    assert rested.spend(3_600_000, 10 * BURST_S)
    assert not rested.spend(3_600_000), "an hour of silence is worth no more than a full burst"


def test_a_budget_overdrawn_by_a_burst_is_exhausted_and_no_deeper() -> None:
    budget = Budget(10, 0)
    for _ in range(2 * 10 * BURST_S - 1):
        budget.spend(0)
    assert not budget.is_exhausted
    budget.spend(0)
    assert budget.is_exhausted
    budget.spend(0, 1_000_000)
    budget.spend(10 * 1000, 1)
    assert budget.retry_ms <= 200, "however much was asked for, ten seconds mend it"


@pytest.mark.parametrize("requests_per_s", [1, 7, 500, 1_000_000])
def test_after_the_time_that_is_told_one_request_is_in_the_budget(requests_per_s: int) -> None:
    budget = Budget(requests_per_s, 0)
    while budget.spend(0):
        continue
    assert budget.spend(budget.retry_ms)
