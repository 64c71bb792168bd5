"""What a server counts, what a scrape makes of it, and when a server is well."""

import http.client
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import structlog
from prometheus_client.parser import text_string_to_metric_families

from auctioneer.monitoring.counters import BATCH_BOUNDS, Counters, Histogram, StandbyVitals, Vitals
from auctioneer.monitoring.health import LOOK_AGE_MS_MAX, TURN_AGE_MS_MAX, HealthEndpoint, judge
from auctioneer.monitoring.metrics import ServerCollector, StandbyCollector
from auctioneer.rules.facts import BidTaken
from common.errors import UsageError
from common.formats.english import BidRequest
from tests.auctioneer.house.house_examples import ANN, SmallSale, lot

WELL = Vitals(
    is_frozen=False,
    epoch=3,
    instance="i",
    position=70,
    lots=(),
    bidders=2,
    turn_age_ms=400,
    commit_age_ms=1500,
    snapshot_age_ms=60_000,
    term=3,
    clock_ahead_ms=-2500,
    events_since_snapshot=9,
)


class Desk:
    """A health endpoint with counters and vitals that a test sets, and a client of it."""

    def __init__(self, folder: Path) -> None:
        self.counters = Counters(restarts=2)
        self.vitals = WELL
        self.journal = folder / "journal.sqlite3"
        self.logged: list[str] = []
        log = structlog.wrap_logger(SimpleNamespace(error=lambda **fields: self.logged.append(fields["event"])), [])
        collector = ServerCollector(self.counters, lambda: self.vitals, folder, self.journal)
        self.endpoint = HealthEndpoint("127.0.0.1", 0, 0, collector, log)

    def get(self, path: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.endpoint.port, timeout=60)
        connection.request("GET", path)
        answer = connection.getresponse()
        found = answer.status, answer.read()
        connection.close()
        return found

    def scrape(self) -> dict[str, float]:
        """Return each sample as Prometheus reads it, by its name and labels."""
        status, text = self.get("/metrics")
        assert status == 200
        return {
            sample.name + "".join(f"{{{value}}}" for value in sample.labels.values()): sample.value
            for family in text_string_to_metric_families(text.decode())
            for sample in family.samples
        }


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.endpoint.close()


def test_a_histogram_counts_each_observation_in_one_class_with_its_upper_bound() -> None:
    histogram = Histogram((1, 2, 4))
    for value in (0, 1, 2, 3, 4, 5, 500):
        histogram.observe(value)
    assert histogram.counts == [2, 1, 2, 2]
    assert histogram.sum == 515


def test_batches_and_what_became_of_their_bids_are_counted(desk: Desk) -> None:
    sale = SmallSale(lot("1", duration_ms=1000), lot("2"))
    sale.join(ANN, "Ann")
    desk.counters.drained(3)
    desk.counters.drained(512)
    amounts = [1000, 1100, 50, 51, 1200]
    for number, amount_minor in enumerate(amounts, 10):
        sale.ask(ANN, BidRequest(id=number, lot="2", maximum_minor=amount_minor))
    sale.now_ms += 5_000
    sale.ask(ANN, BidRequest(id=99, lot="1", amount_minor=1000))
    others = [fact for fact in sale.record if not isinstance(fact, BidTaken)]
    desk.counters.committed(len(sale.record) - len(others), others, sale.rejections, 0.003)
    desk.counters.committed(0, (), (), 0.4)
    seen = desk.scrape()
    assert seen["auctioneer_requests_total"] == 515
    assert seen["auctioneer_batch_requests_count"] == 2
    assert seen["auctioneer_batch_requests_bucket{4.0}"] == 1
    assert seen["auctioneer_batch_requests_bucket{512.0}"] == seen["auctioneer_batch_requests_bucket{+Inf}"] == 2
    assert seen["auctioneer_bids_accepted_total"] == 3
    assert seen["auctioneer_bids_refused_total{maximum_not_raised}"] == 2
    assert seen["auctioneer_bids_refused_total{lot_closed}"] == 1, "late ones, which are on the record as events"
    assert seen["auctioneer_commit_seconds_bucket{0.002}"] == 0
    assert seen["auctioneer_commit_seconds_bucket{0.005}"] == 1
    assert seen["auctioneer_commit_seconds_count"] == 2
    assert seen["auctioneer_commit_seconds_sum"] == pytest.approx(0.403)


