"""The journal's file: its tables, how it comes to be, and how it is opened.

`docs/journal.md` explains the tables to people. Any change of them raises FORMAT_VERSION (`auctioneer.journal.chain`).
"""

import os
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from auctioneer.journal.chain import FORMAT_VERSION, GENESIS_HASH, SUM_BYTES
from auctioneer.journal.protocol import DamagedJournalError
from common.errors import StorageError
from common.files import sync_directory

FILE_NAME: Final = "journal.sqlite3"
APPLICATION_ID: Final = int.from_bytes(b"Auct", "big")
BUSY_TIMEOUT_MS: Final = 1_000
"""How long to wait for another program's lock. The house takes no bids meanwhile, so it is short."""

_SQLITE_VERSION_MIN: Final = (3, 37, 0)
"""The first with STRICT tables."""

PAGE_BYTES: Final = 4096
"""The block of the file systems in use, so that a page is written whole and nothing is read to write it."""

CHECKPOINT_PAGES: Final = 1000
"""The WAL is copied into the file when it holds about this many pages, 4 MB.

Measured at full load: with 1000, 4000 and 16000 pages the rate is the same within the noise, and the longest pause
for a checkpoint is about 40, 60 and 170 ms. So the smallest of them.
"""

_WAL_BYTES_MAX: Final = CHECKPOINT_PAGES * PAGE_BYTES
"""What the WAL file is cut to after a checkpoint where a large batch or a foreign reader made it grow."""

_UNCHANGING: Final = "mode=ro&immutable=1"
"""How a file is opened that nobody can change. SQLite then knows of no `-wal` file, and of no WAL mode."""

_SCHEMA: Final = f"""
PRAGMA synchronous = FULL;
PRAGMA page_size = {PAGE_BYTES};
PRAGMA journal_mode = WAL;
BEGIN IMMEDIATE;
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {FORMAT_VERSION};
-- Append-only, and as few rows as can be: a row for each event costs several times what its JSON does.
CREATE TABLE batch (
  first INTEGER PRIMARY KEY,
  last INTEGER NOT NULL,
  rejections BLOB NOT NULL,
  body TEXT NOT NULL,
  hash BLOB NOT NULL
) STRICT;
-- For people; this program reads batches.
CREATE VIEW fact (position, at_ms, kind, lot, seq, body) AS
SELECT
  batch.first + one.key,
  json_extract(one.value, '$[1]'),
  coalesce(json_extract(one.value, '$[4].event'), json_extract(one.value, '$[0]')),
  json_extract(one.value, '$[2]'),
  json_extract(one.value, '$[3]'),
  one.value
FROM batch, json_each(batch.body) AS one;
CREATE TABLE rejection (
  id INTEGER PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  paddle INTEGER NOT NULL,
  request INTEGER NOT NULL,
  lot TEXT NOT NULL,
  code TEXT NOT NULL,
  body TEXT NOT NULL
) STRICT;
-- In no hash, since it can be erased.
CREATE TABLE contact (
  paddle INTEGER PRIMARY KEY,
  company TEXT NOT NULL,
  contact TEXT NOT NULL
) STRICT;
CREATE TABLE head (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  position INTEGER NOT NULL,
  hash BLOB NOT NULL,
  rejections BLOB NOT NULL,
  alive_ms INTEGER NOT NULL,
  term INTEGER NOT NULL,
  holder TEXT NOT NULL
) STRICT;
INSERT INTO head VALUES (1, 0, x'{GENESIS_HASH.hex()}', zeroblob({SUM_BYTES}), 0, 0, '');
COMMIT;
"""  # noqa: S608 -- built from the constants above


