"""The session: joining, repeating, repairing, and what it says about it."""

import itertools

import pytest
from lossy_link import KEY, Link, check_story
from msgspec.structs import replace
from small_house import RIVAL, SmallHouse

from bidder.effects import Unanswered
from bidder.events import (
    ConnectionChanged,
    ConnectionState,
    HistoryLost,
    Joined,
    Lost,
    LotCaughtUp,
    LotChanged,
    Outbid,
    Repaired,
    SaleCaughtUp,
    SaleChanged,
    StateReady,
    Won,
)
from bidder.repairs import REPAIRS_MAX
from bidder.session import APPROVAL_MS, SILENCE_MS, Session
from common.codec import decode_request, encode, encode_broadcast, lot_topic
from common.errors import ADVICE, ProtocolError, RejectCode, UsageError
from common.limits import REMEMBERED_REQUESTS_MAX
from common.messages import (
    Accepted,
    BidRequest,
    Hello,
    LotEvents,
    LotRequest,
    Mine,
    MineRequest,
    Ping,
    Pong,
    Rejected,
    Replay,
    ReplayRequest,
    Snapshot,
)


def live(house: SmallHouse) -> Link:
    link = Link(house)
    link.connect()
    link.run(1200)
    assert link.session.state is ConnectionState.LIVE
    link.events.clear()
    link.sent.clear()
    house.seen.clear()
    return link


def states(link: Link) -> list[ConnectionState]:
    return [event.state for event in link.events if isinstance(event, ConnectionChanged)]


def bids_seen(house: SmallHouse) -> list[BidRequest]:
    return [request for request in house.seen if isinstance(request, BidRequest)]


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
    assert {type(request) for request in house.seen} == {Hello, Ping}
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


def test_a_refusal_is_final_and_settles_what_waits() -> None:
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


def test_a_version_that_was_not_offered_is_refused() -> None:
    link = Link(SmallHouse(1))
    link.loses = lambda _: True
    link.connect()
    hello = decode_request(link.sent[0])
    welcome = link.house.answer(KEY, Hello(id=hello.id, versions=(9,)))
    with pytest.raises(ProtocolError, match="version 9"):
        link.session.answer_received(encode(welcome), link.now_ms)


# --- requests ------------------------------------------------------------------------------------------------------


def test_a_bid_without_an_answer_is_repeated_with_the_same_bytes_and_gets_the_same_verdict() -> None:
    house = SmallHouse(1)
    link = live(house)
    house.bid_answers_to_drop = 2
    link.bid("1", 100)
    link.run(4000)
    bodies = [body for body in link.sent if isinstance(decode_request(body), BidRequest)]
    assert len(bodies) == 3
    assert len(set(bodies)) == 1
    assert house.lots["1"].bids == 1, "the bid counted more than once"
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


# --- the house restarts, loses, freezes ----------------------------------------------------------------------------


def test_another_process_is_greeted_and_gets_what_had_no_answer_at_once() -> None:
    house = SmallHouse(1)
    link = live(house)
    house.bid_answers_to_drop = 1
    link.bid("1", 100)
    house.instance = 2
    house.seen.clear()
    house.beat()
    link.settle()
    assert isinstance(house.seen[0], Hello)
    assert len(bids_seen(house)) == 1
    assert isinstance(link.outcomes[1], Accepted)
    assert house.lots["1"].bids == 1


def test_the_same_process_is_not_taken_for_another() -> None:
    house = SmallHouse(1)
    link = live(house)
    house.is_frozen = True
    link.run(100)
    link.asked.clear()
    link.connect()
    assert states(link) == [ConnectionState.FROZEN, ConnectionState.CONNECTING, ConnectionState.FROZEN]
    assert link.asked == [], "the feed was proven already"


def test_a_house_that_was_long_away_is_not_silent_when_it_is_back() -> None:
    house = SmallHouse(1)
    house.hello_answer = RejectCode.UNAVAILABLE
    link = Link(house)
    link.connect()
    link.run(4 * SILENCE_MS, beats=False)
    house.hello_answer = None
    link.run(200)
    assert states(link) == [ConnectionState.JOINING, ConnectionState.LIVE]


