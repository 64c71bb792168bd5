"""What follows from the end of a server: when it is started again, after which pause, and when it is given up."""

import fcntl
import json
import os
import pty
import shutil
import signal
import sqlite3
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from auctioneer.cli.control_client import connected
from auctioneer.journal import DamagedJournalError
from auctioneer.process.folder import DataFolder
from auctioneer.process.watchdog import (
    STORAGE_RETRY_S,
    End,
    GivenUpError,
    Restart,
    RestartPolicy,
    WatchdogTimes,
    _be_server,
)
from common.errors import StorageError, UsageError
from tests.house_process import WAIT_S

KILLED = -signal.SIGKILL
AWAY = 75


def after(*ends: End, times: WatchdogTimes | None = None) -> list[Restart | int]:
    policy = RestartPolicy(times or WatchdogTimes())
    return [policy.after(end) for end in ends]


def ended(status: int, *, told: bool = False, up: bool = False) -> End:
    return End(status, told, up)


def pauses_s(*ends: End) -> list[float]:
    return [following.pause_s for following in after(*ends) if isinstance(following, Restart)]


@pytest.mark.parametrize(
    ("end", "status"),
    [
        (ended(0, up=True), 0),
        (ended(0, told=True, up=True), 0),
        (ended(-signal.SIGTERM, told=True), 0),
        (ended(AWAY, told=True), StorageError.exit_status),
        (ended(UsageError.exit_status), UsageError.exit_status),
        (ended(StorageError.exit_status), StorageError.exit_status),
        (ended(StorageError.exit_status, up=True), StorageError.exit_status),
        (ended(1), 1),
    ],
)
def test_a_server_that_ended_by_itself_or_never_started_is_not_started_again(end: End, status: int) -> None:
    assert after(end) == [status]


def test_a_server_that_was_up_is_started_again_at_once_however_often_it_dies() -> None:
    ends = [ended(KILLED, up=True)] * 100
    assert pauses_s(*ends) == [0.0] * 100
    assert pauses_s(ended(1, up=True), ended(UsageError.exit_status, up=True)) == [0.0, 0.0]


def test_one_that_dies_before_it_listens_is_started_after_growing_pauses_and_then_given_up() -> None:
    ends = [ended(KILLED, up=True)] + [ended(KILLED)] * 9
    assert pauses_s(*ends) == [0.0, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 5.0]
    with pytest.raises(GivenUpError, match="died 10 times at its start, the last time by signal 9; given up"):
        after(*ends, ended(KILLED))


def test_one_that_listened_in_between_has_all_the_patience_again() -> None:
    ends = ([ended(KILLED)] * 9 + [ended(KILLED, up=True)]) * 3
    assert len(after(*ends)) == 30


def test_what_is_wrong_only_at_a_restart_is_tried_again() -> None:
    """A port that another program took meanwhile, a list of keys that was edited badly."""
    assert pauses_s(ended(KILLED, up=True), ended(UsageError.exit_status), ended(1)) == [0.0, 0.1, 0.2]


def test_a_full_disk_is_waited_out_for_as_long_as_it_takes() -> None:
    ends = [ended(KILLED, up=True)] + [ended(AWAY)] * 50
    assert pauses_s(*ends) == [0.0] + [STORAGE_RETRY_S] * 50


def test_the_restarts_are_counted() -> None:
    policy = RestartPolicy(WatchdogTimes())
    for _ in range(3):
        policy.after(ended(KILLED, up=True))
    assert policy.restarts == 3


# --- with real processes ---------------------------------------------------------------------------------------------

DIES_AS_IT_BECOMES_KNOWN = """
import auctioneer.process.serving, os, signal
auctioneer.process.serving.publish_local_house = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
"""
PROGRAM = """
import os, sys
from pathlib import Path
from auctioneer.process.options import RunOptions
from auctioneer.process.watchdog import WatchdogTimes, run_watched
from common.errors import AuctionError
try:
    options = RunOptions(Path(sys.argv[1]), is_example=True, port=0, log_format="json")
    sys.exit(run_watched(options, WatchdogTimes(4, 0.001, 0.002)))
except AuctionError as error:
    print(f"Error [{error.code}]: {error}", file=sys.stderr)
    sys.exit(error.exit_status)
"""


