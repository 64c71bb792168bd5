"""The measurement of the gateway: it delivers everything to all phones, and is compared with the bare stacks."""

from pathlib import Path

import pytest

from benchmarks.load.bare_web import WAYS
from benchmarks.measurements.web import GATEWAY, PER_S
from tests.benchmarks.quick_finding import quick_finding


@pytest.mark.bench
def test_a_quick_run_loses_nothing_and_compares_with_both_bare_stacks(tmp_path: Path) -> None:
    found = quick_finding("web", tmp_path)
    *servers, cost, guests = found.rows
    assert [row.setting for row in servers] == [{"phones": 20, "server": name} for name in (GATEWAY, *WAYS)]
    for row in servers:
        assert row.figures["changes"] == PER_S
        assert all(row.figures[lost] == 0 for lost in ("missing", "behind", "merged", "refused"))
        assert 0 < row.figures["p50_ms"] <= row.figures["p99_ms"] <= row.figures["last_p99_ms"]
        assert row.figures["verdict_p50_ms"] > 0
        assert all(row.figures[process] > 0 for process in ("server", "house", "bidders", "readers"))
        ratio = servers[0].figures["p99_ms"] / row.figures["p99_ms"]
        assert abs(row.figures["p99_ratio"] - ratio) < 1e-9
    assert cost.figures["phone_kib"] > 0
    assert guests.setting == {"guests": 10}
    assert guests.figures["guest_kib"] > 0
