"""The clock that goes on in a sleep."""

import subprocess
import sys

import pytest

from common.steady_time import steady_ns

DIFFERENCE = "import time; from common.steady_time import steady_ns; print(round(steady_ns() / 1e9 - time.monotonic()))"
SLEPT_S = 5000


def test_it_only_rises() -> None:
    readings = [steady_ns() for _ in range(1000)]
    assert readings == sorted(readings)


def slept(*program: str) -> "subprocess.CompletedProcess[str]":
    """Run a program as on a machine that slept for a time more than this one did: its clocks are offset so."""
    command = ["unshare", "--time", "--boottime", str(SLEPT_S), *program]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="NOT VERIFIED: only Linux can offset a program's clocks"
)
def test_it_counts_the_time_in_which_the_machine_slept() -> None:
    if slept("true").returncode:
        pytest.skip("NOT VERIFIED: time namespaces are not allowed here")
    here = subprocess.run([sys.executable, "-c", DIFFERENCE], capture_output=True, text=True, check=True)
    there = slept(sys.executable, "-c", DIFFERENCE)
    assert int(there.stdout) - int(here.stdout) == SLEPT_S