def test_while_approval_is_awaited_the_client_asks_now_and_then_also_where_no_pause_is_named() -> None:
    link = Link(SmallHouse(1), loses=lambda _: True)
    link.connect()
    hello = decode_request(link.sent[0])
    link.session.answer_received(encode(Rejected(id=hello.id, code=RejectCode.AWAITING_APPROVAL)), link.now_ms)
    link.settle()
    pause_ms = (link.session.next_deadline_ms or 0) - link.now_ms
    assert APPROVAL_MS * 3 // 4 <= pause_ms <= APPROVAL_MS * 5 // 4


@pytest.mark.parametrize(("byte", "pause_ms"), [(0, 750), (128, 1000), (255, 1248)])
def test_pauses_are_drawn_from_three_quarters_to_five_quarters(byte: int, pause_ms: int) -> None:
    session = Session(Hello(id=1, versions=(1,)), now_ms=0, now_us=0, entropy=lambda size: bytes([byte]) * size)
    assert session.jitter(1000) == pause_ms


@pytest.mark.parametrize(("detail", "reason"), [("", ADVICE[RejectCode.NAME_TAKEN]), ("as Bob", "as Bob")])
def test_a_refusal_is_told_with_its_reason(detail: str, reason: str) -> None:
    link = Link(SmallHouse(1), loses=lambda _: True)
    link.connect()
    hello = decode_request(link.sent[0])
    refusal = Rejected(id=hello.id, code=RejectCode.NAME_TAKEN, detail=detail)
    link.session.answer_received(encode(refusal), link.now_ms)
    link.settle()
    assert link.told(ConnectionChanged) == [ConnectionChanged(ConnectionState.REFUSED, reason, refusal)]


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


def test_the_feed_is_connected_again_only_to_another_port() -> None:
    """The library keeps the connection; to connect anew at each welcome would lose broadcasts for nothing."""
    house = SmallHouse(1)
    link = live(house)
    link.connect()
    assert link.ports == [7001]
    house.publish_port = 7002
    link.connect()
    assert link.ports == [7001, 7002]
    assert link.session.state is ConnectionState.LIVE, "and proven anew"


def test_what_was_missed_during_a_restart_is_replayed_without_a_jump() -> None:
    house = SmallHouse(3)
    link = live(house)
    house.broadcasts_to_drop = 8
    for _ in range(7):
        house.bid("2", house.lots["2"].minimum_minor)
    house.announce("We are back")
    house.instance = 2
    link.connect()
    link.run(300, beats=False)
    assert link.session.replica.lots == house.lots
    assert link.session.replica.sale == house.sale
    assert [event.seq for event in link.events if isinstance(event, LotChanged)] == [1, 2, 3, 4, 5, 6, 7]
    assert link.told(Repaired) == [Repaired(1, "", 4, 1), Repaired(1, "2", 7, 7)]
    check_story(link.events)


def test_a_house_that_does_not_know_the_key_is_greeted_again() -> None:
    house = SmallHouse(1)
    link = live(house)
    house.paddles.clear()
    link.bid("1", 100)
    link.run(1500)
    assert isinstance(link.outcomes[1], Accepted)
    assert sum(isinstance(request, Hello) for request in house.seen) == 1


def test_the_feed_that_connected_again_is_proven_and_compared() -> None:
    house = SmallHouse(1)
    link = live(house)
    house.broadcasts_to_drop = 1
    house.open("1")
    link.session.feed_connected(link.now_ms)
    link.run(200, beats=False)
    assert link.session.replica.lots == house.lots
    assert states(link) == [ConnectionState.JOINING, ConnectionState.LIVE]


def test_silence_is_told_and_ends_with_a_comparison() -> None:
    house = SmallHouse(1)
    link = live(house)
    link.loses = lambda _: True
    link.run(SILENCE_MS - 200)
    assert states(link) == []
    link.run(300)
    assert states(link) == [ConnectionState.SILENT]
    house.open("1")
    link.settle()
    link.loses = lambda _: False
    house.beat()
    link.settle()
    link.run(100, beats=False)
    assert states(link) == [ConnectionState.SILENT, ConnectionState.JOINING, ConnectionState.LIVE]
    assert link.session.replica.lots == house.lots


def test_bids_are_still_sent_in_silence() -> None:
    house = SmallHouse(1)
    link = live(house)
    link.run(SILENCE_MS + 500, beats=False)
    link.bid("1", 100)
    assert isinstance(link.outcomes[1], Accepted)


