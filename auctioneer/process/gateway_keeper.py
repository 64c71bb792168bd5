"""The keeper: a small process that runs a gateway beside the house, and starts it again when it ends.

The watchdog forks it before the first server, and again if a signal kills it. The keeper starts `bidder web` as any
user would: the auctioneer imports nothing of it. Nothing depends on the gateway. If it dies, phones are offline for a
moment and bids stand; if it can't start at all, the house goes on without it.

The gateway has a terminal session of its own, so that a Ctrl-C reaches only the watchdog, which stops the server first.
It ends with its standard input, which only the keeper holds; so it is never left over, however its keeper ends.
"""

import os
import select
import signal
import subprocess
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from auctioneer.process.folder import DataFolder
from auctioneer.process.options import RunOptions
from common.errors import UsageError
from common.terminal.gateway_options import passed_on
from common.terminal.output import say

LOOK_S: Final = 0.2
"""How often the keeper looks where the house is: before its first start, and in case its link changes."""
PAUSE_S: Final = 0.2
"""The pause before the gateway is started again; it doubles with each end within `STEADY_S`."""
PAUSE_MAX_S: Final = 5.0
STEADY_S: Final = 10.0
STOP_S: Final = 5.0
"""The time in which a gateway must have ended before it is killed."""
KEEPERS_MAX: Final = 20
"""So many keepers are started for one house, each after a signal killed the one before."""


class Ended(NamedTuple):
    """How a gateway ended: its exit status (minus the signal that killed it), and after how many seconds."""

    status: int
    after_s: float


class Again(NamedTuple):
    """Start the gateway again after a pause."""

    pause_s: float


class KeeperPolicy:
    """Decides what a keeper does after each end of its gateway."""

    def __init__(self, *, is_again: bool = False) -> None:
        """`is_again` says that an earlier keeper has started the gateway, which may hold its port for a moment more."""
        self._pause_s = PAUSE_S
        self._starts = int(is_again)

    def after(self, ended: Ended) -> Again | None:
        """Return when to start it again; None to leave it: its very first start failed by a wrong option."""
        self._starts += 1
        if self._starts == 1 and ended.status == UsageError.exit_status:
            return None
        if ended.after_s >= STEADY_S:
            self._pause_s = PAUSE_S
        pause_s, self._pause_s = self._pause_s, min(PAUSE_MAX_S, 2 * self._pause_s)
        return Again(pause_s)


class KeptGateway:
    """The keeper as its watchdog sees it: started, started again if a signal killed it, and ended.

    `hold` is the handle of the data directory's lock, which is the house's and not the gateway's.
    """

    def __init__(self, options: RunOptions, hold: int) -> None:
        self._options = options
        self._hold = hold
        self._keeper: int | None = None
        self._our_life = -1
        self._started = 0

    def start(self) -> None:
        """Fork a keeper."""
        watchdog_pid = os.getpid()
        watchdog_lives, self._our_life = os.pipe()
        self._started += 1
        self._keeper = os.fork()
        if self._keeper == 0:
            others = (self._our_life, self._hold)
            _be_keeper(self._options, watchdog_lives, watchdog_pid, others, is_again=self._started > 1)
        os.close(watchdog_lives)

    def note_end(self, pid: int, status: int) -> None:
        """Note that a child of the watchdog ended, and start another keeper if it was one that a signal killed."""
        if pid != self._keeper:
            return
        os.close(self._our_life)
        self._keeper = None
        if status >= 0:
            return  # it said why
        if self._started == KEEPERS_MAX:
            say("The gateway for phones can't be kept running; the house goes on without it.", err=True)
            return
        say(f"The keeper of the gateway for phones died by signal {-status}; starting it again.", err=True)
        self.start()

    def end(self) -> None:
        """End the keeper, and its gateway with it."""
        if self._keeper is not None:
            os.close(self._our_life)
            os.waitpid(self._keeper, 0)


@contextmanager
def kept_gateway(options: RunOptions, hold: int) -> Iterator[KeptGateway]:
    """Have a keeper run a gateway during the block, if the options ask for one. `hold` is as in `KeptGateway`."""
    kept = KeptGateway(options, hold)
    if options.web:
        DataFolder(options.data).keys.gateway()  # the server needs it too; here only one process makes it
        kept.start()
    try:
        yield kept
    finally:
        kept.end()


