"""Fuzz one target: python -m tests.fuzz NAME --runs N.

With the extra `fuzz` installed (pip install -e '.[fuzz]'), atheris searches for inputs that reach new paths. Without
it, or with --by-chance, the inputs are randomly changed seeds; the same --seed gives the same inputs.
"""

import secrets
import time

import click

from tests.fuzz.running import NAMES, has_atheris, run_by_atheris, run_by_chance


@click.command(help=__doc__)
@click.argument("name", type=click.Choice(NAMES))
@click.option("--runs", type=click.IntRange(1), default=100_000, show_default=True)
@click.option("--seed", type=click.IntRange(1, 2**31), help="The seed of a run, as printed, to repeat it.")
@click.option("--by-chance", is_flag=True, help="Do not use atheris.")
def main(name: str, runs: int, seed: int | None, by_chance: bool) -> None:
    seed = seed or secrets.randbelow(2**31) + 1
    guided = has_atheris() and not by_chance
    click.echo(f"{name}: {runs} inputs {'by atheris' if guided else 'by chance'}, seed {seed}")
    if guided:
        run_by_atheris(name, runs, seed)
    began_s = time.monotonic()
    run_by_chance(name, runs, seed)
    click.echo(f"{name}: nothing found in {time.monotonic() - began_s:.0f} s")


if __name__ == "__main__":
    main()
