"""Latencies in an HdrHistogram, so that the figures of several processes add up to exact percentiles."""

from collections import Counter
from collections.abc import Iterable
from typing import Final, Self

from hdrh.histogram import HdrHistogram  # type: ignore[import-untyped] # it ships no types

LATENCY_US_MAX: Final = 10 * 60 * 1_000_000
_DIGITS: Final = 3


class Latencies:
    """Latencies from 1 us to ten minutes, to three digits; longer ones count as ten minutes."""

    def __init__(self) -> None:
        self._histogram = HdrHistogram(1, LATENCY_US_MAX, _DIGITS)

    @classmethod
    def decode(cls, text: str) -> Self:
        """Return the latencies that another process encoded."""
        latencies = cls()
        latencies._histogram.decode_and_add(text)
        return latencies

    def encode(self) -> str:
        """Return all latencies as text."""
        return str(self._histogram.encode().decode("ascii"))

    @property
    def count(self) -> int:
        """The number of noted latencies."""
        return int(self._histogram.get_total_count())

    def note_s(self, seconds: float) -> None:
        """Count one latency."""
        self._histogram.record_value(min(max(1, round(seconds * 1_000_000)), LATENCY_US_MAX))

    def note_all_us(self, latencies_us: Iterable[int]) -> None:
        """Count many latencies, which takes far less time than to count them one by one."""
        for us, count in Counter(latencies_us).items():
            self._histogram.record_value(min(max(1, us), LATENCY_US_MAX), count)

    def add(self, other: "Latencies") -> None:
        """Add all latencies of another histogram."""
        self._histogram.add(other._histogram)

    def percentile_ms(self, percent: float) -> float:
        """Return the latency that `percent` of all latencies do not exceed; 0 without any latencies."""
        return float(self._histogram.get_value_at_percentile(percent)) / 1000 if self.count else 0.0
