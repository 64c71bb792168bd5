"""A rehearsal as an organiser starts it: it holds the evening, ends by itself, and leaves nothing behind."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from auctioneer.cli import main
from common.local_houses import find_local_houses, local_houses_folder

PATIENCE_S = 300
EVENING = """
[sale]
title = "Evening"
currency = "EUR"

[defaults]
starting_price = "40"
estimate_low = "100"
estimate_high = "300"
duration = "2m"

[[lot]]
title = "Lamp"
soft_close = { window = "40s", extension = "40s", cap = "2m" }

[[lot]]
title = "Vase"
opens = "by hand"
duration = "until closed"

[[lot]]
title = "House"
format = "sealed"

[[lot]]
title = "Book"
format = "vickrey"
opens = 2026-12-24T19:30:00+01:00

[[lot]]
title = "Tulips"
format = "dutch"
starting_price = "400"
floor = "20"
decrement = "20"
every = "10s"
units = 2
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder for temporary files; a rehearsal must leave it empty."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return folder


@pytest.fixture
def evening(tmp_path: Path) -> Path:
    path = tmp_path / "evening.toml"
    path.write_text(EVENING)
    return path


def start(*words: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "auctioneer", "rehearse", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def auctioneer(*words: str) -> Result:
    return CliRunner().invoke(main, words, catch_exceptions=False)


def test_an_evening_of_all_formats_is_held_to_its_end(evening: Path, temporary: Path) -> None:
    with start(str(evening), "--speed", "30", "--bidders", "12", "--json") as program:
        said, told = program.communicate(timeout=PATIENCE_S)
    assert program.returncode == 0, told
    report = json.loads(said)
    assert [lot["lot"] for lot in report["lots"]] == ["1", "2", "3", "4", "5"]
    assert all(lot["offers"] > 0 and lot["status"] == "sold" for lot in report["lots"]), said
    causes = {lot["lot"]: lot["cause"] for lot in report["lots"]}
    assert causes["2"] == "hammer"
    assert causes["3"] == causes["4"] == "time"
    by_hand = report["lots"][1]
    assert by_hand["opened_after_ms"] >= 120_000, "it is opened by hand when no other lot is open"
    assert by_hand["open_for_ms"] >= 45_000
    assert report["planned_ms"] == 200_000, "the Dutch clock would run for longest"
    assert report["evening_ms"] >= 165_000
    assert report["took_ms"] < report["evening_ms"] / 10
    assert "Lot 2 has to be opened by hand: `auctioneer open LOT`." in report["notes"]
    assert "No faults: Evening, 5 lots in EUR." in told
    assert "Lot 5 opens at EUR 400.00, which falls to EUR 20.00: Tulips" in told
    assert list(temporary.iterdir()) == []


def test_a_sale_with_corrections_and_conditions_is_finished(evening: Path) -> None:
    head, lot, *_ = EVENING.split("[[lot]]")
    head = head.replace("[defaults]", 'corrections = "on"\nconditions = "Bids bind."\n[defaults]')
    evening.write_text(f"{head}[[lot]]{lot}")
    with start(str(evening), "--speed", "60", "--bidders", "4", "--json") as program:
        said, told = program.communicate(timeout=PATIENCE_S)
    assert program.returncode == 0, told
    assert "The sale does not end by itself. End it with `auctioneer finish`." in json.loads(said)["notes"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_rehearsal_that_is_stopped_leaves_nothing_behind(number: int, evening: Path, temporary: Path) -> None:
    with start(str(evening), "--bidders", "4") as program:
        assert program.stdout is not None
        assert any("opens at" in line for line in program.stdout)
        assert find_local_houses(local_houses_folder()) == [], "bidders would come to the rehearsal"
        os.kill(program.pid, number)
        _, told = program.communicate(timeout=PATIENCE_S)
        with pytest.raises(ProcessLookupError):
            os.killpg(program.pid, signal.SIGKILL)
    assert program.returncode == 130
    assert "Stopped. The rehearsal is thrown away." in told
    assert "Traceback" not in told
    assert list(temporary.iterdir()) == []


def test_the_faults_of_a_catalogue_are_told_as_by_check(tmp_path: Path, temporary: Path) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text('[sale]\ntitle = ""\ncurrency = "EUR"\n[[lot]]\ntitle = "Lamp"\n')
    told = auctioneer("rehearse", str(path))
    assert told.exit_code == 2
    assert told.stderr == auctioneer("check", str(path)).stderr
    assert list(temporary.iterdir()) == []


def test_a_speed_at_which_nobody_could_bid_is_refused_with_one_at_which_people_can(evening: Path) -> None:
    told = auctioneer("rehearse", str(evening), "--speed", "101")
    assert told.exit_code == 2
    assert "Use --speed 100 or less." in told.stderr


def test_a_sale_without_lots_and_a_place_that_cannot_be_made_are_told(
    tmp_path: Path, evening: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = tmp_path / "empty.toml"
    empty.write_text('[sale]\ntitle = "Evening"\ncurrency = "EUR"\n')
    told = auctioneer("rehearse", str(empty))
    assert (told.exit_code, "has no lots" in told.stderr) == (2, True)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
    told = auctioneer("rehearse", str(evening), "--speed", "60")
    assert told.exit_code == 6
    assert "No temporary directory can be made" in told.stderr


def test_a_long_rehearsal_is_offered_at_a_higher_speed(evening: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    evening.write_text(EVENING.replace('"2m"\n\n[[lot]]', '"2h"\n\n[[lot]]'))
    monkeypatch.setattr("tempfile.tempdir", "/nowhere")
    told = auctioneer("rehearse", str(evening))
    assert "this takes about 2h 45s. Try --speed 100." in told.stderr
