"""Every start is told, and a bid that is missing after one is noticed."""

from pathlib import Path

import pytest

from benchmarks.inside.records import BIDDERS, LOTS, Totals
from benchmarks.measurements.recovery import check as check_nothing_is_missing
from rehearsal.house import HouseError
from tests.benchmarks.quick_finding import quick_finding


@pytest.mark.bench
def test_recovery_tells_every_start_and_loses_nothing(tmp_path: Path) -> None:
    finding = quick_finding("recovery", tmp_path, "--events", "2000", "--repeats", "1")
    starts = {row.setting["start"]: row.figures for row in finding.rows if "start" in row.setting}
    assert set(starts) == {"after a crash", "successor after kill -9", "after a stop", "without a snapshot"}
    assert all(0 < found["ready_s_min"] <= found["ready_s"] <= found["ready_s_max"] for found in starts.values())
    (replayed,) = (row for row in finding.rows if "replay" in row.setting)
    events = replayed.setting["facts"]
    assert isinstance(events, int)
    assert events >= 2_000 + 2 * LOTS + BIDDERS  # each lot was listed and opened
    assert replayed.figures["events_per_s"] == pytest.approx(events / replayed.figures["seconds"])


def test_a_missing_bid_is_noticed() -> None:
    made = Totals(position=900, bids=300, prices_minor=5_000, bidders=3)
    check_nothing_is_missing("now", made, (300, 5_000))
    with pytest.raises(HouseError, match="300 bids were made, and 299 are there"):
        check_nothing_is_missing("now", made, (299, 5_000))
    with pytest.raises(HouseError, match="4999"):
        check_nothing_is_missing("now", made, (300, 4_999))
