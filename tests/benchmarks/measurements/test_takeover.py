"""The measurement of take-overs: that it runs, and that no bid is lost in it."""

from pathlib import Path

import pytest

from tests.benchmarks.quick_finding import quick_finding
from tests.postgres_cluster import require_postgres


@pytest.mark.bench
def test_a_quick_run_keeps_the_pauses_of_both_kinds(tmp_path: Path) -> None:
    require_postgres()
    found = quick_finding("takeover", tmp_path)
    killed, handed_over, bids = found.rows
    assert killed.setting["times"] == handed_over.setting["times"] == 2
    assert killed.figures["pause_s_min"] > handed_over.figures["pause_s_max"] > 0
    assert bids.figures["bids"] > 0
    assert (bids.figures["lost"], bids.figures["doubled"], bids.figures["reordered"]) == (0, 0, 0)
