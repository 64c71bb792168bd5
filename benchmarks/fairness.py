"""Whether a bidder who floods the house slows down the others, who bid at an honest pace.

A flooder also takes processor time from everybody on this machine. To tell that from what the house lets happen, the
same flood goes to the bare echo beside it once: the difference between the two is the house's.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

import click

from benchmarks.child import running_child
from benchmarks.findings import results_option, show_and_keep, spread
from benchmarks.latencies import Latencies
from benchmarks.open_loop import OpenLoop, arrivals_ns
from benchmarks.results import Finding, Row, Target
from benchmarks.rising_sale import Bids
from benchmarks.servers import in_house, leading, running_echo
from common.keys import JoinLink

P99_RATIO_MAX: Final = 2.0
HONEST: Final = 4
"""Honest bidders."""
HONEST_PER_S: Final = 200
"""What they bid together; far below what the house lets each."""
LOTS: Final = 16
WARM_UP_SHARE: Final = 0.2
CALM: Final = "nobody floods"
ELSEWHERE: Final = "flood at the echo"
FLOODS: Final = {"flood of bids": "bids", "flood of junk": "junk"}


class Pace(NamedTuple):
    """What honest bidders met with in one situation."""

    verdicts: Latencies
    flooded: int
    """What the flooder's connection took from it."""
    refused: int


Paces = dict[str, Pace]


@click.command(short_help="Measure what a flooding bidder costs the others.")
@click.option("--seconds", default=5.0, show_default=True, type=click.FloatRange(min=0.5), help="Of each situation.")
@click.option("--repeats", default=3, show_default=True, type=click.IntRange(min=1), help="How often each is measured.")
@click.option("--quick", is_flag=True, help="A look of a few seconds: everything once, and little of it.")
@results_option
def fairness(seconds: float, repeats: int, quick: bool, results_folder: Path) -> None:  # noqa: FBT001 -- click passes by name
    """Measure honest bidders' verdicts while nobody floods, and while one floods the house with bids, or with junk."""
    show_and_keep(measure(0.5 if quick else seconds, 1 if quick else repeats), results_folder)


def measure(seconds: float, repeats: int) -> Finding:
    """Measure with and without CURVE, each `repeats` times in turn, in all situations."""
    found: dict[bool, list[Paces]] = {False: [], True: []}
    for number in range(repeats):
        for is_encrypted, paces in found.items():
            with tempfile.TemporaryDirectory(prefix="auction-bench-") as name:
                paces.append(_measure_once(Path(name), seconds, number, is_encrypted=is_encrypted))
    return finding(found, repeats)


def _measure_once(folder: Path, seconds: float, seed: int, *, is_encrypted: bool) -> Paces:
    with running_echo(folder, is_encrypted=is_encrypted) as (echo_address, echo_key):

        def work(link: JoinLink) -> Paces:
            leading(link, LOTS)
            bids = Bids(LOTS, HONEST)
            targets = {ELSEWHERE: ("bids", echo_address, echo_key)} | {
                name: (kind, link.request_address, link.server_key) for name, kind in FLOODS.items()
            }
            with OpenLoop(link.request_address, link.server_key, HONEST) as honest:
                honest.enrol()
                return {name: _pace(honest, bids, seconds, seed, targets.get(name)) for name in (CALM, *targets)}

        return in_house(folder, LOTS, work, is_encrypted=is_encrypted, options=("--port", "0"))


def _pace(honest: OpenLoop, bids: Bids, seconds: float, seed: int, target: tuple[str, str, str] | None) -> Pace:
    warm_up_s = seconds * WARM_UP_SHARE
    due_ns = arrivals_ns(HONEST_PER_S, seconds + warm_up_s, seed)
    with flooding(*target) if target else nullcontext([0]) as sent:
        timings = honest.run(due_ns, bids)
    return Pace(timings.latencies(warm_up_s), sent[0], len(due_ns) - timings.accepted)


@contextmanager
def flooding(kind: str, address: str, server_key: str) -> Iterator[list[int]]:
    """Have a process flood an address; the list that is yielded holds how much it sent, once it has ended."""
    sent: list[int] = []
    with running_child("benchmarks.flooder", kind, address, server_key) as flooder:
        flooder.hear(str)  # that it has joined
        yield sent
        flooder.tell("stop")
        sent.append(flooder.hear(int))


def finding(found: dict[bool, list[Paces]], repeats: int) -> Finding:
    """Return what the situations, by whether they were encrypted, come to."""
    return Finding(
        name="fairness",
        question="What does a bidder who floods the house cost the others?",
        repeats=repeats,
        rows=tuple(
            _row(name, paces, is_encrypted)
            for is_encrypted, paces in found.items()
            for name in (CALM, ELSEWHERE, *FLOODS)
        ),
        targets=tuple(_target(name, paces, is_encrypted) for is_encrypted, paces in found.items() for name in FLOODS),
        notes=(
            f"{HONEST} honest bidders make {HONEST_PER_S} bids/s together; the house has its usual budgets.",
            "A flood at the echo shows what the flooder costs by its processor time alone.",
        ),
    )


def _row(name: str, paces: list[Paces], is_encrypted: bool) -> Row:  # noqa: FBT001 -- a dictionary's key
    return Row(
        {"situation": name, "curve": "on" if is_encrypted else "off"},
        {
            "honest_p50_ms": median(one[name].verdicts.percentile_ms(50) for one in paces),
            **spread("honest_p99_ms", [one[name].verdicts.percentile_ms(99) for one in paces]),
            "against_calm": _ratio(name, paces),
            "flood_messages": median(one[name].flooded for one in paces),
            "honest_refused": sum(one[name].refused for one in paces),
        },
    )


def _ratio(name: str, paces: list[Paces]) -> float:
    return median(one[name].verdicts.percentile_ms(99) / one[CALM].verdicts.percentile_ms(99) for one in paces)


def _target(name: str, paces: list[Paces], is_encrypted: bool) -> Target:  # noqa: FBT001 -- a dictionary's key
    ratio, elsewhere = _ratio(name, paces), _ratio(ELSEWHERE, paces)
    return Target(
        f"{name}, {'with' if is_encrypted else 'without'} CURVE: p99 at most {P99_RATIO_MAX:g} times the calm one",
        f"{ratio:.2f} times ({elsewhere:.2f} with the flood at the echo)",
        reached=ratio <= P99_RATIO_MAX,
    )
