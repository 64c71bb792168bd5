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
