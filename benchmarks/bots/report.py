"""The results of the bots' requests and of the sale: in a few lines for people, and as JSON."""

from collections.abc import Iterable
from typing import Any, Final

from msgspec import Struct

from benchmarks.bots.tally import MeasuredTally
from common.lot import LotView
from common.money import Currency
from common.terminal.output import say
from common.terminal.tables import Column, print_table
from rehearsal.bots.formats.table import bidding_of

PERCENTS: Final = (50, 90, 99, 99.9, 100)


class Kill(Struct, frozen=True):
    """One kill of the house: its time, the time until the house listens again, and until all bots are up to date."""

    at_s: float
    back_s: float
    resumed_s: float
    accepted_before: int


def print_tally(tally: MeasuredTally) -> None:
    """Print the counts of accepted and refused requests, the times of verdicts, and the repairs of copies."""
    codes = sorted(tally.rejected.items(), key=lambda item: -item[1])
    refused = ", ".join(f"{count} {code.value}" for code, count in codes)
    say(
        f"Requests   {len(tally.acknowledged)} accepted, {tally.refused} refused"
        + (f" ({refused})" if refused else "")
        + (f", {tally.unanswered} without a verdict" if tally.unanswered else "")
    )
    if tally.latencies.count:
        shown = ", ".join(f"{_percent(percent)} {tally.latencies.percentile_ms(percent):.1f}" for percent in PERCENTS)
        say(f"Verdicts   {shown} ms, from the bot's decision")
    say(
        f"Broadcasts {tally.repairs} gaps repaired ({tally.events_repaired} events), {tally.jumps} lots jumped, "
        f"{tally.histories_lost} histories lost"
        + (f", {tally.events_dropped} events dropped unread" if tally.events_dropped else "")
    )


def print_kills(kills: Iterable[Kill]) -> None:
    """Print a line for each kill of the house."""
    for kill in kills:
        say(
            f"Killed     at {kill.at_s:.1f} s, after {kill.accepted_before} accepted bids; back after "
            f"{kill.back_s:.1f} s, all bots up to date after {kill.resumed_s:.1f} s"
        )


def print_revenue(lots: Iterable[LotView], currency: Currency) -> None:
    """Print each lot's result, and the sum."""
    views = list(lots)
    counts = [bidding_of(view.board).bids for view in views]
    total_minor = sum(view.paid_minor or 0 for view in views)
    columns = (
        Column("Lot", is_number=True),
        Column("Title", shrinks=True),
        Column(""),
        Column(currency.code, is_number=True),
        Column("Bids", is_number=True),
    )
    rows = [
        (
            view.lot,
            view.terms.title,
            view.status.value,
            "" if view.paid_minor is None else _amount(view.paid_minor, currency),
            "" if bids is None else str(bids),
        )
        for view, bids in zip(views, counts, strict=True)
    ]
    sold, bids_in_all = sum(bool(view.results) for view in views), sum(bids or 0 for bids in counts)
    print_table(columns, [*rows, ("", "Revenue", f"{sold} sold", _amount(total_minor, currency), str(bids_in_all))])


def tally_fields(tally: MeasuredTally) -> dict[str, Any]:
    """Return a tally's fields for JSON."""
    return {
        "accepted": len(tally.acknowledged),
        "refused": {code.value: count for code, count in sorted(tally.rejected.items(), key=lambda item: -item[1])},
        "unanswered": tally.unanswered,
        "latency_ms": {_percent(percent): tally.latencies.percentile_ms(percent) for percent in PERCENTS},
        "gaps_repaired": tally.repairs,
        "events_repaired": tally.events_repaired,
        "lots_jumped": tally.jumps,
        "histories_lost": tally.histories_lost,
        "events_dropped": tally.events_dropped,
    }


def revenue_fields(lots: Iterable[LotView], currency: Currency) -> dict[str, Any]:
    """Return the revenue of each lot, for JSON."""
    views = list(lots)
    return {
        "currency": currency.code,
        "revenue_minor": sum(view.paid_minor or 0 for view in views),
        "lots": [
            {
                "lot": view.lot,
                "title": view.terms.title,
                "status": view.status.value,
                "hammer_minor": view.paid_minor,
                "winner": view.buyers[0].paddle if len(view.buyers) == 1 else None,
                "bids": bidding_of(view.board).bids,
            }
            for view in views
        ],
    }


def _percent(percent: float) -> str:
    return "max" if percent == max(PERCENTS) else f"p{percent:g}"


def _amount(amount_minor: int, currency: Currency) -> str:
    return currency.show(amount_minor).removeprefix(currency.code).strip()
