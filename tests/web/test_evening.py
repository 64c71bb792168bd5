"""One evening in real browsers: three phones and a board, to the results, with the house killed and a gateway too.

Everything is real: the house and the gateway are processes, the pages run in Chromium, the auctioneer gives commands.
"""

import os
import signal
from pathlib import Path
from typing import Any

from tests.bidder.web.gateways import GatewayProcess, running_gateway
from tests.house_process import HouseProcess, running_house
from tests.web.browser import PHONE, SHIFTS, WAIT_MS, Guest, needs_browser

expect = needs_browser().expect
expect.set_options(timeout=WAIT_MS)

CATALOGUE = """
[sale]
title = "Harbour House evening"
currency = "USD"
[defaults]
increment = "10"
opens = "by hand"
duration = "1h"
[[lot]]
title = "Longcase clock"
starting_price = "120"
[[lot]]
title = "Sealed crate"
format = "sealed"
starting_price = "40"
[[lot]]
title = "Tulip bulbs"
format = "dutch"
starting_price = "120"
floor = "20"
decrement = "5"
every = "10m"
units = 3
"""
"""Notes what has moved without a touch, and how far, as browsers reckon it."""
SHIFT_MAX = 0.05
"""All shifts of an evening together; for one view 0.1 counts as good. The list of the next lots gets shorter."""


def _command(house: HouseProcess, *arguments: str) -> None:
    done = house.auctioneer(*arguments)
    assert done.exit_code == 0, done.stderr


def test_an_evening_with_three_phones_and_a_board(tmp_path: Path, chromium: Any) -> None:
    with (
        running_house(tmp_path, catalogue=CATALOGUE) as house,
        running_gateway(house.link, tmp_path / "gateway") as gateway,
    ):
        board = Guest(chromium, f"{gateway.origin}/board", init_script=SHIFTS, viewport={"width": 1280, "height": 720})
        phones = [Guest(chromium, f"{gateway.origin}/#join", init_script=SHIFTS, **PHONE) for _ in range(3)]
        for phone, name in zip(phones, ("Ann", "Bea", "Cem"), strict=True):
            phone.join(name)
            expect(phone.page.locator("#paddle")).to_have_text(str(phones.index(phone) + 1))
        everybody = [*phones, board]

        _english(house, gateway, phones, board)
        _sealed(house, phones, board)
        _dutch(house, phones, board)
        _command(house, "end", "--yes")
        _results(gateway, phones, board)

        hosts = {url.split("/")[2] for guest in everybody for url in guest.asked if not url.startswith("data:")}
        assert hosts == {gateway.origin.split("/")[2]}
        for guest in everybody:
            assert not guest.complaints
            guest.close()


def _english(house: HouseProcess, gateway: GatewayProcess, phones: list[Guest], board: Guest) -> None:
    """Sell the clock: bids, a dead house in the middle of one, a dead gateway, a reload, and the hammer."""
    ann, bea, cem = phones
    expect(ann.main).to_have_text("Leave a bid")
    _command(house, "open", "1")
    ann.press("Bid $120")
    expect(ann.main).to_have_text("You lead")
    expect(board.page.locator("#who")).to_have_text("Paddle 1")
    bea.press("Bid $130")
    expect(ann.page.locator("#assertive")).to_have_text("Outbid on lot 1 at $130")
    expect(ann.strip).to_have_text("Outbid on lot 1 at $130")

    os.kill(house.server_pid, signal.SIGKILL)
    cem.press("Bid $140")
    house.wait_for("listening")
    expect(cem.main).to_have_text("You lead")
    expect(board.page.locator("#price")).to_have_text("$140")

    gateway.kill()
    for guest in (*phones, board):
        expect(guest.page.locator("#state")).to_be_visible()
    gateway.start()
    ann.page.reload()
    for guest in (*phones, board):
        expect(guest.page.locator("#state")).to_be_hidden()
    expect(ann.page.locator("#paddle")).to_have_text("1")

    ann.bid_own_amount("200", is_maximum=True)
    expect(ann.strip).to_have_text("Accepted: you lead at $150.")
    bea.press("Bid $160")
    expect(bea.strip).to_contain_text("maximum is as high")
    expect(board.page.locator("#price")).to_have_text("$170")
    _command(house, "call", "1", "fair-warning")
    expect(board.page.locator("#call")).to_have_text("Fair warning")
    _command(house, "close", "1")
    expect(ann.page.locator("#assertive")).to_have_text("You won lot 1 for $170")
    expect(board.page.locator("#label")).to_have_text("Sold")
    expect(board.page.locator("#who")).to_have_text("Paddle 1")


