"""Simulated sales from the command line.

python -m tests.simulation --seeds 100000 --first 0     many seeds, on all processors
python -m tests.simulation --seed 4711                  one seed, with the plan that it stands for
"""

import sys
import time
from os import cpu_count

import click
from msgspec.structs import replace

from tests.simulation.plan import FAULTS, NO_FAULTS, plan_of
from tests.simulation.run import Result, simulate
from tests.simulation.shrinking import shrunk
from tests.simulation.sweep import Sweep, never_reached, report, sweep_all

SEEDS_FOR_COVERAGE = 1000
"""The fewest seeds whose coverage is checked; fewer may miss the rarest paths by chance."""


def _read_faults(_: click.Context, __: click.Parameter, text: str | None) -> frozenset[str] | None:
    if text is None:
        return None
    named = frozenset(text.split(",")) - {NO_FAULTS, ""}
    if not named <= set(FAULTS):
        raise click.BadParameter(f"{', '.join(sorted(named - set(FAULTS)))} is not one of {', '.join(FAULTS)}")
    return named


@click.command(help=__doc__)
@click.option("--seed", type=int, help="Run this seed.")
@click.option("--bidders", type=int, help="With --seed: the number of bidders.")
@click.option("--lots", type=int, help="With --seed: the number of lots.")
@click.option("--duration-ms", type=int, help="With --seed: the length of the sale.")
@click.option("--faults", callback=_read_faults, help=f"With --seed: some of {','.join(FAULTS)}, or {NO_FAULTS}.")
@click.option("--sqlite/--memory", default=None, help="With --seed: use the real journal or one in memory.")
@click.option("--shrink", is_flag=True, help="With --seed: search for a smaller plan that fails.")
@click.option("--seeds", default=1000, show_default=True, help="The number of seeds to run.")
@click.option("--first", default=0, show_default=True, help="The first seed.")
@click.option("--processes", default=cpu_count() or 1, show_default=True)
def main(
    seed: int | None,
    bidders: int | None,
    lots: int | None,
    duration_ms: int | None,
    faults: frozenset[str] | None,
    sqlite: bool | None,
    shrink: bool,
    seeds: int,
    first: int,
    processes: int,
) -> None:
    if seed is None:
        sys.exit(_run_many(first, seeds, processes))
    given = {"bidders": bidders, "lots": lots, "duration_ms": duration_ms, "uses_sqlite": sqlite, "faults": faults}
    result = simulate(replace(plan_of(seed), **{name: value for name, value in given.items() if value is not None}))
    if shrink and result.faults:
        result = shrunk(result)
    _show(result)
    sys.exit(bool(result.faults))


def _show(result: Result) -> None:
    click.echo(result.plan.command())
    for fact in result.history.facts:
        click.echo(f"  {fact.position:4} {fact.body}")
    click.echo("\n".join(result.faults) or "no fault")


def _run_many(first: int, seeds: int, processes: int) -> bool:
    """Run many seeds, print the progress, and return whether any seed failed."""
    began_s = time.monotonic()

    def tell(part: Sweep, total: Sweep) -> None:
        click.echo(f"{total.seeds} seeds, {len(total.failures)} failed, {time.monotonic() - began_s:.0f} s")
        for failure in part.failures:
            click.echo(failure)

    total = sweep_all(first, seeds, processes, tell)
    click.echo(report(total, time.monotonic() - began_s))
    missing = never_reached(total) if seeds >= SEEDS_FOR_COVERAGE else []
    if missing:
        click.echo(f"never reached: {', '.join(missing)}")
    return bool(total.failures or missing)


if __name__ == "__main__":
    main()
