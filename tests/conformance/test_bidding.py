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
    assert (verdict["code"], verdict["board"]["minimum_minor"]) == ("invalid_amount", 10_000)
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
    board = {
        "format": "english",
        "price_minor": 12_345,
        "minimum_minor": 12_845,
        "leader": ann.paddle,
        "bids": 1,
        "reserve_met": None,
        "buy_now_minor": None,
    }
    assert (answer["board"], answer["seq"], answer["lot"]) == (board, seq + 1, lot)
    assert (answer["own"], answer["results"]) == ({"format": "english", "maximum_minor": 12_345}, [])
    event = ann.await_event(lot, "lot_moved")
    assert (event["board"], event["seq"]) == (board, seq + 1)
    assert (event["bidder"], event["at_ms"], event["ends_at_ms"]) == (
        ann.paddle,
        answer["at_ms"],
        answer["ends_at_ms"],
    )


def test_a_bid_below_the_minimum_is_told_the_minimum(stranger: Make, lot: str) -> None:
    ann, ben = stranger(), stranger()
    ann.enrol()
    ben.enrol()
    seq = ann.ask("bid", lot=lot, amount_minor=10_000)["seq"]
    answer = ben.ask("bid", lot=lot, amount_minor=10_499)
    assert (answer["code"], answer["lot"], answer["seq"]) == ("below_minimum", lot, seq)
    board = answer["board"]
    assert (board["price_minor"], board["minimum_minor"], board["leader"]) == (10_000, 10_500, ann.paddle)
    assert answer["own"] is None


def test_a_maximum_bids_as_little_as_keeps_the_lead(stranger: Make, lot: str) -> None:
    ann, ben = stranger().join(), stranger()
    ben.enrol()
    first = ann.ask("bid", lot=lot, maximum_minor=40_000)
    assert (first["board"]["price_minor"], first["own"]["maximum_minor"]) == (10_000, 40_000)
    second = ben.ask("bid", lot=lot, amount_minor=20_000)
    assert second["own"] is None
    assert second["board"]["price_minor"] == 20_500
    ann.await_event(lot, "lot_moved")
    event = ann.await_event(lot, "lot_moved")
    assert event["bidder"] == ben.paddle
    assert (event["board"]["leader"], event["board"]["price_minor"]) == (ann.paddle, 20_500)
    tie = ben.ask("bid", lot=lot, maximum_minor=40_000)
    assert (tie["own"], tie["board"]["price_minor"]) == (None, 40_000), "of equal maxima the earlier leads"


def test_nobody_bids_against_oneself(stranger: Make, lot: str) -> None:
    ann = stranger()
    ann.enrol()
    assert ann.ask("bid", lot=lot, amount_minor=10_000, maximum_minor=30_000)["board"]["price_minor"] == 10_000
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
    eve.await_event(lot, "lot_moved")
    before = eve.ask("lot", lot=lot)["lots"]
    known = len(eve.frames)
    raised = ann.ask("bid", lot=lot, maximum_minor=60_000)
    assert (raised["type"], raised["own"]["maximum_minor"], raised["seq"]) == ("accepted", 60_000, first["seq"])
    assert raised["board"] == first["board"]
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
    assert (changed["code"], changed["board"]["price_minor"], changed["seq"]) == (
        "state_changed",
        10_000,
        accepted["seq"],
    )
    assert ben.ask("bid", lot=lot, amount_minor=20_000, if_price_minor=10_000)["type"] == "accepted"


def test_mine_is_one_s_own(stranger: Make, lot: str) -> None:
    ann, ben = stranger(), stranger()
    ann.enrol()
    ben.enrol()
    ann.ask("bid", lot=lot, maximum_minor=30_000)
    mine = ann.ask("mine")
    own = {"format": "english", "maximum_minor": 30_000}
    assert (mine["paddle"], mine["positions"]) == (ann.paddle, [{"lot": lot, "own": own}])
    assert ben.ask("mine")["positions"] == []


