"""`bidder doctor` as a guest types it, on a way that is open and on one that is not."""

import json
from pathlib import Path

from click.testing import CliRunner, Result

from bidder.cli import main
from tests.house_process import running_house


def doctor(home: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["doctor", *words, "--home", str(home)], catch_exceptions=False)


def test_a_guest_learns_whether_the_house_can_be_reached(tmp_path: Path) -> None:
    with running_house(tmp_path / "house") as house:
        link = house.link
        told = doctor(tmp_path, "--to", link)
        assert told.exit_code == 0, told.stdout
        assert [line.split()[0] for line in told.stdout.splitlines()] == ["ok"] * 8
        named = doctor(tmp_path, "--to", link, "--name", "Ada", "--json")
        assert json.loads(named.stdout)["ready"] is True
        assert "does not know this key yet" in named.stdout
    told = doctor(tmp_path, "--to", link, "--json")
    assert told.exit_code == 1
    findings = json.loads(told.stdout)["findings"]
    assert {one["check"]: one["verdict"] for one in findings} == {"port_requests": "fault", "port_broadcasts": "fault"}


def test_a_link_that_is_none_is_refused(tmp_path: Path) -> None:
    told = doctor(tmp_path, "--to", "http://house")
    assert told.exit_code == 2
