"""The clock that counts a sale's time: nobody sets it, and it keeps running while the machine sleeps.

The clock behind `time.monotonic` stands still while the machine sleeps, on Linux and on macOS. A house that counted by
it would show times that are off by the sleep, and would not notice that nobody could bid. After a crash, which is
measured by the time of day, it would give the time back a second time.
"""

import sys
import time

if sys.platform == "darwin":
    _CLOCK = time.CLOCK_MONOTONIC_RAW  # runs during sleep, and unlike CLOCK_MONOTONIC no time server adjusts it
elif sys.platform == "linux":
    _CLOCK = time.CLOCK_BOOTTIME
else:
    _CLOCK = time.CLOCK_MONOTONIC


def steady_ms() -> int:
    """Return the same in milliseconds."""
    return steady_ns() // 1_000_000


def steady_ns() -> int:
    """Return the nanoseconds since a moment that is fixed until the machine restarts; the value never decreases."""
    return time.clock_gettime_ns(_CLOCK)
