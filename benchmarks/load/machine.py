"""The machine under a measurement: the speed of its disk, and the processor time that its host takes away."""

import os
import time
from pathlib import Path
from statistics import mean
from typing import Final

TICKS_A_SECOND: Final = os.sysconf("SC_CLK_TCK")
_STOLEN: Final = 8
"""The place of the stolen time in the first line of `/proc/stat`."""
_PAGE: Final = 4096
_SYNC_PAGES: Final = 1000
"""The size in pages of the file written for comparison, and of the journal's log: 4 MB, overwritten again and again."""
_SYNCS: Final = 200


def syncs_ns(file: Path, count: int) -> list[int]:
    """Return the ns taken to overwrite a page and make it durable, `count` times."""
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
    """Return the mean time in microseconds to make a page durable in a folder, the one of the journal."""
    return mean(syncs_ns(folder / "sync", _SYNCS)) / 1000


def stolen_s() -> float:
    """Return the seconds, summed over all cores, in which a core was needed but its host gave it to other machines."""
    return int(Path("/proc/stat").read_text().split(maxsplit=9)[_STOLEN]) / TICKS_A_SECOND
