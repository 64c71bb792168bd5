"""What can't be undone is shown and asked about first, and what was seen is what is done."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from auctioneer.cli import main
from auctioneer.cli.control_client import connected
from auctioneer.cli.finals import hammer_words
from auctioneer.house.control.carry_out import carry_out
from auctioneer.house.house import House
from auctioneer.process.folder import DataFolder
from common.codec import encode
from common.formats.english import BidRequest
from common.limits import PROTOCOL_VERSION, TEXT_CHARS_MAX
from common.messages import Accepted, Hello, Role, Welcome
from common.money import Currency
from tests.auctioneer.cli.cli_sales import LOT_1, LOT_2, at_terminal, begin_sale, desk, sale_of
from tests.auctioneer.house.house_examples import CHAIR

ANN_LEADS = "USD 1,300.00 by Ann (1), 1 bid, the reserve of USD 1,300.00 is met"
FINAL = [["close", "1"], ["withdraw", "1"], ["end"]]


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return begin_sale(tmp_path / "sale")


def auctioneer(folder: DataFolder, *words: str) -> Result:
    return CliRunner().invoke(main, words, env={"AUCTIONEER_DATA": str(folder.path)}, catch_exceptions=False)


def status_of(folder: DataFolder, lot: str) -> str:
    with connected(folder) as house:
        (row,) = house.ask("lots", (lot,))
    return str(row["status"])


def bidding_meanwhile(word: bytes, bids: int) -> Callable[[House, bytes], bytes]:
    """Return a desk at which, just before each of the first commands of this kind, Bob bids more on lot 1."""
    left = list(range(bids))

    def answer(house: House, body: bytes) -> bytes:
        now_ms = house.engine.state.now_ms
        if word in body and left:
            number = left.pop(0)
            hello = Hello(id=1, versions=(PROTOCOL_VERSION,), name="Bob", role=Role.BIDDER)
            assert isinstance(house.handle("b" * 40, encode(hello), now_ms), Welcome)
            bid = BidRequest(id=2 + number, lot="1", amount_minor=200_000 + number * 100_000)
            if number == 0:
                assert isinstance(house.handle("b" * 40, encode(bid), now_ms), Accepted)
            else:
                assert isinstance(house.handle("a" * 40, encode(bid), now_ms), Accepted)
        return encode(carry_out(house, CHAIR, body, now_ms))

    return answer


# --- in a script ------------------------------------------------------------------------------------------------------


def test_close_says_to_whom_and_for_how_much(folder: DataFolder) -> None:
    with desk(folder):
        assert auctioneer(folder, "close", "1").stdout == f"Lot {LOT_1} is sold to Ann (1) for USD 1,300.00.\n"
        assert auctioneer(folder, "open", "2").exit_code == 0
        assert auctioneer(folder, "close", "2").stdout == f"Lot {LOT_2} passed, since nobody had bid.\n"
        assert auctioneer(folder, "close", "2").exit_code == 3


def test_close_with_json_has_the_result(folder: DataFolder) -> None:
    with desk(folder):
        told = json.loads(auctioneer(folder, "close", "1", "--json").stdout)
        assert (told["done"], told["lots"]) == (True, ["1"])
        (result,) = told["results"]
        assert (result["status"], result["winner"], result["paddle"], result["hammer"]) == ("sold", "Ann", 1, "1300.00")


def test_a_lot_below_its_reserve_passes_and_that_is_said(tmp_path: Path) -> None:
    folder = begin_sale(tmp_path / "sale", maximum_minor=125_050)
    with desk(folder):
        said = f"Lot {LOT_1} passed at USD 1,250.50, since the reserve was not met.\n"
        assert auctioneer(folder, "close", "1").stdout == said


def test_withdraw_says_what_becomes_of_the_bids(folder: DataFolder) -> None:
    with desk(folder):
        assert auctioneer(folder, "withdraw", "1").stdout == f"Lot {LOT_1} is withdrawn, with the bid on it.\n"
        assert auctioneer(folder, "withdraw", "2").stdout == f"Lot {LOT_2} is withdrawn; nobody had bid on it.\n"
        assert auctioneer(folder, "withdraw", "3", "--reason", "x" * (TEXT_CHARS_MAX + 1)).exit_code == 2
        result = json.loads(auctioneer(folder, "withdraw", "3", "--json").stdout)["results"][0]
        assert (result["lot"], result["status"]) == ("3", "withdrawn")


def test_end_says_what_it_sold(folder: DataFolder) -> None:
    with desk(folder):
        said = "The sale has ended: 1 lot sold at the end for USD 1,300.00, 0 passed, 2 withdrawn. "
        assert auctioneer(folder, "end").stdout.startswith(said)


# --- at a terminal ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", FINAL)
def test_no_house_is_said_and_nothing_asked(folder: DataFolder, words: list[str]) -> None:
    status, shown = at_terminal(folder, *words, typed=b"n\n")
    assert (status, "No house runs on" in shown, "[y/N]" in shown) == (4, True, False)


@pytest.mark.parametrize("words", FINAL)
def test_no_is_no_and_yes_is_not_asked(folder: DataFolder, words: list[str]) -> None:
    with desk(folder):
        status, shown = at_terminal(folder, *words, typed=b"n\n")
        assert (status, "[y/N]" in shown) == (130, True)
        assert status_of(folder, "1") == "open"
        status, shown = at_terminal(folder, *words, "--yes", typed=b"n\n")
        assert (status, "[y/N]" in shown) == (0, False)
        assert status_of(folder, "1") in ("sold", "withdrawn")


def test_close_shows_the_lot_and_what_the_hammer_would_do(folder: DataFolder) -> None:
    with desk(folder):
        assert auctioneer(folder, "open", "2").exit_code == 0
        status, shown = at_terminal(folder, "close", "2", typed=b"y\n", columns=200)
        assert status == 0
        assert "Lot 2, Vase, [red]glazed[/red] (open): nobody has bid.\r\nIt would pass, since nobody has bid." in shown
        status, shown = at_terminal(folder, "close", "1", typed=b"y\n", columns=200)
        assert (status, ANN_LEADS in shown) == (0, True)
        assert "It would be sold to Ann (1) for USD 1,300.00.\r\nBring the hammer down? [y/N]" in shown
        assert f"Lot {LOT_1} is sold to Ann (1) for USD 1,300.00." in shown


def test_close_shows_that_the_reserve_is_not_met(tmp_path: Path) -> None:
    folder = begin_sale(tmp_path / "sale", maximum_minor=125_050)
    with desk(folder):
        _, shown = at_terminal(folder, "close", "1", typed=b"n\n", columns=200)
        assert "USD 1,250.50 by Ann (1), 1 bid, the reserve of USD 1,300.00 is not met.\r\n" in shown
        assert "It would pass, since the reserve is not met.\r\n" in shown


def test_withdraw_shows_the_lot_and_its_bids(folder: DataFolder) -> None:
    with desk(folder):
        status, shown = at_terminal(folder, "withdraw", "1", typed=b"y\n", columns=200)
        assert (status, ANN_LEADS in shown) == (0, True)
        assert "It would be withdrawn, with the bid on it.\r\nTake it out of the sale? [y/N]" in shown


@pytest.mark.parametrize("words", [["close", "9"], ["withdraw", "9"], ["close", "2"]])
def test_what_the_house_will_refuse_is_not_asked(folder: DataFolder, words: list[str]) -> None:
    with desk(folder):
        status, shown = at_terminal(folder, *words, typed=b"n\n")
        assert (status, "[y/N]" in shown) == (3, False)


def test_what_is_over_is_not_asked_about(folder: DataFolder) -> None:
    with desk(folder):
        assert auctioneer(folder, "end").exit_code == 0
        for words in FINAL:
            status, shown = at_terminal(folder, *words, typed=b"n\n")
            assert (status, "[y/N]" in shown) == (3, False), words


def test_end_shows_what_is_sold_to_whom_and_what_is_withdrawn(folder: DataFolder) -> None:
    with desk(folder):
        status, shown = at_terminal(folder, "end", typed=b"y\n", columns=200)
        assert status == 0
        expected = [
            "Evening sale:",
            "Lot 1 would be sold to Ann (1) for USD 1,300.00.",
            "2 lots not yet opened would be withdrawn.",
            "End the sale? [y/N]",
        ]
        assert "\r\n".join(expected) in shown
        assert "The sale has ended" in shown
    with sale_of(folder) as sale:
        assert all(lot.view.status.is_final for lot in sale.house.engine.catalogue)


@pytest.mark.parametrize("words", FINAL)
def test_a_bid_between_question_and_answer_is_shown_and_asked_about_anew(folder: DataFolder, words: list[str]) -> None:
    kind = encode(words[0])
    with desk(folder, bidding_meanwhile(kind, 2)):
        status, shown = at_terminal(folder, *words, typed=b"y\ny\nn\n", columns=200)
        assert (status, shown.count("[y/N]"), shown.count("It changed while you were asked")) == (130, 3, 2)
        assert status_of(folder, "1") == "open"
    with desk(folder, bidding_meanwhile(kind, 1)):
        status, shown = at_terminal(folder, *words, typed=b"y\ny\n", columns=200)
        first, _, second = shown.partition("It changed while you were asked")
        assert (status, "by Bob" in first, "to Bob" in first) == (0, False, False)
        assert "Bob (2)" in second or "with the 2 bids" in second
        assert status_of(folder, "1") in ("sold", "withdrawn")


def test_end_shows_no_more_lots_than_fit(folder: DataFolder) -> None:
    with desk(folder):
        for number in range(4, 25):
            words = ["--title", f"Chair {number}", "--starting-price", "5"]
            assert auctioneer(folder, "add", *words, "--duration", "1h").exit_code == 0
        _, shown = at_terminal(folder, "end", typed=b"n\n", columns=200)
        assert shown.count(" would be sold ") + shown.count(" would pass") == 20
        assert "... and 2 lots more that the hammer falls on." in shown


def test_the_hammer_on_a_clock_of_which_a_part_is_bought_names_no_leader() -> None:
    row = {"bids": 2, "reserve_met": None, "leader": None, "paddle": None, "price_minor": 8000}
    assert hammer_words(row, Currency("EUR", 2)) == (
        "would close now: what was bought stays sold, and the rest is not sold."
    )
