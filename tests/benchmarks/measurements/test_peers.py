"""Ratios are of the same repetition, and decide what was reached."""

from importlib.metadata import version
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks.measurements.peers import finding, peers
from benchmarks.peers.lineup import Aim, Lineup
from benchmarks.peers.load import Load
from benchmarks.peers.measuring import Case, Measured
from benchmarks.peers.websocket_peer import WebSocketPeer


def _measured(per_s: int, missed: int = 0) -> Measured:
    load = Load(answered=2 * per_s, seconds=2.0, generator_s=0.5, server_s=3.0, stolen_s=0.1, total=2 * per_s)
    return Measured(load, load._replace(answered=20 * per_s), missed)


def test_ratios_are_of_the_same_repetition_and_decide_what_was_reached() -> None:
    house, echo, slow, fast = (WebSocketPeer() for _ in range(4))
    ours, pooled = Case(house, 16), Case(slow, 4, is_pool=True)
    theirs = Case(fast, 16)
    direct = Case(house, 256)
    lineup = Lineup(
        house, echo, (16, 256), [], [Aim(10, "slow", slow), Aim(2, "fast", fast), Aim(2, "gone", None)], ["a note"]
    )
    runs = {
        Case(echo, 16): [_measured(2000), _measured(400), _measured(1500)],
        Case(echo, 256): [_measured(1000), _measured(200), _measured(800)],
        ours: [_measured(1000), _measured(200), _measured(1000)],
        direct: [_measured(500), _measured(100), _measured(500)],
        pooled: [_measured(100), _measured(10), _measured(50)],
        theirs: [_measured(1000), _measured(100), _measured(800, missed=3)],
    }
    found = finding(lineup, runs, 3)
    assert [row.figures["house_times"] for row in found.rows[2:]] == [1, 1, 10, 1.25]
    assert [(target.found, target.reached) for target in found.targets] == [
        ("10.00 times (5.00 to 10.00); the bare echo 16.00", True),
        ("20.00 times (10.00 to 20.00); the bare echo 30.00", True),
        ("1.25 times (1.00 to 2.00); the bare echo 2.00", False),
        ("not measured", False),
    ]
    figures = found.rows[-1].figures
    assert (figures["bids_per_s"], figures["bids_per_s_min"], figures["trivial_per_s"]) == (800, 100, 8000)
    assert (figures["generator_percent"], figures["server_percent"], figures["stolen_percent"]) == (25, 150, 5)
    assert figures["unheard"] == 3
    assert found.notes[-1] == "a note"


@pytest.mark.bench
def test_the_command_measures_and_keeps_what_it_found(tmp_path: Path) -> None:
    result = CliRunner().invoke(
        peers, ["--quick", "--peer", "websocket", "--results", str(tmp_path)], catch_exceptions=False
    )
    assert result.exit_code == 0, result.output
    assert "10 times WebSocket" in result.output
    assert version("websockets") in (tmp_path / "peers.json").read_text()
