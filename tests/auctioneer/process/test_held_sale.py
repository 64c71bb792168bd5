"""A sale on a store that finishes its commits later: nothing leaves before it is durable, and nothing is lost."""

from collections.abc import Sequence
from contextlib import closing
from functools import partial
from typing import Any

import msgspec
import pytest

from auctioneer.audit.invariants import check_same_state
from auctioneer.house.commands import Announce, Ask
from auctioneer.house.house import Batch, House
from auctioneer.house.settings import HouseSettings
from auctioneer.house.state import HouseState
from auctioneer.journal import ChainEnd
from auctioneer.process import held_sale
from auctioneer.process.held_sale import BATCH_REQUESTS_MAX, COMMIT_FACTS_PER_MS, COMMIT_MS_MAX, THAW_EVERY_MS
from auctioneer.rules.facts import AnyFact, BidTaken, HouseStoodStill, LotDecided
from auctioneer.rules.lots import LotState
from auctioneer.rules.terms import LotSpec, Opening, OpeningRule
from common.errors import RejectCode
from common.limits import PROTOCOL_VERSION
from common.lot_events import LotClosed, LotMoved
from common.messages import (
    Accepted,
    AnyRequest,
    Heartbeat,
    Hello,
    LotEvents,
    LotRequest,
    MineRequest,
    Ping,
    Rejected,
    Replay,
    ReplayRequest,
    SaleEvents,
    SnapshotRequest,
)
from tests.auctioneer.house.house_examples import ANN, BOB, lot
from tests.auctioneer.process.served_sale import NEVER_MS, Answered, Opens, Published, ServedSale, Stored, bid
from tests.must_be import must_be
from tests.simulation.disk import FaultyJournal
from tests.simulation.premises import CHAIR

READS: list[AnyRequest] = [
    Ping(id=20),
    SnapshotRequest(id=21),
    LotRequest(id=22, lot="1"),
    ReplayRequest(id=23, lot="1", after_seq=1),
    MineRequest(id=24),
    Hello(id=25, versions=(PROTOCOL_VERSION,)),
]


def late(hold: Opens, commit_ms: int, specs: tuple[LotSpec, ...] = ()) -> ServedSale:
    """Return a sale whose store takes `commit_ms` for each commit that begins from 400 ms on."""
    sale = hold(specs, commit_ms=0)
    sale.at(400, lambda: setattr(sale, "commit_ms", commit_ms))
    return sale


def answered_at(sale: ServedSale, key: str) -> dict[int, int]:
    """Return when (since the server began) a key got the answers to its requests, by their ids."""
    mine = [one for one in sale.told if isinstance(one, Answered) and one.key == key]
    return {one.request_id: one.at_ms - sale.began_ms for one in mine}


def facts_of(sale: ServedSale) -> list[AnyFact]:
    with closing(sale.disk.read()) as record:
        return [fact for _, fact in record.read()]


# --- what waits ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("request_", READS, ids=lambda request: type(request).__name__)
def test_an_answer_that_may_show_what_is_not_durable_waits_for_it(hold: Opens, request_: AnyRequest) -> None:
    """It comes in a turn that has nothing to store of its own."""
    sale = late(hold, 100)
    ann, bob = sale.bidder(ANN, "Ann"), sale.bidder(BOB, "Bob")
    sale.at(500, lambda: sale.ask(ann, bid(10, 1000)))
    sale.at(550, lambda: sale.ask(bob, request_))
    sale.run(700)
    assert answered_at(sale, BOB)[request_.id] >= 600
    assert answered_at(sale, ANN)[10] >= 600


