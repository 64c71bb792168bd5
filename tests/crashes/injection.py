"""Makes the N-th system call of a kind fail, or be the last one of its process, in a running house.

strace counts the calls of each thread separately. The main thread of a server makes the file calls, and the count
begins again with each new server. A failing call is not carried out at all. The short write of a full disk is tested
elsewhere; here only its end is tested, a write that writes nothing more: `retval=0`.
"""

import os
import queue
import re
import select
import signal
import subprocess
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

CALLS = ("write", "pwrite64", "fsync", "fdatasync", "ftruncate", "rename", "unlink")
WRITES = ("write", "pwrite64")
PATIENCE_S = 120.0
DETACH_S = 0.5


class Fault(NamedTuple):
    """A fault at the N-th call of a kind, in strace's words, once or at all later calls too."""

    call: str
    what: str
    number: int
    for_good: bool = False

    @property
    def rule(self) -> list[str]:
        """Return strace's arguments for this fault."""
        return ["-e", f"trace={self.call}", "-e", f"inject={self}"]

    def __str__(self) -> str:
        return f"{self.call}:{self.what}:when={self.number}{'+' * self.for_good}"


KILL = "signal=KILL"
ERRORS = ("error=EIO", "error=ENOSPC")
NOTHING_WRITTEN = "retval=0"


def every_fault(made: Counter[str]) -> list[Fault]:
    """Return every fault to try; `made` has the number of each call."""
    return [fault for call in CALLS for number in range(1, made[call] + 1) for fault in _faults_at(call, number)]


def _faults_at(call: str, number: int) -> Iterator[Fault]:
    yield Fault(call, KILL, number)
    for what in (*ERRORS, NOTHING_WRITTEN) if call in WRITES else ERRORS:
        yield Fault(call, what, number)
        yield Fault(call, what, number, for_good=True)


class Tracer:
    """The output of a running strace, read from a named pipe as it comes."""

    def __init__(self, folder: Path) -> None:
        self._pipe = folder / "calls"
        os.mkfifo(self._pipe)
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    @property
    def command(self) -> list[str]:
        """The beginning of a command line that writes its trace into this pipe."""
        return ["strace", "-f", "-I2", "-o", str(self._pipe)]

    def _read(self) -> None:
        with self._pipe.open() as log:
            for line in log:
                self._lines.put(line)
        self._lines.put(None)

    def nudge(self) -> None:
        """Have the thread that waits for a strike check again whether it still should."""
        self._lines.put("")

    def wait_for_strike(self, is_in_vain: Callable[[], bool]) -> bool:
        """Wait until a fault has struck and return True; return False if `is_in_vain()`. A nudge repeats this check."""
        while True:
            line = self._lines.get(timeout=PATIENCE_S)
            if line is None:
                return False
            if "(INJECTED)" in line or "killed by SIGKILL" in line:
                return True
            if not line and is_in_vain():
                return False

    def finish(self) -> None:
        """Wait for the end of strace's output."""
        self._reader.join(PATIENCE_S)
        self._pipe.unlink()

    def rest(self) -> list[str]:
        """Return the lines not yet read, after the end of tracing."""
        return list(iter(self._lines.get_nowait, None))


@contextmanager
def traced(pid: int, *arguments: str) -> Iterator[Tracer]:
    """Trace a process, its threads and all its new children during the block."""
    with tempfile.TemporaryDirectory() as folder:
        tracer = Tracer(Path(folder))
        command = [*tracer.command, *arguments, "-p", str(pid)]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as strace:
            try:
                assert strace.stderr is not None
                line = strace.stderr.readline()
                assert "attached" in line, f"strace can't attach: {line}"
                yield tracer
            finally:
                let_go(strace.pid)
        tracer.finish()


def let_go(strace_pid: int) -> None:
    """Detach an strace from its processes, which continue.

    strace can wait forever for a process that was being forked or killed at that moment. It is then killed itself, and
    the kernel detaches it. 0 stands for an strace that is already gone, with the processes that it killed.
    """
    if strace_pid == 0:
        return
    try:
        handle = os.pidfd_open(strace_pid)
    except ProcessLookupError:
        return  # it has ended with its processes
    try:
        signal.pidfd_send_signal(handle, signal.SIGTERM)
        if not select.select([handle], [], [], DETACH_S)[0]:
            signal.pidfd_send_signal(handle, signal.SIGKILL)
    finally:
        os.close(handle)


def tracer_of(pid: int) -> int:
    """Return the process that traces another; 0 if none does."""
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("TracerPid:"))


def counts(lines: list[str]) -> Counter[str]:
    """Return the count of each call in the process whose thread made the most calls."""
    by_thread: dict[str, Counter[str]] = {}
    for line in lines:
        match = re.match(r"(\d+) +(\w+)\(", line)
        if match is not None:
            by_thread.setdefault(match[1], Counter())[match[2]] += 1
    return max(by_thread.values(), key=lambda counter: counter["pwrite64"], default=Counter())
