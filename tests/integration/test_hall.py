"""A hall of many bidders at a real house that is killed: each change is told once, each bid has one verdict."""

import asyncio
from pathlib import Path

import pytest

from tests.gathering import Gathering
from tests.house_process import HouseProcess, running_house

KILLS = 2


def lots(house: HouseProcess) -> str:
    listed = house.auctioneer("lots", "--json")
    assert listed.exit_code == 0, listed.stderr
    return listed.stdout


@pytest.mark.parametrize("people", [40, pytest.param(500, marks=pytest.mark.torture)])
def test_a_hall_outlives_its_house(tmp_path: Path, people: int) -> None:
    with running_house(tmp_path) as house:
        gathering = Gathering(house.link, people, KILLS * [house.kill_server], lambda: lots(house))
        asyncio.run(gathering.run())
        found = gathering.faults(house.data)
        assert not found, found[:5]
        verified = house.auctioneer("verify")
        assert verified.exit_code == 0, verified.stdout + verified.stderr
