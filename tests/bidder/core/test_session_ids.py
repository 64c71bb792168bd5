"""The session's request ids: they rise above all that the key has used, whatever its clock says now."""

from functools import partial

import pytest

from bidder.core.desk import ID_ROOM
from bidder.core.effects import Send, Unanswered
from bidder.core.session import Session
from common.codec import decode_request, encode
from common.errors import RejectCode
from common.formats.english import BidRequest
from common.limits import INTEGER_MAX, REMEMBERED_REQUESTS_MAX
from common.messages import Accepted, Hello, Rejected
from tests.bidder.core.lossy_link import KEY, bids_seen, live
from tests.bidder.core.small_house import SmallHouse
from tests.english import english

NOW_US = 1_700_000_000_000_000
"""The time of day at which a link begins."""
HOUR_US = 3_600_000_000
GAP_MAX = 2**16


def bid_ahead(house: SmallHouse, bids: int, first_id: int = NOW_US + HOUR_US) -> int:
    """Bid with the same key from a machine whose clock is an hour ahead; return the highest id."""
    for number in range(bids):
        house.answer(KEY, BidRequest(id=first_id + number, lot="1", amount_minor=1))
    return first_id + bids - 1


def house_with_a_key() -> SmallHouse:
    house = SmallHouse(1)
    house.answer(KEY, Hello(id=1, versions=(1,), name="Ada"))
    return house


def test_ids_go_on_above_those_that_the_house_remembers() -> None:
    house = house_with_a_key()
    last_id = bid_ahead(house, REMEMBERED_REQUESTS_MAX + 1)
    link = live(house)
    link.bid("1", 100)
    verdict = link.outcomes[1]
    assert isinstance(verdict, Accepted)
    assert last_id < verdict.id < last_id + 2 * GAP_MAX
    assert len(bids_seen(house)) == 1, "and was not even refused once"
    link.bid("1", 110)
    assert isinstance(link.outcomes[2], Accepted)


def _part_of(randomness: bytes, size: int) -> bytes:
    return randomness[:size]


def test_two_machines_that_share_a_key_choose_different_ids() -> None:
    house = house_with_a_key()
    bid_ahead(house, 1)
    chosen = []
    for randomness in (b"\x00\x07", b"\x80\x00"):
        entropy = partial(_part_of, randomness * 8)
        session = Session(Hello(id=1, versions=(1,)), now_ms=0, now_us=NOW_US, entropy=entropy)
        session.connected(0)
        hello = next(effect.body for effect in session.pop_effects() if isinstance(effect, Send))
        session.answer_received(encode(house.answer(KEY, decode_request(hello))), 0)
        chosen.append(session.new_request_id(0))
    assert chosen[1] - chosen[0] > 1000


def test_a_clock_that_is_right_needs_no_gap() -> None:
    house = house_with_a_key()
    house.answer(KEY, BidRequest(id=5, lot="1", amount_minor=1))
    link = live(house)
    assert link.session.new_request_id(link.now_ms) <= NOW_US + 2_000_000


def test_ids_go_on_above_the_one_that_was_kept() -> None:
    session = Session(Hello(id=1, versions=(1,)), now_ms=0, now_us=NOW_US, entropy=bytes, last_id=NOW_US + HOUR_US)
    assert session.new_request_id(0) > NOW_US + HOUR_US


@pytest.mark.parametrize(
    ("last_id", "is_used"), [(INTEGER_MAX - ID_ROOM, True), (INTEGER_MAX - ID_ROOM + 1, False), (INTEGER_MAX, False)]
)
def test_an_id_without_room_above_it_is_not_gone_on_from(last_id: int, is_used: bool) -> None:
    session = Session(Hello(id=1, versions=(1,)), now_ms=0, now_us=NOW_US, entropy=bytes, last_id=last_id)
    first, second = session.new_request_id(0), session.new_request_id(0)
    assert (first > last_id, first < second) == (is_used, True)


def test_a_new_bid_that_is_stale_is_sent_under_a_higher_id() -> None:
    """Another machine with the same key bid meanwhile, by a clock that is ahead."""
    house = SmallHouse(1)
    link = live(house)
    last_id = bid_ahead(house, REMEMBERED_REQUESTS_MAX)
    house.seen.clear()
    link.bid("1", 100)
    link.run(1500)
    verdict = link.outcomes[1]
    assert isinstance(verdict, Accepted)
    assert verdict.id > last_id
    assert english(house.lots["1"]).bids == 1
    assert len(bids_seen(house)) == 2


def test_a_stale_bid_of_which_a_copy_may_have_counted_is_never_sent_under_another_id() -> None:
    house = SmallHouse(1)
    link = live(house)
    house.bid_answers_to_drop = 1
    link.bid("1", 100)
    assert english(house.lots["1"]).bids == 1
    bid_ahead(house, REMEMBERED_REQUESTS_MAX)
    link.run(3000)
    verdict = link.outcomes[1]
    assert isinstance(verdict, Rejected)
    assert verdict.code is RejectCode.ID_STALE
    assert english(house.lots["1"]).bids == 1, "it counted twice"


def test_a_stale_bid_whose_earlier_copies_were_all_put_off_is_sent_under_a_higher_id() -> None:
    house = SmallHouse(1)
    link = live(house)
    house.bid_answer = RejectCode.UNAVAILABLE
    link.bid("1", 100)
    link.run(500)
    house.bid_answer = None
    bid_ahead(house, REMEMBERED_REQUESTS_MAX)
    link.run(3000)
    assert isinstance(link.outcomes[1], Accepted)
    assert english(house.lots["1"]).bids == 1


@pytest.mark.parametrize("is_joined_later", [False, True])
def test_an_id_that_the_application_knows_stays(is_joined_later: bool) -> None:
    house = SmallHouse(1)
    link = live(house)
    bid_ahead(house, REMEMBERED_REQUESTS_MAX)
    request = BidRequest(id=77, lot="1", amount_minor=100)
    link.session.submit(request, link.now_ms, 5000, may_renew_id=is_joined_later)
    if is_joined_later:
        link.session.submit(request, link.now_ms, 5000)
    link.run(3000)
    assert link.outcomes[1] == Rejected(id=77, code=RejectCode.ID_STALE)


def test_a_house_that_calls_each_id_stale_is_asked_once_a_second_until_the_deadline() -> None:
    house = SmallHouse(1)
    link = live(house)
    house.bid_answer = RejectCode.ID_STALE
    link.bid("1", 100, timeout_ms=5000)
    link.run(5100)
    assert 3 <= len(bids_seen(house)) <= 8
    outcome = link.outcomes[1]
    assert isinstance(outcome, Unanswered)
    assert not outcome.may_count
    assert outcome.request_id == bids_seen(house)[-1].id


def test_all_who_wait_for_a_stale_bid_have_its_verdict() -> None:
    house = SmallHouse(1)
    link = live(house)
    bid_ahead(house, REMEMBERED_REQUESTS_MAX)
    for amount_minor in (100, 110):
        link.bid("1", amount_minor)
    link.run(1500)
    assert [type(link.outcomes[ticket]) for ticket in (1, 2)] == [Accepted, Accepted]
    ids = [request.id for request in bids_seen(house)[-2:]]
    assert ids == sorted(ids), "the later bid has the higher id"
