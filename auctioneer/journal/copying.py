"""A copy of a journal, exact also while a house writes to it.

SQLite's own backup reads the file in one read transaction: what was committed before it is in the copy whole, what
came later is not. The house is not held up; only its `-wal` file can't be cut meanwhile and grows by what is written.
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from auctioneer.journal.file import connect, copy_out
from auctioneer.journal.protocol import ChainEnd
from auctioneer.journal.sqlite import SqliteJournal
from common.errors import StorageError


class Copied(NamedTuple):
    """What a copy holds: the end of its chain, and when the house had last written (server time)."""

    end: ChainEnd
    alive_ms: int


def copy_journal(source: Path, copy: Path) -> Copied:
    """Copy the journal at `source` to the new file `copy` and check every event in it.

    Only the owner can read the copy, and it is on the disk on return. Raises StorageError where either can't be read
    or written, and DamagedJournalError, by which the copy's damage is the original's.
    """
    try:
        with closing(connect(source, read_only=True)) as reader:
            copy_out(reader, copy)
    except (sqlite3.Error, OSError) as error:
        raise StorageError(f"The journal {source} can't be copied to {copy} ({error}). See to the disk.") from error
    journal = SqliteJournal.open(copy, read_only=True)
    try:
        copied = Copied(journal.verify_chain(), journal.alive_ms)
    finally:
        journal.close()
    for index in (Path(f"{copy}-wal"), Path(f"{copy}-shm")):
        index.unlink(missing_ok=True)  # empty; made by the reader just now
    return copied
