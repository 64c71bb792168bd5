"""The bidder's home: the last request id beside the key."""

from pathlib import Path

import pytest

from bidder.shells.home import LastId, bidder_keys
from common.limits import INTEGER_MAX


def test_the_last_id_stands_beside_the_key_and_only_rises(tmp_path: Path) -> None:
    bidder_keys(tmp_path, "Ada")
    last_id = LastId(tmp_path, "A da")
    assert last_id.read() == 0
    for request_id in (5, 1_800_000_000_000_000, 7):
        last_id.keep(request_id)
    assert LastId(tmp_path, "ada").read() == 1_800_000_000_000_000
    assert sorted(path.name for path in (tmp_path / "keys").iterdir()) == ["ada.json", "ada.last-id"]
    assert (tmp_path / "keys" / "ada.last-id").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\xff\xfe", b"-5", b"9" * 5000, "٣".encode()])
def test_what_is_no_id_counts_as_none(tmp_path: Path, content: bytes) -> None:
    bidder_keys(tmp_path, "Ada")
    (tmp_path / "keys" / "ada.last-id").write_bytes(content)
    last_id = LastId(tmp_path, "Ada")
    assert last_id.read() == 0
    last_id.keep(7)
    assert last_id.read() == 7


def test_the_largest_id_is_kept_whole(tmp_path: Path) -> None:
    bidder_keys(tmp_path, "Ada")
    LastId(tmp_path, "Ada").keep(INTEGER_MAX)
    assert LastId(tmp_path, "Ada").read() == INTEGER_MAX


def test_where_no_id_can_be_kept_nobody_is_kept_from_bidding(tmp_path: Path) -> None:
    nowhere = LastId(tmp_path / "not-made", "Ada")
    nowhere.keep(7)
    assert nowhere.read() == 0
