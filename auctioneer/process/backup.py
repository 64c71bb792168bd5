"""Backups of a sale, even while it is held, and how a sale is restored from one.

A backup is a directory that looks like a data directory, so every command that reads works on it. It has the keys,
since join links name the house's key. No house may run on it: it lacks history that clients have seen, and only
`restore` tells them so, by a higher epoch.
"""

import os
import shutil
import tempfile
import time
from importlib import metadata
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from auctioneer.house.house import House
from auctioneer.house.settings import HouseSettings
from auctioneer.journal import Record, append
from auctioneer.journal.snapshots import Loaded
from auctioneer.journal.sqlite import SqliteStore
from auctioneer.process.folder import DataFolder, SaleMark
from auctioneer.process.folder.folder import postgres_store
from auctioneer.process.startup import read_house
from auctioneer.rules.facts import SaleRestored
from common.clerk_names import AUCTIONEER
from common.errors import StorageError, UsageError
from common.files import make_private_folder, sync_directory, write_whole

_DRAFT: Final = "restoring.sqlite3"


class BackupNote(msgspec.Struct, frozen=True):
    """`backup.json`: the content of the backup. `alive_ms` is the server time at which the house last wrote."""

    taken_ms: int
    position: int
    hash: str
    alive_ms: int
    version: str
    """The version of the program that made the backup."""


class Restored(NamedTuple):
    """A sale that can be held again, in its state at the server time `alive_ms`."""

    sale: str
    title: str
    position: int
    alive_ms: int
    epoch: int


def back_up(folder: DataFolder, target: Path) -> BackupNote:
    """Make the directory `target` a backup of the sale in `folder`, all of it or nothing, and return its content.

    Raises UsageError if there is no sale, or if `target` exists; StorageError if the backup can't be written; and
    DamagedJournalError if the journal is damaged.
    """
    folder.require_sale()
    if target.exists():
        raise UsageError(f"{target} already exists; give each backup a new name, such as its date.")
    if not target.absolute().parent.is_dir():
        raise UsageError(f"There is no directory {target.absolute().parent} to put the backup in.")
    draft = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.absolute().parent))
    try:
        copy = DataFolder(draft)
        _copy_small_files(folder, copy)
        folder.store.copy(copy.journal)
        record = _record_of(copy)
        write_whole(copy.backup_file, msgspec.json.encode(record))
        _sync_names(draft)
        draft.rename(target)
        sync_directory(target.absolute().parent)
    except OSError as error:
        raise StorageError(f"The backup {target} can't be written ({error}).") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return record


def _record_of(copy: DataFolder) -> BackupNote:
    """Read the whole copy as a start would, so that each backup can be held again, and return its content."""
    journal = copy.store.read()
    try:
        end, alive_ms = journal.end, journal.alive_ms
        _read_whole(journal)
    finally:
        journal.close()
    for index in (Path(f"{copy.journal}-wal"), Path(f"{copy.journal}-shm")):
        index.unlink(missing_ok=True)  # empty; the reader has just made it
    return BackupNote(
        taken_ms=_wall_ms(),
        position=end.position,
        hash=end.hash.hex(),
        alive_ms=alive_ms,
        version=metadata.version("auction-house"),
    )


def _read_whole(journal: Record) -> House:
    """Return the house that a journal describes, from the first fact on. Raises StorageError, DamagedJournalError."""
    settings = HouseSettings(instance="", publish_port=0)
    return read_house(journal, Loaded(None, ()), settings, journal.alive_ms)


