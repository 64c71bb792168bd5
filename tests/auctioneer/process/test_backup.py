"""Backups: what is in one, what is refused, and what a restored sale begins with."""

import os
import re
import resource
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from auctioneer.cli import main
from auctioneer.house.commands import Appoint
from auctioneer.journal import DamagedJournalError, append
from auctioneer.journal.sqlite import SqliteStore, recount_rejections
from auctioneer.process.backup import back_up, restore
from auctioneer.process.folder import DataFolder, MachineSettings
from auctioneer.process.options import RunOptions
from auctioneer.process.startup import change_keys_offline
from auctioneer.process.watchdog import run_watched
from auctioneer.rules.facts import HouseStarted
from common.codec import encode
from common.errors import StorageError, UsageError
from common.formats.english import BidRequest
from common.local_houses import HOUSE_LOCK
from common.lot import LotStatus
from tests import strace
from tests.auctioneer.cli.cli_sales import begin_sale, desk, sale_of
from tests.auctioneer.house.house_examples import HOUR_MS
from tests.english import english


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    """Return a sale with every kind of small file."""
    folder = begin_sale(tmp_path / "data")
    folder.keys.house()
    change_keys_offline(folder, Appoint(name="bea", key="b" * 40, rights=(), valid_ms=HOUR_MS))
    folder.machine.write(MachineSettings(port=8000))
    folder.keys.admitted_file.write_text("# nobody yet\n")
    return folder


def auctioneer(*arguments: object) -> Result:
    return CliRunner().invoke(main, list(map(str, arguments)), catch_exceptions=False)


def on_a_full_disk(*arguments: object) -> "subprocess.CompletedProcess[str]":
    """Run the program where it meets what a full disk is: a write that fails."""
    return subprocess.run(
        [sys.executable, "-m", "auctioneer", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192)),
    )


def names_of_controllers(folder: DataFolder) -> list[str]:
    with sale_of(folder) as sale:
        return [controller.name for controller in sale.house.sale_settings.controllers]


