"""The house's sockets, as they are bound, and where others are told to come to."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import zmq

from auctioneer.network.endpoints import Endpoints, Listening
from common.keys import new_keys
from common.links import parse_link

KEYS = new_keys()


@contextmanager
def bound(host: str = "127.0.0.1", advertise: str = "") -> Iterator[Endpoints]:
    endpoints = Endpoints(Listening(host, 0, advertise=advertise), KEYS)
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
