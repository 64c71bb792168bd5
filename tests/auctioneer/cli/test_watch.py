"""`auctioneer watch` as an auctioneer types it: it looks again and again, over a restart, and ends with the sale."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from auctioneer.cli import main
from auctioneer.process.folder import DataFolder
from tests.auctioneer.cli.cli_sales import at_terminal, begin_sale, desk
from tests.house_process import WAIT_S, running_house


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return begin_sale(tmp_path / "sale")


def auctioneer(folder: DataFolder, *words: str) -> Result:
    return CliRunner().invoke(main, [*words, "--data", str(folder.path)], catch_exceptions=False)


def test_a_sale_that_has_ended_is_shown_once(folder: DataFolder) -> None:
    with desk(folder):
        auctioneer(folder, "end", "--yes")
        told = auctioneer(folder, "watch")
        assert told.exit_code == 0
        assert "Evening sale (ended)" in told.stdout
        assert "Bidders   0 connected of 1, 0 waiting" in told.stdout
        assert told.stdout.count("Vase") == 1
        report = json.loads(auctioneer(folder, "watch", "--json").stdout)
        assert [row["lot"] for row in report["shown"]] == ["1", "2", "3"]
        status, shown = at_terminal(folder, "watch")
        assert status == 0
        assert "Evening sale (ended)" in shown


def test_without_a_house_there_is_nothing_to_watch(folder: DataFolder) -> None:
    told = auctioneer(folder, "watch", "--json")
    assert told.exit_code == 4
    assert json.loads(told.stdout)["error"]["code"] == "unreachable"


def test_it_looks_again_over_a_restart_until_the_sale_ends(tmp_path: Path) -> None:
    with running_house(tmp_path) as house:
        command = [sys.executable, "-m", "auctioneer", "watch", "--every", "50ms", "--json", "--data", str(house.data)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
            assert program.stdout is not None
            assert json.loads(program.stdout.readline())["status"] == "running"
            house.kill_server()
            assert json.loads(program.stdout.readline())["title"] == "A sale under test"
            house.auctioneer("end", "--yes")
            rest, _ = program.communicate(timeout=WAIT_S)
        assert program.returncode == 0
        assert json.loads(rest.splitlines()[-1])["status"] == "ended"


def test_it_ends_when_the_house_is_stopped(tmp_path: Path) -> None:
    with running_house(tmp_path) as house:
        command = [sys.executable, "-m", "auctioneer", "watch", "--every", "50ms", "--data", str(house.data)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:
            assert program.stdout is not None
            assert any("A sale under test (running)" in line for line in program.stdout)
            house.stop()
            _, told = program.communicate(timeout=WAIT_S)
        assert program.returncode == 4
        assert "No house runs on" in told
