"""The pages to print: whole, without anything from elsewhere, and without what a title could smuggle in."""

import re
from typing import Any

from auctioneer.cli.bill_pages import pages

BILL = {
    "paddle": 12,
    "name": "Ann <b>Lee</b>",
    "company": "Lee & Sons",
    "contact": "ann@example.org",
    "lots": [{"lot": "7", "title": '<script src="x">', "units": 1, "amount": "1250.50", "amount_minor": 125_050}],
    "leads": [],
    "currency": "GBP",
    "total": "1250.50",
    "total_minor": 125_050,
}


def page_of(**fields: Any) -> str:
    return pages("An evening", "2026-05-01 19:00 UTC", [BILL | fields])


def test_a_page_has_the_person_the_lots_and_the_total() -> None:
    page = page_of()
    for text in ("An evening", "Paddle 12", "Lee &amp; Sons, ann@example.org", "2026-05-01 19:00 UTC", "without fees"):
        assert text in page
    assert re.findall(r'<td class="number">([^<]*)</td>', page) == ["1,250.50", "1,250.50"]
    assert "Units" not in page


def test_nothing_that_people_wrote_is_markup() -> None:
    page = page_of()
    assert "Ann &lt;b&gt;Lee&lt;/b&gt;" in page
    assert "<script" not in page
    assert "default-src 'none'" in page


def test_units_have_a_column_and_who_only_pays_sees_it() -> None:
    lots = [
        {"lot": "7", "title": "Vase", "units": 0, "amount": "10.00", "amount_minor": 1000},
        {"lot": "8", "title": "Tulips", "units": 3, "amount": "90.00", "amount_minor": 9000},
    ]
    page = page_of(lots=lots, total="100.00", leads=["9", "12"])
    assert re.findall(r'<td class="number">([^<]*)</td>', page) == ["pays only", "10.00", "3", "90.00", "100.00"]
    assert '<td colspan="3">Total' in page
    assert "Still leading, and not in here: lot 9, 12." in page


def test_each_buyer_has_a_page_of_its_own() -> None:
    page = pages("An evening", "now", [BILL, BILL])
    assert page.count('<article class="bill">') == 2
    assert "break-after: page" in page
