"""Guests on the disk: private, whole, found again by cookie and by attempt, and no secret of a browser in a file."""

import stat
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


def test_a_guest_is_found_again_by_another_process_by_cookie_and_attempt(tmp_path: Path) -> None:
    store = GuestStore.open(tmp_path / "guests")
    store.write(GUEST)
    store.know(GUEST)
    for found in (store, GuestStore.open(tmp_path / "guests")):
        assert found.by_cookie(COOKIE) == found.by_attempt(ATTEMPT) == found.by_id("abc") == GUEST
        assert list(found) == [GUEST]
        assert len(found) == 1


def test_nothing_finds_nobody(tmp_path: Path) -> None:
    store = GuestStore.open(tmp_path)
    store.know(replace(GUEST, attempt_digest=""))
    for nothing in ("", "another", digest_of(COOKIE)):
        assert store.by_cookie(nothing) is None
        assert store.by_attempt(nothing) is None
    assert store.by_id("") is None


def test_files_are_private_and_hold_no_secret_of_a_browser(tmp_path: Path) -> None:
    store = GuestStore.open(tmp_path / "guests")
    store.write(GUEST)
    (path,) = (tmp_path / "guests").iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    text = path.read_text()
    assert COOKIE not in text
    assert ATTEMPT not in text


def test_a_new_cookie_ends_the_old_one(tmp_path: Path) -> None:
    store = GuestStore.open(tmp_path)
    moved = replace(GUEST, cookie_digest=digest_of("new"), attempt_digest="")
    for guest in (GUEST, moved):
        store.write(guest)
        store.know(guest)
    for found in (store, GuestStore.open(tmp_path)):
        assert found.by_cookie(COOKIE) is None
        assert found.by_attempt(ATTEMPT) is None
        assert found.by_cookie("new") == moved


def test_a_guest_that_is_removed_is_gone_for_good(tmp_path: Path) -> None:
    store = GuestStore.open(tmp_path)
    store.write(GUEST)
    store.know(GUEST)
    store.forget(GUEST)
    store.unlink(GUEST)
    store.unlink(GUEST)
    for found in (store, GuestStore.open(tmp_path)):
        assert found.by_cookie(COOKIE) is None
        assert not list(found)


def test_a_file_that_is_no_guest_is_named(tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(UsageError, match=r"bad\.json"):
        GuestStore.open(tmp_path)


def test_a_disk_that_refuses_says_so(tmp_path: Path) -> None:
    store = GuestStore.open(tmp_path / "guests")
    (tmp_path / "guests").rmdir()
    with pytest.raises(StorageError):
        store.write(GUEST)


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
