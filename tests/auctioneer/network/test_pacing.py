"""Pacing: at once while the publisher keeps up; held, in order and within bounds, while it does not."""

from auctioneer.network.pacing import HELD_EVENTS_MAX, HOLD_MS_MAX, Pacer
from common.lot_events import LotOpened, StreamEvent


def event(seq: int, lot: str = "1") -> StreamEvent:
    return lot, LotOpened(seq, 0)


def busy_pacer(frames: int = 100) -> Pacer:
    """Return a pacer that has just sent, at 1,000, frames to a thousand listeners, a millisecond each."""
    pacer = Pacer(delivery_us=1.0)
    pacer.sent(frames * 1_000, 1_000)
    return pacer


def test_few_listeners_are_told_at_once() -> None:
    pacer = Pacer(delivery_us=1.0)
    for number in range(3):
        pacer.hold([event(number)], 1_000)
        assert pacer.pop(1_000) == [event(number)]
        pacer.sent(1 * 999, 1_000)
        assert pacer.next_deadline_ms() is None


def test_changes_wait_in_order_until_the_deliveries_are_done() -> None:
    pacer = busy_pacer(100)
    pacer.hold([event(3), event(7, "2")], 1_001)
    pacer.hold([event(4)], 1_050)
    assert pacer.pop(1_099) == []
    assert pacer.next_deadline_ms() == 1_100
    assert pacer.pop(1_100) == [event(3), event(7, "2"), event(4)]
    assert pacer.pop(1_100) == []


def test_deliveries_add_up_and_a_pause_clears_them() -> None:
    pacer = busy_pacer(100)
    pacer.sent(50 * 1_000, 1_010)
    pacer.hold([event(1)], 1_149)
    assert pacer.pop(1_149) == []
    assert pacer.pop(1_150) == [event(1)]
    pacer.sent(10 * 1_000, 5_000)
    pacer.hold([event(2)], 5_009)
    assert pacer.pop(5_009) == []
    assert pacer.pop(5_010) == [event(2)]


def test_nothing_is_held_for_longer_than_the_bound() -> None:
    pacer = busy_pacer(100_000)
    pacer.sent(100_000 * 1_000, 1_000)
    pacer.hold([event(1)], 1_100)
    pacer.hold([event(2)], 1_200)
    assert pacer.pop(1_099 + HOLD_MS_MAX) == []
    assert pacer.next_deadline_ms() == 1_100 + HOLD_MS_MAX
    assert pacer.pop(1_100 + HOLD_MS_MAX) == [event(1), event(2)]
    pacer.hold([event(3)], 1_000 + 2 * HOLD_MS_MAX)
    assert pacer.pop(1_000 + 2 * HOLD_MS_MAX) == [event(3)], "what the two broadcasts took is reckoned no longer"


def test_no_more_than_the_bound_is_held() -> None:
    pacer = busy_pacer(400)
    pacer.hold([event(seq) for seq in range(HELD_EVENTS_MAX - 1)], 1_000)
    assert pacer.pop(1_000) == []
    pacer.hold([event(HELD_EVENTS_MAX)], 1_000)
    assert len(pacer.pop(1_000)) == HELD_EVENTS_MAX


def test_all_of_it_can_be_taken_at_any_time() -> None:
    pacer = busy_pacer(400)
    pacer.hold([event(1)], 1_000)
    assert pacer.pop_all() == [event(1)]
    assert pacer.pop_all() == []