def content(folder: Path) -> dict[str, bytes]:
    """Return what the files in a directory hold, but for the one that is only locked."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != HOUSE_LOCK)
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_a_backup_has_the_journal_and_the_keys_and_settings(folder: DataFolder, tmp_path: Path) -> None:
    record = back_up(folder, tmp_path / "backup")
    kept = content(tmp_path / "backup")
    assert set(kept) == {
        "journal.sqlite3", "backup.json", "keys/house.json", "keys/control/auctioneer.json",
        "machine.json", "admitted-keys.txt",
    }  # fmt: skip
    ours = content(folder.path)
    assert all(kept[name] == ours[name] for name in kept if name not in ("journal.sqlite3", "backup.json"))
    for path in (tmp_path / "backup").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path
    journal = SqliteStore(tmp_path / "backup" / "journal.sqlite3").read()
    assert (record.position, record.hash) == (journal.position, journal.verify_chain().hash.hex())
    assert record.alive_ms == journal.alive_ms
    journal.close()


def test_a_backup_can_be_read_as_a_data_directory(folder: DataFolder, tmp_path: Path) -> None:
    with desk(folder):
        assert auctioneer("backup", tmp_path / "backup", "--data", folder.path).exit_code == 0
    assert auctioneer("verify", "--data", tmp_path / "backup").exit_code == 0
    assert "Ann" in auctioneer("lots", "--data", tmp_path / "backup").stdout


def test_no_house_runs_on_a_backup(folder: DataFolder, tmp_path: Path) -> None:
    back_up(folder, tmp_path / "backup")
    before = content(tmp_path / "backup")
    with pytest.raises(UsageError, match="is a backup"):
        run_watched(RunOptions(tmp_path / "backup"))
    assert content(tmp_path / "backup") == before


def test_a_backup_replaces_nothing(folder: DataFolder, tmp_path: Path) -> None:
    back_up(folder, tmp_path / "backup")
    before = content(tmp_path)
    with pytest.raises(UsageError, match="already"):
        back_up(folder, tmp_path / "backup")
    with pytest.raises(UsageError, match="no sale"):
        back_up(DataFolder(tmp_path / "nothing"), tmp_path / "other")
    with pytest.raises(UsageError, match="no directory"):
        back_up(folder, tmp_path / "nothing" / "backup")
    assert content(tmp_path) == before


def test_a_backup_for_which_there_is_no_space_leaves_nothing(folder: DataFolder, tmp_path: Path) -> None:
    places = set(tmp_path.iterdir())
    failed = on_a_full_disk("backup", tmp_path / "backup", "--data", folder.path)
    assert (failed.returncode, "Error [storage]" in failed.stderr) == (6, True)
    assert set(tmp_path.iterdir()) == places


def test_a_damaged_journal_is_not_backed_up_as_if_it_were_sound(folder: DataFolder, tmp_path: Path) -> None:
    raw = folder.journal.read_bytes()
    folder.journal.write_bytes(raw.replace(b"Vase", b"Vise"))
    with pytest.raises(DamagedJournalError):
        back_up(folder, tmp_path / "backup")
    assert not (tmp_path / "backup").exists()


def unsynced(calls: Iterable[str], under: str, name: str) -> set[str]:
    """Return the paths that begin with `under` and were not on the disk yet when strace saw the name being given.

    A directory is among them if a name in it was given or taken since its last sync; a file that was removed is not.
    """
    waiting: set[str] = set()
    for line in calls:
        called = re.search(r"(\w+)\(.* = [0-9]", line)
        if called is None:
            continue
        paths = [path.strip('"<>') for path in re.findall(r'<[^>]*>|"[^"]*"', line)]
        folders = {str(Path(path).parent) for path in paths}
        match called[1]:
            case "rename" if paths[1] == name:
                return {path for path in waiting if path.startswith(under)}
            case "fsync" | "fdatasync":
                waiting.discard(paths[0])
            case "rename":
                waiting |= folders
            case "unlink":
                waiting = (waiting - set(paths)) | folders
            case "openat" if "O_CREAT" not in line:
                pass
            case "openat" | "mkdir":
                waiting.add(str(Path(paths[-1]).parent))
            case _:
                waiting.add(paths[0])
    raise AssertionError(f"nothing was renamed to {name}")


def calls_of(log: Path, *arguments: object) -> list[str]:
    """Run the program and return the calls by which it changed files."""
    calls = "openat,mkdir,write,pwrite64,ftruncate,fsync,fdatasync,rename,unlink"
    command = ["strace", "-f", "-y", "-o", str(log), "-e", f"trace={calls}", sys.executable, "-m", "auctioneer"]
    subprocess.run([*command, *map(str, arguments)], check=True, capture_output=True, timeout=120)
    return log.read_text(errors="replace").splitlines()


def last_synced(calls: Iterable[str]) -> str:
    return [line for line in calls if "sync(" in line][-1]


def test_a_backup_and_a_restored_journal_have_their_names_when_all_is_on_the_disk(
    folder: DataFolder, tmp_path: Path
) -> None:
    strace.require()
    target, again = tmp_path / "backup", DataFolder(tmp_path / "again")
    backed_up = calls_of(tmp_path / "calls", "backup", target, "--data", folder.path)
    restored = calls_of(tmp_path / "calls", "restore", target, "--data", again.path)
    for calls, under, name in (
        (backed_up, f"{tmp_path}/.backup.", str(target)),
        (restored, str(again.path), str(again.journal)),
    ):
        assert not unsynced(calls, under, name)
        for place in (".sqlite3>", "/keys/control>", ".json"):
            spoilt = [line for line in calls if not ("sync(" in line and place in line)]
            assert unsynced(spoilt, under, name), f"nobody notices where {place} is not synced"
        assert f"<{Path(name).parent}>" in last_synced(calls), "and then the name"


def test_a_backup_syncs_the_names_of_folders_too_whatever_is_in_them(folder: DataFolder, tmp_path: Path) -> None:
    """With no file in `keys` but a folder, no file that is written after it brings the folder's name to the disk."""
    strace.require()
    (folder.path / "keys" / "house.json").unlink()
    target = tmp_path / "backup"
    calls = calls_of(tmp_path / "calls", "backup", target, "--data", folder.path)
    assert not unsynced(calls, f"{tmp_path}/.backup.", str(target))


# --- restore -------------------------------------------------------------------------------------------------------


