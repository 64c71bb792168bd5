"""The measurement of a record on PostgreSQL: that it runs, and that its share is what it says."""

from pathlib import Path

import pytest

from benchmarks.measurements.postgres import CONNECTIONS
from tests.benchmarks.quick_finding import quick_finding
from tests.postgres_cluster import require_postgres


@pytest.mark.bench
def test_a_quick_run_keeps_a_row_for_each_shape(tmp_path: Path) -> None:
    require_postgres()
    found = quick_finding("postgres", tmp_path)
    *rates, alone = found.rows
    assert [row.setting["connections"] for row in rates] == list(CONNECTIONS)
    for row in rates:
        assert row.figures["house_per_s"] > 0
        assert abs(row.figures["share"] - row.figures["house_per_s"] / row.figures["bare_per_s"]) < 1e-9
    parts_ms = alone.figures["echo_p50_ms"] + alone.figures["commit_p50_ms"]
    assert abs(alone.figures["ratio"] - alone.figures["house_p50_ms"] / parts_ms) < 1e-9
    assert len(found.targets) == len(found.rows)
