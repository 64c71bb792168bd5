"""Section 10: bids that are left before a lot opens, by raw frames: secret until then, made in their order, or void."""

from collections.abc import Callable

import pytest

from tests.conformance.conformance_house import OwnHouse
from tests.conformance.stranger import Body, Stranger

pytestmark = pytest.mark.conformance
Make = Callable[..., Stranger]

CATALOGUE = """
[sale]
title = "Small sale"
currency = "GBP"

[[lot]]
title = "A clock"
starting_price = "100"
increment = "5"
opens = "by hand"
duration = "1h"

[[lot]]
title = "A chair"
starting_price = "100"
opens = "by hand"
duration = "1h"
"""


class Sale:
    """A house with Ann, Ben and Cid, who leave bids on lot 1, and Eve, who looks on."""

    def __init__(self, house: OwnHouse, make: Make) -> None:
        self.house = house
        self.ann, self.ben, self.cid = (make(house.link).join(name=name) for name in ("Ann", "Ben", "Cid"))
        self.eve = make(house.link).join(role="observer")

    def open(self) -> Body:
        assert self.house.order(type="open", lot="1")["type"] == "done"
        return self.eve.await_event("1", "lot_opened")


@pytest.fixture
def sale(own_house: Callable[..., OwnHouse], strangers_of: Make) -> Sale:
    return Sale(own_house(CATALOGUE), strangers_of)


def test_a_bid_is_left_replaced_and_taken_back(sale: Sale) -> None:
    seq = sale.ann.views["1"]["seq"]
    left = sale.ann.ask("leave_bid", lot="1", amount_minor=30_000)
    assert (left["type"], left["seq"], left["own"]["maximum_minor"]) == ("accepted", seq, 30_000)
    assert (left["board"]["price_minor"], left["board"]["bids"], left["ends_at_ms"]) == (None, 0, None)
    replaced = sale.ann.ask("leave_bid", lot="1", amount_minor=40_000)
    assert (replaced["seq"], replaced["own"]["maximum_minor"]) == (seq, 40_000)
    assert sale.ann.ask("mine")["positions"][0]["own"]["maximum_minor"] == 40_000
    gone = sale.ann.ask("leave_bid", lot="1")
    assert (gone["type"], gone["seq"], gone["own"]) == ("accepted", seq, None)
    assert sale.ann.ask("mine")["positions"] == []
    assert sale.ann.ask("leave_bid", lot="1")["code"] == "no_offer"


def test_nobody_else_learns_of_it_before_the_lot_opens(sale: Sale) -> None:
    before = sale.eve.ask("lot", lot="1")["lots"]
    sale.ann.ask("leave_bid", lot="1", amount_minor=30_000)
    assert sale.eve.ask("lot", lot="1")["lots"] == before == sale.ben.ask("lot", lot="1")["lots"]
    assert sale.ben.ask("mine")["positions"] == []
    sale.eve.probe()
    assert not [frame for frame in sale.eve.frames if frame.body.get("lot_events")], "nothing was broadcast"


def test_the_bids_are_made_in_their_order_and_one_that_does_not_count_is_told_so(sale: Sale) -> None:
    sale.ann.ask("leave_bid", lot="1", amount_minor=40_000)
    sale.ben.ask("leave_bid", lot="1", amount_minor=40_000)
    sale.cid.ask("leave_bid", lot="1", amount_minor=20_000)
    opened = sale.open()
    first, second = sale.eve.ask("replay", lot="1", after_seq=opened["seq"])["lot_events"]
    assert [first["seq"], second["seq"]] == [opened["seq"] + 1, opened["seq"] + 2]
    assert (first["bidder"], first["board"]["leader"], first["board"]["price_minor"]) == (
        sale.ann.paddle,
        sale.ann.paddle,
        10_000,
    )
    assert (second["bidder"], second["board"]["leader"], second["board"]["price_minor"]) == (
        sale.ben.paddle,
        sale.ann.paddle,
        40_000,
    )
    told = sale.cid.ask("news", after_seq=0)["words"]
    assert [(word["kind"], word["lot"], word["text"]) for word in told] == [("left_bid_void", "1", "below_minimum")]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"lot": "1", "amount_minor": 9_999}, "below_minimum"),
        ({"lot": "9", "amount_minor": 30_000}, "unknown_lot"),
        ({"lot": "1", "amount_minor": 30_000, "if_seq": 9}, "state_changed"),
        ({"lot": "1", "amount_minor": 0}, "invalid_amount"),
    ],
)
def test_a_bid_that_can_t_be_left_has_its_code(sale: Sale, fields: Body, code: str) -> None:
    assert sale.ann.ask("leave_bid", **fields)["code"] == code


def test_a_repeat_has_the_verdict_of_then_and_an_open_lot_takes_none(sale: Sale) -> None:
    request_id = sale.ann.new_id()
    request = {"type": "leave_bid", "id": request_id, "lot": "1", "amount_minor": 30_000}
    sale.ann.send(request)
    verdict = sale.ann.await_answer(request_id)
    sale.open()
    sale.ann.send(request)
    assert sale.ann.await_answer(request_id) == verdict
    assert sale.ben.ask("leave_bid", lot="1", amount_minor=50_000)["code"] == "already_open"
