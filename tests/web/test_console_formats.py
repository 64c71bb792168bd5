"""What the console does and says for each way of selling, and in a sale without corrections."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.web.consoles import Console, Evening, an_evening, expect

SALE: Final = """
[sale]
title = "Four ways to sell"
currency = "EUR"
corrections = "{corrections}"
[defaults]
opens = "by hand"
[[lot]]
title = "Sealed crate"
format = "sealed"
starting_price = "40"
duration = "1h"
[[lot]]
title = "Tulips"
format = "dutch"
starting_price = "120"
floor = "20"
decrement = "5"
every = "1h"
units = 4
[[lot]]
title = "Teapot"
starting_price = "40"
increment = "10"
duration = "until closed"
"""


@pytest.fixture(params=["on"])
def ada(tmp_path: Path, chromium: Any, request: pytest.FixtureRequest) -> Iterator[Console]:
    """Return a console in a sale of each format, with two paddles; the parameter says whether it has corrections."""
    with an_evening(tmp_path, chromium, SALE.format(corrections=request.param)) as evening:
        yield _with_paddles(evening)


def _with_paddles(evening: Evening) -> Console:
    for name in ("Bea", "Carl"):
        assert evening.house.auctioneer("paddle", "add", name).exit_code == 0
    return evening.console()


def _open(ada: Console, place: int) -> None:
    ada.page.locator("#lots button").nth(place).click()
    ada.open_lot(place + 1)


def test_a_sealed_lot_is_offered_for_a_paddle_and_opened_by_the_hammer(ada: Console) -> None:
    _open(ada, 0)
    expect(ada.page.get_by_role("button", name="Undo the last bid")).to_be_hidden()
    ada.bid(1, "50")
    ada.says("the sealed offer of paddle 1 (Bea), €50, counts")
    ada.key("c")
    ada.page.get_by_role("dialog").get_by_label("Paddle").fill("2")
    ada.page.get_by_role("dialog").get_by_label("Offer").fill("80")
    ada.agree("stays sealed until the hammer")
    ada.says("Noted for paddle 2 (Carl): €80")
    ada.key("h")
    ada.agree("The offers are opened now, and decide.")
    ada.says("is sold to Carl, paddle 2")


def test_a_dutch_clock_is_stopped_for_a_paddle_and_goes_on_from_a_price(ada: Console) -> None:
    _open(ada, 1)
    for never in ("Undo the last bid", "Commission bid"):
        expect(ada.page.get_by_role("button", name=never)).to_be_hidden()
    ada.bid(1, "150")
    ada.says("Sold: paddle 1 (Bea) has 1 unit for €120.")
    expect(ada.page.locator("#bid-list")).to_contain_text("stopped at up to €150")
    expect(ada.page.locator("#bid-list button")).to_be_hidden()
    ada.key("2")
    ada.page.get_by_label("Units").fill("2")
    ada.key("Enter")
    ada.says("paddle 2 (Carl) has 2 units in all for €240")
    ada.key("h")
    ada.agree("The clock ends: 3 of 4 sold.")
    ada.says("Lot 2 is sold")
    ada.page.locator("#lots button").nth(1).click()
    ada.in_view("Lot 2, sold")
    ada.key("r")
    ada.page.get_by_label("From which price").fill("60")
    ada.agree("Reopen lot 2?")
    ada.agree("Open it again?")
    ada.says("open again")
    expect(ada.page.locator("#lot .price")).to_have_text("€60")


def test_the_hammer_falls_on_a_dutch_lot_though_its_price_moves_on(tmp_path: Path, chromium: Any) -> None:
    quick = SALE.replace('every = "1h"', 'every = "1s"').replace('decrement = "5"', 'decrement = "1"')
    with an_evening(tmp_path, chromium, quick.format(corrections="on")) as evening:
        ada = _with_paddles(evening)
        _open(ada, 1)
        ada.key("h")
        price = ada.page.locator("#lot .price")
        expect(ada.page.get_by_role("dialog")).to_contain_text("Passed: nobody has taken it.")
        shown = price.inner_text()
        expect(price).not_to_have_text(shown)
        ada.agree("Passed: nobody has taken it.")
        ada.says("Lot 2 is passed.")
        assert ada.complaints == []


def test_a_lot_without_a_clock_is_open_again_until_the_hammer(ada: Console) -> None:
    _open(ada, 2)
    ada.bid(1)
    ada.says("€40 by paddle 1")
    ada.key("h")
    ada.agree("Sold to paddle 1 (Bea) for €40")
    ada.says("is sold to Bea")
    ada.page.locator("#lots button").nth(2).click()
    ada.in_view("Lot 3, sold")
    ada.key("r")
    ada.agree("Open it again?")
    ada.says("open again")
    ada.in_view("Lot 3, open")
    ada.key("p")
    ada.says("Lot 3 is paused")
    ada.in_view("Lot 3, paused")
    ada.key("p")
    ada.says("Lot 3 goes on")


@pytest.mark.parametrize("ada", ["off"], indirect=True)
def test_a_sale_without_corrections_offers_none(ada: Console) -> None:
    _open(ada, 2)
    ada.bid(1)
    ada.says("€40 by paddle 1")
    expect(ada.page.locator("#no-bid")).to_contain_text("without corrections")
    expect(ada.page.get_by_role("button", name="Undo the last bid")).to_be_hidden()
    ada.key("h")
    ada.agree("Sold to paddle 1 (Bea)")
    ada.says("is sold to Bea")
    ada.page.locator("#lots button").nth(2).click()
    expect(ada.page.get_by_role("button", name="Reopen")).to_be_hidden()