def test_a_frozen_house_stops_the_clocks() -> None:
    house = SmallHouse(1)
    link = live(house)
    house.open("1", ends_at_ms=house.now_ms + 10_000)
    house.is_frozen = True
    link.run(100)
    assert states(link) == [ConnectionState.FROZEN]
    remaining_ms = link.session.remaining_ms(house.lots["1"], link.now_ms)
    link.run(1000)
    assert link.session.remaining_ms(house.lots["1"], link.now_ms) == remaining_ms
    assert remaining_ms is not None
    assert 9_000 < remaining_ms <= 10_000
    house.is_frozen = False
    link.run(100)
    assert states(link)[-1] is ConnectionState.LIVE
    assert link.session.remaining_ms(house.lots["1"], link.now_ms) == 10_000 - 1200


def test_a_snapshot_of_another_epoch_is_not_taken_for_the_state() -> None:
    house = SmallHouse(1)
    link = Link(house, holds=lambda frame: b"snapshot" in frame)
    link.connect()
    snapshot = house.answer(KEY, decode_request(next(body for body in link.sent if b"snapshot" in body)))
    assert isinstance(snapshot, Snapshot)
    link.session.answer_received(encode(replace(snapshot, epoch=2)), link.now_ms)
    link.settle()
    assert link.session.state is ConnectionState.JOINING
    assert not link.session.replica.is_complete
    house.epoch = 2
    link.holds = lambda _: False
    link.run(2000)
    assert link.session.state is ConnectionState.LIVE, "what counts now, a welcome told"
    assert link.session.replica.epoch == 2


def test_pages_that_do_not_go_forward_are_the_fault_of_the_house() -> None:
    house = SmallHouse(5)
    link = Link(house, holds=lambda frame: b"snapshot" in frame)
    link.connect()
    page = house.answer(KEY, decode_request(next(body for body in link.sent if b"snapshot" in body)))
    assert isinstance(page, Snapshot)
    with pytest.raises(ProtocolError, match="do not go forward"):
        link.session.answer_received(encode(replace(page, next=0)), link.now_ms)


def test_another_epoch_drops_everything_and_joins_anew() -> None:
    house = SmallHouse(1)
    link = live(house)
    house.open("1")
    house.bid("1", 100)
    link.settle()
    house.lose_tail("1", 1, epoch=2)
    link.events.clear()
    link.run(1500)
    assert link.told(HistoryLost) == [HistoryLost(2)]
    assert link.told(StateReady) == [StateReady(2, house.sale, 1)]
    assert link.session.replica.lots == house.lots


def test_less_history_in_the_same_epoch_is_noticed_by_a_fresh_answer() -> None:
    house = SmallHouse(2)
    link = live(house)
    house.open("1")
    house.bid("1", 100)
    link.settle()
    house.lose_tail("1", 1)
    link.run(500)
    assert link.told(HistoryLost) == [HistoryLost(1)]
    assert link.session.replica.lots == house.lots
    link.run(1000)
    assert len(link.told(HistoryLost)) == 1


def test_a_sale_that_lost_history_in_the_same_epoch_is_noticed_too() -> None:
    house = SmallHouse(1)
    link = live(house)
    before = house.sale
    house.announce("x")
    link.settle()
    house.sale, house.sale_history = before, house.sale_history[:-1]
    link.run(500)
    assert link.told(HistoryLost) == [HistoryLost(1)]
    assert link.session.replica.sale == house.sale


def test_less_history_in_a_snapshot_is_checked_too() -> None:
    house = SmallHouse(2)
    link = live(house)
    house.open("1")
    link.settle()
    house.lose_tail("1", 1)
    house.instance = 2
    link.connect()
    link.run(500, beats=False)
    assert link.told(HistoryLost) == [HistoryLost(1)]
    assert link.session.replica.lots == house.lots


def test_a_hole_that_the_house_no_longer_knows_of_is_lost_history() -> None:
    house = SmallHouse(1)
    link = live(house)
    house.broadcasts_to_drop = 2
    house.open("1")
    house.bid("1", 100)
    house.beat()
    link.settle()
    house.lose_tail("1", 2)
    link.run(500, beats=False)
    assert link.told(HistoryLost) == [HistoryLost(1)]
    assert link.session.replica.lots == house.lots
    assert not link.session.replica.behind


