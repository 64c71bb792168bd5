"""Peers' servers are stopped whatever happens, and their processor time is that of all their processes."""

import os
import sys
from pathlib import Path

import pytest

from benchmarks.peers.processes import check_alive, free_port, processor_s, running_server
from benchmarks.peers.wire import BrokenPeerError

BUSY = "import time\nwhile time.process_time() < 0.2: pass\n"
SPAWNS = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {BUSY!r}])\nprint(1, flush=True)\ninput()\n"


def test_the_processor_time_of_children_counts(tmp_path: Path) -> None:
    assert processor_s(os.getpid()) > 0
    with running_server([sys.executable, "-c", SPAWNS], tmp_path / "log") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "1\n"
        assert processor_s(process.pid) >= 0.2
    assert process.returncode is not None


def test_a_server_that_ends_is_told_with_its_last_words(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with running_server([sys.executable, "-c", "import sys; sys.exit('no disk')"], log) as process:
        process.wait()
        with pytest.raises(BrokenPeerError, match="no disk"):
            check_alive(process, log)


def test_a_free_port_is_one() -> None:
    assert 1024 <= free_port() <= 65_535
