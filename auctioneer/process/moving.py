"""Moves a sale that nobody holds from one store to another, exact to the hash.

The record's term rises before it is copied, so that a house that still holds it elsewhere is fenced, and the copy is
compared before anything points to it. What is left at the old place can't be continued by mistake: a file gets another
name, and a row in a database says where the sale is now.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from auctioneer.journal import ChainEnd, Record
from auctioneer.journal.chain import ChainedRecord
from auctioneer.journal.sqlite import SqliteStore, fill
from auctioneer.process.folder import DataFolder
from auctioneer.process.folder.folder import postgres_store
from common.clerk_names import AUCTIONEER
from common.errors import StorageError, UsageError
from common.files import sync_directory

if TYPE_CHECKING:
    from auctioneer.journal.postgres.store import PostgresStore

_DRAFT: Final = "moving.sqlite3"


class Moved(NamedTuple):
    """Where a sale's record was, where it is now, and what it is."""

    before: str
    now: str
    end: ChainEnd


def move_to_database(folder: DataFolder, url: str) -> Moved:
    """Move the record of the sale in `folder` to the database at `url`, where it must not be yet.

    Raises UsageError where a house runs, there is no sale, or a record of that name; FencedError where another house
    holds it; StorageError.
    """
    target = postgres_store(url, lambda: folder.keys.house().public)
    before = str(folder.store.place)
    if before == str(target.place):
        raise UsageError(f"The record is {before} already.")
    with _held(folder):
        with _taken_from(folder) as source:
            with source.content() as content:
                target.fill(content)
            end = _compared(source, target.read())
            folder.record_place.write(url)
        if isinstance(folder.store, SqliteStore):
            _set_aside(folder.journal, end.position)
        else:
            _in_database(folder).retire(str(target.place))
    return Moved(before, str(target.place), end)


def move_here(folder: DataFolder) -> Moved:
    """Move the record of the sale in `folder` from its database to a file there. Raises as `move_to_database` does."""
    if not folder.store_url:
        raise UsageError(f"The record is in {folder.path} already.")
    if folder.journal.exists():
        raise UsageError(f"There is a journal {folder.journal}, and none is replaced. Move it away first.")
    draft = folder.path / _DRAFT
    store = _in_database(folder)
    with _held(folder):
        with _taken_from(folder) as source:
            _remove(draft)
            with source.content() as content:
                fill(draft, content)
            end = _compared(source, SqliteStore(draft).read())
            _remove_index(draft)
            draft.rename(folder.journal)
            sync_directory(folder.path)
            folder.record_place.write("")
        store.retire(str(folder.journal.absolute()))
    return Moved(str(store.place), str(folder.journal), end)


@contextmanager
def _held(folder: DataFolder) -> Iterator[None]:
    """Keep houses away from a folder that has a sale."""
    folder.require_sale()
    hold = folder.whereabouts.hold()
    try:
        yield
    finally:
        os.close(hold)


@contextmanager
def _taken_from(folder: DataFolder) -> Iterator[ChainedRecord]:
    """Give the record of a sale that nobody holds, in a term of its own, so that nothing is added to it."""
    journal = folder.store.take_over(AUCTIONEER)
    try:
        if not isinstance(journal, ChainedRecord) or not journal.position:
            raise UsageError(f"There is no sale in {folder.path} that could be moved.")
        yield journal
    finally:
        journal.close()


def _compared(source: ChainedRecord, copy: Record) -> ChainEnd:
    """Return where the chain ends, after the whole copy was read and found the same. Raises StorageError."""
    try:
        end = copy.verify_chain()
        is_same = end == source.end and list(copy.rejections()) == list(source.rejections())
        if not is_same or copy.contacts() != source.contacts():
            raise StorageError("The copy is not what was copied. Nothing points to it; the sale is where it was.")
        return end
    finally:
        copy.close()


def _in_database(folder: DataFolder) -> "PostgresStore":
    from auctioneer.journal.postgres.store import PostgresStore

    assert isinstance(folder.store, PostgresStore), "the record was in a database"
    return folder.store


def _set_aside(journal: Path, position: int) -> None:
    """Give the old file another name, under which nobody continues it."""
    _remove_index(journal)
    journal.rename(journal.with_name(f"moved-{position}.sqlite3"))
    sync_directory(journal.parent)


def _remove_index(journal: Path) -> None:
    """Remove what a reader leaves beside a file: its journal was settled, so both are empty."""
    for suffix in ("-wal", "-shm"):
        Path(f"{journal}{suffix}").unlink(missing_ok=True)


def _remove(draft: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        Path(f"{draft}{suffix}").unlink(missing_ok=True)
