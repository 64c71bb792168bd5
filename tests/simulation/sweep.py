"""Runs many seeds in turn, and shrinks the failures."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context

from tests.simulation.coverage import REQUIRED
from tests.simulation.plan import plan_of
from tests.simulation.run import simulate
from tests.simulation.shrinking import shrunk

PART_SEEDS = 250
SHRUNK_MAX = 3
"""The most failures that are shrunk; for the others the command is enough."""


@dataclass
class Sweep:
    """The results of a number of seeds. `failures` are texts with the command that repeats each failure."""

    seeds: int = 0
    simulated_ms: int = 0
    facts: int = 0
    requests: int = 0
    failures: list[str] = field(default_factory=list)
    reached: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Sweep") -> None:
        """Add the results of another sweep."""
        self.seeds += other.seeds
        self.simulated_ms += other.simulated_ms
        self.facts += other.facts
        self.requests += other.requests
        self.failures += other.failures
        self.reached += other.reached


def sweep(first: int, seeds: int) -> Sweep:
    """Run the seeds from `first` on."""
    found = Sweep()
    for seed in range(first, first + seeds):
        try:
            result = simulate(plan_of(seed))
        except BaseException as error:
            error.add_note(f"It came of seed {seed}.")
            raise
        found.seeds += 1
        found.simulated_ms += result.simulated_ms
        found.facts += len(result.history.facts)
        found.requests += len(result.history.calls)
        found.reached += result.reached
        if result.faults:
            smallest = shrunk(result) if len(found.failures) < SHRUNK_MAX else result
            faults = "\n  ".join(smallest.faults[:5])
            found.failures.append(f"seed {seed} failed; repeat with\n  {smallest.plan.command()}\n  {faults}")
    return found


def sweep_all(first: int, seeds: int, processes: int, tell: Callable[[Sweep, Sweep], None]) -> Sweep:
    """Run the seeds from `first` on in several processes; `tell` gets each part's result, and the sum so far."""
    total = Sweep()
    starts = range(first, first + seeds, PART_SEEDS)
    sizes = [min(PART_SEEDS, first + seeds - start) for start in starts]
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        for part in pool.map(sweep, starts, sizes):
            total.add(part)
            tell(part, total)
    return total


def never_reached(found: Sweep) -> list[str]:
    """Return the rare paths that no seed took."""
    return [path for path in REQUIRED if not found.reached[path]]


def report(found: Sweep, took_s: float) -> str:
    """Return a report on a sweep, with the count of each rare path."""
    rare = sorted((found.reached[path], path) for path in REQUIRED)
    simulated_s = found.simulated_ms / 1000
    return "\n".join(
        [
            f"{found.seeds} sales, {found.requests} requests, {found.facts} facts; {simulated_s:.0f} simulated seconds "
            f"in {took_s:.0f} s, {simulated_s / took_s:.0f} a second; {len(found.failures)} failures",
            *(f"  {times:8} {path}" for times, path in rare),
        ]
    )
