"""The cost of a bid as a sale grows: in lots, registered bidders, the journal's length and subscribers.

All sales exist at once and are measured in turns, with a few batches of 256 bids in each round, so that slow moments of
the machine affect all sales alike. A sale's cost is compared with the smallest sale's cost in the same round. Batches
are spread alike in all sales of an axis: over ten lots and ten bidders, drawn again for each batch. So only the size
makes a difference, and not that 256 bids on 256 lots make 256 broadcasts. A further axis shows that case too.
"""

import tempfile
from pathlib import Path
from typing import Final, NamedTuple

import click

from benchmarks.inside.batches import Sales, Size
from benchmarks.inside.pauses import Pause, measure_pauses
from benchmarks.inside.sale import collecting_rarely
from benchmarks.measurements.subscribers import measure_subscribers
from benchmarks.report.findings import results_option, show_and_keep
from benchmarks.report.results import Finding, Row, Target

FLAT: Final = 1.10
"""The most that a bid may cost in the largest sale, as a multiple of its cost in the smallest."""
PAUSE_MS_MAX: Final = 50
NARROW: Final = 10
"""The number of lots, and of bidders, in a batch."""
WIDE: Final = 256
ROUNDS: Final = 60
QUICK_ROUNDS: Final = 3


class Axis(NamedTuple):
    """Sales that differ in one respect, the smallest first."""

    name: str
    sizes: list[Size]


def axes(*, quick: bool) -> list[Axis]:
    """Return the axes to measure."""
    counts = (10, 200) if quick else (10, 100, 1_000, 10_000, 100_000)
    usual = 200 if quick else 1_000
    wide = (200, 300) if quick else (1_000, 10_000, 100_000)
    journals = (0, 10_000) if quick else (0, 1_000_000, 10_000_000)
    return [
        Axis("lots", [Size(count, usual, 0, NARROW, NARROW) for count in counts]),
        Axis("bidders", [Size(usual, count, 0, NARROW, NARROW) for count in counts]),
        Axis("journaled bids", [Size(usual, usual, count, NARROW, NARROW) for count in journals]),
        Axis("lots and bidders, bids spread over all", [Size(count, count, 0, WIDE, WIDE) for count in wide]),
    ]


@click.command(short_help="Measure what a bid costs as a sale grows.")
@click.option("--rounds", type=click.IntRange(min=2), help=f"Rounds over all sales.  [default: {ROUNDS}]")
@click.option("--seed", default=1, show_default=True, help="Seed of the bidders and lots in each batch.")
@click.option("--quick", is_flag=True, help="Measure small sales, in some seconds.")
@click.option("--without-subscribers", is_flag=True, help="Leave out the part with real processes and sockets.")
@results_option
def scale(
    rounds: int | None,
    seed: int,
    quick: bool,  # noqa: FBT001 -- click passes by name
    without_subscribers: bool,  # noqa: FBT001 -- click passes by name
    results_folder: Path,
) -> None:
    """Measure the cost of a bid, and the house's pauses, as a sale grows."""
    rounds = rounds or (QUICK_ROUNDS if quick else ROUNDS)
    with tempfile.TemporaryDirectory(prefix="auction-bench-") as name:
        folder = Path(name)
        rows, targets = _measure_sizes(axes(quick=quick), folder, rounds, seed)
    with tempfile.TemporaryDirectory(prefix="auction-bench-") as name:
        pauses = [
            measure_pauses(count, Path(name) / str(count), seed)
            for count in ((100,) if quick else (1_000, 10_000, 100_000))
        ]
    rows.extend(_pause_row(pause) for pause in pauses)
    targets.append(_pause_target(pauses))
    if not without_subscribers:
        more_rows, target = measure_subscribers(quick=quick)
        rows.extend(more_rows)
        targets.append(target)
    show_and_keep(
        Finding(
            name="scale",
            question="What does a bid cost as a sale grows?",
            repeats=rounds,
            rows=tuple(rows),
            targets=tuple(targets),
            notes=(
                f"Batches of 256 bids, on {NARROW} lots by {NARROW} bidders where not said otherwise, committed to a "
                "journal on the disk; medians over the rounds, beside the smallest sale of the same round.",
            ),
        ),
        results_folder,
    )


def _measure_sizes(measured: list[Axis], folder: Path, rounds: int, seed: int) -> tuple[list[Row], list[Target]]:
    sales = Sales([size for axis in measured for size in axis.sizes], folder, seed)
    try:
        with collecting_rarely():
            sales.measure(rounds)
        rows, targets, first = [], [], 0
        for axis in measured:
            costs = [sales.cost(first + offset, first) for offset in range(len(axis.sizes))]
            for size, cost in zip(axis.sizes, costs, strict=True):
                setting: dict[str, str | int | float] = {
                    "axis": axis.name,
                    "lots": size.lots,
                    "bidders": size.bidders,
                    "journaled_bids": size.journaled_bids,
                }
                rows.append(Row(setting, dict(cost._asdict())))
            worst = max(cost.ratio for cost in costs)
            what = f"{axis.name}: flat within {FLAT - 1:.0%}"
            targets.append(Target(what, f"at the most {worst:.2f} times the smallest", reached=worst <= FLAT))
            first += len(axis.sizes)
    finally:
        sales.close()
    return rows, targets


def _pause_row(pause: Pause) -> Row:
    return Row({"pauses": "lots and bidders", "size": pause.size}, {**pause.figures})


def _pause_target(pauses: list[Pause]) -> Target:
    worst_ms = max(pause.figures["snapshot_ms"] for pause in pauses)
    return Target(
        f"a snapshot holds the loop up for {PAUSE_MS_MAX} ms at the most",
        f"{worst_ms:,.0f} ms",
        reached=worst_ms <= PAUSE_MS_MAX,
    )
