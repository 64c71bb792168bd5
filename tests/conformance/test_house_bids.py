"""Section 10: what a stranger sees of a bid of the house, by raw frames: in the terms first, then as the leader 0."""

from collections.abc import Callable

import pytest

from tests.conformance.conformance_house import OwnHouse
from tests.conformance.stranger import Stranger

pytestmark = pytest.mark.conformance

CATALOGUE = """
[sale]
title = "Small sale"
currency = "GBP"

[[lot]]
title = "A clock"
starting_price = "100"
increment = "5"
reserve = "300"
house_bids = "on"
duration = "1h"
"""


def test_the_house_bids_for_the_seller(
    own_house: Callable[..., OwnHouse], strangers_of: Callable[..., Stranger]
) -> None:
    house = own_house(CATALOGUE)
    ann, eve = strangers_of(house.link).join(name="Ann"), strangers_of(house.link).join(role="observer")
    assert ann.views["1"]["terms"]["format"]["house_bids"] is True
    ann.ask("bid", lot="1", amount_minor=10_000)
    answer = house.order(type="bid_for", lot="1", paddle=0, source="house", amount_minor=20_000)
    assert answer["type"] == "done", answer
    moved = ann.await_event("1", "lot_moved")
    while moved["bidder"] != 0:
        moved = ann.await_event("1", "lot_moved")
    assert (moved["board"]["leader"], moved["board"]["price_minor"]) == (0, 20_000)
    assert eve.paddle == 0
    assert eve.ask("mine")["positions"] == []
    too_high = house.order(type="bid_for", lot="1", paddle=0, source="house", amount_minor=30_000)
    assert (too_high["type"], too_high["code"]) == ("rejected", "house_bid_too_high")
    assert house.order(type="close", lot="1")["type"] == "done"
    closed = eve.await_event("1", "lot_closed")
    assert (closed["results"], closed["board"]["leader"]) == ([], 0)
