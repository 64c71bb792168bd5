"""The example programs, run as a user would run them, against a small house."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bidder.shells.fake_house import FakeHouse

WAIT_S = 60
ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"


@pytest.fixture
def fake() -> Iterator[FakeHouse]:
    with FakeHouse() as fake:
        fake.do(lambda house: house.open("1"))
        yield fake


def start(folder: Path, program: str, *arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-u", str(EXAMPLES / program), *arguments]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_the_proxy_bidder_bids_up_to_its_limit_and_no_further(fake: FakeHouse, tmp_path: Path) -> None:
    with start(tmp_path, "proxy_bidder.py", str(fake.link), "Ada", "1", "1.25") as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "bid USD 1.00: accepted\n"
        fake.do(lambda house: house.bid("1", 110))
        assert program.stdout.readline() == "bid USD 1.20: accepted\n"
        fake.do(lambda house: house.bid("1", 130))
        fake.do(lambda house: house.close_lot("1"))
        assert program.stdout.readline() == "not won; USD 1.30\n"
        assert program.wait(WAIT_S) == 0


def test_the_watcher_prints_each_change_until_the_sale_ends(fake: FakeHouse, tmp_path: Path) -> None:
    with start(tmp_path, "watch.py", str(fake.link)) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "lot 1 (Lot 1): open, no bid yet\n"
        while program.stdout.readline() != "[live] \n":
            assert program.poll() is None
        fake.do(lambda house: house.bid("1", 100))
        fake.do(lambda house: house.announce("Thank you"))
        fake.do(lambda house: house.end_sale())
        told = program.stdout.read().splitlines()
        assert [line for line in told if not line.startswith("[")] == [
            "lot 1 (Lot 1): open, USD 1.00, paddle 99 leads",
            "sale: running. Thank you",
            "sale: ended. Thank you",
        ]
        assert program.wait(WAIT_S) == 0


@pytest.mark.parametrize("example", ["README.md", *(f"examples/{path.name}" for path in EXAMPLES.glob("*.py"))])
def test_what_users_copy_imports_from_one_place(example: str) -> None:
    imports = [line for line in (ROOT / example).read_text().splitlines() if line.startswith(("from ", "import "))]
    assert any(line.startswith("from bidder import ") for line in imports)
    assert not [line for line in imports if "common" in line or "bidder." in line]


@pytest.mark.parametrize("program", ["watch.py", "proxy_bidder.py"])
def test_an_example_without_arguments_says_how_it_is_used(program: str, tmp_path: Path) -> None:
    with start(tmp_path, program) as running:
        _, complaint = running.communicate(timeout=WAIT_S)
    assert running.returncode == 1
    assert f"python examples/{program}" in complaint
