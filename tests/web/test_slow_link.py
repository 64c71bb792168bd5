"""The phone's page on a slow link: as it is served, before its script has come, and before its line to the house has.

It is what a guest sees first, so it is as accessible as the page is later, in every size and both lights.
"""

from typing import Any

import pytest

from tests.bidder.web.gateways import GatewayProcess
from tests.web.browser import WAIT_MS, Guest, faults_of, held_back, needs_browser

expect = needs_browser().expect
expect.set_options(timeout=WAIT_MS)
torture = pytest.mark.torture

SCREENS = [
    (320, 568, "dark"),
    pytest.param(320, 568, "light", marks=torture),
    pytest.param(820, 1180, "dark", marks=torture),
    pytest.param(820, 1180, "light", marks=torture),
    pytest.param(1920, 1080, "dark", marks=torture),
    pytest.param(1920, 1080, "light", marks=torture),
    pytest.param(3840, 2160, "dark", marks=torture),
    (3840, 2160, "light"),
]


def _assert_sound(guest: Guest) -> None:
    assert faults_of(guest.page) == []
    assert guest.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), guest.page.url


@pytest.mark.parametrize(("width", "height", "scheme"), SCREENS)
def test_the_page_before_its_script_has_no_serious_fault(
    gateway: GatewayProcess, chromium: Any, width: int, height: int, scheme: str
) -> None:
    screen: dict[str, Any] = {"viewport": {"width": width, "height": height}, "color_scheme": scheme}
    guest, _ = held_back(chromium, gateway.origin, **screen)
    expect(guest.page.locator(".price")).to_be_visible()
    _assert_sound(guest)
    guest.page.locator(".more summary").click()
    expect(guest.page.locator(".description")).to_be_visible()
    _assert_sound(guest)
    guest.page.get_by_role("link", name="Join to bid").click()
    expect(guest.page.get_by_label("Your name")).to_be_visible()
    _assert_sound(guest)
    guest.page.get_by_label("Your name").fill("x" * 41)
    guest.page.locator("#name").evaluate("(name) => { name.value = 'x'.repeat(41); }")
    guest.page.get_by_role("button", name="Join the sale").click()
    expect(guest.page.locator(".fault")).to_be_visible()
    _assert_sound(guest)
    guest.page.get_by_label("Your name").fill(f"Slow {width} {scheme}")
    guest.page.get_by_role("button", name="Join the sale").click()
    expect(guest.main).to_have_text("Connecting to the house …")
    _assert_sound(guest)
    guest.close()


@pytest.mark.parametrize(("width", "height", "scheme"), SCREENS)
def test_the_page_whose_line_is_not_there_yet_has_no_serious_fault(
    gateway: GatewayProcess, chromium: Any, width: int, height: int, scheme: str
) -> None:
    screen: dict[str, Any] = {"viewport": {"width": width, "height": height}, "color_scheme": scheme}
    guest = Guest(chromium, "about:blank", locale="en", **screen)
    guest.page.route_web_socket("**/live*", lambda _: None)  # it opens, and nothing comes
    for address, mark in (("", ".price"), ("/#join", "#name"), ("/#lots", "#tabs")):
        guest.page.goto(gateway.origin + address)
        expect(guest.page.locator("html:not(.served)")).to_be_attached()
        expect(guest.page.locator(mark)).to_be_visible()
        _assert_sound(guest)
    guest.page.goto(f"{gateway.origin}/board")
    expect(guest.page.locator("#state")).to_have_text("Connecting to the house …")
    _assert_sound(guest)
    guest.close()
