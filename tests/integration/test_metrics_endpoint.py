"""The numbers and the health of a real house, as monitoring sees them over HTTP."""

import itertools
import json
import resource
from pathlib import Path

import pytest

from common.codec import topic
from common.formats.english import BidRequest
from common.messages import Accepted, Heartbeat, Rejected
from tests.crashes import snapshotting
from tests.house_process import HouseProcess, RawBidder, running_house
from tests.scraping import get, scrape, snapshot_position


def health(house: HouseProcess) -> tuple[int, str]:
    status, body = get(str(house.record["metrics"]).replace("/metrics", "/healthz"))
    return status, str(json.loads(body)["status"])


def test_snapshots_are_made_while_bids_are_taken_and_a_restart_goes_on_from_them(tmp_path: Path) -> None:
    with running_house(tmp_path, "--metrics-port", "0", program=snapshotting.MODULE) as house:
        bidder = RawBidder(house.link, "Ann")
        bidder.hello()
        ids = itertools.count(10)

        def bid_until_snapshot_after(position: float) -> float:
            """Return the event of the last snapshot, which is after a position."""
            while (stored := snapshot_position(scrape(house))) <= position:
                number = next(ids)
                assert isinstance(bidder.ask(BidRequest(id=number, lot="1", maximum_minor=1000 * number)), Accepted)
            return stored

        stored = bid_until_snapshot_after(0)
        assert (house.data / f"snapshot-{stored:.0f}").exists()
        house.kill_server()
        after = scrape(house)
        assert snapshot_position(after) >= stored, "it was read, and not all events"
        bid_until_snapshot_after(after["journal_position"])
        assert scrape(house)["snapshot_failures_total"] == 0
        bidder.close()
        assert house.stop() == 0
        assert not list(house.data.glob("*.new"))
    assert len(list(house.data.glob("snapshot-*"))) == 2


def test_a_house_counts_what_it_did(tmp_path: Path) -> None:
    with running_house(tmp_path, "--metrics-port", "0") as house:
        url = house.record["metrics"]
        assert url.startswith("http://127.0.0.1:"), "loopback only"
        bidder = RawBidder(house.link, "Ann")
        bidder.hello()
        bidder.subscribe(topic("lot/1"))
        before = scrape(house)
        for number, amount_minor in enumerate((1000, 1100, 1200), 10):
            assert isinstance(bidder.ask(BidRequest(id=number, lot="1", maximum_minor=amount_minor)), Accepted)
        assert isinstance(bidder.ask(BidRequest(id=20, lot="1", amount_minor=5)), Rejected)
        assert house.auctioneer("close", "1").exit_code == 0
        assert isinstance(bidder.ask(BidRequest(id=21, lot="1", amount_minor=9000)), Rejected)
        bidder.hello()  # an answer leaves before its batch is counted, and that before the next is taken
        after = scrape(house)
        grown = {name: after[name] - before.get(name, 0) for name in after}
        assert grown["bids_accepted_total"] == 3
        assert grown["bids_refused_total{already_leading}"] == 1
        assert grown["bids_refused_total{lot_closed}"] == 1
        assert grown["requests_total"] >= 5, "repeats of a slow answer count"
        assert grown["batch_requests_sum"] == grown["requests_total"]
        told = "three bids, the hammer, that it was ordered, and the late bid; rejections have no position"
        assert grown["journal_position"] == 6, told
        assert grown["commit_seconds_count"] == 6, "each of them was a batch"
        assert grown["broadcast_frames_total"] >= 2
        assert grown["broadcast_bytes_total"] > 50 * grown["broadcast_frames_total"]
        assert (after["lots{sold}"], after["lots{open}"], after["lots{scheduled}"]) == (1, 1, 1)
        assert (after["bidders_enrolled"], after["restarts_total"], after["epoch"]) == (1, 0, 1)
        assert after["journal_wal_bytes"] > 0
        assert health(house) == (200, "ok")
        house.kill_server()
        assert house.record["metrics"] == url, "a scraper finds it again"
        assert scrape(house)["restarts_total"] == 1
        bidder.close()


def test_metrics_are_off_unless_asked_for(tmp_path: Path) -> None:
    with running_house(tmp_path) as house:
        assert house.record["metrics"] == ""


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="a running process's limits can be set on Linux only")
def test_a_frozen_house_is_not_well_until_it_can_store_again(tmp_path: Path) -> None:
    with running_house(tmp_path, "--metrics-port", "0") as house:
        bidder = RawBidder(house.link, "Ann")
        bidder.hello()
        bidder.subscribe(topic("beat"))
        limits = resource.prlimit(house.server_pid, resource.RLIMIT_FSIZE)
        resource.prlimit(house.server_pid, resource.RLIMIT_FSIZE, (0, limits[1]))
        assert isinstance(bidder.ask(BidRequest(id=10, lot="1", amount_minor=1000)), Rejected)
        while not (isinstance(beat := bidder.next_broadcast(), Heartbeat) and beat.frozen):
            continue
        assert health(house) == (503, "frozen")
        frozen = scrape(house)
        assert (frozen["frozen"], frozen["freezes_total"], frozen["journal_position"]) == (1, 1, 0)
        resource.prlimit(house.server_pid, resource.RLIMIT_FSIZE, limits)
        house.wait_for("thawed")
        assert health(house) == (200, "ok")
        bidder.close()
