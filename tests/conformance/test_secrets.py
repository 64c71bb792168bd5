"""Section 13: reserves and maxima are in no byte that others can have."""

from collections.abc import Callable
from typing import Any

import msgpack
import pytest

from tests.conformance.conformance_house import OwnHouse
from tests.conformance.stranger import Stranger

pytestmark = pytest.mark.conformance
Make = Callable[..., Stranger]

RESERVE, MAXIMUM, RAISED, HIDDEN_BELOW_RESERVE = 7_654_321, 4_242_421, 5_151_511, 3_333_331
CATALOGUE = """
[sale]
title = "Small sale"
currency = "GBP"
ends = "after last lot"

[defaults]
starting_price = "100"
increment = "5"
duration = "until closed"

[[lot]]
number = "R-1"
title = "With a reserve"
reserve = "76543.21"

[[lot]]
number = "M-1"
title = "With a maximum"
"""


def everything_told_to(one: Stranger) -> bytes:
    """Return all bytes that somebody got, broadcasts and answers."""
    return b"".join([frame.raw for frame in one.frames] + one.answers)


def integers_in(value: Any) -> set[int]:
    if isinstance(value, dict):
        return set().union(*map(integers_in, value.values()))
    if isinstance(value, list):
        return set().union(*map(integers_in, value))
    return {value} if isinstance(value, int) else set()


def test_secrets_are_in_no_byte_that_others_get(own_house: Callable[..., OwnHouse], strangers_of: Make) -> None:
    house = own_house(CATALOGUE)
    ann, ben, eve = (strangers_of(house.link).join() for _ in range(3))
    assert ann.ask("bid", lot="R-1", amount_minor=20_000)["board"]["reserve_met"] is False
    assert ben.ask("bid", lot="R-1", amount_minor=HIDDEN_BELOW_RESERVE - 1)["board"]["reserve_met"] is False
    assert ben.ask("bid", lot="M-1", maximum_minor=MAXIMUM)["own"]["maximum_minor"] == MAXIMUM
    assert ann.ask("bid", lot="M-1", amount_minor=30_000)["own"] is None
    assert ben.ask("bid", lot="M-1", maximum_minor=RAISED)["own"]["maximum_minor"] == RAISED
    assert ann.ask("bid", lot="M-1", amount_minor=40_000, maximum_minor=50_000)["own"] is None
    assert ann.ask("bid", lot="M-1", amount_minor=40_001)["code"] == "below_minimum"
    assert ben.ask("mine")["positions"][-1]["own"]["maximum_minor"] == RAISED
    for one in (ann, eve):
        one.ask("mine")
        one.load()
        for lot in ("R-1", "M-1"):
            one.ask("lot", lot=lot)
            one.ask("replay", lot=lot, after_seq=0)
        one.ask("replay", lot="", after_seq=0)
    for lot in ("R-1", "M-1"):
        assert house.order(type="close", lot=lot)["type"] == "done"
    eve.await_frame(lambda frame: frame.body.get("events", [{}])[-1].get("event") == "sale_ended")
    ann.catch_up()
    ann.ask("bid", lot="M-1", amount_minor=RAISED + 1)
    for one in (ann, eve):
        one.load()
        told = everything_told_to(one)
        assert msgpack.packb(50_500) in told, "the price is told, so the search can find"
        numbers = integers_in([frame.body for frame in one.frames] + [msgpack.unpackb(body) for body in one.answers])
        for secret in (RESERVE, MAXIMUM, RAISED):
            assert msgpack.packb(secret) not in told
            assert secret not in numbers
    assert msgpack.packb(RAISED) in everything_told_to(ben), "one's own is told"
    paid = {"paddle": ben.paddle, "amount_minor": 50_500, "units": 1}
    assert (eve.views["R-1"]["status"], eve.views["M-1"]["results"]) == ("passed", [paid])


def test_names_are_not_published(own_house: Callable[..., OwnHouse], strangers_of: Make) -> None:
    house = own_house(CATALOGUE)
    eve, ann = strangers_of(house.link).join(), strangers_of(house.link)
    ann.join(name="Annabel Unheard")
    ann.ask("bid", lot="M-1", amount_minor=20_000)
    assert eve.await_event("M-1", "lot_moved")["bidder"] == ann.paddle
    eve.load()
    told = everything_told_to(eve)
    assert b"Annabel" not in told
    assert ann.keys[0] not in told


def test_a_winner_comes_with_the_close_and_not_before(own_house: Callable[..., OwnHouse], strangers_of: Make) -> None:
    house = own_house(CATALOGUE)
    ann = strangers_of(house.link).join()
    ann.ask("bid", lot="M-1", amount_minor=20_000)
    before = ann.ask("lot", lot="M-1")["lots"][0]
    assert (before["board"]["leader"], before["results"]) == (ann.paddle, [])
    assert ann.ask("mine")["won"] == []
    assert house.order(type="close", lot="M-1")["type"] == "done"
    closed = ann.await_event("M-1", "lot_closed")
    assert closed["results"] == [{"paddle": ann.paddle, "amount_minor": 20_000, "units": 1}]
    assert closed["cause"] == "hammer"
    assert ann.ask("mine")["won"] == ["M-1"]
