"""`python -m benchmarks bots`: send bots to a sale that is on, and say at the end what came of it."""

import asyncio
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Final

import click
from rich.console import Console
from rich.status import Status

from benchmarks.checks import report_check
from benchmarks.crowd import MIX, characters
from benchmarks.house import read_record
from benchmarks.report import print_report
from benchmarks.swarm import Swarm
from benchmarks.waiting import alongside
from bidder.strategy import Strategy
from common.cli import examples
from common.errors import UnreachableError, UsageError

BIDDERS_MAX: Final = 1000
PROGRESS_S: Final = 0.5
PROGRESS_LINE_S: Final = 5.0
"""Between two lines of progress where there is no terminal."""
SETTLE_S: Final = 10.0
_FAILED: Final = 1


@click.command(
    short_help="Send bots to a sale that is on.",
    epilog=examples(
        "python -m benchmarks bots                                # to the sale of ./auction-data",
        "python -m benchmarks bots --bidders 200 --strategy sniper --seed 7 --data evening",
        'python -m benchmarks bots --to "$(auctioneer link)" --seconds 60',
    ),
)
@click.option("--bidders", type=click.IntRange(1, BIDDERS_MAX), default=20, show_default=True, help="How many bots.")
@click.option(
    "--strategy",
    type=click.Choice([MIX, *(strategy.value for strategy in Strategy)]),
    default=MIX,
    show_default=True,
    help="How they bid.",
)
@click.option("--seed", type=int, default=7, show_default=True, help="The same seed gives the same bots again.")
@click.option("--to", "link", metavar="LINK", help="The join link of the house.")
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="AUCTIONEER_DATA",
    metavar="DIR",
    help="The data directory of a house on this machine, instead of a link.  [default: ./auction-data]",
)
@click.option("--seconds", type=click.FloatRange(min=1), help="Stop after so long.  [default: when all lots are over]")
def bots(bidders: int, strategy: str, seed: int, link: str | None, data: Path | None, seconds: float | None) -> int:
    """Have bots join a sale and bid until all lots are over; each has a key of its own, kept in memory only.

    Exit status 1 if a bot's copy of the sale is not what the house gives to a newcomer.
    """
    if link and data:
        raise UsageError("--to and --data both name a house; leave one out.")
    link = link or read_record(data or Path("auction-data")).link
    return 0 if asyncio.run(_bid(link, bidders, strategy, seed, seconds)) else _FAILED


async def _bid(link: str, bidders: int, strategy: str, seed: int, seconds: float | None) -> bool:
    """Hold the bots to their task; return whether their copies of the sale were right."""
    async with Swarm(link, characters(seed, bidders, strategy), seed) as swarm:
        with _progress_bar() as bar:
            await alongside(_join_and_run(swarm, seconds), _show_progress(swarm, bidders, bar))
        print_report(swarm)
        try:
            newcomer = await swarm.reference()
        except UnreachableError:
            first = swarm.bots[0].client
            return report_check(
                f"All {bidders} bots have the same sale (the house is gone, so there is nothing else to compare with)",
                await swarm.until_equal(first, SETTLE_S),
            )
        return report_check(
            f"All {bidders} bots have the sale that a newcomer is given", await swarm.until_equal(newcomer, SETTLE_S)
        )


async def _join_and_run(swarm: Swarm, seconds: float | None) -> None:
    await swarm.join()
    await swarm.run(seconds)


def _progress_bar() -> "AbstractContextManager[Status | None]":
    return Console(stderr=True).status("Joining ...") if sys.stderr.isatty() else nullcontext()


async def _show_progress(swarm: Swarm, bidders: int, bar: Status | None) -> None:
    """Say how far things are: in place at a terminal, else in a line from time to time."""
    began_s = asyncio.get_running_loop().time()
    while True:
        await asyncio.sleep(PROGRESS_LINE_S if bar is None else PROGRESS_S)
        line = f"{asyncio.get_running_loop().time() - began_s:5.1f} s  {_progress(swarm, bidders)}"
        if bar is None:
            click.echo(line, err=True)
        else:
            bar.update(line)


def _progress(swarm: Swarm, bidders: int) -> str:
    if len(swarm.bots) < bidders:
        return f"{len(swarm.bots)} of {bidders} bots have joined"
    lots = swarm.bots[0].client.lots().values()
    over = sum(view.status.is_final for view in lots)
    tally = swarm.tally
    return (
        f"{bidders} bots: {len(tally.acknowledged)} bids accepted, {tally.rejected.total()} refused; "
        f"{over} of {len(lots)} lots over"
    )
