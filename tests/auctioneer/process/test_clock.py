"""The house's clock: where it begins, and by what it goes on."""

import time
from functools import partial
from itertools import repeat

from auctioneer.process.clock import Clock
from common.steady_time import steady_ns

HOUR_MS = 3_600_000


def test_it_begins_at_the_wall_clock_and_moves_with_the_steady_one() -> None:
    before_ms = time.time_ns() // 1_000_000
    clock = Clock()
    first_ms = clock.now_ms()
    assert before_ms <= first_ms <= time.time_ns() // 1_000_000 + 1
    later = Clock(first_ms + HOUR_MS)
    assert later.now_ms() - HOUR_MS - first_ms < 10_000
    readings = [later.now_ms() for _ in range(1000)]
    assert readings == sorted(readings)


def test_a_sale_s_time_goes_on_whatever_the_time_of_day_is_here() -> None:
    """The machine that takes it over may be an hour off: every lot would stand still, or close, for that hour."""
    for wall_off_ms in (-HOUR_MS, 0, HOUR_MS):
        steady = iter([5_000_000_000, 5_000_000_000, 5_003_000_000, 5_003_000_000])
        wall = repeat((1_700_000_000_000 + wall_off_ms) * 1_000_000)
        clock = Clock.going_on(1_700_000_000_000, partial(next, wall), partial(next, steady))
        assert clock.now_ms() == 1_700_000_000_003
        assert clock.ahead_ms() == 3 - wall_off_ms


def test_it_goes_by_a_clock_that_counts_sleep() -> None:
    """In ms: the time of day and the steady count, before and after a sleep of an hour."""
    assert Clock.__init__.__defaults__ == (0, time.time_ns, steady_ns)
    steady = iter([5_000_000_000, 5_001_000_000, 5_001_000_000 + HOUR_MS * 1_000_000])
    clock = Clock(0, lambda: 1_700_000_000_000_000_000, lambda: next(steady))
    assert [clock.now_ms() - 1_700_000_000_000 for _ in range(2)] == [1, 1 + HOUR_MS]
