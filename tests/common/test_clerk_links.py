"""A clerk's link as text."""

import pytest

from common.clerk_links import ClerkLink, console_address, parse_clerk_link
from common.errors import UsageError
from common.keys import new_keys

HOUSE, LINK = new_keys(), new_keys()


@pytest.mark.parametrize("host", ["192.168.1.5", "house.example.org", "::1", "fe80::1"])
def test_a_link_is_read_back(host: str) -> None:
    link = ClerkLink(host, 7768, HOUSE.public, "ada", LINK.secret)
    assert parse_clerk_link(f" {link}\n") == link
    assert link.keys == LINK
    assert str(link).startswith("auctioneer://")
    assert not set(str(link)) & set(" '\"<>")


def test_a_link_has_all_that_a_clerk_needs_and_no_more() -> None:
    link = str(ClerkLink("127.0.0.1", 7768, HOUSE.public, "ada", LINK.secret))
    assert parse_clerk_link(link).address == "tcp://127.0.0.1:7768"
    assert HOUSE.secret not in link


GOOD = str(ClerkLink("127.0.0.1", 7768, HOUSE.public, "ada", LINK.secret))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ada",
        GOOD.replace("auctioneer:", "auction:"),
        GOOD.replace(":7768", ""),
        GOOD.replace(":7768", ":0"),
        GOOD.replace(":7768", ":70000"),
        GOOD.replace("127.0.0.1", ""),
        GOOD.replace("clerk=ada", "clerk=Ada"),
        GOOD.replace("clerk=ada", "clerk=auctioneer"),
        GOOD.replace("clerk=ada&", ""),
        GOOD[:-1],
        GOOD[:-2],
        GOOD + "00",
        GOOD.partition("&secret")[0],
        GOOD.replace("?", "00?"),
    ],
)
def test_what_is_no_link_is_told(text: str) -> None:
    with pytest.raises(UsageError, match="not a clerk's link"):
        parse_clerk_link(text)


@pytest.mark.parametrize("url", ["http://192.168.1.5:8080", "http://192.168.1.5:8080/", "https://auction.example.org"])
def test_a_console_is_opened_by_a_link_in_the_fragment(url: str) -> None:
    address = console_address(url, parse_clerk_link(GOOD))
    page, _, link = address.partition("#")
    assert page == f"{url.rstrip('/')}/console"
    assert link == GOOD


@pytest.mark.parametrize(
    "url", ["", "192.168.1.5:8080", "ftp://house", "http://", "http://house/?a=b", "http://house/#x"]
)
def test_a_console_has_a_web_address(url: str) -> None:
    with pytest.raises(UsageError, match="not the address of a gateway"):
        console_address(url, parse_clerk_link(GOOD))
