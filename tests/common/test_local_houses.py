import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from common.errors import UsageError
from common.files import can_lock
from common.local_houses import HOUSE_LOCK, LocalHouse, find_local_houses, publish_local_house, withdraw_local_house


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
        assert [stat.S_IMODE(one.stat().st_mode) for one in (folder, path)] == [0o700, 0o600]
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
