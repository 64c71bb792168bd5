"""The address by which others reach this machine."""

import ipaddress
import socket

import pytest

from common.own_address import own_address


def test_it_is_an_address_of_this_machine() -> None:
    address = own_address()
    assert ipaddress.ip_address(address).version == 4
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((address, 0))


def test_a_machine_on_no_network_has_only_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError

    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert own_address() == "127.0.0.1"