def test_a_repeat_and_a_rejection_and_a_commands_answer_wait_too(hold: Opens) -> None:
    sale = late(hold, 100)
    ann, bob = sale.bidder(ANN, "Ann"), sale.bidder(BOB, "Bob")
    sale.at(500, lambda: sale.ask(ann, bid(10, 1000)))
    sale.at(520, lambda: sale.ask(ann, bid(10, 1000)), lambda: sale.order(Ask(id=7, report="lots")))
    sale.at(560, lambda: sale.ask(bob, bid(11, 1000)), lambda: sale.ask(bob, LotRequest(id=12, lot="1")))
    sale.run(900)
    verdicts = [one for one in sale.told if isinstance(one, Answered) and one.key == ANN][-2:]
    assert [one.answer for one in verdicts] == [verdicts[0].answer] * 2, "the bid's, and the repeat's"
    assert {one.at_ms - sale.began_ms for one in verdicts} == {600}
    assert answered_at(sale, CHAIR)[7] == 600
    assert answered_at(sale, BOB) == {1: answered_at(sale, BOB)[1], 11: 700, 12: 700}, "theirs is the next batch"


def test_all_that_leaves_comes_after_what_it_tells_was_stored(hold: Opens) -> None:
    sale = late(hold, 30)
    ann, bob = sale.bidder(ANN, "Ann"), sale.bidder(BOB, "Bob")
    for place in range(20):
        sale.at(500 + 7 * place, partial(sale.ask, (ann, bob)[place % 2], bid(10 + place, 1000 + 100 * place)))
    sale.run(1500)
    durable: set[tuple[str, int]] = set()
    leaders = 0
    for one in sale.told:
        if isinstance(one, Stored):
            durable |= {(fact.lot, fact.seq) for fact in one.facts}
        elif isinstance(one, Answered) and isinstance(one.answer, Accepted):
            assert (one.answer.lot, one.answer.seq) in durable
            leaders += 1
        elif isinstance(one, Published) and isinstance(one.message, LotEvents):
            assert all((one.message.lot, event.seq) in durable for event in one.message.events)
    assert leaders == 20


