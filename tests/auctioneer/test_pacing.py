"""Pacing: at once while the publisher keeps up; held, in order and within bounds, while it does not."""

from auctioneer.pacing import CALM_MS, HELD_EVENTS_MAX, HOLD_MS_MAX, Pacer, Release
from common.lot import Change, LotOpened


def change(seq: int, lot: str = "1") -> Change:
    return lot, LotOpened(seq, 0)


def busy_pacer(now_ms: int = 1_000) -> Pacer:
    """Return a pacer whose mark 1 is on its way since `now_ms`."""
    pacer = Pacer()
    for seq in (1, 2):
        pacer.hold([change(seq)], now_ms)
        release = pacer.take(now_ms)
    assert release == Release([change(2)], mark=1)
    return pacer


def test_a_calm_sale_is_broadcast_at_once_and_needs_no_mark() -> None:
    pacer = Pacer()
    for number in range(3):
        now_ms = 1_000 + number * CALM_MS
        pacer.hold([change(number)], now_ms)
        assert pacer.take(now_ms) == Release([change(number)], mark=None)
        assert pacer.next_deadline_ms() is None


def test_a_broadcast_soon_after_another_carries_a_mark() -> None:
    pacer = Pacer()
    pacer.hold([change(1)], 1_000)
    assert pacer.take(1_000) == Release([change(1)], mark=None)
    pacer.hold([change(2)], 999 + CALM_MS)
    assert pacer.take(999 + CALM_MS) == Release([change(2)], mark=1)


def test_while_the_mark_is_on_its_way_changes_wait_in_order() -> None:
    pacer = busy_pacer()
    pacer.hold([change(3), change(7, "2")], 1_001)
    pacer.hold([change(4)], 1_002)
    assert pacer.take(1_003) is None
    pacer.came_back(1, 1_000)
    assert pacer.take(1_003) == Release([change(3), change(7, "2"), change(4)], mark=2)


def test_the_publisher_rests_as_long_as_the_mark_took() -> None:
    pacer = busy_pacer()
    pacer.came_back(1, 1_030)
    pacer.hold([change(3)], 1_031)
    assert pacer.take(1_059) is None
    assert pacer.next_deadline_ms() == 1_060
    assert pacer.take(1_060) == Release([change(3)], mark=2)


def test_nothing_is_held_for_longer_than_the_bound_even_if_the_mark_is_lost() -> None:
    pacer = busy_pacer()
    pacer.hold([change(3)], 1_010)
    assert pacer.next_deadline_ms() == 1_010 + HOLD_MS_MAX
    assert pacer.take(1_009 + HOLD_MS_MAX) is None
    assert pacer.take(1_010 + HOLD_MS_MAX) == Release([change(3)], mark=2)


def test_no_more_is_held_than_the_bound() -> None:
    pacer = busy_pacer()
    pacer.hold([change(seq) for seq in range(HELD_EVENTS_MAX - 1)], 1_000)
    assert pacer.take(1_000) is None
    pacer.hold([change(HELD_EVENTS_MAX)], 1_000)
    release = pacer.take(1_000)
    assert release is not None
    assert len(release.changes) == HELD_EVENTS_MAX


def test_a_heartbeat_takes_everything_along() -> None:
    pacer = busy_pacer()
    pacer.hold([change(3)], 1_001)
    assert pacer.take_all(1_002) == Release([change(3)], mark=2)
    assert pacer.take_all(1_003) is None


def test_an_older_mark_frees_nobody() -> None:
    pacer = busy_pacer()
    pacer.hold([change(3)], 1_001)
    pacer.take_all(1_001)
    pacer.hold([change(4)], 1_002)
    pacer.came_back(1, 1_003)
    assert pacer.take(1_010) is None
    pacer.came_back(2, 1_010)
    assert pacer.take(1_019) == Release([change(4)], mark=3)
