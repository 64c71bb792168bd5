"""Houses that stand by for each other, as processes, on a real database."""

import json
import os
import signal
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest

from common.codec import encode
from common.confirming import ConfirmRequest
from common.errors import RejectCode
from common.formats.english import BidRequest
from common.keys import KeyPair, new_keys
from common.messages import Accepted, AnyAnswer, AnyRequest, Rejected
from tests.house_process import CATALOGUE, HouseProcess, RawBidder
from tests.postgres_cluster import Cluster, until
from tests.two_houses import copy_keys, houses, kill

ANN, BEN = new_keys(), new_keys()


@pytest.fixture
def url(postgres: Cluster) -> str:
    return postgres.url(uuid4().hex)


def bid(house: HouseProcess, number: int, amount_minor: int, keys: KeyPair = ANN) -> AnyAnswer:
    """Return the verdict on a bid at a house."""
    return ask(house, BidRequest(id=number, lot="1", amount_minor=amount_minor), keys)


def ask(house: HouseProcess, request: AnyRequest, keys: KeyPair = ANN) -> AnyAnswer:
    """Return the answer of a house to a request."""
    with closing(RawBidder(house.link, "Ann" if keys is ANN else "Ben", keys)) as bidder:
        bidder.hello()
        return bidder.ask(request)


def standbys(house: HouseProcess) -> list[dict[str, object]]:
    """Return who stands by, as the owner knows it."""
    return list(json.loads(house.auctioneer("status", "--json").stdout)["standbys"])


def end_of_lot_2_ms(house: HouseProcess) -> int:
    """Return when an open lot ends, which each outage puts off."""
    (row,) = json.loads(house.auctioneer("lots", "2", "--json").stdout)
    return int(row["ends_at_ms"])


def test_a_stand_by_takes_over_from_a_house_that_was_killed_and_loses_no_bid(url: str, tmp_path: Path) -> None:
    with houses(tmp_path, url) as (one, two):
        verdict = bid(one, 2, 1000)
        assert isinstance(verdict, Accepted)
        kill(one)
        assert two.wait_for("took_over")["term"] == 2
        assert bid(two, 2, 1000) == verdict, "the same verdict again, from another house"
        assert isinstance(bid(two, 3, 1200), Rejected), "the leader's own bid"
        assert two.auctioneer("verify").exit_code == 0


def test_who_is_asked_whether_its_bid_stands_answers_the_house_that_took_over(url: str, tmp_path: Path) -> None:
    """The time for the answer is as it was, but for the outage; an answer that was given holds."""
    asks = CATALOGUE.replace("[sale]", '[sale]\ncorrections = "on"\nrevived = "ask"\nrevived_answer = "10m"')
    with houses(tmp_path, url, catalogue=asks) as (one, two):
        assert isinstance(bid(one, 2, 1000), Accepted)
        assert isinstance(bid(one, 2, 2000, BEN), Accepted)
        assert one.auctioneer("undo", "1").exit_code == 0
        (before,), end_ms = json.loads(one.auctioneer("asked", "--json").stdout), end_of_lot_2_ms(one)
        kill(one)
        two.wait_for("took_over")
        (after,) = json.loads(two.auctioneer("asked", "--json").stdout)
        assert (after["lot"], after["paddle"], after["name"], after["price"]) == ("1", 1, "Ann", "10.00")
        outage_ms = end_of_lot_2_ms(two) - end_ms
        assert outage_ms > 0
        assert after["until_ms"] == before["until_ms"] + outage_ms, "not the whole time again"
        foreign = ask(two, ConfirmRequest(id=3, lot="1", stands=False), BEN)
        assert isinstance(foreign, Rejected)
        assert foreign.code is RejectCode.NOT_ASKED
        yes = ConfirmRequest(id=3, lot="1", stands=True)
        verdict = ask(two, yes)
        assert isinstance(verdict, Accepted)
        assert ask(two, yes) == verdict
        assert json.loads(two.auctioneer("asked", "--json").stdout) == []
        assert two.auctioneer("verify", "--deep").exit_code == 0


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


