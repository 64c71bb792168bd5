"""A sale of lots of all formats, held by the two command lines, with a house that is killed in its middle."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bidder.cli import main as bidder_main
from tests.house_process import HouseProcess, running_house

ENGLISH, AT_ONCE, SEALED, VICKREY, DUTCH = "1", "2", "3", "4", "5"
FIRST_PRICE_MINOR = 100_000
"""The Dutch clock begins here, and falls by 1.00 every second for a quarter of an hour."""

CATALOGUE = """
[sale]
title = "All formats"
currency = "USD"
[defaults]
duration = "1h"
starting_price = "10"
[[lot]]
title = "By rising bids"
[[lot]]
title = "To be bought at once"
buy_now = "100"
[[lot]]
title = "By sealed offers"
format = "sealed"
[[lot]]
title = "At the second price"
format = "vickrey"
[[lot]]
title = "By a falling price"
format = "dutch"
starting_price = "1000"
floor = "100"
decrement = "1"
every = "1s"
units = 3
"""


class Room:
    """A house, and bidders at it."""

    def __init__(self, house: HouseProcess, home: Path) -> None:
        self.house = house
        self._home = home

    def bidder(self, name: str, *words: str) -> Result:
        words = (*words, "--name", name, "--to", self.house.link, "--home", str(self._home))
        return CliRunner().invoke(bidder_main, words, catch_exceptions=False)

    def told(self, name: str, *words: str) -> Any:
        """Return what a command prints as JSON; it must succeed."""
        result = self.bidder(name, *words, "--json")
        assert result.exit_code == 0, result.stderr
        return json.loads(result.stdout)

    def lot(self, name: str, lot: str) -> dict[str, Any]:
        """Return a lot as a bidder is shown it."""
        return next(row for row in self.told(name, "lots") if row["lot"] == lot)

    def auctioneer(self, *words: str) -> Any:
        result = self.house.auctioneer(*words, "--json")
        assert result.exit_code == 0, result.stderr
        return json.loads(result.stdout)


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    with running_house(tmp_path / "house", catalogue=CATALOGUE) as house:
        yield Room(house, tmp_path / "home")


def test_a_sale_of_all_formats_outlives_a_kill_and_verifies(room: Room) -> None:
    room.told("Ann", "bid", ENGLISH, "20")
    room.told("Ben", "bid", ENGLISH, "80", "--max", "--yes")
    for name, lot, amount in (
        ("Ann", SEALED, "60"),
        ("Ben", SEALED, "40"),
        ("Ann", VICKREY, "70"),
        ("Ben", VICKREY, "55"),
        ("Cat", VICKREY, "50"),
    ):
        assert room.told(name, "seal", lot, amount)["offer"] == f"{amount}.00"
    while room.lot("Ann", DUTCH)["price_minor"] == FIRST_PRICE_MINOR:
        continue  # each look takes some time, and the clock runs
    taken = room.told("Ann", "stop", DUTCH)
    assert (taken["own_units"], taken["units_left"]) == (1, 2)
    assert taken["own_amount_minor"] == taken["price_minor"] < FIRST_PRICE_MINOR
    sealed = room.lot("Ben", SEALED)
    assert (sealed["offer"], sealed["offers"], sealed["results"]) == ("40.00", None, [])
    assert room.lot("Cat", SEALED)["offer"] is None
    assert [row["bids"] for row in room.auctioneer("lots") if row["lot"] in (SEALED, VICKREY)] == [None, None]

    room.house.kill_server()

    again = room.told("Ann", "stop", DUTCH, "--price", taken["price"], "--request-id", str(taken["request_id"]))
    assert again == taken
    mine = room.told("Ann", "mine")
    assert [(one["lot"], one["offer"]) for one in mine["sealed"]] == [(SEALED, "60.00"), (VICKREY, "70.00")]
    assert [(one["lot"], one["own_units"]) for one in mine["taken"]] == [(DUTCH, 1)]
    assert mine["leading"] == mine["won"] == []
    assert [one["lot"] for one in room.told("Ben", "mine")["leading"]] == [ENGLISH]

    assert room.told("Ann", "unseal", SEALED)["offer"] is None
    assert room.bidder("Ann", "unseal", SEALED).stderr.startswith("Error [no_offer]: ")
    assert room.told("Ben", "seal", SEALED, "45")["offer"] == "45.00"
    assert room.told("Cat", "buy", AT_ONCE)["bought"]
    refused = room.bidder("Cat", "bid", DUTCH, "50")
    assert (refused.exit_code, refused.stderr.split("]")[0]) == (3, "Error [other_format")
    rest = room.told("Ben", "stop", DUTCH, "--price", "1000", "--units", "3")
    assert (rest["own_units"], rest["units_left"]) == (2, 0)
    assert rest["price_minor"] <= taken["price_minor"], "the clock went on from where it was"
    for lot in (ENGLISH, SEALED, VICKREY):
        assert room.house.auctioneer("close", lot, "--yes").exit_code == 0

    _check_outcome(room, taken["own_amount_minor"], rest["own_amount_minor"])
    verified = room.auctioneer("verify")
    assert verified["verified"]
    assert (verified["bidders"], verified["sold"]) == (4, 5), "one of them only looked on"


def _check_outcome(room: Room, ann_minor: int, ben_minor: int) -> None:
    """Hold what bidders and auctioneer are shown after the close to what was offered."""
    paddles = {row["name"]: row["paddle"] for row in room.auctioneer("bidders")}
    expected = {
        ENGLISH: [("Ben", 1, 2_050)],
        AT_ONCE: [("Cat", 1, 10_000)],
        SEALED: [("Ben", 1, 4_500)],
        VICKREY: [("Ann", 1, 5_500)],
        DUTCH: [("Ann", 1, ann_minor), ("Ben", 2, ben_minor)],
    }
    rows = {row["lot"]: row for row in room.auctioneer("results")}
    for lot, buyers in expected.items():
        told = [(one["name"], one["units"], one["amount_minor"]) for one in rows[lot]["results"]]
        assert told == buyers
        shown = [(one["paddle"], one["units"], one["amount_minor"]) for one in room.lot("Dan", lot)["results"]]
        assert shown == [(paddles[name], units, amount_minor) for name, units, amount_minor in buyers]
    for name in ("Ann", "Ben", "Cat"):
        mine = room.told(name, "mine")
        bought = {lot: one for lot, buyers in expected.items() for one in buyers if one[0] == name}
        assert {one["lot"]: one["hammer_minor"] for one in mine["won"]} == {lot: one[2] for lot, one in bought.items()}
        assert mine["total_minor"] == sum(amount_minor for _, _, amount_minor in bought.values())
