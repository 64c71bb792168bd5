"""How an evening went: a table of its lots, how long it takes, and what an organiser should know; as JSON too."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from common.durations import format_duration
from common.lot import LotStatus, LotView
from common.money import Currency
from common.terminal.output import say
from common.terminal.tables import Column, print_table
from common.words import counted
from rehearsal.bots.formats.table import start_of
from rehearsal.evening.course import Span
from rehearsal.evening.rehearsal import Held, Plan

SLOW_VERDICT_MS: Final = 2000
"""A verdict that would take longer than this in the evening's time makes the bots slower than people."""


def print_report(held: Held, plan: Plan) -> None:
    """Print how the evening went, for people."""
    _print_lots(held)
    say()
    say(f"Evening    {_length(held, plan)}")
    say(f"Rehearsal  took {_shown(held.took_ms)} at speed {plan.speed}, with {counted(plan.bidders, 'bot')}")
    refused = f", {held.tally.refused} refused" if held.tally.refused else ""
    slowest = f"; the slowest verdict came after {held.tally.slowest_s * 1000:.0f} ms"
    say(f"Offers     {len(held.tally.acknowledged)} accepted{refused}{slowest}")
    for note in notes(held, plan):
        say(f"Note       {note}")


def report_fields(held: Held, plan: Plan) -> dict[str, Any]:
    """Return how the evening went, for programs."""
    return {
        "title": held.sale.title,
        "currency": held.sale.currency.code,
        "speed": plan.speed,
        "bidders": plan.bidders,
        "seed": plan.seed,
        "took_ms": held.took_ms,
        "planned_ms": plan.planned_ms,
        "evening_ms": held.course.length_ms(held.lots),
        "accepted": len(held.tally.acknowledged),
        "refused": {code.value: count for code, count in sorted(held.tally.rejected.items(), key=lambda one: -one[1])},
        "slowest_verdict_ms": round(held.tally.slowest_s * 1000),
        "lots": [_lot_fields(held, view, offers) for view, offers in _with_offers(held)],
        "notes": list(notes(held, plan)),
    }


def notes(held: Held, plan: Plan) -> Iterator[str]:
    """Yield what an organiser should know of the catalogue, and of how true the rehearsal was."""
    for view, offers in _with_offers(held):
        if not offers:
            yield f"Lot {view.lot} got no offer{_why_none(view, held.sale.currency)}."
    untimed = [view.lot for view in held.lots if view.terms.duration_ms is None]
    if untimed:
        yield (
            f"{_named(untimed)} no clock. Here the hammer fell after {_shown(plan.untimed_ms)} or more, and "
            f"{_shown(plan.quiet_ms)} without a bid; in the evening you bring it down."
        )
    if plan.by_hand:
        yield f"{_named(sorted(plan.by_hand))} to be opened by hand: `auctioneer open LOT`."
    if plan.ends_by:
        yield f"The sale does not end by itself. End it with `auctioneer {plan.ends_by}`."
    slowest_ms = round(held.tally.slowest_s * 1000) * plan.speed
    if plan.speed > 1 and slowest_ms > SLOW_VERDICT_MS:
        yield (
            f"At speed {plan.speed} the slowest verdict took {_shown(slowest_ms)} of the evening, so the bots were "
            "slower than people. A lower --speed gives a truer picture."
        )


def _print_lots(held: Held) -> None:
    code = held.sale.currency.code
    columns = [
        Column("Lot"),
        Column("Title", shrinks=True),
        Column("Opens after", is_number=True),
        Column("Open for", is_number=True),
        Column("Extended", is_number=True, is_extra=True),
        Column("Offers", is_number=True),
        Column(f"Paid {code}", is_number=True),
        Column("Outcome", shrinks=True),
    ]
    print_table(columns, [_cells(held, view, offers) for view, offers in _with_offers(held)])


def _cells(held: Held, view: LotView, offers: int) -> list[str]:
    span, currency = held.course.span(view), held.sale.currency
    paid = "" if view.paid_minor is None else currency.show(view.paid_minor).removeprefix(currency.code).strip()
    return [view.lot, view.terms.title, *_span_cells(span), str(offers), paid, _outcome(held, view)]


def _span_cells(span: Span | None) -> list[str]:
    if span is None:
        return ["", "", ""]
    extended = f"{span.extensions} x, {_shown(span.extended_ms)}" if span.extensions else ""
    return [_shown(span.opened_after_ms), _shown(span.open_for_ms), extended]


def _outcome(held: Held, view: LotView) -> str:
    if view.status is not LotStatus.SOLD:
        return str(view.status.value)
    return "sold to " + ", ".join(held.names.get(one.paddle, f"paddle {one.paddle}") for one in view.results)


def _lot_fields(held: Held, view: LotView, offers: int) -> dict[str, Any]:
    span = held.course.span(view)
    return {
        "lot": view.lot,
        "title": view.terms.title,
        "format": type(view.terms.format).__struct_config__.tag,
        "status": view.status.value,
        "cause": None if view.close_cause is None else view.close_cause.value,
        "opened_after_ms": None if span is None else span.opened_after_ms,
        "open_for_ms": None if span is None else span.open_for_ms,
        "extensions": 0 if span is None else span.extensions,
        "extended_ms": 0 if span is None else span.extended_ms,
        "offers": offers,
        "paid_minor": view.paid_minor,
        "paid": None if view.paid_minor is None else held.sale.currency.plain(view.paid_minor),
        "buyers": [held.names.get(one.paddle, f"paddle {one.paddle}") for one in view.results],
    }


def _with_offers(held: Held) -> Iterator[tuple[LotView, int]]:
    """Yield each lot with the number of offers that the house accepted for it."""
    offers = Counter(one.lot for one in held.tally.acknowledged)
    for view in held.lots:
        yield view, offers[view.lot]


def _why_none(view: LotView, currency: Currency) -> str:
    high_minor, least_minor = view.terms.estimate_high_minor, start_of(view.terms.format).least_minor
    if high_minor is None or least_minor <= high_minor:
        return ""
    return f": {currency.show(least_minor)} is the least, above its high estimate of {currency.show(high_minor)}"


def _length(held: Held, plan: Plan) -> str:
    took_ms = held.course.length_ms(held.lots)
    spans = [span for view in held.lots if (span := held.course.span(view)) is not None]
    extended = sum(span.extensions > 0 for span in spans)
    more = f"; late bids extended {counted(extended, 'lot')}" if extended else ""
    return (
        f"takes {_shown(took_ms)} at the catalogue's own durations{more}; its clocks alone would make it "
        f"{_shown(plan.planned_ms)}"
    )


def _named(lots: list[str]) -> str:
    return f"Lot {lots[0]} has" if len(lots) == 1 else f"Lots {', '.join(lots[:-1])} and {lots[-1]} have"


def _shown(duration_ms: int) -> str:
    """Return a duration in whole seconds, or in milliseconds if it is shorter than a second."""
    return format_duration(duration_ms if duration_ms < 1000 else round(duration_ms / 1000) * 1000)
