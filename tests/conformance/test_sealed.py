"""Sealed lots: until the close nobody hears of an offer but who made it, not even that there is one."""

from collections.abc import Callable

import msgpack
import pytest

from tests.conformance.conformance_house import OwnHouse
from tests.conformance.stranger import Body, Stranger, lot_events
from tests.conformance.test_secrets import everything_told_to, integers_in

pytestmark = pytest.mark.conformance
Make = Callable[..., Stranger]
HIGHEST, SECOND, REPLACED, TAKEN_BACK = 7_654_321, 4_242_421, 5_151_511, 8_888_881
CATALOGUE = """
[sale]
title = "Sealed sale"
currency = "GBP"

[[lot]]
number = "S-1"
title = "To the highest offer"
format = "sealed"
starting_price = "100"
duration = "until closed"

[[lot]]
number = "V-1"
title = "At the second offer"
format = "vickrey"
starting_price = "100"
duration = "until closed"
"""


def own(amount_minor: int) -> Body:
    return {"format": "sealed", "amount_minor": amount_minor}


def test_offers_are_secret_until_the_close(own_house: Callable[..., OwnHouse], strangers_of: Make) -> None:
    house = own_house(CATALOGUE)
    ann, ben, eve = (strangers_of(house.link).join() for _ in range(3))
    before = [eve.ask("lot", lot=lot)["lots"][0] for lot in ("S-1", "V-1")]
    assert before[0]["board"] == {"format": "sealed", "minimum_minor": 10_000, "offers": None}
    known = len(eve.frames)
    for lot in ("S-1", "V-1"):
        sealed = ann.ask("seal", lot=lot, amount_minor=REPLACED)
        assert (sealed["type"], sealed["board"], sealed["own"]) == ("accepted", before[0]["board"], own(REPLACED))
        assert (sealed["seq"], sealed["results"]) == (before[0]["seq"], [])
        assert ann.ask("seal", lot=lot, amount_minor=HIGHEST)["own"] == own(HIGHEST)
        low = ann.ask("seal", lot=lot, amount_minor=9_999)
        assert (low["code"], low["own"]) == ("below_minimum", own(HIGHEST)), "what stood stands"
        assert ben.ask("unseal", lot=lot)["code"] == "no_offer"
        assert ben.ask("seal", lot=lot, amount_minor=TAKEN_BACK)["own"] == own(TAKEN_BACK)
        assert ben.ask("unseal", lot=lot)["own"] is None
        assert ben.ask("seal", lot=lot, amount_minor=SECOND, if_seq=before[0]["seq"])["type"] == "accepted"
        assert ben.ask("bid", lot=lot, amount_minor=20_000)["code"] == "other_format"
    assert [one["own"] for one in ann.ask("mine")["positions"]] == [own(HIGHEST)] * 2
    eve.probe()
    assert not [frame for frame in eve.frames[known:] if lot_events(frame, "S-1") or lot_events(frame, "V-1")]
    assert [eve.ask("lot", lot=lot)["lots"][0] for lot in ("S-1", "V-1")] == before

    for lot, paid_minor in (("S-1", HIGHEST), ("V-1", SECOND)):
        told = everything_told_to(eve)
        assert msgpack.packb(paid_minor) not in told
        assert house.order(type="close", lot=lot)["type"] == "done"
        closed = eve.await_event(lot, "lot_closed")
        assert closed["results"] == [{"paddle": ann.paddle, "amount_minor": paid_minor, "units": 1}]
        assert closed["board"] == {"format": "sealed", "minimum_minor": 10_000, "offers": 2}
    assert (ann.ask("mine")["won"], ann.ask("mine")["positions"]) == (["S-1", "V-1"], [])
    eve.load()
    numbers = integers_in([frame.body for frame in eve.frames] + [msgpack.unpackb(body) for body in eve.answers])
    assert {HIGHEST, SECOND} <= numbers, "what was paid is told, so the search can find"
    assert not {REPLACED, TAKEN_BACK} & numbers


def test_an_offer_that_loses_is_never_told(own_house: Callable[..., OwnHouse], strangers_of: Make) -> None:
    house = own_house(CATALOGUE)
    ann, ben = strangers_of(house.link).join(), strangers_of(house.link).join()
    bid = {"id": ann.new_id(), "lot": "S-1", "amount_minor": SECOND}
    first = ann.ask("seal", **bid)
    assert ann.ask("seal", **bid) == first, "a repeat gets the same verdict"
    ben.ask("seal", lot="S-1", amount_minor=HIGHEST)
    assert house.order(type="close", lot="S-1")["type"] == "done"
    ben.await_event("S-1", "lot_closed")
    ben.load()
    late = ann.ask("seal", lot="S-1", amount_minor=HIGHEST)
    assert (late["code"], late["own"]) == ("lot_closed", own(SECOND))
    assert msgpack.packb(HIGHEST) in everything_told_to(ben)
    assert msgpack.packb(SECOND) not in everything_told_to(ben)
