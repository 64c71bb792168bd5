"""The watchdog: a small parent that holds the data directory and has a server process run, again and again.

libzmq has a fault that no option prevents: a hostile peer can make the process abort. The server loses nothing by it,
since nothing leaves before it is durable; but somebody must start it anew. The parent forks, so that a new server
has its modules at hand and is back within a fraction of a second.

A server that ends by itself, finds its journal damaged, or fails in its very first start, is not started again. One
that was up is started at once, however often: to give up would be what who kills it wants. One that dies again and
again before it listens is started after growing pauses, and in the end given up, with a last word.
"""

import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final, NamedTuple

from auctioneer.data_folder import DataFolder
from auctioneer.journal import DamagedJournalError
from auctioneer.options import RunOptions
from auctioneer.serving import serve
from common.errors import AuctionError, StorageError, UsageError
from common.keys import local_houses_folder

STORAGE_RETRY_S: Final = 1.0
_CRASHED: Final = 1
_STORAGE_AWAY: Final = 75
"""A restarted server could not store (a full disk, say): tried again for as long as it takes."""
_STARTED_AGAIN: Final = (_CRASHED, UsageError.exit_status, _STORAGE_AWAY)
"""Ends by itself after which a server that had been up is started again. A wrong option would have shown at the first
start; at a later one it is a port that another program took, or a list that was edited while the house ran."""


class GivenUpError(AuctionError):
    """The server dies again and again before it listens; somebody has to look."""

    exit_status = 7
    code = "given_up"


class Patience(NamedTuple):
    """With how many deaths in a row, of servers that never listened, the watchdog bears, and with what pauses."""

    deaths_max: int = 10
    pause_s: float = 0.1
    """After the first; it doubles with each."""
    pause_max_s: float = 5.0


class End(NamedTuple):
    """How a server ended: its exit status, or minus the signal that killed it."""

    status: int
    was_told_to_stop: bool
    was_up: bool
    """Whether it listened before it ended."""

    @property
    def how(self) -> str:
        """What killed it, for people."""
        return f"by signal {-self.status}" if self.status < 0 else "by a fault of its own (see above)"


class Restart(NamedTuple):
    """The server is to be started again after a pause; `reason` is for people, and empty where it was told already."""

    pause_s: float
    reason: str


class RestartPolicy:
    """Decides what follows from the end of each server of one watchdog."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._deaths_at_start = 0
        self.restarts = 0

    def after(self, end: End) -> Restart | int:
        """Return the restart that is due, or the exit status of the watchdog. Raises GivenUpError."""
        if end.was_told_to_stop:
            return StorageError.exit_status if end.status == _STORAGE_AWAY else max(0, end.status)
        is_first_start = not self.restarts and not end.was_up
        if end.status >= 0 and (is_first_start or end.status not in _STARTED_AGAIN):
            return end.status
        self.restarts += 1
        if end.status == _STORAGE_AWAY:
            return Restart(STORAGE_RETRY_S, "")
        self._deaths_at_start = 0 if end.was_up else self._deaths_at_start + 1
        if self._deaths_at_start >= self._patience.deaths_max:
            raise GivenUpError(
                f"The server died {self._deaths_at_start} times at its start, the last time {end.how}; given up. "
                "Nothing that was acknowledged is lost. Look at the log above, mend what it names, run "
                "`auctioneer verify`, and start the house again."
            )
        pause_s = 0.0
        if self._deaths_at_start:
            pause_s = min(self._patience.pause_max_s, self._patience.pause_s * 2 ** (self._deaths_at_start - 1))
        return Restart(pause_s, f"The server died {end.how}; starting it again.")


def run_watched(options: RunOptions, patience: Patience = Patience()) -> int:  # noqa: B008 -- it can't be changed
    """Hold a sale under a watchdog and return the exit status.

    Raises UsageError where another house holds it, and for a backup; GivenUpError where the server can't be started.
    """
    folder = DataFolder(options.data)
    if folder.backup_file.exists():
        raise UsageError(
            f"{options.data} is a backup, and lacks what bidders have seen since it was taken. "
            f"Use `auctioneer restore {options.data} --data DIR`, then run on DIR."
        )
    folder.prepare()
    hold = folder.hold()
    try:
        return _watch(options, RestartPolicy(patience))
    finally:
        (local_houses_folder() / f"{os.getpid()}.json").unlink(missing_ok=True)
        os.close(hold)


def _watch(options: RunOptions, policy: RestartPolicy) -> int:
    while True:
        following = policy.after(_run_child(options, policy.restarts))
        if isinstance(following, int):
            return following
        if following.reason:
            _say(following.reason)
        time.sleep(following.pause_s)


def _run_child(options: RunOptions, restarts: int) -> End:
    """Fork a server and wait for its end."""
    reading, writing = os.pipe()
    _flush()
    watchdog_pid = os.getpid()
    child = os.fork()
    if child == 0:
        os.close(writing)
        _be_server(
            lambda: serve(options, watchdog_pid=watchdog_pid, watchdog_handle=reading, restarts=restarts),
            is_restart=restarts > 0,
        )
    os.close(reading)
    try:
        with _signals_for(child) as told:
            _, raw = os.waitpid(child, 0)
    finally:
        os.close(writing)
    record = DataFolder(options.data).house_record()
    was_up = record is not None and record.pid == child
    return End(os.waitstatus_to_exitcode(raw), was_told_to_stop=bool(told), was_up=was_up)


def _be_server(run: Callable[[], None], *, is_restart: bool) -> None:
    """Run a server in the forked child and leave the process whatever happens: it must not return to its caller."""
    status = _CRASHED
    try:
        run()
        status = 0
    except DamagedJournalError as error:
        _say(f"Error [{error.code}]: {error}")
        status = error.exit_status
    except AuctionError as error:
        is_away = is_restart and isinstance(error, StorageError)
        _say(f"Error [{error.code}]: {error}")
        status = _STORAGE_AWAY if is_away else error.exit_status
    except BaseException:  # noqa: BLE001 -- the last stop before the process ends
        traceback.print_exc()
    finally:
        _flush()
        os._exit(status)


@contextmanager
def _signals_for(child: int) -> Iterator[list[int]]:
    """Pass on to the server what the watchdog is told; yields the list of signals that came.

    A Ctrl-C at a terminal reaches both processes; that the server hears it twice does no harm.
    """
    told: list[int] = []

    def pass_on(number: int, frame: object) -> None:  # noqa: ARG001 -- the standard library's signature
        told.append(number)
        os.kill(child, signal.SIGTERM)

    before = {number: signal.signal(number, pass_on) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield told
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _flush() -> None:
    """Write out what was said, so that a fork does not say it twice."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()


def _say(text: str) -> None:
    """Tell people; where what they read can't be written (a log on a full disk), the house is held all the same."""
    with suppress(OSError):
        sys.stderr.write(text + "\n")
        sys.stderr.flush()
