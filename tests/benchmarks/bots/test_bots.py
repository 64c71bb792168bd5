"""`python -m benchmarks bots` as a person starts it: what it prints, how it ends, and what it leaves behind."""

import json
import os
import re
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks.programs import PATIENCE_S, children, end_group, run, start


def test_more_bots_than_the_system_has_files_for_are_refused_in_a_sentence() -> None:
    def allow_few() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 256))

    program = subprocess.run(
        [sys.executable, "-m", "benchmarks", "bots", "--bidders", "500"],
        capture_output=True,
        text=True,
        preexec_fn=allow_few,
        timeout=300,
    )
    assert program.returncode == 2
    assert "1000 more files: the system allows it 256" in program.stderr


def test_bots_bid_in_a_sale_that_is_on_and_report(small_sale: Path, tmp_path: Path) -> None:
    """Its lot is opened once the bots have told how they get on, however long it took them to come."""
    head, lot, *_ = small_sale.read_text().split("[[lot]]")
    small_sale.write_text(f'{head}opens = "by hand"\n[[lot]]{lot}')
    data = tmp_path / "sale"

    def auctioneer(*words: str) -> list[str]:
        return [sys.executable, "-m", "auctioneer", *words, "--data", str(data)]

    command = auctioneer("run", str(small_sale), "--port", "0")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as house:
        try:
            assert house.stdout is not None
            assert any("Join link" in line for line in house.stdout)
            first_status, first = run("bots", "--data", str(data), "--bidders", "3", "--seconds", "1")
            with start("bots", "--data", str(data), "--bidders", "5", "--strategy", "incremental") as program:
                assert program.stdout is not None
                assert any("0 bids accepted" in line for line in program.stdout), "there was no progress to read"
                subprocess.run(auctioneer("open", "1"), check=True, stdout=subprocess.DEVNULL)
                second, _ = program.communicate(timeout=PATIENCE_S)
        finally:
            house.terminate()
    assert (first_status, program.returncode) == (0, 0), first + second
    assert "OK    All 3 bots have the sale that a newcomer is given" in first
    assert "OK    All 5 bots have the sale that a newcomer is given" in second
    assert re.search(r"[1-9]\d* accepted, \d+ refused", second), "nobody bid"
    assert "p99" in second
    assert "OK    The record verifies" in second


def test_bots_hold_a_sale_of_their_own_and_outlive_a_kill(temporary: Path) -> None:
    words = (
        "--bidders",
        "40",
        "--processes",
        "2",
        "--lots",
        "4",
        "--duration",
        "6",
        "--kill",
        "1",
        "--arrivals",
        "even",
    )
    program = subprocess.run(
        [sys.executable, "-m", "benchmarks", "bots", *words, "--json"],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert program.returncode == 0, program.stdout + program.stderr
    found = json.loads(program.stdout)
    assert found["right"] is True
    assert [check["problems"] for check in found["checks"]] == [[]] * 7
    (kill,) = found["kills"]
    assert 0 <= kill["accepted_before"] <= found["accepted"]
    assert found["accepted"] > 0
    assert found["unanswered"] == found["histories_lost"] == 0
    assert 0 < found["latency_ms"]["p50"] <= found["latency_ms"]["max"]
    assert len(found["lots"]) == 4
    assert found["revenue_minor"] == sum(lot["hammer_minor"] or 0 for lot in found["lots"]) > 0
    assert sum(lot["bids"] for lot in found["lots"]) <= found["accepted"]
    assert list(temporary.iterdir()) == []


def test_bots_that_are_stopped_leave_nothing_behind(temporary: Path) -> None:
    with start("bots", "--bidders", "40", "--processes", "2", "--lots", "2") as program:
        assert program.stdout is not None
        assert any("bids accepted" in line for line in program.stdout)
        workers = children(program.pid)
        assert len(workers) >= 3, "the house and two workers, and it may be a command to the house"
        os.kill(program.pid, signal.SIGINT)
        said, _ = program.communicate(timeout=PATIENCE_S)
        assert not end_group(program), "something was left running"
    assert program.returncode == 130
    assert "Stopped, and with it all bots." in said
    assert "Traceback" not in said
    assert not any(Path(f"/proc/{worker}").exists() for worker in workers)
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--data", "nowhere"), "No house runs on nowhere."),
        (("--to", "http://example.org"), "is not a join link"),
        (("--to", "auction://127.0.0.1:1/plain?publish=2", "--data", "nowhere"), "both name a house"),
        (("--to", "auction://127.0.0.1:1/plain?publish=2", "--kill", "1"), "for a house that is started here"),
        (("--seconds", "5"), "for a house that runs already"),
    ],
)
def test_bots_without_a_house_say_what_is_wrong(words: tuple[str, ...], sentence: str) -> None:
    status, said = run("bots", *words)
    assert status == 2
    assert sentence in said
    assert "Traceback" not in said
