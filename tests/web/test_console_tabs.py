"""Two tabs of one console: each repeats what was lost, nothing is done twice, and none takes the other's place."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.web.consoles import Console, Evening, an_evening, expect

CATALOGUE: Final = """
[sale]
title = "Evening at the museum"
currency = "EUR"
[defaults]
duration = "1h"
increment = "10"
[[lot]]
title = "Longcase clock"
starting_price = "100"
"""
OLD_MS: Final = 61_000
HOLD_BIDS: Final = """
const through = window.fetch;
window.fetch = (address, request) =>
  request?.body?.includes("bid_for") ? new Promise(() => {}) : through(address, request);
"""
"""Makes each bid of a page wait for its answer until the page is closed."""


@pytest.fixture
def evening(tmp_path: Path, chromium: Any) -> Iterator[Evening]:
    """Run a house with two people in its room, and its gateway."""
    with an_evening(tmp_path, chromium, CATALOGUE) as evening:
        for name in ("Bea", "Carl"):
            assert evening.house.auctioneer("paddle", "add", name).exit_code == 0
        yield evening


def another_tab(console: Console, *, holds_bids: bool) -> Any:
    """Return another page of the same browser, once it has the lot and the paddles."""
    page = console.context.new_page()
    if holds_bids:
        page.add_init_script(HOLD_BIDS)
    page.goto(console.page.url)
    expect(page.locator("#lot .number")).to_have_text("Lot 1, open")
    expect(page.locator("#counts")).to_contain_text("2 paddles")
    return page


def bid(page: Any, paddle: int, amount: str) -> None:
    """Type a bid, and wait until the page says that it waits for the answer."""
    page.keyboard.press(str(paddle))
    page.get_by_label("Amount").fill(amount)
    page.keyboard.press("Enter")
    expect(page.locator("#answer")).to_have_text("Sent. The house has not answered yet.")


def bids(evening: Evening) -> list[tuple[int, int]]:
    """Return who bid how much, in order."""
    answer = evening.house.auctioneer("bids", "1", "--json")
    return [(one["paddle"], one["amount_minor"]) for one in json.loads(answer.stdout)["bids"]]


def test_what_two_tabs_left_without_an_answer_is_repeated_once_and_in_order(evening: Evening) -> None:
    ada = evening.console()
    one, other = another_tab(ada, holds_bids=True), another_tab(ada, holds_bids=True)
    bid(one, 1, "100")
    bid(other, 2, "150")
    one.close()
    other.close()
    assert bids(evening) == []
    ada.page.reload()
    ada.says("Done: bid for.")
    expect(ada.page.locator("#lot .leader")).to_contain_text("2 (Carl)")
    ada.page.reload()
    ada.in_view("Lot 1, open")
    ada.bid(1, "200")
    ada.says("€200 by paddle 1")
    assert bids(evening) == [(1, 10_000), (2, 15_000), (1, 20_000)]
    assert ada.complaints == []


def test_what_another_tab_waits_for_is_left_to_it(evening: Evening) -> None:
    ada = evening.console()
    one = another_tab(ada, holds_bids=True)
    bid(one, 1, "100")
    ada.page.reload()
    ada.in_view("Lot 1, open")
    ada.bid(2, "150")
    ada.says("€150 by paddle 2")
    assert bids(evening) == [(2, 15_000)]
    expect(one.locator("#answer")).to_have_text("Sent. The house has not answered yet.")


def test_what_is_too_old_to_be_repeated_is_said(evening: Evening) -> None:
    ada = evening.console()
    one = another_tab(ada, holds_bids=True)
    bid(one, 1, "100")
    one.close()
    ada.page.clock.install()
    ada.page.clock.fast_forward(OLD_MS)
    ada.page.reload()
    ada.says("was not done again: bid for. It is more than a minute old. Look whether it was done.")
    assert bids(evening) == []
