"""The server's turn: what leaves when, in which order, and what becomes of it where storing fails."""

import socket
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import msgpack
import pytest
import zmq
from held_sale import Answered, HeldSale, Published, Stored
from house_examples import HOUR_MS, lot, lots

from auctioneer import server
from auctioneer.control import Admit, Announce
from auctioneer.counters import Vitals
from auctioneer.events import LotDecided, MaximumDropped
from auctioneer.journal import DamagedJournalError
from auctioneer.server import (
    BATCH_SUBSCRIPTIONS_MAX,
    EXIT_GRACE_MS,
    FRAMES_MAX,
    PASSED_OVER_MAX,
    STAMP_REQUESTS,
    THAW_EVERY_MS,
    Server,
)
from common.codec import encode, lot_topic, topic
from common.errors import RejectCode
from common.limits import HEARTBEAT_MS, PROTOCOL_VERSION
from common.lot import BidPlaced, ExtendCause, LotExtended
from common.messages import (
    Accepted,
    BidRequest,
    Heartbeat,
    Hello,
    LotEvents,
    Ping,
    Probed,
    Rejected,
    SaleEvents,
)

ANN, BOB = "a" * 40, "b" * 40
ALL_LOTS = b"lot/"
PROBE = topic("~" + "0123456789abcdef")
Opens = Callable[..., HeldSale]


@pytest.fixture
def hold(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Opens]:
    sales: list[HeldSale] = []

    def begin(*args: object, **options: object) -> HeldSale:
        sales.append(HeldSale(monkeypatch, tmp_path, *args, **options))
        return sales[-1]

    yield begin
    for sale in sales:
        sale.close()


def bid(number: int, amount_minor: int, lot: str = "1", **more: object) -> BidRequest:
    return BidRequest(id=number, lot=lot, amount_minor=amount_minor, **more)


# --- the order of effects -------------------------------------------------------------------------------------------


def test_a_bid_is_stored_then_answered_then_broadcast_and_all_at_once(hold: Opens) -> None:
    sale = hold()
    ann = sale.bidder(ANN, "Ann")
    sale.at(100, lambda: sale.ask(ann, bid(10, 1000)))
    sale.run(110)
    then = [one for one in sale.told if one.at_ms == sale.began_ms + 100]
    assert [type(one) for one in then] == [Stored, Answered, Published]
    assert isinstance(then[1].answer, Accepted)
    assert then[2].topic + b"\0" == lot_topic("1")
    assert [type(event) for event in then[2].message.events] == [BidPlaced]


def test_nobody_waits_for_a_snapshot(hold: Opens, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "SNAPSHOT_EVERY_EVENTS", 1)
    monkeypatch.setattr(server, "SNAPSHOT_EVENTS_PER_ENTRY", 0)
    sale = hold()
    ann = sale.bidder(ANN, "Ann")
    sale.at(100, lambda: sale.ask(ann, bid(10, 1000)))
    sale.run(110)
    then = [one for one in sale.told if one.at_ms == sale.began_ms + 100]
    assert [getattr(one, "what", type(one).__name__) for one in then] == ["append", "Answered", "Published", "snapshot"]
    assert 0 <= sale.server.counters.commit_s.sum < 60, "the time that committing took, in seconds"


def test_every_request_of_a_batch_is_stored_answered_and_broadcast(hold: Opens) -> None:
    sale = hold(lots(70))
    ann = sale.bidder(ANN, "Ann")
    sale.at(100, lambda: [sale.ask(ann, bid(9 + number, 1000, str(number))) for number in range(1, 71)])
    sale.run(110)
    (batch,) = [one for one in sale.writes("append") if one.at_ms == sale.began_ms + 100]
    assert [event.lot for event in batch.events] == [str(number) for number in range(1, 71)]
    assert [answer.id for answer in sale.answers(ANN)] == [event.request_id for event in batch.events]
    assert [one.message.lot for one in sale.published(LotEvents)] == [event.lot for event in batch.events]


