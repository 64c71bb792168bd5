"""A sale is run from the console in a real, small terminal: by keys alone, from the first lot to the results."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house_process import HouseProcess, running_house
from tests.tmux import ENDED, Tmux, needs_tmux

pytestmark = needs_tmux
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
title = "A clock"
[[lot]]
title = "Chairs"
reserve = "500"
[[lot]]
title = "A vase"
"""
COLUMNS, LINES = 80, 24


@pytest.fixture
def house(tmp_path: Path) -> Iterator[HouseProcess]:
    with running_house(tmp_path / "house", catalogue=SALE) as house:
        for paddle, name in ((12, "Zoe"), (13, "Bob")):
            assert house.auctioneer("paddle", "add", name, "--paddle", str(paddle)).exit_code == 0
        yield house


def console(house: HouseProcess) -> Tmux:
    command = [sys.executable, "-m", "auctioneer", "console", "--data", str(house.data)]
    return Tmux(command, {}, columns=COLUMNS, lines=LINES)


def bid(hammer: Tmux, what: str, told: str) -> None:
    """Take a bid from the floor."""
    hammer.press("f")
    hammer.until("A bid from the floor.")
    hammer.type(what)
    hammer.until(told)


def agree(hammer: Tmux, key: str, *asked: str) -> None:
    """Press a key that asks, and say yes once these words are shown."""
    hammer.press(key)
    hammer.until(*asked)
    hammer.press("y")


def test_a_whole_sale_is_run_by_keys(house: HouseProcess) -> None:
    with console(house) as hammer:
        shown = hammer.until("An evening (running)", "Lot 1, A clock (scheduled)", "asked 100.00", "u Undo", "q Leave")
        assert len(shown.splitlines()) == LINES
        assert all(len(line) <= COLUMNS for line in shown.splitlines())
        hammer.press("o")
        hammer.until("Lot 1 is open.", "Lot 1, A clock (open): nobody has bid.")
        bid(hammer, "12", "Accepted as bid 1: Zoe (12) leads lot 1, A clock, at USD 100.00.")
        bid(hammer, "13 150", "Accepted as bid 2: Bob (13) leads lot 1, A clock, at USD 150.00.")
        hammer.until("asked 160.00", "2  Bob (13)  150.00  floor, auctioneer")
        hammer.press("w")
        hammer.until("Called on lot 1: fair warning.")
        bid(hammer, "12", "Accepted as bid 3: Zoe (12) leads lot 1, A clock, at USD 160.00.")
        agree(hammer, "u", "It would take back bid 3 of Zoe (12), USD 160.00.", "Take the last bid back?")
        hammer.until("Corrected. Lot 1, A clock (open): USD 150.00 by Bob (13), 2 bids.", "asked 160.00")
        agree(hammer, "h", "It would be sold to Bob (13) for USD 150.00.", "Bring the hammer down?")
        hammer.until("Lot 1, A clock, is sold to Bob (13) for USD 150.00.", "| USD 150.00 |")

        hammer.press("n")
        hammer.until("Lot 2, Chairs (scheduled)")
        hammer.press("o")
        hammer.until("Lot 2 is open.", "Lot 2, Chairs (open)")
        bid(hammer, "12 400", "Accepted as bid 1: Zoe (12) leads lot 2, Chairs, at USD 400.00.")
        hammer.until("Lot 2, Chairs (open): USD 400.00 by Zoe (12)")
        agree(hammer, "p", "It would pass, since the reserve is not met.", "Let it pass?")
        hammer.until("Lot 2, Chairs, passed at USD 400.00, since the reserve was not met.")

        agree(hammer, "e", "1 lot not yet opened would be withdrawn.", "Close all lots?")
        hammer.until("All lots are over: 0 lots sold at the end", "The key `e` ends the sale, once nothing is to")
        agree(hammer, "e", "An evening: 1 lot sold for USD 150.00, 1 passed, 1 withdrawn.", "End the sale for good?")
        hammer.until("The sale has ended.", "An evening (ended)")
        hammer.press("q")
        hammer.until(f"{ENDED} 0")
        assert hammer.is_whole
    rows = json.loads(house.auctioneer("results", "--json").stdout)
    assert [(row["status"], row["winner"], row["price"], row["bids"]) for row in rows] == [
        ("sold", "Bob", "150.00", 2),
        ("passed", None, "400.00", 1),
        ("withdrawn", None, None, 0),
    ]
    assert house.auctioneer("verify").exit_code == 0


def test_ctrl_c_leaves_the_terminal_whole_and_the_sale_as_it_is(house: HouseProcess) -> None:
    with console(house) as hammer:
        hammer.until("Lot 1, A clock (scheduled)")
        assert not hammer.is_whole
        hammer.press("o")
        hammer.until("Lot 1, A clock (open)")
        hammer.press("f")
        hammer.until("A bid from the floor.")
        hammer.press("q")  # a letter in what is typed, and no order to leave
        hammer.until("  q  ")
        hammer.press("C-c")
        hammer.until(f"{ENDED} 130")
        assert hammer.is_whole
    (lot, *_) = json.loads(house.auctioneer("lots", "--json").stdout)
    assert (lot["status"], lot["bids"]) == ("open", 0)


def test_a_long_question_is_asked_whole(tmp_path: Path) -> None:
    many = SALE + "".join(f'[[lot]]\ntitle = "Spoon {number}"\nopens = "at start"\n' for number in range(25))
    with running_house(tmp_path / "house", catalogue=many) as house, console(house) as hammer:
        hammer.until("Lot 4, Spoon 0 (open)")
        hammer.press("e")
        hammer.until("An evening:", "Lot 4 would pass", "Close all lots?", "y  End sale", "n  No")
        hammer.press("End")
        hammer.until("... and 5 lots more that the hammer falls on.", "3 lots not yet opened would be withdrawn.")
        assert "Close all lots?" in hammer.shown
        hammer.press("Enter")  # no answer: it may have been meant for the screen below
        hammer.press("n")
        hammer.until_gone("Close all lots?")
        hammer.until("Lot 4, Spoon 0 (open)")
        hammer.press("q")
        hammer.until(f"{ENDED} 0")
    assert {row["status"] for row in json.loads(house.auctioneer("results", "--json").stdout)} == {"scheduled", "open"}
