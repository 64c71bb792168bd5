"""What is appended comes back, whole and in order, from the same or another process."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import NoneType
from typing import get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auctioneer.journal import Journal, append
from auctioneer.journal.chain import BATCH_FACTS_MAX, READ_FACTS
from auctioneer.journal.sqlite import FILE_NAME, SqliteStore
from auctioneer.journal.sqlite.file import CHECKPOINT_PAGES, PAGE_BYTES, connect
from auctioneer.rules.facts import AnyFact, BidConfirmed, CorrectionMade, LotDecided, LotRewritten, SaleDecided, kind_of
from common.errors import StorageError
from common.limits import REMEMBERED_REQUESTS_MAX
from common.lot_events import Announced, AnyLotEvent
from tests.auctioneer.journal.journal_examples import AT_MS, EVERY_EVENT, announcements, query, rejection


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / FILE_NAME


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    with closing(SqliteStore(path).take_over("")) as journal:
        yield journal


def test_every_type_of_event_comes_back_equal(journal: Journal, path: Path) -> None:
    assert {type(fact) for fact in EVERY_EVENT} == set(get_args(AnyFact))
    of_lots = {
        type(fact.event)
        for fact in EVERY_EVENT
        if isinstance(fact, LotDecided | CorrectionMade | BidConfirmed | LotRewritten)
    }
    assert of_lots - {NoneType} == set(get_args(AnyLotEvent))
    assert append(journal, EVERY_EVENT, (), AT_MS) == len(EVERY_EVENT)
    assert list(journal.read()) == list(enumerate(EVERY_EVENT, 1))
    with closing(SqliteStore(path).read()) as reader:
        assert list(reader.read()) == list(enumerate(EVERY_EVENT, 1))


def test_the_view_tells_of_each_event_what_it_was(journal: Journal, path: Path) -> None:
    append(journal, EVERY_EVENT[:4], (), AT_MS)
    append(journal, EVERY_EVENT[4:], (), AT_MS)
    rows = query(path, "SELECT position, at_ms, kind, lot, seq, body FROM fact ORDER BY position")
    assert rows == [
        (position, fact.at_ms, kind_of(fact), fact.lot, fact.seq, msgspec.json.encode(fact).decode())
        for position, fact in enumerate(EVERY_EVENT, 1)
    ]
    kinds = [kind for _position, _at_ms, kind, *_rest in rows]
    assert kinds[:24] == [
        "sale_created",
        "house_started",
        "house_stood_still",
        "bidder_enrolled",
        "paddle_given",
        "conditions_set",
        "conditions_accepted",
        "contact_erased",
        "code_issued",
        "key_bound",
        "bidder_admitted",
        "bidder_told",
        "limit_set",
        "limit_set",
        "deposit_noted",
        "paddles_linked",
        "lot_listed",
        "bid_taken",
        "offer_taken",
        "offer_taken",
        "offer_taken",
        "bid_left",
        "left_bid_void",
        "offer_late",
    ]
    assert {"lot_closed", "lot_withdrawn", "announced", "sale_ended"} < set(kinds)
    assert not {"lot_decided", "sale_decided"} & set(kinds), "a decision is filed under what was decided"


@pytest.fixture(scope="module")
def one_journal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Journal]:
    """Yield a journal for many examples: to make one takes far longer than to append to it."""
    with closing(SqliteStore(tmp_path_factory.mktemp("texts") / FILE_NAME).take_over("")) as journal:
        yield journal


@settings(deadline=None)  # it syncs to the disk, which takes as long as others let it
@given(texts=st.lists(st.text(), max_size=5), at_ms=st.integers(0, 2**53 - 1))
def test_any_text_survives(one_journal: Journal, texts: list[str], at_ms: int) -> None:
    facts = [
        SaleDecided(at_ms=at_ms, seq=seq, event=Announced(seq, at_ms, text), by="auctioneer")
        for seq, text in enumerate(texts, 1)
    ]
    before = one_journal.position
    append(one_journal, facts, (), at_ms)
    assert [fact for _, fact in one_journal.read(before)] == facts


def test_positions_go_on_after_reopening(path: Path) -> None:
    with closing(SqliteStore(path).take_over("")) as journal:
        assert (journal.position, journal.alive_ms) == (0, 0)
        assert append(journal, announcements(3), (), 10) == 3
        assert append(journal, announcements(2, 4), (), 20) == 5
    with closing(SqliteStore(path).take_over("")) as journal:
        assert (journal.position, journal.alive_ms) == (5, 20)
        append(journal, announcements(1, 6), (), 30)
        assert [fact for _, fact in journal.read()] == announcements(6)


def test_a_long_batch_takes_several_rows(journal: Journal, path: Path) -> None:
    facts = announcements(2 * BATCH_FACTS_MAX + 1)
    assert append(journal, facts[:BATCH_FACTS_MAX], (), AT_MS) == BATCH_FACTS_MAX
    assert append(journal, facts[BATCH_FACTS_MAX:], (), AT_MS) == len(facts)
    assert query(path, "SELECT first, last, json_array_length(body) FROM batch") == [
        (1, BATCH_FACTS_MAX, BATCH_FACTS_MAX),
        (BATCH_FACTS_MAX + 1, 2 * BATCH_FACTS_MAX, BATCH_FACTS_MAX),
        (2 * BATCH_FACTS_MAX + 1, 2 * BATCH_FACTS_MAX + 1, 1),
    ]
    assert list(journal.read()) == list(enumerate(facts, 1))
    assert journal.verify_chain().position == len(facts)


def test_a_stretch_may_begin_and_end_within_a_batch(journal: Journal) -> None:
    sizes = (3, 1, 4)
    for size in sizes:
        append(journal, announcements(size, journal.position + 1), (), AT_MS)
    count = sum(sizes)
    numbered = list(enumerate(announcements(count), 1))
    for after in range(count + 1):
        assert list(journal.read(after)) == numbered[after:]
        assert journal.recent(count - after) == numbered[after:]
        for upto in range(count + 2):
            assert list(journal.read(after, upto)) == numbered[after:upto]
    assert journal.recent(count + 1) == numbered


def test_a_stretch_is_read_across_rows_that_are_fetched_together(journal: Journal) -> None:
    size, batches = 150, 14
    for _ in range(batches):
        append(journal, announcements(size, journal.position + 1), (), AT_MS)
    numbered = list(enumerate(announcements(size * batches), 1))
    assert len(numbered) > 2 * READ_FACTS
    assert list(journal.read()) == numbered
    assert list(journal.read(READ_FACTS - 1, READ_FACTS + 1)) == numbered[READ_FACTS - 1 : READ_FACTS + 1]
    assert journal.recent(READ_FACTS + 7) == numbered[-READ_FACTS - 7 :]


def test_a_read_ends_where_the_record_ended_when_it_began(journal: Journal) -> None:
    append(journal, announcements(2), (), AT_MS)
    reading = journal.read()
    assert next(reading)[0] == 1
    append(journal, announcements(1, 3), (), AT_MS)
    assert [position for position, _ in reading] == [2]


def test_a_reader_follows_the_writer(journal: Journal, path: Path) -> None:
    with closing(SqliteStore(path).read()) as reader:
        assert reader.position == 0
        append(journal, announcements(2), (), 7)
        assert (reader.position, reader.alive_ms) == (2, 7)
        append(journal, (), (), 9)
        assert (reader.position, reader.alive_ms) == (2, 9)
        assert reader.verify_chain() == journal.verify_chain()


def test_an_unfinished_read_holds_nothing_up(path: Path) -> None:
    with closing(SqliteStore(path).take_over("")) as journal:
        append(journal, announcements(5), (), AT_MS)
    with closing(SqliteStore(path).read()) as reader:
        reading = reader.read()
        next(reading)
        with closing(SqliteStore(path).take_over("")) as journal:  # settles the WAL, which no reader may be in
            append(journal, announcements(1, 6), (), AT_MS)
        assert [position for position, _ in reading] == [2, 3, 4, 5]


def test_progress_is_told(journal: Journal) -> None:
    half = READ_FACTS // 2
    for _ in range(5):
        append(journal, announcements(half, journal.position + 1), (), AT_MS)
    told = []
    end = journal.verify_chain(lambda checked, total: told.append((checked, total)))
    assert end.position == 5 * half
    assert told == [(2 * half, 5 * half), (4 * half, 5 * half), (5 * half, 5 * half)]


def test_rejections_are_kept_in_order_and_outside_the_chain(journal: Journal) -> None:
    append(journal, announcements(1), [rejection(2, 5), rejection(1, 9)], AT_MS)
    before = journal.verify_chain()
    assert append(journal, (), [rejection(2, 6)], AT_MS) == 1
    assert journal.verify_chain() == before
    assert list(journal.rejections()) == [rejection(2, 5), rejection(1, 9), rejection(2, 6)]


def test_of_each_paddle_the_highest_request_ids_are_kept(path: Path) -> None:
    ids = [*range(1000, 1000 + REMEMBERED_REQUESTS_MAX), 999, *range(2000, 2010)]
    with closing(SqliteStore(path).take_over("")) as journal:
        append(journal, (), [rejection(2, 1), *(rejection(1, request) for request in ids[:-5])], AT_MS)
    with closing(SqliteStore(path).take_over("")) as journal:  # the bound does not depend on what one process has seen
        for request in ids[-5:]:
            append(journal, (), [rejection(1, request)], AT_MS)
        kept = sorted(ids)[-REMEMBERED_REQUESTS_MAX:]
        assert [kept.request.id for kept in journal.rejections()] == [1, *kept]


def test_the_first_verdict_on_a_request_stands(path: Path) -> None:
    with closing(SqliteStore(path).take_over("")) as journal:
        append(journal, (), [rejection(1, 5, minimum_minor=100), rejection(1, 5, minimum_minor=200)], AT_MS)
    with closing(SqliteStore(path).take_over("")) as journal:
        append(journal, (), [rejection(1, 5, minimum_minor=300)], AT_MS)
        assert list(journal.rejections()) == [rejection(1, 5, minimum_minor=100)]


def test_the_end_and_the_hash_where_each_batch_ends(journal: Journal, path: Path) -> None:
    assert journal.end == (0, journal.hash_at(0))
    ends = {0: journal.end}
    for size in (2, 3):
        position = append(journal, announcements(size, journal.position + 1), (), AT_MS)
        ends[position] = journal.end
    assert [journal.hash_at(position) for position in range(7)] == [
        ends[position].hash if position in ends else b"" for position in range(7)
    ]
    assert journal.end == journal.verify_chain() == ends[5]
    with closing(SqliteStore(path).read()) as reader:
        assert (reader.end, reader.hash_at(2)) == (ends[5], ends[2].hash)


def test_a_closed_journal_says_so(path: Path) -> None:
    journal = SqliteStore(path).take_over("")
    journal.close()
    journal.close()
    with pytest.raises(StorageError, match="closed"):
        append(journal, announcements(1), (), AT_MS)
    with pytest.raises(StorageError, match="closed"):
        list(journal.read())


def test_a_batch_that_cannot_be_stored_leaves_nothing(path: Path) -> None:
    journal: Journal = SqliteStore(path).take_over("")
    append(journal, announcements(2), (), AT_MS)
    with pytest.raises(OverflowError):  # when the facts are written already
        append(journal, announcements(1, 3), [rejection(1, 1), rejection(2**64, 1)], AT_MS)
    with pytest.raises(StorageError, match="open it again"):
        append(journal, announcements(1, 3), (), AT_MS)
    with closing(SqliteStore(path).take_over("")) as again:
        assert again.verify_chain().position == 2
        assert list(again.rejections()) == []


def test_a_commit_waits_for_the_disk_and_nothing_fails_unseen(path: Path) -> None:
    SqliteStore(path).take_over("").close()
    with closing(connect(path)) as connection:
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == (b"wal",)
        assert connection.execute("PRAGMA wal_autocheckpoint").fetchone() == (0,), "its failures would be hidden"


@pytest.mark.parametrize(("batch", "batches", "refused"), [(1, 1000, 1), (256, 100, 256), (1024, 60, 0)])
def test_the_wal_stays_small(journal: Journal, path: Path, batch: int, batches: int, refused: int) -> None:
    facts = announcements(batch)
    for first in range(0, batch * batches, batch):
        append(journal, facts, [rejection(paddle, first + paddle) for paddle in range(refused)], AT_MS)
        assert Path(f"{path}-wal").stat().st_size < 1.5 * CHECKPOINT_PAGES * PAGE_BYTES
    assert path.stat().st_size > batch * batches * 100, "the events are in the file"


def test_only_the_owner_can_read_it(journal: Journal, path: Path) -> None:
    append(journal, announcements(1), (), AT_MS)
    for file in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
        assert file.stat().st_mode & 0o777 == 0o600, file


def test_the_sqlite_of_this_python_is_new_enough(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 37, 0))
    SqliteStore(path).take_over("").close()
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 36, 9))
    with pytest.raises(StorageError, match=r"SQLite 3\.37"):
        SqliteStore(path).take_over("")


def test_a_copy_replaces_no_file(journal: Journal, path: Path, tmp_path: Path) -> None:
    append(journal, announcements(3), (), AT_MS)
    copy = tmp_path / "copy.sqlite3"
    copy.write_bytes(b"something else")
    with pytest.raises(StorageError, match="can't be copied"):
        SqliteStore(path).copy(copy)
    assert copy.read_bytes() == b"something else"


def test_each_opening_for_writing_begins_a_term(path: Path) -> None:
    for term in (1, 2, 3):
        with closing(SqliteStore(path).take_over(f"process {term}")) as journal:
            assert journal.owner == (term, f"process {term}")
            append(journal, announcements(1, term), (), AT_MS)
    with closing(SqliteStore(path).read()) as reader:
        assert reader.owner == (3, "process 3")
        assert [position for position, _ in reader.read()] == [1, 2, 3]


def test_who_lost_the_term_stores_nothing(path: Path) -> None:
    with closing(SqliteStore(path).take_over("")) as journal:
        with closing(connect(path)) as successor:
            successor.execute("UPDATE head SET term = term + 1, holder = 'successor'")
        with pytest.raises(StorageError, match="Another process has taken"):
            append(journal, announcements(1), (), AT_MS)
    with closing(SqliteStore(path).read()) as reader:
        assert list(reader.read()) == []
