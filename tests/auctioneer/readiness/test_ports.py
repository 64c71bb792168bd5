"""Ports and addresses of this machine, measured on real sockets."""

import os
import socket
from contextlib import closing

import pytest

from auctioneer.readiness import ports
from auctioneer.readiness.measurements import Network, Port, PortState, Reach
from auctioneer.readiness.ports import measure_network, measure_port, own_address

HERE = "127.0.0.1"


def listening(host: str = HERE) -> socket.socket:
    return socket.create_server((host, 0))


def test_a_free_port_is_free_again_afterwards() -> None:
    with closing(listening()) as one:
        number = one.getsockname()[1]
    for _ in range(2):
        assert measure_port("requests", HERE, number, is_ours=False) == Port("requests", HERE, number, PortState.FREE)
    for every in ("0.0.0.0", "*", "::"):
        assert measure_port("requests", every, number, is_ours=False).state is PortState.FREE


def test_a_port_on_which_a_program_listens_is_taken_and_the_program_named() -> None:
    with closing(listening()) as one:
        number = one.getsockname()[1]
        for host in (HERE, "localhost", "0.0.0.0"):
            port = measure_port("requests", host, number, is_ours=False)
            assert port.state is PortState.TAKEN, host
            assert port.holder.endswith(f", process {os.getpid()}")
        assert measure_port("requests", HERE, number, is_ours=True).state is PortState.OURS


def test_an_address_that_the_machine_lacks_is_told() -> None:
    assert measure_port("requests", "203.0.113.7", 0, is_ours=False).state is PortState.NO_ADDRESS
    assert measure_port("requests", "no-such-host.invalid", 0, is_ours=False).state is PortState.NO_ADDRESS


def test_a_port_that_the_user_may_not_have_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")  # root, who runs tests in a container, may have every port

    monkeypatch.setattr(socket, "create_server", refuse)
    assert measure_port("requests", HERE, 80, is_ours=False).state is PortState.FORBIDDEN


def test_for_this_machine_only_no_other_address_is_tried() -> None:
    free = Port("requests", HERE, 0, PortState.FREE)
    assert measure_network("localhost", free) == Network(is_loopback=True, address=None, reach=Reach.NOT_TRIED)


def test_the_own_address_is_reached_on_a_port_of_a_house_and_on_a_free_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "own_address", lambda: "127.0.0.2")
    free = measure_network("0.0.0.0", Port("requests", "0.0.0.0", 0, PortState.FREE))
    assert (free.address, free.reach) == ("127.0.0.2", Reach.CONNECTED)
    assert free.port > 0
    with closing(listening("127.0.0.2")) as one:
        number = one.getsockname()[1]
        ours = measure_network("0.0.0.0", Port("requests", "0.0.0.0", number, PortState.OURS))
        assert (ours.reach, ours.port) == (Reach.CONNECTED, number)
    with closing(listening()) as one:
        number = one.getsockname()[1]
        elsewhere = measure_network("0.0.0.0", Port("requests", "0.0.0.0", number, PortState.OURS))
        assert elsewhere.reach is Reach.REFUSED
        taken = measure_network("0.0.0.0", Port("requests", "0.0.0.0", number, PortState.TAKEN))
        assert taken.reach is Reach.NOT_TRIED


def test_an_own_address_is_one_of_this_machine() -> None:
    address = own_address()
    if address is None:  # a machine without a network
        return
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with closing(socket.create_server((address, 0), family=family)) as one:
        assert one.getsockname()[0] == address