def test_what_the_auctioneer_says_goes_out_on_the_sale_s_own_topic(hold: Opens) -> None:
    sale = hold()
    sale.at(100, lambda: sale.order(Announce(text="Good evening.")))
    sale.run(110)
    assert [one.topic + b"\0" for one in sale.published(SaleEvents)] == [topic("sale")]


def test_a_bidder_who_is_gone_or_does_not_read_keeps_no_answer_from_others(hold: Opens) -> None:
    sale = hold()
    ann, bob, gone = sale.bidder(ANN, "Ann"), sale.bidder(BOB, "Bob"), sale.line(ANN)

    def all_at_once() -> None:
        sale.requests.full.add(ann.routing_id)
        sale.ask(ann, bid(10, 1000))
        sale.ask(gone, bid(11, 1500))
        sale.ask(bob, bid(10, 1200))
        sale.requests.unplug(gone)

    sale.at(100, all_at_once)
    sale.run(2000)
    assert [answer.id for answer in sale.answers(BOB)] == [10], "once"
    assert sale.answers(ANN) == []
    assert sale.server.counters.answers_not_taken == 2


def test_what_the_clock_does_is_stored_and_broadcast_when_it_is_due(hold: Opens) -> None:
    sale = hold((lot("1", duration_ms=1234),))
    sale.run(2000)
    (batch,) = [one for one in sale.writes("append") if one.at_ms > sale.began_ms]
    (frame,) = sale.published(LotEvents)
    due_ms = sale.began_ms + 1234
    assert (batch.at_ms, batch.events[0].at_ms, frame.at_ms) == (due_ms, due_ms, due_ms)


def test_a_standstill_is_given_back_once_and_counted(hold: Opens) -> None:
    sale = hold(lots(1))
    ann = sale.bidder(ANN, "Ann")
    sale.at(1000, lambda: (sale.ask(ann, bid(10, 1000)), setattr(sale, "slow_ms", 5000)))
    sale.run(8000)
    assert sale.server.counters.standstills == 1
    (extended,) = [event for one in sale.published(LotEvents) for event in one.message.events][1:]
    assert extended.ends_at_ms == sale.began_ms + HOUR_MS + 5000


def test_requests_of_a_long_drain_are_stamped_with_about_the_time_at_which_they_were_read(hold: Opens) -> None:
    sale = hold(lots(100))
    ann = sale.bidder(ANN, "Ann")
    sale.at(50, lambda: setattr(sale, "read_ms", 1))
    sale.at(100, lambda: [sale.ask(ann, bid(9 + number, 1000, str(number))) for number in range(1, 101)])
    sale.run(1000)
    stamps_ms = [answer.at_ms - sale.began_ms for answer in sale.answers(ANN)]
    assert len(stamps_ms) == 100
    assert all(0 <= 100 + 2 * place - at_ms <= 2 * STAMP_REQUESTS for place, at_ms in enumerate(stamps_ms, 1))


# --- budgets and strangers --------------------------------------------------------------------------------------------


def test_who_goes_on_beyond_every_budget_gets_silence_and_keeps_nobody_waiting(hold: Opens) -> None:
    sale = hold()
    ann, bob = sale.bidder(ANN, "Ann"), sale.bidder(BOB, "Bob")
    sale.at(100, lambda: [sale.ask(ann, Ping(id=2 + number)) for number in range(2500)])
    read: list[int] = []

    def both() -> None:
        read.append(sale.reads)
        sale.ask(bob, Ping(id=7))
        for number in range(400):
            sale.ask(ann, Ping(id=3000 + number))

    sale.at(110, both)
    sale.run(200)
    assert len(sale.answers(ANN)) < 2100
    (answered,) = [
        one.reads for one in sale.told if isinstance(one, Answered) and one.key == BOB and one.answer.id == 7
    ]
    assert read[0] < answered <= read[0] + 1 + PASSED_OVER_MAX + 10, "some ten are in the budget again"


