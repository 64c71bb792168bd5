"""`python -m benchmarks bots`: bots in several processes bid in a sale, and the result is checked at the end."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any, Final, NamedTuple

import click
from msgspec import Struct
from rich.console import Console
from rich.status import Status

from benchmarks.bots.checks import report_check
from benchmarks.bots.crew import Crew, clients_max, processes_for
from benchmarks.bots.report import print_kills, print_revenue, print_tally, revenue_fields, tally_fields
from benchmarks.bots.sale_folder import keep_folder, sale_folder, write_catalogue
from benchmarks.bots.trial import Outcome, Trial
from bidder.core.strategies.english import Strategy
from common.errors import UsageError
from common.limits import LOTS_MAX
from common.open_files import make_room_for_files
from common.terminal.commands import STOPPED_STATUS, examples
from common.terminal.output import print_json, say
from rehearsal.bots.crowd import MIX, Arrivals, Crowd, Values
from rehearsal.house import HouseProcess, read_record
from rehearsal.waiting import alongside, stop_when_told

BIDDERS_MAX: Final = 10_000
BRISK_BIDDERS: Final = 20
"""Up to this many bots react as quickly as people. In a larger crowd each bot reacts more slowly in proportion, because
every accepted bid is shown to every bot and two processors must manage that work."""
PROGRESS_S: Final = 0.5
PROGRESS_LINE_S: Final = 5.0
"""The pause between two lines of progress when the output is not a terminal."""
_FAILED: Final = 1


class _Options(Struct, frozen=True):
    """The options of the command line."""

    bidders: int
    crowd: Crowd
    processes: int
    link: str | None
    data: Path | None
    lots: int
    duration_s: float
    seconds: float | None
    kills: int

    @property
    def starts_a_house(self) -> bool:
        return self.link is None and self.data is None


class _Place(NamedTuple):
    """Where the sale is: its link, its data directory if on this machine, and its house if this program started it."""

    link: str
    data: Path | None
    house: HouseProcess | None


@click.command(
    short_help="Have many bots bid in a sale, and check what came of it.",
    epilog=examples(
        "python -m benchmarks bots                                    # 100 bots on 20 lots of a house of their own",
        "python -m benchmarks bots --bidders 1000 --lots 20 --strategy mix --seed 7 --kill 1",
        "python -m benchmarks bots --bidders 200 --strategy sniper --data evening",
        'python -m benchmarks bots --to "$(auctioneer link)" --seconds 60',
    ),
)
@click.option("--bidders", type=click.IntRange(1, BIDDERS_MAX), default=100, show_default=True, help="How many bots.")
@click.option(
    "--strategy",
    type=click.Choice([MIX, *(strategy.value for strategy in Strategy)]),
    default=MIX,
    show_default=True,
    help="How they bid.",
)
@click.option(
    "--values",
    type=click.Choice([values.value for values in Values]),
    default=Values.LOGNORMAL.value,
    show_default=True,
    help="How the bots' values of a lot are distributed around its estimate.",
)
@click.option(
    "--arrivals",
    type=click.Choice([arrivals.value for arrivals in Arrivals]),
    default=Arrivals.LATE.value,
    show_default=True,
    help="When they begin to bid: late as in real timed auctions, or evenly.",
)
@click.option("--seed", type=int, default=7, show_default=True, help="The same seed gives the same bots and lots.")
@click.option("--processes", type=click.IntRange(1, 1000), help="[default: one for each processor, more for many bots]")
@click.option("--to", "link", metavar="LINK", help="The join link of a house, instead of starting one.")
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="AUCTIONEER_DATA",
    metavar="DIR",
    help="The data directory of a house that runs on this machine, instead of starting one.",
)
@click.option(
    "--lots", type=click.IntRange(1, LOTS_MAX), default=20, show_default=True, help="Lots of a house started here."
)
@click.option(
    "--duration",
    type=click.FloatRange(min=1),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="How long the lots of a house started here stay open.",
)
@click.option("--kill", "kills", type=click.IntRange(0, 20), default=0, help="How often to kill a house started here.")
@click.option(
    "--seconds",
    type=click.FloatRange(min=1),
    help="Leave a house not started here after this time.  [default: when all lots are over]",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def bots(*, strategy: str, values: str, arrivals: str, seed: int, as_json: bool, **rest: Any) -> int:
    """Have bots bid in a sale until all lots are over. Each bot uses the real client and its own key.

    Without --to and --data, a house is started with a made-up catalogue. Its clocks start when all bots have joined.

    The exit status is 1 if a bot's copy of the sale differs from the house's, if an acknowledged bid is missing from
    the record, or if the record does not verify.
    """
    crowd = Crowd(seed, strategy, Values(values), Arrivals(arrivals))
    rest["processes"] = rest["processes"] or processes_for(rest["bidders"], clients_max())
    rest["duration_s"] = rest.pop("duration")
    options = _Options(crowd=crowd, **rest)
    _check_options(options)
    try:
        return _run(options, as_json=as_json)
    except (KeyboardInterrupt, asyncio.CancelledError):
        say("Stopped, and with it all bots.", err=True)
        return STOPPED_STATUS


def _check_options(options: _Options) -> None:
    if options.link is not None and options.data is not None:
        raise UsageError("--to and --data both name a house; leave one out.")
    if options.kills and not options.starts_a_house:
        raise UsageError("--kill is for a house that is started here; leave out --to and --data (AUCTIONEER_DATA).")
    if options.seconds is not None and options.starts_a_house:
        raise UsageError("--seconds is for a house that runs already; give --duration for one that is started here.")
    if options.starts_a_house:
        make_room_for_files(2 * options.bidders)  # for the house, which inherits this limit


def _run(options: _Options, *, as_json: bool) -> int:
    with sale_folder() as folder:
        outcome, lag_max_ms = asyncio.run(_hold(options, folder))
        if as_json:
            print_json(_fields(options, outcome, lag_max_ms))
        else:
            _print(outcome, lag_max_ms)
        if options.starts_a_house and not outcome.is_right:
            say(f"The sale is kept in {keep_folder(folder)}.", err=True)
    return 0 if outcome.is_right else _FAILED


async def _hold(options: _Options, folder: Path) -> tuple[Outcome, float]:
    """Carry out the trial; return its outcome and the longest delay of any worker's loop."""
    stop_when_told()
    slowness = max(1.0, options.bidders / BRISK_BIDDERS)
    async with (
        _place(options, folder) as place,
        Crew(place.link, options.crowd, options.bidders, options.processes, slowness) as crew,
    ):
        trial = Trial(crew, place.link, options.bidders, place.data, place.house)
        seconds = options.seconds if place.house is None else options.duration_s
        with _progress_bar() as bar:
            outcome = await alongside(trial.run(seconds, options.kills), _show_progress(crew, options.bidders, bar))
        return outcome, crew.lag_max_ms


