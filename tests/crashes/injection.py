"""Makes the N-th system call of a kind fail, or be the last one of its process, in a house that runs.

strace counts for each thread apart; the main thread of a server asks for files, and each new server counts anew. A call
that is to fail is not carried out at all. A short write is the real one of a full disk, which is tried elsewhere; here
it is its end, that nothing more was written: `retval=0`.
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
    """What happens at the N-th call of a kind: a fault in strace's words, once or from then on."""

    call: str
    what: str
    number: int
    for_good: bool = False

    @property
    def rule(self) -> list[str]:
        """Return strace's arguments for it."""
        return ["-e", f"trace={self.call}", "-e", f"inject={self}"]

    def __str__(self) -> str:
        return f"{self.call}:{self.what}:when={self.number}{'+' * self.for_good}"


KILL = "signal=KILL"
ERRORS = ("error=EIO", "error=ENOSPC")
NOTHING_WRITTEN = "retval=0"


def every_fault(made: Counter[str]) -> list[Fault]:
    """Return every fault that is tried where each call was made so many times."""
    return [fault for call in CALLS for number in range(1, made[call] + 1) for fault in _faults_at(call, number)]


def _faults_at(call: str, number: int) -> Iterator[Fault]:
    yield Fault(call, KILL, number)
    for what in (*ERRORS, NOTHING_WRITTEN) if call in WRITES else ERRORS:
        yield Fault(call, what, number)
        yield Fault(call, what, number, for_good=True)


class Tracer:
    """What an strace at work says, read as it comes from a pipe with a name."""

    def __init__(self, folder: Path) -> None:
        self._pipe = folder / "calls"
        os.mkfifo(self._pipe)
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    @property
    def command(self) -> list[str]:
        """The beginning of a command line that traces into this pipe."""
        return ["strace", "-f", "-I2", "-o", str(self._pipe)]

    def _read(self) -> None:
        with self._pipe.open() as log:
            for line in log:
                self._lines.put(line)
        self._lines.put(None)

    def nudge(self) -> None:
        """Have who waits for a strike look again whether it still should."""
        self._lines.put("")

    def wait_for_strike(self, is_in_vain: Callable[[], bool]) -> bool:
        """Wait until a fault was made and return True, or False where it is in vain; a nudge lets it look again."""
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
        """Return the lines that were not looked at, after the end of tracing."""
        return list(iter(self._lines.get_nowait, None))


@contextmanager
def traced(pid: int, *arguments: str) -> Iterator[Tracer]:
    """Trace a process, its threads and all that it forks from now on, during the block."""
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
    """Have an strace let go of its processes, which go on.

    It can wait for ever for one that was being forked or killed when it was told to; then it is killed itself, and the
    kernel lets go for it. 0 stands for one that is gone already, with the processes that it killed.
    """
    if strace_pid == 0:
        return
    try:
        handle = os.pidfd_open(strace_pid)
    except ProcessLookupError:
        return  # its processes have ended, and it with them
    try:
        signal.pidfd_send_signal(handle, signal.SIGTERM)
        if not select.select([handle], [], [], DETACH_S)[0]:
            signal.pidfd_send_signal(handle, signal.SIGKILL)
    finally:
        os.close(handle)


def tracer_of(pid: int) -> int:
    """Return the process that traces another; 0 where none does."""
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("TracerPid:"))


def counts(lines: list[str]) -> Counter[str]:
    """Return how often each call was made, by the process whose thread made most of them."""
    by_thread: dict[str, Counter[str]] = {}
    for line in lines:
        match = re.match(r"(\d+) +(\w+)\(", line)
        if match is not None:
            by_thread.setdefault(match[1], Counter())[match[2]] += 1
    return max(by_thread.values(), key=lambda counter: counter["pwrite64"], default=Counter())
