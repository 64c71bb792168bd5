"""The phone's page as the gateway sends it: with the lot, its price and the form to join, before any script is there.

On a slow network a page that begins empty stays so for seconds. This one is usable after one round trip: its styles
stand in it, and a guest can read, type a name and join. The script then takes the same elements over. Where the script
decides by more than everybody may know (who leads, what a guest may do), the place is kept and left empty.
"""

import base64
from collections.abc import Mapping
from hashlib import sha256
from typing import Final, NamedTuple
from urllib.parse import quote

from bidder.display.formats import USUAL, display_of
from bidder.web.assets import STATIC
from bidder.web.joining import joined_script, joined_styles
from bidder.web.markup import EMPTY, Markup, fill
from bidder.web.words import CHOSEN_WORDS, LANGUAGES, Words, read_words
from common.lot import LotStatus, LotView, SaleStatus
from common.money import Currency

STYLES: Final = ("tokens.css", "phone.css")
_OPEN: Final = (LotStatus.OPEN, LotStatus.PAUSED)
_OVER: Final = (LotStatus.SOLD, LotStatus.PASSED, LotStatus.WITHDRAWN)
_NOTHING: Final = "\u2013"
_SYMBOLS: Final = {
    "en": {"EUR": "€", "GBP": "£", "JPY": "¥", "USD": "$"},
    "de": {"EUR": "€", "GBP": "£", "JPY": "¥", "USD": "$"},
    "fr": {"EUR": "€", "GBP": "£GB", "USD": "$US"},
}
_GROUPS: Final = {"en": (",", "."), "de": (".", ","), "fr": ("\u202f", ",")}
_LONG_PRICE: Final = 9
_MINUTE_S, _HOUR_S, _DAY_S = 60, 3600, 86400
_DAYS_FROM_S: Final = 48 * _HOUR_S
_FIELD: Final = """\
<div><label class="field"><span>$label</span><input id="$id" name="$id" value="$value" aria-describedby="$id-hint" \
autocomplete="$complete" maxlength="$most"$more></label><p class="hint" id="$id-hint">$hint</p></div>"""
_JOIN: Final = """\
<div class="join"><h1 class="join-title" tabindex="-1">$title</h1><p class="lead">$lead</p>\
<form class="stack" method="post" action="/join" novalidate>$name$code<p class="fault" role="alert">$fault</p>\
<button class="button main wide" type="submit">$go</button>\
<input type="hidden" name="attempt" value="$attempt"></form></div>"""
_CONDITIONS: Final = """\
<div class="join"><h1 class="join-title" tabindex="-1">$title</h1><p class="lead">$lead</p>\
<div class="conditions" tabindex="0" role="region" aria-label="$title">$text</div>\
<form method="post" action="/join"><input type="hidden" name="name" value="$name">\
<input type="hidden" name="code" value="$code"><input type="hidden" name="attempt" value="$attempt">\
<input type="hidden" name="accepts" value="$digest"><button class="button main wide" type="submit">$go</button>\
</form></div>"""
_LOT: Final = """\
<article class="lot"><div class="lot-top"><p class="lot-number">$number</p>\
<span class="status" data-status="$status">$status_words</span></div>$picture\
<h1 class="lot-title" id="lot-title">$title</h1>\
<div class="figures-row"><div class="price-box"><p class="label">$label</p>\
<p class="price figures"$long>$price</p></div><div class="time-box"><p class="label">$time_label</p>\
<p class="time figures" role="timer" aria-live="off">$time</p></div></div>\
<div class="standing-row"><p class="standing"></p></div>$estimate<p class="details two"></p>\
<details class="more"><summary>$more</summary><p class="description">$description</p>\
<a href="/lots/$address">$history</a></details></article>"""
_PICTURE: Final = '<div class="picture"><img alt="" decoding="async" src="$source"></div>'
_ESTIMATE: Final = '<p class="details figures">$words</p>'
_TO_JOIN: Final = '<a class="button main" href="#join">$words</a>'
_WAIT: Final = '<button class="button main" type="button" aria-disabled="true">$words</button>'
_BAR: Final = '<p class="strip"></p><div class="pair">$main<span hidden></span></div>'
_EMPTY: Final = '<p class="empty">$words</p>'