def test_how_the_server_and_its_files_stand(desk: Desk) -> None:
    sale = SmallSale(lot("1"), lot("2", by_hand=True), lot("3", by_hand=True))
    desk.vitals = WELL._replace(lots=sale.house.engine.catalogue)
    desk.counters.answers_not_taken, desk.counters.broadcast_frames, desk.counters.broadcast_bytes = 4, 5, 600
    desk.counters.freezes, desk.counters.standstills, desk.counters.heartbeat_lag_ms = 1, 7, 250
    desk.counters.snapshot_failures = 8
    desk.journal.write_bytes(b"x" * 100)
    Path(f"{desk.journal}-wal").write_bytes(b"x" * 30)
    seen = desk.scrape()
    expected = {
        "journal_position": 70, "epoch": 3, "bidders_enrolled": 2, "frozen": 0, "restarts_total": 2, "freezes_total": 1,
        "standstills_total": 7, "answers_not_taken_total": 4, "broadcast_frames_total": 5, "broadcast_bytes_total": 600,
        "snapshot_failures_total": 8,
        "last_turn_age_seconds": 0.4, "last_commit_age_seconds": 1.5, "snapshot_age_seconds": 60,
        "heartbeat_lag_seconds": 0.25, "events_since_snapshot": 9, "journal_bytes": 100, "journal_wal_bytes": 30,
        "lots{open}": 1, "lots{scheduled}": 2, "lots{sold}": 0,
    }  # fmt: skip
    assert {name: seen[f"auctioneer_{name}"] for name in expected} == expected
    assert seen["auctioneer_disk_free_bytes"] > 0
    assert seen["process_resident_memory_bytes"] > 1_000_000
    desk.vitals = WELL._replace(is_frozen=True)
    desk.journal.unlink()
    Path(f"{desk.journal}-wal").unlink()
    seen = desk.scrape()
    assert (seen["auctioneer_frozen"], seen["auctioneer_journal_wal_bytes"]) == (1, 0)


def test_a_record_in_a_database_has_no_file_whose_size_could_be_told(desk: Desk, tmp_path: Path) -> None:
    assert "auctioneer_journal_bytes" in desk.scrape()
    desk.endpoint.tell_of(ServerCollector(desk.counters, lambda: WELL, tmp_path, None))
    seen = desk.scrape()
    assert not any(name.startswith(("auctioneer_journal_bytes", "auctioneer_journal_wal")) for name in seen)
    assert seen["auctioneer_disk_free_bytes"] > 0, "snapshots and the log need it still"
    assert seen["auctioneer_journal_position"] == 70


def test_who_owns_the_record_and_how_far_its_clock_is_off(desk: Desk) -> None:
    seen = desk.scrape()
    assert (seen["auctioneer_owner"], seen["auctioneer_term"], seen["auctioneer_clock_ahead_seconds"]) == (1, 3, -2.5)


STANDS_BY = StandbyVitals("s", 3, is_away=False, position=90, behind=4, look_age_ms=100, clock_ahead_ms=3500)


