"""All hosts of a URL are tried at once."""

import socket
import time

import psycopg
import pytest
from psycopg.abc import ConnDict
from psycopg.conninfo import conninfo_attempts, conninfo_to_dict

from auctioneer.journal.postgres import connecting
from auctioneer.journal.postgres.connecting import reach
from tests.postgres_cluster import Cluster

PATIENCE_S = 60


def hosts_of(cluster: Cluster, *more: tuple[str, int], attributes: str = "any") -> list[ConnDict]:
    """Return libpq's options for some hosts by TCP, then for the three servers by their sockets."""
    folder = str(cluster.primary.folder)
    places = [*more, *((folder, node.port) for node in (cluster.primary, *cluster.standbys))]
    names, ports = (",".join(str(place[part]) for place in places) for part in (0, 1))
    conninfo = f"host={names} port={ports} user=house dbname=auctions target_session_attrs={attributes}"
    return conninfo_attempts(conninfo_to_dict(conninfo))


def until_s() -> float:
    return time.monotonic() + PATIENCE_S


def servers(hosts: list[ConnDict], *avoiding: str) -> list[str]:
    reached = reach(hosts, until_s(), avoiding)
    for connection, _ in reached:
        assert connection.nonblocking
        connection.finish()
    return [server.rpartition(":")[2] for _, server in reached]


def test_every_host_that_lets_one_in_is_reached(postgres: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connecting, "OTHERS_S", PATIENCE_S)
    monkeypatch.setattr(connecting, "HOST_S_MAX", PATIENCE_S)
    assert servers(hosts_of(postgres)) == [str(node.port) for node in (postgres.primary, *postgres.standbys)]


def test_only_those_that_can_be_written_to_let_one_in_where_that_is_asked_for(postgres: Cluster) -> None:
    assert servers(hosts_of(postgres, attributes="read-write")) == [str(postgres.primary.port)]


def test_a_host_that_says_nothing_holds_nobody_up(postgres: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connecting, "HOST_S_MAX", 2 * PATIENCE_S)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        hosts = hosts_of(postgres, ("127.0.0.1", mute.getsockname()[1]), attributes="read-write")
        began_s = time.monotonic()
        assert servers(hosts) == [str(postgres.primary.port)]
        assert time.monotonic() - began_s < PATIENCE_S


def test_what_is_to_be_avoided_is_not_tried(postgres: Cluster) -> None:
    hosts = hosts_of(postgres, attributes="read-write")
    primary = connecting.server_of(hosts[0])
    with pytest.raises(psycopg.OperationalError):
        reach(hosts, until_s(), [primary])
    with pytest.raises(psycopg.OperationalError, match="no other host is left to try"):
        reach(hosts, until_s(), [connecting.server_of(host) for host in hosts])


def test_hosts_that_refuse_are_all_named(postgres: Cluster) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    hosts = conninfo_attempts(conninfo_to_dict(f"host=127.0.0.1,127.0.0.1 port={port},{port} dbname=x user=y"))
    with pytest.raises(psycopg.OperationalError) as refused:
        reach(hosts, until_s())
    assert str(refused.value).count(f"{port}") >= len(hosts)
