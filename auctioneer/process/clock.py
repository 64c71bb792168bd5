"""The house's clock: wall time at the start, then the machine's steady clock, so that jumps of wall time don't matter.

It never goes back, even over a restart: it begins no earlier than the last time in the journal. A house that takes a
sale over from another machine goes on with that one's time. It keeps running while the machine sleeps, so a sleep is a
standstill like any other, and its time is given back once.
"""

import time
from collections.abc import Callable

from common.steady_time import steady_ns


class Clock:
    """Server time in milliseconds since 1970 (UTC).

    `wall` is the time of day, and `steady` a count that nobody sets and that runs during sleep; both in nanoseconds.
    """

    def __init__(
        self, not_before_ms: int = 0, wall: Callable[[], int] = time.time_ns, steady: Callable[[], int] = steady_ns
    ) -> None:
        self._steady = steady
        self._wall = wall
        self._offset_ns = max(wall(), not_before_ms * 1_000_000) - steady()

    @classmethod
    def going_on(
        cls, sale_ms: int, wall: Callable[[], int] = time.time_ns, steady: Callable[[], int] = steady_ns
    ) -> "Clock":
        """Return the clock of a sale whose time is `sale_ms` now, whatever the time of day is on this machine."""
        clock = cls(sale_ms, wall, steady)
        clock._offset_ns = sale_ms * 1_000_000 - steady()
        return clock

    def now_ms(self) -> int:
        """Return the server time in milliseconds; it is never less than before."""
        return (self._steady() + self._offset_ns) // 1_000_000

    def ahead_ms(self) -> int:
        """Return how far the server time is ahead of the time of day."""
        return self.now_ms() - self._wall() // 1_000_000
