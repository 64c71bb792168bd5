"""A measurement that is ended early takes what it had started with it."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

WAIT_S = 60.0


def children(pid: int) -> list[int]:
    """Return the processes that a process has started."""
    try:
        return [
            int(one) for task in Path(f"/proc/{pid}/task").iterdir() for one in (task / "children").read_text().split()
        ]
    except FileNotFoundError:
        return []


def house_of(pid: int) -> list[int]:
    """Return the processes of the house that a measurement runs: its watchdog, and its server."""
    for child in children(pid):
        if b"auctioneer" in Path(f"/proc/{child}/cmdline").read_bytes():
            return [child, *children(child)]
    return []


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_measurement_that_is_told_to_end_stops_its_house(how: signal.Signals, tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "benchmarks",
        "fairness",
        "--flood",
        "bids",
        "--seconds",
        "60",
        "--results",
        str(tmp_path),
    ]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as measuring:
        deadline_s = time.monotonic() + WAIT_S
        while len(house := house_of(measuring.pid)) < 2:
            assert time.monotonic() < deadline_s, "it runs no house"
        measuring.send_signal(how)
        _, said = measuring.communicate(timeout=WAIT_S)
    assert measuring.returncode == 130
    assert said.endswith("Stopped.\n")
    assert not [pid for pid in house if Path(f"/proc/{pid}").exists()]
