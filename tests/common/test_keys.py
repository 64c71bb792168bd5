import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import UsageError
from common.files import can_lock, write_whole
from common.keys import (
    HOUSE_LOCK,
    PLACES_MAX,
    JoinLink,
    KeyPair,
    LocalHouse,
    Place,
    find_local_houses,
    load_or_make_keys,
    new_keys,
    parse_link,
    publish_local_house,
    withdraw_local_house,
)
from common.limits import INVITE_CHARS_MAX, KEY_CHARS

KEY = new_keys().public


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# --- key files -----------------------------------------------------------------------------------------------------


def test_keys_are_made_once_and_only_their_owner_may_read_them(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "er" / "keys.json"
    keys = load_or_make_keys(path)
    assert len(keys.public) == len(keys.secret) == KEY_CHARS
    assert mode_of(path) == 0o600
    assert mode_of(path.parent) == 0o700
    assert load_or_make_keys(path) == keys
    assert list(path.parent.iterdir()) == [path]


def test_the_mode_does_not_depend_on_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        load_or_make_keys(tmp_path / "keys.json")
        write_whole(tmp_path / "other", b"x")
    finally:
        os.umask(before)
    assert mode_of(tmp_path / "keys.json") == mode_of(tmp_path / "other") == 0o600


def test_keys_differ_and_hide_their_secret_when_shown() -> None:
    one, other = new_keys(), new_keys()
    assert one != other
    assert one.secret not in repr(one)
    assert one.public in repr(one)


@pytest.mark.parametrize(
    "content",
    ["", "{}", "[]", "null", "not json", '{"public": "a", "secret": "b"}', '{"public": 1, "secret": 2}'],
)
def test_a_file_that_is_not_a_key_file_is_left_alone(tmp_path: Path, content: str) -> None:
    path = tmp_path / "keys.json"
    path.write_text(content)
    with pytest.raises(UsageError, match="is not a key file"):
        load_or_make_keys(path)
    assert path.read_text() == content


def test_a_file_of_bytes_is_not_a_key_file(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="is not a key file"):
        load_or_make_keys(path)


def test_a_public_key_that_is_not_the_secrets_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    mixed = KeyPair(new_keys().public, new_keys().secret)
    path.write_text(f'{{"public": "{mixed.public}", "secret": "{mixed.secret}"}}')
    with pytest.raises(UsageError, match="is not a key file"):
        load_or_make_keys(path)


def test_a_place_that_can_not_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="can't be read"):
        load_or_make_keys(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="can't be"):
        load_or_make_keys(tmp_path / "file" / "keys.json")


# --- links ---------------------------------------------------------------------------------------------------------

PORTS = st.integers(1, 65535)
HOSTS = st.sampled_from(["localhost", "127.0.0.1", "house.example.org", "::1", "fe80::1", "2001:db8::8a2e:370:7334"])


PLACES = st.lists(st.builds(Place, HOSTS, PORTS), min_size=1, max_size=PLACES_MAX)


@given(PLACES, PORTS, st.sampled_from([KEY, ""]), st.text(max_size=INVITE_CHARS_MAX))
def test_a_link_there_and_back(places: list[Place], publish_port: int, key: str, invite: str) -> None:
    if any("\ud800" <= char <= "\udfff" for char in invite):
        return
    (host, port), *others = places
    link = JoinLink(host, port, publish_port, key, invite, tuple(others))
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


# --- houses on this machine ----------------------------------------------------------------------------------------


@contextmanager
def held(data: Path) -> Iterator[LocalHouse]:
    """Hold a data directory as a house does; yield what it says of itself."""
    data.mkdir(exist_ok=True)
    handle = os.open(data / HOUSE_LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    assert can_lock(handle, fcntl.LOCK_EX)
    try:
        yield LocalHouse(title="Sale", link="auction://h:1/plain?publish=2", data=str(data))
    finally:
        os.close(handle)


def test_a_house_is_found_while_its_directory_is_held_and_its_file_removed_after(tmp_path: Path) -> None:
    folder = tmp_path / "houses"
    assert find_local_houses(folder) == []
    with held(tmp_path / "one") as one, held(tmp_path / "two") as two:
        publish_local_house(folder, one)
        (path,) = folder.iterdir()
        assert (mode_of(folder), mode_of(path)) == (0o700, 0o600)
        publish_local_house(folder, two)
        (folder / "broken.json").write_text("{")
        (folder / "bytes.json").write_bytes(b"\xff")
        (folder / "nowhere.json").write_text('{"title": "", "link": "", "data": "\\u0000"}')
        assert sorted(find_local_houses(folder), key=lambda house: house.data) == [one, two]
        assert len(list(folder.iterdir())) == 2, "what is no listing is removed"
    with held(tmp_path / "two"):
        assert find_local_houses(folder) == [two], "this process lives, and so did one that had its number"
    assert find_local_houses(folder) == []
    assert list(folder.iterdir()) == []


def test_a_house_that_is_started_again_on_its_directory_is_one(tmp_path: Path) -> None:
    """Killed with its container, and started in another: it has another process, or the same number 1."""
    folder = tmp_path / "houses"
    with held(tmp_path / "data") as house:
        publish_local_house(folder, house)
        again = LocalHouse("Sale", "auction://h:3/plain?publish=4", house.data)
        publish_local_house(folder, again)
        assert find_local_houses(folder) == [again]


def test_a_house_whose_directory_can_not_be_seen_from_here_is_left_alone(tmp_path: Path) -> None:
    """A container that shares the home has its data elsewhere; within it, the house is found."""
    publish_local_house(tmp_path / "houses", LocalHouse("Sale", "auction://h:1/plain?publish=2", "/not/mounted/here"))
    assert find_local_houses(tmp_path / "houses") == []
    assert len(list((tmp_path / "houses").iterdir())) == 1
    withdraw_local_house(tmp_path / "houses", "/not/mounted/here")
    assert list((tmp_path / "houses").iterdir()) == []


def test_a_house_is_withdrawn_where_nothing_can_be_written_without_a_fault(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    withdraw_local_house(tmp_path / "file" / "houses", "/data")
    with pytest.raises(UsageError, match="can't be made"):
        publish_local_house(tmp_path / "file" / "houses", LocalHouse("Sale", "", "/data"))


def test_several_at_once_make_one_pair(tmp_path: Path) -> None:
    """Processes of one user start together: fork, since the file's temporary name is the process's."""
    path = tmp_path / "keys.json"
    children = []
    for _ in range(4):
        child = os.fork()
        if child == 0:
            load_or_make_keys(path)
            os._exit(0)
        children.append(child)
    statuses = [os.waitpid(child, 0)[1] for child in children]
    assert statuses == [0] * 4
    assert list(tmp_path.iterdir()) == [path]
    assert load_or_make_keys(path) == load_or_make_keys(path)
