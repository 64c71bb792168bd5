"""The session: joining, what it says of the sale, and answers that fit nothing."""

import pytest
from msgspec.structs import replace

from bidder.core.desk import APPROVAL_MS
from bidder.core.effects import Unanswered
from bidder.core.feed import PROBE_MS
from bidder.core.notices import ConnectionChanged, ConnectionState, Joined, Lost, LotChanged, Outbid, StateReady, Won
from common.codec import decode_request, encode, encode_broadcast
from common.errors import ADVICE, ProtocolError, RejectCode
from common.formats.english import BidRequest, EnglishBoard
from common.messages import (
    Accepted,
    Hello,
    LotRequest,
    NewsRequest,
    Ping,
    Pong,
    Probed,
    Rejected,
    Replay,
    ReplayRequest,
    Snapshot,
    SnapshotRequest,
)
from tests.bidder.core.lossy_link import KEY, Link, bids_seen, live, states
from tests.bidder.core.small_house import RIVAL, SmallHouse

# --- joining -------------------------------------------------------------------------------------------------------


def test_joining_leads_through_the_probe_and_all_pages_to_a_live_state() -> None:
    house = SmallHouse(5)
    link = Link(house)
    link.connect()
    assert [type(event) for event in link.events] == [Joined, ConnectionChanged, StateReady, ConnectionChanged]
    assert states(link) == [ConnectionState.JOINING, ConnectionState.LIVE]
    assert link.session.replica.lots == house.lots
    assert link.topics == {b"beat\0", b"sale\0", b"lot/"}


def test_nothing_but_hello_is_sent_before_the_welcome() -> None:
    house = SmallHouse(1)
    house.hello_answer = RejectCode.UNAVAILABLE
    link = Link(house)
    link.connect()
    link.bid("1", 100)
    link.run(2000)
    assert {type(request) for request in house.seen} == {Hello}
    house.hello_answer = None
    link.run(3000)
    assert isinstance(link.outcomes[1], Accepted)


def test_no_snapshot_is_taken_before_the_feed_has_proven_itself() -> None:
    house = SmallHouse(1)
    link = Link(house, holds=lambda frame: frame.startswith(b"~"))
    link.connect()
    assert {type(request) for request in house.seen} == {Hello, Ping, NewsRequest}
    assert states(link) == [ConnectionState.JOINING]
    link.holds = lambda _: False
    link.settle()
    assert states(link)[-1] is ConnectionState.LIVE


def test_an_unanswered_probe_is_replaced_by_a_fresh_one() -> None:
    house = SmallHouse(1)
    link = Link(house, loses=lambda frame: frame.startswith(b"~"))
    link.connect()
    first = {topic for topic in link.topics if topic.startswith(b"~")}
    link.run(2500)
    second = {topic for topic in link.topics if topic.startswith(b"~")}
    assert len(first) == len(second) == 1
    assert first != second
    assert len(first.pop()) >= 1 + 16 + 1


@pytest.mark.parametrize("other", ["one of another client", "an earlier one", "one that only begins alike"])
def test_only_the_answer_to_the_last_probe_proves_anything(other: str) -> None:
    house = SmallHouse(1)
    link = Link(house, holds=lambda frame: frame.startswith(b"~"))
    link.connect()
    first = next(topic for topic in link.topics if topic.startswith(b"~"))
    others = {"one of another client": b"~" + b"0" * 32 + b"\x00", "an earlier one": first}
    topic = others.get(other, first[:-2] + b"\x00")
    link.session.feed_connected(link.now_ms)
    probed = Probed(epoch=1, instance=str(house.instance), term=1, server_time_ms=house.now_ms, subscriptions=3)
    link.session.broadcast_received(encode_broadcast(topic, probed), link.now_ms)
    link.settle()
    assert link.session.state is ConnectionState.JOINING
    link.holds = lambda _: False
    link.settle()
    assert link.state is ConnectionState.LIVE
    house.seen.clear()
    link.session.broadcast_received(encode_broadcast(topic, probed), link.now_ms)
    link.settle()
    assert house.seen == [], "and where none is under way, none is answered"


