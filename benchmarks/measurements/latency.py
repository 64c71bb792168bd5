"""How long a bid takes to its durable verdict and to the last screen, without load and at parts of the peak.

The load is open-loop (`benchmarks.load.open_loop`): each bid is due at a scheduled time, and its latency counts from
then. The loads are parts of the peak, which the same generator measures first. It also measures the bare echo's peak,
which shows the generator's own limit. Without load, bids are made one at a time, and the house is compared with the
parts of its work: a round trip to the bare echo, and one write of a page to the same disk.
"""

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

import click

from benchmarks.load.audience import audience
from benchmarks.load.connections import Publisher
from benchmarks.load.latencies import Latencies
from benchmarks.load.machine import stolen_s, syncs_ns
from benchmarks.load.open_loop import LANES, OpenLoop, arrivals_ns
from benchmarks.load.rising_sale import Bids
from benchmarks.load.servers import in_house, leading, observed, running_echo
from benchmarks.report.findings import results_option, show_and_keep, spread
from benchmarks.report.results import Finding, Row, Target
from common.links import JoinLink

LOTS: Final = 1024
SCREENS: Final = 10
SEEN_LOTS: Final = 64
"""The number of lots that the screens follow: a sample, so the screens leave the processor to the house."""
LOADS_PERCENT: Final = (10, 50, 80)
WARM_UP_SHARE: Final = 0.2
"""The part of each load's time that is its warm-up; bids due in the warm-up do not count."""
UNLOADED_RATIO_MAX: Final = 1.25
P99_MS_MAX: Final = 5.0
P99_AT_PERCENT: Final = 50
ONE_BY_ONE: Final = 500
BLOCKS: Final = 3


class Unloaded(NamedTuple):
    """One bid at a time: the latencies of the house and of the parts of its work."""

    house: Latencies
    echo: Latencies
    sync: Latencies

    @property
    def ratio(self) -> float:
        """The house's median divided by the sum of the medians of a bare round trip and of a write to the disk."""
        return self.house.percentile_ms(50) / (self.echo.percentile_ms(50) + self.sync.percentile_ms(50))


class Loaded(NamedTuple):
    """Bids at a rate that does not depend on the house."""

    percent: int
    per_s: float
    verdict: Latencies
    echo: Latencies
    """Latencies of a bare echo with the same schedule just before: the machine's own effect on the slowest bids."""
    screen: Latencies
    lateness: Latencies
    cpu_share: float
    stolen_share: float
    """The share of the machine's time that its host gave to other machines during the load."""
    refused: int
    is_whole: bool


class Round(NamedTuple):
    """The result of one round."""

    unloaded: Unloaded
    echo_peak_per_s: float
    peak_per_s: float
    loads: list[Loaded]


class Plan(NamedTuple):
    """The amount of work in one round."""

    seconds: float
    """The length of each load."""
    one_by_one: int
    """The bids made one at a time in each of `blocks` blocks, which take turns with the echo and the disk."""
    blocks: int


def measure_round(folder: Path, plan: Plan, seed: int, *, is_encrypted: bool) -> Round:
    """Measure one round with a new echo and a new house."""
    with running_echo(folder, is_encrypted=is_encrypted) as (address, key), OpenLoop(address, key) as echo:
        return in_house(folder, LOTS, lambda link: _measure(link, echo, folder, plan, seed), is_encrypted=is_encrypted)


def _measure(link: JoinLink, echo: OpenLoop, folder: Path, plan: Plan, seed: int) -> Round:
    seqs = leading(link, LOTS)
    bids = Bids(LOTS, LANES)
    seen = observed(link)
    with OpenLoop(link.request_address, link.server_key) as house:
        house.enrol()
        unloaded = _unloaded(house, echo, bids, folder / "sync", plan)
        echo_peak_per_s = echo.peak_per_s(Bids(LOTS, LANES), plan.seconds / 4, plan.seconds / 2)
        peak_per_s = house.peak_per_s(bids, plan.seconds / 4, plan.seconds)
        loads = [
            _loaded(house, echo, bids, seen, seqs, percent, peak_per_s * percent / 100, plan.seconds, seed)
            for percent in LOADS_PERCENT
        ]
    return Round(unloaded, echo_peak_per_s, peak_per_s, loads)


