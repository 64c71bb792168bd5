"""Conditions of sale at the auctioneer's terminal: from the catalogue, shown, changed, and signed on paper."""

import json
from pathlib import Path

import pytest

from auctioneer.catalogue import CatalogueError, load_catalogue
from auctioneer.process.folder import DataFolder
from auctioneer.rules.facts import ConditionsAccepted
from common.conditions import digest_of
from tests.auctioneer.cli.cli_sales import at_terminal, begin_sale, desk, sale_of
from tests.auctioneer.cli.test_paddles import auctioneer, paddle

TEXT = "1. Pay within a week.\n2. Collect by Friday, Zoë."
SALE = '[sale]\ntitle = "A"\ncurrency = "USD"\n'


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return begin_sale(tmp_path / "sale")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "conditions.txt"
    path.write_bytes(f"\ufeff{TEXT}  \r\n\r\n".replace("\n", "\r\n", 1).encode())
    return path


def test_they_are_shown_and_changed(folder: DataFolder, file: Path) -> None:
    with desk(folder):
        assert auctioneer(folder, "conditions").stdout == "The sale has no conditions.\n"
        done = auctioneer(folder, "conditions", "--file", str(file))
        assert (done.exit_code, done.stdout) == (0, "Bidders accept these conditions from now on.\n"), done.stderr
        again = auctioneer(folder, "conditions", "--file", str(file))
        assert (again.exit_code, "has these conditions already" in again.stderr) == (3, True)
        shown = auctioneer(folder, "conditions")
        assert shown.stdout == f"{TEXT}\n"
        assert "Accepted by 0 bidders, not yet by 1." in shown.stderr
    assert json.loads(auctioneer(folder, "conditions", "--json").stdout) == {
        "digest": digest_of(TEXT),
        "text": TEXT,
        "accepted": 0,
        "not_accepted": 1,
    }
    assert auctioneer(folder, "verify").exit_code == 0
    with desk(folder):
        none = auctioneer(folder, "conditions", "--none", "--json")
        assert json.loads(none.stdout) == {"done": True, "digest": ""}


def test_a_change_asks_at_a_terminal(folder: DataFolder, file: Path) -> None:
    with desk(folder):
        status, shown = at_terminal(folder, "conditions", "--file", str(file), typed=b"n\n")
        assert (status, "All are asked again" in " ".join(shown.split())) == (130, True)
        assert "no conditions" in auctioneer(folder, "conditions").stdout
        assert at_terminal(folder, "conditions", "--file", str(file), "--yes")[0] == 0


def test_who_signed_on_paper_is_noted(folder: DataFolder, file: Path) -> None:
    with desk(folder):
        refused = paddle(folder, "add", "Ben", "--conditions-signed")
        assert (refused.exit_code, "has no conditions" in refused.stderr) == (3, True)
        auctioneer(folder, "conditions", "--file", str(file))
        assert paddle(folder, "add", "Ben", "--conditions-signed").exit_code == 0
        paddle(folder, "add", "Cat")
        assert paddle(folder, "signed", "Cat", "1").stdout == "Noted: Cat (3), Ann (1) signed.\n"
        assert [row["accepted"] for row in json.loads(paddle(folder, "list", "--json").stdout)] == [True, True, True]
        guests = file.with_name("guests.csv")
        guests.write_text("name\nDan\n")
        assert paddle(folder, "add", "--from", str(guests), "--conditions-signed").exit_code == 0
        assert "accepted" in paddle(folder, "list").stdout
    with sale_of(folder) as sale:
        signed = [fact for _, fact in sale.journal.read() if isinstance(fact, ConditionsAccepted)]
    assert [(fact.paddle, fact.by) for fact in signed] == [(number, "auctioneer") for number in (2, 3, 1, 4)]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["conditions", "--file", "none.txt"], "There is no such file"),
        (["conditions", "--file", "a", "--none"], "Give either --file or --none"),
        (["paddle", "signed"], "Missing argument"),
        (["paddle", "signed", ""], "it is empty"),
    ],
)
def test_what_can_t_be_meant(folder: DataFolder, words: list[str], said: str) -> None:
    result = auctioneer(folder, *words)
    assert (result.exit_code, said in result.stderr) == (2, True), result.stderr


def test_a_catalogue_has_them_as_a_text_or_a_file(tmp_path: Path, file: Path) -> None:
    catalogue = tmp_path / "a.toml"
    catalogue.write_text(f'{SALE}conditions = """\n{TEXT}\n"""\n')
    assert load_catalogue(catalogue).conditions == TEXT
    catalogue.write_text(f'{SALE}conditions_file = "{file.name}"\n')
    assert load_catalogue(catalogue).conditions == TEXT
    catalogue.write_text(SALE)
    assert load_catalogue(catalogue).conditions == ""


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        ('conditions = ""', "a.toml:4, sale.conditions: It is empty"),
        ('conditions = "a"\nconditions_file = "b"', "sale.conditions_file: It is there together with conditions"),
        ('conditions_file = "none.txt"', "none.txt: There is no such file"),
        ('conditions_file = "big.txt"', "sale.conditions_file: It has 32,001 characters; at most 32,000 fit"),
        ('conditions_file = "latin.txt"', "latin.txt:1: It is not in UTF-8"),
        ("conditions = 5", "sale.conditions: It is a number"),
        ('conditions = "left\\u202eright"', "sale.conditions: It has characters that steer"),
    ],
)
def test_the_faults_of_a_catalogue(tmp_path: Path, lines: str, fault: str) -> None:
    (tmp_path / "big.txt").write_text("x" * 32_001)
    (tmp_path / "latin.txt").write_bytes("Zoë".encode("cp1252"))
    catalogue = tmp_path / "a.toml"
    catalogue.write_text(f"{SALE}{lines}\n")
    with pytest.raises(CatalogueError) as caught:
        load_catalogue(catalogue)
    assert fault in str(caught.value)
