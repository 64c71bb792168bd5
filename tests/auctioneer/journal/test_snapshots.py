"""Snapshots as files: whole or not at all, of the journal's own history, the newest two."""

import errno
import os
import shutil
import stat
import struct
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace

import pytest

from auctioneer.house.state import HouseState
from auctioneer.journal import ChainEnd, Journal, append
from auctioneer.journal.snapshots import (
    SNAPSHOT_VERSION,
    SPACE_LEFT_BYTES,
    SYNC_BYTES,
    PassedOver,
    SavedState,
    SnapshotFiles,
)
from auctioneer.journal.sqlite import FILE_NAME, SqliteStore
from auctioneer.rules.lots import LotState
from tests.auctioneer.journal.journal_examples import AT_MS, announcements, tamper
from tests.shapes import digest_of

HEADER_BYTES = 84
SIZES = (3, 4, 2)
ENDS = (3, 7, 9)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """Return a journal with batches that end at ENDS, and with snapshots at the last two."""
    with closing(SqliteStore(tmp_path / FILE_NAME).take_over("")) as journal:
        for size in SIZES:
            append(journal, announcements(size, journal.position + 1), (), AT_MS)
            SnapshotFiles(tmp_path).write(journal.end, state_at(journal.position))
        yield journal


@pytest.fixture
def files(journal: Journal, tmp_path: Path) -> SnapshotFiles:
    return SnapshotFiles(tmp_path)


def state_at(position: int) -> bytes:
    return b"state at %d" % position


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith(FILE_NAME))


def test_the_newest_two_are_kept_and_the_newest_is_read(files: SnapshotFiles, journal: Journal, tmp_path: Path) -> None:
    assert names(tmp_path) == ["snapshot-7", "snapshot-9"]
    assert files.positions() == [9, 7]
    assert files.load(journal) == (SavedState(9, state_at(9)), ())
    files.write(journal.end, b"again")
    assert files.load(journal) == (SavedState(9, b"again"), ())
    assert names(tmp_path) == ["snapshot-7", "snapshot-9"]


def test_newest_is_by_number(files: SnapshotFiles, journal: Journal) -> None:
    append(journal, announcements(1, 10), (), AT_MS)
    files.write(journal.end, state_at(10))
    assert files.positions() == [10, 9]


def test_the_file_is_what_the_documentation_says(journal: Journal, tmp_path: Path) -> None:
    content = (tmp_path / "snapshot-9").read_bytes()
    bare, checksum, state = content[:52], content[52:84], content[84:]
    assert bare == b"AuctSnap" + struct.pack(">IQ", SNAPSHOT_VERSION, 9) + journal.end.hash
    assert checksum == sha256(bare + state).digest()
    assert state == state_at(9)


def test_only_the_owner_can_read_it(journal: Journal, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        SnapshotFiles(tmp_path).write(journal.end, b"reserves and maximum bids")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "snapshot-9").stat().st_mode) == 0o600


