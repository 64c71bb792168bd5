"""What a screen reader finds on a phone during bidding, and what it says by itself, by the browser's own tree.

The tree is what Chromium gives to assistive programs. When the time that is left is said is tried without a browser, in
`tests/bidder/web/scripts/time_said.test.mjs`.
"""

from typing import Any, Final

from tests.bidder.web.gateways import GatewayProcess
from tests.web.browser import PHONE, WAIT_MS, Guest, needs_browser

expect = needs_browser().expect
expect.set_options(timeout=WAIT_MS)

HEARD: Final = """
window.heard = [];
document.addEventListener("DOMContentLoaded", () => {
  for (const id of ["polite", "assertive"]) {
    const region = document.getElementById(id);
    if (!region) return;
    new MutationObserver(() => region.textContent && window.heard.push([id, region.textContent]))
      .observe(region, { childList: true, characterData: true, subtree: true });
  }
});
"""
"""Keeps what the two live regions said."""


class Ear:
    """A screen reader on a phone."""

    def __init__(self, guest: Guest) -> None:
        self._page = guest.page
        self._browser = guest.context.new_cdp_session(guest.page)

    def nodes(self) -> list[tuple[str, str, dict[str, Any]]]:
        """Return role, name and properties of all that a screen reader finds, in its order."""
        tree = self._browser.send("Accessibility.getFullAXTree")["nodes"]
        return [
            (
                node["role"]["value"],
                node.get("name", {}).get("value", ""),
                {one["name"]: one["value"].get("value") for one in node.get("properties", ())},
            )
            for node in tree
            if not node["ignored"]
        ]

    def names(self, role: str) -> list[str]:
        """Return the names of all that have a role."""
        return [name for found, name, _ in self.nodes() if found == role]

    def properties(self, role: str, name: str) -> dict[str, Any]:
        """Return the properties of the one thing of this role and name."""
        (found,) = [more for one, named, more in self.nodes() if (one, named) == (role, name)]
        return found

    def said(self, region: str) -> list[str]:
        """Return what a region has said so far."""
        heard: list[list[Any]] = self._page.evaluate("heard")
        return [words for one, words in heard if one == region]


def test_a_screen_reader_finds_the_lot_the_price_and_what_the_button_bids(
    gateway: GatewayProcess, chromium: Any
) -> None:
    ann, bea = (Guest(chromium, f"{gateway.origin}/#join", init_script=HEARD, **PHONE) for _ in range(2))
    for guest, name in ((ann, "Ann hears"), (bea, "Bea hears")):
        guest.join(name)
        guest.page.goto(f"{gateway.origin}/#lot/4")
    ear = Ear(ann)
    expect(ann.page.locator("#bar .main:not([aria-disabled])")).to_have_text("Bid $25")
    assert "Teapot" in ear.names("heading")
    assert "$25" in ear.names("StaticText")
    assert ear.properties("button", "Bid $25").get("disabled", False) is False
    assert ear.names("timer"), "the time can be asked for, and is never said by itself"
    assert {more.get("live", "off") for role, _, more in ear.nodes() if role == "timer"} == {"off"}

    ann.press("Bid $25")
    expect(ann.main).to_have_text("You lead")
    assert ear.properties("button", "You lead")["disabled"] is True
    assert "Accepted: you lead at $25." in ear.said("polite")
    bea.press("Bid $35")
    expect(ann.main).to_have_text("Bid $45")
    assert "$35" in ear.names("StaticText")
    assert ear.said("assertive") == ["Outbid on lot 4 at $35"], "once, and at once"
    expect(bea.main).to_have_text("You lead")
    assert Ear(bea).said("assertive") == []
    live = {more["live"] for _, _, more in ear.nodes() if more.get("live", "off") != "off"}
    assert live == {"polite", "assertive"}
    for guest in (ann, bea):
        assert guest.complaints == []
        guest.close()
