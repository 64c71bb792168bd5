"""The pages to print: all on them is escaped, the square is the link, and every number fits."""

import re
import sys

import pytest
import segno

from auctioneer.cli.sheet_pages import (
    NUMBER_HEIGHT_MM_MAX,
    NUMBER_WIDTH_MM,
    Sheet,
    number_height_mm,
    pages,
    require_qr,
)
from common.errors import UsageError
from common.limits import NAME_CHARS_MAX, TITLE_CHARS_MAX

HOUSE = "auction://127.0.0.1:7766/plain?publish=7767"
LINK = f"{HOUSE}&code=K7QM2XFA"


def sheet(paddle: int = 7, name: str = "Ann Lee") -> Sheet:
    return Sheet(paddle, name, LINK, HOUSE, "K7QM2XFA", "2026-05-01 20:00 CEST")


def test_a_page_has_all_that_a_person_needs() -> None:
    page = pages("Spring sale", [sheet()], 1)
    said = re.sub(r"<style>.*</style>|<[^>]*>", "", page, flags=re.DOTALL)
    for text in ("Spring sale", "\n7\n", "Ann Lee", "K7QM 2XFA", "until 2026-05-01 20:00 CEST", "scan the square"):
        assert text in said, text
    assert "bidder join --code K7QM2XFA --to auction://127.0.0.1:7766/plain?publish=7767" in said


def test_the_square_is_the_link_with_the_code() -> None:
    drawn = segno.make(LINK, error="m", micro=False)
    assert drawn.svg_inline(omitsize=True, border=4, svgclass=None, lineclass=None) in pages("Sale", [sheet()], 1)


def test_every_text_is_escaped() -> None:
    evil = "<script>alert(1)</script>&\"'"
    page = pages(evil, [sheet(name=evil)], 1)
    assert "<script" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;&amp;&quot;&#x27;") == 3, "the title, twice, and the name"
    assert "\u202e" not in pages("left\u202eright", [sheet()], 1)


def test_it_needs_nothing_from_elsewhere() -> None:
    page = pages("Sale", [sheet()], 1)
    assert re.findall(r"\b(?:src|href)=|url\(|@import", page) == []
    assert "default-src 'none'" in page


@pytest.mark.parametrize(("per_page", "papers"), [(1, [1] * 5), (4, [4, 1])])
def test_one_or_four_on_a_page(per_page: int, papers: list[int]) -> None:
    page = pages("Sale", [sheet(number) for number in range(1, 6)], per_page)
    assert [part.count("<article") for part in page.split("<section")[1:]] == papers


def test_every_number_fits_in_its_line() -> None:
    heights = [number_height_mm(10**digits) for digits in range(5)]
    assert heights[0] == NUMBER_HEIGHT_MM_MAX
    assert all(0.6 * (digits + 1) * height <= NUMBER_WIDTH_MM for digits, height in enumerate(heights))
    assert heights == sorted(heights, reverse=True)
    assert heights[-1] > 45, "five digits can be read across a room"


def test_long_texts_are_smaller_or_cut() -> None:
    page = pages("T" * TITLE_CHARS_MAX, [sheet(name="N" * NAME_CHARS_MAX)], 1)
    assert '<div class="name long">' in page
    assert f'<div class="sale">{"T" * 79}…</div>' in page


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    require_qr()
    monkeypatch.setitem(sys.modules, "segno", None)
    with pytest.raises(UsageError, match=r"pip install 'auction-house\[sheets\]'"):
        require_qr()
