"""What the machine gives and takes is measured where the data are."""

from pathlib import Path

from benchmarks.load.machine import stolen_s, sync_us, syncs_ns


def test_each_sync_takes_its_time_and_the_file_does_not_grow(tmp_path: Path) -> None:
    taken_ns = syncs_ns(tmp_path / "file", 3)
    size = (tmp_path / "file").stat().st_size
    assert len(taken_ns) == 3
    assert min(taken_ns) > 0
    assert sync_us(tmp_path) > 0
    syncs_ns(tmp_path / "file", 3)
    assert (tmp_path / "file").stat().st_size == size


def test_stolen_time_does_not_go_back() -> None:
    assert 0 <= stolen_s() <= stolen_s()
