"""Backups and copies of a disk on a medium that nobody can write to: a mount for reading only."""

import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from common.messages import Accepted, BidRequest
from tests.house_process import WAIT_S, HouseProcess, RawBidder, running_house


def can_mount() -> bool:
    tried = subprocess.run(["unshare", "--map-root-user", "--mount", "true"], capture_output=True, check=False)
    return tried.returncode == 0


pytestmark = pytest.mark.skipif(
    shutil.which("unshare") is None or not can_mount(), reason="no mounts of one's own can be made here"
)


def read_only(folder: Path, *arguments: object) -> "subprocess.CompletedProcess[str]":
    """Run the program where `folder` is mounted for reading only."""
    place = shlex.quote(str(folder))
    command = shlex.join([sys.executable, "-m", "auctioneer", *map(str, arguments)])
    script = f"mount --bind {place} {place} && mount -o remount,ro,bind {place} && ! touch {place}/x && exec {command}"
    in_namespace = ["unshare", "--map-root-user", "--mount", "sh", "-c", script]
    temporary = folder.with_name("temporary")
    temporary.mkdir(exist_ok=True)
    environment = os.environ | {"TMPDIR": str(temporary)}
    return subprocess.run(in_namespace, env=environment, capture_output=True, text=True, timeout=WAIT_S, check=False)


def bid(house: HouseProcess) -> None:
    ann = RawBidder(house.link, "Ann")
    ann.hello()
    assert isinstance(ann.ask(BidRequest(id=10, lot="1", amount_minor=1700)), Accepted)
    ann.close()


def backed_up(folder: Path) -> Path:
    with running_house(folder) as house:
        bid(house)
        assert house.auctioneer("backup", str(folder / "medium")).returncode == 0
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
    for arguments in (
        ["verify", "--data", medium],
        ["lots", "--data", medium],
        ["results", "--data", medium],
        ["bidders", "--data", medium],
        ["status", "--data", medium],
        ["backup", tmp_path / "again", "--data", medium],
        ["restore", medium, "--data", tmp_path / "restored"],
    ):
        done = read_only(medium, *arguments)
        assert done.returncode == 0, (arguments, done.stderr)
        if arguments[0] == "lots":
            assert "17.00" in done.stdout, "the last bid is there"
    assert sorted(path.name for path in medium.iterdir()) == before
    assert not list((tmp_path / "temporary").iterdir()), "and no copy is left"
