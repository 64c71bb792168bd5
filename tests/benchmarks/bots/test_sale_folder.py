"""The catalogue that is made up for bots is one that a house takes, and a sale's folder goes with the sale."""

import tempfile
from collections import Counter
from pathlib import Path

import pytest

from auctioneer.catalogue import load_catalogue
from benchmarks.bots.sale_folder import keep_folder, sale_folder, write_catalogue
from common.errors import StorageError
from common.formats.dutch import DutchTerms
from common.formats.english import EnglishTerms
from common.formats.sealed import Pays, SealedTerms
from tests.english import english_terms


def test_a_made_up_catalogue_is_the_same_for_a_seed_and_a_house_takes_it(tmp_path: Path) -> None:
    path = write_catalogue(tmp_path, lots=20, duration_s=10, seed=3)
    text = path.read_text()
    specs = load_catalogue(path).lots
    assert len(specs) == 20
    assert sum(spec.reserve_minor is not None for spec in specs) == 4
    formats = Counter(type(spec.terms.format) for spec in specs)
    assert formats == {EnglishTerms: 14, SealedTerms: 4, DutchTerms: 2}
    english = [spec.terms for spec in specs if isinstance(spec.terms.format, EnglishTerms)]
    assert sum(english_terms(terms).buy_now_minor is not None for terms in english) == 2
    assert Counter(spec.terms.format.pays for spec in specs if isinstance(spec.terms.format, SealedTerms)) == {
        Pays.OWN_OFFER: 2,
        Pays.SECOND_OFFER: 2,
    }
    assert all(7_500 <= (terms.duration_ms or 0) <= 10_000 for terms in english)
    assert all(7_000 <= (spec.terms.duration_ms or 0) <= 11_000 for spec in specs)
    assert write_catalogue(tmp_path, lots=20, duration_s=10, seed=3).read_text() == text
    assert write_catalogue(tmp_path, lots=20, duration_s=10, seed=4).read_text() != text


def test_a_temporary_folder_goes_at_the_end_unless_it_is_kept(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    with sale_folder() as folder:
        (folder / "journal").touch()
    assert not list(temporary.iterdir())
    with sale_folder() as folder:
        kept = keep_folder(folder)
    assert list(temporary.iterdir()) == [kept]
    with sale_folder(kept) as folder:
        assert folder == kept
    assert kept.exists()


def test_where_there_is_no_room_for_a_folder_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    with pytest.raises(StorageError, match="--data"), sale_folder():
        pass
