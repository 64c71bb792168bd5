"""The clock, the disk and the limits of this machine, measured on the real ones."""

import os
import resource
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from auctioneer.process.folder import DataFolder
from auctioneer.readiness import machine
from auctioneer.readiness.machine import WRITES, measure, measure_clock, measure_disk, measure_resources
from auctioneer.readiness.measurements import PortState, Reach

MS_NS = 1_000_000


@pytest.fixture(autouse=True)
def short_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "WATCHED_S", 0.0)


def ticking(*times_ms: int) -> Iterator[int]:
    yield from (time_ms * MS_NS for time_ms in times_ms)
    yield from (times_ms[-1] * MS_NS for _ in count())


def test_a_clock_that_somebody_sets_while_it_is_watched_has_jumped() -> None:
    wall = ticking(1000, 1000, 4000)
    assert measure_clock(0, lambda: next(wall), lambda: 0).jump_ms == 3000
    back = ticking(5000, 1000)
    assert measure_clock(0, lambda: next(back), lambda: 0).jump_ms == 4000
    assert measure_clock(0, lambda: 7, lambda: 7).jump_ms == 0
    assert measure_clock(0).jump_ms < 1000


def test_a_clock_is_held_against_the_record() -> None:
    assert measure_clock(5000, lambda: 2000 * MS_NS, lambda: 0).behind_record_ms == 3000
    assert measure_clock(5000, lambda: 9000 * MS_NS, lambda: 0).behind_record_ms == 0


def test_a_disk_is_written_to_and_nothing_is_left_there(tmp_path: Path) -> None:
    disk = measure_disk(tmp_path)
    assert disk.place == str(tmp_path)
    assert disk.error == ""
    assert disk.free_bytes > 0
    assert len(disk.fsync_ms) == WRITES
    assert list(disk.fsync_ms) == sorted(disk.fsync_ms)
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_is_not_made_yet_is_measured_by_the_one_above_it_and_not_made(tmp_path: Path) -> None:
    assert measure_disk(tmp_path / "new" / "data").place == str(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere; test_doctor tries a read-only place")
def test_a_directory_that_cant_be_written_to_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        assert measure_disk(tmp_path).error == "Permission denied"
    finally:
        tmp_path.chmod(0o700)


def test_a_place_that_takes_no_files_is_told() -> None:
    assert measure_disk(Path("/proc")).error
    assert measure_disk(Path("/proc")).fsync_ms == ()


def test_the_kind_of_a_file_system_is_told() -> None:
    if Path("/dev/shm").is_dir() and Path("/proc/self/mountinfo").exists():
        assert measure_disk(Path("/dev/shm")).file_system == "tmpfs"


def test_the_limit_of_files_is_the_highest_that_the_system_allows() -> None:
    assert measure_resources().files_max == resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    memory_bytes = measure_resources().memory_bytes
    assert memory_bytes is None or memory_bytes > 0


def test_a_machine_is_measured_for_a_house_that_is_to_come(tmp_path: Path) -> None:
    measured = measure(DataFolder(tmp_path / "data"), "127.0.0.1", 0, None, 50)
    assert measured.bidders == 50
    assert [port.purpose for port in measured.ports] == ["requests", "broadcasts"]
    assert {port.state for port in measured.ports} == {PortState.FREE}
    assert measured.network.reach is Reach.NOT_TRIED
    assert list(tmp_path.iterdir()) == []
