"""How long bids wait for a house that takes a sale over from another one.

Two houses of one sale, and the three servers of its record, run on this machine. Two bidders outbid each other over a
link of two places. The owner is killed with all its processes, and another time asked to hand over. What counts is the
longest time between two acknowledged bids. At the end the record must have each acknowledged bid once, in their order.
"""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import click

from benchmarks.load.acknowledged import Bidding, Faults, compare, recorded_bids
from benchmarks.load.houses_beside import HouseBeside, free_pairs
from benchmarks.load.postgres_servers import Servers
from benchmarks.load.rising_sale import write_catalogue
from benchmarks.measurements.postgres import running_servers
from benchmarks.report.findings import results_option, show_and_keep, spread
from benchmarks.report.results import Finding, Row, Target
from common.terminal.output import say

SALE: Final = "takeover"
KILLED_S_MAX: Final = 5.0
HANDED_OVER_S_MAX: Final = 0.5
SETTLED_BIDS: Final = 20
"""So many bids are acknowledged before and after each take-over: by then both bidders are there again."""


class Pair(NamedTuple):
    """The house that holds the sale, and the one that stands by."""

    owner: HouseBeside
    other: HouseBeside

    def turned(self) -> "Pair":
        return Pair(self.other, self.owner)


TakeOver = Callable[[Pair, Bidding], None]


def kill(pair: Pair, bidding: Bidding) -> None:
    """Kill the owner with all its processes; the other one takes over, and the killed one stands by."""
    pair.owner.kill()
    pair.other.wait_for("took_over")
    bidding.wait_for(SETTLED_BIDS)
    pair.owner.start("stand-by")
    pair.owner.wait_for("standing_by")


def hand_over(pair: Pair, bidding: Bidding) -> None:
    """Have the owner hand the sale over; it stands by afterwards."""
    pair.owner.forget_events()
    pair.owner.order("hand-over")
    pair.other.wait_for("took_over")
    bidding.wait_for(SETTLED_BIDS)
    pair.owner.wait_for("standing_by")


@contextmanager
def running_pair(folder: Path, servers: Servers) -> Iterator[Pair]:
    """Run two houses of one sale. Raises HouseError."""
    store, ports = servers.url(SALE), free_pairs(2)
    first, second = (HouseBeside(folder / name, store, port) for name, port in zip(("one", "two"), ports, strict=True))
    first.stand_beside([second])
    second.stand_beside([first])
    try:
        first.start("run", str(write_catalogue(folder, 1)))
        first.wait_for("listening")
        second.adopt(first)
        second.start("stand-by")
        second.wait_for("standing_by")
        yield Pair(first, second)
    finally:
        second.stop()
        first.stop()


def measure(pair: Pair, bidding: Bidding, what: str, take_over: TakeOver, times: int) -> tuple[Pair, list[float]]:
    """Have the sale taken over some times; print each pause of bids, and return all, with the houses in their roles."""
    pauses_s = []
    for number in range(1, times + 1):
        bidding.wait_for(SETTLED_BIDS)
        before = len(bidding.acknowledged)
        take_over(pair, bidding)
        pauses_s.append(bidding.pause_s(before))
        say(f"{number:3}  {what}: no bid was acknowledged for {pauses_s[-1]:.2f} s")
        pair = pair.turned()
    return pair, pauses_s


@click.command(short_help="Measure how long bids wait for a house that takes over.")
@click.option("--kills", default=50, show_default=True, type=click.IntRange(min=1), help="How often to kill the owner.")
@click.option(
    "--hand-overs", default=20, show_default=True, type=click.IntRange(min=1), help="How often it hands the sale over."
)
@click.option("--quick", is_flag=True, help="Two of each.")
@results_option
def takeover(kills: int, hand_overs: int, results_folder: Path, *, quick: bool) -> None:
    """Measure how long bids wait where another house takes the sale over, and whether each is in the record once.

    The slowest of all take-overs counts.
    """
    if quick:
        kills = hand_overs = 2
    with running_servers() as servers, tempfile.TemporaryDirectory(prefix="auction-bench-") as made:
        with running_pair(Path(made), servers) as pair, Bidding(pair.owner.link) as bidding:
            pair, killed_s = measure(pair, bidding, "owner killed", kill, kills)
            pair, handed_s = measure(pair, bidding, "handed over", hand_over, hand_overs)
        pair.owner.order("verify")
        faults = compare(bidding.acknowledged, recorded_bids(servers, SALE))
    rows = (
        Row({"owner": "killed", "times": kills}, spread("pause_s", killed_s)),
        Row({"owner": "hands over", "times": hand_overs}, spread("pause_s", handed_s)),
        Row({"bids": "acknowledged"}, {"bids": len(bidding.acknowledged), **faults._asdict()}),
    )
    show_and_keep(
        Finding(
            name="takeover",
            question="how long no bid is acknowledged while another house takes the sale over",
            repeats=1,
            rows=rows,
            targets=(
                _pause_target("owner killed", killed_s, KILLED_S_MAX),
                _pause_target("handed over", handed_s, HANDED_OVER_S_MAX),
                Target(
                    "acknowledged bids that the record lacks, has twice, or has in another order: 0",
                    f"{faults.lost}, {faults.doubled}, {faults.reordered} of {len(bidding.acknowledged):,}",
                    reached=faults == Faults(0, 0, 0),
                ),
            ),
            notes=("Both houses, the bidders and three database servers share this machine.",),
        ),
        results_folder,
    )


def _pause_target(what: str, pauses_s: list[float], most_s: float) -> Target:
    slowest_s = max(pauses_s)
    return Target(
        f"{what}, slowest of {len(pauses_s)}: under {most_s} s", f"{slowest_s:.2f} s", reached=slowest_s < most_s
    )
