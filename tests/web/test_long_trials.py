"""Trials in a real browser that take their time: a phone without a network, and one that gets many frames."""

from pathlib import Path
from typing import Any

import pytest

from tests.bidder.web.gateways import GatewayProcess, running_gateway
from tests.house_process import HouseProcess, running_house
from tests.web.browser import PHONE, WAIT_MS, Guest, needs_browser

pytestmark = pytest.mark.torture
expect = needs_browser().expect
expect.set_options(timeout=WAIT_MS)

OFFLINE_MS = 10_000
MANY_LOTS = 500


def test_a_phone_offline_for_ten_seconds_says_so_and_its_bid_counts_at_most_once(
    house: HouseProcess, gateway: GatewayProcess, chromium: Any
) -> None:
    cut, other = (Guest(chromium, f"{gateway.origin}/#join", **PHONE) for _ in range(2))
    for guest, name in ((cut, "Cut off"), (other, "Other")):
        guest.join(name)
        guest.page.goto(f"{gateway.origin}/#lot/4")
    expect(cut.page.locator("#bar .main:not([aria-disabled])")).to_have_text("Bid $25")
    cut.context.set_offline(True)
    cut.press("Bid $25")
    expect(cut.main).to_have_text("Sent. Waiting for the house …")
    other.press("Bid $25")
    expect(other.main).to_have_text("You lead")
    cut.page.wait_for_timeout(OFFLINE_MS)
    expect(cut.page.locator("#state")).to_contain_text("No connection.")
    expect(cut.main).to_have_attribute("aria-disabled", "true")
    cut.context.set_offline(False)

    expect(cut.page.locator("#state")).to_be_hidden()
    expect(cut.strip).to_contain_text("The price moved before your bid arrived")
    cut.press("Bid $35")
    expect(cut.main).to_have_text("You lead")
    bids = house.auctioneer("bids", "4", "--json").stdout
    assert bids.count('"accepted"') == 2
    assert not cut.complaints
    assert not other.complaints
    cut.close()
    other.close()


def test_five_hundred_lots_are_found_and_watched(tmp_path: Path, chromium: Any) -> None:
    lots = "\n".join(f'[[lot]]\ntitle = "Lot of things {number}"\nstarting_price = "10"' for number in range(MANY_LOTS))
    catalogue = f'[sale]\ntitle = "Many"\ncurrency = "EUR"\n[defaults]\nopens = "by hand"\nduration = "1h"\n{lots}\n'
    with (
        running_house(tmp_path, catalogue=catalogue) as house,
        running_gateway(house.link, tmp_path / "gateway") as gateway,
    ):
        phone = Guest(chromium, f"{gateway.origin}/#lots", **PHONE)
        rows = phone.page.locator("#lots .rows li")
        expect(rows).to_have_count(MANY_LOTS)
        phone.page.get_by_role("searchbox").fill("things 303")
        expect(rows).to_have_count(1)
        phone.page.get_by_role("button", name="Watch this lot: Lot 304").click()
        phone.page.get_by_role("searchbox").fill("")
        phone.page.get_by_role("radio", name="Watched").check()
        expect(rows).to_have_count(1)
        assert house.auctioneer("move", "304", "--before", "4").exit_code == 0
        assert house.auctioneer("open", "1").exit_code == 0
        expect(phone.page.locator("#notices")).to_contain_text("Lot 304, which you watch, is three away")
        assert house.auctioneer("open", "304").exit_code == 0
        expect(phone.page.locator("#notices")).to_contain_text("Lot 304, which you watch, is open")
        assert not phone.complaints
        phone.close()
