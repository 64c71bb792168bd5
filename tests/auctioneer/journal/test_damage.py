"""Damage is found, told with its place, and never worked around; what is not a journal is refused."""

import hashlib
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from auctioneer.journal import DamagedJournalError, Record, append
from auctioneer.journal.chain import GENESIS_HASH
from auctioneer.journal.sqlite import FILE_NAME, SqliteStore, recount_rejections
from auctioneer.journal.sqlite.file import is_damage
from auctioneer.rules.facts import AnyFact
from common.errors import StorageError
from tests.auctioneer.journal.journal_examples import AT_MS, announcements, damage_cells, query, rejection, tamper

COUNT = 10
BATCHES = ((1, 3), (4, 6), (7, 7), (8, 10))
"""The first and the last position of each batch."""


def opened(path: Path, *, read_only: bool) -> Record:
    store = SqliteStore(path)
    return store.read() if read_only else store.take_over("")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a journal of COUNT facts, closed."""
    path = tmp_path / FILE_NAME
    with closing(SqliteStore(path).take_over("")) as journal:
        for first, last in BATCHES[:-1]:
            append(journal, announcements(last - first + 1, first), (), AT_MS)
        append(journal, announcements(3, 8), [rejection(1, 7)], AT_MS)
    return path


def read_until_damage(path: Path) -> tuple[list[AnyFact], DamagedJournalError]:
    facts: list[AnyFact] = []
    with closing(SqliteStore(path).read()) as journal:
        with pytest.raises(DamagedJournalError) as caught:
            facts.extend(fact for _, fact in journal.read())
        with pytest.raises(DamagedJournalError) as again:
            journal.verify_chain()
    assert str(caught.value) == str(again.value)
    assert caught.value.place == path
    return facts, caught.value


@pytest.mark.parametrize(
    ("script", "first_bad", "what"),
    [
        ("UPDATE batch SET body = replace(body, 'number 5', 'number 6') WHERE first = 4", 4, "was changed"),
        ("UPDATE batch SET body = '' WHERE first = 1", 1, "was changed"),
        ("UPDATE batch SET hash = zeroblob(32) WHERE first = 4", 4, "was changed"),
        ("UPDATE batch SET hash = zeroblob(32) WHERE first = 8", 8, "was changed"),
        ("UPDATE batch SET rejections = zeroblob(32) WHERE first = 8", 8, "was changed"),
        ("UPDATE batch SET rejections = zeroblob(31) WHERE first = 4", 4, "was changed"),
        ("UPDATE batch SET last = 5 WHERE first = 4", 4, "columns"),
        ("UPDATE batch SET last = 7 WHERE first = 4", 4, "columns"),
        ("UPDATE batch SET last = 9 WHERE first = 8", 8, "columns"),
        ("UPDATE batch SET last = 11 WHERE first = 8", 8, "columns"),
        ("UPDATE batch SET first = 5 WHERE first = 4", 4, "missing"),
        ("DELETE FROM batch WHERE first = 4", 4, "missing"),
        ("DELETE FROM batch WHERE first = 1", 1, "missing"),
        ("DELETE FROM batch WHERE first > 7", 8, "missing"),
        ("DELETE FROM batch", 1, "missing"),
        (
            "UPDATE batch SET first = 100 WHERE first = 1; UPDATE batch SET first = 1, last = 3 WHERE first = 4;"
            "UPDATE batch SET first = 4, last = 6 WHERE first = 100",
            1,
            "was changed",
        ),
        (
            "UPDATE batch SET first = -1 - first, last = last + 1 WHERE first > 7;"
            "UPDATE batch SET first = -first WHERE first < 0;"
            "INSERT INTO batch SELECT 8, 8, rejections, body, hash FROM batch WHERE first = 7",
            8,
            "was changed",
        ),
        ("INSERT INTO batch SELECT 11, 11, rejections, body, hash FROM batch WHERE first = 7", 11, "did not"),
        ("INSERT INTO batch SELECT 0, 0, rejections, body, hash FROM batch WHERE first = 7", 11, "did not"),
        ("UPDATE head SET position = 12", 11, "missing"),
        ("UPDATE head SET position = 9", 8, "head"),
        ("UPDATE head SET position = 7", 7, "head"),
        ("UPDATE head SET hash = zeroblob(32)", 8, "head"),
    ],
)
def test_the_first_bad_batch_is_named(path: Path, script: str, first_bad: int, what: str) -> None:
    tamper(path, script)
    facts, damage = read_until_damage(path)
    assert (damage.first_bad, damage.last_good) == (first_bad, first_bad - 1)
    assert what in str(damage)
    assert str(path) in str(damage)
    assert facts[: first_bad - 1] == announcements(first_bad - 1)


def chained(before: bytes, first: int, body: str, rejections: bytes) -> bytes:
    """Return the hash of a batch, as docs/journal.md says it is made."""
    return hashlib.sha256(before + first.to_bytes(8, "big") + rejections + body.encode()).digest()


def forge_last_batch(path: Path, body: str) -> bytes:
    """Give the last batch another text, with its right hash, and return that."""
    ((before,),) = query(path, "SELECT hash FROM batch WHERE last = 7")
    ((rejections,),) = query(path, "SELECT rejections FROM batch WHERE first = 8")
    assert isinstance(before, bytes)
    assert isinstance(rejections, bytes)
    forged = chained(before, 8, body, rejections)
    tamper(path, f"UPDATE batch SET body = '{body}', hash = x'{forged.hex()}' WHERE first = 8")
    return forged


def test_a_forged_last_batch_with_the_right_hash_is_not_what_the_head_names(path: Path) -> None:
    ((body,),) = query(path, "SELECT replace(body, 'number 10', 'number 11') FROM batch WHERE first = 8")
    forge_last_batch(path, str(body))
    _, damage = read_until_damage(path)
    assert damage.first_bad == 8


@pytest.mark.parametrize(
    ("body", "what"), [('[["lot_stolen",1,"",0]]', "does not know"), ("[]", "columns"), ("{}", "does not know")]
)
def test_text_that_is_no_batch_is_refused_even_where_its_hash_is_right(path: Path, body: str, what: str) -> None:
    forged = forge_last_batch(path, body)
    tamper(path, f"UPDATE batch SET last = 7 WHERE body = '[]'; UPDATE head SET hash = x'{forged.hex()}'")
    _, damage = read_until_damage(path)
    assert damage.first_bad == 8
    assert what in str(damage)


@pytest.mark.parametrize(
    ("code", "damage"),
    [
        (sqlite3.SQLITE_CORRUPT, True),
        (sqlite3.SQLITE_CORRUPT_INDEX, True),
        (sqlite3.SQLITE_IOERR, False),
        (sqlite3.SQLITE_FULL, False),
    ],
)
def test_damage_is_told_from_a_failing_disk_also_by_sqlite_s_longer_codes(code: int, damage: bool) -> None:
    error = sqlite3.DatabaseError("as SQLite tells it")
    error.sqlite_errorcode = code
    assert is_damage(error) is damage


@pytest.mark.parametrize(
    "script",
    [
        "DELETE FROM batch WHERE first > 7",
        "INSERT INTO batch SELECT 11, 11, rejections, body, hash FROM batch WHERE first = 7",
        "UPDATE head SET hash = zeroblob(32)",
        "UPDATE head SET position = 0",
        "DELETE FROM head",
    ],
)
def test_nothing_is_added_to_a_journal_whose_end_is_wrong(path: Path, script: str) -> None:
    tamper(path, script)
    with pytest.raises(DamagedJournalError):
        SqliteStore(path).take_over("")


def test_a_read_from_behind_the_end_is_lost_history(path: Path) -> None:
    with closing(SqliteStore(path).read()) as journal, pytest.raises(DamagedJournalError) as caught:
        list(journal.read(COUNT + 1))
    assert caught.value.last_good == COUNT
    assert "fact 11 was written, but the record ends at fact 10" in str(caught.value)


def test_the_hash_is_what_the_documentation_says(path: Path) -> None:
    digest = hashlib.sha256(b"auction-house journal, format 14").digest()
    assert digest == GENESIS_HASH
    for first, rejections, body in query(path, "SELECT first, rejections, body FROM batch ORDER BY first"):
        digest = chained(digest, first, body, rejections)
    with closing(SqliteStore(path).read()) as journal:
        assert journal.verify_chain() == (COUNT, digest)


def test_a_damaged_byte_in_the_file_is_found(path: Path) -> None:
    content = path.read_bytes()
    assert content.count(b"number 6") == 1
    path.write_bytes(content.replace(b"number 6", b"number \xff"))
    _, damage = read_until_damage(path)
    assert damage.first_bad == 4, "the batch that the event is in"


@pytest.mark.parametrize("read_only", [True, False])
def test_a_damaged_description_of_the_tables_is_told(path: Path, read_only: bool) -> None:
    """SQLite quotes it in its error, which Python then can't decode."""
    content = path.read_bytes()
    assert b"CREATE" in content
    path.write_bytes(content.replace(b"CREATE", b"CREAT\xa2"))
    with pytest.raises(DamagedJournalError, match="description of its tables"):
        opened(path, read_only=read_only)


