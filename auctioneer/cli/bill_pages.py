"""The pages to print that say what buyers have to pay: one for each, longer where there are many lots.

They are one HTML file that needs nothing else: no script, no picture, no font from elsewhere. It is black on white, for
paper. Every text that people wrote is escaped.
"""

from collections.abc import Sequence
from html import escape
from typing import Final

from auctioneer.cli.output import grouped
from auctioneer.house.reports import Row
from common.names import printable

_STYLE: Final = """
@page { size: A4 portrait; margin: 18mm; }
* { box-sizing: border-box; }
html, body { margin: 0; padding: 0; background: #fff; color: #000; }
body { font: 4.4mm/1.35 Helvetica, Arial, sans-serif; }
.bill { max-width: 174mm; margin: 0 auto; break-after: page; page-break-after: always; }
.bill:last-child { break-after: auto; page-break-after: auto; }
h1 { font-size: 5mm; font-weight: 400; margin: 0 0 8mm; }
h2 { font-size: 9mm; margin: 0; overflow-wrap: anywhere; }
.reach { margin: 1mm 0 0; overflow-wrap: anywhere; }
table { width: 100%; margin: 8mm 0 4mm; border-collapse: collapse; }
th, td { padding: 1.6mm 2mm; border-bottom: 0.2mm solid #999; text-align: left; vertical-align: top; }
td.title { overflow-wrap: anywhere; }
th.number, td.number { text-align: right; white-space: nowrap; }
tr { break-inside: avoid; }
tfoot td { border-top: 0.5mm solid #000; border-bottom: 0; font-size: 6mm; font-weight: 700; }
.note { font-size: 3.6mm; margin: 0; }
.paid { margin-top: 14mm; }
@media screen { .bill { margin: 10mm auto; } }
"""


def pages(sale: str, at: str, bills: Sequence[Row]) -> str:
    """Return the pages in HTML for rows of the report `bills`; `at` is the time for which they are right."""
    body = "\n".join(_bill(sale, at, bill) for bill in bills)
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        f"<title>{_text(sale)}: bills</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _bill(sale: str, at: str, bill: Row) -> str:
    has_units = any(lot["units"] != 1 for lot in bill["lots"])
    units_head = '<th class="number">Units</th>' if has_units else ""
    rows = "".join(_row(lot, has_units=has_units) for lot in bill["lots"])
    reach = ", ".join(filter(None, (bill["company"], bill["contact"])))
    leads = f" Still leading, and not in here: lot {', '.join(bill['leads'])}." if bill["leads"] else ""
    return (
        '<article class="bill">\n'
        f"<h1>{_text(sale)}</h1>\n"
        f"<h2>Paddle {bill['paddle']}, {_text(bill['name'])}</h2>\n"
        f'<p class="reach">{_text(reach)}</p>\n'
        f'<table>\n<thead><tr><th>Lot</th><th>Title</th>{units_head}<th class="number">{_text(bill["currency"])}</th>'
        f"</tr></thead>\n<tbody>\n{rows}</tbody>\n"
        f'<tfoot><tr><td colspan="{3 if has_units else 2}">Total</td>'
        f'<td class="number">{grouped(bill["total"])}</td></tr></tfoot>\n</table>\n'
        f'<p class="note">As of {_text(at)}, without fees.{_text(leads)}</p>\n'
        '<p class="paid">Paid on ______________ by ______________ received by ______________</p>\n'
        "</article>"
    )


def _row(lot: Row, *, has_units: bool) -> str:
    units = f'<td class="number">{lot["units"] or "pays only"}</td>' if has_units else ""
    return (
        f'<tr><td>{_text(lot["lot"])}</td><td class="title">{_text(lot["title"])}</td>{units}'
        f'<td class="number">{grouped(lot["amount"])}</td></tr>\n'
    )


def _text(text: str) -> str:
    return escape(printable(text))
