"""Whose pictures are shown: those beside the catalogue, and those of named hosts, written in whatever way."""

import pytest

from bidder.web.limits import PICTURE_HOSTS_MAX
from bidder.web.pictures import OWN_PICTURES, Pictures
from common.errors import UsageError


@pytest.mark.parametrize(
    ("image", "alone", "named"),
    [
        ("", None, None),
        ("clock.jpg", "/images/clock.jpg", "/images/clock.jpg"),
        ("more/a clock?.jpg", "/images/more/a%20clock%3F.jpg", "/images/more/a%20clock%3F.jpg"),
        ("https://a.example/x.jpg", None, "https://a.example/x.jpg"),
        ("HTTP://A.example/x.jpg", None, "HTTP://A.example/x.jpg"),
        ("https://a.example:8080/x.jpg", None, None),
        ("http://b.example:8080/x.jpg", None, "http://b.example:8080/x.jpg"),
        ("https://c.a.example/x.jpg", None, None),
        ("https://a.example@c.example/x.jpg", None, None),
        ("https://a.example;script-src */x.jpg", None, None),
        ("https://[::1/x.jpg", None, None),
        ("ftp://a.example/x.jpg", None, None),
        ("javascript:alert(1)", None, None),
        ("data:image/png;base64,AAAA", None, None),
    ],
)
def test_a_picture_is_beside_the_catalogue_or_of_a_named_host(image: str, alone: str | None, named: str | None) -> None:
    assert OWN_PICTURES.address(image) == alone
    pictures = Pictures(["A.example", "b.example:8080"])
    assert pictures.address(image) == named
    assert pictures.within({"image": image, "lot": "1"})["image"] == (image if named else "")


def test_a_policy_names_those_hosts_and_no_others() -> None:
    assert OWN_PICTURES.policy == ""
    assert Pictures(["a.example"]).policy == "http://a.example https://a.example"
    assert Pictures(["a.example"]).left_out(["x.jpg", "https://a.example/x", "https://b.example/x"]) == ["b.example"]


@pytest.mark.parametrize(
    "host", ["", "*", "https://a.example", "a.example/x", "a.example; script-src *", "a b", "ä.example"]
)
def test_what_is_no_host_is_refused(host: str) -> None:
    with pytest.raises(UsageError, match="host of pictures"):
        Pictures([host])


def test_so_many_hosts_and_no_more() -> None:
    hosts = [f"{number}.example" for number in range(PICTURE_HOSTS_MAX + 1)]
    assert len(Pictures(hosts[:-1]).hosts) == PICTURE_HOSTS_MAX
    with pytest.raises(UsageError, match=str(PICTURE_HOSTS_MAX)):
        Pictures(hosts)
