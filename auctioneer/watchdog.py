"""The watchdog: a small parent that holds the data directory and has a server process run, again and again.

libzmq has a fault that no option prevents: a hostile peer can make the process abort. The server loses nothing by it,
since nothing leaves before it is durable; but somebody must start it anew. The parent forks, so that a new server
has its modules at hand and is back within a fraction of a second.

A server that ends by itself, says what the operator must mend, or fails in its very first start, is not started
again. One that was up is started at once, however often; one that dies again and again before it listens is given
up, with a last word.
"""

import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

from auctioneer.data_folder import DataFolder
from auctioneer.journal import DamagedJournalError
from auctioneer.options import RunOptions
from auctioneer.serving import serve
from common.errors import AuctionError, StorageError
from common.keys import local_houses_folder

DEATHS_AT_START_MAX: Final = 10
"""Deaths in a row of servers that never listened."""
BACKOFF_S: Final = 0.1
BACKOFF_MAX_S: Final = 5.0
STORAGE_RETRY_S: Final = 1.0
_CRASHED: Final = 1
_STORAGE_AWAY: Final = 75
"""A restarted server could not store (a full disk, say): tried again for as long as it takes."""


class _End(NamedTuple):
    """How a server ended: its exit status, or minus the signal that killed it."""

    status: int
    was_told_to_stop: bool
    was_up: bool
    """Whether it listened before it ended."""


def run_watched(options: RunOptions) -> int:
    """Hold a sale under a watchdog and return the exit status. Raises UsageError where another house holds it."""
    folder = DataFolder(options.data)
    folder.prepare()
    hold = folder.hold()
    try:
        return _watch(options)
    finally:
        (local_houses_folder() / f"{os.getpid()}.json").unlink(missing_ok=True)
        os.close(hold)


def _watch(options: RunOptions) -> int:
    deaths_at_start, restarts = 0, 0
    while True:
        end = _run_child(options, is_restart=restarts > 0)
        if end.was_told_to_stop and end.status < 0:
            return 0
        if end.was_told_to_stop or (end.status not in (_CRASHED, _STORAGE_AWAY) and end.status >= 0):
            return end.status
        if end.status == _CRASHED and not restarts and not end.was_up:
            return _CRASHED
        restarts += 1
        if end.status == _STORAGE_AWAY:
            time.sleep(STORAGE_RETRY_S)
            continue
        deaths_at_start = 0 if end.was_up else deaths_at_start + 1
        how = f"by signal {-end.status}" if end.status < 0 else "by a fault of its own (see above)"
        if deaths_at_start >= DEATHS_AT_START_MAX:
            _say(
                f"The server died {deaths_at_start} times at its start, the last time {how}; given up. Nothing that "
                "was acknowledged is lost. Look at the log above and at `auctioneer verify --data "
                f"{options.data}`, then start again."
            )
            return _CRASHED
        _say(f"The server died {how}; starting it again.")
        if deaths_at_start:
            time.sleep(min(BACKOFF_MAX_S, BACKOFF_S * 2 ** (deaths_at_start - 1)))


def _run_child(options: RunOptions, *, is_restart: bool) -> _End:
    """Fork a server and wait for its end."""
    reading, writing = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    watchdog_pid = os.getpid()
    child = os.fork()
    if child == 0:
        os.close(writing)
        _be_server(
            lambda: serve(options, watchdog_pid=watchdog_pid, watchdog_handle=reading, is_restart=is_restart),
            is_restart=is_restart,
        )
    os.close(reading)
    try:
        with _signals_for(child) as told:
            _, raw = os.waitpid(child, 0)
    finally:
        os.close(writing)
    record = DataFolder(options.data).house_record()
    was_up = record is not None and record.pid == child
    return _End(os.waitstatus_to_exitcode(raw), was_told_to_stop=bool(told), was_up=was_up)


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
        sys.stdout.flush()
        sys.stderr.flush()
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


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
