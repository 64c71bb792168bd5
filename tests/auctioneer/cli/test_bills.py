"""What each buyer has to pay: from a running house and from its record, in every form."""

import csv
import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from auctioneer.cli import main
from auctioneer.process.folder import DataFolder
from tests.auctioneer.cli.cli_sales import FORMULA_TITLE, at_terminal, begin_sale, desk

TULIPS = """
[[lot]]
number = "9"
title = "Tulips"
format = "dutch"
starting_price = "30"
floor = "10"
decrement = "5"
every = "1m"
units = 3
opens = "by hand"
"""


def auctioneer(folder: DataFolder, *words: str) -> Result:
    return CliRunner().invoke(main, words, env={"AUCTIONEER_DATA": str(folder.path)}, catch_exceptions=False)


def done(folder: DataFolder, *words: str) -> None:
    result = auctioneer(folder, *words)
    assert result.exit_code == 0, result.stderr


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    """Hold the end of an evening: Ann bought lot 1 and a tulip, Ben two tulips, and Cat leads lot 2."""
    folder = begin_sale(tmp_path / "sale")
    (tmp_path / "tulips.toml").write_text(TULIPS)
    with desk(folder):
        done(folder, "add", str(tmp_path / "tulips.toml"))
        done(folder, "paddle", "add", "Ben Ray", "--company", "=Ray", "--contact", "ben@example.org")
        done(folder, "paddle", "add", "Cat")
        done(folder, "close", "1")
        for words in (("open", "2"), ("open", "9"), ("bid", "2", "50", "--paddle", "3")):
            done(folder, *words)
        done(folder, "bid", "9", "30", "--units", "2", "--paddle", "2")
        done(folder, "bid", "9", "30", "--units", "1", "--paddle", "1")
    return folder


def test_each_buyer_has_a_block_with_lots_contact_and_total(folder: DataFolder) -> None:
    offline = auctioneer(folder, "results", "--by-buyer")
    with desk(folder):
        live = auctioneer(folder, "results", "--by-buyer")
    assert offline.stdout == live.stdout
    assert live.stderr == "2 lots are not over yet; what they bring is not in here.\n"
    ann, ben, rest = live.stdout.split("\n\n")
    assert ann.splitlines()[0] == "Paddle 1, Ann"
    assert ann.splitlines()[-1].split() == ["Total", "1,330.00"]
    assert "Units" not in ann
    assert ben.splitlines()[:2] == ["Paddle 2, Ben Ray", "=Ray, ben@example.org"]
    assert [line.split() for line in ben.splitlines()[2:]] == [
        ["Lot", "Title", "Units", "USD"],
        ["9", "Tulips", "2", "60.00"],
        ["Total", "60.00"],
    ]
    assert rest == "2 buyers, USD 1,390.00 in all.\n"


def test_one_buyer_is_found_by_paddle_and_by_name(folder: DataFolder) -> None:
    by_paddle = auctioneer(folder, "results", "--buyer", "02")
    assert by_paddle.stdout.startswith("Paddle 2, Ben Ray\n")
    assert "buyer" not in by_paddle.stdout
    assert auctioneer(folder, "results", "--buyer", "ben ray", "--buyer", "2").stdout == by_paddle.stdout
    cat = auctioneer(folder, "results", "--by-buyer", "--buyer", "Cat")
    assert cat.stdout == "Paddle 3, Cat\nNothing bought.\n\n"
    assert "Cat (3) still leads lot 2, which is not in here." in cat.stderr
    for nobody, status in (("Dan", 3), ("7", 3), ("", 2)):
        refused = auctioneer(folder, "results", "--buyer", nobody)
        assert (refused.exit_code, refused.stdout) == (status, "")


def test_json_and_csv_have_the_same(folder: DataFolder) -> None:
    bills = json.loads(auctioneer(folder, "results", "--by-buyer", "--json").stdout)
    assert [(bill["paddle"], bill["total_minor"], len(bill["lots"])) for bill in bills] == [
        (1, 133_000, 2),
        (2, 6000, 1),
    ]
    assert bills[1] == {
        "paddle": 2,
        "name": "Ben Ray",
        "company": "=Ray",
        "contact": "ben@example.org",
        "lots": [{"lot": "9", "title": "Tulips", "units": 2, "amount": "60.00", "amount_minor": 6000}],
        "leads": [],
        "currency": "USD",
        "total": "60.00",
        "total_minor": 6000,
    }
    rows = list(csv.DictReader(io.StringIO(auctioneer(folder, "results", "--by-buyer", "--format", "csv").stdout)))
    assert [(row["paddle"], row["lot"], row["units"], row["amount"], row["total"]) for row in rows] == [
        ("1", "1", "1", "1300.00", ""),
        ("1", "9", "1", "30.00", "1330.00"),
        ("2", "9", "2", "60.00", "60.00"),
    ]
    assert (rows[0]["title"], rows[2]["company"]) == ("'" + FORMULA_TITLE, "'=Ray")
    excel = auctioneer(folder, "results", "--buyer", "1", "--format", "csv", "--bom", "--delimiter", ";").stdout_bytes
    assert excel.decode("utf-8-sig").splitlines()[2] == "1;Ann;;;9;Tulips;1;30,00;USD;1330,00"


def test_pages_are_written_for_their_owner_alone(folder: DataFolder, tmp_path: Path) -> None:
    pages = tmp_path / "bills.html"
    written = auctioneer(folder, "results", "--by-buyer", "--output", str(pages))
    assert written.stdout == f"2 bills, USD 1,390.00 in all, in {pages}. Only you can read it.\n"
    assert pages.stat().st_mode & 0o077 == 0
    assert pages.read_text().count("<article") == 2
    told = json.loads(auctioneer(folder, "results", "--buyer", "2", "--output", str(pages), "--json").stdout)
    assert told == {"file": str(pages), "paddles": [2]}
    for words in (["--output", str(pages)], ["--by-buyer", "--output", str(pages), "--format", "csv"]):
        assert auctioneer(folder, "results", *words).exit_code == 2
    refused = auctioneer(folder, "results", "--by-buyer", "--output", str(tmp_path / "no" / "bills.html"))
    assert (refused.exit_code, "can't be written" in refused.stderr) == (2, True)


def test_at_a_terminal_the_totals_are_whole(folder: DataFolder) -> None:
    status, shown = at_terminal(folder, "results", "--buyer", "1", columns=40)
    assert status == 0
    assert "1,330.00" in shown


def test_before_anything_is_sold_there_is_no_bill(tmp_path: Path) -> None:
    folder = begin_sale(tmp_path / "sale")
    assert auctioneer(folder, "results", "--by-buyer").stdout == "0 buyers, USD 0.00 in all.\n"
    assert json.loads(auctioneer(folder, "results", "--by-buyer", "--json").stdout) == []
