"""The numbers of a server as Prometheus metrics.

`docs/operations.md` repeats the texts here as its reference, and a test compares the two.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import accumulate
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from auctioneer.monitoring.counters import Counters, Histogram, StandbyVitals, Vitals
from auctioneer.rules.facts import OfferLate, OfferTaken
from common.errors import RejectCode
from common.lot import LotStatus

CLOCK_AHEAD: Final = "How far the sale's time is ahead of this machine's."


class ServerCollector(Collector):
    """Collects the metrics for a scrape from a server's counters, its vitals and the files of its journal.

    `folder` is the data directory, and `journal` the journal's file; None where the record is in a database.
    """

    def __init__(self, counters: Counters, vitals: Callable[[], Vitals], folder: Path, journal: Path | None) -> None:
        self._counters = counters
        self.vitals = vitals
        self._folder = folder
        self._journal = journal

    def collect(self) -> Iterator[Metric]:
        """Yield each family of metrics."""
        vitals = self.vitals()
        yield from self._of_bids()
        yield from self._of_batches()
        yield from self._of_the_sale(vitals)
        yield from self._of_health(vitals)
        yield from self._of_the_disk()

    def _of_bids(self) -> Iterator[Metric]:
        counters = self._counters
        yield CounterMetricFamily(
            "auctioneer_requests", "Requests that were received from bidders.", value=counters.requests
        )
        taken = counters.bids + counters.others[OfferTaken]
        yield CounterMetricFamily(
            "auctioneer_bids_accepted", "Bids and purchases that were accepted and are durable.", value=taken
        )
        refused = CounterMetricFamily(
            "auctioneer_bids_refused", "Bids and purchases that were refused, by reject code.", labels=["code"]
        )
        codes = counters.rejections.copy()
        codes[RejectCode.LOT_CLOSED.value] += counters.others[OfferLate]
        for code, count in codes.items():
            refused.add_metric([code], count)
        yield refused
        yield CounterMetricFamily(
            "auctioneer_answers_not_taken",
            "Answers to peers that were gone or did not read.",
            value=counters.answers_not_taken,
        )

    def _of_batches(self) -> Iterator[Metric]:
        counters = self._counters
        yield _histogram(
            "auctioneer_batch_requests", "Requests that were decided together, by batch.", counters.batch_requests
        )
        yield _histogram(
            "auctioneer_commit_seconds", "Time that a batch took to become durable, by batch.", counters.commit_s
        )
        yield CounterMetricFamily(
            "auctioneer_broadcast_frames", "Frames given to the publisher.", value=counters.broadcast_frames
        )
        yield CounterMetricFamily(
            "auctioneer_broadcast_bytes",
            "Bytes given to the publisher, which sends them to each subscriber.",
            value=counters.broadcast_bytes,
        )

    def _of_the_sale(self, vitals: Vitals) -> Iterator[Metric]:
        yield GaugeMetricFamily(
            "auctioneer_journal_position", "Events in the journal; 0 while frozen.", value=vitals.position
        )
        lots = GaugeMetricFamily("auctioneer_lots", "Lots in the sale, by status.", labels=["status"])
        counts = Counter(lot.view.status for lot in vitals.lots)
        for status in LotStatus:
            lots.add_metric([status.value], counts[status])
        yield lots
        yield from _of_the_owner(vitals.term, is_owner=True)
        yield GaugeMetricFamily("auctioneer_bidders_enrolled", "Bidders in the register.", value=vitals.bidders)
        yield GaugeMetricFamily(
            "auctioneer_epoch",
            "The epoch of the history; it rises when a backup is restored.",
            value=vitals.epoch,
        )

    def _of_health(self, vitals: Vitals) -> Iterator[Metric]:
        counters = self._counters
        yield GaugeMetricFamily(
            "auctioneer_frozen", "1 while nothing can be stored, so that nothing is decided.", value=vitals.is_frozen
        )
        yield CounterMetricFamily(
            "auctioneer_freezes", "How often the sale froze since the server's start.", value=counters.freezes
        )
        yield CounterMetricFamily(
            "auctioneer_standstills",
            "How often the loop stood still for seconds, so that open lots got time back.",
            value=counters.standstills,
        )
        yield CounterMetricFamily(
            "auctioneer_snapshot_failures",
            "Snapshots that could not be made since the server's start.",
            value=counters.snapshot_failures,
        )
        yield CounterMetricFamily(
            "auctioneer_restarts",
            "How often the watchdog started the server again since `auctioneer run`.",
            value=counters.restarts,
        )
        for name, text, value_ms in (
            ("last_turn_age", "Time since the loop last turned.", vitals.turn_age_ms),
            ("last_commit_age", "Time since something was last stored.", vitals.commit_age_ms),
            ("snapshot_age", "Time since the last snapshot, or since the server's start.", vitals.snapshot_age_ms),
            ("heartbeat_lag", "How much too late the last heartbeat left.", counters.heartbeat_lag_ms),
            ("clock_ahead", CLOCK_AHEAD, vitals.clock_ahead_ms),
        ):
            yield GaugeMetricFamily(f"auctioneer_{name}_seconds", text, value=value_ms / 1000)
        yield GaugeMetricFamily(
            "auctioneer_events_since_snapshot",
            "Events that a restart would have to replay.",
            value=vitals.events_since_snapshot,
        )

    def _of_the_disk(self) -> Iterator[Metric]:
        if self._journal is not None:
            yield GaugeMetricFamily(
                "auctioneer_journal_bytes",
                "Size of the journal's file; none where the record is in a database.",
                value=_size_bytes(self._journal),
            )
            yield GaugeMetricFamily(
                "auctioneer_journal_wal_bytes",
                "Size of the journal's -wal file, the part not yet copied into it; none where there is no such file.",
                value=_size_bytes(Path(f"{self._journal}-wal")),
            )
        disk = os.statvfs(self._folder)
        yield GaugeMetricFamily(
            "auctioneer_disk_free_bytes",
            "Space that is left on the disk of the data directory.",
            value=disk.f_bavail * disk.f_frsize,
        )


class StandbyCollector(Collector):
    """Collects the metrics of a house that stands by from its vitals."""

    def __init__(self, vitals: Callable[[], StandbyVitals]) -> None:
        self.vitals = vitals

    def collect(self) -> Iterator[Metric]:
        """Yield each family of metrics."""
        vitals = self.vitals()
        yield from _of_the_owner(vitals.term, is_owner=False)
        yield GaugeMetricFamily(
            "auctioneer_followed_position", "How far a house that stands by follows the record.", value=vitals.position
        )
        yield GaugeMetricFamily(
            "auctioneer_events_behind", "Events that a house that stands by has still to read.", value=vitals.behind
        )
        yield GaugeMetricFamily(
            "auctioneer_store_away", "1 while a house that stands by can't reach the database.", value=vitals.is_away
        )
        if vitals.clock_ahead_ms is not None:
            yield GaugeMetricFamily("auctioneer_clock_ahead_seconds", CLOCK_AHEAD, value=vitals.clock_ahead_ms / 1000)


def new_registry(collector: Collector) -> CollectorRegistry:
    """Return the registry for a scrape: a house's metrics, and those that the system has of the process."""
    registry = CollectorRegistry()
    registry.register(collector)
    ProcessCollector(registry=registry)
    return registry


def _of_the_owner(term: int, *, is_owner: bool) -> Iterator[Metric]:
    yield GaugeMetricFamily(
        "auctioneer_owner", "1 while this house holds the sale, 0 while it stands by.", value=is_owner
    )
    yield GaugeMetricFamily("auctioneer_term", "The term of the record's owner; it rises with each start.", value=term)


def _histogram(name: str, text: str, histogram: Histogram) -> HistogramMetricFamily:
    running = accumulate(histogram.counts)
    edges = [*map(str, histogram.bounds), "+Inf"]
    return HistogramMetricFamily(name, text, buckets=list(zip(edges, running, strict=True)), sum_value=histogram.sum)


def _size_bytes(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
