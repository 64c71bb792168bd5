"""Houses that stand by for each other, as processes, on a real database."""

import json
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest

from common.formats.english import BidRequest
from common.keys import KeyPair, new_keys
from common.messages import Accepted, AnyAnswer, Rejected
from tests.house_process import HouseProcess, RawBidder
from tests.postgres_cluster import Cluster, until
from tests.two_houses import houses, kill

ANN, BEN = new_keys(), new_keys()


@pytest.fixture
def url(postgres: Cluster) -> str:
    return postgres.url(uuid4().hex)


def bid(house: HouseProcess, number: int, amount_minor: int, keys: KeyPair = ANN) -> AnyAnswer:
    """Return the verdict on a bid at a house."""
    with closing(RawBidder(house.link, "Ann" if keys is ANN else "Ben", keys)) as bidder:
        bidder.hello()
        return bidder.ask(BidRequest(id=number, lot="1", amount_minor=amount_minor))


def standbys(house: HouseProcess) -> list[dict[str, object]]:
    """Return who stands by, as the owner knows it."""
    return list(json.loads(house.auctioneer("status", "--json").stdout)["standbys"])


def test_a_stand_by_takes_over_from_a_house_that_was_killed_and_loses_no_bid(url: str, tmp_path: Path) -> None:
    with houses(tmp_path, url) as (one, two):
        verdict = bid(one, 2, 1000)
        assert isinstance(verdict, Accepted)
        kill(one)
        assert two.wait_for("took_over")["term"] == 2
        assert bid(two, 2, 1000) == verdict, "the same verdict again, from another house"
        assert isinstance(bid(two, 3, 1200), Rejected), "the leader's own bid"
        assert two.auctioneer("verify").exit_code == 0


def test_a_house_hands_its_sale_over_and_stands_by_for_the_other(url: str, tmp_path: Path) -> None:
    with houses(tmp_path, url) as (one, two):
        assert isinstance(bid(one, 2, 1000), Accepted)
        until(lambda: bool(standbys(one)), "a house that stands by")
        told = one.auctioneer("hand-over")
        assert told.exit_code == 0, told.stderr + "".join(one.lines)
        assert two.wait_for("took_over")["term"] == 2
        one.wait_for("standing_by")
        assert isinstance(bid(two, 3, 1500, BEN), Accepted)
        kill(two)
        one.wait_for("took_over")
        assert isinstance(bid(one, 4, 2000), Accepted)
