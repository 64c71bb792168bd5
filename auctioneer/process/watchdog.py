"""The watchdog: a small parent process that holds the data directory, and starts the server again when it dies.

libzmq has a fault that no option prevents: a hostile peer can make the process abort. The server loses nothing by this,
since nothing leaves before it is durable; but it must be started again. The parent forks the server, so a new one has
its modules loaded and is back within a fraction of a second.

A house that has others beside it (`auctioneer.journal.lease`) holds the sale only while none of them does. Its server
ends when it steps down, and the next one stands by.

Some servers are not started again: one that ends normally, one that finds its journal damaged or gone, and one that
fails in its very first start. A server that served is started again at once, however often this happens: an attacker
would want the house to give up. If servers die repeatedly before they serve, the watchdog waits longer and longer, and
in the end gives up and says so. A server tells the watchdog through a pipe that it serves. What it wrote before, such
as its addresses, proves nothing. Once a server has served, no later one may begin another sale, even if the whole data
directory is gone.
"""

import os
import secrets
import signal
import struct
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Final, NamedTuple

from auctioneer.journal import DamagedJournalError, FencedError, JournalGoneError
from auctioneer.process.folder import DataFolder
from auctioneer.process.gateway_keeper import KeptGateway, kept_gateway
from auctioneer.process.held_sale import SteppedDownError
from auctioneer.process.options import RunOptions
from auctioneer.process.serving import Watched, serve
from common.errors import AuctionError, StorageError, UsageError
from common.local_houses import local_houses_folder, withdraw_local_house

STORAGE_RETRY_S: Final = 1.0
INSTANCES_MAX: Final = 100
"""So many servers back may be the last owner of the record: one that died before it took it over never was."""
_CRASHED: Final = 1
_STORAGE_AWAY: Final = 75
"""A restarted server could not store, on a full disk for example. It is started again until it can."""
_STEPPED_DOWN: Final = 76
"""Another house may hold the sale now. The next server stands by."""
_AHEAD: Final = struct.Struct("!q")
"""How a server tells how far the sale's time is ahead of the steady clock."""
_TOLD_TO_STOP: Final = {_STORAGE_AWAY: StorageError.exit_status, _STEPPED_DOWN: 0}
_STARTED_AGAIN: Final = (_CRASHED, UsageError.exit_status, _STORAGE_AWAY, _STEPPED_DOWN)
"""The exit statuses after which a server is started again if one has served. A usage error at a later start is not a
wrong option, which the first start would have shown. It is a port that another program uses now, or a list that was
edited while the house ran."""


class GivenUpError(AuctionError):
    """The server died several times before it served; a person must look into it."""

    exit_status = 7
    code = "given_up"


class WatchdogTimes(NamedTuple):
    """How many deaths in a row, of servers that never served, the watchdog accepts, and how long it pauses."""

    deaths_max: int = 10
    pause_s: float = 0.1
    """The pause after the first death, in seconds; it doubles with each."""
    pause_max_s: float = 5.0


class End(NamedTuple):
    """How a server ended: its exit status, or minus the signal that killed it."""

    status: int
    was_told_to_stop: bool
    was_up: bool
    """Whether the server served before it ended, or stood by."""
    ahead_ms: int = 0
    """How far the sale's time was ahead of the steady clock, if the server told it."""

    @property
    def how(self) -> str:
        """How the server died, for people."""
        return f"by signal {-self.status}" if self.status < 0 else "by a fault of its own (see above)"


class Restart(NamedTuple):
    """The server must be started again after a pause. `reason` is for people, and empty if they know it already."""

    pause_s: float
    reason: str