def _unloaded(house: OpenLoop, echo: OpenLoop, bids: Bids, file: Path, plan: Plan) -> Unloaded:
    house.one_by_one(bids, plan.one_by_one // 4)
    echo_bids = Bids(LOTS, LANES)
    echo.one_by_one(echo_bids, plan.one_by_one // 4)
    found = Unloaded(Latencies(), Latencies(), Latencies())
    for _ in range(plan.blocks):
        for noted, taken_ns in (
            (found.echo, echo.one_by_one(echo_bids, plan.one_by_one)),
            (found.sync, syncs_ns(file, plan.one_by_one)),
            (found.house, house.one_by_one(bids, plan.one_by_one)),
        ):
            for one_ns in taken_ns:
                noted.note_s(one_ns / 1e9)
    return found


def _loaded(
    house: OpenLoop,
    echo: OpenLoop,
    bids: Bids,
    seen: Publisher,
    seqs: dict[str, int],
    percent: int,
    per_s: float,
    seconds: float,
    seed: int,
) -> Loaded:
    due_ns = arrivals_ns(per_s, seconds * (1 + WARM_UP_SHARE), seed)
    warm_up_s = seconds * WARM_UP_SHARE
    sample = [str(lot) for lot in range(SEEN_LOTS)]

    def now() -> dict[str, int]:
        return {lot: seqs[lot] + bids.made[int(lot)] for lot in sample}

    echoed = echo.run(due_ns, Bids(LOTS, LANES))
    with audience(seen, SCREENS, 1, now(), follows_all=False) as screens:
        began_s, stolen_before_s = time.monotonic(), stolen_s()
        timings = house.run(due_ns, bids)
        stolen_share = (stolen_s() - stolen_before_s) / (time.monotonic() - began_s) / (os.cpu_count() or 1)
        delivery = screens.end(now(), timings.started_us + round(warm_up_s * 1e6))
    return Loaded(
        percent=percent,
        per_s=per_s,
        verdict=timings.latencies(warm_up_s),
        echo=echoed.latencies(warm_up_s),
        screen=delivery.last_screen,
        lateness=timings.lateness(warm_up_s),
        cpu_share=timings.cpu_share,
        stolen_share=stolen_share,
        refused=len(due_ns) - timings.accepted,
        is_whole=delivery.is_whole,
    )


QUICK: Final = Plan(seconds=0.4, one_by_one=40, blocks=1)


@click.command(short_help="Measure how long a verdict and a broadcast take.")
@click.option("--seconds", default=4.0, show_default=True, type=click.FloatRange(min=0.2), help="Length of each load.")
@click.option("--repeats", default=3, show_default=True, type=click.IntRange(min=1), help="How often to measure each.")
@click.option("--seed", default=1, show_default=True, help="Seed of the times at which bids are due.")
@click.option("--quick", is_flag=True, help="Measure everything once and briefly, in a few seconds.")
@results_option
def latency(seconds: float, repeats: int, seed: int, quick: bool, results_folder: Path) -> None:  # noqa: FBT001 -- click passes by name
    """Measure the time from a bid to its durable verdict, and to the last of several screens.

    It first makes one bid at a time, compared with a bare echo and a write to the disk. Then it measures at 10, 50 and
    80 % of the peak. It does both with and without CURVE.
    """
    plan = QUICK if quick else Plan(seconds, ONE_BY_ONE, BLOCKS)
    show_and_keep(measure(plan, 1 if quick else repeats, seed), results_folder)


def measure(plan: Plan, repeats: int, seed: int) -> Finding:
    """Measure with and without CURVE, each `repeats` times in turn."""
    rounds: dict[bool, list[Round]] = {False: [], True: []}
    for number in range(repeats):
        for is_encrypted, found in rounds.items():
            with tempfile.TemporaryDirectory(prefix="auction-bench-") as folder:
                found.append(measure_round(Path(folder), plan, seed + number, is_encrypted=is_encrypted))
    return finding(rounds, repeats)


def finding(rounds: dict[bool, list[Round]], repeats: int) -> Finding:
    """Return the finding of the rounds; the key of `rounds` tells whether they were encrypted."""
    return Finding(
        name="latency",
        question="How long does a bid take to its durable verdict, and to the last screen?",
        repeats=repeats,
        rows=(
            *(_unloaded_row(found, is_encrypted) for is_encrypted, found in rounds.items()),
            *(_peak_row(found, is_encrypted) for is_encrypted, found in rounds.items()),
            *(
                row([one.loads[index] for one in found], is_encrypted)
                for row in (_verdict_row, _screen_row)
                for is_encrypted, found in rounds.items()
                for index in range(len(LOADS_PERCENT))
            ),
        ),
        targets=tuple(target for is_encrypted, found in rounds.items() for target in _targets(found, is_encrypted)),
        notes=(
            "Latencies of a load run from when a bid was due, so the generator's own lateness is in them. The echo got "
            "bids at the same times from the same generator. What is stolen, the machine's host gave to others.",
            f"The last screen is that of {SCREENS} which follow the same {SEEN_LOTS} lots, in a process of their own.",
            "The disk's figure is one page written over an older one, with fdatasync.",
        ),
    )


def _setting(load: str, is_encrypted: bool) -> dict[str, str | int | float]:  # noqa: FBT001 -- a dictionary's key
    return {"load": load, "curve": "on" if is_encrypted else "off"}


def _unloaded_row(rounds: list[Round], is_encrypted: bool) -> Row:  # noqa: FBT001 -- a dictionary's key
    alone = [one.unloaded for one in rounds]
    return Row(
        _setting("one at a time", is_encrypted),
        {
            **spread("house_p50_ms", [one.house.percentile_ms(50) for one in alone]),
            "house_p99_ms": median(one.house.percentile_ms(99) for one in alone),
            "echo_p50_ms": median(one.echo.percentile_ms(50) for one in alone),
            "fdatasync_p50_ms": median(one.sync.percentile_ms(50) for one in alone),
            **spread("house_against_both", [one.ratio for one in alone]),
        },
    )


def _peak_row(rounds: list[Round], is_encrypted: bool) -> Row:  # noqa: FBT001 -- a dictionary's key
    return Row(
        _setting("peak", is_encrypted),
        {
            **spread("house_per_s", [one.peak_per_s for one in rounds]),
            "generator_on_echo_per_s": median(one.echo_peak_per_s for one in rounds),
        },
    )


def _middle(loads: list[Loaded], figure: Callable[[Loaded], float]) -> float:
    return median(figure(one) for one in loads)


def _verdict_row(loads: list[Loaded], is_encrypted: bool) -> Row:  # noqa: FBT001 -- a dictionary's key
    return Row(
        _setting(f"{loads[0].percent} % of peak", is_encrypted),
        {
            "bids_per_s": _middle(loads, lambda one: one.per_s),
            "verdict_p50_ms": _middle(loads, lambda one: one.verdict.percentile_ms(50)),
            **spread("verdict_p99_ms", [one.verdict.percentile_ms(99) for one in loads]),
            "verdict_p999_ms": _middle(loads, lambda one: one.verdict.percentile_ms(99.9)),
            "echo_p50_ms": _middle(loads, lambda one: one.echo.percentile_ms(50)),
            "echo_p99_ms": _middle(loads, lambda one: one.echo.percentile_ms(99)),
            "refused": sum(one.refused for one in loads),
            "generator_late_p99_ms": _middle(loads, lambda one: one.lateness.percentile_ms(99)),
            "generator_cpu_percent": _middle(loads, lambda one: 100 * one.cpu_share),
            "stolen_percent": _middle(loads, lambda one: 100 * one.stolen_share),
        },
    )


def _screen_row(loads: list[Loaded], is_encrypted: bool) -> Row:  # noqa: FBT001 -- a dictionary's key
    return Row(
        _setting(f"{loads[0].percent} % of peak", is_encrypted),
        {
            "screen_p50_ms": _middle(loads, lambda one: one.screen.percentile_ms(50)),
            **spread("screen_p99_ms", [one.screen.percentile_ms(99) for one in loads]),
            "screen_p999_ms": _middle(loads, lambda one: one.screen.percentile_ms(99.9)),
            "incomplete": sum(not one.is_whole for one in loads),
        },
    )


def _targets(rounds: list[Round], is_encrypted: bool) -> list[Target]:  # noqa: FBT001 -- a dictionary's key
    curve = "with CURVE" if is_encrypted else "without CURVE"
    ratio = median(one.unloaded.ratio for one in rounds)
    at = LOADS_PERCENT.index(P99_AT_PERCENT)
    p99_ms = median(one.loads[at].verdict.percentile_ms(99) for one in rounds)
    return [
        Target(
            f"{curve}, one bid at a time: p50 at most {UNLOADED_RATIO_MAX} times (echo + fdatasync)",
            f"{ratio:.2f} times",
            reached=ratio <= UNLOADED_RATIO_MAX,
        ),
        Target(
            f"{curve}, at {P99_AT_PERCENT} % of peak: p99 under {P99_MS_MAX:g} ms",
            f"{p99_ms:.1f} ms",
            reached=p99_ms < P99_MS_MAX,
        ),
    ]