@asynccontextmanager
async def _place(options: _Options, folder: Path) -> AsyncIterator[_Place]:
    """Yield the named house, or start one with stopped clocks."""
    if options.link is not None:
        yield _Place(options.link, None, None)
    elif options.data is not None:
        yield _Place(read_record(options.data).link, options.data, None)
    else:
        catalogue = write_catalogue(folder, options.lots, options.duration_s, options.crowd.seed)
        async with HouseProcess(catalogue, folder / "sale", "--port", "0", "--paused") as house:
            yield _Place(house.link, house.data, house)


# --- the display ------------------------------------------------------------------------------------------------------


def _progress_bar() -> "AbstractContextManager[Status | None]":
    return Console(stderr=True).status("Joining ...") if sys.stderr.isatty() else nullcontext()


async def _show_progress(crew: Crew, bidders: int, bar: Status | None) -> None:
    """Show the progress: in place at a terminal, otherwise as a line from time to time."""
    began_s = asyncio.get_running_loop().time()
    while True:
        await asyncio.sleep(PROGRESS_LINE_S if bar is None else PROGRESS_S)
        line = f"{asyncio.get_running_loop().time() - began_s:5.1f} s  {_progress(crew, bidders)}"
        if bar is None:
            say(line, err=True)
        else:
            bar.update(line)


def _progress(crew: Crew, bidders: int) -> str:
    standing = crew.standing
    if standing.joined < bidders:
        return f"{standing.joined} of {bidders} bots have joined, in {crew.processes} processes"
    return (
        f"{bidders} bots: {standing.accepted} bids accepted, {standing.refused} refused; "
        f"{standing.lots_over} of {standing.lots} lots over; {sum(standing.live.values())} bots up to date"
    )


def _print(outcome: Outcome, lag_max_ms: float) -> None:
    if outcome.sale is not None:
        print_revenue(outcome.lots.values(), outcome.sale.currency)
    say(f"Time       joined in {outcome.joined_s:.1f} s, bid for {outcome.bid_s:.1f} s")
    print_tally(outcome.tally)
    print_kills(outcome.kills)
    say(f"Load       the bots' own processes were late by {lag_max_ms:.0f} ms at most")
    for check in outcome.checks:
        report_check(check)


def _fields(options: _Options, outcome: Outcome, lag_max_ms: float) -> dict[str, Any]:
    return {
        "bidders": options.bidders,
        "processes": options.processes,
        "seed": options.crowd.seed,
        "strategy": options.crowd.strategy,
        "values": options.crowd.values.value,
        "arrivals": options.crowd.arrivals.value,
        "joined_s": round(outcome.joined_s, 3),
        "bid_s": round(outcome.bid_s, 3),
        "lag_max_ms": lag_max_ms,
        **tally_fields(outcome.tally),
        "kills": outcome.kills,
        **({} if outcome.sale is None else revenue_fields(outcome.lots.values(), outcome.sale.currency)),
        "checks": outcome.checks,
        "right": outcome.is_right,
    }
