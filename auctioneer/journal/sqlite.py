"""The embedded journal: one SQLite file in WAL mode, one transaction and one fsync for each batch.

Readers in this or another process (`read_only=True`) never hold it up: they read in short stretches, which is exact
because facts are only ever added. Only the writer checkpoints.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from auctioneer.journal.file import (
    CHECKPOINT_PAGES,
    GENESIS_HASH,
    PAGE_BYTES,
    SUM_BYTES,
    connect,
    create_missing,
    files_of,
    is_damage,
    reading,
    rescue,
    sole_writer,
)
from auctioneer.journal.protocol import ChainEnd, DamagedJournalError, JournalGoneError, Owner, Progress
from auctioneer.rules.facts import AnyFact, Rejection
from common.errors import StorageError
from common.limits import INTEGER_MAX, REMEMBERED_REQUESTS_MAX

BATCH_FACTS_MAX: Final = 1024
"""The most facts in a row; a longer batch takes several. So a reader holds half a megabyte of bids, or 16 of lots."""
READ_FACTS: Final = 1000
"""Positions read at a time: about half a megabyte, and a few milliseconds of holding back the checkpoint."""
_REFUSAL_BYTES: Final = 1024
"""What a rejection writes: its row, and a part of the page that an older row is deleted from."""
_COMMIT_PAGES: Final = 4
"""Pages that the smallest commit writes: the head, the last facts, and the last and the oldest rejections."""

_SUM_RANGE: Final = 1 << 8 * SUM_BYTES
"""Sums of rejections are taken modulo this."""

_INSERT_BATCH: Final = "INSERT INTO batch VALUES (?, ?, ?, ?, ?)"
_SELECT_BATCHES: Final = (
    "SELECT first, last, rejections, body, hash FROM batch WHERE first > ? AND first <= ? ORDER BY first"
)
_SELECT_BATCH_OF: Final = "SELECT first, last, hash FROM batch WHERE first <= ? ORDER BY first DESC LIMIT 1"
_INSERT_REFUSAL: Final = "INSERT INTO rejection VALUES (?, ?, ?, ?, ?, ?, ?)"
_DELETE_REFUSAL: Final = "DELETE FROM rejection WHERE id = ?"
_SELECT_REFUSALS: Final = (
    "SELECT id, at_ms, paddle, request, lot, code, body FROM rejection WHERE id > ? ORDER BY id LIMIT ?"
)
_SELECT_HEAD: Final = (
    "SELECT position, hash, rejections, alive_ms, term, holder,"
    " (SELECT min(first) FROM batch), (SELECT last FROM batch ORDER BY first DESC LIMIT 1) FROM head"
)
# Moves the head only from where this writer left it: a second writer that came past the lock is found here.
_MOVE_HEAD: Final = (
    "UPDATE head SET position = ?, hash = ?, rejections = ?, alive_ms = ?"
    " WHERE position = ? AND hash = ? AND rejections = ? AND term = ?"
)
# A new owner: whoever had the journal before moves no head from then on.
_TAKE_OVER: Final = "UPDATE head SET term = ?, holder = ? WHERE term = ?"

_encode: Final = msgspec.json.Encoder().encode
_decode_facts: Final = msgspec.json.Decoder(list[AnyFact]).decode
_decode_rejection: Final = msgspec.json.Decoder(Rejection).decode


class _Head(NamedTuple):
    position: int
    hash: bytes
    rejections: bytes
    """The sum over the rejections that are kept."""
    alive_ms: int
    term: int
    holder: bytes
    first: int | None
    last: int | None
    """The lowest and the highest position that there really is."""


class _Batch(NamedTuple):
    """A row that was found sound: the facts from position `first` up to `last`."""

    first: int
    last: int
    facts: list[AnyFact]
    hash: bytes


_RejectionRow = tuple[int, int, int, int, str, str, str]
"""What is stored of a rejection: number, `at_ms`, paddle, request id, lot, code and body."""


class SqliteJournal:
    """A `Journal` in a file. Make one with `open`; use it in the thread that opened it."""

    def __init__(self, path: Path, connection: sqlite3.Connection, *, read_only: bool) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = connection
        self._read_only = read_only
        self._resources = ExitStack()
        self._why_closed = "it was closed"
        self._kept: dict[int, dict[int, tuple[int, int]]] = {}
        """For each paddle, the request ids whose rejections are kept, and of each the row and the hash as a number."""
        self._last_rejection = 0
        self._rejections = bytes(SUM_BYTES)
        """The sum over the rejections that are kept."""
        self._position, self._hash, self._alive_ms, self._term = 0, GENESIS_HASH, 0, 0
        self._wal_pages = 0
        """About how many pages were written to the WAL since the last checkpoint."""
        self._files: dict[Path, tuple[int, int]] = {}
        """Which files are written to, each by its device and inode."""

    @classmethod
    def open(cls, path: Path, *, holder: str = "", read_only: bool = False) -> "SqliteJournal":
        """Open the journal file at `path`; for writing, make it where there is none (its directory must exist).

        Opening for writing settles what a crash or a failed write left behind, and begins a term that `holder` owns.
        Reading works while another process writes, and where nothing can be written. Raises StorageError where the
        file is not a journal, has a newer format, is held by another writer or can't be brought to the disk, and
        DamagedJournalError where its end is not what was last written.
        """
        with ExitStack() as resources:
            if read_only:
                connection = resources.enter_context(reading(path))
            else:
                resources.enter_context(sole_writer(path))
                create_missing(path)
                connection = resources.enter_context(closing(connect(path)))
            journal = cls(path, connection, read_only=read_only)
            if not read_only:
                journal._settle()
                journal._note_files()
                journal._install_head()
                journal._install_rejections()
                journal._take_over(holder)
            journal._resources = resources.pop_all()
            return journal

    @property
    def position(self) -> int:
        """The position of the last fact; 0 where there is none."""
        return self._read_head().position if self._read_only else self._position

    @property
    def alive_ms(self) -> int:
        """When the house last wrote (server time); 0 where it never did."""
        return self._read_head().alive_ms if self._read_only else self._alive_ms

    @property
    def owner(self) -> Owner:
        """Who took the journal over last."""
        head = self._read_head()
        return Owner(head.term, head.holder.decode(errors="replace"))

    @property
    def end(self) -> ChainEnd:
        """Where the chain ends now, by what was last written."""
        if not self._read_only:
            return ChainEnd(self._position, self._hash)
        head = self._read_head()
        return ChainEnd(head.position, head.hash)

    # --- writing ---------------------------------------------------------------------------------------------------

    def append(self, facts: Sequence[AnyFact], rejections: Sequence[Rejection], now_ms: int) -> int:
        """Store a batch in one transaction and return the position of the last fact; durable on return."""
        position, digest = self._position, self._hash
        added, surplus, kept = self._sort_rejections(rejections)
        rows, size_bytes = [], len(rejections) * _REFUSAL_BYTES
        for start in range(0, len(facts), BATCH_FACTS_MAX):
            part = facts[start : start + BATCH_FACTS_MAX]
            body = _encode(part)
            first, position = position + 1, position + len(part)
            digest = _chain_hash(digest, first, kept, body)
            size_bytes += len(body)
            rows.append((first, position, kept, body.decode(), digest))
        with self._transaction(size_bytes) as connection:
            connection.executemany(_INSERT_BATCH, rows)
            if added:
                connection.executemany(_INSERT_REFUSAL, added)
                connection.executemany(_DELETE_REFUSAL, surplus)
            before = self._position, self._hash, self._rejections, self._term
            moved = connection.execute(_MOVE_HEAD, (position, digest, kept, now_ms, *before))
            if moved.rowcount != 1:
                raise StorageError(f"Another process has written to the journal {self._path}. Stop one of the two.")
        self._position, self._hash, self._rejections, self._alive_ms = position, digest, kept, now_ms
        return position

    def mark_alive(self, now_ms: int) -> None:
        """Store that the house was alive at `now_ms`; durable on return."""
        self.require_in_place()
        self.append((), (), now_ms)

    def require_in_place(self) -> None:
        """See that the files that are written to have their names. Raises JournalGoneError, and is closed then."""
        connection = self._usable()
        try:
            self._compare_files(connection)
        except JournalGoneError:
            self._abandon(connection)
            raise

    def close(self) -> None:
        """Let go of the journal; safe to repeat."""
        self._connection = None
        self._resources.close()

    def _sort_rejections(self, rejections: Sequence[Rejection]) -> tuple[list[_RejectionRow], list[tuple[int]], bytes]:
        """Return which rows to add, which to delete, and the sum over all that are then kept.

        A row is deleted that is no longer among the highest request ids of its paddle. Rows are added at the end and
        leave about in the order in which they came, so few pages change in a batch; a key of paddle and request would
        touch a page for each paddle.
        """
        added, surplus = [], []
        total = int.from_bytes(self._rejections, "big")
        for rejection in rejections:
            request = rejection.request
            kept = self._kept.setdefault(rejection.paddle, {})
            if request.id in kept:
                continue  # the first verdict stands
            self._last_rejection += 1
            code, body = rejection.verdict.code.value, _encode(rejection)
            digest = _digest(body)
            total += digest
            kept[request.id] = self._last_rejection, digest
            added.append(
                (self._last_rejection, rejection.at_ms, rejection.paddle, request.id, request.lot, code, body.decode())
            )
            if len(kept) > REMEMBERED_REQUESTS_MAX:
                row, digest = kept.pop(min(kept))
                total -= digest
                surplus.append((row,))
        return added, surplus, _sum_bytes(total)

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
            raise StorageError(
                f"The journal {self._path} can't be written ({error}). Check the disk's space and health."
            ) from error
        finally:
            if not committed:
                self._abandon(connection)

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
        fsync of its own, and only when that succeeded is the WAL begun anew.
        """
        ((busy, _frames, _moved),) = self._fetch("PRAGMA wal_checkpoint(TRUNCATE)")
        if busy:
            raise StorageError(
                f"Another program holds the journal {self._path} open for reading and keeps its WAL from being "
                f"settled. End it (a sqlite3 shell, a backup), then start again."
            )

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
            rescued = rescue(connection, self._path, self._position)
        except (sqlite3.Error, OSError) as error:
            return JournalGoneError(
                f"{told} Put back the files that were there. They could not be copied to the same place ({error})."
            )
        return JournalGoneError(
            f"{told} Put back the files that were there, or {rescued} in their place: it holds all."
        )

    def _install_head(self) -> None:
        head = self._read_head()
        if head.last != (head.position or None) or self.hash_at(head.position) != head.hash:
            self.verify_chain()  # raises, with the exact place
        self._position, self._hash, self._alive_ms = head.position, head.hash, head.alive_ms
        self._term = head.term

    def _take_over(self, holder: str) -> None:
        """Begin the next term."""
        with self._transaction(0) as connection:
            connection.execute(_TAKE_OVER, (self._term + 1, holder, self._term))
        self._term += 1

    def _install_rejections(self) -> None:
        for row, rejection, digest in self._kept_rejections():
            self._kept.setdefault(rejection.paddle, {})[rejection.request.id] = row, digest
            self._last_rejection = row
        self._rejections = self._read_head().rejections

    # --- reading ---------------------------------------------------------------------------------------------------

    def read(self, after_position: int = 0, upto: int | None = None) -> Iterator[tuple[int, AnyFact]]:
        """Yield the facts after `after_position`, up to and with `upto`, and check the chain on the way."""
        for batch in self._walk(self._read_head(), after_position, upto):
            skipped = max(0, after_position + 1 - batch.first)
            wanted = batch.facts[skipped:] if upto is None else batch.facts[skipped : upto + 1 - batch.first]
            yield from enumerate(wanted, batch.first + skipped)

    def recent(self, count: int) -> list[tuple[int, AnyFact]]:
        """Return the last `count` facts, or all where there are fewer."""
        return list(self.read(max(0, self.position - count)))

    def verify_chain(self, progress: Progress | None = None) -> ChainEnd:
        """Check every fact from the first on and return the end of the chain."""
        head = self._read_head()
        told = 0
        for batch in self._walk(head):
            if progress is not None and batch.last >= told + READ_FACTS:
                progress(batch.last, head.position)
                told = batch.last
        if progress is not None:
            progress(head.position, head.position)
        return ChainEnd(head.position, head.hash)

    def hash_at(self, position: int) -> bytes:
        """Return the hash of the batch that ends at `position`; empty where none does."""
        if position == 0:
            return GENESIS_HASH
        rows = self._fetch(_SELECT_BATCH_OF, (position,), first_bad=position)
        if not rows or rows[0][1] != position:
            return b""
        digest = rows[0][2]
        if type(digest) is not bytes:
            raise self._damaged(rows[0][0], "the batch has no hash")
        return digest

    def rejections(self) -> Iterator[Rejection]:
        """Yield the refused bids that are kept, in the order in which they were refused, and compare their sum."""
        return (rejection for _, rejection, _ in self._kept_rejections())

    def _kept_rejections(self) -> Iterator[tuple[int, Rejection, int]]:
        """Yield each rejection with its row and its hash as a number; at last compare their sum with the head's.

        All in one read transaction, so that both are of the same moment.
        """
        connection = self._usable()
        self._fetch("BEGIN")
        try:
            kept, total, last = self._read_head().rejections, 0, 0
            while rows := self._fetch(_SELECT_REFUSALS, (last, READ_FACTS)):
                for row in rows:
                    rejection, body = self._check_rejection(row)
                    last, digest = row[0], _digest(body)
                    total += digest
                    yield last, rejection, digest
            if _sum_bytes(total) != kept:
                raise DamagedJournalError(self._path, "the rejections are not those that were kept")
        finally:
            if self._connection is not None and connection.in_transaction:
                connection.execute("COMMIT")  # of reading only

    def _check_rejection(self, row: tuple[Any, ...]) -> tuple[Rejection, bytes]:
        number, *columns, body = row
        if type(body) is not bytes or not _are_numbers(number):
            raise DamagedJournalError(self._path, f"rejection {number} can't be read (it is no text, or has no number)")
        try:
            rejection = _decode_rejection(body)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise DamagedJournalError(self._path, f"rejection {number} can't be read ({error})") from error
        request, code = rejection.request, rejection.verdict.code.value
        if columns != [rejection.at_ms, rejection.paddle, request.id, request.lot.encode(), code.encode()]:
            raise DamagedJournalError(self._path, f"the columns of rejection {number} differ from its text")
        return rejection, body

    def _walk(self, head: _Head, after_position: int = 0, upto: int | None = None) -> Iterator[_Batch]:
        """Yield the batches of a stretch, each checked against the one before it, and the last against the head.

        The first and the last one may reach beyond the stretch.
        """
        if after_position > head.position:
            what = f"fact {after_position} was written, but the record ends at fact {head.position}"
            raise DamagedJournalError(self._path, what, first_bad=head.position + 1)
        before = last = self._end_before(after_position)
        digest = self.hash_at(last)
        end = head.position if upto is None else min(upto, head.position)
        while last < end:
            rows = self._rows(last, end)
            if not rows:
                raise self._damaged(last + 1, "the fact is missing")
            for row in rows:
                batch = self._check(row, last + 1, digest)
                before, last, digest = last, batch.last, batch.hash
                yield batch
        if last < head.position:
            return
        if last != head.position or digest != head.hash:
            raise self._damaged(before + 1, "the last batch is not the one that the head names")
        if head.last != (head.position or None) or head.first not in (None, 1):
            raise self._damaged(last + 1, "there are facts that the house did not write")

    def _end_before(self, position: int) -> int:
        """Return where the batch ends that is followed by the one with `position` in it."""
        rows = self._fetch(_SELECT_BATCH_OF, (position,))
        return max(0, int(rows[0][0]) - 1) if rows else 0

    def _rows(self, after: int, end: int) -> list[tuple[Any, ...]]:
        try:
            return self._fetch(_SELECT_BATCHES, (after, min(end, after + READ_FACTS)))
        except DamagedJournalError:  # a page in this stretch can't be read; go up to it one by one
            return self._fetch(_SELECT_BATCHES, (after, after + 1), first_bad=after + 1)

    def _check(self, row: tuple[Any, ...], expected: int, before: bytes) -> _Batch:
        first, last, rejections, body, digest = row
        if first != expected:
            raise self._damaged(expected, "the fact is missing")
        is_text = type(body) is bytes and type(rejections) is bytes and len(rejections) == SUM_BYTES
        if not is_text or _chain_hash(before, first, rejections, body) != digest:
            raise self._damaged(expected, "the batch, or the order of batches, was changed")
        try:
            facts = _decode_facts(body)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise self._damaged(expected, f"the text has a fact that this version does not know ({error})") from error
        if not facts or last != first + len(facts) - 1:
            raise self._damaged(expected, "the columns differ from the batch's text")
        return _Batch(first, last, facts, digest)

    def _read_head(self) -> _Head:
        rows = self._fetch(_SELECT_HEAD)
        if len(rows) != 1:
            raise DamagedJournalError(self._path, "the row that says where the record ends is missing")
        head = _Head(*rows[0])
        are_bytes = all(type(value) is bytes for value in (head.hash, head.rejections, head.holder))
        if not _are_numbers(head.position, head.alive_ms, head.term) or not are_bytes:
            raise DamagedJournalError(self._path, "the row that says where the record ends can't be right")
        return head

    def _fetch(
        self, statement: str, values: tuple[object, ...] = (), *, first_bad: int | None = None
    ) -> list[tuple[Any, ...]]:
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

    def _damaged(self, first_bad: int, what: str) -> DamagedJournalError:
        return DamagedJournalError(self._path, what, first_bad=first_bad)


def _are_numbers(*values: object) -> bool:
    """Return whether all are such whole numbers as the house writes: a damaged file may have anything anywhere."""
    return all(type(value) is int and 0 <= value <= INTEGER_MAX for value in values)


def _chain_hash(before: bytes, first: int, rejections: bytes, body: bytes) -> bytes:
    return sha256(before + first.to_bytes(8, "big") + rejections + body).digest()


def _digest(rejection: bytes) -> int:
    """Return the hash of a rejection's body as a number, which can be added to a sum and taken off again."""
    return int.from_bytes(sha256(rejection).digest(), "big")


def _sum_bytes(total: int) -> bytes:
    return (total % _SUM_RANGE).to_bytes(SUM_BYTES, "big")


def recount_rejections(path: Path) -> None:
    """Take the rejections that a journal has now for those that are to be kept, after a repair by hand.

    Raises StorageError where the journal can't be written, or a house does.
    """
    with sole_writer(path), closing(connect(path)) as connection:
        total = sum(_digest(body) for (body,) in connection.execute("SELECT body FROM rejection"))
        connection.execute("UPDATE head SET rejections = ?", (_sum_bytes(total),))