@pytest.mark.parametrize(("frames", "is_cut_off"), [(2, False), (FRAMES_MAX - 1, False), (FRAMES_MAX, True)])
def test_a_message_of_several_frames_is_passed_over_and_of_very_many_ends_the_connection(
    frames: int, is_cut_off: bool
) -> None:
    context = zmq.Context()
    try:
        router, dealer = context.socket(zmq.ROUTER), context.socket(zmq.DEALER)
        router.rcvtimeo = 10_000
        dealer.connect(f"tcp://127.0.0.1:{router.bind_to_random_port('tcp://127.0.0.1')}")
        disconnected = dealer.get_monitor_socket(zmq.EVENT_DISCONNECTED)
        dealer.send_multipart([b"x"] * frames)
        sender = router.recv()
        assert router.recv(copy=False).more
        assert Server._no_body(router) == b""
        assert not router.getsockopt(zmq.RCVMORE), "all of it was read"
        assert bool(disconnected.poll(10_000 if is_cut_off else 0)) is is_cut_off
        dealer.send(b"again")
        assert (router.recv() == sender) is not is_cut_off
    finally:
        context.destroy(linger=0)


def test_nobody_is_heard_whose_key_is_not_known(hold: Opens) -> None:
    sale = hold()
    sale.bidder("", "Ann")
    sale.run(100)
    assert not [one for one in sale.told if isinstance(one, Answered)]


def test_a_command_of_a_key_that_is_not_on_the_list_is_refused(hold: Opens) -> None:
    sale = hold()
    sale.at(100, lambda: sale.order(Announce(text="x"), key=ANN))
    sale.run(200)
    (answer,) = [msgpack.unpackb(one.answer) for one in sale.told if isinstance(one, Answered)]
    assert (answer["type"], answer["code"]) == ("rejected", "forbidden")
    assert not sale.published(SaleEvents)


# --- pacing ---------------------------------------------------------------------------------------------------------


def test_while_the_publisher_is_busy_changes_wait_and_share_a_frame(
    hold: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "ENCRYPTED_DELIVERY_US", 100_000.0)
    sale = hold()
    ann, bob = sale.bidder(ANN, "Ann"), sale.bidder(BOB, "Bob")
    sale.at(5, lambda: sale.listener(ANN, ALL_LOTS))
    sale.at(100, lambda: sale.ask(ann, bid(10, 1000)))
    sale.at(130, lambda: sale.ask(ann, bid(11, 1000, "2")))
    sale.at(160, lambda: sale.ask(bob, bid(12, 1100)))
    sale.at(190, lambda: sale.ask(ann, bid(13, 1200)))
    sale.run(400)
    frames = [(one.at_ms - sale.began_ms, one.message) for one in sale.published(LotEvents)]
    assert [(at_ms, message.lot, len(message.events)) for at_ms, message in frames] == [
        (100, "1", 1),
        (200, "2", 1),
        (200, "1", 2),
    ]


def test_a_heartbeat_names_nothing_that_was_not_broadcast(hold: Opens, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "ENCRYPTED_DELIVERY_US", 450_000.0)
    sale = hold(lots(1))
    ann, bob = sale.bidder(ANN, "Ann"), sale.bidder(BOB, "Bob")
    sale.at(5, lambda: sale.listener(ANN, ALL_LOTS))
    for place in range(30):
        sale.at(
            100 + 50 * place,
            lambda place=place: sale.ask((ann, bob)[place % 2], bid(10 + place, 1000 + 100 * place)),
        )
    sale.run(3000)
    told_seq = held = 0
    for one in sale.told:
        if isinstance(one, Published) and isinstance(one.message, LotEvents):
            told_seq = one.message.events[-1].seq
            held += len(one.message.events) > 1
        elif isinstance(one, Published) and isinstance(one.message, Heartbeat) and one.at_ms > sale.began_ms:
            assert one.message.lots["1"] <= told_seq
    assert told_seq == 31, "an opening and thirty bids"
    assert held, "nothing was ever held"


