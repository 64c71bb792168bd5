"""The process that makes a snapshot is struck at each call that touches its file: bidders notice nothing of it.

The server is traced when it is up already, and makes none of these calls then: only its child does.
"""

from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from auctioneer.journal.sqlite import SqliteStore
from auctioneer.process.folder import DataFolder
from tests import strace
from tests.crashes import snapshotting
from tests.crashes.injection import KILL, Fault, traced
from tests.house_process import running_house
from tests.live_sale import Witness, bidding, conclude

NAMES = ("Ann", "Bob")
FILE_SYNC, FOLDER_SYNC = 1, 2
FAULTS = (
    Fault("fsync", "error=EIO", FILE_SYNC),
    Fault("fsync", KILL, FOLDER_SYNC),
    Fault("rename", KILL, 1),
    Fault("unlink", KILL, 1),
)
FAULTS_TORTURE = (
    *(Fault("fsync", what, number) for what in (KILL, "error=EIO") for number in (FILE_SYNC, FOLDER_SYNC)),
    *(Fault("rename", what, 1) for what in (KILL, "error=ENOSPC")),
    *(Fault("unlink", what, 1) for what in (KILL, "error=EIO")),
)


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "faults", [FAULTS, pytest.param(FAULTS_TORTURE, marks=pytest.mark.torture)], ids=["some", "all"]
)
def test_a_snapshot_that_fails_at_any_call_costs_nobody_anything(tmp_path: Path, faults: Sequence[Fault]) -> None:
    strace.require()
    with ExitStack() as resources:
        house = resources.enter_context(running_house(tmp_path, program=snapshotting.MODULE))
        witnesses = [resources.enter_context(Witness(house.link, name)) for name in NAMES]
        with bidding(witnesses):
            for fault in faults:
                server_pid = house.server_pid
                with traced(server_pid, *fault.rule) as tracer:
                    assert tracer.wait_for_strike(lambda: False), f"{fault} was not reached"
                failed = house.wait_for("snapshot_failed")
                assert ("by signal 9" in failed["reason"]) is (fault.what == KILL), (fault, failed)
                witnesses[0].wait_for_verdicts(2)
                assert house.server_pid == server_pid, f"the server itself died of {fault}"
                house.kill_server()  # the next one goes on from what is left
        assert not any('"frozen"' in line or "Traceback" in line for line in house.lines)
        conclude(house, witnesses)
        assert house.stop() == 0
    files = DataFolder(house.data).snapshots
    assert len(files.positions()) == 2
    assert not list(house.data.glob("*.new"))
    with closing(SqliteStore(house.data / "journal.sqlite3").read()) as journal:
        saved, passed_over = files.load(journal)
        assert saved is not None
        assert (saved.position, passed_over) == (journal.position, ())
