"""`store.json`: which store a data directory names."""

from pathlib import Path

import pytest

from auctioneer.process.folder import DataFolder
from auctioneer.process.folder.record_place import RecordPlaceFile
from common.errors import UsageError

URL = "postgresql://house@db/auctions?sale=evening"


@pytest.fixture
def file(tmp_path: Path) -> RecordPlaceFile:
    return RecordPlaceFile(tmp_path / "store.json")


def test_what_is_kept_comes_back_until_it_is_taken_away(file: RecordPlaceFile) -> None:
    assert file.read() == ""
    file.write(URL)
    assert file.read() == URL
    file.write("")
    file.write("")
    assert file.read() == ""


def test_a_damaged_file_is_no_empty_one(file: RecordPlaceFile, tmp_path: Path) -> None:
    (tmp_path / "store.json").write_text("{")
    with pytest.raises(UsageError, match="can't be read"):
        file.read()


def test_what_is_given_counts_and_is_kept_only_when_it_is_asked_for(tmp_path: Path) -> None:
    given = DataFolder(tmp_path, URL)
    assert given.store_url == URL
    assert DataFolder(tmp_path).store_url == ""
    given.keep_store()
    assert DataFolder(tmp_path).store_url == URL
    DataFolder(tmp_path).keep_store()
    assert str(DataFolder(tmp_path).store.place) == "'evening' at postgresql://house@db/auctions"


def test_a_directory_with_a_sale_of_its_own_takes_no_other_store(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path, URL)
    folder.require_one_record()
    folder.journal.touch()
    with pytest.raises(UsageError, match="auctioneer store move URL"):
        folder.require_one_record()
    DataFolder(tmp_path).require_one_record()
