"""`auctioneer commands`: who did what, live, from the record, and from a clerk's machine."""

import json
from pathlib import Path
from typing import Any

import pytest

from auctioneer.process.folder import DataFolder
from tests.auctioneer.cli.cli_sales import begin_sale, desk
from tests.auctioneer.cli.test_orders import auctioneer


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return begin_sale(tmp_path / "sale")


def listed(folder: DataFolder, *more: str) -> list[dict[str, Any]]:
    shown = auctioneer(folder, "commands", "--json", *more)
    assert shown.exit_code == 0, shown.stderr
    rows: list[dict[str, Any]] = json.loads(shown.stdout)
    return rows


def told(rows: list[dict[str, Any]]) -> list[tuple[object, ...]]:
    return [(row["by"], row["kind"], row["lots"], row["paddle"]) for row in rows]


OPENED: tuple[object, ...] = ("auctioneer", "open", ["2"], None)
APPOINTED: tuple[object, ...] = ("auctioneer", "clerk add", [], None)
REDEEMED: tuple[object, ...] = ("ada", "clerk join", [], None)
GIVEN: tuple[object, ...] = ("ada", "paddle add", [], 2)
ENDED: tuple[object, ...] = ("auctioneer", "end", ["1", "2", "3"], None)


def test_it_tells_who_did_what_live_and_afterwards(folder: DataFolder, tmp_path: Path) -> None:
    ada = DataFolder(tmp_path / "ada")
    with desk(folder):
        assert listed(folder) == []
        auctioneer(folder, "open", "2")
        assert auctioneer(folder, "open", "2").exit_code == 3, "a refusal is not there"
        link = auctioneer(folder, "clerk", "add", "ada", "--rights", "desk").stdout.strip()
        assert auctioneer(ada, "clerk", "join", link).exit_code == 0
        assert auctioneer(ada, "paddle", "add", "Ben").exit_code == 0
        assert auctioneer(folder, "end", "--yes").exit_code == 0
        everything = [OPENED, APPOINTED, REDEEMED, GIVEN, ENDED]
        assert told(listed(folder)) == everything
        assert listed(ada) == listed(folder), "a clerk sees what the house remembers"
        assert told(listed(ada, "--by", "ada", "--count", "1")) == [GIVEN]
        live = listed(folder)
    assert listed(folder) == live
    assert told(listed(folder, "--by", "ada")) == [REDEEMED, GIVEN]
    assert listed(folder, "--by", "nobody") == []
    assert all(row["id"] > 0 and row["at_ms"] > 0 for row in live)


def test_a_table_for_people_says_what_it_leaves_out(folder: DataFolder) -> None:
    with desk(folder):
        for lot in ("2", "3"):
            auctioneer(folder, "open", lot)
        shown = auctioneer(folder, "commands", "--count", "1")
    assert [line.split()[1:4] for line in shown.stdout.splitlines()[1:]] == [["auctioneer", "open", "3"]]
    assert "the last 1 of 2 commands" in shown.stderr
    assert auctioneer(folder, "commands", "--count", "0").exit_code == 2


def test_a_person_is_shown_by_name_and_paddle_and_a_command_as_it_is_typed(folder: DataFolder) -> None:
    with desk(folder):
        auctioneer(folder, "turn-out", "1")
        auctioneer(folder, "admit", "ann")
        auctioneer(folder, "call", "1", "fair-warning")
        auctioneer(folder, "tell", "1", "Your lamp is ready")
        shown = auctioneer(folder, "commands").stdout
        rows = listed(folder)
    assert [" ".join(line.split()[2:-1]) for line in shown.splitlines()[1:]] == [
        "turn-out Ann (1)",
        "admit Ann (1)",
        "call 1",
        "tell Ann (1)",
    ]
    assert [(row["paddle"], row["name"]) for row in rows] == [(1, "Ann"), (1, "Ann"), (None, None), (1, "Ann")]


def test_without_a_sale_there_is_nothing_to_show(tmp_path: Path) -> None:
    assert auctioneer(DataFolder(tmp_path), "commands").exit_code == 2
