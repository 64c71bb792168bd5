"""The sockets of a client without a shell: when time counts, next to what waits to be read."""

from collections.abc import Iterator

import pytest
import zmq
from fake_house import FakeHouse

from bidder.connection import Connection
from bidder.events import ConnectionState
from bidder.session import SILENCE_MS
from common.keys import new_keys
from common.messages import Hello
from common.sockets import new_context

PATIENCE_MS = 10_000


@pytest.fixture
def fake() -> Iterator[FakeHouse]:
    with FakeHouse() as fake:
        yield fake


@pytest.fixture
def connection(fake: FakeHouse) -> Iterator[Connection]:
    with new_context() as context:
        connection = Connection(context, fake.link, new_keys(), Hello(id=1, versions=(1,), name="Ada"))
        poller = zmq.Poller()
        for zmq_socket in connection.sockets:
            poller.register(zmq_socket, zmq.POLLIN)
        until_ms = connection.now_ms() + PATIENCE_MS
        while connection.session.state is not ConnectionState.LIVE:
            assert connection.now_ms() < until_ms
            connection.pump()
            poller.poll(connection.wait_ms)
        yield connection
        connection.close()


def be_busy(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let so much time pass without a call that a house which says nothing is silent."""
    later_ms = connection.now_ms() + SILENCE_MS + 1
    monkeypatch.setattr(Connection, "now_ms", staticmethod(lambda: later_ms))


def test_a_house_whose_heartbeat_waits_to_be_read_is_not_silent(
    fake: FakeHouse, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.do(lambda house: house.beat())
    feed = next(one for one in connection.sockets if one.getsockopt(zmq.TYPE) == zmq.SUB)
    assert feed.poll(PATIENCE_MS)
    be_busy(connection, monkeypatch)
    connection.pump()
    assert connection.session.state is ConnectionState.LIVE


def test_a_house_that_said_nothing_meanwhile_is_silent(
    fake: FakeHouse, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.stop()
    connection.pump()
    be_busy(connection, monkeypatch)
    connection.pump()
    assert connection.session.state is ConnectionState.SILENT
