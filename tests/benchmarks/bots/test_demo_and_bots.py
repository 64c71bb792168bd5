"""The programs themselves, as a person starts them: what they print, how they end, and what they leave behind."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

PATIENCE_S = 300


def start(*words: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "benchmarks", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def run(*words: str) -> tuple[int, str]:
    with start(*words) as program:
        try:
            said, _ = program.communicate(timeout=PATIENCE_S)
        finally:
            end_group(program)
    return program.returncode, said


def end_group(program: "subprocess.Popen[str]") -> bool:
    """Kill what is left of a program and of all that it started; return whether anything was."""
    try:
        os.killpg(program.pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def children(pid: int) -> list[int]:
    """Return the processes that a process has started and that still run."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


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
    "number", [signal.SIGINT, *(pytest.param(one, marks=pytest.mark.bench) for one in (signal.SIGTERM, signal.SIGHUP))]
)
def test_a_measurement_that_is_stopped_leaves_nothing_behind(number: int, tmp_path: Path, temporary: Path) -> None:
    results = str(tmp_path / "results")
    with start("fairness", "--flood", "bids", "--seconds", "60", "--results", results) as program:
        deadline_s = time.monotonic() + PATIENCE_S
        while not list(temporary.glob("*/*/data/house.json")):
            assert time.monotonic() < deadline_s, "it runs no house"
        os.kill(program.pid, number)
        said, _ = program.communicate(timeout=PATIENCE_S)
        assert not end_group(program), "something was left running"
    assert program.returncode == 130
    assert said.endswith("Stopped.\n")
    assert "Traceback" not in said
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
