"""A copy of a journal, exact also while a house writes to it.

SQLite's own backup reads the file in one read transaction: what was committed before it is in the copy whole, what
came later is not. The house is not held up; only its `-wal` file can't be cut meanwhile and grows by what is written.
"""

import sqlite3
from pathlib import Path

from auctioneer.journal.file import copy_out, reading
from common.errors import StorageError


def copy_journal(source: Path, copy: Path) -> None:
    """Copy the journal at `source` to the new file `copy`; reading it will show whether its content is sound.

    Only the owner can read the copy, and it is on the disk on return. Raises StorageError where either can't be read
    or written, and DamagedJournalError where SQLite can't make sense of it.
    """
    try:
        with reading(source) as reader:
            copy_out(reader, copy)
    except (sqlite3.Error, OSError) as error:
        raise StorageError(f"The journal {source} can't be copied to {copy} ({error}). Check the disk.") from error
