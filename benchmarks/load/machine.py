"""What the machine below gives and takes while something is measured: its disk, and time that it takes away."""

import os
import time
from pathlib import Path
from statistics import mean
from typing import Final

TICKS_A_SECOND: Final = os.sysconf("SC_CLK_TCK")
_STOLEN: Final = 8
"""Where the first line of `/proc/stat` has it."""
_PAGE: Final = 4096
_SYNC_PAGES: Final = 1000
"""The size of the file that is written for comparison, and of the journal's log: 4 MB, written over and over."""
_SYNCS: Final = 200


def syncs_ns(file: Path, count: int) -> list[int]:
    """Return the ns of writing a page over an older one and making it durable, so many times."""
    taken_ns = []
    handle = os.open(file, os.O_RDWR | os.O_CREAT)
    try:
        os.pwrite(handle, bytes(_PAGE * _SYNC_PAGES), 0)
        os.fdatasync(handle)
        for number in range(count):
            began_ns = time.monotonic_ns()
            os.pwrite(handle, bytes(_PAGE), number % _SYNC_PAGES * _PAGE)
            os.fdatasync(handle)
            taken_ns.append(time.monotonic_ns() - began_ns)
    finally:
        os.close(handle)
    return taken_ns


def sync_us(folder: Path) -> float:
    """Return the mean time of that in a folder, where the journal is."""
    return mean(syncs_ns(folder / "sync", _SYNCS)) / 1000


def stolen_s() -> float:
    """Return how long, summed over all cores, something wanted to run while the machine below gave the core away."""
    return int(Path("/proc/stat").read_text().split(maxsplit=9)[_STOLEN]) / TICKS_A_SECOND
