"""`auctioneer paddle add --from`: a list is looked at or brought, and every fault is told with its row."""

import json
from pathlib import Path

import pytest

from auctioneer.house.paddle_lists import PEOPLE_AT_ONCE_MAX
from auctioneer.process.folder import DataFolder
from auctioneer.rules.facts import PaddleGiven
from tests.auctioneer.cli.cli_sales import begin_sale, desk, sale_of
from tests.auctioneer.cli.test_paddles import auctioneer, files_with, paddle

GUESTS = "Paddle;Name;Firm;E-Mail\n7;Ben;Lee & Sons;ben@example.org\n;Zoë;;\n"


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return begin_sale(tmp_path / "sale")


@pytest.fixture
def guests(tmp_path: Path) -> Path:
    path = tmp_path / "guests.csv"
    path.write_bytes(GUESTS.encode("cp1252"))
    return path


def bring(folder: DataFolder, file: Path, *words: str) -> str:
    done = paddle(folder, "add", "--from", str(file), *words)
    assert done.exit_code == 0, done.stderr
    return done.stdout


def given(folder: DataFolder) -> list[tuple[int, str]]:
    with sale_of(folder) as sale:
        return [(fact.paddle, fact.name) for _, fact in sale.journal.read() if isinstance(fact, PaddleGiven)]


def test_a_list_is_brought_once_and_brought_again(folder: DataFolder, guests: Path) -> None:
    with desk(folder):
        assert bring(folder, guests) == f"{guests}: 2 people got a paddle.\n"
        assert bring(folder, guests) == f"{guests}: 2 people had theirs before.\n"
        guests.write_text(GUESTS.replace("ben@", "ray@") + ";Fay;;\n")
        assert bring(folder, guests).splitlines() == [
            f"{guests}: 1 person got a paddle, 2 people had theirs before.",
            "1 contact changed.",
        ]
    assert given(folder) == [(7, "Ben"), (8, "Zoë"), (9, "Fay")]
    assert files_with(folder, "ben@example.org") == []


def test_what_was_read_as_windows_1252_is_said(folder: DataFolder, guests: Path) -> None:
    with desk(folder):
        assert "read as Windows-1252" in paddle(folder, "add", "--from", str(guests)).stderr


@pytest.mark.parametrize("is_live", [True, False], ids=["live", "nobody holds it"])
def test_a_look_does_nothing(folder: DataFolder, guests: Path, is_live: bool) -> None:
    if is_live:
        with desk(folder):
            shown = bring(folder, guests, "--check")
    else:
        shown = bring(folder, guests, "--check")
    assert "2 people would get a paddle." in shown
    assert shown.splitlines()[-1] == "Nothing was done. Without --check this gives the paddles."
    assert given(folder) == []


def test_a_look_needs_no_sale(tmp_path: Path, guests: Path) -> None:
    shown = bring(DataFolder(tmp_path / "nothing"), guests, "--check", "--json")
    assert json.loads(shown)["given"] == [{"paddle": 7, "name": "Ben"}, {"paddle": 8, "name": "Zoë"}]
    assert not (tmp_path / "nothing").exists()


def test_json(folder: DataFolder, guests: Path) -> None:
    with desk(folder):
        paddle(folder, "add", "Ben", "--paddle", "7", "--contact", "old")
        auctioneer(folder, "forget", "7")
        assert json.loads(bring(folder, guests, "--json")) == {
            "done": True,
            "given": [{"paddle": 8, "name": "Zoë"}],
            "known": [{"paddle": 7, "name": "Ben"}],
            "contacts_changed": 0,
            "forgotten": [7],
        }
        assert "Not noted, since they were forgotten: paddle 7." in bring(folder, guests)


@pytest.mark.parametrize("words", [(), ("--check",)], ids=["brought", "looked at"])
def test_all_faults_are_told_at_once_and_nothing_is_done(
    folder: DataFolder, tmp_path: Path, words: tuple[str, ...]
) -> None:
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("name,paddle\nBen,x\nCat,1\nDan,8\nDAN,9\nEve,\n")
    with desk(folder):
        refused = paddle(folder, "add", "--from", str(wrong), *words)
        as_json = paddle(folder, "add", "--from", str(wrong), "--json", *words)
    assert refused.exit_code == 2
    assert [line.removeprefix(f"{wrong}:") for line in refused.stderr.splitlines() if str(wrong) in line] == [
        "2, paddle: 'x' is no paddle's number; write one from 1 to 99,999, or leave the cell empty for the next.",
        "3, paddle: Paddle 1 is that of 'Ann' already; choose another.",
        "5, name: 'DAN' is, or looks like, 'Dan' further up; add something, such as the company.",
    ]
    error = json.loads(as_json.stdout)["error"]
    assert (error["code"], error["found"]) == ("catalogue", 3)
    assert [(fault["line"], fault["field"]) for fault in error["faults"]] == [(2, "paddle"), (3, "paddle"), (5, "name")]
    assert given(folder) == []


def test_a_list_that_is_too_long_is_not_sent(folder: DataFolder, tmp_path: Path) -> None:
    long = tmp_path / "long.csv"
    long.write_text("name\n" + "".join(f"Guest {number}\n" for number in range(PEOPLE_AT_ONCE_MAX + 1)))
    refused = paddle(folder, "add", "--from", str(long))
    assert (refused.exit_code, "Split it" in refused.stderr) == (2, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "Give either a NAME, or a list"),
        (["Ben", "--from", "a.csv"], "Give either a NAME, or a list"),
        (["--from", "a.csv", "--paddle", "7"], "are for one NAME"),
        (["Ben", "--check"], "--check is for a list"),
        (["--from", "a.toml"], "ends in .csv or .xlsx"),
    ],
)
def test_what_can_t_be_meant(folder: DataFolder, words: list[str], said: str) -> None:
    result = paddle(folder, "add", *words)
    assert (result.exit_code, said in result.stderr) == (2, True), result.stderr