def test_who_left_the_broadcasts_holds_nobody_up(hold: Opens, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "ENCRYPTED_DELIVERY_US", 100_000.0)
    sale = hold()
    ann = sale.bidder(ANN, "Ann")
    sale.at(5, lambda: sale.listener(ANN, ALL_LOTS))
    sale.at(10, lambda: sale.connections[-1].close())
    for place, delay_ms in enumerate((1900, 1920)):
        sale.at(delay_ms, lambda place=place: sale.ask(ann, bid(10 + place, 1000, str(1 + place))))
    sale.run(2000)
    assert [one.at_ms - sale.began_ms for one in sale.published(LotEvents)] == [1900, 1920]


# --- heartbeats -----------------------------------------------------------------------------------------------------


def test_heartbeats_come_as_often_as_promised_also_while_frozen(hold: Opens) -> None:
    sale = hold()
    sale.at(2000, lambda: sale.failing.update(("append", "mark", "open")))
    sale.run(9000)
    beats = [one.at_ms for one in sale.published(Heartbeat)]
    assert max(after - before for before, after in pairwise(beats)) <= HEARTBEAT_MS
    assert [one.message.frozen for one in sale.published(Heartbeat)][-1]


def test_life_is_noted_only_where_nothing_else_was_stored(hold: Opens) -> None:
    sale = hold(lots(40))
    ann = sale.bidder(ANN, "Ann")
    for place in range(20):
        sale.at(100 + 250 * place, lambda place=place: sale.ask(ann, bid(10 + place, 1000, str(1 + place))))
    sale.run(8000)
    marks = [one.at_ms - sale.began_ms for one in sale.writes("mark")]
    assert marks, "a quiet house is alive too"
    assert min(marks) > 5000
    assert max(after - before for before, after in pairwise(marks)) <= HEARTBEAT_MS


def test_a_house_whose_start_took_long_is_not_heard_before_its_life_is_noted(hold: Opens) -> None:
    """What is given back after the next crash is counted from there, and nobody was kept from bidding since."""
    sale = hold((lot("1", by_hand=True),))
    ann = sale.bidder(ANN, "Ann")
    sale.at(500, lambda: (sale.failing.add("append"), sale.ask(ann, bid(10, 1000))))
    sale.at(600, lambda: (sale.failing.clear(), setattr(sale, "slow_ms", 5000)))
    sale.run(7000)
    back_ms = next(one.at_ms for one in sale.published(Heartbeat) if one.at_ms > sale.began_ms + 5000)
    assert next(one.at_ms for one in sale.writes("mark")) == back_ms


def test_the_maximum_of_who_fell_silent_is_dropped_and_stored_at_once(hold: Opens) -> None:
    sale = hold()
    ann = sale.bidder(ANN, "Ann")
    request = BidRequest(id=10, lot="1", maximum_minor=5000, while_connected=True)
    sale.at(100, lambda: sale.ask(ann, request))
    sale.run(13_000)
    dropped = [(one.at_ms, event) for one in sale.writes("append") for event in one.events]
    ((at_ms, event),) = [(at_ms, event) for at_ms, event in dropped if isinstance(event, MaximumDropped)]
    assert event.at_ms == at_ms


# --- where storing fails --------------------------------------------------------------------------------------------


def frozen_at_500(hold: Opens, **options: object) -> HeldSale:
    """Return a sale in which the disk fails a bid and a command at 500 ms and works again at 1800 ms."""
    sale = hold(**options)
    ann = sale.bidder(ANN, "Ann")
    sale.at(100, lambda: sale.order(Announce(text="Good evening.")))
    sale.at(500, lambda: sale.failing.update(("append", "open")))
    sale.at(500, lambda: (sale.ask(ann, bid(10, 1000)), sale.order(Announce(id=7, text="No more."))))
    sale.at(
        1000, lambda: (sale.ask(ann, bid(11, 1000)), ann.send(b"\x81\xa2id\x05"), sale.order(Announce(id=8, text="x")))
    )
    sale.at(1800, sale.failing.clear)
    return sale