def test_a_damaged_page_is_found_and_all_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    with closing(SqliteStore(path).take_over("")) as journal:
        for position in range(1, 101):
            append(journal, announcements(1, position), (), AT_MS)
    ((first_on_page, page),) = query(
        path, "SELECT CAST(substr(path, 2, 3) AS INTEGER), pageno FROM dbstat WHERE name = 'batch' AND path = '/002/'"
    )
    assert first_on_page == 2
    content = bytearray(path.read_bytes())
    content[(page - 1) * 4096 : page * 4096] = bytes(4096)
    path.write_bytes(content)
    facts, damage = read_until_damage(path)
    assert damage.first_bad == len(facts) + 1
    assert facts == announcements(len(facts))
    assert len(facts) > 10


def test_a_file_that_was_cut_off_is_refused(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(DamagedJournalError):
        SqliteStore(path).take_over("")


# --- cells and rejections -----------------------------------------------------------------------------


@pytest.mark.parametrize("read_only", [True, False])
@pytest.mark.parametrize(
    "script",
    [
        "UPDATE head SET position = NULL",
        "UPDATE head SET hash = NULL",
        "UPDATE head SET rejections = NULL",
        "UPDATE head SET rejections = zeroblob(32)",
        "UPDATE head SET alive_ms = NULL",
        "UPDATE head SET alive_ms = -1",
        "UPDATE head SET alive_ms = 9223372036854775807",
        "UPDATE batch SET hash = NULL WHERE last = 10",
        "UPDATE batch SET hash = 1000000000000 WHERE last = 10",
        "UPDATE rejection SET body = NULL",
        "UPDATE rejection SET body = 5",
    ],
)
def test_a_cell_of_another_type_is_damage(path: Path, script: str, read_only: bool) -> None:
    damage_cells(path, script)
    with pytest.raises(DamagedJournalError):
        read_all(path, read_only=read_only)


def read_all(path: Path, *, read_only: bool) -> None:
    with closing(opened(path, read_only=read_only)) as journal:
        journal.verify_chain()
        list(journal.rejections())


@pytest.mark.parametrize(
    "script",
    [
        "request = NULL",
        "request = 'one'",
        "paddle = NULL",
        "paddle = 2",
        "at_ms = at_ms + 1",
        "lot = '12b'",
        "code = 'over_limit'",
        "id = 9223372036854775807",
        "body = '{'",
        "body = replace(body, 'below_minimum', 'over_limit'), code = 'over_limit'",
        "body = replace(body, '\"minimum_minor\":100', '\"minimum_minor\":101')",
    ],
)
def test_a_rejection_that_is_not_as_it_was_is_found_by_whoever_reads_it_and_stops_a_start(
    path: Path, script: str
) -> None:
    """Also where it can still be read: a repeat of the request would get another verdict."""
    damage_cells(path, f"UPDATE rejection SET {script}")
    with pytest.raises(DamagedJournalError, match="rejection"):
        SqliteStore(path).take_over("")
    with closing(SqliteStore(path).read()) as journal, pytest.raises(DamagedJournalError) as caught:
        list(journal.rejections())
    assert caught.value.first_bad is None


@pytest.mark.parametrize(
    "script",
    ["DELETE FROM rejection", "INSERT INTO rejection SELECT 9, at_ms, paddle, request, lot, code, body FROM rejection"],
)
def test_rejections_that_are_not_those_that_were_kept_are_found(path: Path, script: str) -> None:
    tamper(path, script)
    for read_only in (True, False):
        with pytest.raises(DamagedJournalError, match="not those that were kept"):
            read_all(path, read_only=read_only)


def test_a_rejection_that_cannot_be_read_is_named(path: Path) -> None:
    tamper(path, "UPDATE rejection SET body = '{'")
    with pytest.raises(DamagedJournalError, match="rejection 1 "):
        read_all(path, read_only=True)


def test_rejections_that_were_mended_by_hand_can_be_counted_again(path: Path) -> None:
    with closing(SqliteStore(path).take_over("")) as journal:
        append(journal, (), [rejection(1, 8), rejection(2, 1)], AT_MS)
        end = journal.end
    tamper(path, "DELETE FROM rejection WHERE id = 2")
    recount_rejections(path)
    with closing(SqliteStore(path).take_over("")) as journal:
        assert list(journal.rejections()) == [rejection(1, 7), rejection(2, 1)]
        assert journal.verify_chain() == end, "the chain has the sums of its own time"


# --- what is refused -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("read_only", [True, False])
@pytest.mark.parametrize(
    ("script", "what"),
    [
        ("PRAGMA user_version = 13", "format 13; this version reads only format 14"),
        ("PRAGMA user_version = 15", "format 15; this version reads only format 14"),
        ("PRAGMA application_id = 7", "not a journal"),
    ],
)
def test_another_format_is_refused(path: Path, script: str, what: str, read_only: bool) -> None:
    tamper(path, script)
    with pytest.raises(StorageError, match=what):
        opened(path, read_only=read_only)


@pytest.mark.parametrize("read_only", [True, False])
@pytest.mark.parametrize("content", [b"", b"just some text, longer than a header of SQLite\n" * 100])
def test_a_file_that_is_no_journal_is_refused_and_left_alone(tmp_path: Path, content: bytes, read_only: bool) -> None:
    path = tmp_path / FILE_NAME
    path.write_bytes(content)
    with pytest.raises(StorageError, match="journal"):
        opened(path, read_only=read_only)
    assert path.read_bytes() == content


def test_a_journal_out_of_wal_mode_is_refused(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    with pytest.raises(StorageError, match="WAL"):
        SqliteStore(path).take_over("")


def test_reading_makes_no_journal(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="no journal"):
        SqliteStore(tmp_path / FILE_NAME).read()
    assert list(tmp_path.iterdir()) == []


def test_a_missing_directory_is_told(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="directory"):
        SqliteStore(tmp_path / "nowhere" / FILE_NAME).take_over("")


def test_a_half_made_journal_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / f"{FILE_NAME}.new").write_bytes(b"half")
    with closing(SqliteStore(tmp_path / FILE_NAME).take_over("")) as journal:
        assert journal.position == 0
    assert not (tmp_path / f"{FILE_NAME}.new").exists()


def test_a_wal_without_its_journal_is_not_a_new_sale(path: Path) -> None:
    with closing(SqliteStore(path).take_over("")) as journal:
        append(journal, announcements(1, COUNT + 1), (), AT_MS)
        shutil.copy(f"{path}-wal", f"{path}-kept")
    path.unlink()
    shutil.move(f"{path}-kept", f"{path}-wal")
    with pytest.raises(StorageError, match="missing"):
        SqliteStore(path).take_over("")
    assert not path.exists()


def test_a_writer_that_came_from_elsewhere_is_noticed(path: Path) -> None:
    with closing(SqliteStore(path).take_over("")) as journal:
        with closing(sqlite3.connect(path)) as intruder, intruder:
            intruder.execute("UPDATE head SET hash = zeroblob(32)")
        with pytest.raises(StorageError, match="Another process has taken"):
            append(journal, announcements(1, COUNT + 1), (), AT_MS)
        with pytest.raises(StorageError, match="open it again"):
            append(journal, (), (), AT_MS)
    assert query(path, "SELECT max(last) FROM batch") == [(COUNT,)]


def test_a_foreign_reader_that_holds_the_wal_is_told_of(path: Path) -> None:
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, isolation_level=None)) as shell:
        with closing(SqliteStore(path).take_over("")) as journal:
            append(journal, announcements(1, COUNT + 1), (), AT_MS)
            shell.execute("BEGIN")
            shell.execute("SELECT count(*) FROM batch").fetchall()
            append(journal, announcements(1, COUNT + 2), (), AT_MS)
        with pytest.raises(StorageError, match="open for reading"):
            SqliteStore(path).take_over("")
        shell.execute("COMMIT")
        with closing(SqliteStore(path).take_over("")) as journal:
            assert journal.position == COUNT + 2
