"""Accounts at a terminal: limits, deposits and links, what the lists show of them, and wrong input."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from auctioneer.cli import main
from auctioneer.process.folder import DataFolder
from auctioneer.rules.account_facts import AccountFact, DepositNoted, LimitSet, PaddlesLinked
from common.limits import AMOUNT_MINOR_MAX
from common.names import skeletons
from tests.auctioneer.cli.cli_sales import begin_sale, desk, sale_of


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    """Return a sale in which Ann (1) leads lot 1 with a maximum of 1,300."""
    return begin_sale(tmp_path / "sale")


def auctioneer(folder: DataFolder, *words: str) -> Result:
    return CliRunner().invoke(main, words, env={"AUCTIONEER_DATA": str(folder.path)}, catch_exceptions=False)


def facts(folder: DataFolder) -> list[AccountFact]:
    with sale_of(folder) as sale:
        return [fact for _, fact in sale.journal.read() if isinstance(fact, AccountFact)]


def test_a_limit_is_set_shown_and_ended(folder: DataFolder) -> None:
    with desk(folder):
        assert auctioneer(folder, "limit", "Ann", "2000").stdout == "Ann (1) has a limit of USD 2,000.00.\n"
        (row,) = json.loads(auctioneer(folder, "bidders", "--json").stdout)
        assert [row[field] for field in ("limit", "spent", "exposed", "left")] == [
            "2000.00",
            "0.00",
            "1300.00",
            "700.00",
        ]
        header, ann = auctioneer(folder, "bidders").stdout.splitlines()
        assert {"Exposed", "Limit", "Left"} <= set(header.split())
        assert {"1,300.00", "2,000.00", "700.00"} <= set(ann.split())
        assert "near" not in ann
        assert json.loads(auctioneer(folder, "bidders", "--near-limit", "--json").stdout) == []
        assert auctioneer(folder, "limit", "Ann", "1300").exit_code == 0
        assert "limit near, too little for lot 1" in auctioneer(folder, "bidders", "--near-limit").stdout
        ended = json.loads(auctioneer(folder, "limit", "1", "none", "--json").stdout)
        assert ended == {"done": True, "paddle": 1, "name": "Ann", "limit": None, "limit_minor": None}
        assert "Limit" not in auctioneer(folder, "bidders").stdout
        again = auctioneer(folder, "limit", "1", "none")
        assert (again.exit_code, "paddle 1 has no limit" in again.stderr) == (3, True)
    assert [(fact.paddle, fact.limit_minor, fact.by) for fact in facts(folder) if isinstance(fact, LimitSet)] == [
        (1, 200_000, "auctioneer"),
        (1, 130_000, "auctioneer"),
        (1, None, "auctioneer"),
    ]


def test_a_clerks_bid_over_the_limit_is_refused_with_a_sentence(folder: DataFolder) -> None:
    with desk(folder):
        auctioneer(folder, "paddle", "add", "Ben")
        auctioneer(folder, "limit", "Ben", "1500")
        refused = auctioneer(folder, "bid", "1", "1500.01", "--paddle", "2")
        assert refused.exit_code == 3
        assert refused.stderr.startswith(
            "Error [over_spending_limit]: That would take the bidder over its spending limit"
        )
        assert "`auctioneer bidders` shows limits" in refused.stderr
        assert auctioneer(folder, "bid", "1", "1500", "--paddle", "2").exit_code == 0


def test_a_deposit_is_noted_and_given_back(folder: DataFolder) -> None:
    with desk(folder):
        assert auctioneer(folder, "deposit", "Ann", "100").stdout == "The house holds USD 100.00 for Ann (1).\n"
        assert "Deposit USD" in auctioneer(folder, "paddle", "list").stdout
        back = json.loads(auctioneer(folder, "deposit", "1", "none", "--json").stdout)
        assert back == {"done": True, "paddle": 1, "name": "Ann", "deposit": "0.00", "deposit_minor": 0}
        assert "Deposit" not in auctioneer(folder, "paddle", "list").stdout
    assert [fact.amount_minor for fact in facts(folder) if isinstance(fact, DepositNoted)] == [10_000, 0]


def test_bidders_are_linked_and_linked_no_longer(folder: DataFolder) -> None:
    with desk(folder):
        auctioneer(folder, "paddle", "add", "Ben")
        linked = auctioneer(folder, "paddle", "link", "Ann", "2", "--seller", "Old House Ltd")
        assert linked.stdout.startswith("Ann (1) and Ben (2) and the seller Old House Ltd are linked.")
        rows = {row["paddle"]: row for row in json.loads(auctioneer(folder, "paddle", "list", "--json").stdout)}
        assert [(rows[paddle]["linked"], rows[paddle]["sellers"]) for paddle in (1, 2)] == [
            ([2], ["Old House Ltd"]),
            ([1], ["Old House Ltd"]),
        ]
        refused = auctioneer(folder, "bid", "1", "1500", "--paddle", "2")
        assert (refused.exit_code, "Error [linked_bidder]" in refused.stderr) == (3, True)
        people = [{"paddle": 1, "name": "Ann"}, {"paddle": 2, "name": "Ben"}]
        ended = json.loads(auctioneer(folder, "paddle", "unlink", "1", "2", "--json").stdout)
        assert ended == {"done": True, "people": people, "seller": None, "linked": False, "lots_of_seller": None}
        assert auctioneer(folder, "bid", "1", "1500", "--paddle", "2").exit_code == 0
    told = [fact for fact in facts(folder) if isinstance(fact, PaddlesLinked)]
    assert [(fact.paddles, fact.seller, fact.linked) for fact in told] == [
        ((1, 2), "Old House Ltd", True),
        ((1, 2), "", False),
    ]
    assert told[0].skeletons == (skeletons("Ann"), skeletons("Ben"))


def test_a_link_to_a_seller_without_lots_says_so(folder: DataFolder) -> None:
    with desk(folder):
        described = ("--lot", "9", "--title", "Clock", "--starting-price", "10", "--seller", "Old House Ltd")
        assert auctioneer(folder, "add", *described).exit_code == 0
        right = auctioneer(folder, "paddle", "link", "Ann", "--seller", "old house ltd")
        assert right.stdout == "Ann (1) and the seller old house ltd are linked.\n"
        slip = auctioneer(folder, "paddle", "link", "Ann", "--seller", "Old Horse Ltd")
        assert "are linked. But no lot has the seller Old Horse Ltd now." in slip.stdout
        more = json.loads(auctioneer(folder, "paddle", "link", "Ann", "--seller", "Odd House", "--json").stdout)
        assert more["lots_of_seller"] == 0


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("limit", "1"), 2, "Missing argument 'AMOUNT|none'"),
        (("limit", "", "5"), 2, "it is empty"),
        (("limit", "1", "-5"), 2, "No such option"),
        (("limit", "1", "lots"), 2, "is not an amount"),
        (("limit", "1", "5.123"), 2, "too many decimals"),
        (("limit", "1", str(AMOUNT_MINOR_MAX)), 2, "the largest"),
        (("limit", "7", "5"), 3, "There is no such bidder"),
        (("deposit", "1", "none"), 3, "that is the deposit of paddle 1 already"),
        (("paddle", "link", "1"), 2, "Give two bidders or more"),
        (("paddle", "link", "1", "Ann"), 3, "a paddle is named twice"),
        (("paddle", "link", "1", "x" * 41), 2, "at most 40 fit"),
        (("paddle", "link", "1", "--seller", "x" * 201), 2, "at most 200 fit"),
        (("paddle", "unlink", "1", "--seller", "Old House"), 3, "they are not linked"),
    ],
)
def test_wrong_input(folder: DataFolder, words: tuple[str, ...], status: int, said: str) -> None:
    with desk(folder):
        done = auctioneer(folder, *words)
    assert done.exit_code == status, done.output
    assert said in done.stderr
    assert facts(folder) == []
