"""What becomes of a batch that can't be stored, and of the sale until storing works again."""

from functools import partial

import msgpack
import pytest

from auctioneer.house.commands import Announce
from auctioneer.journal import DamagedJournalError
from auctioneer.monitoring.counters import Vitals
from auctioneer.process import held_sale, server
from auctioneer.process.held_sale import THAW_EVERY_MS
from auctioneer.rules.facts import HouseStarted, LotDecided
from common.errors import RejectCode
from common.lot import ExtendCause
from common.lot_events import LotExtended, LotMoved, LotOpened
from common.messages import Accepted, Heartbeat, LotEvents, Probed, Rejected, SaleEvents
from tests.auctioneer.house.house_examples import ANN, BOB, lots
from tests.auctioneer.process.served_sale import Answered, Opens, ServedSale, bid
from tests.must_be import must_be

ALL_LOTS = b"lot/"
PROBE = b"~0123456789abcdef\0"


def frozen_at_500(hold: Opens, *, is_encrypted: bool = True) -> ServedSale:
    """Return a sale in which the disk fails a bid and a command at 500 ms and works again at 1800 ms."""
    sale = hold(is_encrypted=is_encrypted)
    ann = sale.bidder(ANN, "Ann")
    sale.at(100, lambda: sale.order(Announce(text="Good evening.")))
    sale.at(500, lambda: sale.failing.update(("append", "open")))
    sale.at(500, lambda: sale.ask(ann, bid(10, 1000)), lambda: sale.order(Announce(id=7, text="No more.")))
    sale.at(
        1000,
        lambda: sale.ask(ann, bid(11, 1000)),
        lambda: ann.send(b"\x81\xa2id\x05"),
        lambda: sale.order(Announce(id=8, text="x")),
    )
    sale.at(1800, sale.failing.clear)
    return sale


def test_what_could_not_be_stored_was_not_decided_and_is_to_be_asked_again(hold: Opens) -> None:
    sale = frozen_at_500(hold)
    closed: list[int] = []
    sale.at(1200, lambda: closed.append(sale.closed))
    sale.run(1790)
    answers = [must_be(Rejected, answer) for answer in sale.answers(ANN)]
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


@pytest.mark.parametrize("is_encrypted", [True, False])
def test_a_frozen_house_grants_no_subscription(hold: Opens, is_encrypted: bool) -> None:
    sale = frozen_at_500(hold, is_encrypted=is_encrypted)
    sale.at(1000, lambda: sale.listener(ANN, PROBE))
    sale.run(3000)
    assert [one.what for one in sale.logged if one.what in ("frozen", "thawed")] == ["frozen", "thawed"]
    assert not sale.published(Probed)


def test_a_frozen_house_tries_again_now_and_then_until_it_can_store(hold: Opens) -> None:
    sale = frozen_at_500(hold)
    sale.at(600, lambda: sale.snapshots.kept.update({1: (b"", b"")}))
    sale.run(3000)
    assert sale.failed == 3, "once it failed to store, and two times to open"
    assert sale.opened == 2, "at the start, and when the disk worked again"
    assert not sale.server.vitals().is_frozen
    logged = [one.what for one in sale.logged]
    assert [one.more for one in sale.logged if one.what == "snapshot_passed_over"] == [{"reason": "it is not sound"}]
    assert (logged.count("frozen"), logged.count("still_frozen"), logged.count("thawed")) == (1, 1, 1)


def test_open_lots_get_the_frozen_time_back_and_everybody_is_told(hold: Opens) -> None:
    sale = frozen_at_500(hold)
    sale.run(3000)
    stored = [fact for one in sale.writes("append") for fact in one.facts]
    (started,) = [fact for fact in stored if isinstance(fact, HouseStarted) and fact.outage_ms]
    opened = {fact.lot: must_be(LotOpened, fact.event) for fact in stored if isinstance(fact, LotDecided)}
    ends_at_ms = {lot: must_be(int, event.ends_at_ms) for lot, event in opened.items()}
    told = {one.message.lot: one.message.events for one in sale.published(LotEvents)}
    assert told == {
        lot: (LotExtended(2, started.at_ms, ExtendCause.OUTAGE, ends_at_ms[lot] + started.outage_ms),)
        for lot in ("1", "2")
    }


