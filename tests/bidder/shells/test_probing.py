"""The way to a real house, and to what only looks like one, measured on real sockets."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from bidder.core.diagnosis import Handshake, Probe, Tcp
from bidder.shells import probing
from bidder.shells.probing import PINGS, Who, probe
from common.errors import RejectCode
from common.keys import KeyPair, new_keys
from common.links import JoinLink, Place, parse_link
from common.messages import Welcome
from tests.house_process import HouseProcess, RawBidder, running_house

PATIENCE_MS = 60_000
BRIEF_MS = 300


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HouseProcess]:
    with running_house(tmp_path_factory.mktemp("house")) as house:
        yield house


def look(
    link: JoinLink, keys: KeyPair | None = None, *, is_named: bool = False, timeout_ms: int = PATIENCE_MS
) -> Probe:
    return probe(link, Who(keys or new_keys(), is_named), timeout_ms)


def closed_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as one:
        return int(one.getsockname()[1])


def test_an_onlooker_is_let_in_hears_the_house_and_is_not_enrolled(house: HouseProcess) -> None:
    link = parse_link(house.link)
    found = look(link)
    (way,) = found.ways
    assert (way.port, way.publish_port) == (link.port, link.publish_port)
    assert (way.requests, way.broadcasts) == (Tcp.OPEN, Tcp.OPEN)
    assert (found.handshake, found.is_answered, found.refused, found.is_heard) == (Handshake.DONE, True, None, True)
    assert len(found.round_trips_ms) == PINGS + 2
    assert found.offset_ms is not None
    assert abs(found.offset_ms) < PATIENCE_MS
    assert "[]" in house.auctioneer("bidders", "--json").stdout


def test_a_name_is_asked_for_without_being_enrolled(house: HouseProcess) -> None:
    link, keys = parse_link(house.link), new_keys()
    unknown = look(link, keys, is_named=True)
    assert (unknown.refused, unknown.is_heard, unknown.offset_ms) == (RejectCode.HELLO_FIRST, None, None)
    raw = RawBidder(house.link, "Ada", keys)
    try:
        assert isinstance(raw.hello(), Welcome)
    finally:
        raw.close()
    known = look(link, keys, is_named=True)
    assert (known.refused, known.is_heard) == (None, True)
    assert known.offset_ms is not None


def test_each_port_is_tried_by_itself(house: HouseProcess) -> None:
    link, closed = parse_link(house.link), closed_port()
    no_sight = look(replace(link, publish_port=closed))
    assert (no_sight.ways[0].requests, no_sight.ways[0].broadcasts) == (Tcp.OPEN, Tcp.REFUSED)
    assert no_sight.refused is None
    no_bids = look(replace(link, port=closed))
    assert (no_bids.ways[0].requests, no_bids.ways[0].broadcasts) == (Tcp.REFUSED, Tcp.OPEN)
    assert no_bids.handshake is Handshake.NOT_TRIED


def test_the_place_of_a_link_that_is_open_is_used(house: HouseProcess) -> None:
    link = parse_link(house.link)
    found = look(replace(link, port=closed_port(), others=(Place("127.0.0.1", link.port),)))
    assert [way.requests for way in found.ways] == [Tcp.REFUSED, Tcp.OPEN]
    assert found.is_answered


def test_another_house_than_the_links_is_found_out(house: HouseProcess) -> None:
    assert look(replace(parse_link(house.link), server_key=new_keys().public)).handshake is Handshake.WRONG_HOUSE
    assert look(replace(parse_link(house.link), server_key="")).handshake is Handshake.WRONG_HOUSE


def test_what_listens_and_says_nothing_is_silent() -> None:
    with ExitStack() as resources:
        ports = [resources.enter_context(closing(socket.create_server(("127.0.0.1", 0)))) for _ in range(2)]
        port, publish_port = (int(one.getsockname()[1]) for one in ports)
        found = look(JoinLink("127.0.0.1", port, publish_port, new_keys().public), timeout_ms=BRIEF_MS)
    assert (found.ways[0].requests, found.handshake) == (Tcp.OPEN, Handshake.SILENT)


def test_a_port_that_drops_connections_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """A full backlog drops what comes, as a firewall does."""
    monkeypatch.setattr(probing, "CONNECT_S", BRIEF_MS / 1000)
    with ExitStack() as resources:
        full = resources.enter_context(closing(socket.create_server(("127.0.0.1", 0), backlog=0)))
        address = full.getsockname()
        for _ in range(8):
            one = resources.enter_context(closing(socket.socket()))
            one.setblocking(False)
            one.connect_ex(address)
        found = look(JoinLink("127.0.0.1", address[1], closed_port(), new_keys().public))
    assert found.ways[0].requests is Tcp.SILENT


def test_a_name_that_nobody_knows_is_told() -> None:
    found = look(JoinLink("no-such-house.invalid", 1, 2, new_keys().public))
    assert found.ways == ()
    assert found.host == "no-such-house.invalid"
    assert found.lookup_error


def test_a_key_without_the_invite_code_is_refused_and_hears_nothing(tmp_path: Path) -> None:
    with running_house(tmp_path, "--admit", "invite") as house:
        link = parse_link(house.link)
        refused = look(replace(link, invite=""))
        assert (refused.refused, refused.is_heard, refused.is_answered) == (RejectCode.WRONG_INVITE, None, True)
        assert look(link).is_heard is True
