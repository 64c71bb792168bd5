"""One run of a fan-out: bids at a rate, screens that listen, and a publisher, which is a house or the bare ceiling."""

from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.load.audience import audience
from benchmarks.load.connections import Publisher
from benchmarks.load.delivery import Delivery
from benchmarks.load.latencies import Latencies
from benchmarks.load.open_files import allow_open_files
from benchmarks.load.open_loop import LANES, OpenLoop, Timings, arrivals_ns
from benchmarks.load.rising_sale import Bids
from benchmarks.load.servers import in_house, leading, observed, running_bare
from common.keys import JoinLink, new_keys

PROCESSES: Final = 2
"""Processes that the screens are spread over."""
FILES_PER_SCREEN: Final = 4
SPARE_FILES: Final = 200
WARM_UP_SHARE: Final = 0.25
"""Of the time of a run; bids that are due in it are not counted in the latencies."""


class Shape(NamedTuple):
    """What is sent to how many."""

    screens: int
    lots: int
    per_s: int
    """Bids; each is an event that every screen receives."""


class Run(NamedTuple):
    """What came of it."""

    delivery: Delivery
    timings: Timings
    warm_up_s: float

    @property
    def latencies(self) -> Latencies:
        """From when a bid was due to each screen that had it."""
        return self.delivery.latencies

    @property
    def verdicts(self) -> Latencies:
        """From when a bid was due to its verdict."""
        return self.timings.latencies(self.warm_up_s)

    @property
    def events_per_frame(self) -> float:
        """How many events a frame carried on average."""
        return self.delivery.events / max(1, self.delivery.frames)


def run_house(folder: Path, shapes: list[Shape], seconds: float, *, is_encrypted: bool) -> list[Run]:
    """Measure a house with several shapes of load, which have the same lots, one after the other."""
    lots = shapes[0].lots

    def work(link: JoinLink) -> list[Run]:
        seqs = leading(link, lots)
        with OpenLoop(link.request_address, link.server_key, min(LANES, lots)) as load:
            load.enrol()
            return _run_all(load, observed(link), seqs, shapes, seconds)

    return in_house(folder, lots, work, is_encrypted=is_encrypted)


def run_bare(folder: Path, shapes: list[Shape], seconds: float, *, is_encrypted: bool) -> list[Run]:
    """Measure the bare publisher in the same way."""
    lots = shapes[0].lots
    with (
        running_bare("benchmarks.load.bare_publisher", folder, is_encrypted=is_encrypted) as (
            (requests, publisher),
            key,
        ),
        OpenLoop(requests, key, min(LANES, lots)) as load,
    ):
        seen = Publisher(publisher, key, new_keys() if is_encrypted else None)
        return _run_all(load, seen, {str(lot): 0 for lot in range(lots)}, shapes, seconds)


def _run_all(load: OpenLoop, seen: Publisher, seqs: dict[str, int], shapes: list[Shape], seconds: float) -> list[Run]:
    bids = Bids(shapes[0].lots, min(LANES, shapes[0].lots))

    def now() -> dict[str, int]:
        return {lot: seq + bids.made[int(lot)] for lot, seq in seqs.items()}

    return [_run(load, seen, now, bids, shape, seconds) for shape in shapes]


def _run(
    load: OpenLoop, seen: Publisher, now: Callable[[], dict[str, int]], bids: Bids, shape: Shape, seconds: float
) -> Run:
    allow_open_files(shape.screens * FILES_PER_SCREEN + SPARE_FILES, f"{shape.screens:,} screens have a socket each")
    warm_up_s = seconds * WARM_UP_SHARE
    due_ns = arrivals_ns(shape.per_s, seconds + warm_up_s, seed=1)
    with audience(seen, shape.screens, PROCESSES, now(), follows_all=True) as screens:
        timings = load.run(due_ns, bids)
        delivery = screens.end(now(), timings.started_us + round(warm_up_s * 1e6))
    return Run(delivery, timings, warm_up_s)
