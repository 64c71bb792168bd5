"""What a spending limit does to a bid is told in plain words on the phone, in its language."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.web.browser import PHONE, Guest
from tests.web.consoles import Evening, an_evening, expect

CATALOGUE: Final = """
[sale]
title = "Evening at the museum"
currency = "EUR"
[defaults]
duration = "1h"
increment = "10"
opens = "by hand"
[[lot]]
title = "Longcase clock"
starting_price = "100"
[[lot]]
title = "Vase"
starting_price = "100"
"""
VOID: Final = {
    "en": (
        "Lot 1: Your bid that waited for this lot does not count.",
        "It would have taken you over your spending limit. You can bid less, or ask the desk for a higher limit.",
    ),
    "de": (
        "Los 1: Ihr hinterlegtes Gebot auf dieses Los zählt nicht.",
        "Es wäre über Ihr Ausgabenlimit gegangen. Sie können weniger bieten, oder die Anmeldung um ein höheres Limit "
        "bitten.",
    ),
    "fr": (
        "Lot 1: Votre ordre d\u2019achat sur ce lot ne compte pas.",
        "Il aurait dépassé votre limite de dépenses. Vous pouvez offrir moins, ou demander une limite plus haute à "
        "l\u2019accueil.",
    ),
}
REFUSED: Final = {
    "en": "That would take you over your spending limit. Offer less, or ask the desk.",
    "de": "Das ginge über Ihr Ausgabenlimit. Bieten Sie weniger, oder fragen Sie die Anmeldung.",
    "fr": "Cela dépasserait votre limite de dépenses. Offrez moins, ou demandez à l\u2019accueil.",
}


@pytest.fixture
def evening(tmp_path: Path, chromium: Any) -> Iterator[Evening]:
    """Run a house and its gateway."""
    with an_evening(tmp_path, chromium, CATALOGUE) as evening:
        yield evening


def test_a_limit_that_makes_a_left_bid_void_or_refuses_a_maximum_says_so(evening: Evening) -> None:
    phones = {}
    for language in VOID:
        guest = Guest(evening.chromium, f"{evening.gateway.origin}/#join", **PHONE | {"locale": language})
        guest.page.locator("#name").fill(f"Ann {language}")
        guest.page.locator(".join .main").click()
        expect(guest.page.locator(".paddle-big")).to_be_visible()
        phones[language] = guest
    for language, guest in phones.items():
        guest.page.goto(f"{evening.gateway.origin}/#lot/1")
        guest.main.click()
        guest.page.locator("#amount").fill("300")
        guest.page.locator("#sheet .main").click()
        expect(guest.strip).to_contain_text("300")
        assert evening.house.auctioneer("limit", f"Ann {language}", "150").exit_code == 0
    assert evening.house.auctioneer("open", "1").exit_code == 0
    for language, guest in phones.items():
        for words in VOID[language]:
            expect(guest.page.locator("#notices")).to_contain_text(words)
        guest.other.click()
        guest.page.locator("#sheet [type=radio]").last.check()
        guest.page.locator("#amount").fill("200")
        guest.page.locator("#sheet .main").click()
        expect(guest.strip).to_contain_text(REFUSED[language])
        assert guest.complaints == []
        guest.close()
