"""The full screen in a real sale."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.widgets import Button

from bidder import Client
from bidder.display.orders import FollowOrder
from common.errors import UsageError
from common.keys import new_keys
from common.screens.row_table import RowTable
from tests.bidder.tui.on_screen import Seat, attend
from tests.house_process import WAIT_S, HouseProcess, running_house

HOSTILE = "[@click=app.quit]free[/] [red]gold[/red]"
SALE = f"""
[sale]
title = "Sale of {HOSTILE}"
currency = "USD"
corrections = "on"
retractions = "on"
[defaults]
starting_price = "100"
increment = "10"
duration = "until closed"
[[lot]]
title = "{HOSTILE}"
reserve = "200"
estimate_low = "150"
estimate_high = "300"
description = "{HOSTILE}"
[[lot]]
title = "Two chairs"
buy_now = "500"
duration = "1h"
[[lot]]
title = "A letter"
format = "sealed"
[[lot]]
title = "Tulips"
format = "dutch"
starting_price = "900"
floor = "100"
decrement = "50"
every = "1h"
units = 3
duration = ""
[[lot]]
title = "Coming"
opens = "by hand"
[[lot]]
title = "After it"
opens = "by hand"
""".replace('duration = ""\n', "")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[HouseProcess]:
    with running_house(tmp_path / "house", catalogue=SALE) as house:
        yield house


def other_bids(house: HouseProcess, lot: str, amount_minor: int, name: str = "Bob") -> None:
    with Client.connect(house.link, name, new_keys(), timeout_ms=round(WAIT_S * 1000)) as client:
        client.bid(lot, amount_minor)


# --- the bid key -----------------------------------------------------------------------------------------------------


def test_a_key_bids_the_price_that_the_bar_shows_and_tells_the_verdict(house: HouseProcess, tmp_path: Path) -> None:
    async def steps(ada: Seat) -> None:
        await ada.until("Bid USD 100.00", "your bid?")
        await ada.bid()
        await ada.until("Accepted: you lead lot 1 at USD 100.00.", "you lead 1, won 0")
        await ada.until("Bid USD 110.00")
        assert ada.screen.query_one("#key-b", Button).disabled, "who leads bids no more by this key"
        await ada.press("b")
        other_bids(house, "1", 15_000)
        await ada.until(">>> OUTBID on lot 1: paddle 2 leads at USD 150.00.", "Bid USD 160.00")
        assert ada.screen._client.lot("1").board.leader == 2, "the press while leading bid nothing"
        await ada.until_gone("Accepted: you lead")

    attend(house.link, tmp_path, "Ada", steps)


def test_no_key_bids_a_price_that_has_just_moved(house: HouseProcess, tmp_path: Path) -> None:
    async def steps(ada: Seat) -> None:
        await ada.until("Bid USD 100.00")
        await ada.pilot.pause(0.5)
        other_bids(house, "1", 15_000)
        await ada.until("Bid USD 160.00")
        await ada.press("b")
        await ada.until("too soon after a change")
        assert ada.screen._client.lot("1").seq == 2, "opened, and the bid of the other"

    attend(house.link, tmp_path, "Ada", steps)


def test_a_bid_on_a_price_that_has_gone_is_refused_and_not_raised(house: HouseProcess, tmp_path: Path) -> None:
    """The price moves where the screen has not drawn it: the house then holds the bid to the price that was shown."""

    async def steps(ada: Seat) -> None:
        await ada.until("Bid USD 100.00")
        await ada.pilot.pause(0.5)
        ada.screen._draw_bar = lambda: None  # type: ignore[method-assign] # as if the line were slow
        other_bids(house, "1", 10_000)
        await ada.until_true(lambda: ada.screen._client.lot("1").board.leader == 2)
        await ada.press("b")
        await ada.until("Error [state_changed]")
        assert ada.screen._client.lot("1").board.leader == 2

    attend(house.link, tmp_path, "Ada", steps)


def test_keys_that_come_faster_than_the_screen_bid_on_no_other_lot(house: HouseProcess, tmp_path: Path) -> None:
    async def steps(ada: Seat) -> None:
        await ada.until("Bid USD 100.00")
        await ada.pilot.pause(0.5)
        for key in ("down", "b", "down", "b", "down", "b"):
            ada.screen.simulate_key(key)
        await ada.until("Stop at USD 900.00")
        await ada.pilot.pause(0.5)
        lots = ada.screen._client.lots()
        assert [lots[lot].board.leader for lot in ("1", "2")] == [None, None]
        assert lots["4"].board.units_left == 3  # type: ignore[union-attr]

    attend(house.link, tmp_path, "Ada", steps)


# --- amounts ---------------------------------------------------------------------------------------------------------


def test_amount_and_maximum_are_typed_and_a_slip_is_asked_about(house: HouseProcess, tmp_path: Path) -> None:
    async def steps(ada: Seat) -> None:
        await ada.press("a")
        await ada.until("Bid openly on lot 1")
        await ada.type("120")
        await ada.until("Accepted: you lead lot 1 at USD 120.00.")
        await ada.press("m")
        await ada.until("A secret maximum for lot 1")
        await ada.type("25000")
        await ada.until("USD 25,000.00 is 192 times the minimum of lot 1, USD 130.00.")
        await ada.press("n")
        await ada.until_gone("192 times")
        await ada.press("m")
        await ada.type("250")
        await ada.until("up to USD 250.00")
        await ada.press("a")
        await ada.type("dozens")
        await ada.until("Error [usage]")

    attend(house.link, tmp_path, "Ada", steps)


def test_amounts_above_the_bidders_own_threshold_are_asked_about(house: HouseProcess, tmp_path: Path) -> None:
    async def steps(ada: Seat) -> None:
        await ada.bid()
        await ada.until("USD 100.00 is above USD 99.99, from which you want to be asked.")
        await ada.press("y")
        await ada.until("Accepted: you lead lot 1")
        await ada.press("l")
        await ada.type("1000")
        await ada.until("You are asked about bids above USD 1,000.00.")
        await ada.press("m")
        await ada.type("1000")
        await ada.until("ready to go up to USD 1,000.00")

    attend(house.link, tmp_path, "Ada", steps, ask_above_minor=9_999)


# --- other formats ---------------------------------------------------------------------------------------------------


def test_each_format_has_its_own_action(house: HouseProcess, tmp_path: Path) -> None:
    async def steps(ada: Seat) -> None:
        await ada.order("lot 3")
        await ada.until("Seal an offer...")
        await ada.bid()
        await ada.type("150")
        await ada.until("your sealed offer of USD 150.00 for lot 3 stands", "Replace USD 150.00...")
        await ada.bid()
        await ada.type("160")
        await ada.until("Replace USD 160.00...")
        await ada.press("t")
        await ada.until("Take back your offer of USD 160.00 for lot 3?")
        await ada.press("y")
        await ada.until("Seal an offer...")
        await ada.order("lot 4")
        await ada.until("Stop at USD 900.00")
        await ada.press("a")
        await ada.until("How many of the 3 units")
        await ada.type("2")
        await ada.until("You took 2 units of lot 4 at USD 900.00 each.")
        await ada.until("1 unit left")
        await ada.bid()
        await ada.until(">>> WON: lot 4, 3 units are yours for USD 2,700.00.")
        await ada.order("lot 2")
        await ada.until("Buy now USD 500.00")
        await ada.press("n")
        await ada.until("Buy lot 2, Two chairs, now for USD 500.00?")
        await ada.press("escape")
        await ada.until_gone("That closes it")
        await ada.press("n", "y")
        await ada.until(">>> WON: lot 2 is yours at USD 500.00.", "won 2")

    attend(house.link, tmp_path, "Ada", steps)


def test_a_bid_is_left_before_the_opening_and_taken_back(house: HouseProcess, tmp_path: Path) -> None:
    async def steps(ada: Seat) -> None:
        await ada.order("lot 5")
        await ada.until("Leave a bid...")
        await ada.bid()
        await ada.type("300")
        await ada.until("your bid of up to USD 300.00 waits for lot 5 to open")
        await ada.press("t", "y")
        await ada.until("no bid of yours waits")

    attend(house.link, tmp_path, "Ada", steps)


def test_the_last_bid_is_taken_back_where_the_sale_allows_it(house: HouseProcess, tmp_path: Path) -> None:
    async def steps(ada: Seat) -> None:
        await ada.bid()
        await ada.until("Accepted: you lead lot 1")
        await ada.press("t")
        await ada.until("Take your last bid on lot 1 back?")
        await ada.press("y")
        await ada.until("your last bid is taken back", "Bid USD 100.00")

    attend(house.link, tmp_path, "Ada", steps)


def test_a_bidder_whom_a_correction_made_lead_says_by_a_key_whether_its_bid_stands(tmp_path: Path) -> None:
    sale = SALE.replace("[defaults]", 'revived = "ask"\nrevived_answer = "10m"\n[defaults]')
    with running_house(tmp_path / "house", catalogue=sale) as house:

        async def steps(ada: Seat) -> None:
            for answer, words in (("b", "Accepted: your bid stands"), ("t", "Accepted: your bids on lot 1 are void")):
                await ada.bid()
                await ada.until("Accepted: you lead lot 1")
                await asyncio.to_thread(other_bids, house, "1", 20_000, f"Bob {answer}")
                await ada.until("Bid USD 210.00")
                undone = house.auctioneer("undo", "1", "--yes")
                assert undone.exit_code == 0, undone.output
                await ada.until("you are asked", "My bid stands", "It does not", " to answer")
                if answer == "b":
                    await ada.bid()
                else:
                    await ada.press("t")
                    await ada.until("Does your bid on lot 1")
                    await ada.press("y")
                await ada.until(words)
                if answer == "b":
                    assert house.auctioneer("undo", "1", "--yes").exit_code == 0
                    await ada.until("Bid USD 100.00")

        attend(house.link, tmp_path, "Ada", steps)


# --- following -------------------------------------------------------------------------------------------------------


def test_watched_lots_are_announced_when_they_come_near(house: HouseProcess, tmp_path: Path) -> None:
    async def steps(ada: Seat) -> None:
        await ada.order("lot 6")
        await ada.press("f")
        await ada.until(">>> Lot 6, which you watch, is 2 lots away: After it", "*  6")
        await ada.press("s")
        await ada.until_gone(">>> Lot 6")
        assert house.auctioneer("open", "5").exit_code == 0
        await ada.until(">>> Lot 6, which you watch, is next: After it")
        await ada.press("s")
        await ada.press("f")
        await ada.until("You no longer watch lot 6.")

    attend(house.link, tmp_path, "Ada", steps)


def test_the_table_shows_own_lots_and_running_ones(house: HouseProcess, tmp_path: Path) -> None:
    async def steps(ada: Seat) -> None:
        table = ada.screen.query_one(RowTable)
        assert house.auctioneer("close", "1", "--yes").exit_code == 0
        await ada.press("v")
        await ada.until_true(lambda: table._keys == ["2", "3", "4", "5", "6"])
        await ada.press("v")
        await ada.until_true(lambda: table._keys == ["2"])
        await ada.press("v")
        await ada.until_true(lambda: len(table._keys) == 6)

    attend(house.link, tmp_path, "Ada", steps, follow=FollowOrder(("2",)))


def test_an_unknown_lot_to_follow_is_refused(house: HouseProcess, tmp_path: Path) -> None:
    async def steps(_: Seat) -> None:
        raise AssertionError("there is no such screen")

    with pytest.raises(UsageError, match="no lot '99'"):
        attend(house.link, tmp_path, "Ada", steps, follow=FollowOrder(("99",)))


# --- what stays, and what comes from strangers -----------------------------------------------------------------------


def test_refusals_and_words_stay_until_they_were_seen(house: HouseProcess, tmp_path: Path) -> None:
    async def steps(ada: Seat) -> None:
        await ada.order("bid 1 5")
        await ada.until("Error [below_minimum]")
        assert house.auctioneer("tell", "Ada", f"Come to the desk {HOSTILE}").exit_code == 0
        await ada.until(">>> The auctioneer says to you alone: Come to the desk [@click=app.quit]free[/]")
        assert house.auctioneer("announce", f"A pause {HOSTILE}").exit_code == 0
        await ada.until("*** The auctioneer says: A pause")
        assert "Error [below_minimum]" in ada.shown
        await ada.press("s")
        await ada.until_gone("Come to the desk")
        await ada.press("h")
        await ada.until("Come to the desk", "Error [below_minimum]")
        await ada.press("escape")

    attend(house.link, tmp_path, "Ada", steps, size=(130, 40))


def test_no_text_of_a_stranger_is_markup(house: HouseProcess, tmp_path: Path) -> None:
    async def steps(ada: Seat) -> None:
        await ada.until("[@click=app.quit]free[/]")
        assert ada.shown.count("[@click=app.quit]free") >= 3, "in the head, the table and the texts"
        await ada.press("a")
        await ada.until("Bid openly on lot 1, [@click=app.quit]free[/] [red]gold[/red].")
        await ada.press("escape")

    attend(house.link, tmp_path, "Ada", steps, size=(140, 40))


def test_all_orders_of_the_prompt_are_orders_here(house: HouseProcess, tmp_path: Path) -> None:
    async def steps(ada: Seat) -> None:
        for line, told in [
            ("bid 2 120 up-to 150", "ready to go up to USD 150.00"),
            ("mine", "you lead lot 2 at USD 120.00, up to USD 150.00: Two chairs"),
            ("help", "unseal LOT"),
            ("dance", "'dance' is not a command here."),
            ("yes", "Nothing was asked"),
            ("follow 3,9", "There is no lot '9'"),
            ("follow all", "You see the changes of all lots"),
            ("lot 9", "There is no lot '9'"),
        ]:
            await ada.order(line)
            await ada.until(told)
            if line in ("mine", "help"):
                await ada.press("escape")
        await ada.order("quit")

    attend(house.link, tmp_path, "Ada", steps, size=(120, 40))


def test_an_answer_that_is_given_twice_counts_once(house: HouseProcess, tmp_path: Path) -> None:
    async def steps(ada: Seat) -> None:
        await ada.press("colon")
        for key in ("m", "i", "n", "e", "enter", "enter"):
            ada.screen.simulate_key(key)
        await ada.until("you lead no lot and won none")
        await ada.press("escape")
        await ada.until_gone("you lead no lot")

    attend(house.link, tmp_path, "Ada", steps)


def test_the_mouse_chooses_a_lot_and_bids(house: HouseProcess, tmp_path: Path) -> None:
    async def steps(ada: Seat) -> None:
        await ada.pilot.click("#lots", offset=(10, 2))
        await ada.until("Lot 2  Two chairs")
        await ada.until_true(lambda: not ada.screen.query_one("#key-b").disabled)
        await ada.pilot.pause(0.5)
        await ada.pilot.click("#key-b")
        await ada.until("Accepted: you lead lot 2 at USD 100.00.")

    attend(house.link, tmp_path, "Ada", steps)


# --- states ----------------------------------------------------------------------------------------------------------


def test_a_paused_sale_and_a_house_that_dies_are_told_plainly(house: HouseProcess, tmp_path: Path) -> None:
    async def steps(ada: Seat) -> None:
        assert house.auctioneer("pause").exit_code == 0
        await ada.until("The sale is paused: all clocks stand still", "The lot is paused.")
        assert ada.screen.query_one("#key-b").disabled
        assert house.auctioneer("resume").exit_code == 0
        await ada.until_gone("The sale is paused")
        house.kill_server()
        await ada.until_true(lambda: any("Connecting" in line.text for line in ada.screen._notices.all))
        await ada.until("*** Connected; everything shown is up to date.", "| connected |")
        await ada.press("h")
        await ada.until("*** Connecting to the house again. Your bids stand.")
        await ada.press("escape")
        await ada.bid()
        await ada.until("Accepted: you lead lot 1 at USD 100.00.")

    attend(house.link, tmp_path, "Ada", steps)


def test_the_end_is_told_and_the_screen_waits(house: HouseProcess, tmp_path: Path) -> None:
    async def steps(ada: Seat) -> None:
        await ada.order("max 2 400")
        await ada.until("Accepted: you lead lot 2")
        assert house.auctioneer("end", "--yes").exit_code == 0
        assert house.auctioneer("finish", "--yes").exit_code == 0
        await ada.until(">>> WON: lot 2 is yours at USD 100.00.", "The sale has ended. Press q to leave")

    screen = attend(house.link, tmp_path, "Ada", steps)
    assert screen.sale.following.has_ended


# --- little is drawn -------------------------------------------------------------------------------------------------


def test_only_cells_that_changed_are_drawn(house: HouseProcess, tmp_path: Path) -> None:
    async def steps(ada: Seat) -> None:
        table = ada.screen.query_one(RowTable)
        await ada.until("1  [@click")
        changed: list[int] = []

        def update_rows() -> int:
            changed.append(RowTable.update_rows(table))
            return changed[-1]

        table.update_rows = update_rows  # type: ignore[method-assign]
        await ada.until_true(lambda: len(changed) > 4)
        assert max(changed) <= 2, "the time left of the lots with a clock"
        changed.clear()
        other_bids(house, "1", 15_000)
        await ada.until("paddle 2 leads")
        assert 3 <= max(changed) <= 5, "price, next bid, standing; perhaps the time left of another lot"

    attend(house.link, tmp_path, "Ada", steps)


def test_the_hints_are_always_in_view(house: HouseProcess, tmp_path: Path) -> None:
    async def steps(ada: Seat) -> None:
        await ada.until("q Leave")
        last = ada.shown.splitlines()[-1]
        for hint in ("b Bid", "a Amount", "m Max", "f Watch", "s Seen", ": Order", "? Help"):
            assert hint in last
        await ada.press("question_mark")
        await ada.until("Change the amount from which you are asked")
        await ada.press("end")
        await ada.until("retract LOT")
        await ada.press("escape")

    attend(house.link, tmp_path, "Ada", steps)
