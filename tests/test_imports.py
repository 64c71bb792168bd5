"""What a program imports: our packages where another one hides a part of them, and all names from one place."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
HEAVY = ["prompt_toolkit", "rich.console", "textual", "starlette", "openpyxl", "psycopg"]


def run(program: Path) -> "subprocess.CompletedProcess[str]":
    """Run a program as a user does: its own folder comes first where Python looks for packages."""
    return subprocess.run(
        [sys.executable, str(program)],
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("package", ["bidder", "auctioneer"])
@pytest.mark.parametrize("hiding", ["common/__init__.py", "common.py"])
def test_another_package_that_hides_ours_is_named_with_both_paths(tmp_path: Path, package: str, hiding: str) -> None:
    other = tmp_path / hiding
    other.parent.mkdir(exist_ok=True)
    other.write_text("raise AssertionError('it is not for us to run')")
    program = tmp_path / "program.py"
    program.write_text(f"import {package}")
    last_line = run(program).stderr.splitlines()[-1]
    assert last_line.startswith("ImportError: ")
    assert f"`import {package}`" in last_line
    assert f"{ROOT / 'common'})" in last_line
    assert f"{other}." in last_line


@pytest.mark.parametrize("package", ["bidder", "auctioneer"])
def test_a_folder_of_that_name_that_is_no_package_hides_nothing(tmp_path: Path, package: str) -> None:
    (tmp_path / "common").mkdir()
    program = tmp_path / "program.py"
    program.write_text(f"import {package}; print('imported')")
    assert run(program).stdout == "imported\n"


@pytest.mark.parametrize("start", ["auctioneer.cli, auctioneer.process.serving", "bidder.cli", "bidder"])
def test_no_start_takes_in_what_only_some_terminals_need(tmp_path: Path, start: str) -> None:
    """They took a third of the time of every `bidder` command, and a sixth of a house's start."""
    program = tmp_path / "program.py"
    program.write_text(
        f"import sys, {start}; print([one for one in {HEAVY} if one in sys.modules]); import rich.console"
    )
    done = run(program)
    assert done.stdout == "[]\n", done.stderr
    assert not done.returncode, "rich is there for those who ask for it"
