"""The child that makes a snapshot: it holds nothing of the house's, hurts nobody when it fails, and always ends."""

import atexit
import errno
import fcntl
import os
import resource
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import NoReturn

import pytest

from auctioneer.journal import ChainEnd, Journal, append
from auctioneer.journal.snapshot_writer import NICENESS, SnapshotWriter
from auctioneer.journal.snapshots import Made, SavedState, SnapshotFiles
from auctioneer.journal.sqlite import FILE_NAME, SqliteStore
from tests.auctioneer.journal.journal_examples import AT_MS, announcements

END_S = 20.0


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with closing(SqliteStore(tmp_path / FILE_NAME).take_over("")) as journal:
        append(journal, announcements(3), (), AT_MS)
        yield journal


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[SnapshotWriter]:
    with closing(SnapshotWriter(SnapshotFiles(tmp_path))) as writer:
        yield writer


def end_of(writer: SnapshotWriter) -> Made:
    """Wait for the end of a snapshot."""
    assert writer._child is not None
    assert select.select([writer._child.report], [], [], END_S)[0], "the child is still there"
    deadline_s = time.monotonic() + END_S
    while (made := writer.finished()) is None:
        assert time.monotonic() < deadline_s
    return made


def pid_of(writer: SnapshotWriter) -> int:
    assert writer._child is not None
    return writer._child.pid


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    yield reading, writing
    os.close(reading)
    os.close(writing)


def waits(path: Path) -> Callable[[], bytes]:
    """Return an encoder that says that it is at work, by a file, and then never ends."""

    def wait() -> NoReturn:
        written = path.with_name(f"{path.name}.new")
        written.write_bytes(b"")
        written.rename(path)  # by then it is open no more
        while True:
            signal.pause()

    return wait


def wait_for(path: Path) -> None:
    deadline_s = time.monotonic() + END_S
    while not path.exists():
        assert time.monotonic() < deadline_s, f"{path} did not come"


def test_the_state_is_that_of_the_start_whatever_the_house_does_then(
    writer: SnapshotWriter, journal: Journal, tmp_path: Path
) -> None:
    state = [b"first"]
    writer.start(journal.end, lambda: b" ".join(state))
    state.append(b"second")
    append(journal, announcements(2, 4), (), AT_MS)
    assert end_of(writer) == Made(3)
    assert SnapshotFiles(tmp_path).load(journal) == (SavedState(3, b"first"), ())
    assert writer.finished() is None, "it is told once"


def test_one_at_a_time_and_the_next_when_it_is_due(writer: SnapshotWriter, journal: Journal, tmp_path: Path) -> None:
    writer.start(journal.end, waits(tmp_path / "began"))
    pid = pid_of(writer)
    writer.start(journal.end, lambda: b"too early")
    assert pid_of(writer) == pid
    assert writer.finished() is None
    os.kill(pid, signal.SIGKILL)
    assert end_of(writer) == Made(3, "The process that made it ended by signal 9")
    writer.start(journal.end, lambda: b"later")
    assert end_of(writer) == Made(3)
    assert SnapshotFiles(tmp_path).load(journal).saved == (3, b"later")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), f"[Errno {errno.ENOSPC}] {os.strerror(errno.ENOSPC)}"),
        (MemoryError("too large"), "MemoryError: too large"),
        (SystemExit(0), "SystemExit: 0"),
        (ValueError("\ud800"), "ValueError: ?"),
        (ValueError("x" * 100_000), "ValueError: " + "x" * 988),
    ],
    ids=["disk", "memory", "exit", "text", "long"],
)
def test_why_it_failed_is_told_and_nothing_is_left(
    writer: SnapshotWriter, journal: Journal, tmp_path: Path, error: BaseException, reason: str
) -> None:
    def fail() -> bytes:
        raise error

    writer.start(journal.end, fail)
    assert end_of(writer) == Made(3, reason)
    assert not SnapshotFiles(tmp_path).positions()
    writer.start(journal.end, lambda: b"later")
    assert end_of(writer) == Made(3)


def test_a_killed_childs_draft_is_removed(writer: SnapshotWriter, journal: Journal, tmp_path: Path) -> None:
    draft = tmp_path / "snapshot-3.new"
    writer.start(journal.end, waits(draft))
    wait_for(draft)
    os.kill(pid_of(writer), signal.SIGKILL)
    assert end_of(writer).fault
    assert not draft.exists()


