"""A bidder at the full screen, without a terminal, in a real sale: it presses keys and reads what is drawn."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from textual.app import App
from textual.pilot import Pilot

from bidder.display.orders import FollowOrder
from bidder.shells.asyncio import AsyncClient
from bidder.shells.home import LastId
from bidder.tui.bid_key import LOCK_MS
from bidder.tui.screen import BidderScreen
from common.keys import new_keys
from common.screens.leaving import Leaving
from tests.house_process import WAIT_S

SIZE = (80, 24)
_LOOK_AGAIN_S = 0.02


def text_of(app: App[Leaving]) -> str:
    """Return what is drawn, the screens below a question included."""
    return "\n".join(
        "".join(segment.text for segment in strip)
        for screen in app.screen_stack
        for strip in screen._compositor.render_strips()
    )


class Seat:
    """A person before a screen."""

    def __init__(self, screen: BidderScreen, pilot: Pilot[Leaving]) -> None:
        self.screen = screen
        self.pilot = pilot

    @property
    def shown(self) -> str:
        """What is drawn now."""
        return text_of(self.screen)

    async def until(self, *texts: str) -> None:
        """Wait until all these texts are drawn."""
        await self.until_true(lambda: all(text in self.shown for text in texts), " | ".join(texts))

    async def until_gone(self, text: str) -> None:
        """Wait until a text is no longer drawn."""
        await self.until_true(lambda: text not in self.shown, f"without {text}")

    async def until_true(self, is_so: Callable[[], bool], what: str = "") -> None:
        """Wait until something is so."""
        deadline_s = time.monotonic() + WAIT_S
        while not is_so():
            assert time.monotonic() < deadline_s, f"{what!r} was not drawn:\n{self.shown}"
            await self.pilot.pause(_LOOK_AGAIN_S)

    async def press(self, *keys: str) -> None:
        """Press keys."""
        await self.pilot.press(*keys)

    async def type(self, text: str) -> None:
        """Type a text and Enter."""
        await self.pilot.press(*("space" if char == " " else char for char in text), "enter")

    async def order(self, line: str) -> None:
        """Type an order."""
        await self.press("colon")
        await self.type(line)

    async def bid(self) -> None:
        """Press the bid key once it is not locked, as a person would who looks first."""
        await self.until_true(lambda: not self.screen.query_one("#key-b").disabled, "a bid key that can be used")
        await self.pilot.pause(LOCK_MS / 1000)
        await self.press("b")


def attend(
    link: str,
    home: Path,
    name: str,
    steps: Callable[[Seat], Awaitable[None]],
    *,
    size: tuple[int, int] = SIZE,
    follow: FollowOrder | None = None,
    is_agreed: bool = False,
    ask_above_minor: int | None = None,
) -> BidderScreen:
    """Attend a sale and do some steps; return the screen as it was left."""

    async def run() -> BidderScreen:
        (home / "keys").mkdir(parents=True, exist_ok=True)
        async with await AsyncClient.connect(link, name, new_keys(), timeout_ms=round(WAIT_S * 1000)) as client:
            screen = BidderScreen(
                client,
                LastId(home, name),
                round(WAIT_S * 1000),
                follow=follow,
                is_agreed=is_agreed,
                ask_above_minor=ask_above_minor,
            )
            async with screen.run_test(size=size) as pilot:
                seat = Seat(screen, pilot)
                await seat.until("connected")
                await steps(seat)
            return screen

    return asyncio.run(run())
