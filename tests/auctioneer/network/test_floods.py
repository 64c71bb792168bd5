"""Ending a flood's connection: once, with its sender turned away, and not that of who has its file handle by then."""

import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

import pytest
import zmq

from auctioneer.network import floods
from auctioneer.network.door import TURNED_AWAY_S, TurnedAway
from auctioneer.network.floods import PATIENCE_S, Floods
from common.limits import FRAMES_MAX

LONGER_S = PATIENCE_S + 0.001
EVE, HER_ID = "eve", b"her routing id"


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


class Endpoint:
    """A listening socket in the place of a ROUTER's, with connections whose handles are known."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._open: list[Connection] = []
        self.following = 0
        """Frames of a message that were not received yet."""

    def recv(self, flags: int, copy: bool) -> "Following":
        """Bring the next frame of a message."""
        assert flags == zmq.DONTWAIT
        assert not copy
        self.following -= 1
        return Following(more=self.following > 0)

    def getsockopt_string(self, option: int) -> str:
        assert option == zmq.LAST_ENDPOINT
        return f"tcp://127.0.0.1:{self._listening.getsockname()[1]}"

    def connect(self) -> "Connection":
        theirs = socket.create_connection(self._listening.getsockname())
        ours, _ = self._listening.accept()
        self._open.append(Connection(theirs, ours))
        return self._open[-1]

    def close(self) -> None:
        self._listening.close()
        for one in self._open:
            one.close()


class Following(NamedTuple):
    """A frame that is not the first of its message."""

    more: bool


class Connection:
    more = True

    def __init__(self, theirs: socket.socket, ours: socket.socket) -> None:
        self._theirs, self._ours = theirs, ours

    def close(self) -> None:
        self._theirs.close()
        self._ours.close()

    @property
    def is_up(self) -> bool:
        self._theirs.setblocking(False)
        with suppress(BlockingIOError):
            return bool(self._theirs.recv(1))
        return True

    def take_handle_of(self, ended: "Connection") -> None:
        handle = ended._ours.detach()
        os.dup2(self._ours.fileno(), handle)
        self._ours.close()
        self._ours = socket.socket(fileno=handle)

    def get(self, name: int) -> int:
        """Be a message that came over this connection."""
        assert name == zmq.SRCFD
        return self._ours.fileno()


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    endpoint = Endpoint()
    yield endpoint
    endpoint.close()


class House:
    def __init__(self, endpoint: Endpoint) -> None:
        self.clock = Clock()
        self.turned_away = TurnedAway(self.clock)
        self._endpoint = endpoint
        self._floods = Floods(endpoint, self.turned_away, self.clock)  # type: ignore[arg-type]

    def note(self, connection: Connection, principal: str = EVE, routing_id: bytes = HER_ID) -> None:
        self._floods.note(principal, routing_id, connection)  # type: ignore[arg-type]

    def flood(self, connection: Connection, principal: str = EVE, routing_id: bytes = HER_ID) -> None:
        """Have somebody go on for longer than the house has times."""
        self.note(connection, principal, routing_id)
        self.clock.now_s += LONGER_S
        self.note(connection, principal, routing_id)

    def pass_over(self, connection: Connection, frames: int) -> bool:
        """Have somebody send a message of so many frames, and all of it read."""
        self._endpoint.following = frames - 1
        is_flood = self._floods.pass_over(EVE, HER_ID, connection)  # type: ignore[arg-type]
        assert not self._endpoint.following
        return is_flood


@pytest.fixture
def house(endpoint: Endpoint) -> House:
    return House(endpoint)


def test_a_connection_ends_and_its_sender_is_turned_away(house: House, endpoint: Endpoint) -> None:
    hers, anothers = endpoint.connect(), endpoint.connect()
    house.flood(hers)
    assert not hers.is_up
    assert anothers.is_up
    assert EVE in house.turned_away


def test_a_burst_that_came_at_once_ends_nothing(house: House, endpoint: Endpoint) -> None:
    hers = endpoint.connect()
    for _ in range(100):
        house.note(hers)
    house.clock.now_s += PATIENCE_S - 0.001
    house.note(hers)
    assert hers.is_up
    assert EVE not in house.turned_away
    house.clock.now_s += TURNED_AWAY_S
    house.note(hers)
    assert hers.is_up, "that was long ago"


def taken_over(ended: Connection, endpoint: Endpoint) -> Connection:
    """Return a new connection that has the handle of one that ended."""
    new = endpoint.connect()
    new.take_handle_of(ended)
    return new


def test_what_waited_ends_nobody_elses_connection_until_its_sender_may_be_back(
    house: House, endpoint: Endpoint
) -> None:
    hers = endpoint.connect()
    house.flood(hers)
    another = taken_over(hers, endpoint)
    house.clock.now_s += TURNED_AWAY_S - 2 * LONGER_S
    house.flood(another)
    assert another.is_up
    house.clock.now_s += 2 * LONGER_S
    assert EVE not in house.turned_away, "what waits keeps who sent it out"
    house.flood(another)
    assert not another.is_up


@pytest.mark.parametrize("who", [("ann", HER_ID), (EVE, b"another")])
def test_another_sender_over_the_same_handle_is_ended_too(
    house: House, endpoint: Endpoint, who: tuple[str, bytes]
) -> None:
    hers = endpoint.connect()
    house.flood(hers)
    another = taken_over(hers, endpoint)
    house.flood(another, *who)
    assert not another.is_up


def test_so_many_are_remembered_and_the_first_is_ended_anew(
    house: House, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(floods, "TURNED_AWAY_MAX", 2)
    hers = endpoint.connect()
    house.flood(hers)
    for principal in ("second", "third"):
        house.flood(endpoint.connect(), principal)
    another = taken_over(hers, endpoint)
    house.flood(another)
    assert not another.is_up


@pytest.mark.parametrize(("frames", "is_flood"), [(2, False), (FRAMES_MAX - 1, False), (FRAMES_MAX, True)])
def test_a_message_of_very_many_frames_ends_its_connection_at_once(
    house: House, endpoint: Endpoint, frames: int, is_flood: bool
) -> None:
    hers = endpoint.connect()
    assert house.pass_over(hers, frames) is is_flood
    assert hers.is_up is not is_flood
    assert (EVE in house.turned_away) is is_flood


def test_what_waited_of_such_messages_ends_nobody_elses_connection_until_its_sender_may_be_back(
    house: House, endpoint: Endpoint
) -> None:
    hers = endpoint.connect()
    house.pass_over(hers, FRAMES_MAX)
    another = taken_over(hers, endpoint)
    house.clock.now_s += TURNED_AWAY_S - 0.001
    assert house.pass_over(another, FRAMES_MAX + 1)
    assert another.is_up
    house.clock.now_s += 0.001
    assert house.pass_over(another, FRAMES_MAX)
    assert not another.is_up


def test_who_is_noticed_with_messages_of_one_frame_is_ended_by_one_of_very_many(
    house: House, endpoint: Endpoint
) -> None:
    hers = endpoint.connect()
    house.note(hers)
    house.pass_over(hers, FRAMES_MAX)
    assert not hers.is_up
