"""The record in a file: one transaction and one fsync for each batch.

Readers in this or another process never hold the writer up: they read in short stretches, which is exact because facts
are only ever added. Only the writer checkpoints.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from math import inf
from pathlib import Path
from typing import Any, Final

from auctioneer.journal.chain import (
    GENESIS_HASH,
    READ_FACTS,
    ChainedRecord,
    Content,
    KeptRejections,
    rejection_digest,
    rows_of,
    sum_bytes,
)
from auctioneer.journal.protocol import ChainEnd, DamagedJournalError, FencedError, JournalGoneError, Owner
from auctioneer.journal.sqlite.file import (
    BUSY_TIMEOUT_MS,
    CHECKPOINT_PAGES,
    PAGE_BYTES,
    connect,
    create_missing,
    files_of,
    is_damage,
    reading,
    rescue,
)
from auctioneer.rules.contacts import Contact, ContactChange
from auctioneer.rules.facts import AnyFact, Rejection
from common.errors import StorageError

_REJECTION_BYTES: Final = 1024
"""What a rejection writes: its row, and a part of the page that an older row is deleted from."""
_COMMIT_PAGES: Final = 4
"""Pages that the smallest commit writes: the head, the last facts, and the last and the oldest rejections."""

_INSERT_BATCH: Final = "INSERT INTO batch VALUES (?, ?, ?, ?, ?)"
_SELECT_BATCHES: Final = (
    "SELECT first, last, rejections, body, hash FROM batch WHERE first > ? AND first <= ? ORDER BY first"
)
_SELECT_BATCH_OF: Final = "SELECT first, last, hash FROM batch WHERE first <= ? ORDER BY first DESC LIMIT 1"
_INSERT_REJECTION: Final = "INSERT INTO rejection VALUES (?, ?, ?, ?, ?, ?, ?)"
_DELETE_REJECTION: Final = "DELETE FROM rejection WHERE id = ?"
_SELECT_REJECTIONS: Final = (
    "SELECT id, at_ms, paddle, request, lot, code, body FROM rejection WHERE id > ? ORDER BY id LIMIT ?"
)
_SELECT_CONTACTS: Final = "SELECT paddle, company, contact FROM contact"
_HAS_CONTACT: Final = "SELECT 1 FROM contact WHERE paddle = ?"
_INSERT_CONTACT: Final = "INSERT INTO contact VALUES (?, ?, ?)"
_SELECT_HEAD: Final = (
    "SELECT position, hash, rejections, alive_ms, term, holder,"
    " (SELECT min(first) FROM batch), (SELECT last FROM batch ORDER BY first DESC LIMIT 1) FROM head"
)
# Moves the head only from where this writer left it, and in its own term: another writer is found here.
_MOVE_HEAD: Final = (
    "UPDATE head SET position = ?, hash = ?, rejections = ?, alive_ms = ?"
    " WHERE position = ? AND hash = ? AND rejections = ? AND term = ?"
)
_TAKE_OVER: Final = "UPDATE head SET term = ?, holder = ? WHERE term = ?"


class SqliteRecord(ChainedRecord):
    """A `Record` in a file, for reading. Make one with `open`; use it in the thread that opened it."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        super().__init__(path)
        self._path = path
        self._connection: sqlite3.Connection | None = connection
        self._resources = ExitStack()
        self._why_closed = "it was closed"

    @classmethod
    def open(cls, path: Path) -> "SqliteRecord":
        """Open the file at `path` for reading, also while another process writes, and where nothing can be written.

        Raises StorageError where the file is not a journal or has another format.
        """
        with ExitStack() as resources:
            record = cls(path, resources.enter_context(reading(path)))
            record._resources = resources.pop_all()
            return record

    def close(self) -> None:
        """Let go of the file; safe to repeat."""
        self._connection = None
        self._resources.close()

    def _stored_head(self) -> Sequence[Any] | None:
        rows = self._fetch(_SELECT_HEAD)
        return rows[0] if len(rows) == 1 else None

    def _stored_rows(self, after: int, end: int) -> list[Sequence[Any]]:
        try:
            return self._fetch(_SELECT_BATCHES, (after, min(end, after + READ_FACTS)))
        except DamagedJournalError:  # a page in this stretch can't be read; go up to it one by one
            return self._fetch(_SELECT_BATCHES, (after, after + 1), first_bad=after + 1)

    def _stored_row_of(self, position: int) -> Sequence[Any] | None:
        rows = self._fetch(_SELECT_BATCH_OF, (position,), first_bad=position or None)
        return rows[0] if rows else None

    def _stored_rejections(self, after: int) -> list[Sequence[Any]]:
        return self._fetch(_SELECT_REJECTIONS, (after, READ_FACTS))

    def _stored_contacts(self) -> list[Sequence[Any]]:
        return self._fetch(_SELECT_CONTACTS)

    @contextmanager
    def _moment(self) -> Iterator[None]:
        """Read in one transaction. Nothing is written meanwhile."""
        connection = self._usable()
        self._fetch("BEGIN")
        try:
            yield
        finally:
            if self._connection is not None and connection.in_transaction:
                with suppress(sqlite3.Error):  # it ends reading only; what is wrong with the file, reading has told
                    connection.execute("ROLLBACK")

    def _fetch(
        self, statement: str, values: tuple[object, ...] = (), *, first_bad: int | None = None
    ) -> list[Sequence[Any]]:
        """Return all rows of a query, in a read transaction of its own. Raises StorageError."""
        try:
            return self._usable().execute(statement, values).fetchall()
        except sqlite3.DatabaseError as error:
            if is_damage(error):
                raise DamagedJournalError(self._path, str(error), first_bad=first_bad) from error
            raise StorageError(f"The journal {self._path} can't be read ({error}). Check the disk.") from error

    def _usable(self) -> sqlite3.Connection:
        if self._connection is None:
            raise StorageError(f"The journal {self._path} can't be used: {self._why_closed}.")
        return self._connection


