"""Whose page speaks, under which name, and from which address: what an attacker can and can't say."""

import pytest

from bidder.web.origins import Caller, Origins, header

PLAIN = Origins("http://192.0.2.7:8080/", ("laptop", "laptop.local"), "")
PROXIED = Origins("https://auction.example.org/", (), "127.0.0.1")


def headers(**values: str) -> list[tuple[bytes, bytes]]:
    return [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in values.items()]


@pytest.mark.parametrize(
    ("host", "origin", "is_own"),
    [
        ("192.0.2.7:8080", "http://192.0.2.7:8080", True),
        ("localhost:8080", "http://localhost:8080", True),
        ("laptop.local:8080", "http://laptop.local:8080", True),
        ("LAPTOP:8080", "http://laptop:8080", True),
        ("[::1]:8080", "http://[::1]:8080", True),
        ("192.0.2.7:8080", "http://192.0.2.7", False),
        ("192.0.2.7:8080", "https://192.0.2.7:8080", False),
        ("192.0.2.7:8080", "http://192.0.2.7:8081", False),
        ("192.0.2.7:8080", "http://evil.example", False),
        ("192.0.2.7:8080", "http://192.0.2.7:8080.evil.example", False),
        ("192.0.2.7:8080", "null", False),
        ("192.0.2.7:8080", "", False),
        ("192.0.2.7:8080", "http://[", False),
        ("evil.example:8080", "http://evil.example:8080", False),
        ("", "http://", False),
    ],
)
def test_only_a_page_of_this_gateway_is_its_own(host: str, origin: str, *, is_own: bool) -> None:
    assert PLAIN.is_own_page(headers(host=host, origin=origin), "http") is is_own


def test_a_page_under_the_public_address_is_its_own_whatever_host_the_proxy_sends() -> None:
    assert PROXIED.is_own_page(headers(host="127.0.0.1:8080", origin="https://auction.example.org"), "https")
    assert PROXIED.is_own_page(headers(host="auction.example.org", origin="https://auction.example.org"), "https")
    assert not PROXIED.is_own_page(headers(host="auction.example.org", origin="http://auction.example.org"), "https")


@pytest.mark.parametrize(
    ("host", "is_known"),
    [("10.0.0.1:80", True), ("laptop.", True), ("evil.example", False), ("", False), ("[bad", False)],
)
def test_a_name_that_is_not_ours_is_unknown(host: str, *, is_known: bool) -> None:
    assert PLAIN.is_known_host(headers(host=host)) is is_known


def test_without_a_proxy_nobody_chooses_its_own_address() -> None:
    forged = headers(x_forwarded_for="203.0.113.9", x_forwarded_proto="https")
    assert PLAIN.caller(forged, "192.0.2.50", "http") == Caller("192.0.2.50", "http")
    assert PROXIED.caller(forged, "192.0.2.50", "http") == Caller("192.0.2.50", "http")


def test_the_trusted_proxys_last_hop_counts() -> None:
    forwarded = headers(x_forwarded_for="198.51.100.1, 203.0.113.9", x_forwarded_proto="https")
    assert PROXIED.caller(forwarded, "127.0.0.1", "http") == Caller("203.0.113.9", "https")


def test_a_proxy_that_says_nothing_useful_counts_itself() -> None:
    assert PROXIED.caller([], "127.0.0.1", "http") == Caller("127.0.0.1", "http")
    odd = headers(x_forwarded_for="unknown", x_forwarded_proto="gopher")
    assert PROXIED.caller(odd, "127.0.0.1", "http") == Caller("127.0.0.1", "http")


def test_of_two_headers_the_last_counts() -> None:
    assert header([(b"X-Forwarded-For", b"1.1.1.1"), (b"x-forwarded-for", b"2.2.2.2")], b"x-forwarded-for") == "2.2.2.2"
    assert header([], b"host") == ""
