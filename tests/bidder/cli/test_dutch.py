"""`bidder stop` from a shell, at a terminal and at the prompt, at a small house."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from common.formats.dutch import StopRequest
from tests.bidder.cli.programs import AtTerminal
from tests.bidder.shells.fake_house import FakeHouse
from tests.house_process import WAIT_S

LOT = "7"


@pytest.fixture
def fake() -> Iterator[FakeHouse]:
    fake = FakeHouse(1)
    fake.house.add_dutch_lot(LOT, units=5)
    fake.house.open(LOT)
    fake.house.outbox.clear()
    with fake:
        yield fake


def words(fake: FakeHouse, *command: str) -> tuple[str, ...]:
    return (*command, "--name", "Ada", "--to", str(fake.link))


def bidder(fake: FakeHouse, home: Path, *command: str, typed: str = "") -> "subprocess.CompletedProcess[str]":
    program = [sys.executable, "-m", "bidder", *words(fake, *command), "--home", str(home)]
    return subprocess.run(program, input=typed, capture_output=True, text=True, timeout=WAIT_S, check=False)


def record(result: "subprocess.CompletedProcess[str]") -> dict[str, Any]:
    read: dict[str, Any] = json.loads(result.stdout)
    return read


def stops(fake: FakeHouse) -> list[tuple[int, int]]:
    return [(one.price_minor, one.units) for one in fake.house.seen if isinstance(one, StopRequest)]


def test_a_stop_takes_what_the_clock_shows_and_counts_once(fake: FakeHouse, tmp_path: Path) -> None:
    taken = bidder(fake, tmp_path, "stop", LOT, "--units", "2", "--json")
    assert (taken.returncode, taken.stderr) == (0, "")
    first = record(taken)
    told = (first["status"], first["price"], first["own_units"], first["own_amount"], first["units_left"])
    assert told == ("accepted", "10.00", 2, "20.00", 3)
    again = bidder(
        fake, tmp_path, "stop", LOT, "--units", "2", "--price", "10", "--request-id", str(first["request_id"]), "--json"
    )
    assert record(again) == first
    assert stops(fake) == [(1_000, 2), (1_000, 2)]


def test_a_price_is_the_most_to_pay(fake: FakeHouse, tmp_path: Path) -> None:
    low = bidder(fake, tmp_path, "stop", LOT, "--price", "9.50")
    assert low.returncode == 3
    assert low.stderr.startswith("Error [below_minimum]: ")
    assert "The clock of lot 7 shows USD 10.00, with 5 units left." in low.stderr
    high = bidder(fake, tmp_path, "stop", LOT, "--price", "12", "--units", "3")
    assert (high.returncode, high.stdout) == (0, "You took 3 units of lot 7 at USD 10.00 each.\n")


@pytest.mark.parametrize(("lot", "code"), [("99", "unknown_lot"), ("1", "other_format")])
def test_a_lot_without_a_clock_is_not_stopped(fake: FakeHouse, tmp_path: Path, lot: str, code: str) -> None:
    refused = bidder(fake, tmp_path, "stop", lot, "--json")
    assert (refused.returncode, record(refused)["code"]) == (3, code)
    assert stops(fake) == []
    assert bidder(fake, tmp_path, "stop", LOT, "--units", "0").returncode == 2


def test_a_person_is_asked_where_no_price_was_given(fake: FakeHouse, tmp_path: Path) -> None:
    with AtTerminal(tmp_path, *words(fake, "stop", LOT, "--units", "2")) as ada:
        ada.until("The clock of lot 7 shows USD 10.00. Take 2 units for USD 20.00 at most? [y/N]:")
        ada.type("n\r")
        assert ada.end() == 130
    assert stops(fake) == []
    for answered in (("--price", "10"), ("--yes",)):
        with AtTerminal(tmp_path, *words(fake, "stop", LOT, *answered)) as ada:
            assert ada.end() == 0
            assert "at most?" not in ada.shown
    assert stops(fake) == [(1_000, 1)] * 2


@pytest.mark.parametrize(
    ("order", "units"), [({"lot": LOT}, 1), ({"lot": LOT, "price": "11", "units": 3}, 3), ({"lot": LOT, "units": 9}, 5)]
)
def test_an_order_in_a_pipe_has_a_verdict(
    fake: FakeHouse, tmp_path: Path, order: dict[str, object], units: int
) -> None:
    joined = bidder(fake, tmp_path, "join", "--json", typed=json.dumps({"stop": order}) + "\n")
    told = [json.loads(line) for line in joined.stdout.splitlines()]
    assert [(one["status"], one["own_units"]) for one in told if one["event"] == "verdict"] == [("accepted", units)]
    assert stops(fake) == [(1_100 if "price" in order else 1_000, order.get("units", 1))]


def test_a_stop_at_the_prompt_is_sent_at_once(fake: FakeHouse, tmp_path: Path) -> None:
    with AtTerminal(tmp_path, *words(fake, "join", "--plain")) as ada:
        ada.until("Lot 7")
        ada.type("stop 7 11 x2\r")
        ada.until("==> You took 2 units of lot 7 at USD 10.00 each.")
        ada.type("stop 7\r")
        ada.until("==> You took 3 units of lot 7 at USD 10.00 each.")
        ada.type("quit\r")
        ada.until("lot 7 with 3 units for USD 30.00")
        assert ada.end() == 0


def test_who_comes_back_sees_what_it_took(fake: FakeHouse, tmp_path: Path) -> None:
    assert bidder(fake, tmp_path, "stop", LOT).returncode == 0
    row = next(line for line in bidder(fake, tmp_path, "lots").stdout.splitlines() if line.startswith("7 "))
    assert row.endswith("4 units left, you took 1 unit for USD 10.00")
    assert bidder(fake, tmp_path, "mine").stdout.splitlines()[1:] == ["  you took 1 unit for USD 10.00 of lot 7: Lot 7"]
