"""A standby of the database is promoted while a house stands by, whose looks went to the old primary."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Final
from uuid import uuid4

import pytest

from benchmarks.load.postgres_servers import Node
from common.codec import encode
from common.formats.english import BidRequest
from common.keys import KeyPair, new_keys
from common.messages import Accepted, AnyAnswer
from tests.house_process import HouseProcess, RawBidder
from tests.postgres_cluster import Cluster, until
from tests.two_houses import houses, kill

ANN, BEN = new_keys(), new_keys()
_FOLLOWED: Final = "SELECT max(position) FROM auction.standby WHERE sale = %s"
_STORED: Final = "SELECT position FROM auction.sale WHERE id = %s"


def bid(house: HouseProcess, number: int, amount_minor: int, keys: KeyPair = ANN) -> AnyAnswer:
    """Return the verdict on a bid at a house."""
    with closing(RawBidder(house.link, "Ann" if keys is ANN else "Ben", keys)) as bidder:
        bidder.hello()
        return bidder.ask(BidRequest(id=number, lot="1", amount_minor=amount_minor))


def owner_of(*both: HouseProcess) -> HouseProcess:
    """Wait until one of two houses holds the sale while the other stands by, and return it."""

    def stage(house: HouseProcess) -> str:
        told = [name for line in house.lines for name in ("listening", "standing_by") if f'"{name}"' in line]
        return told[-1]

    until(lambda: sorted(map(stage, both)) == ["listening", "standing_by"], "one house that holds the sale")
    return next(house for house in both if stage(house) == "listening")


@contextmanager
def lost_primary(cluster: Cluster) -> Iterator[Node]:
    """Give the standby that is promoted after the end of the primary, which is back at the end of the block."""
    cluster.primary.stop()
    with cluster.failed_over() as new:
        try:
            yield new
        finally:
            cluster.primary.start()


def assert_alive(*both: HouseProcess) -> None:
    for house in both:
        assert house.process.poll() is None, "".join(house.lines[-20:])
        assert not any("died" in line for line in house.lines), "no process crashed"


@pytest.mark.torture
def test_a_house_that_stands_by_follows_the_server_that_was_promoted(lonely_postgres: Cluster, tmp_path: Path) -> None:
    cluster, sale = lonely_postgres, uuid4().hex
    with houses(tmp_path, cluster.url(sale)) as (one, two):
        verdict = bid(one, 2, 1000)
        assert isinstance(verdict, Accepted)
        with lost_primary(cluster) as new:
            owner = owner_of(one, two)
            other = two if owner is one else one
            assert bid(owner, 2, 1000) == verdict
            assert isinstance(bid(owner, 2, 1500, BEN), Accepted)
            until(lambda: new.ask(_FOLLOWED, sale) == new.ask(_STORED, sale), "it follows what is new")
            kill(owner)
            other.wait_for("took_over")
            assert bid(other, 2, 1000) == verdict
            assert_alive(other)
            assert other.auctioneer("verify").exit_code == 0


@pytest.mark.torture
def test_a_house_that_followed_what_only_the_old_primary_had_forgets_it(
    lonely_postgres: Cluster, tmp_path: Path
) -> None:
    """The bid was shown there, and never acknowledged. The same request has its one verdict afterwards."""
    cluster, sale = lonely_postgres, uuid4().hex
    with houses(tmp_path, cluster.url(sale)) as (one, two), closing(RawBidder(one.link, "Ann", ANN)) as ann:
        ann.hello()
        verdict = bid(one, 2, 1000, BEN)
        assert isinstance(verdict, Accepted)
        ((stored,),) = cluster.primary.ask(_STORED, sale)
        until(lambda: cluster.primary.ask(_FOLLOWED, sale) == [(stored,)], "it follows")
        with ExitStack() as silence:
            silence.enter_context(cluster.silent_standbys())
            ann.requests.send(encode(BidRequest(id=7, lot="1", amount_minor=1200)))
            until(lambda: bool(cluster.waiting()), "the commit waits")
            for pid in cluster.waiting():
                cluster.primary.ask("SELECT pg_terminate_backend(%s)", pid)
            until(lambda: cluster.primary.ask(_FOLLOWED, sale) > [(stored,)], "it follows what nobody else has")
            new = silence.enter_context(lost_primary(cluster))  # while its standbys hear nothing
            assert not ann.requests.poll(0), "it was not acknowledged"
            assert new.ask(_STORED, sale) == [(stored,)]
            owner = owner_of(one, two)
            other = two if owner is one else one
            assert bid(owner, 2, 1000, BEN) == verdict
            again = bid(owner, 7, 1200)
            assert isinstance(again, Accepted)
            assert bid(owner, 7, 1200) == again
            until(lambda: new.ask(_FOLLOWED, sale) == new.ask(_STORED, sale), "it follows what is new")
            kill(owner)
            other.wait_for("took_over")
            assert bid(other, 7, 1200) == again
            assert_alive(other)
            assert other.auctioneer("verify", "--deep").exit_code == 0


def test_of_two_primaries_the_old_one_is_believed_by_nobody(lonely_postgres: Cluster, tmp_path: Path) -> None:
    """It stands first in the URL and takes connections. Its standbys are gone, so nothing that it is told counts."""
    cluster, sale = lonely_postgres, uuid4().hex
    with houses(tmp_path, cluster.url(sale)) as (one, two):
        verdict = bid(one, 2, 1000)
        assert isinstance(verdict, Accepted)
        with cluster.failed_over() as new:
            owner = owner_of(one, two)
            other = two if owner is one else one
            until(lambda: new.ask(_FOLLOWED, sale) == new.ask(_STORED, sale), "the other follows the new primary")
            assert bid(owner, 2, 1000) == verdict
            assert isinstance(bid(owner, 2, 1500, BEN), Accepted)
            kill(owner)
            other.wait_for("took_over")
            assert isinstance(bid(other, 3, 2000), Accepted)
            assert cluster.primary.ask("SELECT max(term) FROM auction.sale WHERE id = %s", sale) == [(1,)]
            assert_alive(other)
            assert other.auctioneer("verify").exit_code == 0