def test_all_subscriptions_are_renewed_before_each_probe() -> None:
    """A house that started anew may have refused what the library repeated by itself, before it knew who asked."""
    house = SmallHouse(1)
    link = live(house)
    link.asked.clear()
    link.session.feed_connected(link.now_ms)
    link.run(200)
    *renewed, probe = link.asked
    assert renewed == [b"beat\x00", b"sale\x00", b"lot/"]
    assert probe.startswith(b"~")


def test_awaiting_approval_asks_again_until_admitted() -> None:
    house = SmallHouse(1)
    house.hello_answer = RejectCode.AWAITING_APPROVAL
    link = Link(house)
    link.connect()
    link.run(1000)
    assert states(link) == [ConnectionState.AWAITING_APPROVAL]
    asked = len(house.seen)
    assert 5 < asked < 30
    house.hello_answer = None
    link.run(100)
    assert states(link)[-1] is ConnectionState.LIVE


def test_a_rejection_is_final_and_settles_what_waits() -> None:
    house = SmallHouse(1)
    link = Link(house)
    house.hello_answer = RejectCode.NAME_TAKEN
    link.connect()
    assert states(link) == [ConnectionState.REFUSED]
    link.bid("1", 100)
    outcome = link.outcomes[1]
    assert isinstance(outcome, Rejected)
    assert outcome.code is RejectCode.NAME_TAKEN
    assert link.session.next_deadline_ms is None
    asked = len(house.seen)
    link.session.tick(link.now_ms + 100_000)
    link.settle()
    assert len(house.seen) == asked


def test_a_rejection_is_the_answer_to_what_cannot_have_been_decided_and_to_nothing_else() -> None:
    house = SmallHouse(1)
    link = live(house)
    house.bid_answers_to_drop = 1
    link.bid("1", 100)  # may count: it was sent, and nothing was heard of it
    house.bid_answer = RejectCode.HELLO_FIRST
    house.hello_answer = RejectCode.NAME_TAKEN
    link.bid("1", 200)
    link.run(5000)
    unknown, refused = link.outcomes[1], link.outcomes[2]
    assert isinstance(unknown, Unanswered)
    assert unknown.may_count
    assert isinstance(refused, Rejected)
    assert refused.code is RejectCode.NAME_TAKEN
    assert refused.id == bids_seen(house)[1].id


def test_a_version_that_was_not_offered_is_refused() -> None:
    link = Link(SmallHouse(1))
    link.loses = lambda _: True
    link.connect()
    hello = decode_request(link.sent[0])
    welcome = link.house.answer(KEY, Hello(id=hello.id, versions=(9,)))
    with pytest.raises(ProtocolError, match="version 9"):
        link.session.answer_received(encode(welcome), link.now_ms)


def test_while_approval_is_awaited_the_client_asks_now_and_then_also_where_no_pause_is_named() -> None:
    link = Link(SmallHouse(1), loses=lambda _: True)
    link.connect()
    hello = decode_request(link.sent[0])
    link.session.answer_received(encode(Rejected(id=hello.id, code=RejectCode.AWAITING_APPROVAL)), link.now_ms)
    link.settle()
    pause_ms = (link.session.next_deadline_ms or 0) - link.now_ms
    assert APPROVAL_MS * 3 // 4 <= pause_ms <= APPROVAL_MS * 5 // 4


@pytest.mark.parametrize(("detail", "reason"), [("", ADVICE[RejectCode.NAME_TAKEN]), ("as Bob", "as Bob")])
def test_a_rejection_is_told_with_its_reason(detail: str, reason: str) -> None:
    link = Link(SmallHouse(1), loses=lambda _: True)
    link.connect()
    hello = decode_request(link.sent[0])
    rejection = Rejected(id=hello.id, code=RejectCode.NAME_TAKEN, detail=detail)
    link.session.answer_received(encode(rejection), link.now_ms)
    link.settle()
    assert link.told(ConnectionChanged) == [ConnectionChanged(ConnectionState.REFUSED, reason, rejection)]


def test_a_feed_whose_subscriptions_were_refused_is_not_live_and_asks_again() -> None:
    house = SmallHouse(1)
    house.refuses_subscriptions = True
    link = Link(house)
    link.connect()
    link.run(3 * PROBE_MS)
    assert states(link) == [ConnectionState.JOINING]
    assert not [one for one in house.seen if isinstance(one, SnapshotRequest)], "nothing is proven"
    house.refuses_subscriptions = False
    link.run(2 * PROBE_MS)
    assert states(link)[-1] is ConnectionState.LIVE