def test_broadcasts_of_an_unknown_epoch_do_not_make_house_and_client_chase_each_other() -> None:
    house = SmallHouse(1)
    link = live(house)
    for _ in range(300):
        link.session.broadcast_received(
            encode_broadcast(lot_topic("1"), LotEvents(epoch=7, lot="1", events=())), link.now_ms
        )
        link.run(10)
    assert 3 <= sum(isinstance(request, Hello) for request in house.seen) <= 5


def test_a_bidder_who_is_turned_out_is_refused_and_stops() -> None:
    house = SmallHouse(1)
    link = live(house)
    house.turned_out = True
    house.hello_answer = RejectCode.NOT_ADMITTED
    link.run(7000)
    assert states(link)[-1] is ConnectionState.REFUSED
    assert len(house.seen) <= 3


def test_another_process_has_a_clock_of_its_own() -> None:
    house = SmallHouse(1)
    link = live(house)
    house.now_ms -= 60_000
    house.instance = 2
    link.connect()
    assert link.session.clock.server_time_ms(link.now_ms) == house.now_ms


def test_an_old_heartbeat_costs_no_history() -> None:
    house = SmallHouse(1)
    link = live(house)
    house.beat()
    old = house.outbox.pop()
    house.open("1")
    link.settle()
    for _ in range(3):
        link.session.broadcast_received(old, link.now_ms)
        link.run(100, beats=False)
    assert link.told(HistoryLost) == []
    assert link.session.replica.lots == house.lots


def test_the_end_of_the_sale_is_the_end_and_no_silence_follows() -> None:
    house = SmallHouse(1)
    link = live(house)
    house.end_sale()
    link.settle()
    link.run(SILENCE_MS * 2, beats=False)
    assert states(link) == [ConnectionState.ENDED]


# --- holes ---------------------------------------------------------------------------------------------------------


def test_a_lost_broadcast_is_replayed_after_a_moment() -> None:
    house = SmallHouse(1)
    link = live(house)
    house.broadcasts_to_drop = 5
    for _ in range(6):
        house.bid("1", house.lots["1"].minimum_minor)
    link.settle()
    assert not [request for request in house.seen if isinstance(request, ReplayRequest)]
    link.run(100, beats=False)
    replays = [request.after_seq for request in house.seen if isinstance(request, ReplayRequest)]
    assert replays == [0, 3], "three events a replay, and the sixth came by broadcast"
    assert [event.seq for event in link.events if isinstance(event, LotChanged)] == [1, 2, 3, 4, 5, 6]
    assert link.told(Repaired) == [Repaired(1, "1", 6, 5)]


def test_a_long_hole_is_replayed_answer_by_answer_without_a_pause() -> None:
    house = SmallHouse(1)
    link = live(house)
    house.broadcasts_to_drop = 60
    for _ in range(60):
        house.bid("1", house.lots["1"].minimum_minor)
    house.beat()
    link.run(100, beats=False)
    assert link.told(Repaired) == [Repaired(1, "1", 60, 60)]


def test_only_a_few_repairs_run_at_a_time() -> None:
    house = SmallHouse(3 * REPAIRS_MAX)
    link = live(house)
    house.broadcasts_to_drop = 3 * REPAIRS_MAX
    for lot in house.lots:
        house.open(lot)
    link.holds = lambda frame: b"replay" in frame
    link.run(500)
    assert sum(isinstance(request, ReplayRequest) for request in house.seen) == REPAIRS_MAX
    link.holds = lambda _: False
    link.run(500)
    assert link.session.replica.lots == house.lots


def test_a_hole_that_is_no_longer_at_hand_is_jumped_and_told() -> None:
    house = SmallHouse(2)
    link = live(house)
    house.has_history = False
    house.broadcasts_to_drop = 3
    house.open("1")
    house.bid("1", 100)
    house.announce("x")
    link.run(300)
    assert link.session.replica.lots == house.lots
    assert link.session.replica.sale == house.sale
    assert len(link.told(LotCaughtUp)) == len(link.told(SaleCaughtUp)) == 1
    assert link.told(LotChanged) == link.told(SaleChanged) == link.told(HistoryLost) == []
    check_story(link.events)


# --- notices, time, odd answers ------------------------------------------------------------------------------------


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
    assert notices == [Outbid("1", 2, RIVAL, 110), Lost("1", 3, RIVAL, 110), Won("2", 2, 100)]
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
