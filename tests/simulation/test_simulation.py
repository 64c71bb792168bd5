"""Thousands of simulated sales with everything going wrong, each judged by the checker."""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from common.codec import encode
from common.formats.sealed import SealRequest
from tests.simulation.plan import Plan, plan_of
from tests.simulation.run import Result, SimulatedSale, simulate
from tests.simulation.shrinking import shrunk
from tests.simulation.sweep import Sweep, never_reached, report, sweep

ROOT = Path(__file__).resolve().parents[2]
PARTS = 6
PART_SEEDS = 63
"""Nearly four hundred seeds in all, which take each of the rare paths; `make torture` runs a hundred thousand."""


@pytest.fixture(scope="session")
def parts_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that all workers of this run share, and no other run."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.mark.parametrize("part", range(PARTS))
def test_every_promise_holds_whatever_goes_wrong(part: int, parts_folder: Path) -> None:
    """The workers share the parts; the last one to end checks that together they took each rare path."""
    found = sweep(part * PART_SEEDS, PART_SEEDS)
    assert not found.failures, "\n".join(found.failures)
    written = parts_folder / f"part-{part}"
    written.write_bytes(pickle.dumps(found))
    written.rename(written.with_suffix(".ended"))
    ended = [pickle.loads(path.read_bytes()) for path in parts_folder.glob("part-*.ended")]
    if len(ended) == PARTS:
        total = Sweep()
        for one in ended:
            total.add(one)
        assert not never_reached(total), report(total, 1)


@pytest.mark.torture
@pytest.mark.timeout(4 * 3600)
def test_every_promise_holds_in_a_hundred_thousand_sales() -> None:
    seeds = os.environ.get("SIMULATION_SEEDS", "100000")
    first = os.environ.get("SIMULATION_FIRST", str(PARTS * PART_SEEDS))
    command = [sys.executable, "-m", "tests.simulation", "--seeds", seeds, "--first", first]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-5_000:]


def test_a_seed_is_the_same_sale_in_every_process() -> None:
    script = (
        "from tests.simulation.plan import plan_of; from tests.simulation.run import simulate; "
        "print([repr(simulate(plan_of(seed)).history) for seed in range(3, 9)])"
    )
    told = [
        subprocess.run(
            [sys.executable, "-c", script],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hash_seed in ("1", "2")
    ]
    assert len(told[0]) > 1000
    assert told[0] == told[1]


def _seen_before_the_first_close(plan: Plan, folder: Path, more_minor: int) -> tuple[list[str], int]:
    """Return all messages until the end of the first sealed lot, except those to the first bidder alone.

    The first bidder offers `more_minor` more for sealed lots than planned. The number of these offers is also returned.
    """
    sale = SimulatedSale(plan, folder)
    first = sale.people[0]
    first.seals_more_minor = more_minor
    sale.run()
    journal = sale.premises.disk.read()
    history = sale.history(journal)
    journal.close()
    boards = ((fact, (fact.body.get("event") or {}).get("board", {})) for fact in history.facts)
    over = (fact.durable for fact, board in boards if board.get("offers") is not None)
    until = next(over, None) or sale.world.moment()
    seals = (call for call in first.calls if isinstance(call.request, SealRequest) and call.invoked < until)
    heard = (one for one in history.heard if one.at < until and one.who != first.key)
    return [f"{one.at} {one.who} {encode(one.message)!r}" for one in heard], sum(1 for _ in seals)


def without_accounts(plan: Plan) -> Plan:
    """Return a plan in which no sealed offer counts against a limit or bars a linked bidder from another offer."""
    return replace(plan, faults=plan.faults - {"accounts"})


def test_until_the_close_nobody_hears_what_depends_on_another_s_sealed_offer(tmp_path: Path) -> None:
    """Nobody learns it even from the time, the order or the length of a message."""
    offers = 0
    for seed in range(20):
        folders = [tmp_path / f"{seed}-{name}" for name in "ab"]
        for folder in folders:
            folder.mkdir()
        (seen, asked), (other, _) = (
            _seen_before_the_first_close(without_accounts(plan_of(seed)), folder, more_minor)
            for folder, more_minor in zip(folders, (0, 4321), strict=True)
        )
        assert seen == other, f"seed {seed}"
        offers += asked
    assert offers > 20


def test_a_standstill_is_given_back_and_no_more() -> None:
    plans = (replace(plan_of(seed), faults=plan_of(seed).faults | {"standstill"}) for seed in range(20))
    faults = [fault for plan in plans for fault in simulate(plan).faults]
    assert not faults, faults[0]


def test_a_failing_plan_is_made_small() -> None:
    def run(plan: Plan) -> Result:
        """Fail like a house whose crash loses the messages under way about the third bidder's second lot."""
        fails = plan.bidders >= 3 and plan.lots >= 2 and "crash" in plan.faults and plan.duration_ms > 4000
        result = simulate(replace(plan, duration_ms=500))
        result.plan = plan
        result.faults = ["order: as wanted"] if fails else ["told: something else"] if plan.lots == 1 else []
        return result

    large = replace(plan_of(1), bidders=4, lots=4, duration_ms=60_000, faults=frozenset({"crash", "disk", "cut"}))
    small = shrunk(run(large), run).plan
    assert (small.bidders, small.lots, small.faults) == (3, 2, frozenset({"crash"}))
    assert 4000 < small.duration_ms < 8000


def test_the_command_repeats_the_plan() -> None:
    small = replace(plan_of(2), bidders=1, lots=1, duration_ms=2000, faults=plan_of(2).faults & {"crash", "cut"})
    done = subprocess.run(
        [sys.executable, *small.command().split()[1:]], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == small.command()
    assert done.stdout.splitlines()[1:-1] == [
        f"  {fact.position:4} {fact.body}" for fact in simulate(small).history.facts
    ]