def test_what_could_not_be_stored_was_not_decided_and_is_to_be_asked_again(hold: Opens) -> None:
    sale = frozen_at_500(hold)
    closed: list[int] = []
    sale.at(1200, lambda: closed.append(sale.closed))
    sale.run(1790)
    answers = sale.answers(ANN)
    assert [(type(answer), answer.id, answer.code, answer.retry_ms) for answer in answers] == [
        (Rejected, number, RejectCode.UNAVAILABLE, THAW_EVERY_MS) for number in (10, 11, 5)
    ]
    to_chair = [msgpack.unpackb(one.answer) for one in sale.told if isinstance(one, Answered) and one.key not in (ANN,)]
    assert [(answer["id"], answer.get("code")) for answer in to_chair] == [
        (1, None),
        (7, "unavailable"),
        (8, "unavailable"),
    ]
    assert not sale.published(LotEvents)
    assert len(sale.published(SaleEvents)) == 1
    assert sale.server.counters.freezes == 1
    assert sale.server.vitals().is_frozen
    assert closed == [1], "a frozen house has let go of the journal"


def test_a_frozen_house_tells_so_with_what_was_last_true(hold: Opens) -> None:
    sale = frozen_at_500(hold)
    sale.run(1790)
    (said,) = [one.message.events[-1] for one in sale.published(SaleEvents)]
    frozen = [one.message for one in sale.published(Heartbeat) if one.message.frozen]
    assert {(beat.sale_seq, beat.epoch, beat.instance) for beat in frozen} == {(said.seq, 1, "instance")}


def test_a_house_that_freezes_in_its_first_turn_tells_what_it_took_up(hold: Opens) -> None:
    sale = hold(lots(3))
    sale.failing.update(("append", "open"))
    sale.run(1000)
    beats = [one.message for one in sale.published(Heartbeat)]
    assert {(beat.frozen, beat.sale_seq) for beat in beats} == {(True, 3)}
    assert [one.more["reason"] for one in sale.logged if one.what == "frozen"] == [
        "The journal can't be written (disk I/O error)."
    ]


def test_a_frozen_house_tries_again_now_and_then_until_it_can_store(hold: Opens) -> None:
    sale = frozen_at_500(hold)
    sale.at(600, lambda: sale.platter.snapshots.update({1: (b"", b"")}))
    sale.run(3000)
    assert sale.failed == 3, "once it failed to store, and two times to open"
    assert sale.opened == 2, "at the start, and when the disk worked again"
    assert not sale.server.vitals().is_frozen
    logged = [one.what for one in sale.logged]
    assert [one.more for one in sale.logged if one.what == "snapshot_passed_over"] == [{"reason": "it is not sound"}]
    assert (logged.count("frozen"), logged.count("still_frozen"), logged.count("thawed")) == (1, 2, 1)


def test_open_lots_get_the_frozen_time_back_and_everybody_is_told(hold: Opens) -> None:
    sale = frozen_at_500(hold)
    sale.run(3000)
    stored = [event for one in sale.writes("append") for event in one.events if isinstance(event, LotDecided)]
    given_back = [event.change for event in stored if isinstance(event.change, LotExtended)]
    assert {change.cause for change in given_back} == {ExtendCause.OUTAGE}
    told = [event for one in sale.published(LotEvents) for event in one.message.events]
    assert told == given_back
    assert len(told) == 2


