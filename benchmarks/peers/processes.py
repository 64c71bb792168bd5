"""Peers' servers as processes: they are started, awaited, measured in processor time, and always stopped."""

import signal
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from benchmarks.load.machine import TICKS_A_SECOND
from benchmarks.peers.wire import BrokenPeerError

STOP_S: Final = 20.0
_PARENT: Final = 1
_OWN_TIMES: Final = slice(11, 13)
_REAPED_TIMES: Final = slice(13, 15)
"""The places of ended children's times in a `/proc/PID/stat` line, counted from after the name."""


def free_port() -> int:
    """Return a free port of the loopback address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def processor_s(root: int) -> float:
    """Return the processor time of a process and all its descendants, including ended ones, in seconds."""
    stats = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stats[int(entry.name)] = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it has ended since the listing
    family = {root}
    while more := {pid for pid, fields in stats.items() if int(fields[_PARENT]) in family} - family:
        family |= more
    ticks = sum(
        int(ticks) for pid in family & stats.keys() for ticks in stats[pid][_OWN_TIMES] + stats[pid][_REAPED_TIMES]
    )
    return ticks / TICKS_A_SECOND


@contextmanager
def running_server(
    command: Sequence[str], log: Path, *, user: str | None = None, stop_signal: signal.Signals = signal.SIGTERM
) -> Iterator[subprocess.Popen[str]]:
    """Run a server during the `with` block; its errors go to `log`, its standard output to the caller."""
    with (
        log.open("w") as said,
        subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
            user=user,
            group=user,
            cwd=log.parent if user else None,
        ) as process,
    ):
        try:
            yield process
        finally:
            process.send_signal(stop_signal)
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()


def check_alive(process: subprocess.Popen[str], log: Path) -> None:
    """Raise BrokenPeerError with the last lines of a server's log if the server has ended."""
    if process.poll() is not None:
        raise BrokenPeerError(f"{process.args!r} ended. It said: {log.read_text()[-2000:]}")
