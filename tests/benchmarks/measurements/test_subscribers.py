"""What a bid costs is told beside that of a house without screens."""

import pytest

from benchmarks.measurements.subscribers import QUICK_SCREENS, measure_subscribers


@pytest.mark.bench
def test_screens_are_connected_and_every_bid_is_paid_for() -> None:
    rows, target = measure_subscribers(quick=True)
    assert [(row.setting["screens"], row.setting["follow"]) for row in rows] == [
        (QUICK_SCREENS[0], "a quiet lot"),
        (QUICK_SCREENS[1], "a quiet lot"),
        (QUICK_SCREENS[1], "all lots"),
    ]
    for row in rows:
        figures = row.figures
        assert 0 < figures["thread_us_min"] <= figures["thread_us"] <= figures["thread_us_max"]
        assert figures["process_us"] > figures["thread_us_min"]
        assert figures["ratio"] == pytest.approx(figures["thread_us"] / rows[0].figures["thread_us"])
    assert target.reached is (rows[1].figures["ratio"] <= 1.1)