def test_what_storing_the_new_start_takes_is_given_back_too(hold: Opens) -> None:
    sale = hold(lots(1))
    ann = sale.bidder(ANN, "Ann")
    sale.at(500, lambda: (sale.failing.add("append"), sale.ask(ann, bid(10, 1000))))
    sale.at(600, lambda: (sale.failing.clear(), setattr(sale, "slow_ms", 5000)))
    sale.run(8000)
    (opened,) = [
        event.change for one in sale.writes("append") for event in one.events if isinstance(event, LotDecided)
    ][:1]
    told = [event for one in sale.published(LotEvents) for event in one.message.events]
    assert {event.cause for event in told} == {ExtendCause.OUTAGE}
    assert 5000 <= told[-1].ends_at_ms - opened.ends_at_ms <= 6000


def test_a_mark_that_can_not_be_stored_freezes_too(hold: Opens) -> None:
    sale = hold()
    sale.at(500, lambda: sale.failing.update(("mark", "open")))
    frozen: list[bool] = []
    sale.at(1700, lambda: frozen.append(sale.server.vitals().is_frozen))
    sale.run(2000)
    assert frozen == [True]


def test_a_snapshot_that_failed_is_told_and_harms_nobody(hold: Opens, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "SNAPSHOT_EVERY_EVENTS", 1)
    monkeypatch.setattr(server, "SNAPSHOT_EVENTS_PER_ENTRY", 0)
    sale = hold()
    sale.snapshot_fault = "no space left"
    stood: list[Vitals] = []
    sale.at(1000, lambda: stood.append(sale.server.vitals()))
    sale.run(1100)
    failures = [one.more for one in sale.logged if one.what == "snapshot_failed"]
    assert failures
    assert all(failure == {"reason": "no space left"} for failure in failures)
    assert sale.server.counters.snapshot_failures == len(failures)
    assert (stood[0].is_frozen, stood[0].snapshot_age_ms) == (False, 1000)
    assert stood[0].events_since_snapshot == stood[0].position


