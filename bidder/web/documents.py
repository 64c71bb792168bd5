"""The pages that work without a script: a lot with its history, and the results. Both can be printed.

They say what everybody may know, in the words of the other screens. Every text of the sale is escaped (`markup`).
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

from bidder.display.formats import display_of
from bidder.display.shown import ShownLot
from bidder.display.wording import outcome_words, standing_words
from bidder.web.chart import Ends, Price, price_chart
from bidder.web.markup import EMPTY, Markup, fill, joined
from bidder.web.paper import Paper, Point
from common.lot import LotStatus, LotView, SaleStatus
from common.money import Currency
from common.the_house import paddle_words
from common.words import counted

_PAGE: Final = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>$title</title>
<link rel="icon" href="/static/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/static/tokens.css">
<link rel="stylesheet" href="/static/document.css">
</head>
<body>
<header><p class="sale">$sale</p><nav aria-label="Pages">$nav</nav></header>
<main>
$body
</main>
<footer><p>$footer</p></footer>
</body>
</html>
"""
_LINK: Final = '<a href="$to">$words</a>'
_LOT: Final = """\
<p class="number">Lot $number · $status</p>
<h1>$title</h1>
<p class="outcome">$outcome</p>
<dl>$facts</dl>
$description
$chart
<h2>History of the bidding</h2>
$history
"""
_FACT: Final = "<dt>$name</dt><dd>$value</dd>"
_DESCRIPTION: Final = '<p class="description">$text</p>'
_HISTORY: Final = """\
<table>
<thead><tr><th scope="col">Time</th><th scope="col">What happened</th>\
<th scope="col" class="amount">Price</th></tr></thead>
<tbody>
$rows</tbody>
</table>
"""
_HISTORY_ROW: Final = (
    '<tr><td><time datetime="$machine_time">$time</time></td><td>$what</td><td class="amount">$price</td></tr>\n'
)
_NO_HISTORY: Final = '<p class="hint">Nothing has happened to this lot since this gateway started.</p>'
_RESULTS: Final = """\
<h1>$heading</h1>
<p class="outcome">$summary</p>
<table>
<thead><tr><th scope="col">Lot</th><th scope="col">Title</th><th scope="col" class="amount">Price</th></tr></thead>
<tbody>
$rows</tbody>
<tfoot><tr><td colspan="2">All that is sold</td><td class="amount">$total</td></tr></tfoot>
</table>
"""
_RESULTS_ROW: Final = (
    '<tr><td>$number</td><td><a href="$to">$title</a><br><span class="what">$what</span></td>'
    '<td class="amount">$price</td></tr>\n'
)
_STATUS: Final = {
    LotStatus.SCHEDULED: "coming",
    LotStatus.OPEN: "open",
    LotStatus.PAUSED: "paused",
    LotStatus.SOLD: "sold",
    LotStatus.PASSED: "not sold",
    LotStatus.WITHDRAWN: "withdrawn",
}
_HAPPENED: Final = {
    "lot_opened": "The lot opens",
    "lot_rescheduled": "The lot opens at another time",
    "lot_paused": "Bidding is paused",
    "lot_resumed": "Bidding resumes",
    "lot_extended": "The time is extended",
    "lot_closed": "The lot closes",
    "lot_withdrawn": "The lot is withdrawn",
    "lot_corrected": "The house corrects the bids",
    "lot_asked": "The bidder who is asked has until another time",
    "lot_confirmed": "The leader stands by its bid",
    "lot_revised": "The house changes the description or the terms",
}
_DAY: Final = "%A, %d %B %Y, %H:%M %Z"
_TIME: Final = "%H:%M:%S"


def lot_page(paper: Paper, number: str) -> str:
    """Return the page of one lot. The caller must ensure that the sale has it."""
    view = paper.lots[number]
    terms, points = view.terms, paper.histories.of(number)
    body = fill(
        _LOT,
        number=number,
        status=_STATUS[view.status],
        title=terms.title,
        outcome=_standing(view, paper),
        facts=_facts(view, paper.currency),
        description=fill(_DESCRIPTION, text=terms.description) if terms.description else EMPTY,
        chart=_chart(points, paper.currency),
        history=_history(points, paper.currency),
    )
    return _page(paper, f"Lot {number}: {terms.title}", body, _link("/results", "All lots"))


