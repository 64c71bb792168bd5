"""The price of a lot over time, as a drawing in SVG that the server makes: no script, and it can be printed."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from bidder.web.markup import EMPTY, Markup, fill, joined

WIDTH: Final = 640
HEIGHT: Final = 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 140, 12, 14, 30
_POINT_PX: Final = 2.5
_DOTS_MAX: Final = 120
"""With more prices the dots would be one thick line, so there are none."""

_CHART: Final = """\
<svg class="chart" viewBox="0 0 $width $height" role="img" aria-label="$label">
<path class="grid" d="M$left $top H$right M$left $bottom H$right"/>
<text x="$before" y="$top" dy="4" text-anchor="end">$highest</text>
<text x="$before" y="$bottom" dy="4" text-anchor="end">$lowest</text>
<text x="$left" y="$foot">$first</text>
<text x="$right" y="$foot" text-anchor="end">$last</text>
<path class="line" d="$line"/>
$dots</svg>
"""
_DOT: Final = '<circle cx="$x" cy="$y" r="$r"/>\n'


class Price(NamedTuple):
    """A price, and when it began to hold."""

    at_ms: int
    price_minor: int


class Ends(NamedTuple):
    """The words at the ends of both axes."""

    lowest: str
    highest: str
    first: str
    last: str


def price_chart(prices: Sequence[Price], ends: Ends, label: str) -> Markup:
    """Return the drawing of prices in order, each of which holds until the next; empty for fewer than two.

    `label` says in words what is drawn, for those who can't see it.
    """
    if len(prices) < 2:
        return EMPTY
    places = [_place(price, prices) for price in prices]
    x, y = places[0]
    line = f"M{x:g} {y:g}" + "".join(f"H{x:g}V{y:g}" for x, y in places[1:])
    dots = joined(fill(_DOT, x=f"{x:g}", y=f"{y:g}", r=_POINT_PX) for x, y in places)
    return fill(
        _CHART,
        width=WIDTH,
        height=HEIGHT,
        label=label,
        left=_LEFT,
        right=WIDTH - _RIGHT,
        top=_TOP,
        bottom=HEIGHT - _BOTTOM,
        before=_LEFT - 8,
        foot=HEIGHT - 8,
        **ends._asdict(),
        line=line,
        dots=dots if len(prices) <= _DOTS_MAX else EMPTY,
    )


def _place(price: Price, prices: Sequence[Price]) -> tuple[float, float]:
    """Return where a price is drawn: time from left to right, the highest price at the top."""
    first_ms, last_ms = prices[0].at_ms, prices[-1].at_ms
    lowest = min(one.price_minor for one in prices)
    highest = max(one.price_minor for one in prices)
    across = (price.at_ms - first_ms) / (last_ms - first_ms) if last_ms > first_ms else 0.0
    up = (price.price_minor - lowest) / (highest - lowest) if highest > lowest else 0.5
    x = _LEFT + across * (WIDTH - _LEFT - _RIGHT)
    y = HEIGHT - _BOTTOM - up * (HEIGHT - _TOP - _BOTTOM)
    return round(x, 1), round(y, 1)
