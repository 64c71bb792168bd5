import os
import stat
from pathlib import Path

import pytest

from common.errors import UsageError
from common.files import write_whole
from common.keys import KeyPair, load_or_make_keys, new_keys
from common.limits import KEY_CHARS

KEY = new_keys().public


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


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
