"""One round of measuring latency: a house, the bare echo and the disk, with one setting of CURVE."""

import os
import time
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.load.audience import audience
from benchmarks.load.connections import Publisher
from benchmarks.load.latencies import Latencies
from benchmarks.load.machine import stolen_s, syncs_ns
from benchmarks.load.open_loop import LANES, OpenLoop, arrivals_ns
from benchmarks.load.rising_sale import Bids
from benchmarks.load.servers import in_house, leading, observed, running_echo
from common.keys import JoinLink

LOTS: Final = 1024
SCREENS: Final = 10
SEEN_LOTS: Final = 64
"""Lots that the screens follow: a sample, so that the screens don't take the processor from the house."""
LOADS_PERCENT: Final = (10, 50, 80)
WARM_UP_SHARE: Final = 0.2
"""Of the time of each load; what is due in it is not counted."""


class Unloaded(NamedTuple):
    """One bid at a time: medians of the house and of what it is made of."""

    house: Latencies
    echo: Latencies
    sync: Latencies

    @property
    def ratio(self) -> float:
        """The house's median against a bare round trip and a write to the disk."""
        return self.house.percentile_ms(50) / (self.echo.percentile_ms(50) + self.sync.percentile_ms(50))


class Loaded(NamedTuple):
    """Bids at a rate that does not depend on the house."""

    percent: int
    per_s: float
    verdict: Latencies
    echo: Latencies
    """Of a bare echo that got bids at the same times, just before: what the machine itself does to the slowest."""
    screen: Latencies
    lateness: Latencies
    cpu_share: float
    stolen_share: float
    """Of the machine's time, what its host gave to other machines meanwhile."""
    refused: int
    is_whole: bool


class Round(NamedTuple):
    """What one round gave."""

    unloaded: Unloaded
    echo_peak_per_s: float
    peak_per_s: float
    loads: list[Loaded]


class Plan(NamedTuple):
    """How much is measured in one round."""

    seconds: float
    """Of each load."""
    one_by_one: int
    """Bids one at a time, in each of `blocks` blocks that take turns with the echo and the disk."""
    blocks: int


def measure_round(folder: Path, plan: Plan, seed: int, *, is_encrypted: bool) -> Round:
    """Measure with an echo and a house of their own."""
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
