"""A house that puts what steers a terminal into every text that it sends: nothing of it gets to the terminal."""

import json
import re
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result
from msgspec import inspect
from msgspec.structs import asdict, replace

from bidder.cli import main
from common.errors import RejectCode
from common.formats.english import BidRequest, BuyRequest
from common.limits import LOT_CHARS_MAX
from common.lot_events import LotPaused, LotWithdrawn
from common.messages import Answer, AnyRequest, LotEvents, Rejected, SaleEvents
from tests.bidder.cli.programs import AtTerminal
from tests.bidder.core.small_house import SmallHouse
from tests.bidder.shells.fake_house import FakeHouse
from tests.english import english_terms

WAIT_S = 60
HOSTILE = "\x1b[2J\x1b]0;owned\x07\x9b31m\u202e\u2066\u3164\u2028\x7f\x08\r\nFORGED: you won\n"
"""Clears the screen, names the window, turns the text, goes back over it, and begins lines of its own."""
BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
KEPT = ("lot", "instance")
"""Without these a client knows neither what is meant nor that the house is the same."""


def defiled(value: Any, name: str = "", chars_max: int | None = None) -> Any:
    """Return a message with HOSTILE in each text, at any depth; as much of it as a client takes in that field."""
    if isinstance(value, msgspec.Struct):
        limits = chars_max_of(type(value))
        return replace(value, **{key: defiled(part, key, limits[key]) for key, part in asdict(value).items()})
    if isinstance(value, tuple | list):
        return type(value)(defiled(part, name) for part in value)
    if not isinstance(value, str) or isinstance(value, Enum) or name in KEPT:
        return value
    return (value + HOSTILE)[:chars_max] if chars_max is None or chars_max > len(value) else HOSTILE[:chars_max]


@cache
def chars_max_of(struct: type[msgspec.Struct]) -> dict[str, int | None]:
    """Return how many characters each text of a message may have; None where nothing bounds it by itself."""
    described = inspect.type_info(struct)
    assert isinstance(described, inspect.StructType)
    return {
        field.name: getattr(getattr(field.type, "type", field.type), "max_length", None) for field in described.fields
    }


class HostileHouse(SmallHouse):
    def answer(self, key: str, request: AnyRequest) -> Answer | None:
        if isinstance(request, BuyRequest) or (isinstance(request, BidRequest) and request.lot not in self.lots):
            answer: Answer | None = Rejected(id=request.id, code=RejectCode.NO_BUY_NOW, lot=request.lot, detail="no")
        else:
            answer = super().answer(key, request)
        if isinstance(answer, Rejected):
            answer = replace(answer, detail="no")
        spoilt: Answer | None = defiled(answer)
        return spoilt

    def broadcast(self, to_topic: bytes, message: LotEvents | SaleEvents) -> None:
        super().broadcast(to_topic, defiled(message))


@pytest.fixture(scope="module")
def house() -> Iterator[FakeHouse]:
    fake = FakeHouse()
    fake.house = HostileHouse(0)
    for lot in ("1", "2", "3", f"9{HOSTILE}"[:LOT_CHARS_MAX]):
        fake.house.add_lot(lot)
        fake.house.open(lot)
    fake.house.bid("2", 500)
    view = fake.house.lots["1"]
    priced = replace(english_terms(view.terms), buy_now_minor=9_000)
    fake.house.lots["1"] = replace(
        view, terms=replace(view.terms, format=priced, seller="Zoe", description="Old\nand worn", image="x")
    )
    fake.house.publish("3", LotWithdrawn(2, fake.house.now_ms, view.board, "broken"))
    fake.house.outbox.clear()
    with fake:
        yield fake


def bidder(home: Path, house: FakeHouse, *words: str) -> Result:
    where = ["--to", str(house.link), "--home", str(home)]
    return CliRunner().invoke(main, [*words, *where], catch_exceptions=False)


