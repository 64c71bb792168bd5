"""`bidder confirm` and `auctioneer asked` from a shell, and the same by the library, at a house that runs."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from bidder import Client
from bidder.core.confirming import confirm_request
from bidder.display.orders import ConfirmOrder, json_order, typed_order
from common.errors import RejectCode, UsageError
from common.formats.english import EnglishOwn
from common.keys import new_keys
from common.messages import Accepted, Rejected
from tests.bidder.cli.programs import Program, bidder
from tests.house_process import HouseProcess, running_house
from tests.must_be import must_be

CATALOGUE = """
[sale]
title = "Slips"
currency = "USD"
corrections = "on"
retractions = "on"
revived = "ask"
revived_answer = "10m"
[defaults]
starting_price = "10"
increment = "1"
duration = "1h"
[[lot]]
title = "Vase"
"""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[HouseProcess]:
    with running_house(tmp_path / "house", catalogue=CATALOGUE) as house:
        yield house


def test_a_bidder_says_in_a_shell_that_its_bid_stands_once_however_often(house: HouseProcess, tmp_path: Path) -> None:
    assert bidder(house, tmp_path, "bid", "1", "20").exit_code == 0
    refused = bidder(house, tmp_path, "confirm", "1")
    assert (refused.exit_code, refused.stderr.split("]")[0]) == (3, "Error [not_asked")
    with Client.connect(house.link, "Ben", new_keys()) as ben:
        assert ben.sale.revived_answer_ms == 600_000
        must_be(Accepted, ben.bid("1", 3_000))
        must_be(Accepted, ben.retract("1"))
        (asked,) = json.loads(house.auctioneer("asked", "--json").stdout)
        assert (asked["lot"], asked["paddle"], asked["name"], asked["price"]) == ("1", 1, "Ada", "20.00")
        assert 0 < asked["left_ms"] <= 600_000
        assert must_be(Rejected, ben.bid("1", 3_000)).code is RejectCode.LOT_PAUSED
        verdict = json.loads(bidder(house, tmp_path, "confirm", "1", "--json").stdout)
        assert verdict["message"] == "Accepted: your bid stands. Lot 1 is at USD 20.00, and you lead it."
        assert "Nobody is asked." in house.auctioneer("asked").stderr
        must_be(Accepted, ben.bid("1", 3_000))
    assert house.auctioneer("verify").exit_code == 0


def test_by_the_library_a_bidder_says_no_and_a_clerk_answers_for_the_next(house: HouseProcess) -> None:
    with (
        Client.connect(house.link, "Ada", new_keys()) as ada,
        Client.connect(house.link, "Ben", new_keys()) as ben,
        Client.connect(house.link, "Cid", new_keys()) as cid,
    ):
        for client, amount_minor in ((ada, 1_000), (ben, 2_000), (cid, 3_000)):
            must_be(Accepted, client.bid("1", amount_minor))
        must_be(Accepted, cid.retract("1"))
        table = house.auctioneer("asked").stdout
        assert ("Price USD" in table, "Ben (2)" in table, "20.00" in table) == (True, True, True)
        assert house.auctioneer("lots").stdout.rstrip().endswith(" asked")
        floor = house.auctioneer("bid", "1", "40", "--paddle", "1")
        assert "(paddle 2 is asked whether its bid stands, lot 1 is at USD 20.00)" in floor.stderr
        assert must_be(Rejected, ada.confirm("1")).code is RejectCode.NOT_ASKED
        no = must_be(Accepted, ben.confirm("1", stands=False))
        assert (no.own, no.board.leader) == (None, ada.paddle)
        assert house.auctioneer("close", "1", "--yes").exit_code == 3
        done = house.auctioneer("asked", "1", "--yes")
        assert done.exit_code == 0, done.stderr
        assert "The bid on lot 1" in done.stdout
        again = house.auctioneer("asked", "1", "--no")
        assert (again.exit_code, "not_asked" in again.stderr) == (3, True)
        assert ada.mine().positions[0].own == EnglishOwn(1_000)
        assert house.auctioneer("close", "1", "--yes").exit_code == 0
        assert ada.mine().won == ("1",)
    assert house.auctioneer("verify").exit_code == 0


def test_who_corrects_is_told_that_the_lot_now_waits(house: HouseProcess) -> None:
    with Client.connect(house.link, "Ada", new_keys()) as ada, Client.connect(house.link, "Ben", new_keys()) as ben:
        for client, amount_minor in ((ada, 1_000), (ben, 2_000)):
            must_be(Accepted, client.bid("1", amount_minor))
        told = house.auctioneer("undo", "1").stdout
        assert told.endswith("USD 10.00 by Ada (1), 1 bid, and Ada (1) is asked whether that bid stands.\n")


def test_it_is_an_order_too() -> None:
    assert typed_order("confirm 3") == typed_order("confirm 3 yes") == ConfirmOrder("3", stands=True)
    assert typed_order("confirm 3 no") == ConfirmOrder("3", stands=False)
    answer = b'{"confirm": {"lot": "3", "stands": false, "request_id": 4}}'
    assert json_order(answer) == ConfirmOrder("3", stands=False, request_id=4)
    for wrong in ("confirm", "confirm 3 perhaps"):
        with pytest.raises(UsageError):
            typed_order(wrong)


def test_in_the_lines_of_a_program_a_bidder_answers(house: HouseProcess, tmp_path: Path) -> None:
    with Client.connect(house.link, "Ben", new_keys()) as ben:
        assert bidder(house, tmp_path, "bid", "1", "20").exit_code == 0
        must_be(Accepted, ben.bid("1", 3_000))
        must_be(Accepted, ben.retract("1"))
        with Program(tmp_path, "join", "--name", "Ada", "--to", house.link) as ada:
            assert ada.until("told")["kind"] == "asked"
            ada.write({"confirm": {"lot": "1", "stands": True}, "id": 7})
            verdict = ada.until("verdict")
            assert (verdict["id"], verdict["status"], verdict["leading"]) == (7, "accepted", True)
            ada.close_input()
            assert ada.end() == 0
        assert [line["kind"] for line in ada.lines if line["event"] == "told"] == ["asked"]


def test_an_answer_is_checked_before_it_leaves() -> None:
    with pytest.raises(UsageError):
        confirm_request(0, "1", stands=True)
