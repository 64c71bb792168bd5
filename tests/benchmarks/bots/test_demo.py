"""The demo as a person starts it: what it prints, how it ends, and what it leaves behind."""

import os
import re
import signal
from pathlib import Path

import pytest

from tests.benchmarks.programs import PATIENCE_S, end_group, run, start


def test_a_demo_in_a_pipe_tells_the_sale_in_lines_and_proves_it(small_sale: Path, temporary: Path) -> None:
    status, said = run("demo", "--catalogue", str(small_sale), "--bidders", "8", "--seed", "3")
    lines = said.splitlines()
    assert status == 0, said
    assert any(line.startswith("  Join link  auction://127.0.0.1:") for line in lines)
    assert sum("SOLD to" in line or "PASSED" in line for line in lines) == 3
    assert any("SOLD to" in line for line in lines)
    assert sum("Lot 4 BUY-NOW: " in line for line in lines) == 1, "the lot that all can pay for was not bought"
    assert sum(line.startswith("OK    ") for line in lines) == 4
    assert "\x1b" not in said
    assert len(lines) < 100
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_demo_that_is_stopped_leaves_nothing_behind(number: int, small_sale: Path, temporary: Path) -> None:
    small_sale.write_text(re.sub('duration = "[67]s"', 'duration = "30s"', small_sale.read_text()))  # not over before
    with start("demo", "--catalogue", str(small_sale), "--bidders", "12") as program:
        assert program.stdout is not None
        for line in program.stdout:
            if "outbids" in line or "jumps past" in line:
                break
        os.kill(program.pid, number)
        said, _ = program.communicate(timeout=PATIENCE_S)
        assert not end_group(program), "something was left running"
    assert program.returncode == 130
    assert "Stopped, and with it the auctioneer and all bots." in said
    assert "Traceback" not in said
    assert list(temporary.iterdir()) == []


def test_a_catalogue_with_faults_is_told_in_the_auctioneers_words(tmp_path: Path, temporary: Path) -> None:
    catalogue = tmp_path / "bad.toml"
    catalogue.write_text('[sale]\ntitle = "Bad"\ncurrency = "USD"\n\n[[lot]]\ntitle = "No price"\n')
    status, said = run("demo", "--catalogue", str(catalogue))
    assert status == 1
    assert "Error [house]:" in said
    assert "starting_price" in said
    assert "Traceback" not in said
    assert list(temporary.iterdir()) == []


def test_a_directory_that_cannot_be_made_is_told_in_a_sentence(tmp_path: Path, small_sale: Path) -> None:
    (tmp_path / "file").write_text("")
    status, said = run("demo", "--catalogue", str(small_sale), "--data", str(tmp_path / "file" / "sale"))
    assert status == 1
    assert "can't be used" in said
    assert "Traceback" not in said
