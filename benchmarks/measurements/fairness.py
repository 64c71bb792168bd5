"""Whether a bidder who floods the house slows down honest bidders, who bid at a moderate pace.

A flooder also takes processor time from everybody on this machine, and so does the house that repels it. To separate
this effect, the same flood is also sent once to a second house on the machine. The difference between the two is due to
the house.

The slowest hundredth of a few hundred bids depends on the machine's own stalls, and varies by a factor of ten from one
moment to the next. So all bids in the same kind of situation are judged together: the bids during one kind of flood
from all repetitions, and the bids in calm from all repetitions, before any flood.
"""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple, TypeVar

import click

from benchmarks.load.child import running_child
from benchmarks.load.flooder import FLOODS
from benchmarks.load.latencies import Latencies
from benchmarks.load.open_loop import OpenLoop, arrivals_ns
from benchmarks.load.rising_sale import Bids
from benchmarks.load.servers import in_house, leading
from benchmarks.report.findings import results_option, show_and_keep
from benchmarks.report.results import Finding, Row, Target
from common.links import JoinLink

T = TypeVar("T")
P99_RATIO_MAX: Final = 2.0
HONEST: Final = 4
"""The number of honest bidders."""
HONEST_PER_S: Final = 200
"""The bids per second of all honest bidders together; far below the house's limit for each."""
LOTS: Final = 16
WARM_UP_SHARE: Final = 0.2


class Case(NamedTuple):
    """A case to measure: a flood, with or without CURVE."""

    kind: str
    is_encrypted: bool


class Pace(NamedTuple):
    """The figures of the honest bidders in one situation."""

    verdicts: Latencies
    flooded: int
    """The amount that the flooder did."""
    refused: int


class Paces(NamedTuple):
    """The figures of the honest bidders before a flood, during one at another house, and during one at their house."""

    calm: Pace
    elsewhere: Pace
    here: Pace


@click.command(short_help="Measure what a flooding bidder costs the others.")
@click.option(
    "--seconds", default=2.0, show_default=True, type=click.FloatRange(min=0.5), help="Length of each situation."
)
@click.option("--repeats", default=3, show_default=True, type=click.IntRange(min=1), help="How often to measure each.")
@click.option(
    "--flood", "floods", multiple=True, type=click.Choice(list(FLOODS)), help="Only this flood; may be repeated."
)
@click.option("--quick", is_flag=True, help="Measure everything once and briefly, in a few seconds.")
@results_option
def fairness(seconds: float, repeats: int, floods: tuple[str, ...], quick: bool, results_folder: Path) -> None:  # noqa: FBT001 -- click passes by name
    """Measure the times of honest bidders' verdicts without a flood, and during each flood."""
    kinds = floods or tuple(FLOODS)
    show_and_keep(measure(kinds, 0.5 if quick else seconds, 1 if quick else repeats), results_folder)


def measure(kinds: Sequence[str], seconds: float, repeats: int) -> Finding:
    """Measure these floods with and without CURVE, each `repeats` times in turn."""
    found: dict[Case, list[Paces]] = {Case(kind, curve): [] for curve in (False, True) for kind in kinds}
    for number in range(repeats):
        for is_encrypted in (False, True):
            with tempfile.TemporaryDirectory(prefix="auction-bench-") as name:
                for kind, paces in _measure_once(Path(name), kinds, seconds, number, is_encrypted=is_encrypted).items():
                    found[Case(kind, is_encrypted)].append(paces)
    return finding(found, repeats)


def _measure_once(
    folder: Path, kinds: Sequence[str], seconds: float, seed: int, *, is_encrypted: bool
) -> dict[str, Paces]:
    def beside(link: JoinLink) -> dict[str, Paces]:
        return _in_house(folder / "elsewhere", lambda other: _paces(link, other, kinds, seconds, seed), is_encrypted)

    return _in_house(folder / "here", beside, is_encrypted)


def _in_house(folder: Path, work: Callable[[JoinLink], T], is_encrypted: bool) -> T:  # noqa: FBT001 -- passed on
    folder.mkdir()
    return in_house(folder, LOTS, work, is_encrypted=is_encrypted, options=("--port", "0"))


