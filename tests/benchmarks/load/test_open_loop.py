"""The load comes when it is scheduled, and latency counts from then."""

import itertools

import pytest

from benchmarks.load.open_loop import Timings, arrivals_ns


def test_arrivals_keep_their_rate_and_are_the_same_for_a_seed() -> None:
    due_ns = arrivals_ns(1_000, 10, seed=3)
    assert list(due_ns) == sorted(due_ns)
    assert 9_500 < len(due_ns) < 10_500
    assert due_ns[-1] < 10e9
    gaps = [after - before for before, after in itertools.pairwise(due_ns)]
    assert sum(gap > 2e6 for gap in gaps) > 500, "the gaps are not those of independent arrivals"
    assert due_ns == arrivals_ns(1_000, 10, seed=3)
    assert due_ns != arrivals_ns(1_000, 10, seed=4)


def test_latency_counts_from_when_a_bid_was_due_even_if_it_was_sent_late() -> None:
    second = 1_000_000_000
    timings = Timings(0, [0, second, second], [0, 3 * second, second], [1, 4 * second, 2 * second], 3, 0.5)
    assert timings.latencies(0.5).percentile_ms(100) == pytest.approx(3_000, rel=0.01)
    assert timings.lateness(0.5).percentile_ms(100) == pytest.approx(2_000, rel=0.01)
    assert timings.latencies(0.5).count == 2, "what was due in the warm-up counts"
