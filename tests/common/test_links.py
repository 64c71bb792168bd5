import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import UsageError
from common.keys import new_keys
from common.limits import INVITE_CHARS_MAX
from common.links import PLACES_MAX, JoinLink, Place, parse_link

KEY = new_keys().public
CODE = "K7QM2XFA"


PORTS = st.integers(1, 65535)
HOSTS = st.sampled_from(["localhost", "127.0.0.1", "house.example.org", "::1", "fe80::1", "2001:db8::8a2e:370:7334"])


PLACES = st.lists(st.builds(Place, HOSTS, PORTS), min_size=1, max_size=PLACES_MAX)


@given(PLACES, PORTS, st.sampled_from([KEY, ""]), st.text(max_size=INVITE_CHARS_MAX), st.sampled_from(["", CODE]))
def test_a_link_there_and_back(places: list[Place], publish_port: int, key: str, invite: str, code: str) -> None:
    if any("\ud800" <= char <= "\udfff" for char in invite):
        return
    (host, port), *others = places
    link = JoinLink(host, port, publish_port, key, invite, tuple(others), code)
    assert link.places == tuple(places)
    assert parse_link(str(link)) == link
    assert parse_link(f"  {link}\n") == link
    assert str(link).isascii()


def test_what_a_link_looks_like() -> None:
    link = JoinLink("::1", 5000, 5001, "", "two words&more")
    assert str(link) == "auction://[::1]:5000/plain?publish=5001&invite=two+words%26more"
    assert (link.request_address, link.publish_address) == ("tcp://[::1]:5000", "tcp://[::1]:5001")
    named = JoinLink("example.org", 5000, 5001, KEY)
    assert (named.request_address, named.publish_address) == ("tcp://example.org:5000", "tcp://example.org:5001")
    assert "%" not in str(named)
    several = JoinLink("::1", 5000, 5001, KEY, others=(Place("h", 1), Place("127.0.0.1", 2)))
    assert str(several).startswith("auction://[::1]:5000,h:1,127.0.0.1:2/")


@pytest.mark.parametrize("more", ["&later=1", "&later", "&later=", "&", "&later=%ff", "&publish=7", "#later"])
def test_a_part_of_a_link_that_is_not_known_is_passed_over(more: str) -> None:
    link = JoinLink("house.example.org", 5000, 5001, KEY, "code")
    assert parse_link(f"{link}{more}") == link


@pytest.mark.parametrize("typed", [CODE, "k7qm-2xfa", "K7QM+2XFA"])
def test_a_link_for_one_person_has_the_code_of_a_paddle(typed: str) -> None:
    assert parse_link(f"auction://h:5000/plain?publish=5001&code={typed}").code == CODE
    with pytest.raises(UsageError):
        parse_link(f"auction://h:5000/plain?publish=5001&code={typed}2")


HEX = "00" * 32


@pytest.mark.parametrize(
    "text",
    [
        "",
        "house.example.org",
        "http://h:5000/plain?publish=5001",
        "auction://h:5000/plain",
        "auction://h:5000/plain?",
        "auction://h:5000/plain?publish=",
        "auction://h:5000/plain?publish=x",
        "auction://h:5000/plain?publish=0",
        "auction://h:5000/plain?publish=65536",
        "auction://h:5000/plain?publish=-1",
        "auction://h/plain?publish=5001",
        "auction://h:0/plain?publish=5001",
        "auction://h:65536/plain?publish=5001",
        "auction://h:x/plain?publish=5001",
        "auction://h:5000,/plain?publish=5001",
        "auction://h:5000,i/plain?publish=5001",
        "auction://h:5000,i:0/plain?publish=5001",
        "auction://h:5000,i:6000?x/plain?publish=5001",
        f"auction://{','.join(['h:5000'] * (PLACES_MAX + 1))}/plain?publish=5001",
        "auction://:5000/plain?publish=5001",
        "auction://[::1:5000/plain?publish=5001",
        "auction://h:5000/xyz?publish=5001",
        f"auction://h:5000/{HEX}00?publish=5001",
        f"auction://h:5000/{HEX[:-8]}?publish=5001",
        f"auction://h:5000/{HEX[:-1]}?publish=5001",
        f"auction://h:5000/plain?publish=5001&invite={'x' * (INVITE_CHARS_MAX + 1)}",
    ],
)
def test_what_is_not_a_link(text: str) -> None:
    with pytest.raises(UsageError, match="is not a join link"):
        parse_link(text)


@pytest.mark.parametrize("text", ["auction://h:5000/?publish=5001", "auction://h:5000?publish=5001"])
def test_a_link_that_lost_its_key_is_not_one_of_a_house_without_keys(text: str) -> None:
    with pytest.raises(UsageError, match="is not a join link"):
        parse_link(text)


@given(st.text(max_size=60).map(lambda text: f"auction://{text}") | st.text(max_size=60))
def test_any_text_is_a_link_or_refused(text: str) -> None:
    try:
        link = parse_link(text)
    except UsageError:
        return
    assert link.port > 0
