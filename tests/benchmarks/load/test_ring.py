"""Every bid of the ring is good, in whatever order a peer works."""

from random import Random

import pytest

from benchmarks.load.ring import BIDDERS, LOTS, Ring, amount_minor, lot_of

TURNS = 40 * BIDDERS


@pytest.mark.parametrize("order", ["fair", "random", "the first first", "the last first"])
def test_every_bid_of_the_ring_is_good_in_whatever_order_the_peer_works(order: str) -> None:
    ring, random = Ring(), Random(7)
    prices, leaders = [0] * LOTS, [-1] * LOTS
    under_way = ring.start()
    assert len(under_way) == BIDDERS
    for _ in range(TURNS):
        picks = {"fair": 0, "random": random.randrange(len(under_way))}
        place = picks.get(order, under_way.index(min(under_way) if order == "the first first" else max(under_way)))
        bidder = under_way.pop(place)
        round_number = ring.answered[bidder]
        lots = [lot_of(one, ring.answered[one]) for one in (bidder, *under_way)]
        assert len(set(lots)) == len(lots), "two bids on one lot were under way at once"
        lot, amount = lots[0], amount_minor(round_number)
        assert amount > prices[lot]
        assert leaders[lot] != bidder
        prices[lot], leaders[lot] = amount, bidder
        ring.advance(bidder, under_way)
    assert len(under_way) > 0, "the ring stands still"
    assert sum(ring.answered) == TURNS
