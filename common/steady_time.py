"""A clock that nobody sets and that goes on while the machine sleeps: what a sale's time is counted by.

The clock behind `time.monotonic` stands while the machine sleeps, on Linux and on macOS. A house that counted by it
would show times that are off by the sleep, would not notice that nobody could bid, and would give the time back once
more after a crash, which is measured by the time of day.
"""

import sys
import time

if sys.platform == "darwin":
    _CLOCK = time.CLOCK_MONOTONIC_RAW  # goes on in a sleep, and unlike CLOCK_MONOTONIC no time server bends it
elif sys.platform == "linux":
    _CLOCK = time.CLOCK_BOOTTIME
else:
    _CLOCK = time.CLOCK_MONOTONIC


def steady_ns() -> int:
    """Return nanoseconds since a moment that stays the same while the machine runs; never less than before."""
    return time.clock_gettime_ns(_CLOCK)
