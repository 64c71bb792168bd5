"""Backups and copies of a disk on a medium that nobody can write to: a mount for reading only."""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from common.formats.english import BidRequest
from common.messages import Accepted
from tests.house_process import ROOT, WAIT_S, HouseProcess, RawBidder, running_house


def can_mount() -> bool:
    tried = subprocess.run(["unshare", "--map-root-user", "--mount", "true"], capture_output=True, check=False)
    return tried.returncode == 0


pytestmark = pytest.mark.skipif(
    shutil.which("unshare") is None or not can_mount(), reason="no mounts of one's own can be made here"
)


COMMANDS = """
import json, sys
from click.testing import CliRunner
from auctioneer.cli import main
for line in sys.stdin:
    done = CliRunner().invoke(main, json.loads(line))
    print(json.dumps([done.exit_code, done.stdout, done.stderr]))
"""


def read_only(folder: Path, *commands: Sequence[object]) -> list[tuple[int, str, str]]:
    """Run commands where `folder` is mounted for reading only; return the status of each, and what it said."""
    place = shlex.quote(str(folder))
    command = shlex.join([sys.executable, "-c", COMMANDS])
    script = f"mount --bind {place} {place} && mount -o remount,ro,bind {place} && ! touch {place}/x && exec {command}"
    in_namespace = ["unshare", "--map-root-user", "--mount", "sh", "-c", script]
    temporary = folder.with_name("temporary")
    temporary.mkdir(exist_ok=True)
    environment = os.environ | {"TMPDIR": str(temporary)}
    lines = "".join(json.dumps(list(map(str, words))) + "\n" for words in commands)
    done = subprocess.run(
        in_namespace,
        env=environment,
        cwd=ROOT,
        input=lines,
        stdout=subprocess.PIPE,
        text=True,
        timeout=WAIT_S,
        check=True,
    )
    return [tuple(json.loads(line)) for line in done.stdout.splitlines()]


def bid(house: HouseProcess) -> None:
    ann = RawBidder(house.link, "Ann")
    ann.hello()
    assert isinstance(ann.ask(BidRequest(id=10, lot="1", amount_minor=1700)), Accepted)
    ann.close()


def backed_up(folder: Path) -> Path:
    with running_house(folder) as house:
        bid(house)
        assert house.auctioneer("backup", str(folder / "medium")).exit_code == 0
    return folder / "medium"


def disk_snapshot(folder: Path, *without: str) -> Path:
    """Copy the files of a house that was killed: what it stored last is in the -wal file only."""
    with running_house(folder) as house:
        bid(house)
        os.killpg(house.process.pid, signal.SIGKILL)
        house.process.wait(timeout=WAIT_S)
        shutil.copytree(house.data, folder / "medium", ignore=shutil.ignore_patterns(*without))
    return folder / "medium"


MEDIA = {
    "a backup": backed_up,
    "a snapshot of the disk": disk_snapshot,
    "a snapshot without its index": lambda folder: disk_snapshot(folder, "*-shm"),
}


@pytest.mark.parametrize("make", MEDIA.values(), ids=list(MEDIA))
def test_all_that_reads_works_on_a_medium_for_reading_only(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    medium = make(tmp_path)
    before = sorted(path.name for path in medium.iterdir())
    commands = (
        ["verify", "--data", medium],
        ["lots", "--data", medium],
        ["results", "--data", medium],
        ["bidders", "--data", medium],
        ["status", "--data", medium],
        ["backup", tmp_path / "again", "--data", medium],
        ["restore", medium, "--data", tmp_path / "restored"],
    )
    told = read_only(medium, *commands)
    for words, (status, said, complaint) in zip(commands, told, strict=True):
        assert status == 0, (words, complaint)
        if words[0] == "lots":
            assert "17.00" in said, "the last bid is there"
    assert sorted(path.name for path in medium.iterdir()) == before
    assert not list((tmp_path / "temporary").iterdir()), "and no copy is left"
