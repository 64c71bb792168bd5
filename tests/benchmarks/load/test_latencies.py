"""Percentiles are right to three digits, and bounded."""

import pytest

from benchmarks.load.latencies import LATENCY_US_MAX, Latencies


def latencies(*seconds: float) -> Latencies:
    noted = Latencies()
    for one_s in seconds:
        noted.note_s(one_s)
    return noted


def test_percentiles_are_right_to_three_digits_and_bounded() -> None:
    assert Latencies().percentile_ms(50) == 0
    noted = latencies(*(number / 1000 for number in range(1, 1001)))
    for percent, expected_ms in ((50, 500), (90, 900), (99, 990), (100, 1000)):
        assert noted.percentile_ms(percent) == pytest.approx(expected_ms, rel=0.002)
    assert latencies(0, 10_000_000).percentile_ms(100) == pytest.approx(LATENCY_US_MAX / 1000, rel=0.001)


def test_many_at_once_are_the_same_as_one_by_one() -> None:
    together = Latencies()
    together.note_all_us([1_000, 1_000, 2_000, 0, 2 * LATENCY_US_MAX])
    apart = latencies(0.001, 0.001, 0.002, 0, 2 * LATENCY_US_MAX / 1e6)
    assert together.count == apart.count == 5
    assert all(together.percentile_ms(one) == apart.percentile_ms(one) for one in (20, 40, 60, 80, 100))
