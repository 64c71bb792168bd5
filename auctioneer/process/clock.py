"""The house's clock: wall time at the start, then the machine's steady clock, so that a jump of the former is nothing.

It never runs backwards, not even over a restart: it begins no earlier than the journal's last word. It goes on while
the machine sleeps, so that a sleep is a standstill like any other, and is given back once.
"""

import time
from collections.abc import Callable

from common.steady_time import steady_ns


class Clock:
    """Server time in milliseconds since 1970 (UTC).

    `wall` is the time of day and `steady` a count that goes on in a sleep and that nobody sets, both in nanoseconds.
    """

    def __init__(
        self, not_before_ms: int = 0, wall: Callable[[], int] = time.time_ns, steady: Callable[[], int] = steady_ns
    ) -> None:
        self._steady = steady
        self._offset_ns = max(wall(), not_before_ms * 1_000_000) - steady()

    def now_ms(self) -> int:
        """Return the time; never less than before."""
        return (self._steady() + self._offset_ns) // 1_000_000
