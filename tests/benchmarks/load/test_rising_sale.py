"""Bids rise on every lot, and tell when they were due."""

import itertools
from collections import Counter

from benchmarks.load.rising_sale import Bids, due_us
from common.codec import decode_request
from common.formats.english import BidRequest, EnglishBoard


def test_bids_rise_on_every_lot_and_tell_when_they_were_due() -> None:
    bids = Bids(lots=6, lanes=3)
    made = [(lane, decode_request(bids(lane, 2, due))) for due in (100, 100, 101, 400) for lane in (0, 1, 2)]
    amounts: dict[str, list[int]] = {}
    for lane, bid in made:
        assert isinstance(bid, BidRequest)
        assert bid.amount_minor is not None
        assert int(bid.lot) % 3 == lane, "a lot hears two connections"
        amounts.setdefault(bid.lot, []).append(bid.amount_minor)
    assert all(after >= before + 2 for lot in amounts.values() for before, after in itertools.pairwise(lot))
    assert amounts["0"] == [100, 102]
    assert amounts["3"] == [100, 400]
    assert due_us(EnglishBoard(402, 401, 2, 1)) == 400
    assert Counter(bids.made) == {2: 6}
