"""Where a house listens and is reached: what is taken, and that every link that comes of it is one that is read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auctioneer.network.addresses import (
    PORT_MAX,
    Advertised,
    checked_host,
    is_every_address,
    is_loopback,
    parse_advertised,
)
from common.errors import UsageError
from common.keys import new_keys
from common.links import JoinLink, parse_link

KEY = new_keys().public
PORTS = st.integers(1, PORT_MAX)
NAMES = st.from_regex(r"[A-Za-z0-9_-]{1,20}(\.[A-Za-z0-9_-]{1,20}){0,3}\.?", fullmatch=True)
HOSTS = NAMES | st.ip_addresses(v=4).map(str) | st.ip_addresses(v=6).map(lambda one: f"[{one}]")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("house.example.org", ("house.example.org", None, None)),
        ("House.Example.ORG", ("house.example.org", None, None)),
        ("house:8766", ("house", 8766, 8767)),
        ("192.0.2.7:8766:443", ("192.0.2.7", 8766, 443)),
        ("auction_house:1:2", ("auction_house", 1, 2)),
        ("[::1]", ("::1", None, None)),
        ("[2001:DB8:0::5]:8766", ("2001:db8::5", 8766, 8767)),
        ("[2001:db8::5]:8766:9000", ("2001:db8::5", 8766, 9000)),
        ("house:65534", ("house", 65534, 65535)),
    ],
)
def test_what_can_be_advertised(text: str, said: tuple[str, int | None, int | None]) -> None:
    assert parse_advertised(text) == said


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "not an address"),
        ("two words", "not an address"),
        ("http://house", "not an address"),
        ("house:", "not an address"),
        ("house:x", "not an address"),
        ("house:1:2:3", "not an address"),
        ("house/path", "not an address"),
        ("hou?se", "not an address"),
        ("a..b", "not an address"),
        ("-house", "not an address"),
        ("münchen.example", "not an address"),
        ("house\n", "not an address"),
        ("::1", "brackets"),
        ("2001:db8::5", "brackets"),
        ("[::1", "not an address"),
        ("[house]", "not an address"),
        ("[192.0.2.7]", "not an address"),
        ("[fe80::1%eth0]", "not an address"),
        ("300.1.1.1", "not an address"),
        ("1.2.3", "not an address"),
        ("0.0.0.0:80", "every address"),
        ("[::]", "every address"),
        ("house:0", "port 0"),
        ("house:65536", "port 65536"),
        ("house:65535", "port 65536"),
        ("house:80:0", "port 0"),
        ("house:80:80", "a port each"),
    ],
)
def test_what_nobody_could_reach_is_refused(text: str, fault: str) -> None:
    with pytest.raises(UsageError, match=fault):
        parse_advertised(text)


@given(HOSTS, st.none() | PORTS, st.none() | PORTS)
def test_every_link_that_comes_of_an_address_is_read_back(
    host: str, port: int | None, publish_port: int | None
) -> None:
    text = host if port is None else f"{host}:{port}" + ("" if publish_port is None else f":{publish_port}")
    try:
        advertised = parse_advertised(text)
    except UsageError:
        return
    link = JoinLink(advertised.host, advertised.port or 7766, advertised.publish_port or 7767, KEY, "code")
    assert parse_link(str(link)) == link


@given(HOSTS)
def test_every_link_to_where_a_house_listens_is_read_back(text: str) -> None:
    try:
        host = checked_host(text)
    except UsageError:
        return
    link = JoinLink(host, 7766, 7767, KEY)
    assert parse_link(str(link)) == link


@given(st.text(max_size=40))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    try:
        said: Advertised | str = parse_advertised(text)
    except UsageError as error:
        said = str(error)
    assert said


@pytest.mark.parametrize(
    ("text", "host"),
    [("0.0.0.0", "0.0.0.0"), ("*", "*"), ("::", "::"), ("[::1]", "::1"), ("LOCALHOST", "localhost"), ("eth0", "eth0")],
)
def test_where_a_house_can_listen(text: str, host: str) -> None:
    assert checked_host(text) == host


@pytest.mark.parametrize("text", ["", "a b", "1.2.3.4:80", "tcp://*", "fe80::1%eth0"])
def test_where_no_house_can_listen(text: str) -> None:
    with pytest.raises(UsageError, match="neither an address nor the name"):
        checked_host(text)


def test_every_spelling_of_all_addresses_is_known_and_this_machine_too() -> None:
    assert all(map(is_every_address, ("*", "0.0.0.0", "::", "0:0:0:0:0:0:0:0")))
    assert not any(map(is_every_address, ("127.0.0.1", "::1", "house")))
    assert all(map(is_loopback, ("127.0.0.1", "::1", "localhost", "127.9.9.9")))
    assert not any(map(is_loopback, ("0.0.0.0", "house", "192.0.2.7")))
