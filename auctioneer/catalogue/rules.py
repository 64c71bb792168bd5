"""The rules for a lot, whether it comes from a catalogue, the command line or a program on the control endpoint.

These rules are about values. Those of the bidding are in `auctioneer.catalogue.formats`. `auctioneer.catalogue.fields`
knows how a value is written, and only the house that holds the sale knows which numbers are in use.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from auctioneer.catalogue.faults import Fault, quoted
from auctioneer.catalogue.formats.format import Wrong, has_none, range_wrongs
from auctioneer.catalogue.formats.table import format_of
from auctioneer.rules.terms import LotSpec, Opening, OpeningRule
from common.durations import format_duration
from common.limits import (
    DESCRIPTION_CHARS_MAX,
    DURATION_MS_MAX,
    INTEGER_MAX,
    LOT_CHARS_MAX,
    TEXT_CHARS_MAX,
    TITLE_CHARS_MAX,
)
from common.lot import LotTerms, SoftClose
from common.lot_numbers import is_valid_lot
from common.money import Currency
from common.names import misleading_places

DURATION_MS_MIN: Final = 100
"""The shortest time that a lot can be open."""

_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")


def lot_faults(spec: LotSpec, currency: Currency) -> list[Fault]:
    """Return all faults of a lot by itself, each with the lot and the field; an empty list if there are none."""
    lot = spec.terms.lot if is_valid_lot(spec.terms.lot) else quoted(spec.terms.lot)
    return [Fault(lot=lot, field=field, reason=reason) for field, reason in _wrongs(spec, currency)]


def text_faults(field: str, text: str, chars_max: int, *, is_required: bool = False) -> Iterator[Wrong]:
    """Yield the faults of a text on one line; each line of a description is such a text."""
    if is_required and not text.strip():
        yield field, "It is empty; a text is needed here."
    if len(text) > chars_max:
        yield field, f"It has {len(text):,} characters; at most {chars_max:,} are allowed."
    if "\n" in text:
        yield field, "It has a line break; write it on one line."
    misleading = next(misleading_places(text), None)
    if misleading is not None:
        char = text[misleading]
        name = unicodedata.name(char, "a control or unassigned character")
        yield field, f"It has the character U+{ord(char):04X} ({name}), which can mislead readers; remove it."


def _wrongs(spec: LotSpec, currency: Currency) -> Iterator[Wrong]:
    terms = spec.terms
    if not is_valid_lot(terms.lot):
        yield (
            "number",
            f"{quoted(terms.lot)} is not a lot number: at most {LOT_CHARS_MAX} letters (A to Z) and digits, with one "
            "digit or more, and '-' only between them.",
        )
    yield from text_faults("title", terms.title, TITLE_CHARS_MAX, is_required=True)
    yield from text_faults("seller", terms.seller, TITLE_CHARS_MAX)
    yield from _description(terms.description)
    yield from _image(terms.image)
    form = format_of(terms.format)
    yield from form.wrongs(spec, currency)
    yield from _estimate(terms, currency)
    yield from _clock(terms, has_own="duration" in form.lacks)
    if terms.soft_close is not None and "soft_close" in form.lacks:
        yield "soft_close", has_none(form, "soft_close", "soft close")
    yield from _opening(spec.opening)


def _description(text: str) -> Iterator[Wrong]:
    yield from text_faults("description", text.replace("\n", " "), DESCRIPTION_CHARS_MAX)


def _image(text: str) -> Iterator[Wrong]:
    yield from text_faults("image", text, TEXT_CHARS_MAX)
    scheme = _SCHEME.match(text)
    if scheme and scheme[1].lower() not in {"http", "https"}:
        yield "image", f"{quoted(text)} is neither a web address (https://...) nor a relative path."


def _estimate(terms: LotTerms, currency: Currency) -> Iterator[Wrong]:
    show, low_minor, high_minor = currency.plain, terms.estimate_low_minor, terms.estimate_high_minor
    yield from range_wrongs((("estimate_low", low_minor), ("estimate_high", high_minor)), currency)
    if (low_minor is None) != (high_minor is None):
        yield "estimate_low" if low_minor is None else "estimate_high", "It is missing; an estimate has both ends."
    if low_minor is not None and high_minor is not None and low_minor > high_minor:
        yield "estimate_low", f"{show(low_minor)} is above the high estimate {show(high_minor)}; swap them."


def _clock(terms: LotTerms, *, has_own: bool) -> Iterator[Wrong]:
    """Yield what is wrong with the duration and the soft close. A format holds a clock of its own to its own rules."""
    if terms.duration_ms is not None and not has_own:
        yield from _time("duration", terms.duration_ms, DURATION_MS_MIN)
    if terms.soft_close is not None:
        yield from _soft_close(terms.soft_close)
        if terms.duration_ms is None:
            yield (
                "soft_close",
                "A lot that is open until closed has no clock to extend; give it a duration or no soft close.",
            )


def _soft_close(soft_close: SoftClose) -> Iterator[Wrong]:
    yield from _time("soft_close.window", soft_close.window_ms, 1)
    yield from _time("soft_close.extension", soft_close.extension_ms, 1)
    cap_ms, extension_ms = soft_close.cap_ms, soft_close.extension_ms
    if cap_ms is not None:
        yield from _time("soft_close.cap", cap_ms, 1)
        if 0 < cap_ms < extension_ms:
            extension = format_duration(extension_ms)
            yield "soft_close.cap", f"{format_duration(cap_ms)} is less than one extension, {extension}; raise it."


def _time(field: str, duration_ms: int, least_ms: int) -> Iterator[Wrong]:
    if not least_ms <= duration_ms <= DURATION_MS_MAX:
        shown = format_duration(duration_ms) if duration_ms >= 0 else f"{duration_ms}ms"
        yield field, f"{shown} is out of range: {format_duration(least_ms)} to {format_duration(DURATION_MS_MAX)}."


def _opening(opening: Opening) -> Iterator[Wrong]:
    given = (opening.at_ms is not None) + (opening.delay_ms is not None)
    if given != (opening.rule is OpeningRule.AT_TIME):
        yield "opens", "Only an opening at a time has a time, and it needs exactly one: a date-time or a delay."
    if opening.at_ms is not None and not 0 <= opening.at_ms <= INTEGER_MAX:
        yield "opens", "The time is out of range; it can't be before 1970."
    if opening.delay_ms is not None:
        yield from _time("opens", opening.delay_ms, 0)