class RestartPolicy:
    """Decides what one watchdog does after the end of each server."""

    def __init__(self, times: WatchdogTimes) -> None:
        self._patience = times
        self._deaths_at_start = 0
        self.restarts = 0
        self.has_served = False
        """Whether any server has served, so that bidders know of the sale."""

    def after(self, end: End) -> Restart | int:
        """Return the next restart, or the exit status of the watchdog. Raises GivenUpError after too many deaths."""
        self.has_served = self.has_served or end.was_up
        if end.was_told_to_stop:
            return _TOLD_TO_STOP.get(end.status, max(0, end.status))
        is_first_start = not self.restarts and not end.was_up
        if end.status >= 0 and (is_first_start or end.status not in _STARTED_AGAIN):
            return end.status
        self.restarts += 1
        if end.status == _STORAGE_AWAY:
            return Restart(STORAGE_RETRY_S, "")
        if end.status == _STEPPED_DOWN:
            return Restart(0.0, "")
        self._deaths_at_start = 0 if end.was_up else self._deaths_at_start + 1
        if self._deaths_at_start >= self._patience.deaths_max:
            raise GivenUpError(
                f"The server died {self._deaths_at_start} times at its start, the last time {end.how}; given up. "
                "Nothing that was acknowledged is lost. Look at the log above, correct what it names, run "
                "`auctioneer verify`, and start the house again."
            )
        pause_s = 0.0
        if self._deaths_at_start:
            pause_s = min(self._patience.pause_max_s, self._patience.pause_s * 2 ** (self._deaths_at_start - 1))
        return Restart(pause_s, f"The server died {end.how}; starting it again.")


def run_watched(options: RunOptions, times: WatchdogTimes = WatchdogTimes()) -> int:  # noqa: B008 -- it can't be changed
    """Hold a sale under a watchdog and return the exit status.

    Raises UsageError if another house holds the sale, or the directory is a backup, and GivenUpError if the server
    dies repeatedly before it serves.
    """
    folder = DataFolder(options.data)
    if folder.backup_file.exists():
        raise UsageError(
            f"{options.data} is a backup, and lacks what bidders have seen since it was made. "
            f"Use `auctioneer restore {options.data} --data DIR`, then run on DIR."
        )
    _open_missing_streams()
    folder.prepare()
    hold = folder.whereabouts.hold()
    try:
        with _judging_hangups(), kept_gateway(options, hold) as kept:
            return _watch(options, RestartPolicy(times), kept)
    finally:
        withdraw_local_house(local_houses_folder(), str(options.data.resolve()))
        os.close(hold)


def _watch(options: RunOptions, policy: RestartPolicy, kept: KeptGateway) -> int:
    instances: tuple[str, ...] = ()
    ahead_ms = 0
    while True:
        instances += (secrets.token_hex(8),)
        end = _run_child(options, policy, instances[-INSTANCES_MAX:], ahead_ms, kept)
        ahead_ms = end.ahead_ms or ahead_ms
        following = policy.after(end)
        if isinstance(following, int):
            return following
        if following.reason:
            _say(following.reason)
        time.sleep(following.pause_s)


def _run_child(
    options: RunOptions, policy: RestartPolicy, instances: tuple[str, ...], ahead_ms: int, kept: KeptGateway
) -> End:
    """Fork a server and wait for its end."""
    with ExitStack() as ours:
        lives, our_life = _pipe(ours)
        serves, word = _pipe(ours)
        os.set_blocking(serves, False)
        _flush()
        watchdog_pid = os.getpid()
        child = os.fork()
        if child == 0:
            os.close(our_life)
            watched = Watched(
                watchdog_pid,
                lives,
                lambda ahead_ms: _tell_up(word, ahead_ms),
                policy.restarts,
                policy.has_served,
                instances,
                options.stands_by or (options.has_others and policy.has_served),
                ahead_ms,
            )
            _be_server(lambda: serve(options, watched), is_restart=policy.restarts > 0 or options.stands_by)
        with _signals_for(child) as told:
            status = _wait_for(child, kept)
        was_up, ahead_ms = _told_up(serves)
        return End(status, bool(told), was_up, ahead_ms)


