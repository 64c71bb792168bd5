"""What screens received is counted: holes, repeats and what never came, each at the screen that it befell."""

import pytest

from benchmarks.load.delivery import Ledger
from common.codec import encode_broadcast, lot_topic
from common.formats.english import EnglishBoard
from common.lot_events import LotMoved
from common.messages import LotEvents

BEFORE = {"1": 10, "2": 20}


def frame(lot: str, *bids: tuple[int, int]) -> bytes:
    """Return a broadcast of bids, each with its seq and when it was due (us)."""
    events = tuple(LotMoved(seq, 0, EnglishBoard(due_us + 2, due_us + 1, 2, seq), bidder=1) for seq, due_us in bids)
    return encode_broadcast(lot_topic(lot), LotEvents(epoch=1, lot=lot, events=events))


def test_what_came_in_order_is_whole_and_its_latency_runs_from_the_oldest_bid() -> None:
    ledger = Ledger(2, BEFORE)
    for screen, late_us in ((0, 1_000), (1, 3_000)):
        ledger.read(screen, frame("1", (11, 5_000), (12, 5_500)), 5_000 + late_us)
        ledger.read(screen, frame("2", (21, 9_000)), 9_000 + late_us)
    after = {"1": 12, "2": 21}
    assert ledger.has_all(after)
    delivery = ledger.result(BEFORE, after, counted_from_us=0)
    assert delivery.is_whole
    assert (delivery.frames, delivery.events, delivery.deliveries) == (2, 3, 6)
    latencies, last = delivery.latencies, delivery.last_screen
    assert (latencies.count, last.count) == (4, 2)
    assert latencies.percentile_ms(50) == pytest.approx(1.0, rel=0.01)
    assert latencies.percentile_ms(100) == pytest.approx(3.0, rel=0.01)
    assert last.percentile_ms(50) == pytest.approx(3.0, rel=0.01)


def test_bids_from_before_the_measurement_have_no_latency_but_count() -> None:
    ledger = Ledger(1, BEFORE)
    ledger.read(0, frame("1", (11, 5_000)), 6_000)
    delivery = ledger.result(BEFORE, {"1": 11, "2": 20}, counted_from_us=5_001)
    assert delivery.is_whole
    assert delivery.latencies.count == 0


def test_a_hole_is_a_gap_and_its_events_are_missing() -> None:
    ledger = Ledger(2, BEFORE)
    first, second, third = frame("1", (11, 1)), frame("1", (12, 2), (13, 3)), frame("1", (14, 4))
    for body in (first, second, third):
        ledger.read(0, body, 10)
    for body in (first, third):
        ledger.read(1, body, 10)
    delivery = ledger.result(BEFORE, {"1": 14, "2": 20}, counted_from_us=0)
    assert not delivery.is_whole
    assert (delivery.gaps, delivery.missing, delivery.repeated) == (1, 2, 0)


def test_a_tail_that_never_came_is_missing_without_a_gap() -> None:
    ledger = Ledger(1, BEFORE)
    ledger.read(0, frame("1", (11, 1)), 10)
    after = {"1": 12, "2": 21}
    assert not ledger.has_all(after)
    delivery = ledger.result(BEFORE, after, counted_from_us=0)
    assert not delivery.is_whole
    assert (delivery.gaps, delivery.missing) == (0, 2)


def test_what_comes_again_or_late_is_repeated_and_no_delivery() -> None:
    ledger = Ledger(1, BEFORE)
    for body in (frame("1", (11, 1)), frame("1", (11, 1)), frame("1", (12, 2))):
        ledger.read(0, body, 10)
    delivery = ledger.result(BEFORE, {"1": 12, "2": 20}, counted_from_us=0)
    assert not delivery.is_whole
    assert (delivery.repeated, delivery.gaps, delivery.deliveries) == (1, 0, 2)
