"""A journal whose files are taken away while they are written to: it is noticed, and what they hold is not lost."""

import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from auctioneer.journal import JournalGoneError, append, sqlite
from auctioneer.journal.sqlite import FILE_NAME, SqliteStore
from common.errors import StorageError
from tests.auctioneer.journal.journal_examples import AT_MS, announcements


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    return tmp_path / "data" / FILE_NAME


def remove(path: Path) -> None:
    path.unlink()


def move(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))


def replace_by_copy(path: Path) -> None:
    copy = path.with_name("copy")
    shutil.copy(path, copy)
    copy.rename(path)


def remove_wal(path: Path) -> None:
    Path(f"{path}-wal").unlink()


def remove_index(path: Path) -> None:
    Path(f"{path}-shm").unlink()


def remove_folder(path: Path) -> None:
    shutil.rmtree(path.parent)


def move_folder(path: Path) -> None:
    path.parent.rename(path.parent.with_name("elsewhere"))


TAKEN_AWAY = [remove, move, replace_by_copy, remove_wal, remove_index, remove_folder, move_folder]


@pytest.mark.parametrize("take_away", TAKEN_AWAY)
def test_a_journal_that_is_gone_is_written_to_no_more(path: Path, take_away: Callable[[Path], None]) -> None:
    with closing(SqliteStore(path).take_over("")) as journal:
        append(journal, announcements(3), (), AT_MS)
        journal.require_in_place()
        take_away(path)
        with pytest.raises(JournalGoneError, match="removed, moved or replaced"):
            journal.require_in_place()
        with pytest.raises(StorageError, match="open it again"):
            append(journal, announcements(1, 4), (), AT_MS)


def test_it_is_noticed_before_a_checkpoint(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(SqliteStore(path).take_over("")) as journal:
        append(journal, announcements(1), (), AT_MS)
        path.unlink()
        append(journal, announcements(1, 2), (), AT_MS)
        monkeypatch.setattr(sqlite.journal, "CHECKPOINT_PAGES", 1)
        with pytest.raises(JournalGoneError):
            append(journal, announcements(1, 3), (), AT_MS)


@pytest.mark.parametrize("take_away", [remove, replace_by_copy])
def test_all_that_was_stored_is_rescued_into_a_file_that_can_take_its_place(
    path: Path, take_away: Callable[[Path], None]
) -> None:
    with closing(SqliteStore(path).take_over("")) as journal:
        append(journal, announcements(3), (), AT_MS)
        take_away(path)
        append(journal, announcements(2, 4), (), AT_MS)
        end = journal.end
        with pytest.raises(JournalGoneError, match=r"rescued-5\.sqlite3 in their place"):
            journal.require_in_place()
    rescued = path.with_name("rescued-5.sqlite3")
    assert rescued.stat().st_mode & 0o077 == 0, "it holds reserves and maximum bids"
    rescued.rename(path)
    with closing(SqliteStore(path).take_over("")) as journal:
        assert journal.verify_chain() == end
        append(journal, announcements(1, 6), (), AT_MS)


def test_files_that_were_moved_away_can_be_brought_back(path: Path) -> None:
    with closing(SqliteStore(path).take_over("")) as journal:
        append(journal, announcements(3), (), AT_MS)
        move_folder(path)
        append(journal, announcements(2, 4), (), AT_MS)
        end = journal.end
        with pytest.raises(JournalGoneError, match="Put back the files"):
            journal.require_in_place()
    path.parent.with_name("elsewhere").rename(path.parent)
    with closing(SqliteStore(path).take_over("")) as journal:
        assert journal.verify_chain() == end
