"""The rules alone, without IO: the bids (offers, in other formats) that one thread decides in a second.

Each format is measured in a sale of few lots and in one of many.
Each loop over the same offers is run in turn, in several rounds, so that slow moments of the machine affect all loops
alike. The engine is compared with the format's function alone, and with the least cost of any record of a bid.
"""

import statistics
from collections import Counter, defaultdict
from pathlib import Path
from random import Random
from typing import Final

import click

from benchmarks.inside.formats.sealed import close_ms
from benchmarks.inside.formats.table import FORMATS
from benchmarks.inside.rules import Work
from benchmarks.inside.sale import collecting_rarely
from benchmarks.report.findings import results_option, show_and_keep, spread
from benchmarks.report.results import Finding, Row, Target

BIDS: Final = 100_000
QUICK_BIDS: Final = 5_000
LOTS: Final = (100, 4_000)
"""The sizes of the sales. What is known of 4,000 lots no longer fits into the processor's nearest memory."""
CLOSE_OFFERS: Final = 10_000
CLOSE_MS_MAX: Final = 100


@click.command(short_help="Measure the rules alone, without IO.")
@click.option("--bids", type=click.IntRange(min=1_000), help=f"Bids in each repetition.  [default: {BIDS:,}]")
@click.option("--repeats", default=7, show_default=True, type=click.IntRange(min=1), help="How often each is measured.")
@click.option("--seed", default=1, show_default=True, help="Seed of the bids.")
@click.option("--quick", is_flag=True, help=f"Measure for about a second: {QUICK_BIDS:,} bids.")
@results_option
def engine(bids: int | None, repeats: int, seed: int, quick: bool, results_folder: Path) -> None:  # noqa: FBT001 -- click passes by name
    """Measure the bids that the rules decide in a second, on one thread, without sockets, disk and messages."""
    show_and_keep(measure(bids or (QUICK_BIDS if quick else BIDS), repeats, seed), results_folder)


def measure(bids: int, repeats: int, seed: int) -> Finding:
    """Measure every format."""
    rows: list[Row] = []
    targets: list[Target] = []
    notes: list[str] = []
    for name, one in FORMATS.items():
        for lots in LOTS:
            works = one.works(Random(seed), lots, bids)
            rates: defaultdict[str, list[float]] = defaultdict(list)
            with collecting_rarely():
                for _ in range(repeats):
                    for loop in one.loops:
                        rates[loop.what].append(bids / sum(map(loop.run, works)))
            rows.extend(_rows(name, lots, rates))
            found_per_s = statistics.median(rates[one.loops[0].what])
            targets.append(
                Target(
                    f"{name}, {lots:,} lots: at least {one.wanted_per_s:,} bids/s",
                    f"{found_per_s:,.0f}/s",
                    reached=found_per_s >= one.wanted_per_s,
                )
            )
            notes.append(f"{name}, {lots:,} lots: of {bids:,} bids {outcomes(works)}")
    took_ms = min(close_ms(Random(seed), CLOSE_OFFERS) for _ in range(repeats))
    targets.append(
        Target(
            f"a sealed lot with {CLOSE_OFFERS:,} offers closes in under {CLOSE_MS_MAX} ms",
            f"{took_ms:.1f} ms",
            reached=took_ms < CLOSE_MS_MAX,
        )
    )
    return Finding(
        name="engine",
        question="How many bids a second do the rules decide, without any IO?",
        repeats=repeats,
        rows=tuple(rows),
        targets=tuple(targets),
        notes=tuple(notes),
    )


def _rows(name: str, lots: int, rates: dict[str, list[float]]) -> list[Row]:
    ceiling_per_s = statistics.median(list(rates.values())[-1])
    return [
        Row(
            {"format": name, "lots": lots, "what": what},
            {
                **spread("bids_per_s", per_s),
                "us_per_bid": 1e6 / statistics.median(per_s),
                "share_of_ceiling_percent": 100 * statistics.median(per_s) / ceiling_per_s,
            },
        )
        for what, per_s in rates.items()
    ]


def outcomes(works: list[Work]) -> str:
    """Return the outcomes of the bids, in words."""
    counts = sum((work.outcomes for work in works), Counter[str]())
    return ", ".join(f"{count:,} {what}" for what, count in counts.most_common())
