"""Makes a failing plan smaller while it fails in the same way: fewer bidders and lots, a shorter sale, fewer faults."""

from collections.abc import Callable, Iterator

from msgspec.structs import replace

from tests.simulation.plan import FAULTS, Plan
from tests.simulation.run import Result, simulate

RUNS_MAX = 200
"""The most plans tried, so that shrinking ends within seconds."""


def kind_of(fault: str) -> str:
    """Return the kind of fault in a sentence of the checker."""
    return fault.partition(":")[0]


def shrunk(failing: Result, run: Callable[[Plan], Result] = simulate) -> Result:
    """Return the result of the smallest plan found that has a fault of the same kind as the first one."""
    kind = kind_of(failing.faults[0])
    runs, is_smaller = 0, True
    while is_smaller:
        is_smaller = False
        for plan in _smaller(failing.plan):
            runs += 1
            if runs > RUNS_MAX:
                return failing
            result = run(plan)
            if kind in map(kind_of, result.faults):
                failing, is_smaller = result, True
                break
    return failing


def _smaller(plan: Plan) -> Iterator[Plan]:
    if plan.uses_sqlite:
        yield replace(plan, uses_sqlite=False)
    for fault in FAULTS:
        if fault in plan.faults:
            yield replace(plan, faults=plan.faults - {fault})
    for bidders in range(1, plan.bidders):
        yield replace(plan, bidders=bidders)
    for lots in range(1, plan.lots):
        yield replace(plan, lots=lots)
    for parts in (8, 4, 2):
        if plan.duration_ms >= 500 * parts:
            yield replace(plan, duration_ms=plan.duration_ms // parts)
    for tenths in (7, 9):
        if plan.duration_ms >= 1000:
            yield replace(plan, duration_ms=plan.duration_ms * tenths // 10)
