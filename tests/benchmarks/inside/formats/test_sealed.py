"""Sealed offers for the rules are mixed as the module says."""

from collections import Counter
from random import Random

from benchmarks.inside.formats.sealed import SEALED
from common.formats.sealed import SealRequest, UnsealRequest


def test_offers_are_mixed() -> None:
    work = SEALED.work(Random(3), 100, 40_000)
    assert set(work.outcomes) == {"accepted", "below_minimum", "no_offer"}
    assert 0.92 < work.outcomes["accepted"] / 40_000 < 0.96
    kinds = Counter(type(ask.request) for ask in work.asked)
    assert set(kinds) == {SealRequest, UnsealRequest}
    assert 0.04 < kinds[UnsealRequest] / 40_000 < 0.06
    last: dict[tuple[int, str], int] = {}
    repeats = 0
    for _, bidder, request in work.asked:
        if isinstance(request, SealRequest):
            repeats += last.get((bidder.paddle, request.lot)) == request.amount_minor
            last[bidder.paddle, request.lot] = request.amount_minor
    assert 0.05 < repeats / 40_000 < 0.1
