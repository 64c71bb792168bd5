"""Sections 10 and 13: bids, conditions, and what leaves no trace."""

from collections.abc import Callable

import pytest

from tests.conformance.conformance_house import OwnHouse
from tests.conformance.stranger import Stranger, lot_events

pytestmark = pytest.mark.conformance
Make = Callable[..., Stranger]


def test_a_bid_needs_an_amount_or_a_maximum_that_is_not_below_it(stranger: Make, lot: str) -> None:
    ann = stranger()
    ann.enrol()
    neither = {"id": ann.new_id(), "lot": lot}
    verdict = ann.ask("bid", **neither)
    assert (verdict["code"], verdict["minimum_minor"]) == ("invalid_amount", 10_000)
    assert ann.ask("bid", **neither) == verdict, "it is a verdict, and remembered"
    assert ann.ask("bid", **neither, amount_minor=10_000)["code"] == "id_conflict"
    assert ann.ask("bid", lot=lot, amount_minor=20_000, maximum_minor=19_999)["code"] == "invalid_amount"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"amount_minor": 9_999, "if_seq": 999}, "state_changed"),
        ({"if_price_minor": 5}, "state_changed"),
        ({"amount_minor": 9_999, "maximum_minor": 9_998}, "invalid_amount"),
        ({"amount_minor": 9_999}, "below_minimum"),
        ({"amount_minor": 0, "if_seq": 999}, "invalid_amount"),
        ({"amount_minor": 0, "if_seq": -1}, "malformed"),
        ({"amount_minor": 10**15 + 1, "maximum_minor": -1}, "over_limit"),
        ({"amount_minor": 9_999, "if_price_minor": -1}, "invalid_amount"),
        ({"amount_minor": 9_999, "if_price_minor": 2**53}, "over_limit"),
    ],
)
def test_the_first_fault_in_the_order_of_checks_is_told(
    stranger: Make, lot: str, fields: dict[str, int], code: str
) -> None:
    ann = stranger()
    ann.enrol()
    assert ann.ask("bid", lot=lot, **fields)["code"] == code
    assert ann.ask("bid", lot="no-such-lot", **(fields | {"amount_minor": 0}))["code"] in (
        "invalid_amount",
        "malformed",
    )


def test_an_open_bid_becomes_the_price(stranger: Make, lot: str) -> None:
    ann = stranger().join()
    seq = ann.views[lot]["seq"]
    answer = ann.ask("bid", lot=lot, amount_minor=12_345)
    expected = {"price_minor": 12_345, "minimum_minor": 12_845, "seq": seq + 1, "reserve_met": None}
    assert {field: answer[field] for field in expected} == expected
    assert (answer["leading"], answer["bought"], answer["lot"]) == (True, False, lot)
    event = ann.await_event(lot, "bid_placed")
    assert {field: event[field] for field in expected} == expected
    assert (event["bidder"], event["leader"], event["at_ms"]) == (ann.paddle, ann.paddle, answer["at_ms"])


def test_a_bid_below_the_minimum_is_told_the_minimum(stranger: Make, lot: str) -> None:
    ann, ben = stranger(), stranger()
    ann.enrol()
    ben.enrol()
    seq = ann.ask("bid", lot=lot, amount_minor=10_000)["seq"]
    answer = ben.ask("bid", lot=lot, amount_minor=10_499)
    assert (answer["code"], answer["lot"], answer["seq"]) == ("below_minimum", lot, seq)
    assert (answer["price_minor"], answer["minimum_minor"], answer["leading"]) == (10_000, 10_500, False)


def test_a_maximum_bids_as_little_as_keeps_the_lead(stranger: Make, lot: str) -> None:
    ann, ben = stranger().join(), stranger()
    ben.enrol()
    first = ann.ask("bid", lot=lot, maximum_minor=40_000)
    assert (first["price_minor"], first["maximum_minor"]) == (10_000, 40_000)
    second = ben.ask("bid", lot=lot, amount_minor=20_000)
    assert (second["leading"], second["maximum_minor"]) == (False, None)
    assert second["price_minor"] == 20_500
    ann.await_event(lot, "bid_placed")
    event = ann.await_event(lot, "bid_placed")
    assert (event["bidder"], event["leader"], event["price_minor"]) == (ben.paddle, ann.paddle, 20_500)
    tie = ben.ask("bid", lot=lot, maximum_minor=40_000)
    assert (tie["leading"], tie["price_minor"]) == (False, 40_000), "of equal maxima the earlier leads"