@contextmanager
def started(
    tmp_path: Path, *command: str, state: Path | None = None, preexec_fn: Callable[[], object] | None = None
) -> Iterator[tuple["subprocess.Popen[str]", Iterator[str]]]:
    """Run a house, in a session of its own; yield its process and the lines that it writes to stderr, as they come."""
    with subprocess.Popen(
        [sys.executable, *command],
        env=os.environ | {"XDG_STATE_HOME": str(state or tmp_path / "state")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=preexec_fn,
    ) as process:
        assert process.stderr is not None
        try:
            yield process, iter(process.stderr)
        finally:
            process.terminate()


def run_on(data: Path) -> tuple[str, ...]:
    return ("-m", "auctioneer", "run", "--example", "--data", str(data), "--port", "0", "--log-format", "json")


def next_server(lines: Iterator[str]) -> int:
    """Wait until a server listens, and return its process."""
    return int(next(json.loads(line)["pid"] for line in lines if '"listening"' in line))


def test_a_server_that_can_no_longer_start_is_given_up_with_a_status_and_a_sentence(tmp_path: Path) -> None:
    """A fault that shows at a restart: the house's own key was damaged."""
    data = tmp_path / "data"
    with started(tmp_path, "-c", PROGRAM, str(data)) as (watchdog, lines):
        server = next_server(lines)
        (data / "keys" / "house.json").write_text("no key")
        os.kill(server, signal.SIGKILL)
        told = list(lines)
        assert watchdog.wait(WAIT_S) == GivenUpError.exit_status
    assert sum("starting it again" in line for line in told) == 4, "once after it was up, and after three bad starts"
    assert told[-1].startswith("Error [given_up]: The server died 4 times at its start")
    verify = [sys.executable, "-m", "auctioneer", "verify", "--data", str(data)]
    assert subprocess.run(verify, check=False, timeout=WAIT_S).returncode == 0, "nothing is lost, as the sentence says"


def test_a_server_that_was_killed_is_back_and_a_list_that_was_edited_badly_is_waited_out(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with started(tmp_path, *run_on(data), "--admit", "list") as (watchdog, lines):
        first = next_server(lines)
        os.kill(first, signal.SIGKILL)
        second = next_server(lines)
        assert second != first
        (data / "admitted-keys.txt").write_text("not a key\n")
        os.kill(second, signal.SIGKILL)
        assert any("Error [usage]" in line for line in lines)
        (data / "admitted-keys.txt").write_text("")
        assert next_server(lines) != second
        watchdog.terminate()
        list(lines)
        assert watchdog.wait(WAIT_S) == 0


# --- what a start needs, and what it can do without ------------------------------------------------------------------


def test_a_server_that_dies_after_it_wrote_where_it_is_but_before_it_serves_is_given_up(tmp_path: Path) -> None:
    with started(tmp_path, "-c", DIES_AS_IT_BECOMES_KNOWN + PROGRAM, str(tmp_path / "data")) as (watchdog, lines):
        told = list(lines)
        assert watchdog.wait(WAIT_S) == GivenUpError.exit_status
    assert sum("starting it again" in line for line in told) == 3
    assert told[-1].startswith("Error [given_up]: The server died 4 times at its start, the last time by signal 9")
    assert DataFolder(tmp_path / "data").whereabouts.read() is not None, "that file is no proof of a served house"


def test_a_list_of_local_houses_that_can_not_be_written_stops_no_house(tmp_path: Path) -> None:
    """A service's user without a home, a container under another user; and a home that goes away in mid-sale."""
    data, state = tmp_path / "data", tmp_path / "state"
    with started(tmp_path, *run_on(data), state=state / "below") as (watchdog, lines):
        first = next_server(lines)
        shutil.rmtree(state)
        state.write_text("not a directory any more")
        os.kill(first, signal.SIGKILL)
        told: list[str] = []

        def kept() -> Iterator[str]:
            for line in lines:
                told.append(line)
                yield line

        second = next_server(kept())
        assert second != first
        (warning,) = (json.loads(line) for line in told if "not_listed" in line)
        assert warning["level"] == "warning"
        assert str(state) in warning["reason"]
        assert sum("starting it again" in line for line in told) == 1
        watchdog.terminate()
        list(lines)
        assert watchdog.wait(WAIT_S) == 0
    with started(tmp_path, *run_on(data), state=state / "below") as (watchdog, lines):
        next_server(lines)
        watchdog.terminate()
        assert not any("Traceback" in line or "starting it again" in line for line in lines)
        assert watchdog.wait(WAIT_S) == 0, "nor does it stand in the way of the end"


@pytest.mark.parametrize("stdout", ["/dev/full", "&-"], ids=["full", "closed"])
def test_what_people_read_at_the_start_stops_no_house(tmp_path: Path, stdout: str) -> None:
    command = [sys.executable, "-m", "auctioneer", "run", "--example", "--data", str(tmp_path / "data"), "--port", "0"]
    if stdout == "/dev/full" and not Path(stdout).exists():
        pytest.skip("only Linux has a file that is always full")
    with subprocess.Popen(
        ["sh", "-c", f'exec "$@" >{stdout}', "sh", *command],
        env=os.environ | {"XDG_STATE_HOME": str(tmp_path / "state")},
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        assert any("lot_opened" in line for line in process.stderr), "it turns, so it serves"
        process.terminate()
        rest = process.stderr.read()
        assert process.wait(WAIT_S) == 0, rest
        assert "starting it again" not in rest


def test_a_house_without_standard_streams_is_held(tmp_path: Path) -> None:
    """Nothing that is opened later may have the number of standard error: a library's last words go there."""
    data = tmp_path / "data"
    command = [sys.executable, "-m", "auctioneer", "run", "--example", "--data", str(data), "--port", "0"]
    with subprocess.Popen(
        ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", *command],
        env=os.environ | {"XDG_STATE_HOME": str(tmp_path / "state")},
    ) as process:
        try:
            while not (data / "house.json").exists():
                assert process.poll() is None
            with connected(DataFolder(data)) as house:
                assert house.ask("status")["lots"]["open"] > 0
            if sys.platform == "linux":
                pids = (process.pid, house_pid(data))
                links = {os.readlink(f"/proc/{pid}/fd/{number}") for pid in pids for number in (0, 1, 2)}
                assert links == {"/dev/null"}
        finally:
            process.terminate()
        assert process.wait(WAIT_S) == 0


def house_pid(data: Path) -> int:
    record = DataFolder(data).whereabouts.read()
    assert record is not None
    return record.pid


# --- SIGHUP ----------------------------------------------------------------------------------------------------------


def test_sighup_ends_no_house_that_has_no_terminal(tmp_path: Path) -> None:
    """A service manager's `reload`, or a `kill -HUP` by habit: the sale goes on, and the log says why."""
    data = tmp_path / "data"
    with started(tmp_path, *run_on(data)) as (watchdog, lines):
        server = next_server(lines)
        os.kill(server, signal.SIGHUP)
        os.killpg(watchdog.pid, signal.SIGHUP)
        assert next(line for line in lines if "SIGHUP" in line).startswith("SIGHUP was ignored")
        with connected(DataFolder(data)) as house:
            assert house.ask("status")["status"] == "running"
        assert house_pid(data) == server
        watchdog.terminate()
        assert not any("starting it again" in line for line in lines)
        assert watchdog.wait(WAIT_S) == 0


def at(terminal: int) -> Callable[[], None]:
    """Return what makes a terminal that of the process that is started."""

    def claim() -> None:
        fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)

    return claim


def test_a_terminal_that_closes_ends_the_house_that_was_started_there(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    with started(tmp_path, *run_on(tmp_path / "data"), preexec_fn=at(theirs)) as (watchdog, lines):
        next_server(lines)
        os.close(theirs)
        os.close(ours)
        told = list(lines)
        assert watchdog.wait(WAIT_S) == 0
    assert any(line.startswith("SIGHUP: the terminal was closed") for line in told)
    assert any('"stopped"' in line for line in told), "the server ended as by any other stop, and was not killed"


def test_a_house_under_nohup_outlives_its_terminal(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()

    def nohup() -> None:
        at(theirs)()
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    data = tmp_path / "data"
    with started(tmp_path, *run_on(data), preexec_fn=nohup) as (watchdog, lines):
        server = next_server(lines)
        os.close(theirs)
        os.close(ours)
        os.killpg(watchdog.pid, signal.SIGHUP)
        with connected(DataFolder(data)) as house:
            assert house.ask("status")["status"] == "running"
        assert house_pid(data) == server
        watchdog.terminate()
        list(lines)
        assert watchdog.wait(WAIT_S) == 0


# --- how a server ends -----------------------------------------------------------------------------------------------


def raising(error: BaseException) -> Callable[[], None]:
    def run() -> None:
        raise error

    return run


DAMAGED = DamagedJournalError(Path("journal"), "a page is wrong")


@pytest.mark.parametrize(
    ("run", "is_restart", "status"),
    [
        (lambda: None, False, 0),
        (lambda: None, True, 0),
        (raising(DAMAGED), False, StorageError.exit_status),
        (raising(DAMAGED), True, StorageError.exit_status),
        (raising(StorageError("full")), False, StorageError.exit_status),
        (raising(StorageError("full")), True, AWAY),
        (raising(UsageError("wrong")), False, UsageError.exit_status),
        (raising(UsageError("wrong")), True, UsageError.exit_status),
        (raising(RuntimeError("a fault")), False, 1),
        (raising(KeyboardInterrupt()), True, 1),
        (raising(SystemExit(0)), True, 1),
    ],
)
def test_the_status_of_a_server_says_what_is_to_follow(run: Callable[[], None], is_restart: bool, status: int) -> None:
    child = os.fork()
    if child == 0:
        _be_server(run, is_restart=is_restart)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == status


def test_a_journal_that_is_found_damaged_at_a_restart_halts_the_house(tmp_path: Path) -> None:
    """It is no full disk, which would be waited out: the house must not try again and again, as if it could mend."""
    data = tmp_path / "data"
    with started(tmp_path, *run_on(data)) as (watchdog, lines):
        server = next_server(lines)
        with closing(sqlite3.connect(data / "journal.sqlite3")) as database, database:
            database.execute("UPDATE batch SET body = replace(body, 'sale_created', 'sale_forged') WHERE first = 1")
        os.kill(server, signal.SIGKILL)
        errors = (line for line in lines if line.startswith("Error ["))
        assert next(errors).startswith("Error [damaged_journal]")
        assert next(errors, None) is None, "it was tried again"
        assert watchdog.wait(WAIT_S) == StorageError.exit_status
