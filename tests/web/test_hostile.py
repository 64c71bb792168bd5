"""The longest hostile texts that the house takes are shown as text, in full, on phone, board and console."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from common.limits import NAME_CHARS_MAX, TEXT_CHARS_MAX
from tests.web.browser import PHONE, Guest
from tests.web.consoles import Evening, an_evening, expect

MARKUP: Final = '<img src=x onerror="window.acted=1"><script>acted=1</script>[@click=app.quit]x[/]'
HEBREW: Final = "\u05e9\u05e2\u05d5\u05df \u05d9\u05e9\u05df "
"""Letters that run from right to left; the marks that turn other text around are refused by the house."""
TEXT: Final = (f"{MARKUP} {HEBREW}" + "\u05d0bcdefgh " * TEXT_CHARS_MAX)[:TEXT_CHARS_MAX].strip()
NAME: Final = f"<b>B[red]a</b> {HEBREW}".strip()
CATALOGUE: Final = f"""
[sale]
title = "Evening"
currency = "EUR"
corrections = "on"
[defaults]
duration = "1h"
increment = "10"
[[lot]]
title = '''{MARKUP} {HEBREW}'''
starting_price = "100"
reserve = "500"
house_bids = true
[[lot]]
title = "Vase"
starting_price = "100"
"""


@pytest.fixture
def evening(tmp_path: Path, chromium: Any) -> Iterator[Evening]:
    """Run a house and its gateway."""
    with an_evening(tmp_path, chromium, CATALOGUE) as evening:
        yield evening


def joined_words(locator: Any) -> str:
    """Return the text of an element without its line breaks."""
    return " ".join(locator.inner_text().split())


@pytest.mark.parametrize("mark", ["\u202e", "\x1b[2J", "\u2066", "\x07"])
def test_marks_that_steer_a_screen_are_refused(evening: Evening, mark: str) -> None:
    for arguments in (["announce", f"a{mark}b"], ["withdraw", "2", "--reason", f"a{mark}b", "--yes"]):
        refused = evening.house.auctioneer(*arguments)
        assert refused.exit_code != 0
        assert "control or direction marks" in refused.stderr


def test_the_longest_hostile_texts_are_text_everywhere(evening: Evening) -> None:
    assert len(NAME) <= NAME_CHARS_MAX
    auctioneer, origin = evening.house.auctioneer, evening.gateway.origin
    phone = Guest(evening.chromium, f"{origin}/#join", **PHONE)
    phone.join(NAME)
    board = Guest(evening.chromium, f"{origin}/board", viewport={"width": 1280, "height": 720})
    ada = evening.console()
    assert auctioneer("bid", "1", "200", "--house").exit_code == 0
    assert auctioneer("limit", "1", "110").exit_code == 0
    assert auctioneer("announce", TEXT).exit_code == 0
    assert auctioneer("tell", "1", TEXT).exit_code == 0

    phone.page.goto(f"{origin}/#lot/1")
    expect(phone.page.locator("h1.lot-title")).to_have_text(f"{MARKUP} {HEBREW}".strip())
    expect(phone.page.locator(".standing")).to_contain_text("house")
    expect(phone.page.locator("#notices .card")).to_have_count(2)
    for card in phone.page.locator("#notices .card-words span").all():
        assert joined_words(card) == TEXT
    expect(board.page.locator("#said")).to_have_text(TEXT)
    expect(ada.page.locator("#lot .leader")).to_have_text("The house bids for the seller")
    expect(ada.page.locator("#person-list")).to_contain_text(NAME)
    expect(ada.page.locator("#log-list")).to_contain_text(TEXT)

    assert auctioneer("withdraw", "2", "--reason", TEXT, "--yes").exit_code == 0
    phone.page.goto(f"{origin}/#lot/2")
    expect(phone.page.locator(".standing")).to_contain_text(TEXT)
    for guest in (phone, board, ada):
        assert guest.page.evaluate("window.acted") is None
        assert not guest.page.locator("img[src=x]").count()
        assert guest.page.evaluate("document.scrollingElement.scrollWidth <= innerWidth"), guest.page.url
        assert guest.complaints == []
    assert board.page.evaluate("document.scrollingElement.scrollHeight <= innerHeight")
    for guest in (phone, board, ada):
        guest.close()