def _wait_for(server: int, kept: KeptGateway) -> int:
    """Wait for the end of the server and return how it ended. Its only sibling is the keeper of the gateway."""
    while True:
        pid, raw = os.waitpid(-1, 0)
        if pid == server:
            return os.waitstatus_to_exitcode(raw)
        kept.note_end(pid, os.waitstatus_to_exitcode(raw))


def _pipe(resources: ExitStack) -> tuple[int, int]:
    """Return the two ends of a pipe, to read from and to write to."""
    ends = os.pipe()
    for one in ends:
        resources.callback(os.close, one)
    return ends


def _tell_up(word: int, ahead_ms: int) -> None:
    with suppress(BrokenPipeError):  # the watchdog is gone, and the server will end in a moment
        os.write(word, _AHEAD.pack(ahead_ms))


def _told_up(word: int) -> tuple[bool, int]:
    """Return whether a server told that it is up, and how far ahead the sale's time was when it last did."""
    try:
        told = os.read(word, 4096)
    except BlockingIOError:
        return False, 0
    return bool(told), _AHEAD.unpack(told[-_AHEAD.size :])[0] if told else 0


def _be_server(run: Callable[[], None], *, is_restart: bool) -> None:
    """Run a server in the forked child, and end the process whatever happens: the child must not return."""
    status = _CRASHED
    try:
        run()
        status = 0
    except (DamagedJournalError, FencedError, JournalGoneError) as error:
        _say(f"Error [{error.code}]: {error}")
        status = error.exit_status
    except SteppedDownError:
        status = _STEPPED_DOWN
    except AuctionError as error:
        is_away = is_restart and isinstance(error, StorageError)
        _say(f"Error [{error.code}]: {error}")
        status = _STORAGE_AWAY if is_away else error.exit_status
    except BaseException:  # noqa: BLE001 -- the last handler before the process ends
        traceback.print_exc()
    finally:
        _flush()
        os._exit(status)


@contextmanager
def _signals_for(child: int) -> Iterator[list[int]]:
    """Pass on the watchdog's signals to the server; yields the list of signals that came.

    A Ctrl-C at a terminal reaches both processes. The server then gets it twice, which does no harm.
    """
    told: list[int] = []

    def pass_on(number: int, frame: object) -> None:  # noqa: ARG001 -- the standard library's signature
        told.append(number)
        if number == signal.SIGHUP:
            _say("SIGHUP: the terminal was closed, so the house stops.")
        os.kill(child, signal.SIGTERM)

    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:
        numbers.append(signal.SIGHUP)  # from the terminal; see `_judging_hangups`
    before = {number: signal.signal(number, pass_on) for number in numbers}
    try:
        yield told
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _judging_hangups() -> Iterator[None]:
    """Let SIGHUP end a house that was started at a terminal, as it ends any program there, but no other house.

    Elsewhere (a service, a container, `setsid`) SIGHUP tells many programs to read their settings again. A house has
    nothing to read again, and if the signal ended it, it would look as if somebody had stopped it. If `nohup` made the
    process ignore SIGHUP, that stays so.
    """
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_DFL or _has_terminal():
        yield
        return
    signal.signal(signal.SIGHUP, _ignore_hangup)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


def _ignore_hangup(number: int, frame: object) -> None:  # noqa: ARG001 -- the standard library's signature
    _say("SIGHUP was ignored: this house was not started at a terminal. SIGTERM stops it.")


def _has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True


def _open_missing_streams() -> None:
    """Open closed standard streams on the null device; otherwise the next file that is opened would get their numbers.

    A library's last words on standard error would then go into the journal, or to a bidder.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode))


def _flush() -> None:
    """Write out all buffered text, so that a forked child does not write it a second time."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()


def _say(text: str) -> None:
    """Print a line for people. If it can't be written, as to a log on a full disk, the house runs all the same."""
    with suppress(OSError):
        sys.stderr.write(text + "\n")
        sys.stderr.flush()
