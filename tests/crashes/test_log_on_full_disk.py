"""A log that can't be written, as on a full disk: the watchdog has nobody to tell, and starts the server anyway."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.live_sale import Witness


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_a_server_is_started_again_though_the_log_can_not_be_written(tmp_path: Path) -> None:
    data = tmp_path / "data"
    command = [sys.executable, "-m", "auctioneer", "run", "--example", "--data", str(data), "--port", "0"]
    command += ["--log-format", "json"]
    environment = os.environ | {"XDG_STATE_HOME": str(tmp_path / "state")}
    with Path("/dev/full").open("w") as full:
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=full)
    try:
        link = wait_for_link(data, process)
        with Witness(link, "Ann") as witness:
            lot = next(iter(witness.client.lots()))
            os.kill(json.loads((data / "house.json").read_text())["pid"], signal.SIGKILL)
            assert witness.bid_the_minimum(lot, timeout_ms=60_000)
        assert process.poll() is None
    finally:
        process.terminate()
        process.wait(60)


def wait_for_link(data: Path, process: "subprocess.Popen[bytes]") -> str:
    """Return the join link of a house that can tell nobody that it is up."""
    while not (data / "house.json").exists():
        with pytest.raises(subprocess.TimeoutExpired):  # else it has ended
            process.wait(0.05)
    return str(json.loads((data / "house.json").read_text())["link"])
