"""A larger house takes more memory."""

from benchmarks.inside.growth import Grown, measure_grown


def test_a_larger_house_takes_more_memory() -> None:
    small, large = measure_grown(Grown()), measure_grown(Grown(lots=5_000, open_requests=512))
    assert 500 < (large - small) / 5_000 < 10_000
