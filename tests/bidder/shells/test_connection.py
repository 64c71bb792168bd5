"""The sockets of a client without a shell: when time counts, next to what waits to be read."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import zmq
from msgspec.structs import replace

from bidder.core.effects import Settled
from bidder.core.follower import silence_ms
from bidder.core.notices import ConnectionChanged, ConnectionState
from bidder.shells import connection as connection_module
from bidder.shells.connection import Connection
from bidder.shells.line import HANDSHAKE_QUICK_MS, HANDSHAKES_FAILED_MAX, Line
from common.errors import WrongKeyError
from common.keys import new_keys
from common.limits import HEARTBEAT_MS
from common.links import JoinLink
from common.messages import Hello, MineRequest
from common.sockets import new_context
from tests.bidder.shells.fake_house import FakeHouse

PATIENCE_MS = 60_000
LATE_MS = 200
"""Longer than the house takes for an answer, so that it comes while the client still reads."""
LATE_MAX = 60
"""So many looks are late; time stands still for the client while it reads, so that it must not read for ever."""
LAST_WORDS_MAX = 10
"""What the house said before it was stopped may still be on its way, but does not come in so many turns."""


@pytest.fixture
def fake() -> Iterator[FakeHouse]:
    with FakeHouse() as fake:
        yield fake


@contextmanager
def connected(link: JoinLink) -> Iterator[tuple[Connection, zmq.Poller]]:
    with new_context() as context:
        connection = Connection(context, link, new_keys(), Hello(id=1, versions=(1,), name="Ada"), wake=lambda: None)
        poller = zmq.Poller()
        for zmq_socket in connection.sockets:
            poller.register(zmq_socket, zmq.POLLIN)
        try:
            yield connection, poller
        finally:
            connection.close()


@pytest.fixture
def connection(fake: FakeHouse) -> Iterator[Connection]:
    with connected(fake.link) as (connection, poller):
        until_ms = connection.now_ms() + PATIENCE_MS
        while connection.session.state is not ConnectionState.LIVE:
            assert connection.now_ms() < until_ms
            connection.pump()
            poller.poll(connection.wait_ms)
        yield connection


def test_a_connection_that_comes_up_while_the_client_reads_is_joined_once(
    fake: FakeHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where the processor is taken away in between: the whole way in passes within one reading."""
    receive = Line.receive
    late = iter(range(LATE_MAX))

    def receive_late(line: Line) -> bytes | None:
        if joining.session.state is not ConnectionState.LIVE and next(late, None) is not None:
            line.socket.poll(LATE_MS)
        return receive(line)

    with connected(fake.link) as (joining, poller):
        assert poller.poll(PATIENCE_MS)
        monkeypatch.setattr(Line, "receive", receive_late)
        states: list[ConnectionState] = []
        until_ms = joining.now_ms() + PATIENCE_MS
        looks_after = 0
        while looks_after < 3:
            assert joining.now_ms() < until_ms
            told, _ = joining.pump()
            states += [event.state for event in told if isinstance(event, ConnectionChanged)]
            looks_after += ConnectionState.LIVE in states
    assert states == [ConnectionState.JOINING, ConnectionState.LIVE]


