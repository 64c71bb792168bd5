"""How soon after a crash a house with a long journal listens again: from its snapshot, and from the events alone.

A house in its own process takes the bids and is killed; its last snapshot is then as old as a snapshot can get.
`auctioneer run` starts on the remaining files, as after a crash of the machine. Its server is then killed again, as in
a crash of the process. Finally all snapshots are removed. No bid may be missing after any of these starts.
"""

import asyncio
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Final

import click

from benchmarks.inside.records import Replay, Totals, drop_snapshots, make_record, replay
from benchmarks.report.findings import results_option, show_and_keep
from benchmarks.report.results import Finding, Row, Target
from rehearsal.house import HouseError, HouseProcess

EVENTS: Final = 10_000_000
QUICK_EVENTS: Final = 30_000
READY_S_MAX: Final = 2.0
WANTED_PER_S: Final = 300_000


@click.command(short_help="Measure starting after a crash with a long journal.")
@click.option("--events", type=click.IntRange(min=1_000), help=f"Bids in the journal.  [default: {EVENTS:,}]")
@click.option("--repeats", default=3, show_default=True, type=click.IntRange(min=1), help="Crashes of the server.")
@click.option("--quick", is_flag=True, help=f"Measure {QUICK_EVENTS:,} bids, in some seconds.")
@results_option
def recovery(events: int | None, repeats: int, quick: bool, results_folder: Path) -> None:  # noqa: FBT001 -- click passes by name
    """Measure how long a house takes to be ready after a crash, and how fast it reads its whole journal.

    During the run, the journal of ten million bids takes about 4 GB in the temporary directory.
    """
    events = events or (QUICK_EVENTS if quick else EVENTS)
    with tempfile.TemporaryDirectory(prefix="auction-bench-") as name:
        show_and_keep(measure(Path(name), events, repeats), results_folder)


def measure(folder: Path, events: int, repeats: int) -> Finding:
    """Make a journal with `events` bids in `folder`, and measure. Raises HouseError if a bid is missing."""
    data = folder / "data"
    began_s = time.perf_counter()
    with click.progressbar(length=events, label="Bids taken", file=sys.stderr) as bar:
        made = make_record(data, events, lambda taken: bar.update(taken - bar.pos))
    made_s = time.perf_counter() - began_s
    size_bytes = sum(path.stat().st_size for path in data.iterdir() if path.is_file())
    cold_s, *crashes_s = asyncio.run(starts_s(data, made, "from the snapshot", crashes=repeats))
    drop_snapshots(data)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        whole = pool.submit(replay, data).result()
    check("from all events", made, (whole.totals.bids, whole.totals.prices_minor))
    (without_s,) = asyncio.run(starts_s(data, made, "without a snapshot"))
    (stopped_s,) = asyncio.run(starts_s(data, made, "after a stop"))
    return Finding(
        name="recovery",
        question=f"How long does a house with {events:,} bids in its journal take to be ready?",
        repeats=repeats,
        rows=(
            *_starts(cold_s, crashes_s, stopped_s, without_s),
            Row({"replay": "all facts", "facts": whole.facts}, _replay_figures(whole)),
            Row({"journal": "made", "bids": events}, {"seconds": made_s, "bytes": size_bytes}),
        ),
        targets=(
            _ready("started after a crash, from the snapshot", cold_s),
            _ready("the server's successor after kill -9, the slowest", max(crashes_s)),
            Target(
                f"full replay, at least {WANTED_PER_S:,} events/s",
                f"{whole.events_per_s:,.0f}/s",
                reached=whole.events_per_s >= WANTED_PER_S,
            ),
        ),
        notes=(
            "Ready: from the start of the command, or the kill, until the house says that it listens.",
            f"{made.bidders:,} bidders; bids in batches of 256; the snapshot was as old as one can be.",
            "After every start all bids were there, and the prices the same.",
        ),
    )


async def starts_s(data: Path, made: Totals, when: str, crashes: int = 0) -> list[float]:
    """Return the seconds until a house listened: first after its start, then after each crash of its server.

    Raises HouseError if a bid is missing after the start, or after all crashes.
    """
    began_s = time.perf_counter()
    async with HouseProcess(None, data, "--port", "0") as house:
        taken_s = [time.perf_counter() - began_s]
        check(when, made, await totals(house))
        for crash in range(1, crashes + 1):
            began_s = time.perf_counter()
            house.kill_server()
            await house.until_started(1 + crash)
            taken_s.append(time.perf_counter() - began_s)
        if crashes:
            check("after crashes", made, await totals(house))
        return taken_s


async def totals(house: HouseProcess) -> tuple[int, int]:
    """Return the sums of all lots' bids and prices, as the running house reports them."""
    lots = await house.ask("lots")
    return sum(lot["bids"] for lot in lots), sum(lot["price_minor"] or 0 for lot in lots)


def _starts(cold_s: float, crashes_s: list[float], stopped_s: float, without_s: float) -> list[Row]:
    starts = {
        "after a crash": [cold_s],
        "successor after kill -9": crashes_s,
        "after a stop": [stopped_s],
        "without a snapshot": [without_s],
    }
    return [
        Row({"start": what}, {"ready_s": sum(taken) / len(taken), "ready_s_min": min(taken), "ready_s_max": max(taken)})
        for what, taken in starts.items()
    ]


def _replay_figures(whole: Replay) -> dict[str, float]:
    return {"seconds": whole.seconds, "events_per_s": whole.events_per_s}


def _ready(what: str, found_s: float) -> Target:
    return Target(f"{what}: within {READY_S_MAX:g} s", f"{found_s:.2f} s", reached=found_s <= READY_S_MAX)


def check(when: str, made: Totals, found: tuple[int, int]) -> None:
    """Raise HouseError if a house's bids and prices differ from those made."""
    if found != (made.bids, made.prices_minor):
        raise HouseError(
            f"Not all is there {when}: {made.bids} bids were made, and {found[0]} are there; their prices came to "
            f"{made.prices_minor}, and come to {found[1]}."
        )
