"""The console in a real browser: a whole sale by keys, a dead house, a dead gateway, lock, hand-over, rights."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from tests.bidder.web.gateways import GatewayProcess, running_gateway
from tests.house_process import HouseProcess, running_house
from tests.web.browser import WAIT_MS, Guest, needs_browser

expect = needs_browser().expect
expect.set_options(timeout=WAIT_MS)

HOSTILE: Final = """<img src=x onerror="window.acted=1">"""
CATALOGUE: Final = f"""
[sale]
title = "Evening at the museum"
currency = "EUR"
corrections = "on"
[defaults]
opens = "by hand"
duration = "1h"
increment = "10"
[[lot]]
title = "Longcase clock"
starting_price = "100"
reserve = "120"
[[lot]]
title = '''{HOSTILE}'''
starting_price = "100"
"""
DESK: Final[dict[str, Any]] = {"viewport": {"width": 1440, "height": 900}, "locale": "en-US"}
AXE: Final = Path(__file__).parent / "assets" / "axe.min.js"
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
        expect(console.page.locator("#lots li").nth(1)).to_be_visible()
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
def an_evening(folder: Path, chromium: Any) -> Iterator[Evening]:
    with running_house(folder / "house", catalogue=CATALOGUE) as house:
        control = str(house.record["control"]).removeprefix("tcp://")
        with running_gateway(house.link, folder / "home", "--control", control) as gateway:
            yield Evening(house, gateway, chromium)


@pytest.fixture
def evening(tmp_path: Path, chromium: Any) -> Iterator[Evening]:
    """Run a house and its gateway."""
    with an_evening(tmp_path, chromium) as evening:
        yield evening


def test_a_whole_sale_is_run_by_keys_and_survives_a_dead_house_and_gateway(evening: Evening) -> None:
    ada = evening.console()
    assert "secret" not in ada.page.url, "a used link is not in view any more"
    for name in ("Bea", "Carl"):
        ada.key("d")
        ada.page.get_by_label("Name").fill(name)
        ada.agree("New paddle")
        ada.says(f"{name} has paddle")
    ada.key("n")
    ada.says("Lot 1 is open")
    ada.bid(1)
    ada.says("€100 by paddle 1 (Bea)")
    ada.bid(2, "130")
    ada.says("€130 by paddle 2")
    expect(ada.page.locator("#lot")).to_contain_text("€120, met")
    evening.house.kill_server()
    ada.key("u")
    ada.agree("Then paddle 1 (Bea) leads at €100")
    ada.says("Taken back")
    evening.gateway.kill()
    evening.gateway.start()
    ada.bid(1, "125")
    ada.says("You already lead this lot")
    ada.bid(2, "125")
    ada.says("€125 by paddle 2 (Carl)")
    ada.key("w")
    ada.says("Fair warning")
    ada.key("h")
    ada.agree("Sold to paddle 2 (Carl) for €125")
    ada.says("is sold to Carl, paddle 2")
    ada.page.locator("#lots button").first.click()
    ada.key("r")
    ada.agree("Reopen lot 1")
    ada.agree("Open it again?")
    ada.says("open again")
    ada.key("h")
    ada.agree("Sold to paddle 2 (Carl)")
    ada.says("is sold to Carl")
    ada.page.get_by_role("button", name="End the sale").click()
    ada.agree("End the sale?")
    ada.says("All lots are over")
    ada.page.get_by_role("button", name="Finish the sale").click()
    ada.agree("Nothing can be corrected after this")
    expect(ada.page.locator("#state")).to_have_text("The sale has ended.")
    assert ada.page.evaluate("window.acted") is None, "a title is a text"
    assert ada.complaints == []
    results = json.loads(evening.house.auctioneer("results", "--json").stdout)
    assert [(row["status"], row["winner"], row["price"]) for row in results] == [
        ("sold", "Carl", "125.00"),
        ("withdrawn", None, None),
    ]


def test_late_bids_and_limits_that_are_near_are_in_view(evening: Evening) -> None:
    for name in ("Bea", "Carl"):
        assert evening.house.auctioneer("paddle", "add", name).exit_code == 0
    assert evening.house.auctioneer("limit", "1", "110").exit_code == 0
    ada = evening.console()
    expect(ada.page.locator("#late-title")).to_be_hidden()
    ada.key("n")
    ada.says("Lot 1 is open")
    ada.bid(1)
    person = ada.page.locator("#person-list li").first
    expect(person).to_contain_text("limit near: €10 of €110 left")
    ada.key("h")
    ada.agree("Hammer on lot 1?")
    ada.says("Lot 1")
    assert evening.house.auctioneer("bid", "1", "140", "--paddle", "2").exit_code == 3
    expect(ada.page.locator("#late li")).to_contain_text("ms late: €140")
    expect(ada.page.locator("#late li")).to_contain_text("paddle 2 (Carl) ")
    assert ada.complaints == []


def test_a_bid_that_comes_in_between_makes_the_hammer_ask_again(evening: Evening) -> None:
    ada = evening.console()
    guest = evening.gateway.guest("Bea")
    with guest:
        ada.key("n")
        ada.says("Lot 1 is open")
        guest.until("lot_opened")
        ada.key("h")
        expect(ada.page.get_by_role("dialog")).to_contain_text("there are no bids")
        assert guest.ask(do="bid", lot="1", amount_minor=13000)["status"] == "accepted"
        ada.agree("Hammer on lot 1?")
        ada.agree("It changed. Hammer on lot 1?")
        ada.says("is sold to Bea")


def test_two_consoles_agree_and_one_without_the_right_sees_why(evening: Evening) -> None:
    ada, ben = evening.console("ada"), evening.console("ben", "bids")
    ada.key("n")
    expect(ben.page.locator("#lots li").first).to_contain_text("open")
    hammer = ben.page.locator(".deeds .act").nth(1)
    expect(hammer).to_be_disabled()
    ben.key("h")
    expect(ben.page.get_by_role("dialog")).to_have_count(0)
    ada.key("p")
    expect(ben.page.locator("#lot .number")).to_have_text("Lot 1, paused")


def test_a_console_is_locked_and_handed_over(evening: Evening) -> None:
    ada = evening.console()
    ada.page.get_by_role("button", name="Lock", exact=True).click()
    ada.page.get_by_label("PIN").fill("2468")
    ada.agree("Lock this console")
    expect(ada.page.get_by_role("heading", name="This console is locked")).to_be_visible()
    ada.page.reload()
    expect(ada.page.get_by_role("heading", name="This console is locked")).to_be_visible()
    ada.page.get_by_label("PIN").fill("1111")
    ada.key("Enter")
    expect(ada.page.get_by_role("alert")).to_contain_text("The PIN is wrong")
    ada.page.get_by_label("PIN").fill("2468")
    ada.key("Enter")
    expect(ada.page.locator("#lots li").nth(1)).to_be_visible()
    ada.page.get_by_role("button", name="Hand over").click()
    code = ada.page.locator("dialog .aloud").inner_text()
    other = Console(evening.chromium, f"{evening.gateway.origin}/console", **DESK)
    other.page.get_by_label("Code from another console").fill(code)
    other.key("Enter")
    expect(other.page.locator("#who")).to_contain_text("ada")
    other.key("n")
    other.says("Lot 1 is open")
    ada.agree("Hand this console over")
    expect(ada.page.get_by_label("Code from another console")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_console_is_accessible(evening: Evening, scheme: str) -> None:
    ada = evening.console()
    evening.house.auctioneer("paddle", "add", "Bea")
    ada.page.emulate_media(color_scheme=scheme)
    ada.key("n")
    ada.says("Lot 1 is open")
    ada.bid(1)
    ada.says("Accepted")
    for width in (390, 820, 1440):
        ada.page.set_viewport_size({"width": width, "height": 900})
        ada.page.evaluate(AXE.read_text())
        found = ada.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        serious = [one["id"] for one in found["violations"] if one["impact"] in ("serious", "critical")]
        assert serious == [], (width, [one for one in found["violations"] if one["id"] in serious])
        assert ada.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), width
