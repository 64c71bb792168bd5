"""A snapshot holds the loop up by more, the more it holds."""

from pathlib import Path

import pytest

from benchmarks.inside.pauses import measure_pauses


@pytest.mark.bench
def test_pauses_grow_with_what_a_snapshot_holds(tmp_path: Path) -> None:
    small, large = (measure_pauses(count, tmp_path / str(count), seed=1) for count in (10, 200))
    assert small.figures["snapshot_bytes"] * 10 < large.figures["snapshot_bytes"]
    for pause in (small, large):
        figures = pause.figures
        assert 0 < figures["snapshot_ms"] <= figures["snapshot_ms_max"]
        assert figures["snapshot_ms"] < figures["snapshot_made_ms"]
        assert 0 < figures["batch_beside_ms"] <= figures["batch_beside_ms_max"]
