"""`auctioneer rehearse`: hold the evening of a catalogue with bots, in a place that is thrown away."""

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from auctioneer.catalogue import SPEED_MAX, at_speed, load_catalogue, planned_ms, speed_max
from auctioneer.cli.context import DURATION, json_option
from auctioneer.cli.control_client import connected
from auctioneer.house.commands import AnyCommand, CloseLot, EndSale, Finish, OpenLot, Resume
from auctioneer.process.folder import DataFolder
from auctioneer.rules.terms import OpeningRule, SaleSpec
from common.durations import format_duration
from common.errors import StorageError, UsageError
from common.terminal.commands import STOPPED_STATUS, WholeNumber, examples
from common.terminal.output import print_json, say, tell_person
from common.words import counted

if TYPE_CHECKING:
    from rehearsal.evening.gavel import Order

BIDDERS_MAX: Final = 1000
UNTIMED_MS: Final = 45_000
"""For how long a lot without a clock is open at least: bidders think about it for so long."""
QUIET_MS: Final = 10_000
"""The default of --quiet."""
LONG_MS: Final = 10 * 60_000
"""A rehearsal that takes longer than this is offered at a higher speed."""
OFFERED_MS: Final = 60_000
"""How long the rehearsal takes at the speed that is offered."""


@click.command(
    short_help="Hold the evening of a catalogue with bots, and throw it away.",
    epilog=examples(
        "auctioneer rehearse evening.toml --speed 60      # an hour of the evening in a minute",
        "auctioneer rehearse evening.toml --speed 60 --bidders 60",
        "auctioneer rehearse lots.csv --json > rehearsal.json",
    ),
)
@click.argument("catalogue", type=click.Path(path_type=Path))
@click.option(
    "--speed",
    type=WholeNumber(1, SPEED_MAX),
    default=1,
    show_default=True,
    help="Divide all durations of the catalogue by this.",
)
@click.option("--bidders", type=WholeNumber(1, BIDDERS_MAX), default=20, show_default=True, help="How many bots bid.")
@click.option("--seed", type=int, default=1, show_default=True, help="Chooses what the lots are worth to the bots.")
@click.option(
    "--quiet",
    "quiet_ms",
    type=DURATION,
    default=format_duration(QUIET_MS),
    show_default=True,
    help="Bring the hammer down on a lot without a clock after so long without a bid, in the evening's time.",
)
@json_option
def rehearse(catalogue: Path, *, speed: int, bidders: int, seed: int, quiet_ms: int, as_json: bool) -> int:
    """Hold the evening of CATALOGUE (.toml, .csv or .xlsx) with bots that bid on it, and say how it went.

    It is a real sale: a house in a process of its own, on free ports of this machine, in a temporary directory that is
    removed at the end. No sale of yours is touched, and no bidder of yours sees it. Bots make offers on lots of every
    format, open what is opened by hand, and bring the hammer down where a lot has no clock. Ctrl-C ends it.

    The report says when each lot opens and closes, what late bids extend, and how long the evening takes.
    """
    spec = load_catalogue(catalogue, tell_person)
    if not spec.lots:
        raise UsageError(f"{catalogue} has no lots, so there is nothing to rehearse.")
    _check_speed(spec, speed)
    _tell_beginning(spec, speed, bidders)
    # Imported only here: no other command needs the bidders' client, and some start more often than once an evening.
    from rehearsal.evening.rehearsal import Plan
    from rehearsal.evening.rehearsal import rehearse as hold
    from rehearsal.evening.report import print_report, report_fields

    plan = Plan(
        speed=speed,
        bidders=bidders,
        seed=seed,
        by_hand=frozenset(lot.terms.lot for lot in spec.lots if lot.opening.rule is OpeningRule.BY_HAND),
        ends_by="finish" if spec.corrections else "" if spec.ends_after_last_lot else "end",
        planned_ms=planned_ms(spec, UNTIMED_MS),
        untimed_ms=UNTIMED_MS,
        quiet_ms=quiet_ms,
    )
    with _place() as folder:
        _begin(folder, at_speed(spec, speed))
        try:
            held = hold(
                folder.path,
                plan,
                lambda: _give(folder, Resume()),
                lambda order: _give(folder, _command(order, spec)),
                as_json=as_json,
            )
        except (KeyboardInterrupt, asyncio.CancelledError):
            say("Stopped. The rehearsal is thrown away.", err=True)
            return STOPPED_STATUS
    if as_json:
        print_json(report_fields(held, plan))
    else:
        print_report(held, plan)
    return 0


def _check_speed(spec: SaleSpec, speed: int) -> None:
    most = speed_max(spec)
    if speed > most:
        raise UsageError(
            f"At speed {speed} a lot would be over before anybody could bid on it. Use --speed {most} or less."
        )


def _tell_beginning(spec: SaleSpec, speed: int, bidders: int) -> None:
    evening_ms = planned_ms(spec, UNTIMED_MS)
    took_ms = evening_ms // speed
    lots, bots = counted(len(spec.lots), "lot"), counted(bidders, "bot")
    faster = min(speed_max(spec), -(-evening_ms // OFFERED_MS))
    offer = f" Try --speed {faster}." if took_ms > LONG_MS and faster > speed else ""
    say(f"No faults: {spec.title}, {lots} in {spec.currency.code}.", err=True)
    say(f"Rehearsing with {bots} at speed {speed}; this takes about {_rough(took_ms)}.{offer}", err=True)


def _rough(duration_ms: int) -> str:
    return format_duration(max(1, round(duration_ms / 1000)) * 1000)


@contextmanager
def _place() -> Iterator[DataFolder]:
    """Yield a new data directory that is removed at the end. Raises StorageError."""
    try:
        path = Path(tempfile.mkdtemp(prefix="auction-rehearsal-"))
    except OSError as error:
        raise StorageError(
            f"No temporary directory can be made: {error.strerror}. Set TMPDIR to a directory with some space."
        ) from error
    try:
        yield DataFolder(path / "sale")
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _begin(folder: DataFolder, spec: SaleSpec) -> None:
    from auctioneer.process.startup import begin_paused

    begin_paused(folder, spec)


def _give(folder: DataFolder, command: AnyCommand) -> None:
    with connected(folder) as house:
        house.order(command)


def _command(order: "Order", spec: SaleSpec) -> AnyCommand:
    from rehearsal.evening import gavel

    match order:
        case gavel.OpenLot(lot=lot):
            return OpenLot(lot=lot)
        case gavel.CloseLot(lot=lot):
            return CloseLot(lot=lot)
        case gavel.EndSale():
            return Finish() if spec.corrections else EndSale()
