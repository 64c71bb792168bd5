"""Stops of Dutch clocks for the rules are mixed as the module says, while the clocks run."""

from random import Random

from auctioneer.rules.formats.dutch import DutchBook
from benchmarks.inside.formats.dutch import DUTCH
from common.formats.dutch import StopRequest
from tests.must_be import must_be


def test_stops_are_mixed_and_the_clocks_run() -> None:
    work = DUTCH.work(Random(3), 4_000, 40_000)
    assert set(work.outcomes) == {"accepted", "below_minimum"}
    assert 0.94 < work.outcomes["accepted"] / 40_000 < 0.96
    several = sum(must_be(StopRequest, ask.request).units > 1 for ask in work.asked)
    assert 0.09 < several / 40_000 < 0.11
    assert {must_be(DutchBook, lot.book).steps for lot in work.lots} == {1}
