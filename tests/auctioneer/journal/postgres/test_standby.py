"""The way of a stand-by to a record, on a real database."""

import time
from collections.abc import Iterator
from contextlib import closing
from uuid import uuid4

import pytest

from auctioneer.journal import FencedError, append
from auctioneer.journal.chain import GENESIS_HASH
from auctioneer.journal.lease import Advice, Beside
from auctioneer.journal.postgres.journal import PostgresJournal
from auctioneer.journal.postgres.ownership import Found
from auctioneer.journal.postgres.standby import StandbyWay
from auctioneer.journal.postgres.store import PostgresStore
from auctioneer.journal.protocol import ChainEnd
from common.errors import StorageError, UsageError
from tests.auctioneer.journal.journal_examples import AT_MS, announcements
from tests.postgres_cluster import Cluster, until


@pytest.fixture
def url(postgres: Cluster) -> str:
    return postgres.url(uuid4().hex)


@pytest.fixture
def owner(url: str) -> Iterator[PostgresJournal]:
    with closing(PostgresStore(url).take_over("owner")) as journal:
        append(journal, announcements(3), (), AT_MS)
        yield journal


@pytest.fixture
def way(url: str) -> Iterator[StandbyWay]:
    with closing(PostgresStore(url).stand_by("second")) as way:
        yield way


def looked(way: StandbyWay) -> Found:
    found = way.look()
    assert found is not None
    return found


def test_a_record_that_is_not_begun_yet_is_waited_for(way: StandbyWay) -> None:
    assert way.look() is None


def test_what_is_seen_is_what_is_taken(owner: PostgresJournal, way: StandbyWay) -> None:
    """An owner that writes after the look keeps the record, however long it was silent before."""
    found = looked(way)
    append(owner, (), (), AT_MS + 1)
    assert way.take_over(found, Advice.TAKE_SILENT) is None
    append(owner, (), (), AT_MS + 2)
    journal = way.take_over(looked(way), Advice.TAKE_SILENT)
    assert journal is not None
    with closing(journal):
        assert journal.owner == (2, "second")
        append(journal, announcements(1), (), AT_MS)
        with pytest.raises(FencedError):
            append(owner, announcements(1), (), AT_MS)


def test_of_two_stand_bys_one_wins(owner: PostgresJournal, url: str, way: StandbyWay) -> None:
    with closing(PostgresStore(url).stand_by("third")) as third:
        found, too = looked(way), looked(third)
        journal = way.take_over(found, Advice.TAKE_SILENT)
        assert journal is not None
        with closing(journal):
            assert third.take_over(too, Advice.TAKE_SILENT) is None
            assert third.take_over(too, Advice.TAKE_RELEASED) is None
            append(journal, announcements(1), (), AT_MS)
        assert looked(third).seen.is_released


def test_it_follows_the_record_batch_by_batch(owner: PostgresJournal, way: StandbyWay) -> None:
    (batch,) = way.record().follow(ChainEnd(0, GENESIS_HASH), looked(way).end.position)
    end = ChainEnd(batch.last, batch.hash)
    assert end == owner.end == looked(way).end
    assert not way.record().follow(end, 3)
    append(owner, announcements(2, first=4), (), AT_MS)
    assert [one.last for one in way.record().follow(end, looked(way).end.position)] == [5]


def test_while_the_owner_s_commit_waits_its_row_is_not_waited_for_forever(
    lonely_postgres: Cluster,
) -> None:
    """And no statement stays behind at the server, where each of many tries would leave one."""
    url = lonely_postgres.url(uuid4().hex)
    with closing(PostgresStore(url).take_over("owner")) as owner, closing(PostgresStore(url).stand_by("b")) as way:
        with lonely_postgres.silent_standbys():
            owner.begin(announcements(1), (), AT_MS)
            until(lambda: bool(lonely_postgres.waiting()), "the commit waits for a standby")
            for _ in range(2):
                with pytest.raises(StorageError):
                    way.take_over(looked(way), Advice.TAKE_SILENT)
                assert way._session is None, "the next look may find another primary"
            assert len(lonely_postgres.waiting()) == 1
            assert lonely_postgres.primary.ask("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'") == []
        owner.wait()
        assert owner.position == 1


def test_who_stands_by_is_known_for_some_seconds(owner: PostgresJournal, way: StandbyWay, postgres: Cluster) -> None:
    way.note("two.example.org:7766", 2)
    way.note("two.example.org:7766", 3)
    assert way.beside() == [Beside("two.example.org:7766", 3)]
    postgres.primary.ask("UPDATE auction.standby SET seen_at = seen_at - interval '4 s' WHERE sale = %s", owner._sale)
    assert way.beside() == []


def test_noting_waits_for_no_standby_of_the_database(lonely_postgres: Cluster) -> None:
    url = lonely_postgres.url(uuid4().hex)
    PostgresStore(url).take_over("").close()
    with closing(PostgresStore(url).stand_by("b")) as way, lonely_postgres.silent_standbys():
        way.note("two:1", 1)
        assert way.beside() == [Beside("two:1", 1)]


def test_a_connection_that_was_lost_is_made_again(owner: PostgresJournal, way: StandbyWay, postgres: Cluster) -> None:
    looked(way)
    assert way._session is not None
    pid = way._session.execute("SELECT pg_backend_pid()", (), later_s()).rows[0][0]
    postgres.primary.ask("SELECT pg_terminate_backend(%s, 5000)", pid)
    with pytest.raises(StorageError):
        way.look()
    assert looked(way).seen.holder == "owner"


def later_s() -> float:
    return time.monotonic() + 10


def test_a_house_with_another_key_can_never_take_it(url: str) -> None:
    PostgresStore(url, lambda: "key of one").take_over("").close()
    with closing(PostgresStore(url, lambda: "key of another").stand_by("x")) as way, pytest.raises(UsageError):
        way.look()
