"""The phone offers to take the last bid back in a sale that allows it, and in no other."""

from pathlib import Path
from typing import Any, Final

import pytest

from tests.web.browser import PHONE, Guest
from tests.web.consoles import an_evening, expect

CATALOGUE: Final = """
[sale]
title = "Evening at the museum"
currency = "EUR"
corrections = "on"
[defaults]
duration = "1h"
[[lot]]
title = "Longcase clock"
starting_price = "100"
increment = "10"
"""
WITH_RETRACTIONS: Final = CATALOGUE.replace("[sale]", '[sale]\nretractions = "on"')


@pytest.mark.parametrize(("catalogue", "is_offered"), [(CATALOGUE, False), (WITH_RETRACTIONS, True)])
def test_a_bid_can_be_taken_back_where_the_sale_allows_it(
    catalogue: str, is_offered: bool, tmp_path: Path, chromium: Any
) -> None:
    with an_evening(tmp_path, chromium, catalogue) as evening:
        guest = Guest(chromium, f"{evening.gateway.origin}/#join", **PHONE)
        guest.join("Ann")
        guest.press("Bid €100")
        expect(guest.main).to_have_text("You lead")
        take_back = guest.page.get_by_role("button", name="Take my last bid back")
        expect(take_back).to_be_visible(visible=is_offered)
        if is_offered:
            take_back.click()
            guest.page.locator("#sheet .main").click()
            expect(guest.strip).to_have_text("Accepted: your last bid is taken back.")
        assert guest.complaints == []
        guest.close()
