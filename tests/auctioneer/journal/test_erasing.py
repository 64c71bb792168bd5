"""Of a contact that was erased or replaced no byte stays in the files of the journal, whatever happened before."""

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from auctioneer.journal import DamagedJournalError, Journal, append
from auctioneer.journal.sqlite import FILE_NAME, SqliteStore
from auctioneer.rules.contacts import CONTACT_CHARS_MAX, Contact, ContactChange
from tests.auctioneer.journal.journal_examples import AT_MS, announcements, damage_cells, rejection

ANN = Contact("Lee-and-Sons", "ann-lee@example.org")


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with closing(SqliteStore(tmp_path / FILE_NAME).take_over("")) as journal:
        yield journal


def change(journal: Journal, *changes: ContactChange) -> None:
    append(journal, (), (), AT_MS, changes)


def holds(folder: Path, text: str) -> list[str]:
    """Return the names of the files that have the text anywhere."""
    return [path.name for path in sorted(folder.iterdir()) if text.encode() in path.read_bytes()]


def test_it_was_there_before_and_is_nowhere_after(journal: Journal, tmp_path: Path) -> None:
    change(journal, ContactChange(7, ANN))
    assert holds(tmp_path, ANN.contact) == [f"{FILE_NAME}-wal"]
    append(journal, announcements(3), [rejection(1, 1)], AT_MS)
    change(journal, ContactChange(7, None))
    assert holds(tmp_path, ANN.contact) == holds(tmp_path, ANN.company) == []
    assert [fact for _, fact in journal.read()] == announcements(3)


def test_a_contact_that_was_replaced_is_gone_too(journal: Journal, tmp_path: Path) -> None:
    change(journal, ContactChange(7, ANN))
    change(journal, ContactChange(7, Contact("Lee", "by post")))
    assert holds(tmp_path, ANN.contact) == []
    assert journal.contacts() == {7: Contact("Lee", "by post")}


@pytest.mark.thorough
@pytest.mark.parametrize("seed", range(3))
def test_no_copy_stays_behind_after_any_history(journal: Journal, tmp_path: Path, seed: int) -> None:
    """Pages split and merge as rows come and go, and SQLite leaves copies of rows behind where it moves them."""
    chance, known, gone = random.Random(seed), dict[int, Contact](), list[Contact]()
    for turn in range(150):
        changes: dict[int, ContactChange] = {}
        for paddle in chance.sample(range(1, 1500), chance.randint(1, 80)):
            if paddle in known:
                gone.append(known.pop(paddle))
            if chance.random() < 0.6:
                known[paddle] = Contact(f"[{seed}:{turn}:{paddle}]", "x" * chance.randint(0, CONTACT_CHARS_MAX))
            changes[paddle] = ContactChange(paddle, known.get(paddle))
        append(journal, announcements(1, journal.position + 1), (), AT_MS, tuple(changes.values()))
    assert journal.contacts() == known
    content = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert len(gone) > 1000
    assert [one.company for one in gone if one.company.encode() in content] == []


def test_while_somebody_reads_it_is_tried_again_with_each_batch(journal: Journal, tmp_path: Path) -> None:
    change(journal, ContactChange(7, ANN))
    with closing(sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM contact").fetchall()
        change(journal, ContactChange(7, None))
        assert holds(tmp_path, ANN.contact) == [f"{FILE_NAME}-wal"], "the reader still needs it"
        append(journal, announcements(1), (), AT_MS)
        assert holds(tmp_path, ANN.contact) == [f"{FILE_NAME}-wal"]
        reader.execute("COMMIT")
    append(journal, (), (), AT_MS)
    assert holds(tmp_path, ANN.contact) == [], "gone with the next sign of life"


def test_the_next_opening_erases_what_a_crash_left(tmp_path: Path) -> None:
    with closing(SqliteStore(tmp_path / FILE_NAME).take_over("")) as journal:
        change(journal, ContactChange(7, ANN))
        with closing(sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT * FROM contact").fetchall()
            change(journal, ContactChange(7, None))
            crashed = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    other = tmp_path / "after"
    other.mkdir()
    for name, content in crashed.items():
        (other / name).write_bytes(content)
    assert holds(other, ANN.contact)
    SqliteStore(other / FILE_NAME).take_over("").close()
    assert holds(other, ANN.contact) == []


def test_a_contact_that_is_no_text_is_damage(tmp_path: Path) -> None:
    with closing(SqliteStore(tmp_path / FILE_NAME).take_over("")) as journal:
        change(journal, ContactChange(7, ANN))
    damage_cells(tmp_path / FILE_NAME, "UPDATE contact SET company = x'ff'")
    told = pytest.raises(DamagedJournalError, match="the contact of paddle 7 can't be read")
    with closing(SqliteStore(tmp_path / FILE_NAME).take_over("")) as journal, told:
        journal.contacts()