def create_missing(path: Path) -> None:
    """Make an empty journal at `path` where there is no file; the caller holds its directory.

    It is made under another name and renamed when it is whole, so an empty or half-made file at `path` is always
    damage and is never taken for a new journal. Only the owner can read it, since it holds reserves and maximum bids.
    """
    if path.exists():
        return
    if Path(f"{path}-wal").exists():
        raise StorageError(
            f"The journal {path} is missing, but its -wal file is there. Bring both back from where they were moved "
            f"to; to begin a new sale, use an empty directory."
        )
    draft = Path(f"{path}.new")
    try:
        for left_over in (draft, Path(f"{draft}-wal"), Path(f"{draft}-shm"), Path(f"{draft}-journal")):
            left_over.unlink(missing_ok=True)
        os.close(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        with closing(_connect(draft, "mode=rw")) as connection:
            connection.executescript(_SCHEMA)
            # Closing would do this too, and would not tell that it failed: the draft would be renamed without content.
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        draft.rename(path)
        sync_directory(path.parent)
    except (sqlite3.Error, OSError) as error:
        raise StorageError(f"The journal {path} can't be made ({error}); check its directory.") from error


def connect(path: Path) -> sqlite3.Connection:
    """Return a connection that writes to the journal at `path`, with every setting in place and its format checked.

    Raises StorageError where there is no journal of a format that this version reads, DamagedJournalError where
    SQLite can't make sense of it.
    """
    return _checked(path, path, "mode=rw")


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Yield a connection that reads the journal at `path`, also where nothing can be written. Raises as `connect` does.

    SQLite reads no journal without an index beside it, the `-shm` file. Where that can't be made, as on a medium for
    reading only, a file that nobody can change is read as it is; one that has a `-wal` file, or that others can write
    to, is copied to a temporary directory first.
    """
    newest, index = Path(f"{path}-wal"), Path(f"{path}-shm")
    with ExitStack() as resources:
        source, how = path, "mode=ro"
        if path.exists() and not index.exists() and not os.access(path.parent, os.W_OK):
            has_newest = newest.exists() and newest.stat().st_size > 0
            if not has_newest and os.statvfs(path).f_flag & os.ST_RDONLY:
                how = _UNCHANGING
            else:
                source = _temporary_copy(path, newest if has_newest else None, resources)
        yield resources.enter_context(closing(_checked(path, source, how)))


def _temporary_copy(path: Path, newest: Path | None, resources: ExitStack) -> Path:
    """Copy a journal, and its `-wal` file, to where an index can be made, for as long as `resources` are kept."""
    try:
        folder = Path(resources.enter_context(TemporaryDirectory(prefix="journal-")))  # which only this user may enter
        for file in (path, newest):
            if file is not None:
                shutil.copyfile(file, folder / file.name)
    except OSError as error:
        raise StorageError(
            f"Nothing can be written beside the journal {path}, and it can't be copied to a temporary directory to be "
            f"read there ({error}). Make space, or set TMPDIR to a place that has some."
        ) from error
    return folder / path.name


def _checked(path: Path, source: Path, how: str) -> sqlite3.Connection:
    """Open the journal of `path`, which is read from `source`, and check that this version reads it."""
    if sqlite3.sqlite_version_info < _SQLITE_VERSION_MIN:
        raise StorageError(f"SQLite 3.37 or newer is needed; this Python has {sqlite3.sqlite_version}.")
    if not path.exists():
        raise StorageError(f"There is no journal at {path}.")
    try:
        with ExitStack() as resources:
            connection = resources.enter_context(closing(_connect(source, how)))
            _configure(connection)
            _check_format(path, connection)
            if how != _UNCHANGING:
                _check_mode(path, connection)
            resources.pop_all()
            return connection
    except UnicodeDecodeError as error:  # Python fails to tell SQLite's error, which quotes the damaged bytes
        raise DamagedJournalError(path, "the description of its tables can't be read") from error
    except sqlite3.Error as error:
        if is_damage(error):
            raise DamagedJournalError(path, str(error)) from error
        raise StorageError(f"The file {path} can't be opened as a journal ({error}).") from error


def copy_out(reader: sqlite3.Connection, copy: Path) -> None:
    """Copy all that is committed in an open journal to the new file `copy`, which only the owner can read.

    It is on the disk on return. Raises OSError and sqlite3.Error.
    """
    os.close(os.open(copy, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    with closing(sqlite3.connect(copy, isolation_level=None)) as writer:
        writer.execute("PRAGMA synchronous = FULL")
        reader.backup(writer)


def rescue(reader: sqlite3.Connection, path: Path, position: int) -> Path:
    """Copy an open journal, whose file at `path` is gone, into a new file beside it; return that one.

    The files that are open are all that is left of a journal that was removed. Raises OSError and sqlite3.Error.
    """
    draft, rescued = Path(f"{path}.new"), path.with_name(f"rescued-{position}.sqlite3")
    draft.unlink(missing_ok=True)
    copy_out(reader, draft)
    draft.rename(rescued)
    sync_directory(path.parent)
    return rescued


def files_of(path: Path) -> dict[Path, tuple[int, int]]:
    """Return which files the names of an open journal mean now, each by its device and inode.

    Raises OSError where one of them has no file.
    """
    found = {}
    for name in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
        status = name.stat()
        found[name] = status.st_dev, status.st_ino
    return found


def is_damage(error: sqlite3.Error) -> bool:
    """Return whether SQLite found the file's pages wrong, rather than failed to read or write them."""
    return error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_CORRUPT  # the low byte; the others say where


def _connect(path: Path, how: str) -> sqlite3.Connection:
    # Transactions are begun and committed by hand (isolation_level=None). Text comes as the bytes that lie on the
    # disk: a damaged byte is for the chain to find, and not for a decoder to trip over.
    connection = sqlite3.connect(
        f"{path.resolve().as_uri()}?{how}", uri=True, isolation_level=None, timeout=BUSY_TIMEOUT_MS / 1000
    )
    connection.text_factory = bytes
    return connection


def _configure(connection: sqlite3.Connection) -> None:
    # FULL syncs the WAL at every commit: a commit that returned survives a loss of power.
    connection.execute("PRAGMA synchronous = FULL")
    if sys.platform == "darwin":  # where fsync alone leaves the data in the drive's cache
        connection.execute("PRAGMA fullfsync = ON")
        connection.execute("PRAGMA checkpoint_fullfsync = ON")
    connection.execute("PRAGMA secure_delete = ON")  # what is deleted is overwritten with zeros
    connection.execute("PRAGMA wal_autocheckpoint = 0")  # SQLite's own hides its failures; see SqliteJournal
    connection.execute(f"PRAGMA journal_size_limit = {_WAL_BYTES_MAX}")


def _check_format(path: Path, connection: sqlite3.Connection) -> None:
    (application_id,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application_id != APPLICATION_ID:
        raise StorageError(f"{path} is not a journal of this program (application id {application_id}).")
    if version != FORMAT_VERSION:
        raise StorageError(
            f"The journal {path} has format {version}; this version reads only format {FORMAT_VERSION}. "
            f"Use the version of auction-house that wrote it."
        )


def _check_mode(path: Path, connection: sqlite3.Connection) -> None:
    (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
    if mode != b"wal":
        raise StorageError(
            f"The journal {path} is no longer in WAL mode. Set it back with the sqlite3 program: "
            f"PRAGMA journal_mode = WAL"
        )
