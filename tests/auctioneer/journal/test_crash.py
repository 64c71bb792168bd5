"""What was acknowledged is there after a kill, a full disk and a second process; real processes, real limits."""

import json
import signal
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from auctioneer.journal import append
from auctioneer.journal.sqlite import FILE_NAME, SqliteStore
from auctioneer.journal.sqlite.file import PAGE_BYTES
from auctioneer.rules.facts import AnyFact
from tests import strace
from tests.auctioneer.journal.journal_examples import AT_MS, announcements

BATCH = 7

TAKE_OVER_BYTES = 32 + 24 + PAGE_BYTES
"""A WAL's head, and one page with its frame."""

WRITER = f"""
import itertools, sys
from pathlib import Path
from tests.auctioneer.journal.journal_examples import announcements
from auctioneer.journal import append
from auctioneer.journal.sqlite import SqliteStore

journal = SqliteStore(Path(sys.argv[1])).take_over("")
for batch in itertools.count(journal.position // {BATCH}):
    position = append(journal, announcements({BATCH}, batch * {BATCH} + 1), (), batch)
    print(position, flush=True)
"""

FULL_DISK = """
import json, resource, sys
from pathlib import Path
from tests.auctioneer.journal.journal_examples import announcements, rejection
from auctioneer.journal import append
from auctioneer.journal.sqlite import SqliteStore
from common.errors import StorageError

path, bytes_max = Path(sys.argv[1]), int(sys.argv[2])
journal = SqliteStore(path).take_over("")
resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_max, resource.RLIM_INFINITY))
acknowledged = 0
try:
    while True:
        acknowledged = append(journal, announcements(50, acknowledged + 1), [rejection(1, acknowledged + 1)], 1)
except StorageError as error:
    first = str(error)
try:
    append(journal, (), (), 2)
except StorageError as error:
    second = str(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
journal = SqliteStore(path).take_over("")
reopened = journal.position
append(journal, announcements(50, reopened + 1), (), 3)
end = journal.verify_chain()
print(json.dumps([acknowledged, first, second, reopened, end.position]))
"""


def start(program: str, *arguments: object) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    )


def kill_after(lines: int, path: Path) -> int:
    """Start a writer, kill it in the middle of its work and return the last position that it acknowledged."""
    writer = start(WRITER, path)
    assert writer.stdout is not None
    acknowledged = [int(writer.stdout.readline()) for _ in range(lines)]
    writer.send_signal(signal.SIGKILL)
    acknowledged += map(int, writer.stdout)
    writer.stdout.close()
    assert writer.wait() == -signal.SIGKILL
    return acknowledged[-1]


def in_whole_batches(facts: list[AnyFact]) -> bool:
    return len(facts) % BATCH == 0 and facts == announcements(len(facts))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / FILE_NAME


def test_all_that_was_acknowledged_survives_a_kill(path: Path) -> None:
    acknowledged = kill_after(20, path)
    assert Path(f"{path}-wal").stat().st_size > 0
    with closing(SqliteStore(path).read()) as reader:  # before any writer has mended anything
        facts = [fact for _, fact in reader.read()]
        assert len(facts) >= acknowledged
        assert in_whole_batches(facts)
    with closing(SqliteStore(path).take_over("")) as journal:
        wal_bytes = Path(f"{path}-wal").stat().st_size
        assert wal_bytes <= TAKE_OVER_BYTES, "the new term alone: nothing is written behind the frames of a crash"
        assert journal.position == len(facts)
    assert kill_after(20, path) > len(facts)
    with closing(SqliteStore(path).take_over("")) as journal:
        assert in_whole_batches([fact for _, fact in journal.read()])


@pytest.mark.parametrize("bytes_max", [20_000, 150_000, 5_000_000])
def test_a_full_disk_loses_nothing_that_was_acknowledged(path: Path, bytes_max: int) -> None:
    child = start(FULL_DISK, path, bytes_max)
    output, _ = child.communicate(timeout=60)
    assert child.returncode == 0
    acknowledged, first, second, reopened, end = json.loads(output)
    assert "can't be written" in first
    assert "open it again" in second
    assert reopened in (acknowledged, acknowledged + 50), "the batch that failed is there whole or not at all"
    assert end == reopened + 50
    with closing(SqliteStore(path).read()) as reader:
        assert [fact for _, fact in reader.read()] == announcements(end)


def test_the_chain_is_verified_while_another_process_writes(path: Path) -> None:
    writer = start(WRITER, path)
    lines = writer.stdout
    assert lines is not None
    try:
        assert lines.readline()
        acknowledged = [BATCH]
        follow = threading.Thread(target=lambda: acknowledged.extend(int(line) for line in lines))
        follow.start()
        seen: set[int] = set()
        while len(seen) < 5:
            at_least = acknowledged[-1]
            with closing(SqliteStore(path).read()) as reader:
                end = reader.verify_chain()
            assert end.position >= at_least
            seen.add(end.position)
        assert writer.poll() is None, "the writer was not held up"
    finally:
        writer.kill()
        writer.wait()
    follow.join()
    lines.close()
    with closing(SqliteStore(path).take_over("")) as journal:
        assert journal.position >= acknowledged[-1]
        append(journal, announcements(1, journal.position + 1), (), AT_MS)


def test_a_new_journal_has_its_name_on_the_disk_before_anything_is_written_to_it(tmp_path: Path) -> None:
    """SQLite may sync the directory once more when it makes the -wal file; that is its own business."""
    strace.require()
    log, path = tmp_path / "calls", tmp_path / "data" / FILE_NAME
    path.parent.mkdir()
    script = (
        "import sys, pathlib, auctioneer.journal.sqlite as j;"
        "j.SqliteStore(pathlib.Path(sys.argv[1])).take_over('').close()"
    )
    traced = ["strace", "-f", "-y", "-o", str(log), "-e", "trace=openat,rename,fsync,fdatasync"]
    subprocess.run([*traced, sys.executable, "-c", script, str(path)], check=True, timeout=120)
    calls = log.read_text(errors="replace").splitlines()
    named = next(place for place, line in enumerate(calls) if "rename(" in line and line.endswith(f'"{path}") = 0'))
    opened = next(place for place, line in enumerate(calls) if f'"{path}-wal", O_RDWR|O_CREAT' in line)
    assert any("sync(" in line and f"<{path.parent}>" in line for line in calls[named:opened])
