"""A peer whose programs are missing is said aloud."""

import pytest

from benchmarks.measurements.peers import QUICK
from benchmarks.peers.lineup import REDIS, Aim, line_up


def test_a_peer_that_is_not_here_is_said_aloud(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")
    lineup = line_up((REDIS,), QUICK)
    assert lineup.aims == [Aim(2, "redis", None)]
    assert {case.peer.name for case in lineup.cases} == {"bare echo", "house"}
    assert "sudo apt-get install redis-server" in capsys.readouterr().err
    assert "sudo apt-get install redis-server" in lineup.notes[0]
