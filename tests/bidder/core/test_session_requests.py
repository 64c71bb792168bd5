"""The session's requests: each is repeated until it has a verdict, within bounds."""

import itertools

import pytest

from bidder.core.effects import Unanswered
from bidder.core.presence import PING_MS
from bidder.core.session import Session
from common.codec import decode_request
from common.errors import RejectCode, UsageError
from common.formats.english import BidRequest
from common.limits import REMEMBERED_REQUESTS_MAX
from common.messages import Accepted, Hello, Mine, MineRequest, Ping, Rejected
from tests.bidder.core.lossy_link import Link, bids_seen, live
from tests.bidder.core.small_house import SmallHouse
from tests.english import english


def test_a_bid_without_an_answer_is_repeated_with_the_same_bytes_and_gets_the_same_verdict() -> None:
    house = SmallHouse(1)
    link = live(house)
    house.bid_answers_to_drop = 2
    link.bid("1", 100)
    link.run(4000)
    bodies = [body for body in link.sent if isinstance(decode_request(body), BidRequest)]
    assert len(bodies) == 3
    assert len(set(bodies)) == 1
    assert english(house.lots["1"]).bids == 1, "the bid counted more than once"
    assert isinstance(link.outcomes[1], Accepted)


def test_pauses_between_repeats_grow_and_stay_bounded() -> None:
    house = SmallHouse(1)
    link = live(house)
    house.bid_answers_to_drop = 1000
    link.submit(BidRequest(id=1, lot="1", amount_minor=100), 60_000)
    moments = []
    for _ in range(6000):
        seen = len(bids_seen(house))
        link.run(10)
        if len(bids_seen(house)) > seen:
            moments.append(link.now_ms)
    pauses = [later - earlier for earlier, later in itertools.pairwise(moments)]
    assert 10 <= len(moments) <= 25
    assert max(pauses) <= 5000 * 5 // 4 + 10
    assert pauses[0] < pauses[2] < pauses[5]


def test_a_ping_without_an_answer_is_replaced_and_not_repeated_for_ever() -> None:
    house = SmallHouse(1)
    link = live(house)
    link.loses = lambda frame: b"pong" in frame
    link.run(6 * PING_MS)
    house.seen.clear()
    link.run(PING_MS)
    assert len({request.id for request in house.seen if isinstance(request, Ping)}) <= 2


def test_a_deadline_leaves_the_outcome_unknown_and_names_the_id() -> None:
    house = SmallHouse(1)
    link = live(house)
    house.bid_answers_to_drop = 1000
    link.submit(BidRequest(id=77, lot="1", amount_minor=100), 3000)
    link.run(2990)
    assert link.outcomes == {}
    link.run(20)
    assert link.outcomes == {1: Unanswered(77, may_count=True)}
    house.bid_answers_to_drop = 0
    link.submit(BidRequest(id=77, lot="1", amount_minor=100))
    assert isinstance(link.outcomes[2], Accepted)


def test_a_bid_that_never_left_is_known_not_to_count() -> None:
    house = SmallHouse(1)
    link = Link(house)
    link.submit(BidRequest(id=7, lot="1", amount_minor=100), 1000)
    link.session.tick(link.now_ms + 1000)
    link.settle()
    assert link.outcomes == {1: Unanswered(7, may_count=False)}
    assert house.seen == []


@pytest.mark.parametrize("code", [RejectCode.UNAVAILABLE, RejectCode.SLOW_DOWN])
def test_what_is_no_verdict_is_tried_again_with_the_same_id(code: RejectCode) -> None:
    house = SmallHouse(1)
    link = live(house)
    house.bid_answer = code
    link.bid("1", 100)
    link.run(2000)
    assert link.outcomes == {}
    assert 6 <= len(bids_seen(house)) <= 15, "the house asked for a pause of 200 ms"
    house.bid_answer = None
    link.run(300)
    assert isinstance(link.outcomes[1], Accepted)
    assert len({request.id for request in bids_seen(house)}) == 1


