"""Whether every event reaches every screen, and how soon, compared with a bare publisher of the same frames.

Each screen is a socket with its own connection, and follows all lots. A house stores each bid before it publishes the
bid. The bare publisher (`benchmarks.load.bare`) publishes at once, with a frame for each bid. At rates that a publisher
can't send, a house must put more events into a frame. The bare publisher would queue for minutes at such rates, and is
not measured there.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

import click

from benchmarks.load.audience import audience
from benchmarks.load.connections import Publisher
from benchmarks.load.delivery import Delivery
from benchmarks.load.latencies import Latencies
from benchmarks.load.open_loop import LANES, OpenLoop, Timings, arrivals_ns
from benchmarks.load.rising_sale import Bids
from benchmarks.load.servers import in_house, leading, observed, running_bare
from benchmarks.report.findings import results_option, show_and_keep, spread
from benchmarks.report.results import Finding, Row, Target
from common.links import JoinLink
from common.open_files import make_room_for_files
from common.terminal.output import say

PROCESSES: Final = 2
"""The processes over which the screens are spread."""
FILES_PER_SCREEN: Final = 4
WARM_UP_SHARE: Final = 0.25
"""The part of a run's time that is its warm-up; bids due in the warm-up do not count in the latencies."""
SCREENS: Final = (100, 1_000, 4_000)
RATES_PER_S: Final = (10, 200, 5_000)
LOTS: Final = (1, 64)
QUICK_PER_S: Final = 100
BARE_DELIVERIES_PER_S_MAX: Final = 500_000
"""The bare publisher's highest rate here; with the cores to itself, it delivers up to a million frames a second."""
P99_RATIO_MAX: Final = 2.0
COLLAPSE_MS: Final = 1_000
"""The longest delay of a screen at the highest rate; a growing queue is later than this at the end of any run."""


class Shape(NamedTuple):
    """The load of a run, and the number of its screens."""

    screens: int
    lots: int
    per_s: int
    """The bids per second; each is an event that every screen receives."""


class Run(NamedTuple):
    """The result of one run."""

    delivery: Delivery
    timings: Timings
    warm_up_s: float

    @property
    def latencies(self) -> Latencies:
        """The times from a bid's due time to its arrival at each screen."""
        return self.delivery.latencies

    @property
    def verdicts(self) -> Latencies:
        """The times from a bid's due time to its verdict."""
        return self.timings.latencies(self.warm_up_s)

    @property
    def events_per_frame(self) -> float:
        """The average number of events in a frame."""
        return self.delivery.events / max(1, self.delivery.frames)


def run_house(folder: Path, shapes: list[Shape], seconds: float) -> list[Run]:
    """Measure a house with several shapes of load in turn; all shapes have the same lots."""
    lots = shapes[0].lots

    def work(link: JoinLink) -> list[Run]:
        seqs = leading(link, lots)
        with OpenLoop(link.request_address, link.server_key, min(LANES, lots)) as load:
            load.enrol()
            return _run_all(load, observed(link), seqs, shapes, seconds)

    return in_house(folder, lots, work, is_encrypted=False)


def run_bare(folder: Path, shapes: list[Shape], seconds: float) -> list[Run]:
    """Measure the bare publisher in the same way."""
    lots = shapes[0].lots
    with (
        running_bare("publish", folder, is_encrypted=False) as ((requests, publisher), key),
        OpenLoop(requests, key, min(LANES, lots)) as load,
    ):
        return _run_all(load, Publisher(publisher, key, None), {str(lot): 0 for lot in range(lots)}, shapes, seconds)


def _run_all(load: OpenLoop, seen: Publisher, seqs: dict[str, int], shapes: list[Shape], seconds: float) -> list[Run]:
    bids = Bids(shapes[0].lots, min(LANES, shapes[0].lots))

    def now() -> dict[str, int]:
        return {lot: seq + bids.made[int(lot)] for lot, seq in seqs.items()}

    return [_run(load, seen, now, bids, shape, seconds) for shape in shapes]


def _run(
    load: OpenLoop, seen: Publisher, now: Callable[[], dict[str, int]], bids: Bids, shape: Shape, seconds: float
) -> Run:
    make_room_for_files(shape.screens * FILES_PER_SCREEN)
    warm_up_s = seconds * WARM_UP_SHARE
    due_ns = arrivals_ns(shape.per_s, seconds + warm_up_s, seed=1)
    with audience(seen, shape.screens, PROCESSES, now(), follows_all=True) as screens:
        timings = load.run(due_ns, bids)
        delivery = screens.end(now(), timings.started_us + round(warm_up_s * 1e6))
    return Run(delivery, timings, warm_up_s)


Runs = dict[Shape, list[Run]]


