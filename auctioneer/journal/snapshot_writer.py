"""Makes snapshots in a forked child, so that the house goes on meanwhile.

To encode and write the state of a large sale takes seconds, in which no bid would be decided. A fork takes a few
milliseconds, after which the child has the state as it was, whatever the house does then. The child:

- first lets go of every handle that it inherited: the sockets, the journal's files and the locks would live on in it
  after the house's death, and keep its successor out;
- then does nothing but encode, write and leave, by `os._exit`: zmq, SQLite, the log and what else was of the house's
  threads are copies without them, which nothing may touch, not even to close them;
- is at its end when it is done, when it failed, or when its time is over, also where no house is left to end it.

One at a time. That a child failed or was killed is told by `finished`, and the next comes when it is due.
"""

import gc
import os
import resource
import select
import signal
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple, NoReturn

from auctioneer.journal.protocol import ChainEnd
from auctioneer.journal.snapshots import Made, SnapshotFiles

SNAPSHOT_S_MAX: Final = 300
"""A child that takes longer hangs and is killed. The largest sale takes 2 s, or 50 s on a machine that has other things
to do; until it is gone no other snapshot is made, which costs nothing but a longer restart."""
LEAVE_MS_MAX: Final = 1_000
"""How long a killed child may take to be gone, before a stop goes on without a snapshot: less than heartbeats allow."""
NICENESS: Final = 10
"""The child gives way to the house where the processor is short."""
REASON_BYTES_MAX: Final = 1000
_FAILED: Final = 1
_OOM_SCORE: Final = Path("/proc/self/oom_score_adj")
_OOM_SCORE_MAX: Final = b"1000"
_HANDLES_MAX: Final = 1 << 20
"""Where the system bounds them not, as it may on macOS."""
_ALL_SIGNALS: Final = signal.valid_signals()


class _Child(NamedTuple):
    """A process that makes a snapshot."""

    pid: int
    position: int
    report: int
    """A pipe that is its standard error; at its end when the process is."""
    until_s: float


class SnapshotWriter:
    """A `SnapshotMaker` that writes files, in a child of this process. Close it at the end."""

    def __init__(self, files: SnapshotFiles, snapshot_s_max: int = SNAPSHOT_S_MAX) -> None:
        self._files = files
        self._snapshot_s_max = snapshot_s_max
        self._child: _Child | None = None
        self._not_begun: Made | None = None

    def start(self, end: ChainEnd, encode: Callable[[], bytes]) -> None:
        """Begin a snapshot of what `encode` would return now, at the chain's `end`; nothing while one is being made."""
        if self._child is not None:
            return
        try:
            self._child = self._fork(end, encode)
        except OSError as error:
            self._not_begun = Made(end.position, f"No process could be made for it: {error.strerror}")

    def finished(self) -> Made | None:
        """Return once how the last one ended; kills one that hangs."""
        made, self._not_begun = self._not_begun, None
        child = self._child
        if made is not None or child is None:
            return made
        gone, raw = os.waitpid(child.pid, os.WNOHANG)
        if gone:
            return self._gone(child, os.waitstatus_to_exitcode(raw))
        if time.monotonic() > child.until_s:
            os.kill(child.pid, signal.SIGKILL)  # again and again, until it is gone; one that is gone still has its id
        return None

    def save(self, end: ChainEnd, encode: Callable[[], bytes]) -> Made:
        """Make a snapshot in this process; one that is being made is given up."""
        self.close()
        if self._child is not None:
            return Made(end.position, "The process that makes an earlier one can't be ended")
        try:
            self._files.write(end, encode())
        except OSError as error:
            return Made(end.position, str(error))
        return Made(end.position)

    def close(self) -> None:
        """End a child that is still there, and wait for a moment until it is gone. Safe to repeat."""
        child = self._child
        if child is None:
            return
        os.kill(child.pid, signal.SIGKILL)
        gone = select.poll()  # `select` knows no handles from 1024 on, which a house with many bidders has
        gone.register(child.report, select.POLLHUP)
        if gone.poll(LEAVE_MS_MAX):
            _, raw = os.waitpid(child.pid, 0)
            self._gone(child, os.waitstatus_to_exitcode(raw))

    def _fork(self, end: ChainEnd, encode: Callable[[], bytes]) -> _Child:
        house_pid = os.getpid()
        report, theirs = os.pipe()
        # No handler of the house's may run in the child: one would write into the pipe that tells the house to stop.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _ALL_SIGNALS)
        try:
            with warnings.catch_warnings():
                # From 3.12 on Python warns that the other threads' locks may never be released; the child takes none.
                warnings.simplefilter("ignore", DeprecationWarning)
                pid = os.fork()
            if pid == 0:
                _be_child(theirs, self._snapshot_s_max, lambda: self._make(house_pid, end, encode))
        except OSError:
            os.close(report)
            raise
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            os.close(theirs)
        return _Child(pid, end.position, report, time.monotonic() + self._snapshot_s_max)

    def _make(self, house_pid: int, end: ChainEnd, encode: Callable[[], bytes]) -> None:
        """Do the child's work."""
        state = encode()
        if os.getppid() == house_pid:  # else a successor holds the directory, and a start needs no older snapshot
            self._files.write(end, state)

    def _gone(self, child: _Child, status: int) -> Made:
        """Take note of the end of a child; its pipe is at its end, so reading it never waits."""
        self._child = None
        reason = os.read(child.report, REASON_BYTES_MAX).decode(errors="replace")
        os.close(child.report)
        if status == 0:
            return Made(child.position)
        self._files.remove_drafts()
        how = f"by signal {-status}" if status < 0 else f"with status {status}"
        return Made(child.position, reason or f"The process that made it ended {how}")


def _be_child(report: int, seconds: int, make: Callable[[], None]) -> NoReturn:
    """Make a snapshot in the forked child and leave the process whatever happens: it must not return to its caller."""
    status = _FAILED
    try:
        _let_go(report)
        _be_modest(seconds)
        make()
        status = 0
    except OSError as error:
        _report(str(error))
    except BaseException as error:  # noqa: BLE001 -- the last stop before the process ends
        _report(f"{type(error).__name__}: {error}")
    finally:
        os._exit(status)


def _let_go(report: int) -> None:
    """Keep nothing of the house's but its memory; standard error is from now on what the house reads of the child."""
    os.dup2(report, 2)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    handles_max, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    os.closerange(3, _HANDLES_MAX if handles_max == resource.RLIM_INFINITY else handles_max)
    for number in _ALL_SIGNALS:
        if callable(signal.getsignal(number)):
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _be_modest(seconds: int) -> None:
    """Take no longer than that, give way to the house, and be the one to go where memory is short."""
    signal.alarm(seconds)
    with suppress(OSError):  # where a unit of systemd forbids it
        os.nice(NICENESS)
    with suppress(OSError):  # where the system has no such file
        _OOM_SCORE.write_bytes(_OOM_SCORE_MAX)
    gc.disable()  # it would touch every object, and each page that is touched is copied


def _report(reason: str) -> None:
    with suppress(OSError):
        os.write(2, reason.encode(errors="replace")[:REASON_BYTES_MAX])
