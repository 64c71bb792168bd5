"""Section 14: what a stranger sees of corrections, by raw frames: the lot, and the words to those whom they touch."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.conformance.conformance_house import OwnHouse
from tests.conformance.stranger import Body, Stranger

pytestmark = pytest.mark.conformance
Make = Callable[..., Stranger]

CATALOGUE = """
[sale]
title = "Small sale"
currency = "GBP"
corrections = "on"

[defaults]
starting_price = "100"
increment = "5"
duration = "1h"

[[lot]]
title = "A clock"

[[lot]]
title = "A chair"
opens = "by hand"
"""


class Sale:
    """A house with Ann and Ben, who bid, and Eve, who looks on."""

    def __init__(self, house: OwnHouse, make: Make) -> None:
        self.house = house
        self.ann, self.ben = (make(house.link).join(name=name) for name in ("Ann", "Ben"))
        self.eve = make(house.link).join(role="observer")

    def correct(self, type_: str, **fields: Any) -> Body:
        answer = self.house.order(type=type_, lot="1", **fields)
        assert answer["type"] == "done", answer
        return answer

    def corrected(self, event: str = "lot_corrected") -> Body:
        """Return the next correction that Eve hears; what follows it is that of a replay too."""
        heard = self.eve.await_event("1", event)
        replayed = self.eve.ask("replay", lot="1", after_seq=heard["seq"] - 1)["lot_events"]
        assert replayed[0] == heard
        self.eve.probe()
        for frame in self.eve.frames:
            self.eve.apply(frame.body)
        assert self.eve.ask("lot", lot="1")["lots"][0] == self.eve.views["1"], "who applies it has the house's view"
        return heard

    def words(self, who: Stranger) -> list[tuple[str, str, str]]:
        return [(word["kind"], word["lot"], word["text"]) for word in who.ask("news", after_seq=0)["words"]]


@pytest.fixture
def sale(own_house: Callable[..., OwnHouse], strangers_of: Make) -> Sale:
    return Sale(own_house(CATALOGUE), strangers_of)


def test_a_bid_is_taken_back(sale: Sale) -> None:
    sale.ann.ask("bid", lot="1", maximum_minor=30_000)
    accepted = sale.ben.ask("bid", lot="1", amount_minor=40_000)
    ends_at_ms = accepted["ends_at_ms"]
    sale.correct("undo", reason="The wrong paddle", if_seq=accepted["seq"])
    event = sale.corrected()
    assert (event["cause"], event["status"], event["ends_at_ms"]) == ("undo", "open", ends_at_ms)
    assert (event["board"]["price_minor"], event["board"]["leader"]) == (10_000, sale.ann.paddle)
    assert (event["seq"], event["void_from_seq"], event["results"]) == (accepted["seq"] + 1, accepted["seq"], [])
    assert sale.words(sale.ann) == [("lead_back", "1", "The wrong paddle")]
    assert sale.words(sale.ben) == [("offer_void", "1", "The wrong paddle")]
    assert sale.ann.ask("mine")["positions"][0]["own"]["maximum_minor"] == 30_000
    assert sale.ben.ask("mine")["positions"] == []
    stale = sale.house.order(type="undo", lot="1", if_seq=accepted["seq"])
    assert (stale["type"], stale["code"]) == ("rejected", "state_changed")


def test_a_verdict_that_is_repeated_is_that_of_then(sale: Sale) -> None:
    request_id = sale.ann.new_id()
    bid = {"type": "bid", "id": request_id, "lot": "1", "amount_minor": 20_000}
    sale.ann.send(bid)
    verdict = sale.ann.await_answer(request_id)
    sale.correct("undo")
    sale.ann.send(bid)
    assert sale.ann.await_answer(request_id) == verdict
    assert sale.corrected()["board"]["leader"] is None


def test_a_lot_that_was_sold_is_open_again_and_closes_again(sale: Sale) -> None:
    sale.ann.ask("bid", lot="1", amount_minor=20_000)
    assert sale.house.order(type="close", lot="1")["type"] == "done"
    assert sale.ann.ask("mine")["won"] == ["1"]
    sale.correct("reopen", for_ms=600_000, reason="Too early")
    event = sale.corrected()
    assert (event["cause"], event["status"], event["results"]) == ("reopen", "open", [])
    assert event["ends_at_ms"] == event["at_ms"] + 600_000
    assert (sale.eve.views["1"]["closed_at_ms"], sale.eve.views["1"]["close_cause"]) == (None, None)
    assert sale.words(sale.ann) == [("sale_void", "1", "Too early")]
    assert sale.ann.ask("mine")["won"] == []
    assert sale.ben.ask("bid", lot="1", amount_minor=30_000)["type"] == "accepted"
    assert sale.house.order(type="close", lot="1")["type"] == "done"
    sold = sale.eve.await_event("1", "lot_closed")
    while sold["seq"] < event["seq"]:
        sold = sale.eve.await_event("1", "lot_closed")
    assert [row["paddle"] for row in sold["results"]] == [sale.ben.paddle]


def test_a_sale_is_void_and_the_lot_goes_to_another_by_agreement(sale: Sale) -> None:
    sale.ann.ask("bid", lot="1", amount_minor=20_000)
    sale.ben.ask("bid", lot="1", amount_minor=30_000)
    assert sale.house.order(type="close", lot="1")["type"] == "done"
    closed_at_ms = sale.eve.await_event("1", "lot_closed")["at_ms"]
    sale.correct("void", reason="No funds")
    event = sale.corrected()
    assert (event["status"], event["results"], event["board"]["leader"]) == ("passed", [], sale.ann.paddle)
    assert (sale.eve.views["1"]["close_cause"], sale.eve.views["1"]["closed_at_ms"]) == ("voided", closed_at_ms)
    late = sale.ann.ask("bid", lot="1", amount_minor=50_000)
    assert (late["code"], late["lot"]) == ("lot_closed", "1")
    sale.correct("award", bidder="Ann", amount_minor=19_000)
    rows = [{"paddle": sale.ann.paddle, "amount_minor": 19_000, "units": 1}]
    view = sale.ann.ask("lot", lot="1")["lots"][0]
    assert (view["status"], view["results"], view["close_cause"]) == ("sold", rows, "awarded")
    assert sale.ann.ask("mine")["total_minor"] == 19_000
    assert [kind for kind, _, _ in sale.words(sale.ann)] == ["awarded"]
    assert [kind for kind, _, _ in sale.words(sale.ben)] == ["sale_void"]


def test_a_raise_that_nobody_saw_is_taken_back_and_nobody_sees_it(sale: Sale) -> None:
    sale.ann.ask("bid", lot="1", maximum_minor=30_000)
    sale.ann.ask("bid", lot="1", maximum_minor=90_000)
    sale.eve.catch_up()
    before = sale.eve.ask("lot", lot="1")["lots"]
    sale.correct("undo", numbers=[2])
    sale.eve.await_beat()
    sale.eve.await_beat()
    assert sale.eve.ask("lot", lot="1")["lots"] == before
    assert not [frame for frame in sale.eve.frames if b"lot_corrected" in frame.raw]
    assert sale.words(sale.ann) == [("offer_void", "1", "")]
    assert sale.ann.ask("mine")["positions"][0]["own"]["maximum_minor"] == 30_000


def test_only_finish_ends_a_sale_with_corrections(sale: Sale) -> None:
    assert sale.house.order(type="end")["type"] == "done"
    assert sale.eve.await_event("1", "lot_closed")["results"] == []
    sale.correct("reopen", for_ms=600_000)
    assert sale.corrected()["status"] == "open"
    assert sale.house.order(type="finish")["code"] == "wrong_state"
    assert sale.house.order(type="close", lot="1")["type"] == "done"
    assert sale.house.order(type="finish")["type"] == "done"
    sale.eve.await_frame(lambda frame: frame.body.get("events", [{}])[-1].get("event") == "sale_ended")
    assert sale.house.order(type="reopen", lot="1", for_ms=1000)["code"] == "sale_ended"


def test_corrections_outlive_the_house(sale: Sale) -> None:
    sale.ann.ask("bid", lot="1", amount_minor=20_000)
    sale.ben.ask("bid", lot="1", amount_minor=30_000)
    sale.correct("undo", reason="A slip")
    before = sale.ann.ask("lot", lot="1")["lots"][0]
    sale.house.kill_and_await()
    sale.ann.ask_until_answered({"type": "ping", "id": sale.ann.new_id()})
    sale.ann.enrol()
    after = sale.ann.ask("lot", lot="1")["lots"][0]
    assert (after["board"], after["status"]) == (before["board"], "open")
    assert sale.words(sale.ann) == [("lead_back", "1", "A slip")]
    sale.correct("undo")
    assert sale.ann.ask("lot", lot="1")["lots"][0]["board"]["leader"] is None


def test_a_bidder_takes_its_own_bid_back(own_house: Callable[..., OwnHouse], strangers_of: Make) -> None:
    sale = Sale(own_house(CATALOGUE.replace("[defaults]", 'retractions = "on"\n[defaults]')), strangers_of)
    sale.ann.ask("bid", lot="1", maximum_minor=30_000)
    bid = sale.ben.ask("bid", lot="1", amount_minor=40_000)
    request_id = sale.ben.new_id()
    retract = {"type": "retract", "id": request_id, "lot": "1", "if_seq": bid["seq"]}
    sale.ben.send(retract)
    verdict = sale.ben.await_answer(request_id)
    event = sale.corrected()
    assert (event["cause"], event["void_from_seq"], event["board"]["leader"]) == (
        "retracted",
        bid["seq"],
        sale.ann.paddle,
    )
    assert (verdict["type"], verdict["seq"], verdict["board"]) == ("accepted", event["seq"], event["board"])
    assert verdict["own"] is None
    sale.ben.send(retract)
    assert sale.ben.await_answer(request_id) == verdict
    assert sale.ben.ask("retract", lot="1")["code"] == "no_offer"
    assert sale.words(sale.ann) == [("lead_back", "1", "")]


def test_bids_can_not_be_taken_back_unless_the_sale_says_so(sale: Sale) -> None:
    sale.ann.ask("bid", lot="1", amount_minor=30_000)
    assert sale.ann.ask("retract", lot="1")["code"] == "no_retraction"
