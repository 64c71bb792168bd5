"""A journal whose file was changed anywhere: reading returns the written data, or raises StorageError.

Bytes are changed anywhere, or cells of the tables get values of any type, which the tables would refuse. An input is a
list of changes. A change of bytes has six bytes: the place (four bytes, within the file's length), the kind, and the
value. A change of a cell has four bytes: the column, the row, the type of the value, and the value.
"""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from functools import cache
from operator import attrgetter
from pathlib import Path
from typing import Final

from auctioneer.journal import Record, append
from auctioneer.journal.sqlite import FILE_NAME, SqliteStore
from common.errors import StorageError
from tests.auctioneer.journal.journal_examples import AT_MS, EVERY_EVENT, announcements, any_value_allowed, rejection

CHANGE_BYTES: Final = 6
CHANGES_MAX: Final = 8

CELL_CHANGE_BYTES: Final = 4
COLUMNS: Final = (
    *(("head", column) for column in ("position", "hash", "rejections", "alive_ms")),
    *(("batch", column) for column in ("first", "last", "rejections", "body", "hash")),
    *(("rejection", column) for column in ("id", "at_ms", "paddle", "request", "lot", "code", "body")),
)
_REFUSALS: Final = [rejection(1, 500 + number) for number in range(5)]
_KEYS: Final = frozenset({"first", "id"})
"""The primary keys, which hold only integers."""
_INTEGERS: Final = (0, 1, -1, 7, 20, 2**31, 2**40, 2**53, 2**63 - 1, -(2**63))
_VALUES: Final[tuple[tuple[object, ...], ...]] = (
    (None,),
    _INTEGERS,
    (0.0, 1.0, 20.0, -1.5, 1e300, float("inf")),
    ("", "0", "[]", "\u00e9", "x" * 32),
    (b"", b"\0" * 32, b"\xff" * 32, b"[]", b"x" * 5000),
)


@cache
def _sound_file() -> bytes:
    """Return the file of a journal that has every type of fact, and rejections."""
    folder = Path(tempfile.mkdtemp())
    try:
        journal = SqliteStore(folder / FILE_NAME).take_over("")
        append(journal, EVERY_EVENT, _REFUSALS, AT_MS)
        for part in range(5):
            append(journal, announcements(40, 1 + 40 * part), (), AT_MS)
        journal.close()
        return (folder / FILE_NAME).read_bytes()
    finally:
        shutil.rmtree(folder)


def changed(sound: bytes, changes: bytes) -> bytes:
    """Return the content of a file after an input's changes."""
    body = bytearray(sound)
    for at in range(0, min(len(changes), CHANGE_BYTES * CHANGES_MAX) - CHANGE_BYTES + 1, CHANGE_BYTES):
        *where, how, what = changes[at : at + CHANGE_BYTES]
        place = int.from_bytes(bytes(where), "big") % max(1, len(body))
        match how % 8:
            case 0:
                del body[place:]
            case 1:
                body[place : place + what] = bytes(what)
            case 2:
                body[place:place] = bytes([what]) * 16
            case _:
                body[place : place + 1] = bytes([what])
    return bytes(body)


def damage_journal(changes: bytes) -> None:
    """Read a journal with changed bytes, and continue it if that is allowed."""
    with _journal_of(changed(_sound_file(), changes)) as path:
        _use(path)


def damage_cells(changes: bytes) -> None:
    """Read a journal with changed cells, and continue it if that is allowed."""
    with _journal_of(_sound_file()) as path:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            _change_cells(connection, changes)
        _use(path)


@contextmanager
def _journal_of(content: bytes) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp())
    try:
        path = folder / FILE_NAME
        path.write_bytes(content)
        yield path
    finally:
        shutil.rmtree(folder)


def _change_cells(connection: sqlite3.Connection, changes: bytes) -> None:
    with any_value_allowed(connection):
        for at in range(0, min(len(changes), CELL_CHANGE_BYTES * CHANGES_MAX), CELL_CHANGE_BYTES):
            _change_cell(connection, *changes[at : at + CELL_CHANGE_BYTES].ljust(CELL_CHANGE_BYTES, b"\0"))


def _change_cell(connection: sqlite3.Connection, column: int, row: int, kind: int, what: int) -> None:
    table, name = COLUMNS[column % len(COLUMNS)]
    values = _INTEGERS if name in _KEYS else _VALUES[kind % len(_VALUES)]
    statement = (
        f"UPDATE OR IGNORE {table} SET {name} = ? WHERE rowid ="
        f" (SELECT rowid FROM {table} LIMIT 1 OFFSET ? % (SELECT max(1, count(*)) FROM {table}))"
    )
    connection.execute(statement, (values[what % len(values)], row))


def _use(path: Path) -> None:
    for read_only in (True, False):
        with suppress(StorageError):
            store = SqliteStore(path)
            _read_all(store.read() if read_only else None, store)


def _read_all(record: Record | None, store: SqliteStore) -> None:
    """Read everything, and write unless opened for reading; all sound data must be the written data, in order."""
    writer = None if record is not None else store.take_over("")
    journal = record or writer
    assert journal is not None
    try:
        facts = [fact for _, fact in journal.read()]
        assert facts == [*EVERY_EVENT, *announcements(200)][: len(facts)]
        journal.verify_chain()
        journal.recent(10)
        assert sorted(journal.rejections(), key=attrgetter("request_id")) == _REFUSALS
        if writer is not None:
            append(writer, announcements(1, 999), [rejection(1, number) for number in range(600, 640)], AT_MS)
    finally:
        journal.close()


def damage_seeds() -> Sequence[bytes]:
    """Return changes all over the file, a cut, a hole, and nothing at all."""
    length = len(_sound_file())
    places = range(0, length, length // 24)
    return [
        b"",
        *(place.to_bytes(4, "big") + bytes((how, 0x5A)) for place in places for how in (0, 1, 2, 3)),
        *((100 + place).to_bytes(4, "big") + b"\x03\x00" for place in range(64)),
    ]


def cell_seeds() -> Sequence[bytes]:
    """Return changes that put a value of each type into each column."""
    return [bytes((column, 3, kind, 1)) for column in range(len(COLUMNS)) for kind in range(len(_VALUES))]
