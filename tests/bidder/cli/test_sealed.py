"""`bidder seal` and `bidder unseal` from a shell and at the prompt, at a small house."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from common.formats.sealed import SealRequest, UnsealRequest
from tests.bidder.shells.fake_house import FakeHouse
from tests.house_process import WAIT_S

LOT = "7"


@pytest.fixture
def fake() -> Iterator[FakeHouse]:
    fake = FakeHouse(1)
    fake.house.add_sealed_lot(LOT)
    fake.house.open(LOT)
    fake.house.outbox.clear()
    with fake:
        yield fake


def bidder(fake: FakeHouse, home: Path, *words: str, typed: str = "") -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "bidder", *words, "--name", "Ada", "--to", str(fake.link), "--home", str(home)]
    return subprocess.run(command, input=typed, capture_output=True, text=True, timeout=WAIT_S, check=False)


def record(result: "subprocess.CompletedProcess[str]") -> dict[str, Any]:
    read: dict[str, Any] = json.loads(result.stdout)
    return read


def test_an_offer_is_made_repeated_and_taken_back(fake: FakeHouse, tmp_path: Path) -> None:
    made = bidder(fake, tmp_path, "seal", LOT, "5", "--json")
    assert made.returncode == 0, made.stderr
    first = record(made)
    assert (first["status"], first["minimum_minor"], first["offer"]) == ("accepted", 100, "5.00")
    back = bidder(fake, tmp_path, "unseal", LOT)
    assert (back.returncode, back.stdout) == (0, "Accepted: you have no offer for lot 7 any more.\n")
    again = bidder(fake, tmp_path, "seal", LOT, "5", "--json", "--request-id", str(first["request_id"]))
    assert record(again) == first
    requests = [one for one in fake.house.seen if isinstance(one, SealRequest | UnsealRequest)]
    assert [type(one) for one in requests] == [SealRequest, UnsealRequest, SealRequest]
    assert requests[2] == requests[0]


def test_a_high_offer_is_warned_of(fake: FakeHouse, tmp_path: Path) -> None:
    made = bidder(fake, tmp_path, "seal", LOT, "25")
    assert made.returncode == 0
    assert made.stderr == "USD 25.00 is 25 times the minimum of lot 7, USD 1.00.\n"
    assert made.stdout.startswith("Accepted: your sealed offer of USD 25.00 for lot 7 stands.")


def test_a_house_that_is_not_there_gives_the_fields_of_a_sealed_verdict(fake: FakeHouse, tmp_path: Path) -> None:
    fake.do(lambda house: setattr(house, "bid_answers_to_drop", 1_000))
    made = bidder(fake, tmp_path, "seal", LOT, "5", "--json", "--timeout", "1")
    told = record(made)
    assert (made.returncode, told["status"], told["offer"]) == (4, "unknown", None)
    assert told["request_id"] > 0
    assert "leading" not in told


def test_a_bid_on_a_sealed_lot_is_refused_with_the_fields_of_the_lot(fake: FakeHouse, tmp_path: Path) -> None:
    refused = bidder(fake, tmp_path, "bid", LOT, "5", "--json")
    told = record(refused)
    assert (refused.returncode, told["code"], told["minimum_minor"], told["offer"]) == (3, "other_format", 100, None)
    assert "leading" not in told


def test_lots_show_the_least_and_the_own_offer(fake: FakeHouse, tmp_path: Path) -> None:
    bidder(fake, tmp_path, "seal", LOT, "5")
    listed = bidder(fake, tmp_path, "lots")
    assert listed.returncode == 0, listed.stderr
    row = next(line for line in listed.stdout.splitlines() if line.startswith("7 "))
    assert row.split() == ["7", "Lot", "7", "1.00", "sealed", "offers,", "your", "offer", "USD", "5.00", "stands"]
    assert bidder(fake, tmp_path, "mine").stdout.splitlines()[1:] == [
        "  your sealed offer of USD 5.00 for lot 7 stands: Lot 7"
    ]


@pytest.mark.parametrize(
    ("order", "offer"), [({"seal": {"lot": LOT, "amount": "5"}}, "5.00"), ({"unseal": {"lot": LOT}}, None)]
)
def test_an_order_in_a_pipe_has_a_verdict(
    fake: FakeHouse, tmp_path: Path, order: dict[str, dict[str, str]], offer: str | None
) -> None:
    assert bidder(fake, tmp_path, "seal", LOT, "4").returncode == 0
    joined = bidder(fake, tmp_path, "join", "--json", typed=json.dumps(order) + "\n")
    told = [json.loads(line) for line in joined.stdout.splitlines()]
    assert [(one["status"], one["offer"]) for one in told if one["event"] == "verdict"] == [("accepted", offer)]


def test_who_comes_back_and_leaves_hears_of_the_offer_that_binds(fake: FakeHouse, tmp_path: Path) -> None:
    assert bidder(fake, tmp_path, "seal", LOT, "4").returncode == 0
    joined = bidder(fake, tmp_path, "join", "--json", typed="")
    left = json.loads(joined.stdout.splitlines()[-1])
    assert (left["event"], left["leading"]) == ("left", [])
    assert left["sealed"] == [{"lot": LOT, "offer": "4.00", "offer_minor": 400}]
