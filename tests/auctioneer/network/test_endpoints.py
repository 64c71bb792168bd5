"""The house's sockets, as they are bound, and where others are told to come to."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import zmq

from auctioneer.network.endpoints import Endpoints, Listening
from common.errors import UsageError
from common.keys import new_keys
from common.links import parse_link

KEYS = new_keys()


@contextmanager
def bound(
    host: str = "127.0.0.1", advertise: str = "", control_host: str = "127.0.0.1", control_port: int = 0
) -> Iterator[Endpoints]:
    listening = Listening(host, 0, advertise=advertise, control_host=control_host, control_port=control_port)
    endpoints = Endpoints(listening, KEYS)
    try:
        yield endpoints
    finally:
        endpoints.close()


def test_broadcasts_have_a_thread_that_no_request_waits_for() -> None:
    with bound() as endpoints:
        requests, broadcasts = (int(one.getsockopt(zmq.AFFINITY)) for one in (endpoints.requests, endpoints.publisher))
        assert (requests, broadcasts) == (1, 2)
        assert endpoints.context.get(zmq.IO_THREADS) == 2


@pytest.mark.parametrize(
    ("advertise", "host", "port", "publish_port"),
    [
        ("", "127.0.0.1", None, None),
        ("house.example.org", "house.example.org", None, None),
        ("house.example.org:8766", "house.example.org", 8766, 8767),
        ("[2001:db8::5]:443:8443", "2001:db8::5", 443, 8443),
    ],
)
def test_a_link_names_what_was_advertised_else_where_the_house_listens(
    advertise: str, host: str, port: int | None, publish_port: int | None
) -> None:
    with bound(advertise=advertise) as endpoints:
        link = endpoints.link("code")
        assert parse_link(str(link)) == link
        assert (link.host, link.port) == (host, port or endpoints.port)
        assert link.publish_port == endpoints.reached_at.publish_port == (publish_port or endpoints.publish_port)


@pytest.mark.parametrize("host", ["0.0.0.0", "*", "::"])
def test_a_house_on_every_address_is_reached_at_one_of_them(host: str) -> None:
    with bound(host=host) as endpoints:
        link = endpoints.link("")
        assert link.host not in ("", host, "0.0.0.0", "::", "*")
        assert parse_link(str(link)) == link


@pytest.mark.parametrize(
    ("control_host", "advertise", "own_host", "place_host"),
    [
        ("127.0.0.1", "", "127.0.0.1", "127.0.0.1"),
        ("127.0.0.3", "", "127.0.0.3", "127.0.0.3"),
        ("127.0.0.1", "house.example.org", "127.0.0.1", "127.0.0.1"),
        ("0.0.0.0", "house.example.org:8766", "127.0.0.1", "house.example.org"),
        ("::1", "", "[::1]", "[::1]"),
    ],
)
def test_commands_come_to_an_address_of_their_own(
    control_host: str, advertise: str, own_host: str, place_host: str
) -> None:
    with bound(control_host=control_host, advertise=advertise) as endpoints:
        port = endpoints.control_port
        assert endpoints.control.getsockopt_string(zmq.LAST_ENDPOINT).endswith(f":{port}")
        assert endpoints.control_address == f"tcp://{own_host}:{port}"
        assert str(endpoints.control_place) == f"{place_host}:{port}"


def test_control_on_every_address_is_reached_at_one_of_them() -> None:
    with bound(control_host="0.0.0.0") as endpoints:
        assert endpoints.control_place.host not in ("", "0.0.0.0", "*")


def test_a_port_for_commands_that_is_taken_is_told_with_its_option() -> None:
    with (
        bound() as endpoints,
        pytest.raises(UsageError, match="another with --control-port"),
        bound(control_port=endpoints.control_port),
    ):
        pass
