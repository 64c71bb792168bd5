"""Memory is told in bytes, inside and of real connections."""

from pathlib import Path

import pytest

from tests.benchmarks.quick_finding import quick_finding


@pytest.mark.bench
def test_memory_tells_bytes_inside_and_of_real_connections(tmp_path: Path) -> None:
    finding = quick_finding("memory", tmp_path, "--size", "2560", "--bidders", "10")
    found = {row.setting["what"]: row.figures for row in finding.rows}
    assert set(found) == {
        "lot",
        "lot's first bid",
        "idle bidder",
        "remembered verdict",
        "open request",
        "idle bidder, connected with CURVE",
        "idle bidder, connected without CURVE",
    }
    assert 500 < found["lot"]["bytes"] < 10_000
    for name, figures in found.items():
        if "connected" in str(name):
            assert figures["bytes"] == pytest.approx(figures["own_bytes"] + figures["sockets_bytes"])
    assert [target.reached for target in finding.targets][:2] == [
        found["lot"]["bytes"] <= 2048,
        found["idle bidder"]["bytes"] <= 1024,
    ]