@click.command(short_help="Measure how events reach thousands of screens.")
@click.option("--screens", multiple=True, default=SCREENS, show_default=True, type=click.IntRange(min=1))
@click.option(
    "--rate", "rates_per_s", multiple=True, default=RATES_PER_S, show_default=True, type=click.IntRange(min=1)
)
@click.option("--seconds", default=4.0, show_default=True, type=click.FloatRange(min=0.5), help="Length of each run.")
@click.option("--repeats", default=3, show_default=True, type=click.IntRange(min=1), help="How often to measure each.")
@click.option("--quick", is_flag=True, help="Measure 20 screens at one rate, once, in a few seconds.")
@results_option
def fanout(
    screens: tuple[int, ...],
    rates_per_s: tuple[int, ...],
    seconds: float,
    repeats: int,
    quick: bool,  # noqa: FBT001 -- click passes by name
    results_folder: Path,
) -> None:
    """Measure how soon after their due time bids on one lot and on many reach all screens."""
    if quick:
        screens, rates_per_s, seconds, repeats = (20,), (QUICK_PER_S,), 0.5, 1
    shapes = [Shape(count, lots, per_s) for lots in LOTS for count in screens for per_s in rates_per_s]
    show_and_keep(measure(shapes, seconds, repeats), results_folder)


def measure(shapes: list[Shape], seconds: float, repeats: int) -> Finding:
    """Measure each shape in turn with a house and, if it can keep up, with the bare publisher."""
    light = [shape for shape in shapes if shape.screens * shape.per_s <= BARE_DELIVERIES_PER_S_MAX]
    heavy = [shape for shape in shapes if shape not in light]
    house: Runs = {shape: [] for shape in (*light, *heavy)}
    bare: Runs = {shape: [] for shape in light}
    for number in range(repeats):
        for name, runs, run in (("bare publisher", bare, run_bare), ("house", house, run_house)):
            for lots in dict.fromkeys(shape.lots for shape in runs):
                alike = [shape for shape in runs if shape.lots == lots]
                shown = ", ".join(f"{shape.screens:,} x {shape.per_s:,}/s" for shape in alike)
                say(f"{number + 1} of {repeats}: {name}, {lots} lots, screens x bids: {shown} ...", err=True)
                with tempfile.TemporaryDirectory(prefix="auction-bench-") as folder:
                    found = run(Path(folder), alike, seconds)
                for shape, one in zip(alike, found, strict=True):
                    runs[shape].append(one)
    return finding(house, bare, repeats)


def finding(house: Runs, bare: Runs, repeats: int) -> Finding:
    """Return the finding of the runs."""
    return Finding(
        name="fanout",
        question="Does every event reach every screen, and how soon?",
        repeats=repeats,
        rows=tuple(_row(shape, runs, bare.get(shape, [])) for shape, runs in house.items()),
        targets=(_all_delivered(house), *_as_soon(house, bare), *_no_queue(house)),
        notes=(
            "Delivery runs from when a bid was due to when a screen has it; a frame of several bids counts as its "
            "oldest.",
            "The screens, the generator and the publisher share this machine's cores.",
        ),
    )


def _p99_ms(runs: list[Run]) -> float:
    return median(run.latencies.percentile_ms(99) for run in runs)


def _row(shape: Shape, house: list[Run], bare: list[Run]) -> Row:
    return Row(
        {"screens": shape.screens, "lots": shape.lots, "bids_per_s": shape.per_s},
        {
            "p50_ms": median(run.latencies.percentile_ms(50) for run in house),
            **spread("p99_ms", [run.latencies.percentile_ms(99) for run in house]),
            "verdict_p99_ms": median(run.verdicts.percentile_ms(99) for run in house),
            "events_per_frame": median(run.events_per_frame for run in house),
            "missing": sum(run.delivery.missing + run.delivery.gaps + run.delivery.repeated for run in house),
            **(_bare_figures(bare) if bare else {}),
        },
    )


def _bare_figures(runs: list[Run]) -> dict[str, float]:
    return {
        "bare_p50_ms": median(run.latencies.percentile_ms(50) for run in runs),
        "bare_p99_ms": _p99_ms(runs),
        "bare_missing": sum(run.delivery.missing for run in runs),
    }


def _all_delivered(house: Runs) -> Target:
    lacking = sum(not run.delivery.is_whole for runs in house.values() for run in runs)
    deliveries = sum(run.delivery.deliveries for runs in house.values() for run in runs)
    return Target(
        "every event at every screen, once and in order",
        f"{deliveries:,} deliveries" + (f"; incomplete in {lacking} runs" if lacking else ""),
        reached=not lacking,
    )


def _as_soon(house: Runs, bare: Runs) -> list[Target]:
    lowest_per_s = min(shape.per_s for shape in house)
    return [
        Target(
            f"{_words(shape)}: p99 at most {P99_RATIO_MAX:g} times the bare publisher's",
            f"{ratio:.2f} times",
            reached=ratio <= P99_RATIO_MAX,
        )
        for shape, runs in house.items()
        if shape.per_s == lowest_per_s and shape in bare
        for ratio in (_p99_ms(runs) / _p99_ms(bare[shape]),)
    ]


def _no_queue(house: Runs) -> list[Target]:
    highest_per_s = max(shape.per_s for shape in house)
    return [
        Target(
            f"{_words(shape)}: no screen more than {COLLAPSE_MS:,} ms behind",
            f"p99 {behind_ms:,.0f} ms",
            reached=behind_ms <= COLLAPSE_MS,
        )
        for shape, runs in house.items()
        if shape.per_s == highest_per_s
        for behind_ms in (_p99_ms(runs),)
    ]


def _words(shape: Shape) -> str:
    return f"{shape.screens:,} screens, {shape.lots} lot{'s' * (shape.lots > 1)}, {shape.per_s:,} bids/s"