def test_what_storing_the_new_start_takes_is_given_back_too(hold: Opens) -> None:
    sale = hold(lots(1))
    ann = sale.bidder(ANN, "Ann")
    sale.at(500, lambda: sale.failing.add("append"), lambda: sale.ask(ann, bid(10, 1000)))
    sale.at(600, lambda: sale.failing.clear(), lambda: setattr(sale, "slow_ms", 5000))
    sale.run(8000)
    (event,) = [fact.event for one in sale.writes("append") for fact in one.facts if isinstance(fact, LotDecided)][:1]
    opened_end_ms = must_be(int, must_be(LotOpened, event).ends_at_ms)
    told = [must_be(LotExtended, fact) for one in sale.published(LotEvents) for fact in one.message.events]
    assert {fact.cause for fact in told} == {ExtendCause.OUTAGE}
    assert 5000 <= must_be(int, told[-1].ends_at_ms) - opened_end_ms <= 6000


def test_a_mark_that_can_not_be_stored_freezes_too(hold: Opens) -> None:
    sale = hold()
    sale.at(500, lambda: sale.failing.update(("mark", "open")))
    frozen: list[bool] = []
    sale.at(1700, lambda: frozen.append(sale.server.vitals().is_frozen))
    sale.run(2000)
    assert frozen == [True]


def test_a_snapshot_that_failed_is_told_and_harms_nobody(hold: Opens, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held_sale, "SNAPSHOT_EVERY_FACTS", 1)
    monkeypatch.setattr(held_sale, "SNAPSHOT_FACTS_PER_ENTRY", 0)
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
    sale.at(850, lambda: sale.failing.add("append"), lambda: sale.ask(bob, bid(11, 1300)))
    sale.at(900, sale.failing.clear)
    sale.run(3000)
    assert sale.server.counters.freezes == 1
    told = [fact for one in sale.published(LotEvents) for fact in one.message.events]
    assert [type(fact) for fact in told] == [LotMoved, LotMoved, LotMoved, LotExtended]
    assert [fact.seq for fact in told] == [2, 3, 4, 5]


def test_a_damaged_journal_is_not_waited_for(hold: Opens) -> None:
    sale = hold()
    ann = sale.bidder(ANN, "Ann")
    sale.at(100, lambda: sale.failing.update(("append", "damaged")), lambda: sale.ask(ann, bid(10, 1000)))
    with pytest.raises(DamagedJournalError):
        sale.run(3000)
    assert [must_be(Rejected, answer).code for answer in sale.answers(ANN)] == [RejectCode.UNAVAILABLE]


def test_a_journal_that_is_gone_freezes_a_house_that_stores_all_the_time_within_a_second(hold: Opens) -> None:
    sale = hold(lots(1))
    ann = sale.bidder(ANN, "Ann")
    for number in range(10, 40):
        sale.at(100 * number, partial(sale.ask, ann, bid(number, None, maximum_minor=100 * number)))
    sale.at(1450, lambda: sale.failing.update(("gone", "open")))
    frozen: list[bool] = []
    sale.at(2440, lambda: frozen.append(sale.server.vitals().is_frozen))
    sale.run(3000)
    assert frozen == [True]
    assert [one.more["reason"] for one in sale.logged if one.what == "frozen"] == ["The journal was removed."]
    verdicts = [type(answer) for answer in sale.answers(ANN)]
    assert verdicts == sorted(verdicts, key=[Accepted, Rejected].index), "no bid was taken after that"


def test_a_frozen_house_takes_up_no_journal_that_lacks_what_it_stored(hold: Opens) -> None:
    sale = frozen_at_500(hold)
    sale.at(600, sale.lose_last_batch)
    sale.run(3000)
    assert sale.server.vitals().is_frozen
    reasons = [one.more["reason"] for one in sale.logged if one.what == "still_frozen"]
    assert "it was replaced" in must_be(str, reasons[-1])
