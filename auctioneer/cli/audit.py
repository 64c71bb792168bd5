"""`auctioneer verify`: checks that a record is as it was written, and that it follows from the rules."""

import sys
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from auctioneer.audit.invariants import Inspector, InvariantError
from auctioneer.audit.verify import Mismatch, VerifyReport
from auctioneer.audit.verify import verify as decide_again
from auctioneer.cli.context import data_option, json_option
from auctioneer.journal import ChainEnd, Record
from auctioneer.process.folder import DataFolder
from auctioneer.process.offline import house_upto, open_journal
from auctioneer.rules.facts import AnyFact, SaleCreated
from common.errors import StorageError
from common.money import Currency
from common.terminal.commands import examples
from common.terminal.output import print_json, say
from common.words import counted

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_PROGRESS_FACTS = 1000


class MismatchError(StorageError):
    """The record is undamaged, but one of its facts does not follow from those before it."""

    code = "mismatch"

    def __init__(self, mismatch: Mismatch) -> None:
        self.mismatch = mismatch
        super().__init__(
            f"The record does not follow from the rules. {mismatch} "
            "Either a version with other rules wrote it, or it was changed with its hashes."
        )


class BrokenPromiseError(StorageError):
    """The record follows from the rules but breaks an invariant, which is a bug of the house."""

    code = "broken_promise"

    def __init__(self, broken: InvariantError) -> None:
        super().__init__(f"The record breaks what must always be true: {broken}. Please report this as a bug.")


@click.command(
    short_help="Audit the record of the sale.",
    epilog=examples("auctioneer verify", "auctioneer verify --data backup --json"),
)
@click.option("--deep", "is_deep", is_flag=True, help="Also check what must be true after each step. Takes longer.")
@data_option
@json_option
def verify(folder: DataFolder, *, is_deep: bool, as_json: bool) -> None:
    """Check that the record is as it was written, then decide every bid and command again and compare.

    With --deep, every step is also held against what must always be true (a price never falls, a lot's numbers have
    no hole), and the state that a start would read, from the newest snapshot, against the one that was decided.

    The refused bids that are kept for repeated requests are checked too; they are not decided again.

    Works while the house runs, up to the present fact. The hash stands for all facts: write it down, and you can
    tell later that none was changed. Exit status 6: damaged, or something comes out differently.
    """
    journal = open_journal(folder)
    try:
        refused = Counter(
            rejection.paddle for rejection in journal.rejections()
        )  # read before the facts, so that all their bidders are enrolled
        named = refused.keys() | journal.contacts().keys()
        with _shown_progress() as progress:
            end = _check_chain(journal, progress)
            inspector = Inspector() if is_deep else None
            report = _decide(_watched(journal, end, progress), inspector)
            if inspector is not None and report.mismatch is None:
                _compare_with_start(folder, journal, end, inspector)
        currency = _currency(journal)
        kept = journal.contacts().keys()  # read after the facts, so that whoever was forgotten in them has none
    finally:
        journal.close()
    if report.mismatch is not None:
        raise MismatchError(report.mismatch)
    if named - report.paddles:
        raise StorageError(f"The record names paddle {min(named - report.paddles)}, which nobody has.")
    if kept & report.forgotten:
        raise StorageError(
            f"The contact of paddle {min(kept & report.forgotten)} was erased and is there again. Somebody has put it "
            "into the file by hand. Delete that row of the table `contact` while no house runs."
        )
    if as_json:
        print_json(
            {
                "verified": True,
                "deep": is_deep,
                "facts": end.position,
                "hash": end.hash.hex(),
                "counts": report.counts,
                "rejections": refused.total(),
                "bidders": len(report.paddles),
                "lots": report.lots,
                "sold": report.sold,
                "hammer_total": None if currency is None else currency.plain(report.hammer_total_minor),
                "hammer_total_minor": report.hammer_total_minor,
            }
        )
        return
    _print_report(end, report, refused.total(), currency)
    if is_deep:
        say("Deep: every step keeps what must always be true, and a start reads the same state.")


def _decide(record: Iterator[tuple[int, AnyFact]], inspector: Inspector | None) -> VerifyReport:
    """Decide the record again. Raises BrokenPromiseError if a step breaks an invariant."""
    try:
        return decide_again(record, None if inspector is None else inspector.inspect)
    except InvariantError as broken:
        raise BrokenPromiseError(broken) from broken


def _compare_with_start(folder: DataFolder, journal: Record, end: ChainEnd, inspector: Inspector) -> None:
    """Compare the state that a start would read, from the newest snapshot, with the one that was decided.

    Raises BrokenPromiseError if they differ.
    """
    try:
        inspector.finish(house_upto(folder, journal, upto=end.position).engine.state)
    except InvariantError as broken:
        raise BrokenPromiseError(broken) from broken


def _shown_progress() -> "Progress":
    """Return what shows how far it is, where somebody can see it."""
    # Imported only here, since they would slow the start of every other command.
    from rich.console import Console
    from rich.progress import Progress

    return Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())


def _check_chain(journal: Record, progress: "Progress") -> ChainEnd:
    task = progress.add_task("Reading the record", total=None)

    def advance(checked: int, total: int) -> None:
        progress.update(task, completed=checked, total=total)

    return journal.verify_chain(advance)


def _watched(journal: Record, end: ChainEnd, progress: "Progress") -> Iterator[tuple[int, AnyFact]]:
    """Yield the facts up to the end that was checked; a running house may add more in the meantime."""
    task: TaskID = progress.add_task("Deciding again", total=end.position)
    for position, fact in journal.read(upto=end.position):
        if position % _PROGRESS_FACTS == 0:
            progress.update(task, completed=position)
        yield position, fact


def _currency(journal: Record) -> Currency | None:
    first = next(journal.read(upto=1), None)
    return first[1].currency if first is not None and isinstance(first[1], SaleCreated) else None


def _print_report(end: ChainEnd, report: VerifyReport, rejections: int, currency: Currency | None) -> None:
    whole = f"{counted(end.position, 'fact')} and {counted(rejections, 'refused bid')}"
    say(f"Whole: {whole}, each as it was written. Hash: {end.hash.hex()}")
    total = "" if currency is None else f" for {currency.show(report.hammer_total_minor)}"
    say(
        f"Right: every decision comes out as it was recorded: {counted(len(report.paddles), 'bidder')}, "
        f"{counted(report.lots, 'lot')}, "
        f"{report.sold:,} sold{total}."
    )