def test_lots_without_an_offer_can_t_be_bought(stranger: Make, lot: str) -> None:
    ann = stranger()
    ann.enrol()
    assert ann.ask("buy", lot=lot, price_minor=10_000)["code"] == "no_buy_now"


@pytest.mark.parametrize(("type_", "fields"), [("seal", {"amount_minor": 20_000}), ("unseal", {})])
def test_an_offer_of_another_format_is_none(stranger: Make, lot: str, type_: str, fields: dict[str, int]) -> None:
    ann = stranger().join()
    refused = {"id": ann.new_id(), "lot": lot} | fields
    verdict = ann.ask(type_, **refused)
    assert (verdict["code"], verdict["lot"], verdict["seq"]) == ("other_format", lot, ann.views[lot]["seq"])
    assert (verdict["board"], verdict["own"]) == (ann.views[lot]["board"], None)
    assert ann.ask(type_, **refused) == verdict, "it is a verdict, and remembered"
    assert ann.ask(type_, **(refused | {"if_seq": 7}))["code"] == "id_conflict"


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
    assert ann.ask("bid", lot="reserve-1", amount_minor=80_000)["board"]["reserve_met"] is False

    open_lot("soft-1")
    extended = ann.ask("bid", lot="soft-1", amount_minor=10_000)
    ends_ms = ann.await_event("soft-1", "lot_opened")["ends_at_ms"]
    assert extended["ends_at_ms"] == min(extended["at_ms"] + 2_600, ends_ms + 2_600) > ends_ms

    open_lot("buy-1")
    assert ann.ask("buy", lot="buy-1", price_minor=49_999)["code"] == "no_buy_now"
    bought = ann.ask("buy", lot="buy-1", price_minor=50_000)
    results = [{"paddle": ann.paddle, "amount_minor": 50_000, "units": 1}]
    assert (bought["type"], bought["results"], bought["ends_at_ms"]) == ("accepted", results, None)
    assert (bought["board"]["price_minor"], bought["board"]["bids"], bought["own"]) == (None, 0, None)

    closed = {name: ann.await_event(name, "lot_closed") for name in ("buy-1", "reserve-1", "soft-1")}
    assert (closed["buy-1"]["cause"], closed["buy-1"]["results"]) == ("buy_now", results)
    assert (closed["buy-1"]["board"], closed["buy-1"]["seq"]) == (bought["board"], bought["seq"])
    assert closed["reserve-1"]["results"] == []
    assert closed["soft-1"]["results"] == [{"paddle": ann.paddle, "amount_minor": 10_000, "units": 1}]
    assert (closed["soft-1"]["cause"], closed["soft-1"]["at_ms"]) == ("time", extended["ends_at_ms"])

    late = ann.ask("bid", lot="soft-1", amount_minor=90_000)
    now_ms = ann.ask("ping")["server_time_ms"]
    assert (late["code"], late["board"]["price_minor"], late["own"]["maximum_minor"]) == ("lot_closed", 10_000, 10_000)
    assert 0 <= late["late_ms"] <= now_ms - closed["soft-1"]["at_ms"]

    mine = ann.ask("mine")
    assert (sorted(mine["won"]), mine["total_minor"], mine["positions"]) == (["buy-1", "soft-1"], 60_000, [])
    assert house.order(type="end")["type"] == "done"
    ended = ann.await_frame(lambda frame: frame.topic == b"sale" and frame.body["events"][-1]["event"] == "sale_ended")
    for frame in ann.frames:
        ann.apply(frame.body)
    assert {view["status"] for view in ann.views.values()} <= {"sold", "passed", "withdrawn"}
    assert ended.body["events"][-1]["seq"] == ann.sale["seq"]
    assert ann.ask("bid", lot="later-1", amount_minor=10_000)["code"] == "lot_withdrawn"
