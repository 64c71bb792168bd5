"""Where the record of one sale is: a file, which `SqliteStore` opens, reads and copies."""

import sqlite3
from collections.abc import Collection
from pathlib import Path

from auctioneer.journal.protocol import JournalGoneError
from auctioneer.journal.sqlite.file import copy_out, reading
from auctioneer.journal.sqlite.journal import SqliteJournal, SqliteRecord
from common.errors import StorageError


class SqliteStore:
    """A `Store` of one file."""

    def __init__(self, path: Path) -> None:
        self.place = path

    @property
    def exists(self) -> bool:
        """Whether there is a file."""
        return self.place.exists()

    def take_over(self, holder: str, gone: Collection[str] = ()) -> SqliteJournal:  # noqa: ARG002 -- of the seam
        """Open the journal for writing in a new term, and make it where there is none. The caller holds its directory.

        So nobody else writes to it, and all earlier owners are gone. Raises StorageError, and DamagedJournalError
        where its end is not what was last written.
        """
        return SqliteJournal.take_over(self.place, holder)

    def resume(self, holder: str) -> SqliteJournal:
        """Open the journal for writing again, where it still is. Raises JournalGoneError, and else as `take_over`."""
        if not self.exists:
            raise JournalGoneError(f"The journal {self.place} is gone. Bring it back from where it was moved to.")
        return self.take_over(holder)

    def read(self) -> SqliteRecord:
        """Open the record for reading, also while a house writes to it. Raises StorageError."""
        return SqliteRecord.open(self.place)

    def copy(self, target: Path) -> None:
        """Copy the record to the new file `target`; reading it will show whether its content is sound.

        The copy is exact also while a house writes. SQLite's own backup reads the file in one read transaction: what
        was committed before it is in the copy whole, what came later is not. The house is not held up; only its `-wal`
        file can't be cut meanwhile and grows by what is written.

        Only the owner can read the copy, and it is on the disk on return. Raises StorageError where either can't be
        read or written, and DamagedJournalError where SQLite can't make sense of it.
        """
        try:
            with reading(self.place) as reader:
                copy_out(reader, target)
        except (sqlite3.Error, OSError) as error:
            what = f"The journal {self.place} can't be copied to {target} ({error}). Check the disk."
            raise StorageError(what) from error
