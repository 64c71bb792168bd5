"""The first start of a house, in which keys, lists and journal come to be, is struck at every call that makes them.

A server that is killed is started again by its watchdog. A house that reports an error, or whose watchdog is killed, is
started again by hand with the same command. Either way the sale begins as if nothing had been.
"""

import signal
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests import strace
from tests.crashes.injection import CALLS, KILL, Fault, Tracer, counts, every_fault, let_go, tracer_of
from tests.house_process import CATALOGUE, HouseProcess, running_house
from tests.live_sale import Witness, conclude

FAULTS = (Fault("fsync", KILL, 4), Fault("fsync", "error=EIO", 2), Fault("pwrite64", "error=ENOSPC", 25))
"""Those that the house once did not bear: a journal without a sale, small files that could not be written, and a
journal whose content did not reach its file when it was made."""


def start_struck(folder: Path, fault: Fault) -> bool:
    """Start a house that a fault strikes, see that a sale begins all the same; return whether it was reached."""
    with TemporaryDirectory() as elsewhere, ExitStack() as resources:
        tracer = Tracer(Path(elsewhere))
        house = HouseProcess(folder, CATALOGUE, under=[*tracer.command, "-D", *fault.rule])
        resources.callback(house.stop)
        pool = resources.enter_context(ThreadPoolExecutor(1))
        start = pool.submit(house.wait_for_any, "listening", "log_ended")
        start.add_done_callback(lambda _: tracer.nudge())
        has_struck = tracer.wait_for_strike(start.done)
        let_go(tracer_of(house.process.pid))
        came_up = start.result()["event"] == "listening"
        tracer.finish()
        told = "".join(house.lines)
        assert "Traceback" not in told, f"{fault}: {told}"
        if not came_up:
            assert fault.what != KILL or house.process.poll() == -signal.SIGKILL, f"given up after {fault}: {told}"
            house.stop()
            house = resources.enter_context(running_house(folder))
        witness = resources.enter_context(Witness(house.link, "Ann"))
        assert witness.bid_the_minimum()
        conclude(house, [witness], str(fault))
    return has_struck


def count_calls(folder: Path) -> Counter[str]:
    """Return how often a first start makes each call until it listens."""
    with TemporaryDirectory() as elsewhere, ExitStack() as resources:
        tracer = Tracer(Path(elsewhere))
        house = HouseProcess(folder, CATALOGUE, under=[*tracer.command, "-D", "-e", f"trace={','.join(CALLS)}"])
        resources.callback(house.stop)
        house.wait_for("listening")
        let_go(tracer_of(house.process.pid))
        tracer.finish()
        return counts(tracer.rest())


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_fault_in_the_first_start_spoils_nothing(tmp_path: Path, fault: Fault) -> None:
    strace.require()
    assert start_struck(tmp_path, fault)


@pytest.mark.torture
@pytest.mark.timeout(3600)
def test_a_fault_at_any_call_of_the_first_start_spoils_nothing(tmp_path: Path) -> None:
    strace.require()
    (tmp_path / "counted").mkdir()
    faults = every_fault(count_calls(tmp_path / "counted"))
    reached = 0
    for number, fault in enumerate(faults):
        folder = tmp_path / str(number)
        folder.mkdir()
        reached += start_struck(folder, fault)
    assert reached > 0.8 * len(faults), f"{reached} of {len(faults)} faults were reached"