def test_a_state_of_many_parts_comes_back_whole(files: SnapshotFiles, journal: Journal) -> None:
    for length in (0, SYNC_BYTES - 1, SYNC_BYTES, 2 * SYNC_BYTES + 1):
        state = os.urandom(1000) * (length // 1000) + bytes(length % 1000)
        files.write(journal.end, state)
        assert files.load(journal).saved == SavedState(9, state)


# --- what does not count -----------------------------------------------------------------------------------------


def patched(content: bytes, at: int, piece: bytes) -> bytes:
    return content[:at] + piece + content[at + len(piece) :]


@pytest.mark.parametrize(
    ("spoil", "what"),
    [
        (lambda content: b"", "not a snapshot"),
        (lambda content: content[: HEADER_BYTES - 1], "not a snapshot"),
        (lambda content: patched(content, 0, b"auct"), "not a snapshot"),
        (
            lambda content: patched(content, 8, struct.pack(">I", SNAPSHOT_VERSION + 1)),
            f"format {SNAPSHOT_VERSION + 1}; this version reads",
        ),
        (lambda content: patched(content, 12, struct.pack(">Q", 8)), "checksum"),
        (lambda content: patched(content, 20, bytes(32)), "checksum"),
        (lambda content: patched(content, 52, bytes(32)), "checksum"),
        (lambda content: patched(content, HEADER_BYTES, b"S"), "checksum"),
        (lambda content: content[:-1], "checksum"),
        (lambda content: content + b"\0", "checksum"),
        (lambda content: bytes(len(content)), "not a snapshot"),
    ],
)
def test_a_spoilt_one_is_passed_over_for_the_one_before(
    files: SnapshotFiles, journal: Journal, tmp_path: Path, spoil: object, what: str
) -> None:
    path = tmp_path / "snapshot-9"
    path.write_bytes(spoil(path.read_bytes()))  # type: ignore[operator]
    saved, (passed_over,) = files.load(journal)
    assert saved == (7, state_at(7))
    assert passed_over.position == 9
    assert what in passed_over.reason
    assert str(path) in passed_over.reason


def test_one_under_anothers_name_is_passed_over(files: SnapshotFiles, journal: Journal, tmp_path: Path) -> None:
    shutil.copy(tmp_path / "snapshot-7", tmp_path / "snapshot-3")
    (tmp_path / "snapshot-9").unlink()
    (tmp_path / "snapshot-7").unlink()
    saved, (passed_over,) = files.load(journal)
    assert saved is None
    assert "it is the one of fact 7" in passed_over.reason


@pytest.mark.parametrize(
    "script",
    [
        "UPDATE batch SET hash = zeroblob(32) WHERE last = 9",
        "UPDATE batch SET last = 10 WHERE last = 9",
        "DELETE FROM batch WHERE first > 7; UPDATE head SET position = 7",
        "UPDATE head SET position = 8",
    ],
)
def test_one_of_another_history_is_passed_over(tmp_path: Path, journal: Journal, script: str) -> None:
    journal.close()
    tamper(tmp_path / FILE_NAME, script)
    with closing(SqliteStore(tmp_path / FILE_NAME).read()) as tampered:
        saved, (passed_over,) = SnapshotFiles(tmp_path).load(tampered)
    assert saved == (7, state_at(7))
    assert "another history" in passed_over.reason


def test_one_of_an_event_that_no_journal_can_have(files: SnapshotFiles, journal: Journal, tmp_path: Path) -> None:
    files.put(ChainEnd(2**63, bytes(32)), b"")
    saved, (passed_over,) = files.load(journal)
    assert (saved, passed_over.position) == ((9, state_at(9)), 2**63)
    assert "another history" in passed_over.reason


def test_without_a_sound_one_all_events_are_read(files: SnapshotFiles, journal: Journal, tmp_path: Path) -> None:
    for name in names(tmp_path):
        (tmp_path / name).write_bytes(b"")
    loaded = files.load(journal)
    assert (loaded.saved, [one.position for one in loaded.passed_over]) == (None, [9, 7])


def test_one_that_the_disk_does_not_give_is_passed_over(files: SnapshotFiles, journal: Journal) -> None:
    files._path(9).unlink()
    files._path(9).mkdir()
    saved, (passed_over,) = files.load(journal)
    assert saved == (7, state_at(7))
    assert os.strerror(errno.EISDIR) in passed_over.reason


def test_what_is_not_a_snapshot_is_left_alone(files: SnapshotFiles, journal: Journal, tmp_path: Path) -> None:
    others = ["snapshot-", "snapshot-09", "snapshot-9x", "snapshot-٣", "snapshots", ".snapshot-9", "snapshot-9.news"]
    for name in others:
        (tmp_path / name).write_bytes(b"")
    assert files.positions() == [9, 7]
    files.tidy(files.load(journal).passed_over)
    files.remove_all()
    assert names(tmp_path) == sorted(others)


def test_a_folder_that_is_not_there_has_none(tmp_path: Path, journal: Journal) -> None:
    files = SnapshotFiles(tmp_path / "nothing")
    assert files.load(journal) == (None, ())
    files.tidy(())
    assert not (tmp_path / "nothing").exists()


# --- crashes and failures ----------------------------------------------------------------------------------------


def test_a_crash_between_rename_and_removal_leaves_a_third_for_the_next_to_remove(
    files: SnapshotFiles, journal: Journal, tmp_path: Path
) -> None:
    append(journal, announcements(1, 10), (), AT_MS)
    files.put(journal.end, state_at(10))
    assert files.positions() == [10, 9, 7]
    assert files.load(journal).saved == (10, state_at(10))
    append(journal, announcements(1, 11), (), AT_MS)
    files.write(journal.end, state_at(11))
    assert files.positions() == [11, 10]


def test_a_start_removes_what_was_left_half_made_and_what_was_passed_over(
    files: SnapshotFiles, journal: Journal, tmp_path: Path
) -> None:
    (tmp_path / "snapshot-12.new").write_bytes(b"half")
    (tmp_path / "snapshot-9").write_bytes(b"")
    files.tidy(files.load(journal).passed_over)
    assert names(tmp_path) == ["snapshot-7"]


def test_what_cant_be_removed_does_no_harm(files: SnapshotFiles, tmp_path: Path) -> None:
    (tmp_path / "snapshot-12.new").mkdir()
    files.tidy((PassedOver(12, ""), PassedOver(9, "")))
    assert names(tmp_path) == ["snapshot-12.new", "snapshot-7"]


def test_where_the_disk_fails_nothing_is_left(
    files: SnapshotFiles, journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(handle: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        files.write(journal.end, b"another state")
    assert names(tmp_path) == ["snapshot-7", "snapshot-9"]
    assert files.load(journal).saved == (9, state_at(9))


def test_the_journal_keeps_its_space(
    files: SnapshotFiles, journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state, block = b"another state", 512
    free_bytes = SPACE_LEFT_BYTES + block
    monkeypatch.setattr(os, "statvfs", lambda folder: SimpleNamespace(f_bavail=free_bytes // block, f_frsize=block))
    files.write(journal.end, state)
    free_bytes = SPACE_LEFT_BYTES
    with pytest.raises(OSError, match="would not leave the journal") as caught:
        files.write(journal.end, b"a third one")
    assert caught.value.errno == errno.ENOSPC
    assert files.load(journal).saved == (9, state)
    assert names(tmp_path) == ["snapshot-7", "snapshot-9"]


def test_another_shape_of_the_state_has_another_version() -> None:
    """Else a start would take what another version wrote for its own. Raise SNAPSHOT_VERSION with the shape."""
    assert (SNAPSHOT_VERSION, digest_of(HouseState[LotState])) == (10, "40c49da28d2991ea")