class SqliteJournal(SqliteRecord):
    """A `Journal` in a file, which finishes each batch at once. Make one with `take_over`."""

    handle: int | None = None
    is_sending = False

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        super().__init__(path, connection)
        self._kept = KeptRejections()
        self._wal_pages = 0
        """About how many pages were written to the WAL since the last checkpoint."""
        self._has_old_pages = False
        """Whether the WAL may have pages with a contact that was erased or replaced."""
        self._files: dict[Path, tuple[int, int]] = {}
        """Which files are written to, each by its device and inode."""
        self._end, self._alive_ms = ChainEnd(0, GENESIS_HASH), 0
        self._term, self._holder = 0, ""
        self._number = 0

    @classmethod
    def take_over(cls, path: Path, holder: str) -> "SqliteJournal":
        """Open the file at `path` for writing, make it where there is none (its directory must exist), begin a term.

        Settles what a crash or a failed write left behind. Raises StorageError where the file is not a journal, has
        another format or can't be brought to the disk, and DamagedJournalError where its end is not what was last
        written.
        """
        with ExitStack() as resources:
            create_missing(path)
            journal = cls(path, resources.enter_context(closing(connect(path))))
            journal._settle()
            journal._note_files()
            head = journal.check_end()
            journal._kept.restore(journal.kept_rejections(), head.rejections)
            journal._end, journal._alive_ms = ChainEnd(head.position, head.hash), head.alive_ms
            journal._begin_term(head.term, holder)
            journal._resources = resources.pop_all()
            return journal

    @property
    def position(self) -> int:
        """The position of the last fact; 0 where there is none."""
        return self._end.position

    @property
    def alive_ms(self) -> int:
        """When the house last wrote (server time); 0 where it never did."""
        return self._alive_ms

    @property
    def end(self) -> ChainEnd:
        """Where the chain ends."""
        return self._end

    @property
    def owner(self) -> Owner:
        """The writer itself, who may have lost the record since."""
        return Owner(self._term, self._holder)

    # --- writing ---------------------------------------------------------------------------------------------------

    def begin(
        self,
        facts: Sequence[AnyFact],
        rejections: Sequence[Rejection],
        now_ms: int,
        contacts: Sequence[ContactChange] = (),
    ) -> int:
        """Store a batch in one transaction and return its number; durable on return."""
        before, kept_before = self._end, self._kept.sum
        added, surplus, kept = self._kept.sort(rejections)
        rows = rows_of(facts, before, kept)
        end = ChainEnd(rows[-1].last, rows[-1].hash) if rows else before
        size_bytes = sum(len(row.body) for row in rows) + len(added) * _REJECTION_BYTES
        with self._transaction(size_bytes) as connection:
            connection.executemany(_INSERT_BATCH, [(*row[:3], row.body.decode(), row.hash) for row in rows])
            if added:
                connection.executemany(_INSERT_REJECTION, added)
                connection.executemany(_DELETE_REJECTION, ((number,) for number in surplus))
            if contacts:
                self._change_contacts(connection, contacts)
            moved = connection.execute(_MOVE_HEAD, (*end, kept, now_ms, *before, kept_before, self._term))
            if moved.rowcount != 1:
                raise self._fenced()
        self._end, self._alive_ms = end, now_ms
        self._number += 1
        if self._has_old_pages:
            self._empty_wal()
        return self._number

    def _change_contacts(self, connection: sqlite3.Connection, contacts: Sequence[ContactChange]) -> None:
        """Store contacts. Where one leaves, all that stay are written again.

        SQLite zeroes what it deletes, but a page whose rows were once moved to another page may keep a copy between its
        rows. When all rows are deleted, every page of the table is zeroed whole.
        """
        kept: dict[int, Contact] = {}
        if any(connection.execute(_HAS_CONTACT, (change.paddle,)).fetchone() for change in contacts):
            kept = self.contacts()
            connection.execute("DELETE FROM contact")
            self._has_old_pages = True
        for paddle, contact in contacts:
            kept.pop(paddle, None)
            if contact is not None:
                kept[paddle] = contact
        connection.executemany(
            _INSERT_CONTACT, ((paddle, one.company, one.contact) for paddle, one in sorted(kept.items()))
        )

    def _empty_wal(self) -> None:
        """Bring all pages into the file and cut the WAL off, since it has older versions of pages too.

        While somebody reads, SQLite can't; then the next batch tries again, which follows within a second.
        """
        connection = self._usable()
        try:
            connection.execute("PRAGMA busy_timeout = 0")
            ((busy, _frames, _moved),) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        except (sqlite3.Error, OSError) as error:
            self._abandon(connection)
            raise self._unwritable(error) from error
        if not busy:
            self._has_old_pages, self._wal_pages = False, 0

    def finished(self) -> int:
        """Return the number of the last batch, which is durable."""
        return self._number

    def wait(self, wait_s: float = inf) -> None:
        """Return at once: what was begun is durable."""

    def require_in_place(self) -> None:
        """See that the files that are written to have their names. Raises JournalGoneError, and is closed then."""
        connection = self._usable()
        try:
            self._compare_files(connection)
        except JournalGoneError:
            self._abandon(connection)
            raise

    def _begin_term(self, term_before: int, holder: str) -> None:
        """Become the owner: whoever was it before moves no head from now on."""
        with self._transaction(0) as connection:
            taken = connection.execute(_TAKE_OVER, (term_before + 1, holder, term_before))
            if taken.rowcount != 1:
                raise self._fenced()
        self._term, self._holder = term_before + 1, holder

    def _fenced(self) -> FencedError:
        return FencedError(self._path)

    @contextmanager
    def _transaction(self, size_bytes: int) -> Iterator[sqlite3.Connection]:
        """Commit what the body does; whatever goes wrong, close the journal, since its end is then unknown.

        A checkpoint that is due comes first and not after the commit, as SQLite's own does, which also hides its
        failure: so a failed one is told, at a time when nothing of the batch has been stored.
        """
        connection = self._usable()
        committed = False
        try:
            if self._wal_pages >= CHECKPOINT_PAGES:
                self._compare_files(connection)
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
                self._wal_pages = 0
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")
            self._wal_pages += _COMMIT_PAGES + size_bytes // PAGE_BYTES
            committed = True
        except (sqlite3.Error, OSError) as error:
            raise self._unwritable(error) from error
        finally:
            if not committed:
                self._abandon(connection)

    def _unwritable(self, error: Exception) -> StorageError:
        return StorageError(f"The journal {self._path} can't be written ({error}). Check the disk's space and health.")

    def _abandon(self, connection: sqlite3.Connection) -> None:
        self._why_closed = "it is gone, or a write failed; open it again"
        # The failure that counts is on its way to the caller already. What can't be rolled back here is when the
        # file is next opened.
        with suppress(sqlite3.Error, OSError):
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        with suppress(sqlite3.Error, OSError):
            self.close()

    def _settle(self) -> None:
        """Bring all that the WAL holds into the file and begin an empty WAL.

        When the fsync of a commit fails, its frames may be in the system's cache, marked as written, and not on the
        disk. To a process that opens the file later they look like any others, and it would add its commits behind
        them, where a loss of power takes them away together: recovery ends at the first frame that is not whole. So
        nothing is ever written behind frames of an earlier opening. The pages are copied into the file, which has an
        fsync of its own, and the WAL is begun again only when that succeeded.
        """
        ((busy, _frames, _moved),) = self._fetch("PRAGMA wal_checkpoint(TRUNCATE)")
        if busy:
            raise StorageError(
                f"Another program holds the journal {self._path} open for reading and keeps its WAL from being "
                f"settled. End it (a sqlite3 shell, a backup), then start again."
            )

    # --- whether it is in place -------------------------------------------------------------------------------------

    def _note_files(self) -> None:
        try:
            self._files = files_of(self._path)
        except OSError as error:
            raise StorageError(f"The journal {self._path} can't be found ({error}). Check its directory.") from error

    def _compare_files(self, connection: sqlite3.Connection) -> None:
        try:
            in_place = files_of(self._path)
        except OSError as error:
            raise self._gone(connection, str(error)) from error
        for name, file in self._files.items():
            if in_place[name] != file:
                raise self._gone(connection, f"another file has the name {name}")

    def _gone(self, connection: sqlite3.Connection, what: str) -> JournalGoneError:
        """Return what is to be said, after all that was stored has been copied from the files that are still open."""
        told = (
            f"The journal {self._path} was removed, moved or replaced while the house writes to it ({what}). No bid is "
            f"taken, since it would be lost."
        )
        try:
            rescued = rescue(connection, self._path, self.position)
        except (sqlite3.Error, OSError) as error:
            return JournalGoneError(
                f"{told} Put back the files that were there. They could not be copied to the same place ({error})."
            )
        return JournalGoneError(
            f"{told} Put back the files that were there, or {rescued} in their place: it holds all."
        )


