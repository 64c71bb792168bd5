"""Crashes and failing disks, for real: the server is killed at random, and at or in every call that touches its files.

After each fault the same house goes on: every bid gets its one verdict, and in the end the checker holds the whole
sale, as its bidders saw it, to the journal. A failure names the seed or the faults. The house makes a snapshot every
few facts, so that kills and faults strike the process that makes them too, and starts go on from what it left.
"""

import os
import random
import signal
import threading
from contextlib import ExitStack
from pathlib import Path

import pytest

from auctioneer.process.folder import DataFolder
from tests import strace
from tests.crashes import snapshotting
from tests.crashes.injection import KILL, Fault, every_fault
from tests.crashes.sweep import NAMES, Sweep
from tests.house_process import running_house
from tests.live_sale import Witness, bidding, conclude

KILLS = 20
KILLS_TORTURE = 1000
KILLS_IN_A_SALE = 100
FAULTS = (
    Fault("write", KILL, 1),
    Fault("pwrite64", KILL, 1),
    Fault("ftruncate", KILL, 1),
    Fault("rename", KILL, 1),
    Fault("unlink", KILL, 2),
    Fault("fdatasync", KILL, 4),
    Fault("pwrite64", KILL, 20),
    Fault("pwrite64", "error=EIO", 20),
    Fault("pwrite64", "error=ENOSPC", 18, for_good=True),
    Fault("pwrite64", "retval=0", 19),
    Fault("fdatasync", "error=EIO", 5),
    Fault("fsync", "error=ENOSPC", 1),
    Fault("ftruncate", "error=EIO", 1),
)
FAULTS_IN_A_SALE = 30


def kill_at_random(folder: Path, kills: int) -> None:
    """Hold a sale in which the server is killed so many times while three bidders bid."""
    seed = random.randrange(2**32)
    chance = random.Random(seed)
    pause = threading.Event()
    with ExitStack() as resources:
        house = resources.enter_context(running_house(folder, program=snapshotting.MODULE))
        witnesses = [resources.enter_context(Witness(house.link, name)) for name in NAMES]
        with bidding(witnesses):
            for _ in range(kills):
                pause.wait(chance.uniform(0, 0.15))
                house.kill_server(chance.choice((signal.SIGKILL, signal.SIGKILL, signal.SIGABRT)))
        conclude(house, witnesses, f"seed {seed}")
        assert sum(witness.accepted for witness in witnesses) > kills, "hardly any bids got through"
        assert DataFolder(house.data).snapshots.positions()


def test_kills_at_random_cost_nobody_anything(tmp_path: Path) -> None:
    kill_at_random(tmp_path, KILLS)


@pytest.mark.torture
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("sale", range(KILLS_TORTURE // KILLS_IN_A_SALE))
def test_a_thousand_kills_cost_nobody_anything(tmp_path: Path, sale: int) -> None:
    kill_at_random(tmp_path, KILLS_IN_A_SALE)


def test_faults_at_chosen_calls_cost_nobody_anything(tmp_path: Path) -> None:
    strace.require()
    with Sweep(tmp_path) as sweep:
        reached = [fault for fault in FAULTS if sweep.strike(fault)]
    assert len(reached) >= len(FAULTS) - 2, f"only these faults were reached: {list(map(str, reached))}"


@pytest.mark.torture
@pytest.mark.timeout(7200)
def test_faults_at_every_call_cost_nobody_anything(tmp_path: Path) -> None:
    strace.require()
    (tmp_path / "counted").mkdir()
    with Sweep(tmp_path / "counted") as sweep:
        faults = every_fault(sweep.count_calls())
    reached = 0
    for start in range(0, len(faults), FAULTS_IN_A_SALE):
        folder = tmp_path / str(start)
        folder.mkdir()
        with Sweep(folder) as sweep:
            reached += sum(sweep.strike(fault) for fault in faults[start : start + FAULTS_IN_A_SALE])
    assert reached > 0.8 * len(faults), f"{reached} of {len(faults)} faults were reached"


def test_a_house_that_stands_still_again_and_again_costs_nobody_anything(tmp_path: Path) -> None:
    """SIGSTOP and SIGCONT: requests wait in its sockets meanwhile, and clients repeat them."""
    with ExitStack() as resources:
        house = resources.enter_context(running_house(tmp_path))
        witnesses = [resources.enter_context(Witness(house.link, name)) for name in NAMES]
        pause = threading.Event()
        with bidding(witnesses):
            for stopped_s in (0.01, 1.5, 0.05, 0.01):
                os.kill(house.server_pid, signal.SIGSTOP)
                pause.wait(stopped_s)
                os.kill(house.server_pid, signal.SIGCONT)
                witnesses[0].wait_for_verdicts(2)
        conclude(house, witnesses)
