"""On the narrowest phone no text is cut off, in any language, on any page of the gateway."""

from collections.abc import Iterator
from typing import Any, Final

import pytest

from tests.web.browser import PHONE, Guest
from tests.web.consoles import Evening, an_evening, expect

NARROW: Final = PHONE | {"viewport": {"width": 320, "height": 640}}
CATALOGUE: Final = """
[sale]
title = "Evening at the museum"
currency = "CHF"
corrections = "on"
retractions = "on"
[defaults]
duration = "1h"
increment = "10000"
estimate_low = "1250000"
estimate_high = "1800000"
[[lot]]
title = "Longcase clock, eight-day movement"
starting_price = "1250000"
reserve = "1400000"
buy_now = "2500000"
[[lot]]
title = "Sealed crate"
format = "sealed"
starting_price = "1250000"
[[lot]]
title = "Sealed letter"
format = "sealed"
starting_price = "1250000"
[[lot]]
title = "Tulip bulbs"
format = "dutch"
starting_price = "1250000"
floor = "100000"
decrement = "10000"
every = "1h"
units = 30
[[lot]]
title = "Painting"
starting_price = "1250000"
opens = "by hand"
[[lot]]
title = "Vase"
starting_price = "1250000"
opens = "by hand"
[[lot]]
title = "Chair"
starting_price = "1250000"
[[lot]]
title = "Table"
starting_price = "1250000"
"""
CUT: Final = """
() => {
  const deliberate = ".unseen, .row-title, .card-words .title, .picture, .sale-title, select, option, input";
  const cut = [];
  for (const element of document.querySelectorAll("body *")) {
    if (element.matches(deliberate) || element.closest(".unseen, svg, [hidden]") || !element.clientWidth) continue;
    const style = getComputedStyle(element);
    if (style.display === "inline" || style.visibility === "hidden") continue;
    const hasText = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    const clipsX = style.overflowX !== "visible" && style.overflowX !== "auto" && style.overflowX !== "scroll";
    const clipsY = style.overflowY !== "visible" && style.overflowY !== "auto" && style.overflowY !== "scroll";
    const isWide = element.scrollWidth > element.clientWidth + 1 && (clipsX || hasText);
    const isHigh = element.scrollHeight > element.clientHeight + 1 && clipsY;
    if (isWide || isHigh) cut.push(`${element.className || element.tagName}: ${element.textContent.slice(0, 80)}`);
  }
  const width = document.scrollingElement.scrollWidth;
  if (width > innerWidth) cut.push(`the page: ${width} px`);
  return cut;
}
"""
"""Returns the elements whose text does not fit. Titles may be cut: each stands in full on the page of its lot."""


@pytest.fixture(scope="module")
def evening(tmp_path_factory: pytest.TempPathFactory, chromium: Any) -> Iterator[Evening]:
    """Run a house and its gateway, with a lot in each state."""
    with an_evening(tmp_path_factory.mktemp("narrow"), chromium, CATALOGUE) as evening:
        auctioneer = evening.house.auctioneer
        assert auctioneer("withdraw", "7", "--reason", "Damaged on the way here", "--yes").exit_code == 0
        assert auctioneer("close", "8", "--yes").exit_code == 0
        assert auctioneer("pause", "2").exit_code == 0
        yield evening


@pytest.mark.parametrize("language", ["en", "de", "fr"])
def test_no_text_is_cut_off_at_320_pixels(evening: Evening, language: str) -> None:
    origin = evening.gateway.origin
    guest = Guest(evening.chromium, f"{origin}/#join", **NARROW | {"locale": language})
    cut: dict[str, list[str]] = {}

    def look(place: str) -> None:
        found = guest.page.evaluate(CUT)
        if found:
            cut[place] = found

    def go(place: str) -> None:
        guest.page.goto(f"{origin}/{place}")
        guest.page.wait_for_function("!document.fonts || document.fonts.status === 'loaded'")

    look("join")
    guest.page.locator("#name").fill(f"Ann {language}")
    guest.page.locator(".join .main").click()
    expect(guest.page.locator(".paddle-big")).to_be_visible()
    look("the paddle")
    guest.page.locator(".join .main").click()
    go("#lot/1")
    look("lot 1")
    guest.page.locator("#bar .main:not([data-locked])").click()
    expect(guest.main).to_have_attribute("aria-disabled", "true")
    look("leading")
    go("#lot/3")
    guest.main.click()
    guest.page.locator("#amount").fill("1300000")
    look("the sheet of an offer")
    guest.page.locator("#sheet .main").click()
    expect(guest.other).to_be_visible()
    go("#lot/5")
    guest.main.click()
    guest.page.locator("#amount").fill("1300000")
    look("the sheet of a left bid")
    guest.page.locator("#sheet .main").click()
    expect(guest.other).to_be_visible()
    for number in range(1, 9):
        go(f"#lot/{number}")
        expect(guest.page.locator(".lot-number")).to_contain_text(str(number))
        look(f"lot {number}")
    go("#lots")
    expect(guest.page.locator(".lots li").nth(7)).to_be_visible()
    look("the list")
    go("#mine")
    expect(guest.page.locator("#mine li").first).to_be_visible()
    look("mine")
    long = "Your parcel is ready at the desk. " * 14
    assert evening.house.auctioneer("tell", f"Ann {language}", long).exit_code == 0
    assert evening.house.auctioneer("announce", long).exit_code == 0
    expect(guest.page.locator("#notices .card")).to_have_count(2)
    look("two long messages")
    for _ in range(2):
        guest.page.locator("#notices .icon").first.click()
    guest.page.locator(".paddle").click()
    expect(guest.page.locator("#sheet")).to_be_visible()
    look("the settings")
    for page in ("results", "lots/1", "lots/8"):
        go(page)
        look(page)
    assert "\n".join(f"{place}: {found}" for place, found in cut.items()) == ""
    assert guest.complaints == []
    guest.close()
