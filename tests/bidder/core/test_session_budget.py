"""The session and the house's real budget: who waits as long as `slow_down` says gets every answer, and soon."""

from itertools import pairwise

import pytest

from auctioneer.house.budgets import REQUESTS_PER_S_MIN, Budget
from bidder.core.notices import ConnectionState
from bidder.core.pending import RESEND_MAX_MS
from bidder.core.presence import PING_MS
from common.errors import RejectCode
from common.formats.english import BidRequest
from common.limits import REMEMBERED_REQUESTS_MAX
from common.messages import Accepted, Mine, MineRequest, Ping, Rejected
from tests.bidder.core.lossy_link import STEP_MS, Link, bids_seen, live, states
from tests.bidder.core.small_house import BEAT_MS, SmallHouse


def thrifty_house(lots: int = 1) -> SmallHouse:
    house = SmallHouse(lots)
    house.budget = Budget(REQUESTS_PER_S_MIN, house.now_ms)
    return house


def run_together(links: list[Link], milliseconds: int) -> None:
    """Let time pass for several clients of one house; `Link.run` does so for one."""
    house = links[0].house
    for _ in range(milliseconds // STEP_MS):
        house.now_ms += STEP_MS
        for link in links:
            link.now_ms += STEP_MS
            link.session.tick(link.now_ms)
        if house.now_ms % BEAT_MS == 0:
            house.beat()
        for link in links:
            frames = list(house.outbox)
            link.settle()
            house.outbox = frames
        house.outbox = []


def test_joining_at_the_lowest_budget_is_a_matter_of_seconds() -> None:
    house = thrifty_house(9)
    link = Link(house)
    link.connect()
    link.run(10_000)
    assert link.session.state is ConnectionState.LIVE
    assert ConnectionState.REFUSED not in states(link)


def test_as_many_bids_at_once_as_may_be_all_get_a_verdict_as_fast_as_the_budget_grows() -> None:
    house = thrifty_house()
    link = live(house)
    house.slowed_down = 0
    for _ in range(REMEMBERED_REQUESTS_MAX):
        link.bid("1", 100, timeout_ms=60_000)
    link.run(1000 * (REMEMBERED_REQUESTS_MAX + 10) // REQUESTS_PER_S_MIN)
    assert len(link.outcomes) == REMEMBERED_REQUESTS_MAX
    assert RejectCode.SLOW_DOWN not in {
        outcome.code for outcome in link.outcomes.values() if isinstance(outcome, Rejected)
    }
    assert house.slowed_down <= 2 * REMEMBERED_REQUESTS_MAX


@pytest.mark.parametrize("clients", [2, 5])
def test_clients_that_share_the_lowest_budget_all_get_their_answers(clients: int) -> None:
    house = thrifty_house()
    links = [Link(house) for _ in range(clients)]
    for link in links:
        link.connect()
    run_together(links, 4000 * clients)
    for number, link in enumerate(links):
        for _ in range(REMEMBERED_REQUESTS_MAX // clients):
            request_id = link.session.new_request_id(link.now_ms) + number * 10**9
            link.session.submit(BidRequest(id=request_id, lot="1", amount_minor=100), link.now_ms, 60_000)
    run_together(links, 3 * 1000 * REMEMBERED_REQUESTS_MAX // REQUESTS_PER_S_MIN)
    for link in links:
        assert len(link.outcomes) == REMEMBERED_REQUESTS_MAX // clients
        for outcome in link.outcomes.values():
            assert isinstance(outcome, Accepted) or (
                isinstance(outcome, Rejected) and outcome.code is RejectCode.BELOW_MINIMUM
            )
        assert link.session.state is ConnectionState.LIVE


def test_one_pause_is_for_all_requests() -> None:
    house = SmallHouse(1)
    link = live(house)
    house.bid_answer = RejectCode.SLOW_DOWN
    link.bid("1", 100)
    house.seen.clear()
    link.submit(MineRequest(id=5))
    assert house.seen == [], "the house asked for a pause of 200 ms"
    house.bid_answer = None
    link.run(300)
    assert [type(request) for request in house.seen] == [BidRequest, MineRequest]
    assert [type(link.outcomes[ticket]) for ticket in (1, 2)] == [Accepted, Mine]


def test_after_a_pause_one_request_goes_at_a_time_those_of_the_application_first() -> None:
    house = SmallHouse(1)
    link = live(house)
    link.session.tick(link.now_ms + PING_MS)  # a ping is due, and is lost
    link.session.pop_effects()
    house.bid_answer = RejectCode.SLOW_DOWN
    for _ in range(3):
        link.bid("1", 100, timeout_ms=60_000)
    house.bid_answer = None
    house.seen.clear()
    link.holds = lambda frame: b"accepted" in frame or b"rejected" in frame
    link.run(600)
    assert [type(request) for request in house.seen] == [BidRequest], "the next waits for the answer of this one"
    link.holds = lambda _: False
    link.run(200)
    assert [type(request) for request in house.seen[:3]] == [BidRequest] * 3
    assert len({request.id for request in house.seen[:3]}) == 3
    assert [type(link.outcomes[ticket]) for ticket in (1, 2, 3)] == [Accepted, Rejected, Rejected]


def test_a_request_alone_whose_answer_is_lost_is_repeated_and_holds_up_the_others_no_longer() -> None:
    house = SmallHouse(1)
    link = live(house)
    house.bid_answer = RejectCode.SLOW_DOWN
    for _ in range(2):
        link.bid("1", 100, timeout_ms=60_000)
    house.bid_answer = None
    house.bid_answers_to_drop = 1
    link.run(3000)
    assert [type(link.outcomes[ticket]) for ticket in (1, 2)] == [Accepted, Rejected]


def test_a_pause_is_never_shorter_than_was_asked_for_nor_longer_than_a_repeat() -> None:
    house = SmallHouse(1)
    link = live(house)
    house.bid_answer = RejectCode.SLOW_DOWN
    link.bid("1", 100, timeout_ms=60_000)
    moments = []
    for _ in range(500):
        seen = len(bids_seen(house))
        link.run(STEP_MS)
        moments += [link.now_ms] * (len(bids_seen(house)) - seen)
    pauses = [after - before for before, after in pairwise(moments)]
    assert 200 <= min(pauses) <= max(pauses) <= 260


def test_a_hello_that_is_slowed_down_waits_too() -> None:
    house = SmallHouse(1)
    house.hello_answer = RejectCode.SLOW_DOWN
    link = Link(house)
    link.connect()
    link.run(1000)
    assert 10 <= len(house.seen) <= 21, "the house asks for 50 ms"
    house.hello_answer = None
    link.run(200)
    assert link.session.state is ConnectionState.LIVE


def test_slow_down_is_the_answer_only_at_the_deadline() -> None:
    house = SmallHouse(1)
    link = live(house)
    house.bid_answer = RejectCode.SLOW_DOWN
    link.bid("1", 100, timeout_ms=2 * RESEND_MAX_MS)
    link.run(2 * RESEND_MAX_MS - 100)
    assert link.outcomes == {}
    link.run(200)
    outcome = link.outcomes[1]
    assert isinstance(outcome, Rejected)
    assert outcome.code is RejectCode.SLOW_DOWN
    house.seen.clear()
    link.run(2 * PING_MS)
    assert {type(request) for request in house.seen} == {Ping}, "what expired holds up nothing"


@pytest.mark.parametrize("timeout_ms", [300, 60_000])
def test_once_all_that_were_slowed_down_are_over_requests_go_together_again(timeout_ms: int) -> None:
    """Whether they had an answer or their deadline came."""
    house = SmallHouse(1)
    link = live(house)
    house.bid_answer = RejectCode.SLOW_DOWN
    link.bid("1", 100, timeout_ms=timeout_ms)
    link.run(400)
    house.bid_answer = None
    link.run(300)
    house.seen.clear()
    link.holds = lambda frame: b"accepted" in frame or b"rejected" in frame
    for _ in range(3):
        link.bid("1", 100)
    assert len(bids_seen(house)) == 3
