"""Every size is told beside the smallest."""

from pathlib import Path

import pytest

from tests.benchmarks.quick_finding import quick_finding


@pytest.mark.bench
def test_scale_tells_every_size_beside_the_smallest(tmp_path: Path) -> None:
    finding = quick_finding("scale", tmp_path, "--without-subscribers", "--rounds", "2")
    sizes = [row for row in finding.rows if "axis" in row.setting]
    axes = [row.setting["axis"] for row in sizes]
    assert list(dict.fromkeys(axes))[:3] == ["lots", "bidders", "journaled bids"]
    for axis in set(axes):
        ratios = [row.figures["ratio"] for row in sizes if row.setting["axis"] == axis]
        assert ratios[0] == 1
        (target,) = (target for target in finding.targets if target.what.startswith(f"{axis}: "))
        assert target.reached is (max(ratios) <= 1.1)