def be_busy(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let so much time pass without a call that a house which says nothing is silent."""
    later_ms = connection.now_ms() + silence_ms(HEARTBEAT_MS) + 1
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
    for _ in range(LAST_WORDS_MAX):
        be_busy(connection, monkeypatch)
        connection.pump()
        if connection.session.state is ConnectionState.SILENT:
            return
    raise AssertionError(f"the house is {connection.session.state}")


def failures_until_wrong_key(fake: FakeHouse, monkeypatch: pytest.MonkeyPatch, pause_ms: int) -> int | None:
    """Let handshakes fail, with so much time between two looks; return how many did before the key was called wrong.

    None: it was not, in more than twice as many as it takes.
    """
    time_ms = [Connection.now_ms()]
    monkeypatch.setattr(Connection, "now_ms", staticmethod(lambda: time_ms[0]))
    with connected(replace(fake.link, server_key=new_keys().public)) as (connection, poller):
        time_ms[0] += 2 * HANDSHAKE_QUICK_MS  # as where the house starts later: how quick counts from the last look
        connection.pump()
        for looks in range(1, 6 * HANDSHAKES_FAILED_MAX):
            assert poller.poll(PATIENCE_MS), "the library tries no more"
            time_ms[0] += pause_ms
            try:
                connection.pump()
            except WrongKeyError as error:
                return looks if "not the house that the link names" in str(error) else None
    return None


def wait_until_not_ready_since(link: JoinLink, what: str) -> None:
    """Wait until a client that does not get ready says that this is why."""
    with connected(link) as (connection, poller):
        until_ms = connection.now_ms() + PATIENCE_MS
        while what not in str(connection.why_not_ready()):
            assert connection.now_ms() < until_ms, connection.why_not_ready()
            connection.pump()
            poller.poll(connection.wait_ms)


def test_a_listener_that_says_nothing_is_told_from_nothing_listening(fake: FakeHouse) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        link = replace(fake.link, port=mute.getsockname()[1])
        wait_until_not_ready_since(link, "does not answer hello")


def test_broadcasts_that_do_not_come_through_are_told_as_such(fake: FakeHouse) -> None:
    with socket.socket() as placeholder:
        placeholder.bind(("127.0.0.1", 0))
        closed_port = placeholder.getsockname()[1]
        fake.do(lambda house: setattr(house, "publish_port", closed_port))
        wait_until_not_ready_since(fake.link, f"broadcasts at tcp://127.0.0.1:{closed_port}")


def test_handshakes_that_fail_at_once_are_a_wrong_key(fake: FakeHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    assert failures_until_wrong_key(fake, monkeypatch, pause_ms=10) is not None


def test_handshakes_that_may_have_failed_slowly_are_not(fake: FakeHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    assert failures_until_wrong_key(fake, monkeypatch, pause_ms=HANDSHAKE_QUICK_MS) is None


def pump_until_it_fails(connection: Connection, poller: zmq.Poller) -> None:
    for _ in range(6 * HANDSHAKES_FAILED_MAX):
        assert poller.poll(PATIENCE_MS), "the library tries no more"
        connection.pump()


def test_a_link_without_a_key_to_an_encrypted_house_is_told_as_that(fake: FakeHouse) -> None:
    link = replace(fake.link, server_key="")
    with connected(link) as (connection, poller), pytest.raises(WrongKeyError, match="kind of security"):
        pump_until_it_fails(connection, poller)


def test_how_long_may_be_waited_is_until_something_is_due(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    due_ms, now_ms = connection.session.next_deadline_ms, connection.now_ms()
    assert due_ms is not None
    for moment_ms, wait_ms in ((now_ms, max(0, due_ms - now_ms)), (due_ms - 20, 20), (due_ms + 5, 0)):
        monkeypatch.setattr(Connection, "now_ms", staticmethod(lambda moment_ms=moment_ms: moment_ms))
        assert connection.wait_ms == wait_ms
    monkeypatch.setattr(Connection, "now_ms", staticmethod(lambda: due_ms - 20))
    for reconnect_ms, wait_ms in ((due_ms - 15, 5), (due_ms + 15, 20)):
        connection._feed.reconnect_ms = reconnect_ms
        assert connection.wait_ms == wait_ms, "the first of all that is due counts"


def test_all_answers_that_wait_are_read_at_once(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shell that waits on the sockets' file descriptors may never hear of one that was left."""
    session, now_ms = connection.session, connection.now_ms()
    asked = {session.submit(MineRequest(id=session.new_request_id(now_ms)), now_ms, PATIENCE_MS) for _ in range(3)}
    receive = Line.receive
    received: list[bytes] = []

    def receive_when_there(line: Line) -> bytes | None:
        if line.socket.getsockopt(zmq.TYPE) == zmq.DEALER and len(received) < len(asked):
            assert line.socket.poll(PATIENCE_MS)
            frame = receive(line)
            assert frame is not None
            received.append(frame)
            return frame
        return receive(line)

    monkeypatch.setattr(Line, "receive", receive_when_there)
    told, _ = connection.pump()
    assert {effect.ticket for effect in told if isinstance(effect, Settled)} == asked


def test_one_look_takes_a_bounded_number_of_bytes(
    fake: FakeHouse, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However large the frames are that wait: the application has its turn, and can leave."""
    monkeypatch.setattr(connection_module, "BYTES_PER_PUMP_MAX", 1)
    feed = connection._feed.socket
    fake.do(lambda house: house.open("1"))
    assert feed.poll(PATIENCE_MS)
    _, has_more = connection.pump()
    assert has_more, "one frame was read, and nobody knows whether another waits"
    until_ms = connection.now_ms() + PATIENCE_MS
    while not connection.session.replica.lots["1"].seq:
        assert connection.now_ms() < until_ms
        connection.pump()
