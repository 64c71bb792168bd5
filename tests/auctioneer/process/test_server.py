"""The server's turn: what leaves when, in which order, until it is stopped; and what it tells those who run it."""

from functools import partial

import pytest

from auctioneer.house.commands import Announce
from auctioneer.monitoring.counters import Vitals
from auctioneer.process import held_sale, server
from auctioneer.process.server import EXIT_GRACE_MS, STAMP_REQUESTS
from auctioneer.rules.facts import BidTaken
from common.codec import lot_topic, topic
from common.lot_events import LotExtended, LotMoved
from common.messages import Accepted, LotEvents, SaleEvents
from tests.auctioneer.house.house_examples import ANN, BOB, HOUR_MS, lot, lots
from tests.auctioneer.process.served_sale import Answered, Opens, Published, Stored, bid
from tests.must_be import must_be

ALL_LOTS = b"lot/"


# --- the order of effects ------------------------------------------------------------------------------------------


def test_a_bid_is_stored_then_answered_then_broadcast_and_all_at_once(hold: Opens) -> None:
    sale = hold()
    ann = sale.bidder(ANN, "Ann")
    sale.at(100, lambda: sale.ask(ann, bid(10, 1000)))
    sale.run(110)
    then = [one for one in sale.told if one.at_ms == sale.began_ms + 100]
    assert [type(one) for one in then] == [Stored, Answered, Published]
    _, answered, told = then
    assert isinstance(answered, Answered)
    assert isinstance(answered.answer, Accepted)
    assert isinstance(told, Published)
    assert told.topic + b"\0" == lot_topic("1")
    assert [type(fact) for fact in must_be(LotEvents, told.message).events] == [LotMoved]


def test_nobody_waits_for_a_snapshot(hold: Opens, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held_sale, "SNAPSHOT_EVERY_FACTS", 1)
    monkeypatch.setattr(held_sale, "SNAPSHOT_FACTS_PER_ENTRY", 0)
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
    sale.at(100, *[partial(sale.ask, ann, bid(9 + number, 1000, str(number))) for number in range(1, 71)])
    sale.run(110)
    (batch,) = [one for one in sale.writes("append") if one.at_ms == sale.began_ms + 100]
    assert [fact.lot for fact in batch.facts] == [str(number) for number in range(1, 71)]
    assert [answer.id for answer in sale.answers(ANN)] == [must_be(BidTaken, fact).request_id for fact in batch.facts]
    assert [one.message.lot for one in sale.published(LotEvents)] == [fact.lot for fact in batch.facts]


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
    assert (batch.at_ms, batch.facts[0].at_ms, frame.at_ms) == (due_ms, due_ms, due_ms)


def test_a_standstill_is_given_back_once_and_counted(hold: Opens) -> None:
    sale = hold(lots(1))
    ann = sale.bidder(ANN, "Ann")
    sale.at(1000, lambda: sale.ask(ann, bid(10, 1000)), lambda: setattr(sale, "slow_ms", 5000))
    sale.run(8000)
    assert sale.server.counters.standstills == 1
    assert [one.more for one in sale.logged if one.what == "standstill"] == [{"ms": 5000, "position": 8}]
    (extended,) = [fact for one in sale.published(LotEvents) for fact in one.message.events][1:]
    assert must_be(LotExtended, extended).ends_at_ms == sale.began_ms + HOUR_MS + 5000


def test_requests_of_a_long_drain_are_stamped_with_about_the_time_at_which_they_were_read(hold: Opens) -> None:
    sale = hold(lots(100))
    ann = sale.bidder(ANN, "Ann")
    sale.at(50, lambda: setattr(sale, "read_ms", 1))
    sale.at(100, *[partial(sale.ask, ann, bid(9 + number, 1000, str(number))) for number in range(1, 101)])
    sale.run(1000)
    stamps_ms = [must_be(Accepted, answer).at_ms - sale.began_ms for answer in sale.answers(ANN)]
    assert len(stamps_ms) == 100
    assert all(0 <= 100 + 2 * place - at_ms <= 2 * STAMP_REQUESTS for place, at_ms in enumerate(stamps_ms, 1))


# --- snapshots and the end -----------------------------------------------------------------------------------------


def test_a_snapshot_is_taken_after_so_many_events_and_more_where_there_are_many_lots(
    hold: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held_sale, "SNAPSHOT_EVERY_FACTS", 10)
    monkeypatch.setattr(held_sale, "SNAPSHOT_FACTS_PER_ENTRY", 1)
    every = 10
    for count in (1, 15):
        sale = hold(lots(count))
        due, begun = max(every, count), []
        people = sale.bidder(ANN, "Ann"), sale.bidder(BOB, "Bob")
        for place in range(40):
            sale.at(
                100 + 10 * place,
                partial(sale.ask, people[place % 2], bid(10 + place, 1000 + 100 * place)),
            )
        sale.run(600)
        for batch in sale.writes("append")[2:]:  # the catalogue and the start came before
            if batch.position >= due:
                begun.append(batch.position)
                due = batch.position + max(every, count + 2)
        last = sale.disk.end.position
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


# --- what is told to those who run it ------------------------------------------------------------------------------


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
        term=1,
        clock_ahead_ms=0,
        events_since_snapshot=position,
    )
    assert [one.view.lot for one in vitals.lots] == ["1", "2"]


@pytest.mark.parametrize("logs_bids", [True, False])
def test_what_is_logged_bears_its_position_in_the_journal(hold: Opens, logs_bids: bool) -> None:
    sale = hold(logs_bids=logs_bids)
    ann = sale.bidder(ANN, "Ann")
    sale.at(100, *[partial(sale.ask, ann, bid(number, amount)) for number, amount in ((10, 1000), (11, 1), (12, 5000))])
    sale.at(200, lambda: sale.order(Announce(text="Good evening.")))
    sale.run(300)
    facts = [fact for one in sale.writes("append") for fact in one.facts]
    placed = {one.what: one.more.get("position") for one in sale.logged}
    kinds = [type(fact).__name__ for fact in facts]
    assert placed["house_started"] == 1 + kinds.index("HouseStarted")
    assert placed["bidder"] == 1 + kinds.index("BidderEnrolled")
    assert placed["announced"] == 1 + kinds.index("SaleDecided")
    assert placed.get("bid") == (1 + kinds.index("BidTaken") if logs_bids else None)
    assert ("bid_refused" in placed) is logs_bids
