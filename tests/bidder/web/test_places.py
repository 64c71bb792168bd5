"""Where a gateway listens, and the address that it prints."""

import pytest

from bidder.web.places import PORT_MAX, Place, own_names, parse_address, parse_place, parse_public_url, url_of
from common.errors import UsageError
from common.own_address import own_address


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("0.0.0.0:8080", Place("0.0.0.0", 8080)),
        ("[::]:0", Place("::", 0)),
        (f"laptop.local:{PORT_MAX}", Place("laptop.local", PORT_MAX)),
    ],
)
def test_a_place_is_a_host_and_a_port(text: str, place: Place) -> None:
    assert parse_place(text) == place


@pytest.mark.parametrize(
    "text", ["", "8080", "host", "host:", f"host:{PORT_MAX + 1}", "::1:80", "http://host:80", "a b:1"]
)
def test_anything_else_is_no_place(text: str) -> None:
    with pytest.raises(UsageError, match="HOST:PORT"):
        parse_place(text)


@pytest.mark.parametrize(
    ("place", "is_tls", "url"),
    [
        (Place("192.0.2.7", 8080), False, "http://192.0.2.7:8080/"),
        (Place("192.0.2.7", 80), False, "http://192.0.2.7/"),
        (Place("192.0.2.7", 80), True, "https://192.0.2.7:80/"),
        (Place("a.example", 443), True, "https://a.example/"),
        (Place("::1", 8080), False, "http://[::1]:8080/"),
        (Place("0.0.0.0", 8080), False, f"http://{own_address()}:8080/"),
    ],
)
def test_phones_open_the_address_of_the_place(place: Place, url: str, *, is_tls: bool) -> None:
    assert url_of(place, is_tls=is_tls) == url


@pytest.mark.parametrize(
    ("text", "url"),
    [("https://a.example", "https://a.example/"), ("http://a.example:8080/", "http://a.example:8080/")],
)
def test_a_public_address_ends_with_a_slash(text: str, url: str) -> None:
    assert parse_public_url(text) == url


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a.example",
        "ftp://a.example",
        "https://",
        "https://a.example/x",
        "https://u@a.example",
        "http://a:b",
        "http://[",
        "https://a?x",
    ],
)
def test_anything_else_is_no_public_address(text: str) -> None:
    with pytest.raises(UsageError, match="address of a gateway"):
        parse_public_url(text)


def test_a_proxy_is_named_by_its_number() -> None:
    assert parse_address("") == ""
    assert parse_address("0:0::1") == "::1"
    with pytest.raises(UsageError, match="numeric"):
        parse_address("proxy.local")


def test_this_machine_has_names() -> None:
    assert all(own_names())
