"""Phones at the gateways of houses that stand by for each other."""

from pathlib import Path
from uuid import uuid4

import pytest

from benchmarks.load.postgres_servers import free_port
from tests.auctioneer.process.test_gateway_keeper import join
from tests.auctioneer.process.test_standing_by import standbys
from tests.bidder.web.gateways import Phone
from tests.postgres_cluster import Cluster, until
from tests.two_houses import Houses


@pytest.mark.torture
def test_phones_go_on_after_a_take_over_and_the_new_house_has_a_gateway_too(postgres: Cluster, tmp_path: Path) -> None:
    """A house that only stands by shows no page: who scanned its square would wait there for a sale elsewhere."""
    running = Houses(tmp_path, postgres.url(uuid4().hex), 2)
    try:
        one, two = (running.start(number, "--web", f"127.0.0.1:{free_port()}") for number in range(2))
        first = one.wait_for("gateway_listening")["url"].rstrip("/")
        assert not any("gateway_listening" in line for line in two.lines)
        with Phone(first, join(first, "Ann"), "", {}) as ann:
            ann.until("ready")
            assert ann.ask(do="bid", lot="1", amount_minor=1000)["status"] == "accepted"
            until(lambda: bool(standbys(one)), "a house that stands by")
            assert one.auctioneer("hand-over").exit_code == 0
            two.wait_for("took_over")
            assert ann.ask(do="bid", lot="2", amount_minor=1000)["status"] == "accepted"
        second = two.wait_for("gateway_listening")["url"].rstrip("/")
        with Phone(second, join(second, "Ben"), "", {}) as ben:
            ben.until("ready")
            assert ben.ask(do="bid", lot="1", amount_minor=1500)["status"] == "accepted"
        assert two.auctioneer("verify").exit_code == 0
    finally:
        running.stop()
