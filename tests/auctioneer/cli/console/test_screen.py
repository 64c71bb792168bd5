"""A sale is run from the console, by the auctioneer and by clerks; every command is the house's."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from textual.pilot import Pilot

from auctioneer.cli.console.screen import ConsoleScreen
from auctioneer.process.folder import DataFolder
from common.screens.leaving import Leaving
from tests.bidder.tui.on_screen import text_of
from tests.house_process import WAIT_S, HouseProcess, running_house

SALE = """
[sale]
title = "An evening"
currency = "USD"
corrections = "on"
[defaults]
starting_price = "100"
increment = "10"
duration = "until closed"
opens = "by hand"
[[lot]]
title = "A [red]clock[/]"
[[lot]]
title = "Chairs"
reserve = "500"
[[lot]]
title = "A vase"
"""


QUICK_CLOCK = """
[sale]
title = "An evening"
currency = "USD"
[[lot]]
title = "Tulips"
format = "dutch"
starting_price = "120"
floor = "20"
decrement = "1"
every = "1s"
units = 4
opens = "by hand"
"""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[HouseProcess]:
    with running_house(tmp_path / "house", catalogue=SALE) as house:
        assert house.auctioneer("paddle", "add", "Zoe", "--paddle", "12").exit_code == 0
        assert house.auctioneer("paddle", "add", "Bob", "--paddle", "13").exit_code == 0
        yield house


@pytest.fixture
def quick_clock(tmp_path: Path) -> Iterator[HouseProcess]:
    """Run a house with a lot whose price falls each second."""
    with running_house(tmp_path / "house", catalogue=QUICK_CLOCK) as house:
        assert house.auctioneer("paddle", "add", "Zoe", "--paddle", "12").exit_code == 0
        yield house


def wait_for_a_step(house: HouseProcess) -> None:
    """Wait until the clock of lot 1 has moved on."""
    before = house.auctioneer("lots", "1").stdout
    while house.auctioneer("lots", "1").stdout == before:
        pass


class Rostrum:
    """A person before a console."""

    def __init__(self, screen: ConsoleScreen, pilot: Pilot[Leaving]) -> None:
        self.screen = screen
        self.pilot = pilot

    async def until(self, *texts: str) -> None:
        """Wait until all these texts are drawn."""
        deadline_s = time.monotonic() + WAIT_S
        while not all(text in text_of(self.screen) for text in texts):
            assert time.monotonic() < deadline_s, f"{texts} were not drawn:\n{text_of(self.screen)}"
            await self.pilot.pause(0.05)

    async def press(self, *keys: str) -> None:
        """Press keys."""
        await self.pilot.press(*keys)

    async def type(self, text: str) -> None:
        """Type a text and Enter."""
        await self.pilot.press(*("space" if char == " " else char for char in text), "enter")


def stand(data: Path, steps: Callable[[Rostrum], Awaitable[None]], size: tuple[int, int] = (140, 40)) -> None:
    async def run() -> None:
        screen = ConsoleScreen(DataFolder(data))
        async with screen.run_test(size=size) as pilot:
            rostrum = Rostrum(screen, pilot)
            await rostrum.until("An evening (running)", "Lot 1")
            await steps(rostrum)

    asyncio.run(run())


def test_a_person_at_the_rostrum_answers_for_whom_a_correction_made_lead(tmp_path: Path) -> None:
    async def steps(rostrum: Rostrum) -> None:
        await rostrum.press("o")
        await rostrum.until("Lot 1 is open.")
        await rostrum.press("y")
        await rostrum.until("Answer: nobody is asked on lot 1.")
        for paddle in (12, 13, 14):
            await rostrum.press("f")
            await rostrum.until("A bid from the floor.")
            await rostrum.type(str(paddle))
            await rostrum.until(f"({paddle}) leads lot 1")
        await rostrum.press("u")
        await rostrum.until("Take the last bid back?")
        await rostrum.press("y")
        await rostrum.until("and B[red]ob (13) is asked whether that bid stands.")
        await rostrum.press("y")
        await rostrum.until("Does the bid stand")
        await rostrum.type("perhaps")
        await rostrum.until("Type yes or no.")
        await rostrum.press("y")
        await rostrum.until("Does the bid stand")
        await rostrum.type("no")
        await rostrum.until("Make all bids of this bidder on the lot void?")
        await rostrum.press("y")
        await rostrum.until("Answered. Lot 1", "and Zoe (12) is asked whether that bid stands.")
        await rostrum.press("y")
        await rostrum.until("Does the bid stand")
        await rostrum.type("yes")
        await rostrum.until("(open): USD 100.00 by Zoe (12), 1 bid.")

    asks = SALE.replace('corrections = "on"', 'corrections = "on"\nrevived = "ask"')
    with running_house(tmp_path / "house", catalogue=asks) as house:
        for paddle, name in ((12, "Zoe"), (13, "B[red]ob"), (14, "Cy")):
            assert house.auctioneer("paddle", "add", name, "--paddle", str(paddle)).exit_code == 0
        stand(house.data, steps)
    assert house.auctioneer("verify").exit_code == 0


def test_a_lot_goes_from_the_opening_to_the_hammer_and_back(house: HouseProcess) -> None:
    async def steps(hammer: Rostrum) -> None:
        await hammer.until("Lot 1, A [red]clock[/] (scheduled)", "auctioneer: everything", "u Undo")
        await hammer.press("o")
        await hammer.until("Lot 1 is open.", "(open): nobody has bid")
        await hammer.press("f")
        await hammer.until("A bid from the floor.")
        await hammer.type("12")
        await hammer.until("Accepted as bid 1: Zoe (12) leads lot 1", "USD 100.00")
        await hammer.press("t")
        await hammer.type("13 150")
        await hammer.until("Accepted as bid 2: Bob (13) leads lot 1", "2  Bob (13)  150.00  telephone, auctioneer")
        await hammer.press("f")
        await hammer.type("12 25000")
        await hammer.until("USD 25,000.00 is 156 times the minimum of lot 1")
        await hammer.press("n")
        await hammer.press("u")
        await hammer.until("It would take back bid 2 of Bob (13), USD 150.00.", "Take the last bid back?")
        await hammer.press("y")
        await hammer.until("Corrected.", "USD 100.00 by Zoe (12)")
        await hammer.press("w")
        await hammer.until("Called on lot 1: fair warning.")
        await hammer.press("h")
        await hammer.until("It would be sold to Zoe (12) for USD 100.00.", "Bring the hammer down?")
        await hammer.press("y")
        await hammer.until("is sold to Zoe (12) for USD 100.00.")
        await hammer.press("r")
        await hammer.type("2m")
        await hammer.until("lot 1 needs no `--for`")
        await hammer.press("r", "enter")
        await hammer.until("Open it again?")
        await hammer.press("y")
        await hammer.until("(open)")

    stand(house.data, steps)


def test_a_falling_price_is_stopped_for_a_paddle_though_it_moves_on(quick_clock: HouseProcess) -> None:
    async def steps(hammer: Rostrum) -> None:
        await hammer.press("o")
        await hammer.until("Lot 1 is open.")
        await hammer.press("f")
        await hammer.until("A bid from the floor.")
        wait_for_a_step(quick_clock)
        await hammer.type("12")
        await hammer.until("Lot 1, Tulips (open): 1 bidder bought of it.")

    stand(quick_clock.data, steps)


def test_a_key_that_does_not_fit_the_lot_says_so_before_it_asks_anything(house: HouseProcess) -> None:
    async def steps(hammer: Rostrum) -> None:
        for key, words in (
            ("f", "Floor bid: lot 1 is scheduled, and this key is for open lots."),
            ("h", "Hammer: lot 1 is scheduled, and this key is for lots that are open or paused."),
            ("r", "Reopen: lot 1 is scheduled, and this key is for lots that are over."),
            ("y", "Answer: nobody is asked on lot 1."),
        ):
            await hammer.press(key)
            await hammer.until(words)
        await hammer.press("o")
        await hammer.until("Lot 1 is open.", "(open): nobody has bid")
        await hammer.press("r")
        await hammer.until("Reopen: lot 1 is open, and this key is for lots that are over.")
        await hammer.press("z")
        await hammer.until("Lot 1 is paused", "(paused)")
        await hammer.press("c")
        await hammer.until("Commission: lot 1 is paused, and this key is for lots that are open, or")
        await hammer.press("x", "enter", "y")
        await hammer.until("is withdrawn", "(withdrawn)")
        await hammer.press("x")
        await hammer.until("Withdraw: lot 1 is withdrawn, and this key is for lots that are not over.")

    stand(house.data, steps, size=(200, 40))


def test_a_key_that_fits_a_lot_that_has_just_moved_on_is_not_lost(house: HouseProcess) -> None:
    async def steps(hammer: Rostrum) -> None:
        assert house.auctioneer("open", "1").exit_code == 0
        await hammer.press("f")  # what is drawn may still be the lot before its opening
        await hammer.until("A bid from the floor.")

    stand(house.data, steps)


def test_in_a_sale_without_corrections_nothing_is_asked_that_would_be_refused(tmp_path: Path) -> None:
    async def steps(hammer: Rostrum) -> None:
        await hammer.press("o")
        await hammer.until("Lot 1 is open.", "(open): nobody has bid")
        await hammer.press("u")
        await hammer.until("Undo: the sale was begun without corrections")
        await hammer.press("h", "y")
        await hammer.until("passed, since nobody had bid")
        await hammer.press("r")
        await hammer.until("Reopen: the sale was begun without corrections")

    with running_house(tmp_path / "house", catalogue=SALE.replace('corrections = "on"', "")) as house:
        stand(house.data, steps, size=(200, 40))


def test_the_hammer_falls_though_a_price_moves_on_and_asks_again_once_somebody_bought(
    quick_clock: HouseProcess,
) -> None:
    async def steps(hammer: Rostrum) -> None:
        await hammer.press("o")
        await hammer.until("Lot 1 is open.")
        await hammer.press("h")
        await hammer.until("It would pass, since nobody has bid.", "Bring the hammer down?")
        assert quick_clock.auctioneer("bid", "1", "120", "--paddle", "12").exit_code == 0
        await hammer.press("y")
        await hammer.until(
            "It changed while you were asked, and nothing was done.",
            "Lot 1, Tulips (open): 1 bidder bought of it.",
            "what was bought stays sold",
        )
        wait_for_a_step(quick_clock)
        await hammer.press("y")
        await hammer.until("Lot 1, Tulips, is sold to Zoe (12)")

    stand(quick_clock.data, steps)


def test_late_bids_and_limits_that_are_near_are_in_view(house: HouseProcess) -> None:
    async def steps(hammer: Rostrum) -> None:
        assert house.auctioneer("limit", "12", "110").exit_code == 0
        await hammer.press("o")
        await hammer.until("Lot 1 is open.")
        await hammer.press("f")
        await hammer.type("12")
        await hammer.until("limit near: Zoe (12) has 10.00 left of 110.00")
        await hammer.press("h", "y")
        await hammer.until("is sold to Zoe (12)")
        assert house.auctioneer("bid", "1", "120", "--paddle", "13").exit_code == 3
        await hammer.until("late: Bob (13) ", "ms late on lot 1: 120.00")
        assert house.auctioneer("bid", "2", "300", "--paddle", "13", "--source", "absentee").exit_code == 0
        assert house.auctioneer("limit", "13", "50").exit_code == 0
        assert house.auctioneer("open", "2").exit_code == 0
        await hammer.until("void: Bob (13) had left 300.00 for lot 2: it would take the bidder", "spending limit")

    stand(house.data, steps, size=(200, 40))


def test_hostile_texts_are_text(house: HouseProcess) -> None:
    name, text = (
        "<b>B[red]a</b> \u05e9\u05e2\u05d5\u05df",
        "[@click=app.quit]x[/] <script>\u05e9\u05e2\u05d5\u05df</script> ",
    )

    async def steps(hammer: Rostrum) -> None:
        assert house.auctioneer("paddle", "add", name, "--paddle", "14").exit_code == 0
        assert house.auctioneer("limit", "14", "110").exit_code == 0
        await hammer.press("o")
        await hammer.until("Lot 1 is open.")
        await hammer.press("f")
        await hammer.type("14")
        await hammer.until(f"Accepted as bid 1: {name} (14)", f"limit near: {name} (14)")
        assert house.auctioneer("tell", "14", (text * 20)[:500].strip()).exit_code == 0
        assert house.auctioneer("withdraw", "2", "--reason", text.strip(), "--yes").exit_code == 0
        await hammer.press("m")
        await hammer.type("14: [red]your parcel[/]")
        await hammer.until("Said.")

    stand(house.data, steps, size=(200, 40))


def test_passing_sells_nothing(house: HouseProcess) -> None:
    async def steps(hammer: Rostrum) -> None:
        await hammer.press("o")
        await hammer.until("Lot 1 is open.")
        await hammer.press("f")
        await hammer.type("12")
        await hammer.until("Accepted as bid 1")
        await hammer.press("p")
        await hammer.until("Pass: Lot 1 would be sold to Zoe (12) for USD 100.00.")
        await hammer.press("v", "down")
        await hammer.until("Lot 2, Chairs (scheduled)")
        await hammer.press("o")
        await hammer.until("Lot 2 is open.")
        await hammer.press("p")
        await hammer.until("Let it pass?")
        await hammer.press("y")
        await hammer.until("passed, since nobody had bid")

    stand(house.data, steps)


def test_a_clerk_who_lacks_a_right_sees_why(house: HouseProcess) -> None:
    place = house.clerk("vera", "bids")

    async def steps(vera: Rostrum) -> None:
        await vera.until("vera: bids")
        await vera.press("o")
        await vera.until("Open: ", "vera has not the right hammer", "auctioneer clerk rights vera bids,hammer")
        assert house.auctioneer("open", "1").exit_code == 0
        await vera.until("(open)")
        await vera.press("f")
        await vera.type("12")
        await vera.until("Accepted as bid 1: Zoe (12)", "floor, vera")

    stand(place, steps, size=(200, 40))


def test_what_changed_meanwhile_is_not_done(house: HouseProcess) -> None:
    async def steps(hammer: Rostrum) -> None:
        await hammer.press("o")
        await hammer.until("(open): nobody has bid")
        await hammer.press("h")
        await hammer.until("It would pass, since nobody has bid.")
        assert house.auctioneer("bid", "1", "100", "--paddle", "13").exit_code == 0
        await hammer.press("y")
        await hammer.until("It changed while you were asked, and nothing was done.", "USD 100.00 by Bob (13)")
        await hammer.until("It would be sold to Bob (13) for USD 100.00.")
        await hammer.press("n")
        await hammer.until("Lot 1, A [red]clock[/] (open)")

    stand(house.data, steps, size=(200, 40))


def test_the_house_may_die_and_come_back(house: HouseProcess) -> None:
    async def steps(hammer: Rostrum) -> None:
        house.kill_server()
        await hammer.press("m")
        await hammer.type("We continue")
        await hammer.until("Said.")
        await hammer.press("m")
        await hammer.type("12: your parcel is ready")
        await hammer.press("f")
        await hammer.type("99999999")
        await hammer.until("Floor bid: ")

    stand(house.data, steps)


def test_everything_fits_a_small_terminal(house: HouseProcess) -> None:
    async def steps(hammer: Rostrum) -> None:
        await hammer.until("w Warning", "c Commission", "u Undo", "h Hammer", "y Answer", "a Admit", "q Leave")

    stand(house.data, steps, size=(80, 24))