def test_nobody_bids_against_oneself(stranger: Make, lot: str) -> None:
    ann = stranger()
    ann.enrol()
    assert ann.ask("bid", lot=lot, amount_minor=10_000, maximum_minor=30_000)["price_minor"] == 10_000
    assert ann.ask("bid", lot=lot, amount_minor=50_000)["code"] == "already_leading"
    for maximum_minor in (20_000, 30_000):
        assert ann.ask("bid", lot=lot, maximum_minor=maximum_minor)["code"] == "maximum_not_raised"


@pytest.mark.parametrize("fields", [{}, {"amount_minor": 20_000, "maximum_minor": 19_999}])
def test_a_bid_has_an_amount_that_makes_sense(stranger: Make, lot: str, fields: dict[str, int]) -> None:
    ann = stranger()
    ann.enrol()
    assert ann.ask("bid", lot=lot, **fields)["code"] == "invalid_amount"


def test_a_raised_maximum_leaves_no_public_trace(stranger: Make, lot: str) -> None:
    ann, eve = stranger(), stranger().join()
    ann.enrol()
    first = ann.ask("bid", lot=lot, maximum_minor=30_000)
    eve.await_event(lot, "bid_placed")
    before = eve.ask("lot", lot=lot)["lots"]
    known = len(eve.frames)
    raised = ann.ask("bid", lot=lot, maximum_minor=60_000)
    assert (raised["type"], raised["maximum_minor"], raised["seq"]) == ("accepted", 60_000, first["seq"])
    eve.probe()  # whatever the raise had caused would come before the probe's answer
    beat = eve.await_beat()
    assert dict(beat.body["lots"]).get(lot, first["seq"]) == first["seq"]
    assert not [frame for frame in eve.frames[known:] if lot_events(frame, lot)]
    assert eve.ask("lot", lot=lot)["lots"] == before
    replay = eve.ask("replay", lot=lot, after_seq=first["seq"])
    assert (replay["lot_events"], replay["more"]) == ([], False)


def test_a_bid_can_depend_on_what_the_bidder_saw(stranger: Make, lot: str) -> None:
    ann, ben = stranger(), stranger()
    ann.enrol()
    ben.enrol()
    seq = ann.ask("lot", lot=lot)["lots"][0]["seq"]
    assert ann.ask("bid", lot=lot, amount_minor=10_000, if_price_minor=9_000)["code"] == "state_changed"
    assert ann.ask("bid", lot=lot, amount_minor=10_000, if_seq=seq + 1)["code"] == "state_changed"
    accepted = ann.ask("bid", lot=lot, amount_minor=10_000, if_price_minor=0, if_seq=seq)
    assert accepted["type"] == "accepted"
    changed = ben.ask("bid", lot=lot, amount_minor=20_000, if_seq=seq)
    assert (changed["code"], changed["price_minor"], changed["seq"]) == ("state_changed", 10_000, accepted["seq"])
    assert ben.ask("bid", lot=lot, amount_minor=20_000, if_price_minor=10_000)["type"] == "accepted"


def test_mine_is_one_s_own(stranger: Make, lot: str) -> None:
    ann, ben = stranger(), stranger()
    ann.enrol()
    ben.enrol()
    ann.ask("bid", lot=lot, maximum_minor=30_000)
    mine = ann.ask("mine")
    assert (mine["paddle"], mine["maxima"]) == (ann.paddle, [{"lot": lot, "maximum_minor": 30_000}])
    assert ben.ask("mine")["maxima"] == []


def test_lots_without_an_offer_can_t_be_bought(stranger: Make, lot: str) -> None:
    ann = stranger()
    ann.enrol()
    assert ann.ask("buy", lot=lot, price_minor=10_000)["code"] == "no_buy_now"