def test_the_store_works_at_the_next_batch_while_the_answers_of_the_last_leave(
    hold: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    sale = late(hold, 100)
    begun: list[int] = []
    begin = FaultyJournal.begin

    def begin_and_note(journal: FaultyJournal, facts: Sequence[AnyFact], *rest: Any) -> int:
        begun.extend(len(sale.told) for fact in facts if isinstance(fact, BidTaken))
        return begin(journal, facts, *rest)

    monkeypatch.setattr(FaultyJournal, "begin", begin_and_note)
    ann, bob = sale.bidder(ANN, "Ann"), sale.bidder(BOB, "Bob")
    sale.at(500, lambda: sale.ask(ann, bid(10, 1000)))
    sale.at(550, lambda: sale.ask(bob, bid(11, 1100)))
    sale.run(900)
    (first,) = (at for at, one in enumerate(sale.told) if isinstance(one, Answered) and one.request_id == 10)
    assert len(begun) == 2
    assert begun[1] <= first


def test_a_sign_of_life_that_is_under_way_keeps_no_answer_waiting(hold: Opens) -> None:
    sale = late(hold, 700)
    bob = sale.bidder(BOB, "Bob")
    sale.at(1000, lambda: sale.ask(bob, LotRequest(id=12, lot="1")))
    sale.run(1900)
    assert answered_at(sale, BOB)[12] == 1000
    (beat,) = [one.message for one in sale.published(Heartbeat) if one.at_ms - sale.began_ms == 1600]
    assert beat.lots


def test_where_nothing_is_under_way_an_answer_leaves_at_once(hold: Opens) -> None:
    sale = late(hold, 100)
    bob = sale.bidder(BOB, "Bob")
    sale.at(500, lambda: sale.ask(bob, LotRequest(id=12, lot="1")))
    sale.run(700)
    assert answered_at(sale, BOB)[12] == 500


def test_a_replay_and_a_heartbeat_know_a_batch_when_it_is_stored(hold: Opens) -> None:
    sale = late(hold, 950)
    ann, bob = sale.bidder(ANN, "Ann"), sale.bidder(BOB, "Bob")
    sale.at(500, lambda: sale.ask(ann, bid(10, 1000)), lambda: sale.order(Announce(id=7, text="Good evening.")))
    sale.at(510, lambda: sale.ask(bob, ReplayRequest(id=20, lot="1", after_seq=0)))
    sale.run(2600)
    beats = sale.published(Heartbeat)
    during = [one.message for one in beats if 500 < one.at_ms - sale.began_ms < 1450]
    after = [one.message for one in beats if one.at_ms - sale.began_ms >= 2300]
    assert [(beat.lots, beat.frozen) for beat in during] == [((), False)], "on time, and without lots"
    (told,) = [one for one in sale.published(SaleEvents) if one.message.events[-1].seq > during[0].sale_seq]
    assert told.at_ms - sale.began_ms == 1450, "the announcement was not durable when the heartbeat came"
    assert after
    assert all(beat.lots and beat.sale_seq == during[0].sale_seq + 1 for beat in after)
    (replay,) = [must_be(Replay, one) for one in sale.answers(BOB) if one.id == 20]
    assert [event.seq for event in replay.lot_events] == [1]
    assert replay.more, "there is more, and its broadcast is on its way"


def test_a_heartbeat_names_the_sales_seq_of_what_was_stored_and_not_of_what_was_decided_since(hold: Opens) -> None:
    sale = late(hold, 200)
    sale.at(550, lambda: sale.order(Announce(id=7, text="Good evening.")))
    sale.at(700, lambda: sale.order(Announce(id=8, text="Good night.")))
    sale.run(1000)
    seqs = [one.message.events[-1].seq for one in sale.published(SaleEvents)]
    (beat,) = [one.message for one in sale.published(Heartbeat) if one.at_ms - sale.began_ms == 800]
    assert beat.sale_seq == seqs[0] == seqs[1] - 1


# --- late, twice and never -------------------------------------------------------------------------------------------


def test_a_store_that_wakes_the_house_twice_acknowledges_nothing_of_the_next_batch(hold: Opens) -> None:
    sale = late(hold, 100)
    sale.wakes = 4
    ann, bob = sale.bidder(ANN, "Ann"), sale.bidder(BOB, "Bob")
    sale.at(500, lambda: sale.ask(ann, bid(10, 1000)))
    sale.at(550, lambda: sale.ask(bob, bid(11, 1100)))
    sale.run(900)
    assert (answered_at(sale, ANN)[10], answered_at(sale, BOB)[11]) == (600, 700)
    placed = [event for one in sale.published(LotEvents) for event in one.message.events if type(event) is LotMoved]
    assert [event.seq for event in placed] == [2, 3], "and nothing is told twice"


@pytest.mark.parametrize("lands", [False, True])
def test_a_commit_that_is_never_finished_freezes_after_a_second_and_loses_nothing_acknowledged(
    hold: Opens, lands: bool
) -> None:
    sale = late(hold, 10)
    ann, bob = sale.bidder(ANN, "Ann"), sale.bidder(BOB, "Bob")
    sale.at(450, lambda: sale.ask(bob, bid(9, 1000)))
    sale.at(490, lambda: setattr(sale, "commit_ms", NEVER_MS), lambda: setattr(sale, "lands", lands))
    sale.at(500, lambda: sale.ask(ann, bid(10, 1100)))
    sale.at(800, lambda: sale.ask(bob, bid(11, 1200)), lambda: sale.order(Announce(id=7, text="x")))
    sale.at(1000, lambda: sale.ask(bob, LotRequest(id=12, lot="2")))
    sale.at(1450, lambda: setattr(sale, "commit_ms", 10))
    sale.at(2500, lambda: sale.ask(ann, bid(10, 1100)))
    sale.run(2700)
    frozen_ms = 500 + COMMIT_MS_MAX
    assert [one.what for one in sale.logged if one.what in ("frozen", "thawed")] == ["frozen", "thawed"]
    (reason,) = [one.more["reason"] for one in sale.logged if one.what == "frozen"]
    assert reason == "The store has not finished a commit that began 1,000 ms ago."
    first = [one for one in sale.answers(ANN) + sale.answers(BOB) if one.id in (10, 11, 12)]
    unavailable = [one for one in first if isinstance(one, Rejected)]
    assert [(one.id, one.code, one.retry_ms) for one in unavailable] == [
        (number, RejectCode.UNAVAILABLE, THAW_EVERY_MS) for number in (10, 11, 12)
    ]
    told_ms = [one.at_ms - sale.began_ms for one in sale.told if isinstance(one, Answered) and one.key in (BOB, CHAIR)]
    assert told_ms[-3:] == [frozen_ms] * 3
    bids = [fact.request_id for fact in facts_of(sale) if type(fact) is BidTaken]
    assert bids == [9, 10], "asked again under its own id it is there once, whatever became of the commit"
    assert isinstance(first[1], Accepted)
    assert len(sale.answers(ANN)) == 2


def test_a_commit_that_fails_while_another_batch_is_decided_drops_both(hold: Opens) -> None:
    sale = late(hold, 200)
    ann, bob = sale.bidder(ANN, "Ann"), sale.bidder(BOB, "Bob")
    sale.at(500, lambda: sale.ask(ann, bid(10, 1000)))
    sale.at(600, lambda: sale.failing.add("append"), lambda: sale.ask(bob, bid(11, 1100)))
    sale.at(800, sale.failing.clear)
    sale.run(2500)
    assert isinstance(sale.answers(ANN)[0], Accepted)
    assert [one.code for one in sale.answers(BOB) if isinstance(one, Rejected)] == [RejectCode.UNAVAILABLE]
    assert [fact.request_id for fact in facts_of(sale) if type(fact) is BidTaken] == [10]


def test_a_house_that_stops_waits_for_what_it_decided(hold: Opens) -> None:
    sale = late(hold, 100)
    ann, bob = sale.bidder(ANN, "Ann"), sale.bidder(BOB, "Bob")
    sale.at(500, lambda: sale.ask(ann, bid(10, 1000)))
    sale.at(520, lambda: sale.ask(bob, bid(11, 1100)))
    sale.run(530)
    assert (answered_at(sale, ANN)[10], answered_at(sale, BOB)[11]) == (600, 700)
    assert [fact.request_id for fact in facts_of(sale) if type(fact) is BidTaken] == [10, 11]
    assert sale.writes("snapshot")[-1].position == len(facts_of(sale))


def test_a_house_that_stops_waits_for_a_store_that_hangs_no_longer_than_otherwise(hold: Opens) -> None:
    sale = late(hold, NEVER_MS)
    ann = sale.bidder(ANN, "Ann")
    sale.at(500, lambda: sale.ask(ann, bid(10, 1000)))
    sale.run(530)
    assert answered_at(sale, ANN)[10] == 500 + COMMIT_MS_MAX
    assert must_be(Rejected, sale.answers(ANN)[-1]).code is RejectCode.UNAVAILABLE


# --- a full house ----------------------------------------------------------------------------------------------------


def flooded(hold: Opens, commit_ms: int, specs: tuple[LotSpec, ...] = ()) -> ServedSale:
    """Return a sale in which many more requests come at 510 ms than go into a batch, while a commit is under way."""
    sale = late(hold, commit_ms, specs)
    ann = sale.bidder(ANN, "Ann")
    people = [sale.bidder(f"key {number}".ljust(40, "."), f"Person {number}") for number in range(8)]
    sale.at(500, lambda: sale.ask(ann, bid(10, 1000)))
    sale.at(510, *[partial(sale.ask, people[number % 8], Ping(id=100 + number)) for number in range(900)])
    return sale


def test_a_batch_that_waits_has_a_bound(hold: Opens) -> None:
    sale = flooded(hold, 200)
    reads: list[int] = []
    for delay_ms in (505, 690):
        sale.at(delay_ms, lambda: reads.append(sale.reads))
    sale.run(2000)
    assert reads[1] - reads[0] == BATCH_REQUESTS_MAX
    pongs = [one for one in sale.told if isinstance(one, Answered) and one.key.startswith("key") and one.at_ms > 0]
    assert len([one for one in pongs if one.request_id >= 100]) == 900, "and all are answered"


def test_a_full_house_that_stood_still_gives_the_time_back_before_it_closes_a_lot(hold: Opens) -> None:
    """The lot's end passes while nobody is heard; a bid that waits for the house to go on is not late."""
    sale = flooded(hold, 100, specs=(lot("1", duration_ms=2000),))
    bob = sale.bidder(BOB, "Bob")
    sale.at(540, lambda: sale.world.pass_time(5000))  # the machine is suspended
    sale.at(545, lambda: sale.ask(bob, bid(11, 1100)))
    sale.run(9000)
    (verdict,) = [one for one in sale.answers(BOB) if one.id == 11]
    assert isinstance(verdict, Accepted)
    (stood,) = [fact for fact in facts_of(sale) if isinstance(fact, HouseStoodStill)]
    assert 5000 <= stood.outage_ms <= 5100
    (closed,) = [fact for fact in facts_of(sale) if isinstance(fact, LotDecided) and isinstance(fact.event, LotClosed)]
    assert closed.at_ms >= sale.began_ms + 2000 + stood.outage_ms


def test_an_outage_counts_from_the_last_drain_and_not_from_the_last_turn(hold: Opens) -> None:
    """The house turns for a heartbeat while it is full, hears nobody, and is then suspended."""
    sale = flooded(hold, 900, specs=(lot("1", duration_ms=20_000),))
    sale.at(850, lambda: sale.world.pass_time(2800))
    sale.run(5000)
    assert next(one.at_ms - sale.began_ms for one in sale.published(Heartbeat)) == 800
    (stood,) = [fact for fact in facts_of(sale) if isinstance(fact, HouseStoodStill)]
    assert 3100 <= stood.outage_ms <= 3150


def test_no_lot_closes_at_an_end_that_passed_since_requests_were_drained(hold: Opens) -> None:
    """The last reading takes long, after the last request was stamped: that is given back first."""
    sale = hold((lot("1", duration_ms=4000),))
    ann = sale.bidder(ANN, "Ann")
    sale.at(1500, lambda: sale.ask(ann, Ping(id=10)), lambda: setattr(sale, "read_ms", 4000))
    sale.at(13_000, lambda: setattr(sale, "read_ms", 0))
    sale.run(30_000)
    stood = [fact.outage_ms for fact in facts_of(sale) if isinstance(fact, HouseStoodStill)]
    (closed,) = [fact for fact in facts_of(sale) if isinstance(fact, LotDecided) and isinstance(fact.event, LotClosed)]
    opened_ms = next(fact.at_ms for fact in facts_of(sale) if isinstance(fact, LotDecided))
    assert closed.at_ms == opened_ms + 4000 + sum(stood)
    assert sum(stood) >= 12_000, "all of the time in which nobody was heard"


# --- snapshots -------------------------------------------------------------------------------------------------------


def test_a_snapshot_is_of_a_moment_in_which_all_that_was_decided_is_durable(
    hold: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also under a load under which a commit is always under way."""
    monkeypatch.setattr(held_sale, "SNAPSHOT_EVERY_FACTS", 6)
    monkeypatch.setattr(held_sale, "SNAPSHOT_FACTS_PER_ENTRY", 0)
    sale = late(hold, 20)
    ann, bob = sale.bidder(ANN, "Ann"), sale.bidder(BOB, "Bob")
    saved: dict[int, bytes] = {}
    put = sale.snapshots.put

    def save(end: ChainEnd, state: bytes) -> None:
        saved[end.position] = state
        put(end, state)

    monkeypatch.setattr(sale.snapshots, "put", save)
    for place in range(60):
        sale.at(500 + 6 * place, partial(sale.ask, (ann, bob)[place % 2], bid(10 + place, 1000 + 100 * place)))
    sale.run(1200)
    assert len(saved) > 5
    settings = HouseSettings("rebuilt", 0)
    for position, state in saved.items():
        rebuilt = House.rebuild(settings, None, facts_of(sale)[:position], (), sale.world.now_ms)
        kept = msgspec.msgpack.decode(state, type=HouseState[LotState])
        check_same_state(kept.engine, rebuilt.engine.state)


# --- in which order --------------------------------------------------------------------------------------------------


class _Attentive:
    """Hears of batches in place of the log, and notes what had left by then."""

    def __init__(self) -> None:
        self.sale: ServedSale | None = None
        self.heard: list[tuple[int, bool]] = []
        """Of each bid that it heard of: the request's id, and whether its verdict had left."""

    def opened(self, house: House, first_position: int, batch: Batch, now_ms: int) -> None:
        pass

    def tell(self, house: House, first_position: int, batch: Batch, others: Sequence[int], now_ms: int) -> None:
        assert self.sale is not None
        answered = answered_at(self.sale, ANN)
        self.heard += [(fact.request_id, fact.request_id in answered) for fact in batch.facts if type(fact) is BidTaken]

    def pause(self, now_ms: int) -> None:
        pass

    def write_rest(self, now_ms: int) -> None:
        pass


@pytest.mark.parametrize("commit_ms", [None, 0, 100], ids=["at once", "late by a turn", "late"])
def test_no_verdict_waits_for_the_log(hold: Opens, commit_ms: int | None) -> None:
    """The log may be slow; it hears of a bid once the verdict has left."""
    attentive = _Attentive()
    sale = attentive.sale = hold(commit_ms=commit_ms, facts=attentive)
    ann = sale.bidder(ANN, "Ann")
    sale.at(500, lambda: sale.ask(ann, bid(10, 1000)))
    sale.at(900, lambda: sale.ask(ann, bid(11, None, maximum_minor=9000)))
    sale.run(1500)
    assert attentive.heard == [(10, True), (11, True)]


def test_the_log_hears_of_what_is_stored_though_the_next_batch_freezes_the_sale(hold: Opens) -> None:
    attentive = _Attentive()
    sale = attentive.sale = hold(commit_ms=100, facts=attentive)
    ann = sale.bidder(ANN, "Ann")
    sale.at(500, lambda: sale.ask(ann, bid(10, 1000)))
    sale.at(550, lambda: sale.failing.add("append"), lambda: sale.ask(ann, bid(11, None, maximum_minor=9000)))
    sale.at(800, sale.failing.clear)
    sale.run(1000)
    assert attentive.heard == [(10, True)]


@pytest.mark.parametrize(("commit_ms", "freezes"), [(1150, False), (1250, True)])
def test_a_large_batch_of_the_house_may_take_longer(hold: Opens, commit_ms: int, freezes: bool) -> None:
    count = 200 * COMMIT_FACTS_PER_MS
    at_once = Opening(OpeningRule.AT_TIME, delay_ms=500)
    specs = tuple(msgspec.structs.replace(lot(str(number)), opening=at_once) for number in range(1, count + 1))
    sale = late(hold, commit_ms, specs)
    sale.run(2000)
    opened = [one for one in sale.told if isinstance(one, Stored) and one.at_ms > sale.began_ms + 500]
    assert any(len(one.facts) >= count for one in opened) is not freezes
    assert any(one.what == "frozen" for one in sale.logged) is freezes
