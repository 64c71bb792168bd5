"""Ports that are kept for a house that does not listen yet."""

import socket
from collections.abc import Iterator
from contextlib import closing

import pytest

from auctioneer.network.endpoints import Endpoints, Listening
from auctioneer.network.held_ports import HeldPorts
from common.errors import UsageError
from common.keys import new_keys

LISTENING = Listening("127.0.0.1", 0)


@pytest.fixture
def held() -> Iterator[HeldPorts]:
    held = HeldPorts(LISTENING)
    yield held
    held.close()


def ports(listening: Listening) -> tuple[int, int, int]:
    assert listening.publish_port is not None
    return listening.port, listening.publish_port, listening.control_port


def test_nobody_listens_at_a_port_that_is_kept_and_no_other_program_gets_it(held: HeldPorts) -> None:
    for port in ports(held.listening):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))
        with closing(socket.socket()) as other, pytest.raises(OSError, match="in use"):
            other.bind(("127.0.0.1", port))


def test_the_house_listens_there_once_they_are_let_go_of(held: HeldPorts) -> None:
    held.close()
    with closing(Endpoints(held.listening, new_keys())) as endpoints:
        assert (endpoints.port, endpoints.publish_port, endpoints.control_port) == ports(held.listening)


@pytest.mark.parametrize("name", ["port", "publish_port", "control_port"])
def test_a_port_that_can_t_be_had_is_found_at_once(name: str) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        taken = other.getsockname()[1]
        with pytest.raises(UsageError, match=f"Port {taken} on 127.0.0.1 is in use"):
            HeldPorts(LISTENING._replace(**{name: taken}))


def test_all_addresses_of_a_machine() -> None:
    held = HeldPorts(LISTENING._replace(host="0.0.0.0", control_host="*"))
    try:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", held.listening.port))
    finally:
        held.close()
