"""Who may take a record over, and when."""

import time
from collections.abc import Iterator
from contextlib import closing
from uuid import uuid4

import pytest

from auctioneer.journal import FencedError, append, lease
from auctioneer.journal.chain import FORMAT_VERSION
from auctioneer.journal.postgres import ownership
from auctioneer.journal.postgres import store as stores
from auctioneer.journal.postgres.journal import PostgresJournal
from auctioneer.journal.postgres.session import Session
from auctioneer.journal.postgres.store import PostgresStore
from common.errors import StorageError, UsageError
from tests.auctioneer.journal.journal_examples import AT_MS, announcements
from tests.postgres_cluster import Cluster


@pytest.fixture
def url(postgres: Cluster) -> str:
    return postgres.url(uuid4().hex)


@pytest.fixture
def first(url: str) -> Iterator[PostgresJournal]:
    with closing(PostgresStore(url).take_over("first")) as journal:
        yield journal


def test_a_stranger_that_lives_keeps_its_record(
    first: PostgresJournal, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It shows by its beat that it lives, whatever any clock says."""
    monkeypatch.setattr(time, "sleep", lambda _: append(first, (), (), AT_MS))
    with pytest.raises(FencedError, match="Another house holds the record"):
        PostgresStore(url).take_over("second")
    append(first, announcements(1), (), AT_MS)


def test_a_stranger_whose_beat_stands_still_for_the_lease_loses_it(
    first: PostgresJournal, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_s: list[float] = []
    monkeypatch.setattr(lease, "LEASE_MS", 300)
    look = ownership.look

    def look_and_note(session: Session, until_s: float) -> ownership.Found | None:
        looked_s.append(time.monotonic())
        return look(session, until_s)

    monkeypatch.setattr(ownership, "look", look_and_note)
    with closing(PostgresStore(url).take_over("second")) as second:
        assert looked_s[-1] - looked_s[0] >= 0.3
        assert second.owner == (2, "second")
        with pytest.raises(FencedError):
            append(first, announcements(1), (), AT_MS)


def test_what_is_taken_is_what_was_seen(first: PostgresJournal, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An owner that writes at the last moment keeps the record: its beat is a part of what the statement asks for."""
    seen = ownership._wait_for_the_lease

    def see(session: Session, row: ownership.Found, until_s: float) -> ownership.Found:
        monkeypatch.setattr(lease, "LEASE_MS", 0)
        found = seen(session, row, until_s)
        append(first, (), (), AT_MS)
        return found

    monkeypatch.setattr(ownership, "_wait_for_the_lease", see)
    with pytest.raises(StorageError, match="Others take the record"):
        PostgresStore(url).take_over("second")
    append(first, announcements(1), (), AT_MS)


def test_an_owner_that_let_go_needs_no_waiting(
    first: PostgresJournal, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(ownership, "_wait_for_the_lease")
    first.close()
    PostgresStore(url).take_over("second").close()
    PostgresStore(url).take_over("third").close()


def test_a_record_is_of_one_house(url: str) -> None:
    PostgresStore(url, lambda: "key of one").take_over("").close()
    with pytest.raises(UsageError, match="of a house with another key"):
        PostgresStore(url, lambda: "key of another").take_over("")
    PostgresStore(url, lambda: "").take_over("").close()
    PostgresStore(url, lambda: "key of one").take_over("").close()


def test_a_record_of_another_format_is_left_alone(first: PostgresJournal, url: str, postgres: Cluster) -> None:
    postgres.primary.ask("UPDATE auction.sale SET format = format + 1 WHERE id = %s", first._sale)
    with pytest.raises(StorageError, match=f"has format {FORMAT_VERSION + 1}"):
        PostgresStore(url).take_over("second", ["first"])


def test_a_record_that_went_away_is_not_begun_again(first: PostgresJournal, url: str, postgres: Cluster) -> None:
    store = PostgresStore(url)
    postgres.primary.ask("DELETE FROM auction.sale WHERE id = %s", first._sale)
    with pytest.raises(StorageError, match="is gone from the store"):
        append(first, announcements(1), (), AT_MS)
    one = stores._Resumption(store, "first", ())
    one.join()
    assert "is gone from the store" in str(one.outcome)
