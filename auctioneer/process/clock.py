"""The house's clock: wall time at the start, then the machine's steady clock, so that jumps of wall time don't matter.

It never goes back, even over a restart: it begins no earlier than the last time in the journal. It keeps running while
the machine sleeps, so a sleep is a standstill like any other, and its time is given back once.
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
        self._offset_ns = max(wall(), not_before_ms * 1_000_000) - steady()

    @classmethod
    def going_on(cls, sale_ms: int, steady: Callable[[], int] = steady_ns) -> "Clock":
        """Return a clock of a sale's time that goes on from `sale_ms` now, whatever the time of day is here."""
        return cls(sale_ms, lambda: 0, steady)

    def now_ms(self) -> int:
        """Return the server time in milliseconds; it is never less than before."""
        return (self._steady() + self._offset_ns) // 1_000_000
