"""How guests come in by a real browser: codes typed by hand, and a script that comes late."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.bidder.web.gateways import GatewayProcess, running_gateway
from tests.house_process import running_house
from tests.web.browser import PHONE, WAIT_MS, Guest, held_back, needs_browser
from tests.web.conftest import CATALOGUE

expect = needs_browser().expect
expect.set_options(timeout=WAIT_MS)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    """Run the gateway of a house that asks for an invite code."""
    folder = tmp_path_factory.mktemp("invited")
    with (
        running_house(folder, "--admit", "invite", "--invite", "sesame", catalogue=CATALOGUE) as house,
        running_gateway(house.link, folder / "gateway") as running,
    ):
        yield running


@pytest.mark.parametrize(("name", "typed"), [("Ada", "sesame"), ("Bea", "SESAME"), ("Cleo", " se-same ")])
def test_an_invite_code_typed_by_hand_lets_a_guest_in(
    gateway: GatewayProcess, chromium: Any, name: str, typed: str
) -> None:
    guest = Guest(chromium, f"{gateway.origin}/", **PHONE)
    guest.page.get_by_role("button", name="Join to bid").click()
    guest.page.get_by_label("Your name").fill(name)
    guest.page.get_by_label("Code", exact=True).press_sequentially(typed)
    guest.page.get_by_role("button", name="Join the sale").click()
    guest.page.get_by_role("button", name="See the lots").click()
    expect(guest.main).to_contain_text("Bid $")
    assert not guest.complaints
    guest.close()


def _has_script(guest: Guest) -> None:
    expect(guest.page.locator("html.served")).to_have_count(0)


def _title(guest: Guest) -> Any:
    return guest.page.get_by_role("heading", name="Take part")


def test_who_taps_join_is_at_the_form_before_and_after_the_script_comes(gateway: GatewayProcess, chromium: Any) -> None:
    guest, held = held_back(chromium, gateway.origin)
    guest.page.get_by_role("link", name="Join to bid").click()
    expect(guest.page.get_by_label("Your name")).to_be_visible()
    held[0].continue_()
    _has_script(guest)
    expect(_title(guest)).to_be_focused()
    guest.page.keyboard.press("Tab")
    expect(guest.page.get_by_label("Your name")).to_be_focused()
    guest.page.go_back()
    expect(guest.page.get_by_role("button", name="Join to bid")).to_be_visible()
    guest.page.get_by_role("button", name="Join to bid").click()
    expect(_title(guest)).to_be_focused()
    assert not guest.complaints
    guest.close()


def test_a_tap_on_join_counts_while_the_script_takes_over(gateway: GatewayProcess, chromium: Any) -> None:
    guest, held = held_back(chromium, gateway.origin)
    guest.page.get_by_role("link", name="Join to bid").hover()
    guest.page.mouse.down()
    held[0].continue_()
    _has_script(guest)
    guest.page.mouse.up()
    expect(guest.page.get_by_label("Your name")).to_be_visible()
    expect(_title(guest)).to_be_focused()
    guest.close()


def test_the_focus_stays_on_join_when_the_script_takes_over(gateway: GatewayProcess, chromium: Any) -> None:
    guest, held = held_back(chromium, gateway.origin)
    guest.page.get_by_role("link", name="Join to bid").focus()
    held[0].continue_()
    expect(guest.page.get_by_role("button", name="Join to bid")).to_be_focused()
    guest.page.keyboard.press("Enter")
    expect(_title(guest)).to_be_focused()
    guest.close()
