"""What monitoring sees of one process that stands by, takes a sale over, and of one that steps down."""

import json
from pathlib import Path
from uuid import uuid4

from common.messages import Accepted
from tests.auctioneer.process.test_standing_by import ANN, BEN, bid, standbys
from tests.house_process import HouseProcess
from tests.postgres_cluster import Cluster, until
from tests.scraping import get, scrape
from tests.two_houses import Houses


def health(house: HouseProcess) -> tuple[int, str]:
    status, body = get(str(house.record["metrics"]).replace("/metrics", "/healthz"))
    return status, str(json.loads(body)["status"])


def told_by_the_owner(house: HouseProcess, term: int) -> None:
    assert health(house) == (200, "ok")
    assert isinstance(bid(house, 10 + term, 1000 * term, ANN if term == 1 else BEN), Accepted)
    assert scrape(house)["commit_seconds_count"] > 0
    seen = scrape(house)
    assert (seen["owner"], seen["term"], seen["frozen"]) == (1, term, 0)
    assert seen["last_commit_age_seconds"] < 60
    assert "events_behind" not in seen
    assert "journal_bytes" not in seen, "the record is in a database"


def told_by_who_stands_by(house: HouseProcess, term: int) -> None:
    until(lambda: scrape(house)["term"] == term, "it has looked")
    assert health(house) == (200, "standing_by")
    until(lambda: scrape(house)["events_behind"] == 0, "it has followed all")
    seen = scrape(house)
    assert (seen["owner"], seen["store_away"]) == (0, 0)
    assert seen["followed_position"] > 0
    assert "frozen" not in seen, "it has no sale to freeze"


def test_one_endpoint_tells_of_the_house_before_and_after_it_takes_over(postgres: Cluster, tmp_path: Path) -> None:
    running = Houses(tmp_path, postgres.url(uuid4().hex), 2)
    try:
        one, two = (running.start(number, "--metrics-port", "0") for number in range(2))
        told_by_the_owner(one, 1)
        told_by_who_stands_by(two, 1)
        place, process = two.record["metrics"], two.server_pid
        until(lambda: bool(standbys(one)), "a house that stands by")
        assert one.auctioneer("hand-over").exit_code == 0
        two.wait_for("listening")
        assert (two.record["metrics"], two.server_pid) == (place, process), "the same process, at the same place"
        told_by_the_owner(two, 2)
        one.wait_for("standing_by")
        told_by_who_stands_by(one, 2)
    finally:
        running.stop()