class Seen(NamedTuple):
    """What everybody may know of the sale, as the first screen needs it."""

    title: str
    status: SaleStatus
    currency: Currency
    lots: Mapping[str, LotView]
    now_ms: int
    """The house's time."""


class Asked(NamedTuple):
    """What a guest typed into the form to join, and what was wrong with it."""

    attempt: str
    name: str = ""
    code: str = ""
    fault: str = ""
    """The code of the reason why it was refused; empty for none."""
    reason: str = ""
    """That reason as a sentence, for a code that there are no words for."""
    conditions: str = ""
    """What the guest has to accept first; `digest` is theirs."""
    digest: str = ""


class FirstScreen:
    """The page in all languages. Its files are read and joined once: a changed one counts from the next start."""

    def __init__(self) -> None:
        self._template = _read("phone.html")
        self._early = Markup(_read("phone/early.js"))
        self._style = Markup(joined_styles(STYLES, _read))
        self.policy = f"script-src 'self' '{_hash(self._early)}'; style-src 'self' '{_hash(self._style)}'; "
        """What a browser must allow of this page besides files: its own script and style, and no others."""
        self._words = {language: read_words(language) for language in LANGUAGES}
        scripts = {language: _script(language) for language in LANGUAGES}
        self.scripts = {_script_name(script, language): script for language, script in scripts.items()}
        """The scripts by the names under which they are served, which change with their contents."""
        self._script_of = {language: _script_name(script, language) for language, script in scripts.items()}

    def page(
        self, language: str, seen: Seen | None, asked: Asked | None, picture: str | None, *, is_join: bool = False
    ) -> str:
        """Return the page. `seen` is None before the sale is known, `asked` is None for a guest who has joined.

        `picture` is the address of the current lot's picture. `is_join` shows the form to join instead of the lot.
        """
        words = self._words[language]
        lot = None if seen is None else current_lot(seen.lots)
        heading = words("auction") if seen is None else seen.title
        main = fill(_TO_JOIN, words=words("joinToBid")) if asked else fill(_WAIT, words=words("connection.connecting"))
        return fill(
            self._template,
            language=language,
            joining=Markup(" data-joining") if is_join and asked else EMPTY,
            title=heading if lot is None else f"{words('lot', lot.lot)} · {heading}",
            script=f"/static/{self._script_of[language]}",
            early=self._early,
            style=self._style,
            sale=heading,
            now_tab=words("now"),
            lots_tab=words("lots"),
            mine_tab=words("mine"),
            join=EMPTY if asked is None else _join(words, asked),
            now=_now(words, seen, lot, picture),
            bar=EMPTY if lot is None else fill(_BAR, main=main),
        )


def current_lot(lots: Mapping[str, LotView]) -> LotView | None:
    """Return the lot that the sale is at: the open one that ends first, else the next, else the last."""
    is_open = [view for view in lots.values() if view.status in _OPEN]
    if is_open:
        return min(is_open, key=lambda view: (view.ends_at_ms is None, view.ends_at_ms or 0))
    for view in lots.values():
        if view.status is LotStatus.SCHEDULED:
            return view
    return lots[next(reversed(list(lots)))] if lots else None


def _join(words: Words, asked: Asked) -> Markup:
    if asked.conditions:
        return fill(
            _CONDITIONS,
            title=words("conditionsTitle"),
            lead=words("conditionsLead"),
            text=asked.conditions,
            name=asked.name,
            code=asked.code,
            attempt=asked.attempt,
            digest=asked.digest,
            go=words("accept"),
        )
    name = fill(
        _FIELD,
        id="name",
        label=words("name"),
        hint=words("nameHint"),
        value=asked.name,
        complete="nickname",
        most=40,
        more=Markup(" required"),
    )
    code = fill(
        _FIELD,
        id="code",
        label=words("code"),
        hint=words("codeHint"),
        value=asked.code,
        complete="off",
        most=64,
        more=Markup(' autocapitalize="none" spellcheck="false"'),
    )
    return fill(
        _JOIN,
        title=words("joinTitle"),
        lead=words("joinLead"),
        name=name,
        code=code,
        fault=words.get(f"reasons.{asked.fault}", asked.reason),
        go=words("join"),
        attempt=asked.attempt,
    )


