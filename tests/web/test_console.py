"""The console in a real browser: a whole sale by keys, a dead house, a dead gateway, lock, hand-over, rights."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.web.browser import faults_of
from tests.web.consoles import DESK, Console, Evening, an_evening, expect

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


@pytest.fixture
def evening(tmp_path: Path, chromium: Any) -> Iterator[Evening]:
    """Run a house and its gateway."""
    with an_evening(tmp_path, chromium, CATALOGUE) as evening:
        yield evening


def test_a_whole_sale_is_run_by_keys_and_survives_a_dead_house_and_gateway(evening: Evening) -> None:
    ada = evening.console()
    assert "secret" not in ada.page.url, "a used link is not in view any more"
    for name in ("Bea", "Carl"):
        ada.key("d")
        ada.page.get_by_label("Name").fill(name)
        ada.agree("New paddle")
        ada.says(f"{name} has paddle")
    ada.open_lot(1)
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
    ada.says("already leads this lot")
    ada.bid(2, "125")
    ada.says("€125 by paddle 2 (Carl)")
    ada.key("w")
    ada.says("Fair warning")
    ada.key("h")
    ada.agree("Sold to paddle 2 (Carl) for €125")
    ada.says("is sold to Carl, paddle 2")
    ada.page.locator("#lots button").first.click()
    ada.in_view("Lot 1, sold")
    ada.key("r")
    ada.agree("Reopen lot 1")
    ada.agree("Open it again?")
    ada.says("open again")
    ada.in_view("Lot 1, open")
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
    ada.open_lot(1)
    ada.bid(1)
    person = ada.page.locator("#person-list li").first
    expect(person).to_contain_text("limit near: €10 of €110 left")
    ada.key("h")
    ada.agree("Hammer on lot 1?")
    ada.says("Lot 1")
    assert evening.house.auctioneer("bid", "1", "140", "--paddle", "2").exit_code == 3
    expect(ada.page.locator("#late li")).to_contain_text("ms late: €140")
    expect(ada.page.locator("#late li")).to_contain_text("paddle 2 (Carl) ")
    assert evening.house.auctioneer("bid", "2", "300", "--paddle", "2", "--source", "absentee").exit_code == 0
    assert evening.house.auctioneer("limit", "2", "50").exit_code == 0
    expect(ada.page.locator("#void-title")).to_be_hidden()
    assert evening.house.auctioneer("open", "2").exit_code == 0
    void = "paddle 2 (Carl) €300: it would take the bidder over its spending limit  lot 2"
    expect(ada.page.locator("#void li")).to_have_text(void)
    assert ada.complaints == []


def test_a_bid_that_comes_in_between_makes_the_hammer_ask_again(evening: Evening) -> None:
    ada = evening.console()
    guest = evening.gateway.guest("Bea")
    with guest:
        ada.open_lot(1)
        guest.until("lot_opened")
        ada.key("h")
        expect(ada.page.get_by_role("dialog")).to_contain_text("there are no bids")
        assert guest.ask(do="bid", lot="1", amount_minor=13000)["status"] == "accepted"
        ada.agree("Hammer on lot 1?")
        ada.agree("It changed, and nothing was done. Hammer on lot 1?")
        ada.says("is sold to Bea")


def test_two_consoles_agree_and_one_without_the_right_sees_why(evening: Evening) -> None:
    ada, ben = evening.console("ada"), evening.console("ben", "bids")
    ada.open_lot(1)
    expect(ben.page.locator("#lots li").first).to_contain_text("open")
    hammer = ben.page.locator(".deeds .act").nth(1)
    expect(hammer).to_be_disabled()
    ben.key("h")
    ben.says("Not done: you have no right to “Hammer”.")
    expect(ben.page.get_by_role("dialog")).to_have_count(0)
    ada.key("p")
    ben.in_view("Lot 1, paused")


def test_no_key_is_lost_without_a_word(evening: Evening) -> None:
    ada = evening.console()
    evening.house.auctioneer("paddle", "add", "Bea")
    ada.in_view("Lot 1, scheduled")
    ada.key("p")
    ada.says("Not done: “Pause” does not fit lot 1, which is not open yet.")
    ada.key("1")
    ada.says("Not done: nobody can bid on lot 1, which is not open yet.")
    ada.open_lot(1)
    ada.key("r")
    ada.says("Not done: “Reopen” does not fit lot 1, which is open.")
    ada.key("p")
    ada.in_view("Lot 1, paused")
    ada.key("1")
    ada.says("Not done: nobody can bid on lot 1, which is paused.")
    evening.house.auctioneer("end", "--yes")
    evening.house.auctioneer("finish", "--yes")
    expect(ada.page.locator("#state")).to_have_text("The sale has ended.")
    ada.key("n")
    ada.says("Not done: the sale has ended.")


def test_a_link_is_opened_again_pasted_or_broken(evening: Evening) -> None:
    link = evening.address("ada")
    ada = Console(evening.chromium, link, **DESK)
    expect(ada.page.locator("#who")).to_contain_text("ada")
    again = ada.context.new_page()
    again.goto(link)
    expect(again.locator("#who")).to_contain_text("ada")
    other = Console(evening.chromium, f"{evening.gateway.origin}/console#auctioneer://%zz", **DESK)
    expect(other.page.get_by_label("Code from another console")).to_be_visible()
    other.page.evaluate("link => { location.href = link }", link)
    expect(other.page.locator("#door")).to_contain_text("That link was used")
    other.page.evaluate("link => { location.href = link }", evening.address("ben", "bids"))
    expect(other.page.locator("#who")).to_contain_text("ben")
    assert "secret" not in other.page.url


def test_a_bid_that_can_not_be_taken_now_is_never_dropped_in_silence(evening: Evening) -> None:
    ada = evening.console()
    for name in ("Bea", "Carl"):
        evening.house.auctioneer("paddle", "add", name)
    ada.open_lot(1)
    held: list[Any] = []
    ada.page.route("**/api/console/command", _first_bid_held(held))
    ada.bid(1)
    ada.bid(2)
    ada.says("Not done: the command before this one has no answer yet.")
    expect(ada.page.get_by_label("Paddle", exact=True)).to_have_value("2")
    ada.says("Sent. The house has not answered yet.")
    held[0].continue_()
    ada.says("€100 by paddle 1")
    ada.page.get_by_label("Paddle", exact=True).press("Enter")
    ada.says("€110 by paddle 2")


def _first_bid_held(held: list[Any]) -> Callable[[Any], None]:
    """Return what keeps the first bid of a page, and lets all else through."""

    def judge(route: Any) -> None:
        if not held and "bid_for" in route.request.post_data:
            held.append(route)
        else:
            route.continue_()

    return judge


def test_a_bid_goes_to_the_lot_in_view_when_it_was_begun(evening: Evening) -> None:
    ada = evening.console()
    evening.house.auctioneer("paddle", "add", "Bea")
    ada.open_lot(1)
    ada.key("1")
    evening.house.auctioneer("close", "1", "--yes")
    evening.house.auctioneer("open", "2")
    ada.in_view("Lot 2, open")
    ada.page.get_by_label("Paddle", exact=True).press("Enter")
    ada.says("Nothing was bid: lot 2 is in view now, no longer lot 1.")


def test_a_change_leaves_the_focus_where_it_is(evening: Evening) -> None:
    ada = evening.console()
    evening.house.auctioneer("paddle", "add", "Bea")
    tell = ada.page.get_by_role("button", name="Tell paddle 1")
    tell.focus()
    evening.house.auctioneer("announce", "Coffee is ready")
    expect(ada.page.locator("#log-list")).to_contain_text("Coffee is ready")
    expect(tell).to_be_focused()


def test_the_end_of_a_sale_is_asked_again_if_a_bid_came_in_between(evening: Evening) -> None:
    ada = evening.console()
    for name in ("Bea", "Carl"):
        assert evening.house.auctioneer("paddle", "add", name).exit_code == 0
    ada.key("n")
    ada.says("Lot 1 is open")
    ada.bid(1, "120")
    ada.says("€120 by paddle 1")
    ada.page.get_by_role("button", name="End the sale").click()
    expect(ada.page.get_by_role("dialog")).to_contain_text("Sold to paddle 1 (Bea) for €120")
    assert evening.house.auctioneer("bid", "1", "130", "--paddle", "Carl", "--yes").exit_code == 0
    ada.agree("End the sale?")
    expect(ada.page.get_by_role("dialog")).to_contain_text("It changed. End the sale?")
    ada.agree("Sold to paddle 2 (Carl) for €130")
    ada.says("All lots are over")
    assert ada.complaints == []


def test_a_console_waits_for_a_house_that_is_silent(evening: Evening) -> None:
    ada = evening.console()
    gateway_says = {"code": "unreachable", "message": "The house does not answer."}
    ada.page.route("**/api/console/myself", lambda route: route.fulfill(status=503, json=gateway_says))
    with ada.page.expect_response("**/api/console/myself"):
        ada.page.reload()
    ada.page.unroute("**/api/console/myself")
    expect(ada.page.locator("#who")).to_contain_text("ada")
    expect(ada.page.locator("#lots li").nth(1)).to_be_visible()


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
    other.open_lot(1)
    ada.agree("Hand this console over")
    expect(ada.page.get_by_label("Code from another console")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_console_is_accessible(evening: Evening, scheme: str) -> None:
    ada = evening.console()
    evening.house.auctioneer("paddle", "add", "Bea")
    ada.page.emulate_media(color_scheme=scheme)
    ada.open_lot(1)
    ada.bid(1)
    ada.says("Accepted")
    for width in (390, 820, 1440):
        ada.page.set_viewport_size({"width": width, "height": 900})
        assert faults_of(ada.page) == [], width
        assert ada.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), width
