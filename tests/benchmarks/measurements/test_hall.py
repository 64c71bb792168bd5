"""A hall and as many clients are measured alike."""

from pathlib import Path

import pytest

from tests.benchmarks.quick_finding import quick_finding


@pytest.mark.bench
def test_a_hall_and_clients_are_measured_alike(tmp_path: Path) -> None:
    finding = quick_finding("hall", tmp_path, "--bidders", "20")
    assert [row.setting for row in finding.rows] == [{"bidders": 20, "in": kind} for kind in ("hall", "clients")]
    hall, clients = (row.figures for row in finding.rows)
    assert set(hall) == set(clients)
    assert hall["bid_processor_us"] < clients["bid_processor_us"], "a bid comes once, and not twenty times"