def assert_harmless(raw: bytes) -> None:
    text = raw.decode()
    one_line = text.replace("\n", "")
    steering = {f"U+{ord(char):04X}" for char in one_line if unicodedata.category(char) in ("Cc", "Cf", "Zl")}
    assert not steering, text
    assert not any(line.lstrip().startswith("FORGED") for line in text.split("\n")), text


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("lots", 0),
        ("lots --json", 0),
        ("mine --name Ada", 0),
        ("mine --name Ada --json", 0),
        ("bid 1 2000 --name Ada", 0),
        ("bid 1 3000 --name Ada --json", 0),
        ("bid 2 0.50 --name Ada", 3),
        ("bid 77 100 --name Ada --json", 3),
        ("bid 1 1.234 --name Ada --json", 2),
        ("buy 1 --name Ada", 3),
        ("key --name Ada", 0),
    ],
)
def test_no_command_lets_it_through(house: FakeHouse, tmp_path: Path, line: str, status: int) -> None:
    result = bidder(tmp_path, house, *line.split())
    assert_harmless(result.stdout_bytes)
    assert_harmless(result.stderr_bytes)
    assert result.exit_code == status, result


def test_what_is_not_let_through_is_shown_all_the_same(house: FakeHouse, tmp_path: Path) -> None:
    assert "Fake\ufffd[2J".encode() in bidder(tmp_path, house, "lots").stdout_bytes
    as_json = bidder(tmp_path, house, "lots", "--json").stdout
    assert json.loads(as_json)[1]["title"] == f"Lot 2{HOSTILE}", "JSON tells it exactly, in escapes"


@pytest.mark.parametrize("as_json", [[], ["--json"]], ids=["people", "json"])
def test_following_lets_nothing_through(house: FakeHouse, tmp_path: Path, as_json: list[str]) -> None:
    command = [sys.executable, "-m", "bidder", "watch", "--stay", "--to", str(house.link), "--home", str(tmp_path)]
    process = subprocess.Popen([*command, *as_json], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    seen = b""
    house.do(lambda it: it.announce("hear"))
    while b"hear" not in seen:
        assert process.poll() is None, process.communicate(timeout=WAIT_S)
        house.do(lambda it: it.announce("hear"))
        house.do(lambda it: it.publish("1", LotPaused(it.lots["1"].seq + 1, it.now_ms, None)))
        seen += process.stdout.readline()
    process.kill()
    rest, errors = process.communicate(timeout=WAIT_S)
    assert_harmless(seen + rest)
    assert_harmless(errors)


def test_the_prompt_and_what_is_below_it_let_nothing_through(house: FakeHouse, tmp_path: Path) -> None:
    with AtTerminal(tmp_path, "join", "--plain", "--name", "Ada", "--to", str(house.link)) as program:
        program.until("(paddle ")
        for order in ("bid 2 6", "bid 2 0.1", "buy 1", "lot 1", "mine", "bid 1 1.2345"):
            program.type(f"{order}\r")
            program.until("==> " if order[0] == "b" else "Old" if order[0] == "l" else "you lead no lot")
        program.type("quit\r")
        program.end()
    assert_steers_nothing(program)


def test_the_full_screen_lets_nothing_through(house: FakeHouse, tmp_path: Path) -> None:
    with AtTerminal(tmp_path, "join", "--name", "Ada", "--to", str(house.link)) as program:
        program.until("connected")
        for order in ("bid 2 6", "bid 2 0.1", "buy 1", "lot 1", "bid 1 1.2345"):
            program.type(":")
            program.until("An order, such as")
            program.type(f"{order}\r")
            program.until("connected")
        program.until("Error [")
        house.do(lambda it: it.announce("hear"))
        program.until("hear")
        program.type("h")
        program.until("Back")
        program.type("\x03")
        program.end()
    assert_steers_nothing(program)


def assert_steers_nothing(program: AtTerminal) -> None:
    shown = program.raw.decode()
    assert "\x1b]0;owned" not in shown
    assert "\x9b" not in shown
    assert not BIDI.search(shown)
    assert "\u3164" not in shown
    assert not re.search(r"[\r\n] *FORGED", shown)
