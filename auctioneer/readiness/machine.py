"""Measures the machine itself: its clock, its disk, and what the system lets a house have."""

import ctypes
import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from auctioneer.process.folder import DataFolder
from auctioneer.readiness.measurements import Clock, Disk, Machine, Resources
from auctioneer.readiness.ports import measure_network, measure_port
from common.steady_time import steady_ns

WATCHED_S: Final = 1.0
"""How long the clock is watched."""
_LOOKS: Final = 20
WRITES: Final = 20
"""Writes by which the disk is measured."""
_WRITE_BYTES: Final = 4096
_CLOCK_UNSYNCHRONISED: Final = 5
"""What adjtimex(2) returns if nothing synchronises the clock (TIME_ERROR)."""
_TIMEX_BYTES: Final = 512
"""More than the structure that adjtimex(2) fills in on any system."""


def measure(folder: DataFolder, host: str, port: int, publish_port: int | None, bidders: int) -> Machine:
    """Measure this machine for a house on `folder`. It takes about two seconds, and leaves nothing behind.

    If a house runs there, its own ports count. Raises StorageError if the record there can't be read.
    """
    running = folder.whereabouts.read() if folder.path.is_dir() and folder.whereabouts.is_held() else None
    numbers = (
        (port, (port + 1 if port else 0) if publish_port is None else publish_port)
        if running is None
        else (running.port, running.publish_port)
    )
    ports = tuple(
        measure_port(purpose, host, number, is_ours=running is not None)
        for purpose, number in zip(("requests", "broadcasts"), numbers, strict=True)
    )
    return Machine(
        bidders,
        ports,
        measure_network(host, ports[0]),
        measure_clock(_last_moment_ms(folder)),
        measure_disk(folder.path),
        measure_resources(),
    )


def measure_clock(
    record_ms: int, wall: Callable[[], int] = time.time_ns, steady: Callable[[], int] = steady_ns
) -> Clock:
    """Watch the clock for WATCHED_S. `record_ms` is the last moment in the sale's record; 0: there is none."""
    offsets_ns = []
    for _ in range(_LOOKS):
        offsets_ns.append(wall() - steady())
        time.sleep(WATCHED_S / _LOOKS)
    jump_ns = max(offsets_ns) - min(offsets_ns)
    behind_ms = record_ms - wall() // 1_000_000
    return Clock(jump_ns // 1_000_000, max(0, behind_ms), _is_synchronised())


def measure_disk(path: Path) -> Disk:
    """Measure the disk of a directory, or of the nearest one above it that is there. Nothing is left behind."""
    place = next(each for each in (path.absolute(), *path.absolute().parents) if each.is_dir())
    free_bytes = shutil.disk_usage(place).free
    try:
        with tempfile.NamedTemporaryFile(dir=place, prefix=".doctor-") as file:
            fsync_ms = tuple(sorted(_fsync_ms(file.fileno()) for _ in range(WRITES)))
    except OSError as error:
        return Disk(str(place), free_bytes, error.strerror or str(error))
    return Disk(str(place), free_bytes, "", fsync_ms, _file_system(place))


def measure_resources() -> Resources:
    """Return what the system lets one process have."""
    files_max = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    known = [one for one in (_available_memory(), _memory_left_to_group()) if one is not None]
    return Resources(None if files_max == resource.RLIM_INFINITY else files_max, min(known, default=None))


def _last_moment_ms(folder: DataFolder) -> int:
    """Return the last moment in the record; 0 if there is none."""
    if not folder.has_sale:
        return 0
    journal = folder.store.read()
    try:
        return journal.alive_ms
    finally:
        journal.close()


def _fsync_ms(handle: int) -> float:
    began_s = time.perf_counter()
    os.write(handle, b"\0" * _WRITE_BYTES)
    os.fsync(handle)
    return (time.perf_counter() - began_s) * 1000


def _is_synchronised() -> bool | None:
    """Return whether a time server sets the clock; Linux tells it by adjtimex(2), which changes nothing here."""
    if sys.platform != "linux":
        return None
    state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    return None if state < 0 else state != _CLOCK_UNSYNCHRONISED


def _file_system(place: Path) -> str | None:
    """Return the kind of the file system that a directory is on; Linux lists the places where they are mounted."""
    mounts: dict[Path, str] = {}
    with suppress(OSError):
        for row in Path("/proc/self/mountinfo").read_text().splitlines():
            before, _, after = row.partition(" - ")
            mounts[Path(before.split()[4].replace("\\040", " "))] = after.split()[0]
    resolved = place.resolve()
    return next((mounts[each] for each in (resolved, *resolved.parents) if each in mounts), None)


def _available_memory() -> int | None:
    with suppress(OSError):
        for row in Path("/proc/meminfo").read_text().splitlines():
            name, _, amount = row.partition(":")
            if name == "MemAvailable":
                return int(amount.split()[0]) * 1024
    return None


def _memory_left_to_group() -> int | None:
    """Return what a container or a service may still have; None if it has no limit."""
    with suppress(OSError, ValueError):
        most, used = (int(text) for text in _cgroup_texts("memory.max", "memory.current"))
        return max(0, most - used)
    return None


def _cgroup_texts(*names: str) -> Iterator[str]:
    for name in names:
        yield Path("/sys/fs/cgroup", name).read_text()