def test_a_child_that_hangs_ends_by_itself(journal: Journal, tmp_path: Path) -> None:
    with closing(SnapshotWriter(SnapshotFiles(tmp_path), snapshot_s_max=1)) as writer:
        writer.start(journal.end, waits(tmp_path / "began"))
        assert end_of(writer) == Made(3, "The process that made it ended by signal 14")


def test_a_child_that_can_not_end_by_itself_is_killed(journal: Journal, tmp_path: Path) -> None:
    with closing(SnapshotWriter(SnapshotFiles(tmp_path), snapshot_s_max=1)) as writer:
        writer.start(journal.end, waits(tmp_path / "began"))
        wait_for(tmp_path / "began")
        os.kill(pid_of(writer), signal.SIGSTOP)
        deadline_s = time.monotonic() + END_S
        while (made := writer.finished()) is None:
            assert time.monotonic() < deadline_s
        assert made == Made(3, "The process that made it ended by signal 9")


def test_a_process_that_can_not_be_made_is_a_snapshot_that_failed(
    writer: SnapshotWriter, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> NoReturn:
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    handles = len(os.listdir("/dev/fd"))
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    with monkeypatch.context() as patched:
        patched.setattr(os, "fork", refuse)
        writer.start(journal.end, lambda: b"a state")
    assert writer.finished() == Made(3, f"No process could be made for it: {os.strerror(errno.EAGAIN)}")
    assert writer.finished() is None
    assert len(os.listdir("/dev/fd")) == handles
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == blocked
    writer.start(journal.end, lambda: b"later")
    assert end_of(writer) == Made(3)


def test_a_house_with_thousands_of_handles_stops_as_any_other(
    writer: SnapshotWriter, journal: Journal, tmp_path: Path
) -> None:
    allowed, allowed_max = resource.getrlimit(resource.RLIMIT_NOFILE)
    if allowed_max != resource.RLIM_INFINITY and allowed_max < 4000:
        pytest.skip(f"this system allows {allowed_max} open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (4000, allowed_max))
    handles = [os.open(os.devnull, os.O_RDONLY) for _ in range(2000)]
    try:
        writer.start(journal.end, waits(tmp_path / "began"))
        assert writer.save(journal.end, lambda: b"the last state") == Made(3)
    finally:
        for handle in handles:
            os.close(handle)
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, allowed_max))


def test_no_handle_is_left_open_in_the_house(writer: SnapshotWriter, journal: Journal) -> None:
    handles = len(os.listdir("/dev/fd"))
    for _ in range(3):
        writer.start(journal.end, lambda: b"a state")
        assert end_of(writer) == Made(3)
        writer.start(journal.end, lambda: b"a state")
        writer.close()
    assert len(os.listdir("/dev/fd")) == handles


# --- what the child is -------------------------------------------------------------------------------------------


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells of another process's handles")
def test_the_child_holds_nothing_of_the_houses(
    writer: SnapshotWriter, journal: Journal, tmp_path: Path, pipe: tuple[int, int]
) -> None:
    high = fcntl.fcntl(pipe[1], fcntl.F_DUPFD, 700)
    try:
        writer.start(journal.end, waits(tmp_path / "began"))
    finally:
        os.close(high)
    wait_for(tmp_path / "began")
    assert writer._child is not None
    pid = writer._child.pid
    held = {path.name: os.readlink(path) for path in Path(f"/proc/{pid}/fd").iterdir()}
    assert held == {"0": "/dev/null", "1": "/dev/null", "2": os.readlink(f"/proc/self/fd/{writer._child.report}")}
    assert int(Path(f"/proc/{pid}/oom_score_adj").read_text()) == 1000
    assert os.getpriority(os.PRIO_PROCESS, pid) == min(19, os.getpriority(os.PRIO_PROCESS, 0) + NICENESS)


def test_the_childs_signals_are_its_own(
    writer: SnapshotWriter, journal: Journal, tmp_path: Path, pipe: tuple[int, int]
) -> None:
    """The house has handlers that do nothing, and a pipe by which a signal stops it."""
    reading, writing = pipe
    os.set_blocking(writing, False)
    handler = signal.signal(signal.SIGTERM, lambda number, frame: None)
    wakeup = signal.set_wakeup_fd(writing)
    try:
        writer.start(journal.end, waits(tmp_path / "began"))
        wait_for(tmp_path / "began")
        os.kill(pid_of(writer), signal.SIGTERM)
        assert end_of(writer) == Made(3, "The process that made it ended by signal 15")
        assert not select.select([reading], [], [], 0)[0], "and the house hears nothing of it"
    finally:
        signal.set_wakeup_fd(wakeup)
        signal.signal(signal.SIGTERM, handler)


