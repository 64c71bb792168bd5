"""The house's clock: wall time at the start, then the machine's steady clock, so that a jump of the former is nothing.

It never runs backwards, not even over a restart: it begins no earlier than the journal's last word.
"""

import time


class Clock:
    """Server time in milliseconds since 1970 (UTC)."""

    def __init__(self, not_before_ms: int = 0) -> None:
        self._offset_ns = max(time.time_ns(), not_before_ms * 1_000_000) - time.monotonic_ns()

    def now_ms(self) -> int:
        """Return the time; never less than before."""
        return (time.monotonic_ns() + self._offset_ns) // 1_000_000
