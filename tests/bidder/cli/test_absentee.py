"""`bidder leave-bid` from a shell, and the same by the library and as an order, at a house that runs."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bidder import Client
from bidder.cli import main
from bidder.core.absentee import leave_bid_request
from bidder.core.notices import LotChanged, Outbid
from bidder.display.orders import LeaveBidOrder, json_order, typed_order
from common.absentee import LeaveBidRequest
from common.errors import RejectCode, UsageError
from common.formats.english import EnglishOwn
from common.keys import new_keys
from common.messages import Accepted, Rejected
from tests.bidder.cli.programs import bidder
from tests.english import english
from tests.house_process import HouseProcess, running_house
from tests.must_be import must_be

CATALOGUE = """
[sale]
title = "Left"
currency = "USD"
[defaults]
starting_price = "10"
increment = "1"
opens = "by hand"
duration = "1h"
[[lot]]
title = "Vase"
[[lot]]
title = "By sealed offers"
format = "sealed"
"""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[HouseProcess]:
    with running_house(tmp_path / "house", catalogue=CATALOGUE) as house:
        yield house


def told(result: Result) -> Any:
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_a_bid_is_left_replaced_taken_back_and_made_at_the_opening(house: HouseProcess, tmp_path: Path) -> None:
    made = bidder(house, tmp_path, "leave-bid", "1", "50")
    assert made.stdout == "Accepted: your bid of up to USD 50.00 waits for lot 1 to open.\n"
    back = bidder(house, tmp_path, "leave-bid", "1", "--take-back")
    assert back.stdout == "Accepted: no bid of yours waits for lot 1 to open.\n"
    verdict = told(bidder(house, tmp_path, "leave-bid", "1", "60", "--json"))
    assert (verdict["status"], verdict["maximum"], verdict["leading"]) == ("accepted", "60.00", False)
    repeated = ("leave-bid", "1", "60", "--json", "--request-id", str(verdict["request_id"]))
    assert told(bidder(house, tmp_path, *repeated)) == verdict
    assert "your sealed offer of USD 70.00" in bidder(house, tmp_path, "leave-bid", "2", "70").stdout
    mine = told(bidder(house, tmp_path, "mine", "--json"))
    assert [(one["lot"], one.get("maximum"), one.get("offer")) for one in mine["left_bids"]] == [
        ("1", "60.00", None),
        ("2", None, "70.00"),
    ]
    assert mine["leading"] == []
    assert "your bid of up to USD 60.00 waits for lot 1 to open: Vase" in bidder(house, tmp_path, "mine").stdout
    rows = json.loads(house.auctioneer("absentee", "--json").stdout)
    assert [(row["lot"], row["name"], row["amount"]) for row in rows] == [("1", "Ada", "60.00"), ("2", "Ada", None)]
    assert house.auctioneer("open", "1").exit_code == 0
    assert told(bidder(house, tmp_path, "mine", "--json"))["leading"][0]["maximum"] == "60.00"
    late = bidder(house, tmp_path, "leave-bid", "1", "90")
    assert (late.exit_code, late.stderr.split("]")[0]) == (3, "Error [already_open")
    assert house.auctioneer("verify").exit_code == 0


def test_a_phone_hears_of_the_bid_that_a_clerk_makes_for_its_paddle(house: HouseProcess) -> None:
    heard: list[object] = []
    with Client.connect(house.link, "Ben", new_keys(), on_notice=heard.append) as phone:
        paddle = str(phone.paddle)
        assert house.auctioneer("paddle", "add", "Cleo").exit_code == 0
        assert house.auctioneer("bid", "1", "20", "--paddle", paddle, "--source", "absentee").exit_code == 0
        mine = phone.mine()
        assert [(one.lot, one.own) for one in mine.positions] == [("1", EnglishOwn(2_000))]
        assert house.auctioneer("open", "1").exit_code == 0
        assert house.auctioneer("bid", "1", "30", "--max", "--paddle", paddle).exit_code == 0
        assert [one.own for one in phone.mine().positions] == [EnglishOwn(3_000)]
        own = must_be(Accepted, phone.bid("1", maximum_minor=4_000))
        assert (english(must_be(LotChanged, heard[-1]).view) if heard else None) is not None
        assert own.own == EnglishOwn(4_000)
        assert house.auctioneer("bid", "1", "41", "--paddle", str(phone.paddle + 1)).exit_code == 0
        assert must_be(Rejected, phone.bid("1", amount_minor=4_100)).code is RejectCode.BELOW_MINIMUM
    assert any(isinstance(notice, Outbid) for notice in heard)


def test_the_library_leaves_bids_too(house: HouseProcess) -> None:
    with Client.connect(house.link, "Ben", new_keys()) as client:
        assert must_be(Accepted, client.leave_bid("1", 2_000)).own == EnglishOwn(2_000)
        assert must_be(Accepted, client.leave_bid("1", None)).own is None
        assert must_be(Rejected, client.leave_bid("1", None)).code is RejectCode.NO_OFFER


def test_what_no_house_accepts_is_not_sent(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        leave_bid_request(1, "1", 0)
    words = [
        "leave-bid",
        "1",
        "--name",
        "Ada",
        "--to",
        f"auction://127.0.0.1:1/{'a' * 64}?publish=2",
        "--home",
        str(tmp_path),
    ]
    for more in ([], ["5", "--take-back"]):
        result = CliRunner().invoke(main, [*words, *more], catch_exceptions=False)
        assert (result.exit_code, "Give either an AMOUNT or --take-back" in result.stderr) == (2, True)
    assert leave_bid_request(7, "1", None) == LeaveBidRequest(id=7, lot="1")


def test_it_is_an_order_too() -> None:
    assert typed_order("leave-bid 3 USD 80") == LeaveBidOrder("3", "USD 80")
    assert typed_order("leave-bid 3 back") == LeaveBidOrder("3")
    assert json_order(b'{"leave_bid": {"lot": "3", "amount": "80", "request_id": 4}}') == LeaveBidOrder("3", "80", 4)
    with pytest.raises(UsageError, match="Say how much"):
        typed_order("leave-bid 3")
