"""What follows from the end of a server: when it is started again, after which pause, and when it is given up."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from house_process import WAIT_S

from auctioneer.watchdog import STORAGE_RETRY_S, End, GivenUpError, Patience, Restart, RestartPolicy
from common.errors import StorageError, UsageError

KILLED = -signal.SIGKILL
AWAY = 75


def after(*ends: End, patience: Patience | None = None) -> list[Restart | int]:
    policy = RestartPolicy(patience or Patience())
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
    policy = RestartPolicy(Patience())
    for _ in range(3):
        policy.after(ended(KILLED, up=True))
    assert policy.restarts == 3


# --- with real processes ---------------------------------------------------------------------------------------------

PROGRAM = """
import os, sys
from pathlib import Path
from auctioneer.options import RunOptions
from auctioneer.watchdog import Patience, run_watched
from common.errors import AuctionError
try:
    sys.exit(run_watched(RunOptions(Path(sys.argv[1]), port=0, log_format="json"), Patience(4, 0.001, 0.002)))
except AuctionError as error:
    print(f"Error [{error.code}]: {error}", file=sys.stderr)
    sys.exit(error.exit_status)
"""


@contextmanager
def started(tmp_path: Path, *command: str) -> Iterator[tuple["subprocess.Popen[str]", Iterator[str]]]:
    """Run a house; yield its process and the lines that it writes to stderr, as they come."""
    with subprocess.Popen(
        [sys.executable, *command],
        env=os.environ | {"XDG_STATE_HOME": str(tmp_path / "state")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        try:
            yield process, iter(process.stderr)
        finally:
            process.terminate()


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
    run = ("-m", "auctioneer", "run", "--data", str(data), "--port", "0", "--admit", "list", "--log-format", "json")
    with started(tmp_path, *run) as (watchdog, lines):
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
