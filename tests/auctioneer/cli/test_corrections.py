"""Corrections as people type them: what would happen is shown first, and a slip in the command costs nothing."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from auctioneer.cli import main
from auctioneer.process.folder import DataFolder
from common.codec import encode
from tests.auctioneer.cli.cli_sales import LOT_1, LOT_3, at_terminal, begin_sale, desk
from tests.auctioneer.cli.test_finals import bidding_meanwhile

CORRECTIONS = [
    ["undo", "1"],
    ["reopen", "2"],
    ["void", "1"],
    ["award", "1", "ann", "5"],
    ["change", "1", "--title", "A clock"],
    ["finish"],
]


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return begin_sale(tmp_path / "sale", corrections=True)


def auctioneer(folder: DataFolder, *words: str) -> Result:
    return CliRunner().invoke(main, words, env={"AUCTIONEER_DATA": str(folder.path)}, catch_exceptions=False)


def said(folder: DataFolder, *words: str) -> str:
    result = auctioneer(folder, *words)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.mark.parametrize("words", CORRECTIONS)
def test_no_house_is_said_and_nothing_asked(folder: DataFolder, words: list[str]) -> None:
    result = auctioneer(folder, *words)
    assert (result.exit_code, "No house runs on" in result.stderr) == (4, True)


def test_the_last_bid_is_taken_back(folder: DataFolder) -> None:
    with desk(folder):
        told = said(folder, "undo", "1")
        assert told.startswith("Corrected. Lot 1,")
        assert told.endswith(" (open): nobody has bid, the reserve of USD 1,300.00 is not met.\n")
        again = auctioneer(folder, "undo", "1")
        assert (again.exit_code, "there is no public bid on lot 1" in again.stderr) == (3, True)
        (row,) = json.loads(said(folder, "bids", "1", "--json"))["bids"]
        assert (row["number"], row["outcome"]) == (1, "void")
        assert "void" in said(folder, "bids", "1")


def test_undo_shows_what_it_would_do_and_to_whom(folder: DataFolder) -> None:
    with desk(folder):
        status, shown = at_terminal(folder, "undo", "1", "--reason", "A slip", typed=b"n\n", columns=200)
        expected = [
            "It would take back bid 1 of Ann (1), up to USD 1,300.00.",
            'Then lot 1, =HYPERLINK("http://x","a, b"), would be open, without a bid, from USD 1,250.50, until',
            "Those whom it touches are told: Ann (1): the bid is taken back.",
            "Take it back? [y/N]",
        ]
        assert status == 130
        assert all(line in shown for line in expected), shown
        assert "Ann (1)" in said(folder, "lots")
        status, shown = at_terminal(folder, "undo", "1", typed=b"y\n", columns=200)
        assert (status, "Corrected." in shown) == (0, True)


def test_a_bid_between_question_and_answer_is_shown_and_asked_about_again(folder: DataFolder) -> None:
    with desk(folder, bidding_meanwhile(encode(False), 0)):
        assert said(folder, "lots")
    with desk(folder, bidding_meanwhile(b"if_seq", 1)):
        status, shown = at_terminal(folder, "undo", "1", typed=b"y\nn\n", columns=200)
        first, _, second = shown.partition("It changed while you were asked")
        assert (status, "of Ann (1)" in first, "of Bob (2)" in second) == (130, True, True)


def test_a_wrong_hammer_is_taken_back(folder: DataFolder) -> None:
    with desk(folder):
        said(folder, "close", "1")
        assert "say for how long it is open again" in auctioneer(folder, "reopen", "1").stderr
        told = said(folder, "reopen", "1", "--for", "1m", "--reason", "Too early")
        assert "Corrected. Lot 1," in told
        assert "(open): USD 1,300.00 by Ann (1), 1 bid" in told
        said(folder, "close", "1")
        assert said(folder, "void", "1") == f"Corrected. Lot {LOT_1} is not sold.\n"
        assert auctioneer(folder, "award", "1", "ann", "a lot").exit_code == 2
        assert (
            said(folder, "award", "1", "ann", "1200")
            == f"Corrected. Lot {LOT_1} is sold to Ann (1) for USD 1,200.00.\n"
        )
        result = json.loads(said(folder, "void", "1", "--json"))
        assert (result["done"], result["lots"], result["results"][0]["status"]) == (True, ["1"], "passed")


def test_what_the_catalogue_says_is_corrected(folder: DataFolder) -> None:
    with desk(folder):
        said(folder, "change", "1", "--title", "A longcase clock")
        assert "A longcase clock" in said(folder, "lots")
        assert said(folder, "change", "2", "--starting-price", "40", "--buy-now", "900").startswith("Corrected.")
        (row,) = [row for row in json.loads(said(folder, "lots", "--json")) if row["lot"] == "2"]
        assert (row["starting"], row["buy_now"]) == ("40.00", "900.00")
        for words, told in (
            (("change", "1"), "Say what is to change"),
            (("change", "9", "--title", "x"), "lot 9"),
            (("change", "2", "--starting-price", "free"), "starting_price"),
            (("change", "1", "--reserve", "1400"), "there are bids on lot 1"),
            (("change", "1", "--duration", "5m"), "use `auctioneer extend`"),
        ):
            result = auctioneer(folder, *words)
            assert result.exit_code in (2, 3), words
            assert told in result.stderr, result.stderr


def test_the_sale_ends_when_nothing_is_to_be_corrected(folder: DataFolder) -> None:
    with desk(folder):
        assert auctioneer(folder, "finish").exit_code == 3
        told = said(folder, "end")
        assert told.startswith("All lots are over: 1 lot sold at the end for USD 1,300.00, 0 passed, 2 withdrawn.")
        said(folder, "reopen", "1", "--for", "1m")
        said(folder, "close", "1")
        status, shown = at_terminal(folder, "finish", typed=b"y\n", columns=200)
        assert (status, "1 lot sold for USD 1,300.00, 0 passed, 2 withdrawn." in shown) == (0, True)
        assert "End the sale for good? [y/N]" in shown
        assert auctioneer(folder, "undo", "1").exit_code == 3


def test_a_bidder_is_turned_out_with_its_bids(folder: DataFolder) -> None:
    with desk(folder):
        assert auctioneer(folder, "turn-out", "ann", "--reason", "No account").exit_code == 2
        told = said(folder, "turn-out", "ann", "--void-bids", "--reason", "No account")
        assert told == "Ann (1) is turned out. Its bids are taken back on lot 1.\n"
        assert auctioneer(folder, "admit", "ann").exit_code == 0
        again = said(folder, "turn-out", "ann", "--void-bids")
        assert again == "Ann (1) is turned out. It had no bid on an open or paused lot.\n"


def test_bids_are_taken_back_with_their_bidder_only_after_a_yes(folder: DataFolder) -> None:
    with desk(folder):
        status, shown = at_terminal(folder, "turn-out", "ann", "--void-bids", typed=b"n\n", columns=200)
        assert (status, "Turn Ann (1) out, and take back all its bids" in shown) == (130, True)
        assert json.loads(said(folder, "bids", "1", "--json"))["bids"][0]["outcome"] == "accepted"
        status, shown = at_terminal(folder, "turn-out", "ann", "--void-bids", "--yes", typed=b"", columns=200)
        assert (status, "Its bids are taken back on lot 1." in shown) == (0, True)


def test_a_lot_gets_another_place(folder: DataFolder) -> None:
    with desk(folder):
        assert said(folder, "move", "3", "--before", "2") == f"Lot {LOT_3} comes before lot 2.\n"
        assert [row["lot"] for row in json.loads(said(folder, "lots", "--json"))] == ["1", "3", "2"]
        assert said(folder, "move", "3", "--last") == f"Lot {LOT_3} is the last.\n"
        assert [row["lot"] for row in json.loads(said(folder, "lots", "--json"))] == ["1", "2", "3"]
        for words, status in ((("3",), 2), (("3", "--last", "--before", "2"), 2), (("1", "--last"), 3)):
            assert auctioneer(folder, "move", *words).exit_code == status, words


def test_two_ways_to_name_bids_are_one_too_many(folder: DataFolder) -> None:
    result = auctioneer(folder, "undo", "1", "--bid", "1", "--back-to", "1")
    assert (result.exit_code, "either --bid or --back-to" in result.stderr) == (2, True)


@pytest.mark.parametrize(
    ("before", "wrong", "follows"),
    [
        ([["close", "1"]], ["close", "1"], []),
        ([["close", "1"]], ["undo", "1"], []),
        ([["close", "1"]], ["award", "1", "ann", "1200"], ["award", "1", "ann", "1200"]),
        ([], ["award", "1", "ann", "1200"], []),
        ([["pause", "1"]], ["call", "1", "fair-warning"], ["call", "1", "fair-warning"]),
        ([["withdraw", "2"]], ["open", "2"], []),
        ([], ["close", "2"], ["close", "2"]),
        ([], ["reopen", "2"], []),
    ],
)
def test_what_a_refusal_advises_can_be_typed(
    folder: DataFolder, before: list[list[str]], wrong: list[str], follows: list[str]
) -> None:
    with desk(folder):
        for words in before:
            said(folder, *words)
        refused = auctioneer(folder, *wrong)
        assert (refused.exit_code, "[wrong_state]" in refused.stderr) == (3, True)
        advice = re.findall(r"`auctioneer ([^`]+)`", refused.stderr)[0]
        said(folder, *advice.split())
        if follows:
            said(folder, *follows)
