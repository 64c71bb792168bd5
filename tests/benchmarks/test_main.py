"""A measurement as a person starts it: Ctrl-C and signals end it, and nothing is left behind."""

import os
import signal
import time
from pathlib import Path

import pytest

from tests.benchmarks.programs import PATIENCE_S, end_group, start


@pytest.mark.parametrize(
    "number", [signal.SIGINT, *(pytest.param(one, marks=pytest.mark.bench) for one in (signal.SIGTERM, signal.SIGHUP))]
)
def test_a_measurement_that_is_stopped_leaves_nothing_behind(number: int, tmp_path: Path, temporary: Path) -> None:
    results = str(tmp_path / "results")
    with start("fairness", "--flood", "bids", "--seconds", "60", "--results", results) as program:
        deadline_s = time.monotonic() + PATIENCE_S
        while not list(temporary.glob("*/*/data/house.json")):
            assert time.monotonic() < deadline_s, "it runs no house"
        os.kill(program.pid, number)
        said, _ = program.communicate(timeout=PATIENCE_S)
        assert not end_group(program), "something was left running"
    assert program.returncode == 130
    assert said.endswith("Stopped.\n")
    assert "Traceback" not in said
    assert list(temporary.iterdir()) == []