def results_page(paper: Paper) -> str:
    """Return the results of all lots so far, or of the whole sale once it has ended."""
    views = list(paper.lots.values())
    sold = [view for view in views if view.status is LotStatus.SOLD]
    total_minor = sum(view.paid_minor or 0 for view in sold)
    is_over = paper.status is SaleStatus.ENDED
    body = fill(
        _RESULTS,
        heading="Results" if is_over else "Results so far",
        summary=f"{len(sold):,} of {counted(len(views), 'lot')} sold for {paper.currency.show(total_minor)}",
        rows=joined(_results_row(view, paper.currency) for view in views),
        total=paper.currency.show(total_minor),
    )
    return _page(paper, f"Results: {paper.title}", body, EMPTY)


def _page(paper: Paper, title: str, body: Markup, more: Markup) -> str:
    nav = joined(filter(None, (_link("/", "Take part"), more)))
    as_of = f"As of {_local(paper.now_ms):{_DAY}}."
    return fill(_PAGE, title=title, sale=paper.title, nav=nav, body=body, footer=as_of)


def _link(to: str, words: str) -> Markup:
    return fill(_LINK, to=to, words=words)


# --- a lot ----------------------------------------------------------------------------------------------------------


def _standing(view: LotView, paper: Paper) -> str:
    if view.status.is_final:
        words = outcome_words(view, 0, paper.currency)
    else:
        words = standing_words(ShownLot(view, view.remaining_at(paper.now_ms), None), 0, paper.currency)
    return words[:1].upper() + words[1:]


def _facts(view: LotView, currency: Currency) -> Markup:
    terms = view.terms
    facts = []
    if terms.estimate_low_minor is not None and terms.estimate_high_minor is not None:
        low, high = currency.show(terms.estimate_low_minor), currency.show(terms.estimate_high_minor)
        facts.append(("Estimate", f"{low} to {high}"))
    if terms.seller:
        facts.append(("Seller", terms.seller))
    facts += [("How it is sold", clause) for clause in display_of(view).terms_words(terms.format)]
    for name, at_ms in (("Opened", view.opens_at_ms), ("Closed", view.closed_at_ms)):
        if at_ms is not None:
            facts.append((name if view.status is not LotStatus.SCHEDULED else "Opens", f"{_local(at_ms):{_DAY}}"))
    return joined(fill(_FACT, name=name, value=value) for name, value in facts)


def _chart(points: Sequence[Point], currency: Currency) -> Markup:
    prices = [Price(point.at_ms, point.price_minor) for point in points if point.price_minor is not None]
    if not prices:
        return EMPTY
    amounts = [price.price_minor for price in prices]
    lowest, highest = currency.show(min(amounts)), currency.show(max(amounts))
    first, last = (f"{_local(price.at_ms):{_TIME}}" for price in (prices[0], prices[-1]))
    label = (
        f"The price from {first} to {last}: {currency.show(amounts[0])} at first, {currency.show(amounts[-1])} at last."
    )
    return price_chart(prices, Ends(lowest, highest, first, last), label)


def _history(points: Sequence[Point], currency: Currency) -> Markup:
    if not points:
        return Markup(_NO_HISTORY)
    return fill(_HISTORY, rows=joined(_history_row(point, currency) for point in reversed(points)))


def _history_row(point: Point, currency: Currency) -> Markup:
    moment = _local(point.at_ms)
    return fill(
        _HISTORY_ROW,
        machine_time=moment.isoformat(),
        time=f"{moment:{_TIME}}",
        what=_what(point),
        price="" if point.price_minor is None else currency.show(point.price_minor),
    )


def _what(point: Point) -> str:
    if point.event in _HAPPENED:
        return _HAPPENED[point.event]
    if point.bidder is None:
        return "The price on the clock changes"
    if point.leader is None:
        return f"Paddle {point.bidder} stops the clock"
    leads = "and leads" if point.leader == point.bidder else f"but {paddle_words(point.leader)} leads by its maximum"
    return f"{paddle_words(point.bidder).capitalize()} bids {leads}"


# --- results --------------------------------------------------------------------------------------------------------


def _results_row(view: LotView, currency: Currency) -> Markup:
    buyers = [
        f"{one.paddle} ({counted(one.units, 'unit')})" if one.units > 1 else str(one.paddle) for one in view.buyers
    ]
    to_whom = f" to paddle {', '.join(buyers)}" if buyers else ""
    return fill(
        _RESULTS_ROW,
        number=view.lot,
        to=f"/lots/{quote(view.lot, safe='')}",
        title=view.terms.title,
        what=f"{_STATUS[view.status]}{to_whom}",
        price="" if view.paid_minor is None else currency.show(view.paid_minor),
    )


def _local(at_ms: int) -> datetime:
    """Return a time of the house in the time zone of this machine, which stands where the sale is."""
    return datetime.fromtimestamp(at_ms / 1000, tz=UTC).astimezone()
