"""`auctioneer bid` at a terminal and in a script: a clerk bids for a paddle, and is asked about a slip."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from auctioneer.cli import main
from auctioneer.process.folder import DataFolder
from auctioneer.rules.facts import OfferTaken
from common.slips import FAR_ABOVE_TIMES
from tests.auctioneer.cli.cli_sales import LOT_1, LOT_2, at_terminal, begin_sale, desk, sale_of

SEALED = ("--lot", "11", "--title", "Sealed", "--format", "sealed", "--starting-price", "10", "--duration", "1h")
CLOCK = ("--starting-price", "100", "--floor", "20", "--decrement", "10", "--every", "5s")
DUTCH = ("--lot", "12", "--title", "Dutch", "--format", "dutch", *CLOCK)


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return begin_sale(tmp_path / "sale")


def auctioneer(folder: DataFolder, *words: str) -> Result:
    return CliRunner().invoke(main, words, env={"AUCTIONEER_DATA": str(folder.path)}, catch_exceptions=False)


def test_a_clerk_bids_for_paddles(folder: DataFolder) -> None:
    with desk(folder):
        auctioneer(folder, "paddle", "add", "Ben Ray")
        led = auctioneer(folder, "bid", "1", "1310", "--paddle", "2")
        assert led.stdout == f"Accepted: Ben Ray (2) leads lot {LOT_1} at USD 1,310.00. The reserve is met.\n"
        outbid = auctioneer(folder, "bid", "1", "1400", "--max", "--paddle", "1", "--source", "telephone")
        assert outbid.stdout == f"Accepted: Ann (1) leads lot {LOT_1} at USD 1,315.00. The reserve is met.\n"
        trails = auctioneer(folder, "bid", "1", "1330", "--paddle", "ben ray").stdout
        ann_leads = f"Ann (1) leads lot {LOT_1} at USD 1,335.00"
        assert trails == f"Accepted for Ben Ray (2), but {ann_leads}. The next bid is USD 1,340.00 or more.\n"
        refused = auctioneer(folder, "bid", "1", "1335", "--paddle", "2")
        assert refused.exit_code == 3
        assert "the minimum is USD 1,340.00" in refused.stderr
        auctioneer(folder, "open", "2")
        bought = auctioneer(folder, "bid", "2", "2000", "--buy", "--paddle", "2")
        assert bought.stdout == f"Lot {LOT_2} is sold to Ben Ray (2) for USD 2,000.00.\n"
    with sale_of(folder) as sale:
        facts = [fact for _, fact in sale.journal.read() if isinstance(fact, OfferTaken)]
    assert [(fact.paddle, fact.source.value, fact.by) for fact in facts] == [
        (2, "floor", "auctioneer"),
        (1, "telephone", "auctioneer"),
        (2, "floor", "auctioneer"),
        (2, "floor", "auctioneer"),
    ]
    table = auctioneer(folder, "bids", "1").stdout.splitlines()
    assert ["Source" in table[0], "floor, auctioneer" in table[2], "telephone, auctioneer" in table[3]] == [True] * 3


def test_json_has_the_board_and_how_the_lot_stands(folder: DataFolder) -> None:
    with desk(folder):
        told = json.loads(auctioneer(folder, "bid", "1", "1350", "--max", "--paddle", "1", "--json").stdout)
    assert (told["done"], told["lots"], told["paddle"], told["results"]) == (True, ["1"], 1, [])
    assert (told["accepted"]["board"]["leader"], told["accepted"]["own"]["maximum_minor"]) == (1, 135_000)
    assert (told["standing"]["leader"], told["standing"]["maximum"]) == ("Ann", "1350.00")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["1", "1400"], "--paddle"),
        (["1", "--paddle", "1"], "Give either an AMOUNT or --take-back"),
        (["1", "1400", "--take-back", "--paddle", "1"], "Give either an AMOUNT or --take-back"),
        (["1", "1400", "--paddle", "0"], "paddles are from 1 to 100,000"),
        (["1", "1400", "--paddle", "100001"], "paddles are from 1 to 100,000"),
        (["1", "1400", "--paddle", ""], "--paddle: it is empty"),
        (["1", "1400", "--paddle", "1", "--source", "bidder"], "'bidder' is not one of"),
        (["1", "12,500", "--paddle", "1"], "12,500"),
        (["1", "0", "--paddle", "1"], "not an amount to pay"),
        (["1", "1400", "--paddle", "1", "--house"], "Give either --paddle or --house"),
        (["1", "1400", "--house", "--max"], "The house bids openly"),
        (["1", "1400", "--house", "--source", "floor"], "The house bids openly"),
        (["1", "--take-back", "--house"], "The house bids openly"),
    ],
)
def test_what_can_t_be_meant_is_not_sent(folder: DataFolder, words: list[str], said: str) -> None:
    with desk(folder):
        result = auctioneer(folder, "bid", *words)
    assert (result.exit_code, said in result.stderr) == (2, True), result.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["1", "1400", "--units", "2", "--paddle", "1"], "lot 1 takes an open bid, a maximum (`--max`) or a purchase"),
        (["1", "1400", "--max", "--buy", "--paddle", "1"], "one at a time"),
        (["1", "--take-back", "--paddle", "1"], "`auctioneer undo 1 --bid N` takes a bid back that counts"),
        (["11", "20", "--max", "--paddle", "1"], "lot 11 takes sealed offers: an amount alone, or `--take-back`"),
        (["11", "20", "--house"], "the house can't bid on lot 11, as it is sold"),
        (["12", "20", "--source", "absentee", "--paddle", "1"], "nothing can be left for it before"),
    ],
)
def test_an_offer_of_another_format_says_what_the_lot_takes(folder: DataFolder, words: list[str], said: str) -> None:
    with desk(folder):
        for described in (SEALED, DUTCH):
            added = auctioneer(folder, "add", *described, "--opens", "by hand")
            assert added.exit_code == 0, added.stderr
        refused = auctioneer(folder, "bid", *words)
    assert (refused.exit_code, "Error [other_format]" in refused.stderr, said in refused.stderr) == (3, True, True), (
        refused.stderr
    )


@pytest.mark.parametrize(("typed", "status"), [(b"n\n", 130), (b"y\n", 0)])
def test_a_slip_is_asked_about(folder: DataFolder, typed: bytes, status: int) -> None:
    with desk(folder):
        assert auctioneer(folder, "paddle", "add", "Ben").exit_code == 0
        exit_status, shown = at_terminal(folder, "bid", "1", "13050", "--paddle", "2", typed=typed)
    assert exit_status == status
    assert "USD 13,050.00 is 10 times the minimum of lot 1, USD 1,305.00. Bid it for Ben (2)?" in shown
    assert ("Ben (2) leads" in shown) is (status == 0)


@pytest.mark.parametrize("words", [("13049",), ("13050", "--yes")])
def test_below_it_and_with_yes_nobody_is_asked(folder: DataFolder, words: tuple[str, ...]) -> None:
    assert FAR_ABOVE_TIMES * 1_305 == 13_050
    with desk(folder):
        assert auctioneer(folder, "paddle", "add", "Ben").exit_code == 0
        exit_status, shown = at_terminal(folder, "bid", "1", *words, "--paddle", "2")
    assert exit_status == 0
    assert "times the minimum" not in shown


def test_in_a_script_a_slip_is_refused_without_yes(folder: DataFolder) -> None:
    slip = ("bid", "1", "13050", "--paddle", "2")
    with desk(folder):
        assert auctioneer(folder, "paddle", "add", "Ben").exit_code == 0
        refused = auctioneer(folder, *slip)
        assert refused.exit_code == 2
        assert "is 10 times the minimum of lot 1, USD 1,305.00. Nothing was bid for Ben (2)." in refused.stderr
        assert "--yes" in refused.stderr
        assert json.loads(auctioneer(folder, "lots", "1", "--json").stdout)[0]["leader"] == "Ann"
        assert auctioneer(folder, *slip, "--yes").exit_code == 0


def test_the_answer_has_the_number_that_undo_takes(tmp_path: Path) -> None:
    folder = begin_sale(tmp_path / "sale", corrections=True)
    with desk(folder):
        auctioneer(folder, "paddle", "add", "Ben")
        assert auctioneer(folder, "bid", "1", "1310", "--paddle", "2").stdout.startswith("Accepted as bid 2: Ben (2)")
        bid = json.loads(auctioneer(folder, "bid", "1", "1320", "--paddle", "Ann", "--json").stdout)
        assert (bid["number"], bid["paddle"], bid["name"]) == (3, 1, "Ann")
        assert auctioneer(folder, "undo", "1", "--bid", str(bid["number"])).exit_code == 0
    outcomes = json.loads(auctioneer(folder, "bids", "1", "--json").stdout)["bids"]
    assert [(row["number"], row["outcome"]) for row in outcomes] == [(1, "accepted"), (2, "accepted"), (3, "void")]


def test_a_name_that_nobody_has_is_said(folder: DataFolder) -> None:
    with desk(folder):
        refused = auctioneer(folder, "bid", "1", "1310", "--paddle", "Dan")
    assert (refused.exit_code, "[unknown_bidder]" in refused.stderr, "Dan" in refused.stderr) == (3, True, True)