def _be_keeper(
    options: RunOptions, watchdog_lives: int, watchdog_pid: int, others: tuple[int, ...], *, is_again: bool
) -> None:
    """Keep a gateway in the forked child, and end the process whatever happens: the child must not return."""
    try:
        for handle in others:
            os.close(handle)
        _Keeper(options, watchdog_lives, watchdog_pid, is_again=is_again).run()
    except BaseException:  # noqa: BLE001 -- the last handler before the process ends
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError):
                stream.flush()
        os._exit(0)


class _Keeper:
    """Runs one gateway after another, until the watchdog is gone or tells it to stop."""

    def __init__(self, options: RunOptions, watchdog_lives: int, watchdog_pid: int, *, is_again: bool) -> None:
        self._options = options
        self._folder = DataFolder(options.data)
        self._watchdog_lives = watchdog_lives
        self._watchdog_pid = watchdog_pid
        self._policy = KeeperPolicy(is_again=is_again)
        self._is_first = not is_again
        self._control = ""
        self._bell, ringer = os.pipe()
        for handle in (self._bell, ringer):
            os.set_blocking(handle, False)
        signal.set_wakeup_fd(ringer, warn_on_full_buffer=False)
        self._is_told = False
        for number in (signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)  # a Ctrl-C is the watchdog's
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def _stop(self, number: int, frame: object) -> None:  # noqa: ARG002 -- the standard library's signature
        self._is_told = True

    def run(self) -> None:
        """Keep the gateway."""
        link = self._link()
        while not link:
            if self._is_over(LOOK_S):
                return
            link = self._link()
        while True:
            ended = self._run_gateway(link)
            if ended is None:
                return
            link = self._link() or link
            following = self._policy.after(ended)
            if following is None:
                say("The gateway for phones could not start; the house goes on without it.", err=True)
                return
            if self._is_over(following.pause_s):
                return
            say(f"The gateway for phones ended (status {ended.status}); starting it again.", err=True)

    def _link(self) -> str:
        """Return the link of this watchdog's house; empty before it serves."""
        running = self._folder.whereabouts.read()
        if running is None or running.watchdog_pid != self._watchdog_pid:
            return ""
        self._control = running.control.rpartition("/")[2]
        return running.link

    def _run_gateway(self, link: str) -> Ended | None:
        """Run a gateway to its end; return None if the keeper has to end. A gateway of an old link is replaced."""
        is_quiet = not self._is_first and self._options.log_format == "human"
        self._is_first = False
        began_s = _now_s()
        with subprocess.Popen(
            gateway_command(self._options, self._control),
            env=os.environ | {"AUCTION_LINK": link},  # not an argument: those can be read by everybody on the machine
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL if is_quiet else sys.stderr.fileno(),
            start_new_session=True,
        ) as gateway:
            while gateway.poll() is None:
                if self._is_over(LOOK_S):
                    _end(gateway)
                    return None
                if (now := self._link()) and now != link:
                    _end(gateway)
        return Ended(gateway.returncode, _now_s() - began_s)

    def _is_over(self, wait_s: float) -> bool:
        """Wait for a while, or until something happens; return whether the keeper has to end."""
        readable, _, _ = select.select([self._watchdog_lives, self._bell], [], [], wait_s)
        if self._bell in readable:
            os.read(self._bell, 4096)
        return self._is_told or self._watchdog_lives in readable


def gateway_command(options: RunOptions, control: str) -> list[str]:
    """Return the command that starts the gateway of a house, which takes commands at `control` (HOST:PORT)."""
    folder = DataFolder(options.data)
    command = [sys.executable, "-m", "bidder", "web", "--tied", "--listen", options.web]
    command += [
        "--control",
        control,
        "--home",
        str(folder.gateway_home.resolve()),
        "--key",
        str(folder.keys.gateway_file.resolve()),
    ]
    if options.web_images and Path(options.web_images).is_dir():
        command += ["--images", options.web_images]
    command += passed_on(msgspec.structs.asdict(options))
    return command if options.log_format == "human" else [*command, "--as-record"]


def _end(gateway: "subprocess.Popen[bytes]") -> None:
    gateway.terminate()
    try:
        gateway.wait(STOP_S)
    except subprocess.TimeoutExpired:
        gateway.kill()


def _now_s() -> float:
    return os.times().elapsed