def test_what_was_held_when_the_disk_failed_is_broadcast_before_what_the_outage_did(
    hold: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bid is stored, and held since the publisher is busy; what comes in the same moment can't be stored."""
    monkeypatch.setattr(server, "ENCRYPTED_DELIVERY_US", 500_000.0)
    sale = hold(lots(1))
    ann, bob = sale.bidder(ANN, "Ann"), sale.bidder(BOB, "Bob")
    sale.at(5, lambda: sale.listener(ANN, ALL_LOTS))
    # The heartbeat at 800 ms flushes the second bid, so that the publisher is busy until after the thaw.
    sale.at(750, lambda: sale.ask(ann, bid(10, 1000)))
    sale.at(790, lambda: sale.ask(bob, bid(10, 1100)))
    sale.at(850, lambda: sale.ask(ann, bid(11, 1200)))
    sale.at(850, lambda: (sale.failing.add("append"), sale.ask(bob, bid(11, 1300))))
    sale.at(900, sale.failing.clear)
    sale.run(3000)
    assert sale.server.counters.freezes == 1
    told = [event for one in sale.published(LotEvents) for event in one.message.events]
    assert [type(event) for event in told] == [BidPlaced, BidPlaced, BidPlaced, LotExtended]
    assert [event.seq for event in told] == [2, 3, 4, 5]


def test_a_damaged_journal_is_not_waited_for(hold: Opens) -> None:
    sale = hold()
    ann = sale.bidder(ANN, "Ann")
    sale.at(100, lambda: (sale.failing.update(("append", "damaged")), sale.ask(ann, bid(10, 1000))))
    with pytest.raises(DamagedJournalError):
        sale.run(3000)
    assert [answer.code for answer in sale.answers(ANN)] == [RejectCode.UNAVAILABLE]


# --- snapshots and the end ------------------------------------------------------------------------------------------


def test_a_snapshot_is_taken_after_so_many_events_and_more_where_there_are_many_lots(
    hold: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "SNAPSHOT_EVERY_EVENTS", 10)
    monkeypatch.setattr(server, "SNAPSHOT_EVENTS_PER_ENTRY", 1)
    every = 10
    for count in (1, 15):
        sale = hold(lots(count))
        due, begun = max(every, count), []
        people = sale.bidder(ANN, "Ann"), sale.bidder(BOB, "Bob")
        for place in range(40):
            sale.at(
                100 + 10 * place,
                lambda place=place, sale=sale, people=people: sale.ask(
                    people[place % 2], bid(10 + place, 1000 + 100 * place)
                ),
            )
        sale.run(600)
        for batch in sale.writes("append")[2:]:  # the catalogue and the start came before
            if batch.position >= due:
                begun.append(batch.position)
                due = batch.position + max(every, count + 2)
        last = max(sale.platter.ends)
        assert [one.position for one in sale.writes("snapshot")] == [*begun, last], "and one at the end"
        assert len(begun) > 2


def test_a_server_that_is_stopped_tells_what_it_held_and_lets_go_of_the_journal(
    hold: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "ENCRYPTED_DELIVERY_US", 400_000.0)
    sale = hold()
    ann, bob = sale.bidder(ANN, "Ann"), sale.bidder(BOB, "Bob")
    sale.at(5, lambda: sale.listener(ANN, ALL_LOTS))
    sale.at(100, lambda: sale.ask(ann, bid(10, 1000)))
    sale.at(150, lambda: sale.ask(bob, bid(10, 1100)))
    sale.run(160)
    assert [one.message.events[-1].seq for one in sale.published(LotEvents)] == [2, 3]
    assert sale.closed == sale.opened
    assert (sale.logged[-1].what, sale.logged[-1].more) == ("stopped", {"unfinished_lots": 2})


@pytest.mark.parametrize("asked_for", [True, False])
def test_a_server_ends_by_itself_a_while_after_the_sale_if_that_was_asked_for(hold: Opens, asked_for: bool) -> None:
    sale = hold((lot("1", duration_ms=1000),), ends_after_last_lot=True, exit_when_ended=asked_for)
    sale.run(8000)
    assert sale.world.now_ms - sale.began_ms == pytest.approx(1000 + EXIT_GRACE_MS if asked_for else 8000, abs=900)


# --- who is who -----------------------------------------------------------------------------------------------------


def test_without_encryption_a_connection_is_who_its_first_hello_says(hold: Opens) -> None:
    sale = hold(is_encrypted=False)

    def hello(number: int, key: str, name: str) -> bytes:
        return encode(Hello(id=number, versions=(PROTOCOL_VERSION,), name=name, key=key))

    first, second, other = sale.line("1"), sale.line("2"), sale.line("3")
    for line, body in (
        (first, hello(2, ANN, "Ann")),
        (second, hello(2, ANN, "")),
        (other, hello(2, "", "Cat")),
        (sale.line("4"), hello(2, "", "Dan")),
        (first, hello(3, BOB, "")),
    ):
        line.send(body)
    sale.run(100)
    paddles = [(one.key, one.answer.paddle) for one in sale.told if isinstance(one, Answered)]
    assert paddles == [("1", 1), ("2", 1), ("3", 2), ("4", 3), ("1", 1)]


def test_who_is_turned_out_hears_no_more(hold: Opens) -> None:
    sale = hold()
    sale.bidder(ANN, "Ann")
    sale.bidder(BOB, "Bob")
    far: dict[str, socket.socket] = {}
    sale.at(5, lambda: far.update({key: sale.listener(key, ALL_LOTS)[1] for key in (ANN, BOB)}))
    sale.at(100, lambda: sale.order(Admit(bidder="Bob", admitted=True)))
    sale.at(110, lambda: sale.order(Admit(bidder="Ann", admitted=False)))
    sale.run(200)
    for one in far.values():
        one.settimeout(0.2)
    assert far[ANN].recv(1) == b"", "the connection was ended"
    with pytest.raises(TimeoutError):
        far[BOB].recv(1)


def test_who_asks_for_more_broadcasts_than_the_budget_has_is_cut_off(hold: Opens) -> None:
    sale = hold()
    sale.bidder(ANN, "Ann")
    sale.at(5, lambda: sale.listener(ANN, *[b"lot/%d\0" % number for number in range(1200)]))
    sale.run(200)
    assert set(sale.turned_away) == {ANN}


def test_a_probe_is_answered_on_its_own_topic_and_forgotten(hold: Opens) -> None:
    sale = hold()
    sale.bidder(ANN, "Ann")
    lines = []
    sale.at(5, lambda: lines.append(sale.listener(ANN, ALL_LOTS, PROBE)[0]))
    sale.run(100)
    assert [one.topic + b"\0" for one in sale.published(Probed)] == [PROBE]
    assert lines[0].topics == {ALL_LOTS}


def test_a_crowd_of_listeners_keeps_a_bid_waiting_for_a_part_of_it_only(hold: Opens) -> None:
    sale = hold()
    ann = sale.bidder(ANN, "Ann")
    probes = [topic(f"~{number:016x}") for number in range(BATCH_SUBSCRIPTIONS_MAX + 1)]
    sale.at(100, lambda: (sale.listener(ANN, *probes), sale.ask(ann, bid(10, 1000))))
    sale.run(110)
    then = [type(one) for one in sale.told if one.at_ms == sale.began_ms + 100]
    assert then == [*[Published] * BATCH_SUBSCRIPTIONS_MAX, Stored, Answered, Published, Published]


def test_who_is_not_admitted_hears_nothing(hold: Opens) -> None:
    sale = hold()
    lines = []
    sale.at(5, lambda: lines.append(sale.listener(ANN, ALL_LOTS, PROBE)[0]))
    sale.run(100)
    assert not sale.published(Probed)
    assert not lines[0].topics


# --- what is told to those who run it -------------------------------------------------------------------------------


def test_vitals_tell_how_the_server_stands(hold: Opens) -> None:
    sale = hold()
    ann = sale.bidder(ANN, "Ann")
    stood: list[Vitals] = []
    sale.at(1000, lambda: sale.ask(ann, bid(10, 1000)))
    sale.at(1300, lambda: stood.append(sale.server.vitals()))
    sale.run(1400)
    (vitals,) = stood
    position = max(one.position for one in sale.writes("append"))
    assert vitals == Vitals(
        is_frozen=False,
        epoch=1,
        instance="instance",
        position=position,
        lots=vitals.lots,
        bidders=1,
        turn_age_ms=300,
        commit_age_ms=300,
        snapshot_age_ms=1300,
        events_since_snapshot=position,
    )
    assert [one.view.lot for one in vitals.lots] == ["1", "2"]


@pytest.mark.parametrize("logs_bids", [True, False])
def test_what_is_logged_bears_its_position_in_the_journal(hold: Opens, logs_bids: bool) -> None:
    sale = hold(logs_bids=logs_bids)
    ann = sale.bidder(ANN, "Ann")
    sale.at(100, lambda: [sale.ask(ann, bid(number, amount)) for number, amount in ((10, 1000), (11, 1), (12, 5000))])
    sale.at(200, lambda: sale.order(Announce(text="Good evening.")))
    sale.run(300)
    events = [event for one in sale.writes("append") for event in one.events]
    placed = {one.what: one.more.get("position") for one in sale.logged}
    kinds = [type(event).__name__ for event in events]
    assert placed["house_started"] == 1 + kinds.index("HouseStarted")
    assert placed["bidder"] == 1 + kinds.index("BidderEnrolled")
    assert placed["announced"] == len(events)
    assert placed.get("bid") == (1 + kinds.index("BidTaken") if logs_bids else None)
    assert ("bid_refused" in placed) is logs_bids