SHORT_SALE = """
[sale]
title = "Short sale"
currency = "GBP"
ends = "after last lot"

[defaults]
starting_price = "100"
increment = "5"
opens = "by hand"
duration = "2500ms"

[[lot]]
number = "plain-1"
title = "No bids"

[[lot]]
number = "reserve-1"
title = "Reserve not met"
reserve = "900"

[[lot]]
number = "soft-1"
title = "Extended by every bid"
soft_close = { window = "2500ms", extension = "2600ms", cap = "2600ms" }

[[lot]]
number = "buy-1"
title = "Bought at once"
buy_now = "500"
duration = "until closed"

[[lot]]
number = "later-1"
title = "Opens after the others"
opens = "1h"

[[lot]]
number = "own-1"
title = "Of a seller who is here"
seller = "Sally Seller"
"""


def test_a_short_sale_to_its_end(own_house: Callable[..., OwnHouse], strangers_of: Make) -> None:
    """Each lot is opened when all are there, and right before it is needed: its clock waits for nobody."""
    house = own_house(SHORT_SALE)
    ann, sally = strangers_of(house.link).join(), strangers_of(house.link)
    sally.enrol(name="Sally Seller")

    def open_lot(number: str) -> None:
        assert house.order(type="open", lot=number)["type"] == "done"

    open_lot("plain-1")
    open_lot("own-1")
    assert sally.ask("bid", lot="own-1", amount_minor=10_000)["code"] == "own_lot"
    early = ann.ask("bid", lot="later-1", amount_minor=10_000)
    assert (early["code"], 3_000_000 < early["retry_ms"] <= 3_600_000) == ("lot_not_open", True)
    open_lot("reserve-1")
    assert ann.ask("bid", lot="reserve-1", amount_minor=80_000)["reserve_met"] is False

    open_lot("soft-1")
    extended = ann.ask("bid", lot="soft-1", amount_minor=10_000)
    ends_ms = ann.await_event("soft-1", "lot_opened")["ends_at_ms"]
    assert extended["ends_at_ms"] == min(extended["at_ms"] + 2_600, ends_ms + 2_600) > ends_ms

    open_lot("buy-1")
    assert ann.ask("buy", lot="buy-1", price_minor=49_999)["code"] == "no_buy_now"
    bought = ann.ask("buy", lot="buy-1", price_minor=50_000)
    assert (bought["type"], bought["bought"], bought["price_minor"]) == ("accepted", True, 50_000)

    closed = {name: ann.await_event(name, "lot_closed") for name in ("buy-1", "reserve-1", "soft-1")}
    assert (closed["buy-1"]["cause"], closed["buy-1"]["winner"]) == ("buy_now", ann.paddle)
    assert (closed["reserve-1"]["winner"], closed["reserve-1"]["hammer_minor"]) == (None, None)
    assert (closed["soft-1"]["winner"], closed["soft-1"]["hammer_minor"]) == (ann.paddle, 10_000)
    assert (closed["soft-1"]["cause"], closed["soft-1"]["at_ms"]) == ("time", extended["ends_at_ms"])

    late = ann.ask("bid", lot="soft-1", amount_minor=90_000)
    now_ms = ann.ask("ping")["server_time_ms"]
    assert (late["code"], late["price_minor"], late["leading"]) == ("lot_closed", 10_000, True)
    assert 0 <= late["late_ms"] <= now_ms - closed["soft-1"]["at_ms"]

    mine = ann.ask("mine")
    assert (sorted(mine["won"]), mine["total_minor"], mine["maxima"]) == (["buy-1", "soft-1"], 60_000, [])
    assert house.order(type="end")["type"] == "done"
    ended = ann.await_frame(lambda frame: frame.topic == b"sale" and frame.body["events"][-1]["event"] == "sale_ended")
    for frame in ann.frames:
        ann.apply(frame.body)
    assert {view["status"] for view in ann.views.values()} <= {"sold", "passed", "withdrawn"}
    assert ended.body["events"][-1]["seq"] == ann.sale["seq"]
    assert ann.ask("bid", lot="later-1", amount_minor=10_000)["code"] == "lot_withdrawn"