def test_a_restored_sale_begins_an_epoch_and_gives_open_lots_their_time_back(
    folder: DataFolder, tmp_path: Path
) -> None:
    record = back_up(folder, tmp_path / "backup")
    with sale_of(folder) as sale:
        before = sale.house.engine.lots["1"].view
        epoch = sale.house.engine.epoch
    restored = restore(DataFolder(tmp_path / "backup"), DataFolder(tmp_path / "again"))
    assert (restored.alive_ms, restored.position) == (record.alive_ms, record.position + 1)
    with sale_of(DataFolder(tmp_path / "again")) as sale:
        engine = sale.house.engine
        assert engine.epoch == restored.epoch > epoch
        started = sale.opened.facts[0]
        assert isinstance(started, HouseStarted)
        assert started.outage_ms == started.at_ms - record.alive_ms, "all the time since the backup, not the restore"
        view = engine.lots["1"].view
        assert (view.status, english(view).leader) == (LotStatus.OPEN, 1)
        assert (view.ends_at_ms or 0) - started.outage_ms <= (before.ends_at_ms or 0)
        DataFolder(tmp_path / "again").snapshots.write(sale.journal.end, sale.house.snapshot())
    with sale_of(DataFolder(tmp_path / "again")) as sale:
        assert sale.snapshot_position > 0
        assert sale.house.engine.epoch == restored.epoch, "also from a snapshot"


def test_each_restore_of_one_backup_has_an_epoch_of_its_own(folder: DataFolder, tmp_path: Path) -> None:
    """Otherwise clients of the first would take the second's history for theirs."""
    backup = DataFolder(tmp_path / "backup")
    back_up(folder, backup.path)
    epochs = [restore(backup, DataFolder(tmp_path / f"again-{number}")).epoch for number in range(3)]
    assert epochs == sorted(set(epochs))
    back_up(DataFolder(tmp_path / "again-2"), tmp_path / "second")
    assert restore(DataFolder(tmp_path / "second"), DataFolder(tmp_path / "last")).epoch > epochs[-1]


def test_a_restore_replaces_no_sale_and_no_running_house(folder: DataFolder, tmp_path: Path) -> None:
    backup = DataFolder(tmp_path / "backup")
    back_up(folder, backup.path)
    (folder.path / "journal.sqlite3-wal").unlink()  # the reader's, and empty
    before = content(folder.path)
    with pytest.raises(UsageError, match="There is a sale"):
        restore(backup, folder)
    folder.journal.rename(tmp_path / "moved")
    (folder.path / "journal.sqlite3-wal").write_bytes(b"the newest part of the record")
    with pytest.raises(UsageError, match="There is a sale"):
        restore(backup, folder)
    (tmp_path / "moved").rename(folder.journal)
    (folder.path / "journal.sqlite3-wal").unlink()
    hold = folder.whereabouts.hold()
    with pytest.raises(UsageError, match="runs on"):
        restore(backup, folder)
    with pytest.raises(UsageError, match="not a backup of one"):
        restore(folder, DataFolder(tmp_path / "again"))
    os.close(hold)
    with pytest.raises(UsageError, match="no journal"):
        restore(DataFolder(tmp_path / "nothing"), DataFolder(tmp_path / "again"))
    assert content(folder.path) == before


def test_newer_keys_and_lists_stay_and_another_houses_key_is_refused(folder: DataFolder, tmp_path: Path) -> None:
    """The usual loss is that of the journal alone: a clerk who was added after the backup is added again."""
    backup = DataFolder(tmp_path / "backup")
    back_up(folder, backup.path)
    clerk = Appoint(name="cy", key="c" * 40, rights=(), valid_ms=HOUR_MS)
    change_keys_offline(folder, clerk)
    folder.keys.admitted_file.unlink()
    with sale_of(folder) as sale:
        folder.snapshots.write(sale.journal.end, sale.house.snapshot())
    folder.journal.unlink()
    (folder.path / "journal.sqlite3-wal").write_bytes(b"")  # as a reader leaves it
    restore(backup, folder)
    assert not folder.snapshots.positions(), "they are of the journal that is lost"
    assert names_of_controllers(folder) == ["auctioneer", "bea"], "as the backup has it"
    change_keys_offline(folder, clerk)
    assert names_of_controllers(folder) == ["auctioneer", "bea", "cy"]
    assert folder.keys.admitted_file.exists()

    other = DataFolder(tmp_path / "other")
    other.keys.house()
    before = content(other.path)
    with pytest.raises(UsageError, match="another house"):
        restore(backup, other)
    assert content(other.path) == before


