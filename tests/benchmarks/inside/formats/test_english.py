"""English bids for the rules are mixed as the module says."""

from collections import Counter
from random import Random

from benchmarks.inside.formats.english import ENGLISH
from common.formats.english import BidRequest
from tests.must_be import must_be


def test_bids_are_mixed() -> None:
    work = ENGLISH.work(Random(3), 100, 4_000)
    assert set(work.outcomes) == {"accepted", "below_minimum", "already_leading"}
    assert 0.9 < work.outcomes["accepted"] / 4_000 < 0.97
    bids = [must_be(BidRequest, ask.request) for ask in work.asked]
    kinds = Counter((bid.amount_minor is None, bid.maximum_minor is None) for bid in bids)
    assert set(kinds) == {(False, True), (True, False), (False, False)}
