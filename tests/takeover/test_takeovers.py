"""Houses take a sale over from each other while bidders bid: nothing acknowledged is lost, doubled or reordered."""

import asyncio
import random
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from tests.gathering import Gathering
from tests.postgres_cluster import Cluster, until
from tests.takeover.hour_ahead import AHEAD_MS
from tests.takeover.premises import Premises, await_bids, bidders_at, premises
from tests.takeover.troubles import (
    OF_HOUSES,
    OF_THE_STORE,
    Trouble,
    hand_over,
    kill_the_owner,
    stop_the_owner_for_a_while,
)

DESKS: Final = 40
ROUNDS: Final = 20
SALES: Final = 10
"""So many sales, each with `ROUNDS` troubles: the record of each is checked from its beginning."""


def play(folder: Path, cluster: Cluster, sale: str, troubles: list[Trouble], houses: int = 2, seed: int = 1) -> None:
    with premises(folder, cluster, sale, houses=houses, seed=seed) as place, bidders_at(place) as witnesses:
        for trouble in troubles:
            await_bids(witnesses)
            trouble(place)
            await_bids(witnesses)
            place.wait_until_settled()


def test_a_sale_goes_on_whatever_becomes_of_its_house(tmp_path: Path, postgres: Cluster) -> None:
    play(tmp_path, postgres, "takeover", [stop_the_owner_for_a_while, hand_over])


def strike(place: Premises, trouble: Trouble) -> None:
    place.wait_until_settled()
    trouble(place)


@pytest.mark.torture
def test_a_hall_of_many_desks_goes_to_the_house_that_took_over(tmp_path: Path, postgres: Cluster) -> None:
    """Only the hall looks for the house; its desks go where the hall is, each with its own unanswered bid."""
    with premises(tmp_path, postgres, "hall") as place:
        strikes = [partial(strike, place, one) for one in (kill_the_owner, stop_the_owner_for_a_while, hand_over)]
        link = place.owner.house.link
        gathering = Gathering(link, DESKS, strikes, lambda: place.owner.house.order("lots", "--json"))
        asyncio.run(gathering.run())
        found = gathering.faults(place.owner.house.data)
        assert not found, found[:5]
        place.owner.house.order("verify")


@pytest.mark.torture
@pytest.mark.parametrize("trouble", [*OF_HOUSES, *OF_THE_STORE], ids=lambda one: one.__name__)
def test_each_trouble_three_times(tmp_path: Path, lonely_postgres: Cluster, trouble: Trouble) -> None:
    play(tmp_path, lonely_postgres, f"trouble-{trouble.__name__}", 3 * [trouble], houses=3)


@pytest.mark.torture
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("number", range(SALES))
def test_troubles_at_random(tmp_path: Path, lonely_postgres: Cluster, number: int) -> None:
    chance = random.Random(number)
    troubles = [chance.choice((*OF_HOUSES, *OF_HOUSES, *OF_THE_STORE)) for _ in range(ROUNDS)]
    play(tmp_path, lonely_postgres, f"random-{number}", troubles, houses=3, seed=number)


def test_no_lot_loses_or_gains_time_by_a_clock_that_is_an_hour_ahead(tmp_path: Path, postgres: Cluster) -> None:
    programs = ("auctioneer", "tests.takeover.hour_ahead")
    with premises(tmp_path, postgres, "hour-ahead", programs=programs) as place, bidders_at(place) as witnesses:
        await_bids(witnesses)
        before_ms, heir = witnesses[0].client.remaining_ms("1"), place.others[0].house
        until(lambda: any('"clock_differs"' in line for line in heir.lines), "the stand-by tells before it takes over")
        assert not any('"taking_over"' in line for line in heir.lines)
        kill_the_owner(place)
        await_bids(witnesses)
        place.wait_until_settled()
        after_ms = witnesses[0].client.remaining_ms("1")
        assert before_ms is not None
        assert after_ms is not None
        assert abs(after_ms - before_ms) < AHEAD_MS / 10