def test_a_restore_that_failed_half_way_can_be_repeated(folder: DataFolder, tmp_path: Path) -> None:
    back_up(folder, tmp_path / "backup")
    failed = on_a_full_disk("restore", tmp_path / "backup", "--data", tmp_path / "again")
    assert failed.returncode == 6, failed.stderr
    again = DataFolder(tmp_path / "again")
    assert not again.has_sale
    (again.path / "restoring.sqlite3").write_bytes(b"of a process that was killed")
    restore(DataFolder(tmp_path / "backup"), again)
    assert again.has_sale
    assert not list(again.path.glob("restoring*"))


def test_a_damaged_backup_is_refused(folder: DataFolder, tmp_path: Path) -> None:
    backup = DataFolder(tmp_path / "backup")
    back_up(folder, backup.path)
    backup.journal.write_bytes(backup.journal.read_bytes().replace(b"Vase", b"Vise"))
    with pytest.raises(StorageError):
        restore(backup, DataFolder(tmp_path / "again"))
    assert not DataFolder(tmp_path / "again").has_sale


def test_any_copy_of_a_data_directory_can_be_restored(folder: DataFolder, tmp_path: Path) -> None:
    """Such as a snapshot of the disk while the house ran, whose newest part is still in the -wal file."""
    journal = SqliteStore(folder.journal).take_over("")
    append(journal, (), (), journal.alive_ms + 1)
    shutil.copytree(folder.path, tmp_path / "copy", ignore=shutil.ignore_patterns("*-shm", "*.lock"))
    assert (tmp_path / "copy" / "journal.sqlite3-wal").stat().st_size > 0
    alive_ms = journal.alive_ms
    journal.close()
    assert restore(DataFolder(tmp_path / "copy"), DataFolder(tmp_path / "again")).alive_ms == alive_ms


def test_a_directory_whose_journal_was_lost_is_that_of_the_sale_that_is_restored(
    folder: DataFolder, tmp_path: Path
) -> None:
    """It said that another sale was held there, in whose place none is begun; who restores one means it."""
    other = begin_sale(tmp_path / "other")
    other.journal.unlink()
    back_up(folder, tmp_path / "backup")
    restored = restore(DataFolder(tmp_path / "backup"), other)
    with sale_of(other) as sale:
        assert sale.house.engine.sale.sale == restored.sale
    record = other.whereabouts.sale()
    assert record is not None
    assert record.sale == restored.sale


# --- rejections ------------------------------------------------------------------------------------------------------

FLIPPED = "UPDATE rejection SET body = replace(body, '\"minimum_minor\":130500', '\"minimum_minor\":130501')"
UNREADABLE = "UPDATE rejection SET body = substr(body, 2)"
OF_NOBODY = "UPDATE rejection SET paddle = 7, body = replace(body, ',1,{', ',7,{')"


@pytest.mark.parametrize("change", ["", FLIPPED, UNREADABLE, OF_NOBODY])
def test_all_take_a_sale_for_sound_or_none_does_by_its_refused_bids(
    folder: DataFolder, tmp_path: Path, change: str
) -> None:
    """What a start refuses is neither verified nor backed up nor restored as if it could be held."""
    with sale_of(folder) as sale:
        now_ms = sale.clock.now_ms()
        sale.house.handle("a" * 40, encode(BidRequest(id=3, lot="1", amount_minor=1)), now_ms)
        batch = sale.house.flush()
        assert [rejection.request_id for rejection in batch.rejections] == [3]
        append(sale.journal, (), batch.rejections, now_ms)
    if change:
        with closing(sqlite3.connect(folder.journal, isolation_level=None)) as connection:
            assert connection.execute(change).rowcount == 1
        assert "130501" not in change or b"130501" in folder.journal.read_bytes()
    if change == OF_NOBODY:
        recount_rejections(folder.journal)
    shutil.copytree(folder.path, tmp_path / "copy")
    ended = {
        auctioneer(*arguments).exit_code
        for arguments in (
            ("verify", "--data", folder.path),
            ("backup", tmp_path / "backup", "--data", folder.path),
            ("restore", tmp_path / "copy", "--data", tmp_path / "restored"),
        )
    }
    if change:
        with pytest.raises(StorageError), sale_of(folder):
            pass
        assert ended == {6}
        assert not (tmp_path / "backup").exists()
        assert not DataFolder(tmp_path / "restored").has_sale
    else:
        assert ended == {0}
