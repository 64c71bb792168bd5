"""Bots are shared out over processes: each is in one share, and there are as many as the system has room for."""

import os

import pytest

from benchmarks.bots.crew import processes_for, shares


@pytest.mark.parametrize(("bidders", "processes"), [(10, 1), (1000, 3), (7, 7), (3, 5)])
def test_every_bot_is_in_just_one_share(bidders: int, processes: int) -> None:
    numbers = [number for first, count in shares(bidders, processes) for number in range(first, first + count)]
    assert numbers == list(range(bidders))
    counts = [count for _, count in shares(bidders, processes)]
    assert max(counts) - min(counts) <= 1


def test_bots_are_spread_as_far_as_processors_and_sockets_go() -> None:
    processors = os.cpu_count() or 1
    assert processes_for(1, 1000) == 1
    assert processes_for(10_000, 100_000) == processors
    assert processes_for(10_000, 100) == 100
