"""A revived bidder is asked on its phone, the board and the console say so, and each can answer where it belongs."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.web.browser import PHONE, Guest
from tests.web.consoles import DESK, Evening, an_evening, expect

CATALOGUE: Final = """
[sale]
title = "Evening at the museum"
currency = "EUR"
corrections = "on"
retractions = "on"
revived = "ask"
revived_answer = "10m"
[defaults]
duration = "1h"
increment = "10"
[[lot]]
title = "Longcase clock"
starting_price = "100"
"""


@pytest.fixture
def evening(tmp_path: Path, chromium: Any) -> Iterator[Evening]:
    """Run a house and its gateway."""
    with an_evening(tmp_path, chromium, CATALOGUE) as evening:
        yield evening


def joined(evening: Evening, name: str) -> Guest:
    """Return the phone of a guest that has joined."""
    guest = Guest(evening.chromium, f"{evening.gateway.origin}/#join", **PHONE)
    guest.join(name)
    return guest


def test_a_bidder_is_asked_on_its_phone_and_all_see_it(evening: Evening) -> None:
    ann, ben = joined(evening, "Ann"), joined(evening, "Ben")
    board = Guest(evening.chromium, f"{evening.gateway.origin}/board", **DESK)
    ada = evening.console()
    ann.press("Bid €100")
    expect(ann.main).to_have_text("You lead")
    ben.press("Bid €110")
    expect(ben.main).to_have_text("You lead")

    ben.page.get_by_role("button", name="Take my last bid back").click()
    ben.page.locator("#sheet .main").click()
    expect(ann.strip).to_have_text("You lead again at €100. Does your bid stand?")
    expect(ann.main).to_have_text("Yes, my bid stands")
    expect(ann.page.locator(".time-box .label")).to_have_text("Time to answer")
    expect(ann.page.locator(".time-box .time")).to_contain_text("9:")
    expect(ben.strip).to_have_text("Paddle 1 is asked whether its bid stands")
    expect(ben.main).to_have_attribute("aria-disabled", "true")
    expect(board.page.locator("#asked")).to_have_text("Asked whether the bid stands")
    expect(board.page.locator("#time")).to_contain_text("9:")
    expect(ada.page.locator("#lot .leader")).to_have_text("1 (Ann) is asked whether its bid stands")
    ada.key("h")
    ada.says("waits for the answer of paddle 1")

    ann.press("Yes, my bid stands")
    expect(ann.strip).to_have_text("Accepted: your bid of €100 stands.")
    expect(ann.main).to_have_text("You lead")
    expect(board.page.locator("#asked")).to_have_text("Next bid €110")
    ben.press("Bid €110")
    expect(ben.main).to_have_text("You lead")

    ada.key("u")
    ada.agree("Then paddle 1 (Ann) leads at €100")
    ada.says("Taken back")
    expect(ann.main).to_have_text("Yes, my bid stands")
    ann.other.click()
    expect(ann.page.locator("#sheet")).to_contain_text("Does your bid on lot 1 no longer stand?")
    expect(ann.page.locator("#sheet")).to_contain_text("All your bids on this lot are then void.")
    ann.page.locator("#sheet .main").click()
    expect(ann.strip).to_have_text("Accepted: your bids on this lot are void.")
    expect(ann.main).to_have_text("Bid €100")
    for guest in (ann, ben, board, ada):
        assert guest.complaints == []
        guest.close()


def test_the_console_answers_for_a_bidder_in_the_room(evening: Evening) -> None:
    for name in ("Bea", "Carl"):
        assert evening.house.auctioneer("paddle", "add", name).exit_code == 0
    ada = evening.console()
    ada.in_view("Lot 1, open")
    for answer, words in (("stands", "goes on: the bid stands"), ("does not stand", "of paddle 1 on lot 1 are void")):
        ada.bid(1, "120" if answer == "does not stand" else "")
        ada.says("by paddle 1" if answer == "stands" else "already leads this lot")
        ada.bid(2, "130")
        ada.says("by paddle 2")
        ada.key("u")
        ada.agree("Then paddle 1 (Bea) leads")
        ada.says("Taken back")
        ada.in_view("Lot 1, paused")
        ada.key("y")
        ada.page.get_by_label("Its bid").select_option(label=answer)
        ada.agree("Does the bid of paddle 1 (Bea) stand?")
        ada.says(words)
    expect(ada.page.locator("#lot .leader")).to_have_text("No bids")
    assert ada.complaints == []
    assert evening.house.auctioneer("verify").exit_code == 0