@pytest.mark.parametrize(
    ("vitals", "status", "http_status"),
    [
        (STANDS_BY, "standing_by", 200),
        (STANDS_BY._replace(is_away=True), "store_away", 503),
        (STANDS_BY._replace(look_age_ms=LOOK_AGE_MS_MAX + 1), "stuck", 503),
    ],
)
def test_a_house_that_stands_by_tells_whether_it_could_take_over(
    desk: Desk, vitals: StandbyVitals, status: str, http_status: int
) -> None:
    desk.endpoint.tell_of(StandbyCollector(lambda: vitals))
    found, body = desk.get("/healthz")
    assert (found, json.loads(body)["status"]) == (http_status, status)
    seen = desk.scrape()
    assert seen["auctioneer_owner"] == 0
    assert seen["auctioneer_followed_position"] == 90
    assert (seen["auctioneer_events_behind"], seen["auctioneer_term"]) == (4, 3)
    assert seen["auctioneer_store_away"] == vitals.is_away
    assert seen["auctioneer_clock_ahead_seconds"] == 3.5
    vitals = vitals._replace(clock_ahead_ms=None)
    desk.endpoint.tell_of(StandbyCollector(lambda: vitals))
    assert "auctioneer_clock_ahead_seconds" not in desk.scrape(), "nobody knows it yet"
    desk.endpoint.tell_of(ServerCollector(desk.counters, lambda: WELL, desk.journal.parent, desk.journal))
    assert desk.scrape()["auctioneer_owner"] == 1


def test_the_largest_batch_has_a_class_of_its_own() -> None:
    from auctioneer.process.held_sale import BATCH_REQUESTS_MAX

    assert BATCH_BOUNDS[-1] == BATCH_REQUESTS_MAX


@pytest.mark.parametrize(
    ("vitals", "status", "http_status"),
    [
        (WELL, "ok", 200),
        (WELL._replace(turn_age_ms=TURN_AGE_MS_MAX), "ok", 200),
        (WELL._replace(turn_age_ms=TURN_AGE_MS_MAX + 1), "stuck", 503),
        (WELL._replace(is_frozen=True), "frozen", 503),
        (WELL._replace(is_frozen=True, turn_age_ms=TURN_AGE_MS_MAX + 1), "stuck", 503),
    ],
)
def test_a_server_is_well_if_its_loop_turns_and_can_store(
    desk: Desk, vitals: Vitals, status: str, http_status: int
) -> None:
    desk.vitals = vitals
    found, body = desk.get("/healthz")
    told = json.loads(body)
    assert (found, told["status"], told["epoch"], told["instance"]) == (http_status, status, 3, "i")
    assert told["reason"] == judge(vitals).reason
    assert told["reason"].endswith(".")


def test_other_paths_and_methods_are_refused(desk: Desk) -> None:
    assert desk.get("/")[0] == 404
    assert desk.get("/metrics?name=x")[0] == 200
    connection = http.client.HTTPConnection("127.0.0.1", desk.endpoint.port, timeout=60)
    connection.request("POST", "/metrics", b"x")
    assert connection.getresponse().status == 501
    connection.close()


def test_a_client_that_says_nothing_keeps_others_waiting_for_a_moment_only(desk: Desk) -> None:
    with socket.create_connection(("127.0.0.1", desk.endpoint.port)):
        assert desk.get("/healthz")[0] == 200
    assert not desk.logged


def test_a_fault_in_a_scrape_is_logged_and_the_next_one_works(desk: Desk) -> None:
    desk.vitals = WELL._replace(lots=(None,))  # type: ignore[arg-type]
    with pytest.raises(http.client.RemoteDisconnected):
        desk.get("/metrics")
    assert desk.logged == ["metrics_failed"]
    desk.vitals = WELL
    assert desk.scrape()["auctioneer_epoch"] == 3


def test_a_taken_port_is_told_and_that_of_last_time_is_taken_again(desk: Desk) -> None:
    collector = ServerCollector(desk.counters, lambda: desk.vitals, desk.journal.parent, desk.journal)
    log = structlog.get_logger()
    with pytest.raises(UsageError, match="--metrics-port"):
        HealthEndpoint("127.0.0.1", desk.endpoint.port, 0, collector, log)
    other = HealthEndpoint("127.0.0.1", 0, desk.endpoint.port, collector, log)
    port = other.port
    assert port != desk.endpoint.port
    other.close()
    again = HealthEndpoint("::1" if socket.has_ipv6 else "127.0.0.1", 0, port, collector, log)
    assert again.port == port
    again.close()
