"""A file's kind, and its text in each encoding; what a catalogue makes of them is in the tests of its readers."""

from pathlib import Path

import pytest

from auctioneer.catalogue.content import CatalogueKind, decoded, read_file
from auctioneer.catalogue.faults import CatalogueError, Faults


@pytest.mark.parametrize("kind", [CatalogueKind.CSV, CatalogueKind.XLSX])
def test_a_sheet_is_no_toml(kind: CatalogueKind) -> None:
    assert (kind.is_sheet, CatalogueKind.TOML.is_sheet) == (True, False)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252"])
def test_a_sheet_has_any_encoding_of_excel_s(encoding: str) -> None:
    faults = Faults()
    assert decoded("Zoë".encode(encoding), "a.csv", CatalogueKind.CSV, faults) == "Zoë"
    assert [notice for notice in faults.notices if "'Zoë'" in notice] == faults.notices
    assert len(faults.notices) == (encoding == "cp1252")


def test_toml_is_in_utf_8() -> None:
    with pytest.raises(CatalogueError, match="not in UTF-8"):
        decoded("Zoë".encode("cp1252"), "a.toml", CatalogueKind.TOML, Faults())


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="There is no such file"):
        read_file(tmp_path / "a.csv")
