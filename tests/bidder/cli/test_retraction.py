"""`bidder retract` from a shell, and the same by the library and as an order, at a house that runs."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from bidder import Client
from bidder.core.retraction import retract_request
from bidder.display.orders import RetractOrder, json_order, typed_order
from common.errors import RejectCode, UsageError
from common.formats.english import EnglishOwn
from common.keys import new_keys
from common.messages import Accepted, Rejected
from tests.bidder.cli.programs import bidder
from tests.house_process import HouseProcess, running_house
from tests.must_be import must_be

CATALOGUE = """
[sale]
title = "Slips"
currency = "USD"
corrections = "on"
retractions = "on"
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


def test_the_last_bid_is_taken_back_once_however_often_it_is_asked(house: HouseProcess, tmp_path: Path) -> None:
    assert bidder(house, tmp_path, "bid", "1", "20").exit_code == 0
    assert bidder(house, tmp_path, "bid", "1", "50", "--max").exit_code == 0
    done = bidder(house, tmp_path, "retract", "1")
    assert done.stdout == (
        "Accepted: your last bid is taken back. Lot 1 is at USD 20.00 now, and you lead it by an earlier bid.\n"
    )
    verdict = json.loads(bidder(house, tmp_path, "retract", "1", "--json").stdout)
    assert (verdict["status"], verdict["price"], verdict["leading"]) == ("accepted", None, False)
    assert verdict["message"] == ("Accepted: your last bid is taken back. Lot 1 has no bid now, and you don't lead it.")
    again = bidder(house, tmp_path, "retract", "1", "--json", "--request-id", str(verdict["request_id"]))
    assert json.loads(again.stdout) == verdict
    none = bidder(house, tmp_path, "retract", "1")
    assert (none.exit_code, none.stderr.split("]")[0]) == (3, "Error [no_offer")
    assert house.auctioneer("verify").exit_code == 0


def test_the_library_takes_bids_back_too(house: HouseProcess) -> None:
    with Client.connect(house.link, "Ben", new_keys()) as client:
        assert must_be(Accepted, client.bid("1", 2_000)).own == EnglishOwn(2_000)
        assert must_be(Accepted, client.retract("1")).own is None
        assert client.mine().positions == ()
        assert must_be(Rejected, client.retract("1")).code is RejectCode.NO_OFFER


def test_it_is_an_order_too() -> None:
    assert typed_order("retract 3") == RetractOrder("3")
    assert json_order(b'{"retract": {"lot": "3", "request_id": 4}}') == RetractOrder("3", 4)
    with pytest.raises(UsageError, match="needs the number"):
        typed_order("retract")
    with pytest.raises(UsageError):
        retract_request(0, "1")
