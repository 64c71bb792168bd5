"""The pictures of the full screens of a terminal, from a real sale with two bidders. Each is an SVG by textual."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from auctioneer.cli.console.screen import ConsoleScreen
from auctioneer.process.folder import DataFolder
from bidder.display.orders import BidOrder
from bidder.shells.asyncio import AsyncClient
from bidder.shells.home import LastId
from bidder.tui.screen import BidderScreen
from common.keys import new_keys
from common.screens.full_screen import FullScreen
from tests.house_process import running_house

EVENING: Final = Path(__file__).resolve().parents[2] / "examples" / "catalogues" / "charity-evening.toml"
SIZE: Final = (110, 32)
SETTLE_S: Final = 1.5
"""How long a screen gets to draw what the house has told."""


async def picture(screen: FullScreen, path: Path, steps: Callable[[Any], Awaitable[None]]) -> None:
    """Show a screen, do some steps, and keep what is drawn."""
    async with screen.run_test(size=SIZE) as pilot:
        await pilot.pause(SETTLE_S)
        await steps(pilot)
        await pilot.pause(SETTLE_S)
        path.write_text(screen.export_screenshot(title=path.stem.replace("-", " ")))


async def of_a_bidder(link: str, home: Path, pictures: Path) -> None:
    """Draw the screen of a bidder who was outbid."""
    async with (
        await AsyncClient.connect(link, "Ada", new_keys()) as ada,
        await AsyncClient.connect(link, "Ben", new_keys()) as ben,
    ):
        screen = BidderScreen(ada, LastId(home, "Ada"), 10_000, follow=None, is_agreed=False, ask_above_minor=None)

        async def steps(pilot: Any) -> None:
            await screen.sale.attendance.begin(BidOrder("1", None, "180"))
            for amount_minor in (9_000, 12_000, 21_000):
                await ben.bid("1", amount_minor)
            await screen.sale.attendance.finish()
            await pilot.pause(SETTLE_S)

        await picture(screen, pictures / "bidder-join.svg", steps)


async def of_the_console(data: Path, pictures: Path) -> None:
    """Draw the console while the hammer is about to fall."""

    async def steps(pilot: Any) -> None:
        await pilot.press("w")
        await pilot.pause(SETTLE_S)

    await picture(ConsoleScreen(DataFolder(data)), pictures / "auctioneer-console.svg", steps)


def terminal_pictures(pictures: Path) -> None:
    """Hold a sale and draw its screens."""
    evening = EVENING.read_text().replace("[sale]", '[sale]\ncorrections = "on"')  # so that bids are at hand
    with TemporaryDirectory() as folder, running_house(Path(folder), catalogue=evening) as house:
        (Path(folder) / "keys").mkdir(exist_ok=True)
        asyncio.run(of_a_bidder(house.link, Path(folder), pictures))
        asyncio.run(of_the_console(house.data, pictures))