def test_nothing_of_the_house_is_finished_in_the_child(
    writer: SnapshotWriter, journal: Journal, tmp_path: Path
) -> None:
    class Finalized:
        def __del__(self) -> None:
            (tmp_path / f"finalized {os.getpid()}").write_bytes(b"")

    thing = Finalized()
    atexit.register((tmp_path / "at exit").write_bytes, b"")
    try:
        for encode in (lambda: b"a state", lambda: sys.exit(0)):
            writer.start(journal.end, encode)
            end_of(writer)
    finally:
        atexit.unregister((tmp_path / "at exit").write_bytes)
    assert not (tmp_path / "at exit").exists()
    assert not list(tmp_path.glob("finalized*"))
    del thing
    assert list(tmp_path.glob("finalized*")), "and this test would notice"


HOUSE = """
import os, signal, socket, sys
from pathlib import Path
from auctioneer.journal.sqlite import SqliteStore
from auctioneer.journal.snapshot_writer import SnapshotWriter
from auctioneer.journal.snapshots import SnapshotFiles

folder = Path(sys.argv[1])
journal = SqliteStore(folder / "journal.sqlite3").take_over("")
listening = socket.create_server(("127.0.0.1", 0))
house = os.getpid()

def encode():
    os.kill(house, signal.SIGKILL)
    while os.getppid() == house:
        pass
    (folder / "orphan").write_text(str(os.getpid()))
    while not (folder / "go on").exists():
        pass
    return b"a state"

print(listening.getsockname()[1], flush=True)
SnapshotWriter(SnapshotFiles(folder)).start(journal.end, encode)
signal.pause()
"""


def test_a_child_that_outlives_its_house_keeps_no_successor_out_and_writes_nothing(tmp_path: Path) -> None:
    house = subprocess.Popen([sys.executable, "-c", HOUSE, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert house.stdout is not None
    port = int(house.stdout.readline())
    assert house.wait() == -signal.SIGKILL
    assert house.stdout.read() == "", "nor does it keep the house's output open"
    house.stdout.close()
    wait_for(tmp_path / "orphan")
    with socket.create_server(("127.0.0.1", port)), closing(SqliteStore(tmp_path / FILE_NAME).take_over("")) as journal:
        append(journal, announcements(1), (), AT_MS)
    orphan = int((tmp_path / "orphan").read_text())
    (tmp_path / "go on").write_bytes(b"")
    deadline_s = time.monotonic() + END_S
    while is_alive(orphan):
        assert time.monotonic() < deadline_s
    assert not SnapshotFiles(tmp_path).positions()


def is_alive(pid: int) -> bool:
    """Return whether a process of somebody else's is at work; one that nobody took note of is not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


# --- stopping ----------------------------------------------------------------------------------------------------


def test_a_stop_gives_up_what_is_being_made_and_saves_the_last_state(
    writer: SnapshotWriter, journal: Journal, tmp_path: Path
) -> None:
    draft = tmp_path / "snapshot-3.new"
    writer.start(journal.end, waits(draft))
    wait_for(draft)
    pid = pid_of(writer)
    assert writer.save(journal.end, lambda: b"the last state") == Made(3)
    assert not is_alive(pid)
    assert SnapshotFiles(tmp_path).load(journal).saved == (3, b"the last state")
    assert writer.finished() is None


def test_a_last_snapshot_that_can_not_be_written_is_told(tmp_path: Path) -> None:
    with closing(SnapshotWriter(SnapshotFiles(tmp_path / "nothing"))) as writer:
        made = writer.save(ChainEnd(3, bytes(32)), lambda: b"a state")
    assert made.position == 3
    assert os.strerror(errno.ENOENT) in made.fault


def test_a_child_that_does_not_go_keeps_no_stop_waiting(
    writer: SnapshotWriter, journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as one that waits for a disk: not even a kill ends it."""
    monkeypatch.setattr("auctioneer.journal.snapshot_writer.LEAVE_MS_MAX", 10)
    writer.start(journal.end, waits(tmp_path / "began"))
    with monkeypatch.context() as patched:
        patched.setattr(os, "kill", lambda pid, number: None)
        made = writer.save(journal.end, lambda: b"the last state")
    assert made == Made(3, "The process that makes an earlier one can't be ended")
    assert not SnapshotFiles(tmp_path).positions()
