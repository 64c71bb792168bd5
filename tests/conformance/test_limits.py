"""Sections 9 and 13: what a stranger sees of limits and links, by raw frames: its own refusal and its own `mine`."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.conformance.conformance_house import OwnHouse
from tests.conformance.stranger import Stranger

pytestmark = pytest.mark.conformance
Make = Callable[..., Stranger]

CATALOGUE = """
[sale]
title = "Small sale"
currency = "GBP"

[defaults]
starting_price = "100"
increment = "5"
duration = "1h"

[[lot]]
title = "A clock"

[[lot]]
title = "A chair"
"""


@pytest.fixture
def sale(own_house: Callable[..., OwnHouse], strangers_of: Make) -> tuple[OwnHouse, Stranger, Stranger, Stranger]:
    """Return a house with Ann and Ben, who bid, and Eve, who looks on."""
    house = own_house(CATALOGUE)
    ann, ben = (strangers_of(house.link).join(name=name) for name in ("Ann", "Ben"))
    return house, ann, ben, strangers_of(house.link).join(role="observer")


def done(house: OwnHouse, **fields: Any) -> None:
    answer = house.order(**fields)
    assert answer["type"] == "done", answer


def test_an_offer_over_the_limit_is_refused_and_mine_tells_what_counts(
    sale: tuple[OwnHouse, Stranger, Stranger, Stranger],
) -> None:
    house, ann, ben, eve = sale
    assert ann.ask("mine")["spending"] is None
    before = [eve.ask("lot", lot=lot)["lots"][0]["seq"] for lot in ("1", "2")]
    done(house, type="set_limit", bidder="Ann", limit_minor=30_000)
    assert ann.ask("bid", lot="1", maximum_minor=20_000)["type"] == "accepted"
    assert ann.ask("mine")["spending"] == {"limit_minor": 30_000, "won_minor": 0, "exposed_minor": 20_000}
    refused = ann.ask("bid", lot="2", maximum_minor=10_001)
    assert (refused["code"], refused["lot"], refused["own"]) == ("over_spending_limit", "2", None)
    assert refused["detail"] == "GBP 100.00 of the limit of GBP 300.00 is left for this lot"
    assert refused["board"] == eve.ask("lot", lot="2")["lots"][0]["board"]
    assert ben.ask("mine")["spending"] is None
    after = [eve.ask("lot", lot=lot)["lots"][0]["seq"] for lot in ("1", "2")]
    assert after == [before[0] + 1, before[1]], "neither a limit nor a refusal has a number"


def test_linked_bidders_are_refused_while_one_of_them_leads(
    sale: tuple[OwnHouse, Stranger, Stranger, Stranger],
) -> None:
    house, ann, ben, _ = sale
    done(house, type="link_paddles", bidders=["Ann", "Ben"])
    assert ann.ask("bid", lot="1", amount_minor=10_000)["type"] == "accepted"
    refused = ben.ask("bid", lot="1", amount_minor=20_000)
    assert (refused["code"], refused["detail"]) == ("linked_bidder", "")
    assert ben.ask("bid", lot="1", amount_minor=100)["code"] == "below_minimum", "that is looked at first"
    assert ben.ask("bid", lot="2", amount_minor=20_000)["type"] == "accepted"
    done(house, type="link_paddles", bidders=["Ann", "Ben"], linked=False)
    assert ben.ask("bid", lot="1", amount_minor=20_000)["type"] == "accepted"
