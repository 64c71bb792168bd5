"""A sale that other houses may take over: nothing leaves once it may be another's."""

from collections.abc import Sequence
from functools import partial
from itertools import pairwise

import msgspec
import pytest

from auctioneer.house.commands import HandOver
from auctioneer.journal import FencedError, lease
from auctioneer.journal.lease import BEAT_EVERY_MS, FREEZE_AFTER_MS, STEP_DOWN_AFTER_MS, Beside
from auctioneer.process.held_sale import COMMIT_FACTS_PER_MS, SteppedDownError
from auctioneer.process.server import Server
from auctioneer.rules.terms import LotSpec, Opening, OpeningRule
from common.errors import RejectCode
from common.messages import Accepted, Heartbeat, Rejected
from tests.auctioneer.house.house_examples import ANN, lot
from tests.auctioneer.process.served_sale import NEVER_MS, Answered, Opens, Published, ServedSale, bid
from tests.must_be import must_be

HOUR_MS = 3_600_000


def beside_others(hold: Opens, *specs: LotSpec, commit_ms: int = 5) -> ServedSale:
    return hold(specs, has_others=True, commit_ms=commit_ms)


def step_down(sale: ServedSale, by_ms: int) -> int:
    """Run until the house steps down, by `by_ms` at the latest; return how long after its begin it did."""
    sale.at(by_ms, sale.stop)
    with pytest.raises(SteppedDownError):
        sale.server.run()
    return sale.world.now_ms - sale.began_ms


def said_after(sale: ServedSale, at_ms: int) -> Sequence[object]:
    return [one for one in sale.told if isinstance(one, Answered | Published) and one.at_ms > sale.began_ms + at_ms]


def test_others_are_told_twice_a_second_that_it_lives(hold: Opens) -> None:
    sale = beside_others(hold)
    sale.run(10_000)
    beats_ms = [one.at_ms for one in sale.writes("mark")]
    gaps_ms = {after - before for before, after in pairwise(beats_ms)}
    assert max(gaps_ms) <= BEAT_EVERY_MS + 10
    assert len(beats_ms) < 2 * 10_000 // BEAT_EVERY_MS


def test_a_house_alone_tells_it_only_as_ever(hold: Opens) -> None:
    sale = hold(commit_ms=5)
    sale.run(10_000)
    assert len(sale.writes("mark")) <= 10_000 // 800 + 1


def test_it_freezes_and_steps_down_counted_from_what_was_sent_and_confirmed(hold: Opens) -> None:
    """Not from when the confirmation came: the others saw the write before that."""
    sale = beside_others(hold)
    ann = sale.bidder(ANN, "Ann")
    sale.at(800, lambda: sale.ask(ann, bid(10, 1000)), lambda: setattr(sale, "commit_ms", 300))
    sale.at(900, lambda: setattr(sale, "commit_ms", NEVER_MS), lambda: sale.failing.add("open"))
    sale.at(1500, lambda: sale.ask(ann, bid(11, 1200)))
    frozen: list[bool] = []
    for at_ms in (-10, 10):
        sale.at(800 + FREEZE_AFTER_MS + at_ms, lambda: frozen.append(sale.server.vitals().is_frozen))
    assert step_down(sale, 5_000) == 800 + STEP_DOWN_AFTER_MS
    assert frozen == [False, True]
    assert isinstance(sale.answers(ANN)[0], Accepted)
    assert must_be(Rejected, sale.answers(ANN)[1]).code is RejectCode.UNAVAILABLE


def test_first_thing_in_a_turn_it_looks_whether_another_may_hold_the_sale(hold: Opens) -> None:
    """A process that was stopped for a minute wakes with requests in hand: it decides, answers and tells nothing."""
    sale = beside_others(hold, commit_ms=0)
    ann = sale.bidder(ANN, "Ann")
    sale.at(1000, lambda: sale.ask(ann, bid(10, 1000)))

    def suspend() -> None:
        sale.world.now_ms += 60_000
        sale.ask(ann, bid(11, 1200))

    sale.at(1250, suspend)
    assert step_down(sale, 70_000) == 61_250
    assert not said_after(sale, 1_250)
    assert len(sale.answers(ANN)) == 1


def test_a_turn_that_took_long_does_not_freeze_a_house_whose_next_write_is_confirmed(hold: Opens) -> None:
    sale = beside_others(hold, commit_ms=100)
    ann = sale.bidder(ANN, "Ann")
    sale.at(1_260, lambda: sale.world.pass_time(1_400))
    sale.at(2_800, lambda: sale.ask(ann, bid(11, 1200)))
    sale.run(6_000)
    assert isinstance(sale.answers(ANN)[0], Accepted)
    assert not sale.server.counters.freezes


