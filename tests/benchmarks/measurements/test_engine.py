"""Every loop is told beside the ceiling."""

from pathlib import Path

import pytest

from tests.benchmarks.quick_finding import quick_finding


def test_engine_tells_every_loop_beside_the_ceiling(tmp_path: Path) -> None:
    finding = quick_finding("engine", tmp_path, "--repeats", "2")
    assert [row.setting["format"] for row in finding.rows] == ["english"] * 3
    assert finding.rows[-1].figures["share_of_ceiling_percent"] == pytest.approx(100)
    for row in finding.rows:
        figures = row.figures
        assert 0 < figures["bids_per_s_min"] <= figures["bids_per_s"] <= figures["bids_per_s_max"]
        assert figures["us_per_bid"] * figures["bids_per_s"] == pytest.approx(1_000_000)
    assert finding.targets[0].reached is (finding.rows[0].figures["bids_per_s"] >= 200_000)