def restore(backup: DataFolder, folder: DataFolder) -> Restored:
    """Make `folder` the directory of the sale that `backup` holds, in a new epoch; nothing in it is replaced.

    Keys and lists that `folder` already has stay, since they are newer; the others come from the backup. When the sale
    is next held, open lots get back the time since the backup.

    Raises UsageError if `folder` has a sale, the key of another house or a running house, or if `backup` has no sale
    or is held; StorageError if the disk refuses the copy; and DamagedJournalError if the backup is damaged.
    """
    if not backup.has_sale:
        raise UsageError(f"{backup.path} is not a backup: it has no journal in it.")
    if backup.whereabouts.is_held():
        raise UsageError(f"A house runs on {backup.path}: that is a sale, and not a backup of one.")
    folder.prepare()
    hold = folder.whereabouts.hold()
    draft = folder.path / _DRAFT
    try:
        _refuse_what_would_be_replaced(backup, folder)
        _remove_draft(draft)
        _copy_small_files(backup, folder)
        backup.store.copy(draft)
        restored = _begin_epoch(draft)
        folder.snapshots.remove_all()  # they belong to a journal that was moved away
        if folder.store_url:
            _fill_database(folder, draft)
        for left_over in ("-wal", "-shm"):  # from a journal that was moved away; a reader leaves an empty one
            Path(f"{folder.journal}{left_over}").unlink(missing_ok=True)
        _sync_names(folder.path)  # a house with a journal but without its keys would get a key that no link names
        folder.whereabouts.write_sale(SaleMark(restored.sale, restored.title))
        if folder.store_url:
            folder.keep_store()
        else:
            draft.rename(folder.journal)
        sync_directory(folder.path)
    except OSError as error:
        raise StorageError(f"The sale can't be restored to {folder.path} ({error}).") from error
    finally:
        _remove_draft(draft)
        os.close(hold)
    return restored


def _fill_database(folder: DataFolder, draft: Path) -> None:
    """Store what is to be held in the folder's database. A record that was there under another name is fenced."""
    target, before = postgres_store(folder.store_url, lambda: folder.keys.house().public), folder.record_place.read()
    record = SqliteStore(draft).read()
    try:
        with record.content() as content:
            target.fill(content)
    finally:
        record.close()
    old = postgres_store(before) if before else target
    if old.place != target.place and old.exists:
        old.retire(target.place)


def _begin_epoch(draft: Path) -> Restored:
    """Record that history was lost. The epoch is the wall time, so that a second restore of a backup gets another."""
    journal = SqliteStore(draft).take_over(AUCTIONEER)
    try:
        alive_ms = journal.alive_ms
        house = _read_whole(journal)
        epoch = max(house.engine.epoch + 1, _wall_ms())
        # At the time when the house last wrote: the time since then is the outage that `run` gives back.
        position = append(journal, [SaleRestored(at_ms=alive_ms, epoch=epoch)], (), alive_ms)
    finally:
        journal.close()
    if Path(f"{draft}-wal").exists():
        raise StorageError(f"The journal {draft} could not be brought into one file. Check the disk.")
    return Restored(house.engine.sale.sale, house.engine.sale.title, position, alive_ms, epoch)


def _refuse_what_would_be_replaced(backup: DataFolder, folder: DataFolder) -> None:
    newest = Path(f"{folder.journal}-wal")
    if folder.store_url and folder.has_sale:
        raise UsageError(
            f"There is a record {folder.store.place} already. Nothing was changed. Give the store with another name "
            "for the sale (--store '...?sale=NAME')."
        )
    if folder.journal.exists() or (newest.exists() and newest.stat().st_size):
        raise UsageError(
            f"There is a sale in {folder.path}. Nothing was changed. Move that directory away, or its journal.sqlite3 "
            "and journal.sqlite3-wal together, or choose another directory with --data."
        )
    ours, theirs = (one.path / "keys" / "house.json" for one in (folder, backup))
    if ours.exists() and theirs.exists() and ours.read_bytes() != theirs.read_bytes():
        raise UsageError(
            f"{folder.path} has the key of another house than the backup, so the join links of one of the two would "
            f"be lost. Move {ours} away to continue with the backup's key."
        )


def _copy_small_files(source: DataFolder, target: DataFolder) -> None:
    for file in source.small_files():
        copy = target.path / file.relative_to(source.path)
        if not copy.exists():
            for folder in reversed(copy.relative_to(target.path).parents[:-1]):
                make_private_folder(target.path / folder)
            write_whole(copy, file.read_bytes())


def _sync_names(folder: Path) -> None:
    """Make the names in a directory durable, and those in the directories below it."""
    for place in (folder, *(below for below in folder.rglob("*") if below.is_dir())):
        sync_directory(place)


def _remove_draft(draft: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        Path(f"{draft}{suffix}").unlink(missing_ok=True)


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000
