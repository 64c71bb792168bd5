"""`auctioneer doctor` as an organiser types it: before a house, beside it, and where something is wrong."""

import json
import socket
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from auctioneer.cli import main
from auctioneer.readiness import machine
from tests.house_process import running_house


@pytest.fixture(autouse=True)
def short_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "WATCHED_S", 0.0)


def doctor(data: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["doctor", "--data", str(data), *words], catch_exceptions=False)


def found(data: Path, *words: str) -> dict[str, dict[str, Any]]:
    told = doctor(data, *words, "--json")
    document = json.loads(told.stdout)
    findings = {one["check"]: one for one in document["findings"]}
    assert len(findings) == len(document["findings"])
    assert document["ready"] is (told.exit_code == 0)
    assert told.exit_code == any(one["verdict"] == "fault" for one in findings.values())
    return findings


def test_a_machine_without_a_sale_is_judged_and_left_as_it_is(tmp_path: Path) -> None:
    findings = found(tmp_path / "data", "--port", "0")
    assert findings["port_requests"]["verdict"] == findings["disk_space"]["verdict"] == "ok"
    assert findings["network"]["verdict"] == "warning", "the default is for this machine only"
    assert list(tmp_path.iterdir()) == []


def test_a_port_that_another_program_has_is_a_fault(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        number = other.getsockname()[1]
        told = doctor(tmp_path, "--port", str(number), "--publish-port", "0")
    assert told.exit_code == 1
    assert "fault    Another program" in told.stdout
    assert f"127.0.0.1, port {number}" in told.stdout


def test_beside_a_house_its_own_ports_are_no_fault(tmp_path: Path) -> None:
    with running_house(tmp_path) as house:
        findings = found(house.data)
        assert findings["port_requests"]["what"].startswith("Your house listens for requests on 127.0.0.1")
        assert findings["port_broadcasts"]["verdict"] == findings["clock"]["verdict"] == "ok"


def test_a_place_that_takes_no_files_is_a_fault() -> None:
    findings = found(Path("/proc/sale"), "--port", "0")
    assert findings["disk"]["verdict"] == "fault"
    assert "disk_space" not in findings


def test_more_bidders_than_the_system_allows_are_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resource.getrlimit", lambda _: (256, 1024))
    assert found(tmp_path, "--port", "0", "--bidders", "462")["files"]["verdict"] == "ok"
    assert found(tmp_path, "--port", "0", "--bidders", "463")["files"]["verdict"] == "fault"
