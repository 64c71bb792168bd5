"""Guests on the disk: private, whole, found again by cookie and by attempt, and no secret of a browser in the file."""

import resource
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from bidder.web.guests import (
    TOKEN_CHARS_MAX,
    TOKEN_CHARS_MIN,
    Guest,
    GuestStore,
    digest_of,
    gateway_folder,
    is_valid_token,
)
from common.errors import StorageError, UsageError
from common.keys import new_keys
from common.links import JoinLink

COOKIE, ATTEMPT = "a-cookie-that-nobody-guesses", "anattemptthatnobodyguesses"
GUEST = Guest("abc", "Ada", new_keys(), digest_of(COOKIE), digest_of(ATTEMPT), 1000, invite="x")


@contextmanager
def file_of(path: Path) -> Iterator[GuestStore]:
    store = GuestStore.open(path)
    yield store
    store.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "gateway" / "guests.sqlite"


@pytest.fixture
def store(path: Path) -> Iterator[GuestStore]:
    with file_of(path) as store:
        yield store


def test_a_guest_is_found_again_by_another_process_by_cookie_and_attempt(store: GuestStore, path: Path) -> None:
    store.write([GUEST])
    store.know(GUEST)
    with file_of(path) as read_again:
        for found in (store, read_again):
            assert found.by_cookie(COOKIE) == found.by_attempt(ATTEMPT) == found.by_id("abc") == GUEST
            assert list(found) == [GUEST]
            assert len(found) == 1


def test_guests_who_come_together_are_written_together_in_their_order(store: GuestStore, path: Path) -> None:
    guests = [replace(GUEST, id=f"{number}", cookie_digest=f"{number}") for number in (3, 1, 2)]
    renamed = replace(guests[1], name="Agnes")
    store.write([*guests, renamed])
    with file_of(path) as read_again:
        assert list(read_again) == [guests[0], renamed, guests[2]]


def test_nothing_finds_nobody(store: GuestStore) -> None:
    store.know(replace(GUEST, attempt_digest=""))
    for nothing in ("", "another", digest_of(COOKIE)):
        assert store.by_cookie(nothing) is None
        assert store.by_attempt(nothing) is None
    assert store.by_id("") is None


def test_files_are_private_and_hold_no_secret_of_a_browser(store: GuestStore, path: Path) -> None:
    store.write([GUEST])
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    for file in path.parent.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
        content = file.read_bytes()
        assert COOKIE.encode() not in content
        assert ATTEMPT.encode() not in content


def test_a_new_cookie_ends_the_old_one(store: GuestStore, path: Path) -> None:
    moved = replace(GUEST, cookie_digest=digest_of("new"), attempt_digest="")
    for guest in (GUEST, moved):
        store.write([guest])
        store.know(guest)
    with file_of(path) as read_again:
        for found in (store, read_again):
            assert found.by_cookie(COOKIE) is None
            assert found.by_attempt(ATTEMPT) is None
            assert found.by_cookie("new") == moved


def test_a_guest_that_is_removed_is_gone_for_good(store: GuestStore, path: Path) -> None:
    store.write([GUEST])
    store.know(GUEST)
    store.forget(GUEST)
    store.delete(GUEST)
    store.delete(GUEST)
    with file_of(path) as read_again:
        for found in (store, read_again):
            assert found.by_cookie(COOKIE) is None
            assert not list(found)


@pytest.mark.parametrize("content", [b"{" * 600, b"SQLite format 3"])
def test_a_file_that_has_no_guests_is_named(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(UsageError, match=r"guests\.sqlite"):
        GuestStore.open(path)


def test_a_row_that_is_no_guest_is_named_with_its_file(path: Path) -> None:
    GuestStore.open(path).close()
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("INSERT INTO guest VALUES ('x', '{}')")
    with pytest.raises(UsageError, match=r"guests\.sqlite"):
        GuestStore.open(path)


def test_a_full_disk_says_so_and_takes_the_next_guest_when_it_has_room(store: GuestStore, path: Path) -> None:
    most, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, hard))
    try:
        with pytest.raises(StorageError, match="disk"):
            store.write([GUEST])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
    store.write([GUEST])
    with file_of(path) as read_again:
        assert list(read_again) == [GUEST]


def test_each_house_has_a_folder_of_its_own(tmp_path: Path) -> None:
    links = [JoinLink("h", 1, 2, keys.public) for keys in (new_keys(), new_keys())]
    folders = {gateway_folder(tmp_path, link) for link in [*links, JoinLink("h", 1, 2, "")]}
    assert len(folders) == 3


@pytest.mark.parametrize(
    ("token", "is_valid"),
    [
        ("a" * TOKEN_CHARS_MIN, True),
        ("a" * (TOKEN_CHARS_MIN - 1), False),
        ("a" * TOKEN_CHARS_MAX, True),
        ("a" * (TOKEN_CHARS_MAX + 1), False),
        ("../" + "a" * 30, False),
        ("é" * 30, False),
    ],
)
def test_a_token_is_long_and_plain(token: str, *, is_valid: bool) -> None:
    assert is_valid_token(token) is is_valid
