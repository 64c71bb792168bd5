"""`make demo`: a real house in its own process, bots on real sockets, and a check of the result at the end."""

import asyncio
import sys
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import click

from benchmarks.bots.checks import Check, house_check, record_check, report_check
from benchmarks.bots.report import print_tally
from benchmarks.bots.sale_folder import keep_folder, sale_folder
from benchmarks.bots.swarm import ComparedSwarm
from bidder import AsyncClient
from common.own_address import own_address
from common.terminal.commands import STOPPED_STATUS, examples
from common.terminal.output import say
from common.the_house import paddle_words
from rehearsal.bots.crowd import Crowd
from rehearsal.evening.screen import REFRESH_S, Screen, open_screen
from rehearsal.evening.story import Story
from rehearsal.house import HouseProcess
from rehearsal.waiting import alongside, stop_when_told

SEED: Final = 19
"""This seed shows both: one lot of the catalogue is bought at once, and one is beyond all purses."""
SALE_S_MAX: Final = 300.0
"""How long the bots stay in a sale that somebody pauses or extends."""
SETTLE_S: Final = 60.0
"""The longest time that copies of the sale may take to become equal after the last bid."""
_FAILED: Final = 1
_EVERYWHERE: Final = "0.0.0.0"


def demo_catalogue() -> Path:
    """Return the catalogue that comes with the auctioneer for the demo."""
    package = find_spec("auctioneer")
    assert package is not None, "the auctioneer is not installed"
    assert package.origin is not None, "the auctioneer is not a package"
    return Path(package.origin).parent / "catalogue" / "bundled" / "demo.toml"


@click.command(
    short_help="Hold a real sale with bots bidding, about 30 seconds.",
    epilog=examples("python -m benchmarks demo", "python -m benchmarks demo --bidders 100 --data evening"),
)
@click.option("--bidders", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many bots bid.")
@click.option("--seed", type=int, default=SEED, show_default=True, help="Chooses the bots' values of the lots.")
@click.option(
    "--catalogue", type=click.Path(path_type=Path), default=demo_catalogue, help="[default: the demo's own catalogue]"
)
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Keep the sale here.  [default: a temporary directory]",
)
@click.option("--web", metavar="HOST:PORT", help="Have people bid on their phones there, too.")
def demo(bidders: int, seed: int, catalogue: Path, data: Path | None, web: str | None) -> int:
    """Hold a sale: an auctioneer, and bots that bid on real sockets until it ends. Then check the result.

    The exit status is 1 if a bidder's view differs from the house's, a bid was lost, or the record does not verify.
    """
    with sale_folder(data) as folder:
        try:
            is_right = asyncio.run(_hold(catalogue, folder, bidders, seed, web))
        except (KeyboardInterrupt, asyncio.CancelledError):
            say("Stopped, and with it the auctioneer and all bots.", err=True)
            return STOPPED_STATUS
        if data is None and not is_right:
            say(f"The sale is kept in {keep_folder(folder)}.", err=True)
    return 0 if is_right else _FAILED


async def _hold(catalogue: Path, folder: Path, bidders: int, seed: int, web: str | None) -> bool:
    """Hold the sale and return whether all checks held."""
    of_web = () if web is None else ("--web", web)
    stop_when_told()
    say("Starting an auctioneer ...")
    async with HouseProcess(catalogue, folder, "--port", "0", *of_web) as house:
        _print_how_to_join(house, web)
        crowd = Crowd(seed)
        async with ComparedSwarm(house.link, crowd, crowd.characters(bidders)) as swarm:
            is_right = await _watch(swarm)
            say()
            await house.show("results")
            say()
            print_tally(swarm.tally)
            say()
            is_right &= await _check_copies(house, swarm)
            is_right &= report_check(record_check(folder, swarm.tally.acknowledged))
        await house.stop()
        say()
        say(f"$ auctioneer verify --data {folder}")
        status = await house.show("verify")
        is_right &= report_check(
            Check("The record verifies", [f"`verify` ended with status {status}"] if status else [])
        )
    if web is None:
        say()
        say("To see the same on a phone: make demo-web")
    return is_right


def _print_how_to_join(house: HouseProcess, web: str | None) -> None:
    program = Path(sys.executable).with_name("bidder")
    with suppress(ValueError):
        program = program.relative_to(Path.cwd())
    say()
    say(f"  Join link  {house.link}")
    say(f"  To bid too, in another terminal:  {program} join --name YOU")
    if web is not None:
        host, _, port = web.rpartition(":")
        place = f"{own_address() if host == _EVERYWHERE else host}:{port}"
        say(f"  To bid on a phone in this network:  http://{place}/")
        say(f"  The screen in the room:             http://{place}/board")
    say()


async def _watch(swarm: ComparedSwarm) -> bool:
    """Show the sale to its end; return whether it ended in time."""
    client = await swarm.observe()
    with open_screen() as screen:
        story = Story(client.sale.currency, lambda paddle: _name(swarm, paddle))
        is_over = await alongside(_bid(swarm), _tell(client, story, screen), _refresh(client, swarm, screen))
        screen.refresh(client, lambda paddle: _name(swarm, paddle))
    return is_over or report_check(Check("The sale ended", [f"it did not within {SALE_S_MAX:.0f} s"]))


async def _bid(swarm: ComparedSwarm) -> bool:
    await swarm.join()
    return await swarm.run(SALE_S_MAX)


async def _tell(client: AsyncClient, story: Story, screen: Screen) -> None:
    async for notice in client.notices():
        line = story.tell(notice)
        if line is not None:
            screen.tell(line)


async def _refresh(client: AsyncClient, swarm: ComparedSwarm, screen: Screen) -> None:
    while True:
        screen.refresh(client, lambda paddle: _name(swarm, paddle))
        await asyncio.sleep(REFRESH_S)


def _name(swarm: ComparedSwarm, paddle: int) -> str:
    return swarm.names.get(paddle, paddle_words(paddle))


async def _check_copies(house: HouseProcess, swarm: ComparedSwarm) -> bool:
    """Check that bidders, newcomers and the auctioneer have equal copies of the sale; return whether they do."""
    newcomer = await swarm.reference()
    unequal = await swarm.until_equal(newcomer, SETTLE_S)
    is_right = report_check(Check(f"All {len(swarm.bots)} bots have the sale that a newcomer is given", unequal))
    return is_right & report_check(await house_check(house.data, newcomer.lots()))