def _sealed(house: HouseProcess, phones: list[Guest], board: Guest) -> None:
    """Sell the crate: offers that nobody else sees, one replaced, one withdrawn."""
    ann, bea, cem = phones
    _command(house, "open", "2")
    for phone in phones:
        phone.page.goto(phone.page.url.partition("#")[0] + "#lot/2")
    for phone, amount in ((ann, "50"), (bea, "55"), (cem, "99")):
        phone.seal(amount)
        expect(phone.strip).to_have_text(f"Accepted: your offer of ${amount} stands.")
    bea.seal("60")
    expect(bea.strip).to_have_text("Accepted: your offer of $60 stands.")
    cem.other.click()
    cem.page.get_by_role("button", name="Yes, take it back").click()
    expect(cem.strip).to_have_text("Accepted: you have no offer any more.")
    expect(board.page.locator("#label")).to_have_text("Sealed offers")
    shown = board.page.locator("body").inner_text() + ann.page.locator("body").inner_text()
    assert "$60" not in shown
    assert "$99" not in shown
    _command(house, "close", "2")
    expect(bea.page.locator("#assertive")).to_have_text("You won lot 2 for $60")
    expect(board.page.locator("#price")).to_have_text("$60")


def _dutch(house: HouseProcess, phones: list[Guest], board: Guest) -> None:
    """Sell the bulbs: two units to one, the last to another."""
    ann, _, cem = phones
    _command(house, "open", "3")
    for phone in phones:
        phone.page.goto(phone.page.url.partition("#")[0] + "#lot/3")
    cem.other.click()
    cem.page.locator("#sheet .chip", has_text="2").click()
    cem.press("Stop at $120")
    expect(cem.strip).to_have_text("You took 2 units for $240 in all.")
    expect(board.page.locator("#who")).to_have_text("1 of 3 units left")
    ann.press("Stop at $120")
    expect(board.page.locator("#label")).to_have_text("Sold")
    expect(board.page.locator("#who")).to_have_text("Paddle 3 (2), 1")


def _results(gateway: GatewayProcess, phones: list[Guest], board: Guest) -> None:
    """Look at what each has to pay, at the results, and at how still the pages stood."""
    for phone, total in zip(phones, ("$290", "$60", "$240"), strict=True):
        phone.page.goto(f"{gateway.origin}/#mine")
        expect(phone.page.locator(".total")).to_have_text(f"To pay in all: {total}")
        expect(phone.page.locator("#state")).to_contain_text("The sale has ended")
    expect(board.page.locator("#title")).to_have_text("The sale has ended")
    assert "lost" not in board.page.content().lower()
    for guest in (*phones, board):
        shifted = guest.page.evaluate("window.shifted")
        assert sum(value for value, *_ in shifted) < SHIFT_MAX, shifted
    results = phones[0].page
    results.goto(f"{gateway.origin}/results")
    expect(results.locator(".outcome")).to_have_text("3 of 3 lots sold for USD 590.00")
    results.get_by_role("link", name="Longcase clock").click()
    expect(results.locator(".outcome")).to_have_text("Sold to paddle 1 at USD 170.00")