def _paces(link: JoinLink, other: JoinLink, kinds: Sequence[str], seconds: float, seed: int) -> dict[str, Paces]:
    leading(link, LOTS)
    bids = Bids(LOTS, HONEST)
    with OpenLoop(link.request_address, link.server_key, HONEST) as honest:
        honest.enrol()
        return {
            kind: Paces(
                _pace(honest, bids, seconds, seed, nullcontext([0])),
                _pace(honest, bids, seconds, seed, flooding(kind, other)),
                _pace(honest, bids, seconds, seed, flooding(kind, link)),
            )
            for kind in kinds
        }


def _pace(honest: OpenLoop, bids: Bids, seconds: float, seed: int, flood: AbstractContextManager[list[int]]) -> Pace:
    warm_up_s = seconds * WARM_UP_SHARE
    due_ns = arrivals_ns(HONEST_PER_S, seconds + warm_up_s, seed)
    with flood as done:
        timings = honest.run(due_ns, bids)
    return Pace(timings.latencies(warm_up_s), done[0], len(due_ns) - timings.accepted)


@contextmanager
def flooding(kind: str, link: JoinLink) -> Iterator[list[int]]:
    """Have a process flood a house; after its end the yielded list holds the amount that it did."""
    done: list[int] = []
    addresses = (link.request_address, link.publish_address, link.server_key)
    with running_child("benchmarks.load.flooder", kind, *addresses) as flooder:
        flooder.hear(str)  # it has joined
        yield done
        flooder.tell("stop")
        done.append(flooder.hear(int))


def finding(found: dict[Case, list[Paces]], repeats: int) -> Finding:
    """Return the finding for each flood, with and without CURVE."""
    calm = {
        curve: _together(one.calm for case, paces in found.items() if case.is_encrypted is curve for one in paces)
        for curve in (False, True)
    }
    return Finding(
        name="fairness",
        question="What does somebody who floods the house cost the others?",
        repeats=repeats,
        rows=tuple(_row(case, paces, calm[case.is_encrypted]) for case, paces in found.items()),
        targets=tuple(_target(case, paces, calm[case.is_encrypted]) for case, paces in found.items()),
        notes=(
            f"{HONEST} honest bidders make {HONEST_PER_S} bids/s together; the house has its usual budgets.",
            "Elsewhere: the same flood at another house on this machine, which costs processor time alone.",
            "Percentiles are of all repetitions together; calm: of all moments before floods.",
        ),
    )


def _together(paces: Iterable[Pace]) -> Latencies:
    verdicts = Latencies()
    for pace in paces:
        verdicts.add(pace.verdicts)
    return verdicts


def _on(case: Case) -> str:
    return "on" if case.is_encrypted else "off"


def _row(case: Case, paces: list[Paces], calm: Latencies) -> Row:
    here = _together(one.here for one in paces)
    each_ms = [one.here.verdicts.percentile_ms(99) for one in paces]
    return Row(
        {"flood": case.kind, "curve": _on(case)},
        {
            "calm_p99_ms": calm.percentile_ms(99),
            "elsewhere_p99_ms": _together(one.elsewhere for one in paces).percentile_ms(99),
            "p99_ms": here.percentile_ms(99),
            "p99_ms_min": min(each_ms),
            "p99_ms_max": max(each_ms),
            "p50_ms": here.percentile_ms(50),
            "flooded": median(one.here.flooded for one in paces),
            "refused": sum(one.here.refused for one in paces),
        },
    )


def _target(case: Case, paces: list[Paces], calm: Latencies) -> Target:
    calm_ms = calm.percentile_ms(99)
    ratio = _together(one.here for one in paces).percentile_ms(99) / calm_ms
    elsewhere = _together(one.elsewhere for one in paces).percentile_ms(99) / calm_ms
    return Target(
        f"{case.kind}, CURVE {_on(case)}: p99 at most {P99_RATIO_MAX:g} times the calm one",
        f"{ratio:.2f} times ({elsewhere:.2f} with the flood elsewhere)",
        reached=ratio <= P99_RATIO_MAX,
    )