def fill(path: Path, content: Content) -> None:
    """Make the new journal at `path` a copy of another record, whatever stores that; it is on the disk on return.

    Raises StorageError where there is a file, or it can't be written.
    """
    if path.exists():
        raise StorageError(f"{path} exists already.")
    create_missing(path)
    head = content.head
    try:
        with closing(connect(path)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            for row in content.rows:
                connection.execute(_INSERT_BATCH, (*row[:3], row.body.decode(), row.hash))
            connection.executemany(_INSERT_REJECTION, content.rejections)
            contacts = ((paddle, one.company, one.contact) for paddle, one in content.contacts.items())
            connection.executemany(_INSERT_CONTACT, contacts)
            connection.execute(
                "UPDATE head SET position = ?, hash = ?, rejections = ?, alive_ms = ?, term = ?, holder = ?",
                (*head[:5], head.holder.decode()),
            )
            connection.execute("COMMIT")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    except (sqlite3.Error, OSError) as error:
        raise StorageError(f"The journal {path} can't be written ({error}). Check the disk's space.") from error


def recount_rejections(path: Path) -> None:
    """Take the rejections that a journal has now for those that are to be kept, after a repair by hand.

    No house may run on it. Raises StorageError where the journal can't be written.
    """
    with closing(connect(path)) as connection:
        total = sum(rejection_digest(body) for (body,) in connection.execute("SELECT body FROM rejection"))
        connection.execute("UPDATE head SET rejections = ?", (sum_bytes(total),))
