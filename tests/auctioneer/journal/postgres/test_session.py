"""How a server is reached, and what is said when it can't be."""

import socket
import time

import pytest

from auctioneer.journal.postgres import session as sessions
from auctioneer.journal.postgres.address import parse_address
from auctioneer.journal.postgres.session import Session, StatementError
from common.errors import StorageError
from tests.postgres_cluster import Cluster


def opened(url: str, patience_s: float = 10) -> Session:
    return Session.open(parse_address(url), time.monotonic() + patience_s)


def tcp_url(cluster: Cluster, *, user: str = "house", more: str = "") -> str:
    return f"postgresql://{user}@127.0.0.1:{cluster.primary.port}/auctions?sale=x{more}"


def test_values_come_back_as_they_were(postgres: Cluster) -> None:
    session = opened(postgres.url("x"))
    asked = ("Zoë \\ \" '", b"\0\xff", 2**53, None, True)
    statement = "SELECT $1::text, $2::bytea, $3::bigint, $4::text, $5::boolean, 7::smallint"
    (row,) = session.execute(statement, asked, time.monotonic() + 5).rows
    assert row == ("Zoë \\ \" '".encode(), b"\0\xff", 2**53, None, True, 7)
    session.close()


def test_a_refused_statement_leaves_the_session_open(postgres: Cluster) -> None:
    session = opened(postgres.url("x"))
    with pytest.raises(StatementError) as refused:
        session.execute("SELECT 1 / 0", (), time.monotonic() + 5)
    assert refused.value.sqlstate == "22012"
    assert session.execute("SELECT 1", (), time.monotonic() + 5).rows == [(1,)]
    session.close()
    session.close()
    with pytest.raises(StorageError, match="its connection was closed"):
        session.execute("SELECT 1", (), time.monotonic() + 5)


def test_any_warning_makes_an_answer_worthless_whatever_its_words(postgres: Cluster) -> None:
    session = opened(postgres.url("x"))
    session.run("DO $$ BEGIN RAISE NOTICE 'by the way'; END $$", time.monotonic() + 5)
    with pytest.raises(StorageError, match="warned: etwas anderes"):
        session.run("DO $$ BEGIN RAISE WARNING 'etwas anderes'; END $$", time.monotonic() + 5)
    assert not session.is_open


def test_a_statement_that_takes_too_long_ends_the_connection(postgres: Cluster) -> None:
    session = opened(postgres.url("x"))
    with pytest.raises(StorageError, match="did not answer in time"):
        session.execute("SELECT 1 FROM pg_sleep(60)", (), time.monotonic() + 0.05)
    assert not session.is_open


def test_the_first_host_that_can_be_written_to_is_found(postgres: Cluster) -> None:
    folder, standby, primary = postgres.primary.folder, postgres.standbys[0], postgres.primary
    hosts = f"host={folder}/nowhere,{folder},{folder}&port=1,{standby.port},{primary.port}"
    session = opened(f"postgresql:///auctions?{hosts}&user=house")
    assert session.execute("SHOW port", (), time.monotonic() + 5).rows == [(str(primary.port).encode(),)]
    session.close()


def test_a_host_that_says_nothing_is_given_up(postgres: Cluster) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = mute.getsockname()[1]
        with pytest.raises(StorageError, match="did not answer in time"):
            opened(f"postgresql://house@127.0.0.1:{port}/auctions", 0.1)
        session = opened(f"postgresql://house@127.0.0.1:{port},127.0.0.1:{postgres.primary.port}/auctions")
        session.close()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://house@127.0.0.1:1/auctions", "refused"),
        ("postgresql:///auctions?service=nobody-knows", "nobody-knows"),
        ("postgresql:///auctions?nonsense=1", "nonsense"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(url: str, said: str) -> None:
    with pytest.raises(StorageError, match=said) as refused:
        opened(url)
    assert "\n" not in str(refused.value)


def test_a_way_off_this_machine_is_encrypted_unless_the_url_says_otherwise(
    postgres: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(tcp_url(postgres)).close()
    monkeypatch.setattr(sessions, "_is_local", lambda _: False)
    with pytest.raises(StorageError, match="not encrypted, and it leaves this machine"):
        opened(tcp_url(postgres))
    opened(tcp_url(postgres, more="&sslmode=disable")).close()


@pytest.mark.parametrize(
    ("where", "is_local"),
    [("", True), ("/tmp/x", True), ("127.0.0.1", True), ("::1", True), ("10.0.0.1", False), ("fe80::1%eth0", False)],
)
def test_which_addresses_are_on_this_machine(where: str, is_local: bool) -> None:
    assert sessions._is_local(where) is is_local