def _now(words: Words, seen: Seen | None, view: LotView | None, picture: str | None) -> Markup:
    if seen is None:
        return EMPTY
    if view is None:
        return fill(_EMPTY, words=words("nothingMore" if seen.status is SaleStatus.ENDED else "nothingYet"))
    terms, money = view.terms, seen.currency
    label, minor = _price(view)
    price = _NOTHING if minor is None else amount(minor, money, words.language)
    time_label, time = _time(view, seen.now_ms)
    low, high = terms.estimate_low_minor, terms.estimate_high_minor
    estimate = EMPTY
    if low is not None and high is not None:
        shown = words("estimate", amount(low, money, words.language), amount(high, money, words.language))
        estimate = fill(_ESTIMATE, words=shown)
    return fill(
        _LOT,
        number=words("lot", view.lot),
        status=view.status.value,
        status_words=words(f"status.{view.status.value}"),
        picture=EMPTY if picture is None else fill(_PICTURE, source=picture),
        title=terms.title,
        label=words(label),
        price=price,
        long=Markup(" data-long") if len(price) > _LONG_PRICE else EMPTY,
        time_label=words(time_label),
        time=time,
        estimate=estimate,
        more=words("more"),
        description=terms.description,
        address=quote(view.lot, safe=""),
        history=words("history"),
    )


def _price(view: LotView) -> tuple[str, int | None]:
    """Return the name of the words beside a price, and the price; the script knows each format's own."""
    display = display_of(view)
    price_minor = display.price_minor(view.board)
    if view.status in _OVER:
        return "hammerPrice", view.paid_minor
    if display is USUAL:
        if price_minor is not None:
            return "currentBid", price_minor
        return "startingPrice", display.least_minor(view.board)
    if price_minor is None:
        return "leastOffer", display.least_minor(view.board)
    return "startingPrice" if view.status is LotStatus.SCHEDULED else "clockPrice", price_minor


def _time(view: LotView, now_ms: int) -> tuple[str, str]:
    """Return the name of the words beside the time, and the time."""
    if view.status in _OVER:
        return "over", _NOTHING
    if view.status is LotStatus.SCHEDULED:
        return "notOpen", _NOTHING
    remaining_ms = view.remaining_ms if view.ends_at_ms is None else max(0, view.ends_at_ms - now_ms)
    shown = _NOTHING if remaining_ms is None else left(remaining_ms)
    if view.status is LotStatus.PAUSED:
        return "still", shown
    return "byHand" if remaining_ms is None else "timeLeft", shown


def left(remaining_ms: int) -> str:
    """Return what is left as the page's `times.js` does: m:ss or h:mm:ss, rounded up."""
    seconds = -(-max(0, remaining_ms) // 1000)
    minutes, ss = divmod(seconds, _MINUTE_S)
    if seconds >= _DAYS_FROM_S:
        return f"{seconds // _DAY_S} d {seconds % _DAY_S // _HOUR_S} h"
    if seconds < _HOUR_S:
        return f"{minutes}:{ss:02}"
    return f"{minutes // _MINUTE_S}:{minutes % _MINUTE_S:02}:{ss:02}"


def amount(minor: int, currency: Currency, language: str) -> str:
    """Return an amount much as a browser writes it in this language; the script then writes it as this browser does."""
    group, point = _GROUPS[language]
    whole, fraction = divmod(minor, 10**currency.decimals)
    number = f"{whole:,}".replace(",", group)
    if fraction:
        number += f"{point}{fraction:0{currency.decimals}}"
    symbol = _SYMBOLS[language].get(currency.code, currency.code)
    if language != "en":
        return f"{number}\u00a0{symbol}"
    return f"{symbol}\u00a0{number}" if symbol == currency.code else f"{symbol}{number}"


def _read(name: str) -> str:
    return (STATIC / name).read_text(encoding="utf-8")


def _script(language: str) -> bytes:
    """Return the page's script in one file, with the words of one language."""

    def read(name: str) -> str:
        return _read(f"words/{language}.js" if name == CHOSEN_WORDS else name)

    return joined_script("phone/main.js", read).encode()


def _script_name(script: bytes, language: str) -> str:
    return f"phone.{language}.{sha256(script).hexdigest()[:16]}.js"


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(sha256(text.encode()).digest()).decode()}"
