"""Every loop is told beside the ceiling."""

from pathlib import Path

import pytest

from benchmarks.inside.formats.table import FORMATS
from benchmarks.measurements.engine import LOTS
from tests.benchmarks.quick_finding import quick_finding


def test_engine_tells_every_loop_beside_the_ceiling(tmp_path: Path) -> None:
    finding = quick_finding("engine", tmp_path, "--repeats", "2")
    told = [(row.setting["format"], row.setting["lots"]) for row in finding.rows]
    assert told == [(name, lots) for name in FORMATS for lots in LOTS for _ in range(3)]
    for ceiling in finding.rows[2::3]:
        assert ceiling.figures["share_of_ceiling_percent"] == pytest.approx(100)
    for row in finding.rows:
        figures = row.figures
        assert 0 < figures["bids_per_s_min"] <= figures["bids_per_s"] <= figures["bids_per_s_max"]
        assert figures["us_per_bid"] * figures["bids_per_s"] == pytest.approx(1_000_000)
    *rates, close = finding.targets
    wanted_per_s = [measured.wanted_per_s for measured in FORMATS.values() for _ in LOTS]
    assert "10,000 offers" in close.what
    for target, found, wanted in zip(rates, finding.rows[::3], wanted_per_s, strict=True):
        assert target.reached is (found.figures["bids_per_s"] >= wanted)
        assert f"{wanted:,}" in target.what