def test_a_house_that_only_puts_off_is_the_answer_at_the_deadline() -> None:
    house = SmallHouse(1)
    link = live(house)
    house.bid_answer = RejectCode.UNAVAILABLE
    link.bid("1", 100, timeout_ms=1000)
    link.run(1010)
    outcome = link.outcomes[1]
    assert isinstance(outcome, Rejected)
    assert outcome.code is RejectCode.UNAVAILABLE


def test_one_copy_without_an_answer_keeps_the_outcome_unknown_whatever_was_put_off_later() -> None:
    house = SmallHouse(1)
    link = live(house)
    house.bid_answers_to_drop = 1
    link.bid("1", 100, timeout_ms=4000)
    house.verdicts.clear()
    house.bid_answer = RejectCode.SLOW_DOWN
    link.run(4100)
    outcome = link.outcomes[1]
    assert isinstance(outcome, Unanswered)
    assert outcome.may_count


def test_the_same_id_waits_for_the_same_verdict_and_other_content_is_refused() -> None:
    house = SmallHouse(1)
    link = live(house)
    house.bid_answers_to_drop = 1
    request = BidRequest(id=link.session.new_request_id(link.now_ms), lot="1", amount_minor=100)
    link.submit(request, 500)
    link.submit(request, 5000)
    with pytest.raises(UsageError, match="another request"):
        link.submit(BidRequest(id=request.id, lot="1", amount_minor=110))
    link.run(2000)
    assert isinstance(link.outcomes[1], Accepted)
    assert link.outcomes[1] == link.outcomes[2]


def test_who_asks_again_with_less_patience_does_not_shorten_the_wait() -> None:
    house = SmallHouse(1)
    link = live(house)
    house.bid_answer = RejectCode.UNAVAILABLE
    request = BidRequest(id=link.session.new_request_id(link.now_ms), lot="1", amount_minor=100)
    link.submit(request, 5000)
    link.submit(request, 500)
    link.run(2000)
    assert not link.outcomes
    house.bid_answer = None
    link.run(3000)
    assert isinstance(link.outcomes[1], Accepted)


def test_a_house_that_knows_nobody_any_more_is_no_answer_at_the_deadline() -> None:
    house = SmallHouse(1)
    link = live(house)
    house.bid_answer = RejectCode.HELLO_FIRST
    house.hello_answer = RejectCode.UNAVAILABLE
    link.bid("1", 100, timeout_ms=1000)
    link.run(1010)
    outcome = link.outcomes[1]
    assert isinstance(outcome, Unanswered)
    assert not outcome.may_count


def test_requests_without_an_answer_are_bounded() -> None:
    house = SmallHouse(1)
    link = live(house)
    house.bid_answers_to_drop = 1000
    for _ in range(REMEMBERED_REQUESTS_MAX):
        link.bid("1", 100)
    with pytest.raises(UsageError, match="wait for an answer"):
        link.bid("1", 100)


def test_request_ids_rise_and_follow_the_time_of_day() -> None:
    link = live(SmallHouse(1))
    session = link.session
    first = session.new_request_id(link.now_ms)
    assert 1_700_000_001_000_000 <= first < 1_700_000_002_000_000
    assert session.new_request_id(link.now_ms) == first + 1
    link.submit(BidRequest(id=first + 1000, lot="1", amount_minor=100))
    assert session.new_request_id(link.now_ms) == first + 1001
    assert session.new_request_id(link.now_ms + 60_000) >= first + 60_000_000


def test_mine_is_answered() -> None:
    link = live(SmallHouse(1))
    link.submit(MineRequest(id=5))
    assert link.outcomes[1] == Mine(id=5, paddle=1)


@pytest.mark.parametrize(("byte", "pause_ms"), [(0, 750), (128, 1000), (255, 1248)])
def test_pauses_are_drawn_from_three_quarters_to_five_quarters(byte: int, pause_ms: int) -> None:
    session = Session(Hello(id=1, versions=(1,)), now_ms=0, now_us=0, entropy=lambda size: bytes([byte]) * size)
    assert session.desk.jitter(1000) == pause_ms
