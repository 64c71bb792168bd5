"""`auctioneer` on a machine whose time of day is an hour ahead; only that clock is, as where somebody set it wrong."""

import time
from typing import Final

AHEAD_MS: Final = 3_600_000


def set_clock() -> None:
    """Set this process's time of day, and that of the processes that it forks."""
    time_ns, time_s = time.time_ns, time.time
    time.time_ns = lambda: time_ns() + AHEAD_MS * 1_000_000
    time.time = lambda: time_s() + AHEAD_MS / 1000


if __name__ == "__main__":
    set_clock()
    from auctioneer.cli import main

    main(prog_name="auctioneer")
