"""Who may do what with the tables, and which versions of them are used."""

import time
from contextlib import closing
from uuid import uuid4

import psycopg
import pytest

from auctioneer.journal import append
from auctioneer.journal.postgres import schema
from auctioneer.journal.postgres.address import parse_address
from auctioneer.journal.postgres.session import Session
from auctioneer.journal.postgres.store import PostgresStore
from common.errors import StorageError
from tests.auctioneer.journal.journal_examples import AT_MS, announcements, rejection
from tests.postgres_cluster import HOUSE, OWNER, READER, Cluster


def session_of(cluster: Cluster, user: str) -> Session:
    return Session.open(parse_address(cluster.url("sale", user)), later_s())


def later_s() -> float:
    return time.monotonic() + 10


@pytest.mark.parametrize(
    ("user", "statement"),
    [
        (HOUSE, "UPDATE auction.batch SET body = '[]'"),
        (HOUSE, "DELETE FROM auction.batch"),
        (HOUSE, "DELETE FROM auction.sale"),
        (HOUSE, "UPDATE auction.rejection SET code = 'x'"),
        (HOUSE, "TRUNCATE auction.batch"),
        (HOUSE, "CREATE TABLE auction.other (x int)"),
        (HOUSE, "INSERT INTO auction.migration VALUES (99)"),
        (READER, "INSERT INTO auction.contact VALUES ('sale', 1, '', '')"),
        (READER, "UPDATE auction.sale SET term = term + 1"),
        (READER, "DELETE FROM auction.rejection"),
    ],
)
def test_a_role_may_do_no_more_than_it_needs(postgres: Cluster, user: str, statement: str) -> None:
    with postgres.primary.connect(user) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement.encode())


def test_who_may_only_read_reads_all(postgres: Cluster) -> None:
    sale = uuid4().hex
    with closing(PostgresStore(postgres.url(sale)).take_over("")) as journal:
        append(journal, announcements(3), [rejection(1, 1)], AT_MS)
        with closing(PostgresStore(postgres.url(sale, READER)).read()) as record:
            assert record.verify_chain() == journal.end
            assert list(record.rejections()) == [rejection(1, 1)]
            assert record.contacts() == {}


def test_who_may_only_read_takes_nothing_over(postgres: Cluster) -> None:
    with pytest.raises(StorageError, match=r"refused a statement \(42501\)"):
        PostgresStore(postgres.url(uuid4().hex, READER)).take_over("")


def test_preparing_twice_changes_nothing(postgres: Cluster) -> None:
    session = session_of(postgres, OWNER)
    assert schema.prepare(session, later_s(), HOUSE) == len(schema.MIGRATIONS)
    assert schema.version_of(session, later_s()) == len(schema.MIGRATIONS)
    session.close()


def test_a_database_is_brought_from_version_to_version(
    lonely_postgres: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = lonely_postgres
    newer = (*schema.MIGRATIONS, "CREATE TABLE auction.added (x integer);")
    session = session_of(cluster, OWNER)
    try:
        with monkeypatch.context() as patched:
            patched.setattr(schema, "MIGRATIONS", newer)
            with pytest.raises(StorageError, match=rf"an older version \({len(newer) - 1}\)\. Its owner makes them"):
                PostgresStore(cluster.url("x")).take_over("")
            assert schema.prepare(session, later_s()) == len(newer)
            assert cluster.primary.ask("SELECT count(*) FROM auction.added") == [(0,)]
        for do in (lambda: schema.prepare(session, later_s()), lambda: PostgresStore(cluster.url("x")).read()):
            with pytest.raises(StorageError, match="of a newer version"):
                do()
    finally:
        cluster.primary.ask("DROP TABLE auction.added")
        cluster.primary.ask("DELETE FROM auction.migration WHERE version = %s", len(newer))
        session.close()


def test_an_empty_database_says_who_prepares_it(postgres: Cluster) -> None:
    url = postgres.url("x", OWNER).replace("/auctions?", "/postgres?")
    with pytest.raises(StorageError, match="has no tables for sales yet"):
        PostgresStore(url).take_over("")