@pytest.mark.parametrize(("commit_ms", "freezes"), [(1_250, False), (1_350, True)])
def test_a_large_batch_has_more_time(hold: Opens, commit_ms: int, freezes: bool) -> None:
    """The database keeps its row from the others as long as it works on the batch; and it would be made forever."""
    count = 300 * COMMIT_FACTS_PER_MS
    at_once = Opening(OpeningRule.AT_TIME, delay_ms=1_000)
    sale = beside_others(
        hold, *(msgspec.structs.replace(lot(str(number)), opening=at_once) for number in range(1, count + 1))
    )
    ann = sale.bidder(ANN, "Ann")
    sale.at(980, lambda: sale.ask(ann, bid(10, 1000)))
    sale.at(990, lambda: setattr(sale, "commit_ms", commit_ms))
    sale.at(2_000, lambda: setattr(sale, "commit_ms", 5))
    sale.run(5_000)
    assert bool(sale.server.counters.freezes) is freezes


def test_a_house_that_another_has_fenced_steps_down_at_once(hold: Opens, monkeypatch: pytest.MonkeyPatch) -> None:
    sale = beside_others(hold)
    ann = sale.bidder(ANN, "Ann")
    sale.at(990, lambda: sale.ask(ann, bid(10, 1000)))
    fenced: list[FencedError] = []

    def fence() -> None:
        journal = sale._opened_journal
        assert journal is not None

        def refuse(*_: object) -> int:
            fenced.append(FencedError("here"))
            raise fenced[-1]

        monkeypatch.setattr(journal, "finished", refuse)

    sale.at(992, fence)
    sale.at(2_000, sale.stop)
    with pytest.raises(FencedError):
        sale.server.run()
    assert len(fenced) == 1
    assert not sale.answers(ANN)


def test_a_house_that_comes_back_from_the_store_in_time_goes_on(hold: Opens) -> None:
    sale = beside_others(hold)
    ann = sale.bidder(ANN, "Ann")
    sale.at(800, lambda: sale.failing.update(("append", "mark", "open")))
    sale.at(1_700, sale.failing.clear)
    sale.at(2_500, lambda: sale.ask(ann, bid(11, 1200)))
    sale.run(6_000)
    assert isinstance(sale.answers(ANN)[-1], Accepted)
    assert sale.server.counters.freezes == 1


def hand_over(hold: Opens, *beside: Beside) -> tuple[ServedSale, Server]:
    sale = beside_others(hold)
    ann = sale.bidder(ANN, "Ann")
    sale.beside.extend(beside)
    sale.at(1_000, partial(sale.order, HandOver()), lambda: sale.ask(ann, bid(10, 1000)))
    sale.at(6_000, sale.stop)
    sale.server.run()
    return sale, sale.server


def test_a_sale_that_is_handed_over_is_let_go_of_when_all_is_durable_and_said(hold: Opens) -> None:
    sale, server = hand_over(hold, Beside("two.example.org:7766", 5))
    assert server.has_handed_over
    assert sale.world.now_ms - sale.began_ms < 1_100
    assert isinstance(sale.answers(ANN)[0], Accepted), "with the command was a bid"
    assert b"done" in must_be(bytes, [one.answer for one in sale.told if isinstance(one, Answered)][-1])
    assert sale.closed == 1
    assert not sale.writes("snapshot"), "bidders would wait for it"


def test_a_sale_is_not_let_go_of_while_the_store_has_not_confirmed_all(hold: Opens) -> None:
    sale = beside_others(hold)
    sale.beside.append(Beside("two.example.org:7766", 5))
    sale.at(990, lambda: setattr(sale, "commit_ms", NEVER_MS), lambda: sale.failing.add("open"))
    sale.at(1_000, partial(sale.order, HandOver()))
    assert step_down(sale, 5_000) >= STEP_DOWN_AFTER_MS
    assert not sale.server.has_handed_over


def test_nobody_to_hand_over_to(hold: Opens) -> None:
    sale, server = hand_over(hold)
    assert not server.has_handed_over
    assert sale.world.now_ms - sale.began_ms >= 6_000


def test_heartbeats_do_not_outlive_the_lease(hold: Opens) -> None:
    sale = beside_others(hold)
    sale.at(1_000, lambda: setattr(sale, "commit_ms", NEVER_MS))
    down_ms = step_down(sale, 5_000)
    beats_ms = [one.at_ms - sale.began_ms for one in sale.published(Heartbeat)]
    assert max(beats_ms) <= down_ms
    assert down_ms <= 1_000 + lease.STEP_DOWN_AFTER_MS
