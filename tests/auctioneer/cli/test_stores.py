"""`auctioneer run --store` and `auctioneer store`, as an operator types them."""

import os
import signal
from pathlib import Path
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result

from auctioneer.cli import main
from common.errors import RejectCode
from common.formats.english import BidRequest
from common.messages import Accepted, Rejected
from tests.house_process import HouseProcess, RawBidder, running_house
from tests.postgres_cluster import HOUSE, OWNER, Cluster


def auctioneer(*arguments: object) -> Result:
    return CliRunner().invoke(main, list(map(str, arguments)), catch_exceptions=False)


@pytest.fixture
def url(postgres: Cluster) -> str:
    return postgres.url(uuid4().hex)


def bidding(house: HouseProcess) -> RawBidder:
    bidder = RawBidder(house.link, "Ann")
    bidder.hello()
    return bidder


def bid(bidder: RawBidder, number: int, amount_minor: int) -> object:
    return bidder.ask(BidRequest(id=number, lot="1", amount_minor=amount_minor))


def test_a_sale_in_a_database_outlives_its_server_and_moves_to_a_file(url: str, tmp_path: Path) -> None:
    with running_house(tmp_path, "--store", url) as house:
        bidder = bidding(house)
        assert isinstance(bid(bidder, 2, 1000), Accepted)
        house.kill_server()
        assert isinstance(bid(bidder, 2, 1000), Accepted), "the same verdict again"
        assert isinstance(bid(bidder, 3, 1200), Rejected), "the leader's own bid"
        bidder.close()
        assert house.auctioneer("backup", str(tmp_path / "backup")).exit_code == 0
        for data in (house.data, tmp_path / "backup"):
            told = auctioneer("verify", "--deep", "--data", data)
            assert told.exit_code == 0
            assert "1 refused bid" in told.stdout
        assert not list(house.data.glob("journal*"))
        assert house.stop() == 0
        assert auctioneer("results", "--data", house.data).exit_code == 0
        moved = auctioneer("store", "move", "here", "--data", house.data, "--json")
        assert moved.exit_code == 0
    with running_house(tmp_path, catalogue=None) as house:
        assert (house.data / "journal.sqlite3").exists()
        assert house.auctioneer("verify").exit_code == 0


def test_while_no_standby_answers_nobody_hears_a_verdict_and_it_comes_back_by_itself(
    lonely_postgres: Cluster, tmp_path: Path
) -> None:
    with running_house(tmp_path, "--store", lonely_postgres.url(uuid4().hex)) as house:
        bidder = bidding(house)
        with lonely_postgres.silent_standbys():
            house.wait_for("frozen")
            told = bid(bidder, 2, 1000)
            assert isinstance(told, Rejected)
            assert told.code is RejectCode.UNAVAILABLE
        house.wait_for("thawed")
        assert isinstance(bid(bidder, 2, 1000), Accepted)
        bidder.close()
        assert house.auctioneer("verify").exit_code == 0


def test_a_house_on_another_machine_takes_the_sale_from_one_that_hangs_and_not_from_one_that_lives(
    url: str, tmp_path: Path
) -> None:
    with running_house(tmp_path / "one", "--store", url) as one:
        other = tmp_path / "two" / "data"
        (other / "keys").mkdir(parents=True)
        for key in (one.data / "keys").rglob("*.json"):
            copy = other / key.relative_to(one.data)
            copy.parent.mkdir(exist_ok=True)
            copy.write_bytes(key.read_bytes())
            copy.chmod(0o600)
        with hanging(one):
            two = HouseProcess(tmp_path / "two", None, "--store", url)
            two.wait_for("listening")
        try:
            assert one.process.wait(timeout=60) == 6, "it found that another has its sale, and does not come back"
            refused = auctioneer("store", "move", "here", "--data", one.data)
            assert refused.exit_code == 6
            assert "Another house holds the record" in refused.stderr
        finally:
            assert two.stop() == 0


class hanging:  # noqa: N801 -- used as a block
    """A server that does nothing until the end of the block, as one that is suspended."""

    def __init__(self, house: HouseProcess) -> None:
        self._pid = house.server_pid

    def __enter__(self) -> None:
        os.kill(self._pid, signal.SIGSTOP)

    def __exit__(self, *_: object) -> None:
        os.kill(self._pid, signal.SIGCONT)


def test_preparing_a_database_says_who_may_do_what(postgres: Cluster) -> None:
    url = postgres.url("x", OWNER)
    for _ in range(2):
        done = auctioneer("store", "prepare", url, "--house", HOUSE)
        assert done.exit_code == 0
        assert done.stdout == "The database is ready: its tables are of version 2. house may hold sales.\n"
    refused = auctioneer("store", "prepare", url, "--house", "nobody")
    assert refused.exit_code == 6
    assert "nobody" in refused.stderr


@pytest.mark.parametrize("arguments", [("run", "--store"), ("store", "prepare"), ("store", "move")])
def test_a_password_on_the_command_line_is_refused(arguments: tuple[str, ...], tmp_path: Path) -> None:
    data = ["--data", str(tmp_path)] if "prepare" not in arguments else []
    refused = auctioneer(*arguments, "postgresql://house:hunter2@127.0.0.1:1/auctions", *data)
    assert refused.exit_code == 2
    assert "PGPASSFILE" in refused.stderr
    assert "hunter2" not in refused.stderr


def test_a_directory_remembers_its_store_and_takes_no_other_sale_for_it(
    url: str, postgres: Cluster, tmp_path: Path
) -> None:
    with running_house(tmp_path, "--store", url) as house:
        assert house.stop() == 0
    gone = auctioneer("run", "--example", "--data", house.data, "--store", postgres.url(uuid4().hex))
    assert gone.exit_code == 6
    assert "there is no record" in gone.stderr
    away = auctioneer("status", "--data", house.data)
    assert away.exit_code == 0
    assert "not running" in away.stderr + away.stdout
