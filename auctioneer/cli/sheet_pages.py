"""The pages that the desk prints for people: the paddle's number to hold up, and how a phone joins with it.

They are one HTML file that needs nothing else: no script, no picture, no font from elsewhere. It is black on white, for
paper. Every text that people wrote is escaped.
"""

from collections.abc import Sequence
from html import escape
from typing import Final, NamedTuple

from common.errors import UsageError
from common.names import printable

NUMBER_WIDTH_MM: Final = 150
"""The width that the digits of a number fill, on a page of its own."""
NUMBER_HEIGHT_MM_MAX: Final = 95
NAME_CHARS_LARGE: Final = 24
"""A longer name is smaller, so that it takes two lines at the most."""
TITLE_CHARS_SHOWN: Final = 80
"""A longer title of the sale is cut, so that all else fits on the page."""
_DIGIT_WIDTH: Final = 0.6
"""Of a digit, beside its height."""
_QUARTER: Final = 0.46
"""The size of a page's parts where four share one sheet of paper."""

_STYLE: Final = """
@page { size: A4 portrait; margin: 12mm; }
* { box-sizing: border-box; }
html, body { margin: 0; padding: 0; background: #fff; color: #000; }
body { font-family: Helvetica, Arial, sans-serif; }
.paper { width: 186mm; height: 272mm; margin: 0 auto; break-after: page; page-break-after: always; }
.paper:last-child { break-after: auto; page-break-after: auto; }
.four { display: grid; grid-template-columns: 1fr 1fr; grid-template-rows: 1fr 1fr; gap: 4mm; }
.sheet { --part: 1; display: flex; flex-direction: column; align-items: center; justify-content: space-between;
  width: 100%; height: 100%; padding: calc(6mm * var(--part)); border: 0.3mm solid #000; overflow: hidden;
  text-align: center; }
.four .sheet { --part: 0.46; }
.sale { font-size: calc(7mm * var(--part)); }
.number { font-weight: 700; line-height: 1; white-space: nowrap; }
.name { font-size: calc(12mm * var(--part)); overflow-wrap: anywhere; }
.long { font-size: calc(8mm * var(--part)); }
.qr svg { display: block; width: calc(78mm * var(--part)); height: calc(78mm * var(--part)); }
.code { font: 700 calc(11mm * var(--part)) / 1.2 "Courier New", Courier, monospace; letter-spacing: 0.08em; }
.until { font-size: calc(5mm * var(--part)); }
.how { font-size: calc(4.4mm * var(--part)); line-height: 1.3; overflow-wrap: anywhere; }
@media screen { .paper { margin: 6mm auto; } }
"""


class Sheet(NamedTuple):
    """What one person's page shows. `link` is the join link with the code in it, and `until` a time for people."""

    paddle: int
    name: str
    link: str
    house: str
    """The join link without a code, to type or to copy."""
    code: str
    until: str


def pages(sale: str, sheets: Sequence[Sheet], per_page: int) -> str:
    """Return the pages in HTML, with one or four sheets on a page. Raises UsageError without the extra `sheets`."""
    papers = [sheets[start : start + per_page] for start in range(0, len(sheets), per_page)]
    kind = "paper four" if per_page > 1 else "paper"
    part = _QUARTER if per_page > 1 else 1.0
    body = "\n".join(
        f'<section class="{kind}">\n{"".join(_sheet(sale, sheet, part) for sheet in paper)}</section>'
        for paper in papers
    )
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        f"<title>{_text(sale)}: paddles</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _sheet(sale: str, sheet: Sheet, part: float) -> str:
    height_mm = number_height_mm(sheet.paddle) * part
    groups = f"{sheet.code[:4]} {sheet.code[4:]}"
    return (
        '<article class="sheet">\n'
        f'<div class="sale">{_text(_shortened(sale))}</div>\n'
        f'<div class="number" style="font-size: {height_mm:.1f}mm">{sheet.paddle}</div>\n'
        f'<div class="name{" long" if len(sheet.name) > NAME_CHARS_LARGE else ""}">{_text(sheet.name)}</div>\n'
        f'<div class="qr">{_qr(sheet.link)}</div>\n'
        f'<div class="code">{_text(groups)}</div>\n'
        f'<div class="until">Valid once, until {_text(sheet.until)}. Join before you hold this up.</div>\n'
        '<div class="how">With an app for this sale: scan the square.<br>\n'
        f"At a computer: bidder join --code {_text(sheet.code)} --to {_text(sheet.house)}</div>\n"
        "</article>\n"
    )


def number_height_mm(paddle: int) -> float:
    """Return how high the digits of a number can be on a page of its own, so that all fit beside each other."""
    return min(NUMBER_HEIGHT_MM_MAX, NUMBER_WIDTH_MM / (_DIGIT_WIDTH * len(str(paddle))))


def require_qr() -> None:
    """Raise UsageError if the package that draws the squares is missing."""
    _qr("auction://")


def _qr(link: str) -> str:
    """Return the square that a camera reads as the link, with the white border that cameras need."""
    try:
        import segno
    except ImportError as error:
        raise UsageError(
            "To draw the squares that a camera reads, install the extra: pip install 'auction-house[sheets]'. "
            "Nothing was done."
        ) from error
    return segno.make(link, error="m", micro=False).svg_inline(omitsize=True, border=4, svgclass=None, lineclass=None)


def _shortened(title: str) -> str:
    return title if len(title) <= TITLE_CHARS_SHOWN else f"{title[: TITLE_CHARS_SHOWN - 1]}…"


def _text(text: str) -> str:
    return escape(printable(text))
