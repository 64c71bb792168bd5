"""A house, its gateway, and consoles in a real browser, for the tests of the console."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

from tests.bidder.web.gateways import GatewayProcess, running_gateway
from tests.house_process import HouseProcess, running_house
from tests.web.browser import WAIT_MS, Guest, needs_browser

expect = needs_browser().expect
expect.set_options(timeout=WAIT_MS)

DESK: Final[dict[str, Any]] = {"viewport": {"width": 1440, "height": 900}, "locale": "en-US"}
ALL_RIGHTS: Final = "bids,desk,corrections,hammer"


class Evening(NamedTuple):
    """A house, its gateway, and a browser."""

    house: HouseProcess
    gateway: GatewayProcess
    chromium: Any

    def address(self, name: str, rights: str = ALL_RIGHTS) -> str:
        """Return the address of a new clerk's console."""
        added = self.house.auctioneer(
            "clerk", "add", name, "--rights", rights, "--console", self.gateway.origin, "--json"
        )
        assert added.exit_code == 0, added.stderr
        return str(json.loads(added.stdout)["console"])

    def console(self, name: str = "ada", rights: str = ALL_RIGHTS) -> "Console":
        """Return a console that has been opened by its link."""
        console = Console(self.chromium, self.address(name, rights), **DESK)
        expect(console.page.locator("#counts")).to_contain_text("paddle")
        expect(console.page.locator("#lots li").first).to_be_visible()
        return console


class Console(Guest):
    """The page of a console."""

    def key(self, *keys: str) -> None:
        """Press keys, one after another."""
        for key in keys:
            self.page.keyboard.press(key)

    def says(self, words: str) -> None:
        """Wait until the answer to the last deed has these words."""
        expect(self.page.locator("#answer")).to_contain_text(words)

    def in_view(self, lot: str) -> None:
        """Wait until this is the lot in view. An answer may be heard before the page shows what it did."""
        expect(self.page.locator("#lot .number")).to_have_text(lot)

    def open_lot(self, lot: int) -> None:
        """Open the next lot, or the one in view. The next key counts once both the answer and the view are there."""
        self.key("n")
        self.says(f"Lot {lot} is open")
        self.in_view(f"Lot {lot}, open")

    def agree(self, title: str) -> None:
        """Say yes to a question."""
        expect(self.page.get_by_role("dialog")).to_contain_text(title)
        self.page.locator("dialog [type=submit]").click()

    def bid(self, paddle: int, amount: str = "") -> None:
        """Type a bid from the floor."""
        self.key(*str(paddle))
        if amount:
            self.page.get_by_label("Amount").fill(amount)
        self.key("Enter")


@contextmanager
def an_evening(folder: Path, chromium: Any, catalogue: str) -> Iterator[Evening]:
    """Run a house and its gateway until the end of the block."""
    with running_house(folder / "house", catalogue=catalogue) as house:
        control = str(house.record["control"]).removeprefix("tcp://")
        with running_gateway(house.link, folder / "home", "--control", control) as gateway:
            yield Evening(house, gateway, chromium)