# --- notices, time, odd answers ------------------------------------------------------------------------------------


def test_a_frozen_house_that_could_not_even_read_the_id_is_no_fault() -> None:
    link = live(SmallHouse(1))
    link.session.answer_received(encode(Rejected(id=0, code=RejectCode.UNAVAILABLE)), link.now_ms)
    assert link.session.state is ConnectionState.LIVE


def test_a_replay_of_another_stream_is_the_fault_of_the_house() -> None:
    house = SmallHouse(2)
    link = live(house)
    house.broadcasts_to_drop = 1
    house.open("1")
    link.holds = lambda frame: b"replay" in frame
    link.run(200)
    replay = next(request for request in house.seen if isinstance(request, ReplayRequest))
    with pytest.raises(ProtocolError, match="something else"):
        link.session.answer_received(encode(Replay(id=replay.id, epoch=1, lot="2")), link.now_ms)


def test_a_house_that_refuses_a_lot_s_state_for_no_reason_is_at_fault() -> None:
    house = SmallHouse(1)
    link = live(house)
    house.has_history = False
    house.broadcasts_to_drop = 1
    house.open("1")
    link.holds = lambda frame: b"snapshot" in frame
    link.run(300)
    asked = next(request for request in house.seen if isinstance(request, LotRequest))
    with pytest.raises(ProtocolError, match="every client may ask"):
        link.session.answer_received(encode(Rejected(id=asked.id, code=RejectCode.FORBIDDEN)), link.now_ms)


def test_pages_that_do_not_go_forward_are_the_fault_of_the_house() -> None:
    house = SmallHouse(5)
    link = Link(house, holds=lambda frame: b"snapshot" in frame)
    link.connect()
    page = house.answer(KEY, decode_request(next(body for body in link.sent if b"snapshot" in body)))
    assert isinstance(page, Snapshot)
    with pytest.raises(ProtocolError, match="do not follow one another"):
        link.session.answer_received(encode(replace(page, next=0)), link.now_ms)


def test_outbid_won_and_lost_follow_their_changes() -> None:
    house = SmallHouse(3)
    link = live(house)
    link.bid("1", 100)
    house.bid("1", 110)
    link.bid("2", 100)
    house.close_lot("1")
    house.close_lot("2")
    house.bid("3", 100)
    house.close_lot("3")
    link.settle()
    notices = [event for event in link.events if isinstance(event, Outbid | Won | Lost)]
    assert notices == [
        Outbid("1", 2, RIVAL, EnglishBoard(120, 110, RIVAL, 2)),
        Lost("1", 3, RIVAL, 110),
        Won("2", 2, 100),
    ]
    outbid = link.events.index(notices[0])
    assert isinstance(link.events[outbid - 1], LotChanged)


def test_the_house_time_is_learnt_from_the_shortest_round_trip() -> None:
    house = SmallHouse(1)
    link = live(house)
    assert link.session.clock.server_time_ms(link.now_ms) == house.now_ms
    asked = [request for request in house.seen if isinstance(request, Ping)]
    link.run(11_000)
    pings = [request for request in house.seen if isinstance(request, Ping)]
    assert len(pings) - len(asked) == 2
    assert link.session.clock.round_trip_ms == 0


@pytest.mark.parametrize(
    ("answer", "match"),
    [
        (Rejected(id=0, code=RejectCode.MALFORMED), "could not read"),
        (Pong(id=7, server_time_ms=1), "no answer to it"),
        (Replay(id=7, epoch=1, lot="1"), "no answer to it"),
    ],
)
def test_an_answer_that_fits_nothing_is_the_fault_of_the_house(answer: Pong, match: str) -> None:
    house = SmallHouse(1)
    link = live(house)
    house.bid_answers_to_drop = 1
    link.submit(BidRequest(id=7, lot="1", amount_minor=100))
    with pytest.raises(ProtocolError, match=match):
        link.session.answer_received(encode(answer), link.now_ms)


def test_an_answer_that_comes_twice_or_late_changes_nothing() -> None:
    house = SmallHouse(1)
    link = live(house)
    link.bid("1", 100)
    verdict = link.outcomes[1]
    assert isinstance(verdict, Accepted)
    link.session.answer_received(encode(verdict), link.now_ms)
    link.settle()
    assert link.outcomes == {1: verdict}
