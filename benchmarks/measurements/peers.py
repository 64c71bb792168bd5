"""`python -m benchmarks peers`: the same work on the alternatives to the house, on the house, and on the bare echo.

256 bidders raise bids on lots, with one open bid each. For each bid the peer checks that it is high enough, sets the
price and the leader, makes a record durable, publishes the change and answers. PEERS.md explains the setup of each peer
and why it is fair.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Final

import click

from benchmarks.load.machine import sync_us
from benchmarks.load.ring import BIDDERS
from benchmarks.peers.lineup import NAMES, Aim, Lineup, line_up
from benchmarks.peers.load import Load
from benchmarks.peers.measuring import FEW, Case, Measured, Plan, data_folder, measure
from benchmarks.report.findings import results_option, show_and_keep, spread
from benchmarks.report.results import Finding, Row, Target
from common.errors import UsageError
from common.terminal.output import say

POOLS: Final = (2, 4, 8, 16, 32)
QUICK: Final = Plan(seconds=0.3, warm_up_s=0.1, trivial_s=0.1, connections=(FEW,), pools=(4,))

Runs = dict[Case, list[Measured]]


@click.command(short_help="Measure Redis, PostgreSQL and a WebSocket service beside the house.")
@click.option("--seconds", default=3.0, show_default=True, type=click.FloatRange(min=0.2), help="Length of each load.")
@click.option("--repeats", default=3, show_default=True, type=click.IntRange(min=1), help="How often to measure each.")
@click.option("--peer", "names", multiple=True, type=click.Choice(NAMES), help="Only this peer; may be repeated.")
@click.option("--quick", is_flag=True, help="Measure once over few connections, in half a minute.")
@results_option
def peers(seconds: float, repeats: int, names: tuple[str, ...], quick: bool, results_folder: Path) -> None:  # noqa: FBT001 -- click passes by name
    """Measure durable accepted bids a second on Redis, PostgreSQL and a WebSocket service, and on the house.

    All use the same load generator, which shows how much of a core it took. Each bid must be accepted, and be on record
    afterwards. If run as root, this command installs missing servers from Debian's packages. The servers use new data
    in a temporary directory and free ports of the loopback address, and are stopped at the end.
    """
    if sys.platform != "linux":
        raise UsageError("This measurement reads processor times from /proc and needs Linux.")
    plan = QUICK if quick else Plan(seconds, warm_up_s=1.0, trivial_s=1.0, connections=(BIDDERS, FEW), pools=POOLS)
    repeats = 1 if quick else repeats
    lineup = line_up(names or NAMES, plan)
    show_and_keep(finding(lineup, run(lineup, plan, repeats), repeats), results_folder)


def run(lineup: Lineup, plan: Plan, repeats: int) -> Runs:
    """Measure all cases in turn, `repeats` times."""
    runs: Runs = {case: [] for case in lineup.cases}
    for number in range(repeats):
        for case in lineup.cases:
            say(f"{number + 1} of {repeats}: {case.peer.name}, {case.connections} connections ...", err=True)
            runs[case].append(measure(case, plan))
    return runs


def finding(lineup: Lineup, runs: Runs, repeats: int) -> Finding:
    """Return the finding of the runs."""
    with data_folder() as folder:
        fdatasync_us = sync_us(folder)
    return Finding(
        name="peers",
        question="How many durable accepted bids a second, beside what a user would pick instead?",
        repeats=repeats,
        rows=tuple(_row(case, measured, runs, lineup) for case, measured in runs.items()),
        targets=tuple(target for aim in lineup.aims for target in _targets(aim, runs, lineup)),
        notes=(
            f"{BIDDERS} bidders, one bid under way each. With {FEW} connections each carries the bids of 16 bidders, "
            "which follow each other without waiting.",
            "`house_times` is the house's bids a second over the peer's, in the same repetition, over as many "
            "connections (the most where the peer is behind a pool).",
            "The bare echo, through ROUTER and DEALER and in Python as the house is, is the most that one could reach.",
            "`trivial_per_s` is what the same generator reaches with a request that costs the peer next to nothing.",
            "Processor times are in percent of one core: of the generator, of all the peer's processes, and what the "
            "machine below took from all cores meanwhile. `unheard` counts bids that the subscriber did not get.",
            f"One write of a page with fdatasync where the data are: {fdatasync_us:.0f} us.",
            *lineup.notes,
        ),
    )


def _row(case: Case, measured: list[Measured], runs: Runs, lineup: Lineup) -> Row:
    trivial = [one.trivial.per_s for one in measured if one.trivial is not None]

    def percent(part: Callable[[Load], float]) -> float:
        return median(one.bids.percent(part(one.bids)) for one in measured)

    return Row(
        {"peer": case.peer.name, "connections": case.connections},
        {
            **spread("bids_per_s", [one.bids.per_s for one in measured]),
            "house_times": median(_ratios(case, _alike(case, lineup)[0], runs, lineup)),
            "trivial_per_s": median(trivial) if trivial else 0.0,
            "generator_percent": percent(lambda load: load.generator_s),
            "server_percent": percent(lambda load: load.server_s),
            "stolen_percent": percent(lambda load: load.stolen_s),
            "unheard": sum(one.missed for one in measured),
        },
    )


def _ratios(case: Case, connections: int, runs: Runs, lineup: Lineup) -> list[float]:
    """Return the ratio of the house's rate over this many connections to a case's rate, for each repetition."""
    house = runs[Case(lineup.house, connections)]
    return [ours.bids.per_s / theirs.bids.per_s for ours, theirs in zip(house, runs[case], strict=True)]


def _alike(case: Case, lineup: Lineup) -> list[int]:
    """Return the numbers of connections for comparing the house with a case: with a pool, all that are measured."""
    return sorted(lineup.connections, reverse=True) if case.is_pool else [case.connections]


def _targets(aim: Aim, runs: Runs, lineup: Lineup) -> list[Target]:
    """Return the target for each shape: whether the house is fast enough, with a live subscriber."""
    if aim.peer is None:
        return [Target(f"{aim.ratio:g} times {aim.name}", "not measured", reached=False)]
    targets = []
    for case in runs:
        if case.peer is not aim.peer:
            continue
        pool = f" through a pool of {case.connections}" if case.is_pool else ""
        for connections in _alike(case, lineup):
            ratios = _ratios(case, connections, runs, lineup)
            what = f"{aim.ratio:g} times {case.peer.name}{pool}, {connections} connections, a live subscriber"
            ceiling = runs[Case(lineup.ceiling, connections)]
            echo = median(one.bids.per_s / theirs.bids.per_s for one, theirs in zip(ceiling, runs[case], strict=True))
            found = f"{median(ratios):.2f} times ({min(ratios):.2f} to {max(ratios):.2f}); the bare echo {echo:.2f}"
            targets.append(Target(what, found, reached=median(ratios) >= aim.ratio))
    return targets
