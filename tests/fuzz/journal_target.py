"""A journal whose file was changed at any place: what is read is what was written, or there is a StorageError.

An input is a list of changes of six bytes each: where (four bytes, of the file's length), how, and what.
"""

import shutil
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Final

from auctioneer.journal import FILE_NAME, SqliteJournal
from common.errors import StorageError
from tests.auctioneer.journal.journal_examples import AT_MS, EVERY_EVENT, announcements, refusal

CHANGE_BYTES: Final = 6
CHANGES_MAX: Final = 8


@cache
def _sound_file() -> bytes:
    """Return the file of a journal with every type of event and refusals."""
    folder = Path(tempfile.mkdtemp())
    try:
        journal = SqliteJournal.open(folder / FILE_NAME)
        journal.append(EVERY_EVENT, [refusal(1, 500 + number) for number in range(5)], AT_MS)
        for part in range(5):
            journal.append(announcements(40, 1 + 40 * part), (), AT_MS)
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
    """Read a changed journal, and go on with it where that is allowed."""
    folder = Path(tempfile.mkdtemp())
    try:
        path = folder / FILE_NAME
        path.write_bytes(changed(_sound_file(), changes))
        for read_only in (True, False):
            with suppress(StorageError):
                _read_all(SqliteJournal.open(path, read_only=read_only), read_only=read_only)
    finally:
        shutil.rmtree(folder)


def _read_all(journal: SqliteJournal, *, read_only: bool) -> None:
    """Read everything; the events of a chain that is found sound are those that were written, in their order."""
    try:
        events = [event for _, event in journal.read()]
        assert events == [*EVERY_EVENT, *announcements(200)][: len(events)]
        journal.verify_chain()
        journal.recent(10)
        list(journal.refusals())
        if not read_only:
            journal.append(announcements(1, 999), (), AT_MS)
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