def test_a_house_that_was_stopped_for_a_while_does_no_harm_when_it_wakes(url: str, tmp_path: Path) -> None:
    """It hears a bid before it looks at its clock: the other house holds the sale, and decides alone."""
    with houses(tmp_path, url) as (one, two), closing(RawBidder(one.link, "Ann", ANN)) as bidder:
        bidder.hello()
        stopped = one.server_pid
        os.kill(stopped, signal.SIGSTOP)
        two.wait_for("took_over")
        assert isinstance(bid(two, 2, 1000, BEN), Accepted)
        bidder.requests.send(encode(BidRequest(id=7, lot="1", amount_minor=1200)))
        os.kill(stopped, signal.SIGCONT)
        assert "ms, so another house" in one.wait_for("stepped_down")["reason"]
        assert one.wait_for("standing_by")["term"] == 2
        assert not bidder.requests.poll(500), "nobody answers at the old place"
        verdict = bid(two, 7, 1200)
        assert isinstance(verdict, Accepted), "the same request has its one verdict from the house that holds the sale"
        assert two.auctioneer("verify").exit_code == 0


def test_of_two_houses_that_stand_by_one_takes_over_and_the_other_goes_on_standing_by(url: str, tmp_path: Path) -> None:
    with houses(tmp_path, url, 3) as (one, two, three):
        verdict = bid(one, 2, 1000)
        kill(one)
        until(lambda: any("took_over" in line for house in (two, three) for line in house.lines), "a new owner")
        winner, loser = (two, three) if any("took_over" in line for line in two.lines) else (three, two)
        assert bid(winner, 2, 1000) == verdict
        kill(winner)
        assert loser.wait_for("took_over")["term"] == 3
        assert bid(loser, 2, 1000) == verdict


def test_while_the_store_is_away_nobody_holds_the_sale_and_then_somebody_does(
    lonely_postgres: Cluster, tmp_path: Path
) -> None:
    with houses(tmp_path, lonely_postgres.url(uuid4().hex)) as (one, two):
        verdict = bid(one, 2, 1000)
        lonely_postgres.primary.stop()
        for house in (one, two):
            house.wait_for("store_away")
        assert any("stepped_down" in line for line in one.lines)
        lonely_postgres.primary.start()
        lonely_postgres.mend()
        until(lambda: any("took_over" in line for house in (one, two) for line in house.lines), "an owner")
        owner = one if any("took_over" in line for line in one.lines) else two
        assert bid(owner, 2, 1000) == verdict
        assert owner.auctioneer("verify").exit_code == 0


def test_a_house_alone_hands_nothing_over_and_a_house_that_stands_by_tells_how_the_sale_stands(
    url: str, tmp_path: Path
) -> None:
    with houses(tmp_path, url, 1) as (one,):
        refused = one.auctioneer("hand-over")
        assert refused.exit_code == 3
        assert "no house stands by" in refused.stderr
        assert isinstance(bid(one, 2, 1000), Accepted)
    with houses(tmp_path / "both", url + "-2") as (one, two):
        until(lambda: bool(standbys(one)), "a house that stands by")
        (beside,) = standbys(one)
        assert beside == {"place": f"127.0.0.1:{two.record['port']}", "behind": 0}
        told = two.auctioneer("status", "--json")
        assert json.loads(told.stdout)["term"] == 1
        assert json.loads(told.stdout)["standbys"] == [beside]
        assert "This house stands by" in two.auctioneer("status").stderr
        refused = two.auctioneer("pause")
        assert refused.exit_code == 4
        assert "another one holds the sale" in refused.stderr


def test_what_can_t_stand_by_says_so_at_once(url: str, tmp_path: Path) -> None:
    with houses(tmp_path, url, 1) as (one,):
        for arguments, why in (
            ((), "has no keys of a house"),
            (("--port", str(one.record["port"])), f"Port {one.record['port']} on 127.0.0.1 is in use"),
        ):
            if arguments:
                copy_keys(one.data, tmp_path / "other" / "data")
            house = HouseProcess(tmp_path / "other", None, "--store", url, *arguments, verb="stand-by")
            assert house.process.wait(timeout=60) == 2
            house.stop()
            assert any(why in line for line in house.lines), house.lines
