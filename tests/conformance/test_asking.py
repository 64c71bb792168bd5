"""Section 14: a bidder whom a correction made lead is asked whether its bid stands; its answers by raw frames."""

from collections.abc import Callable
from typing import Any

import msgpack
import pytest

from tests.conformance.conformance_house import OwnHouse
from tests.conformance.stranger import Body, Stranger
from tests.conformance.test_secrets import everything_told_to

pytestmark = pytest.mark.conformance
Make = Callable[..., Stranger]

ANSWER_MS = 60_000
SECRET = 7_654_321
CATALOGUE = """
[sale]
title = "A sale that asks"
currency = "GBP"
corrections = "on"
retractions = "on"
revived = "ask"
revived_answer = "1m"

[defaults]
starting_price = "100"
increment = "5"
duration = "1h"

[[lot]]
title = "A clock"

[[lot]]
title = "A chair"
"""


class Sale:
    """A house that asks Ann about her bid of 300.00 on lot 1, after which Ben's bid of 400.00 was taken back."""

    def __init__(self, house: OwnHouse, make: Make) -> None:
        self.house = house
        self.ann, self.ben, self.eve = (make(house.link).join(name=name) for name in ("Ann", "Ben", "Eve"))
        assert self.ann.ask("bid", lot="1", amount_minor=30_000)["type"] == "accepted"
        self.over_ms = self.ben.ask("bid", lot="1", amount_minor=40_000)["ends_at_ms"]
        self.order("undo", reason="The wrong paddle")
        self.event = self.eve.await_event("1", "lot_corrected")

    def order(self, type_: str, **fields: Any) -> None:
        answer = self.house.order(type=type_, lot="1", **fields)
        assert answer["type"] == "done", answer

    def view(self) -> Body:
        """Return the lot as the house shows it, which is what Eve has made of the events."""
        self.eve.probe()
        for frame in self.eve.frames:
            self.eve.apply(frame.body)
        view = self.eve.ask("lot", lot="1")["lots"][0]
        assert view == self.eve.views["1"]
        return dict(view)

    def answer(self, who: Stranger, **fields: Any) -> Body:
        """Return a new answer of somebody, not sent yet."""
        return {"type": "confirm", "id": who.new_id(), "lot": "1", "stands": True} | fields


@pytest.fixture
def sale(own_house: Callable[..., OwnHouse], strangers_of: Make) -> Sale:
    return Sale(own_house(CATALOGUE), strangers_of)


def verdict_on(who: Stranger, body: Body) -> Body:
    who.send(body)
    return who.await_answer(body["id"])


def codes(who: Stranger, *bodies: Body) -> list[str]:
    return [verdict_on(who, body).get("code", "accepted") for body in bodies]


def words(who: Stranger) -> list[tuple[str, str]]:
    return [(word["kind"], word["text"]) for word in who.ask("news", after_seq=0)["words"]]


def test_one_event_pauses_the_lot_and_tells_all_who_is_asked_until_when(sale: Sale) -> None:
    until_ms = sale.event["at_ms"] + ANSWER_MS
    assert (sale.event["cause"], sale.event["status"], sale.event["ends_at_ms"]) == ("undo", "paused", None)
    assert sale.event["asked"] == {"paddle": sale.ann.paddle, "until_ms": until_ms, "remaining_ms": None}
    assert sale.event["remaining_ms"] == sale.over_ms - sale.event["at_ms"]
    assert sale.view()["board"]["leader"] == sale.ann.paddle
    assert words(sale.ann) == [("asked", "The wrong paddle")]
    refused = sale.ben.ask("bid", lot="1", amount_minor=50_000)
    assert refused["code"] == "lot_paused"
    assert f"paddle {sale.ann.paddle}" in refused["detail"]


def test_a_yes_goes_on_and_repeated_it_has_the_same_verdict(sale: Sale) -> None:
    yes = sale.answer(sale.ann)
    verdict = verdict_on(sale.ann, yes)
    event = sale.eve.await_event("1", "lot_confirmed")
    assert (verdict["type"], verdict["seq"], verdict["board"]) == ("accepted", event["seq"], sale.event["board"])
    assert (event["status"], event["ends_at_ms"]) == ("open", event["at_ms"] + sale.event["remaining_ms"])
    assert sale.view()["asked"] is None
    assert sale.ben.ask("bid", lot="1", amount_minor=50_000)["type"] == "accepted"
    before = sale.view()
    assert [verdict_on(sale.ann, yes) for _ in range(2)] == [verdict, verdict], "also when it leads no longer"
    assert codes(sale.ann, yes | {"stands": False}, sale.answer(sale.ann)) == ["id_conflict", "not_asked"]
    assert sale.view() == before


def test_a_no_makes_all_bids_void_and_repeated_it_has_the_same_verdict(sale: Sale) -> None:
    no = sale.answer(sale.ann, stands=False)
    verdict = verdict_on(sale.ann, no)
    assert (verdict["type"], verdict["own"], verdict["board"]["leader"]) == ("accepted", None, None)
    event = sale.eve.await_event("1", "lot_corrected")
    assert (event["cause"], event["status"], event["asked"], event["board"]) == (
        "declined",
        "open",
        None,
        verdict["board"],
    )
    assert sale.ann.ask("mine")["positions"] == []
    assert verdict_on(sale.ann, no) == verdict
    assert codes(sale.ann, sale.answer(sale.ann)) == ["not_asked"]
    assert sale.ann.ask("bid", lot="1", amount_minor=10_000)["type"] == "accepted", "a new bid is no revived one"


def test_an_answer_of_another_or_to_another_question_does_nothing(sale: Sale) -> None:
    before = sale.view()
    eve, ben, ann = sale.eve, sale.ben, sale.ann
    foreign = [sale.answer(ben), sale.answer(ben, stands=False), sale.answer(ben, if_seq=before["seq"])]
    assert codes(ben, *foreign, *foreign) == 6 * ["not_asked"]
    assert codes(eve, sale.answer(eve)) == ["not_asked"]
    assert codes(ann, sale.answer(ann, lot="77"), sale.answer(ann, if_seq=before["seq"] - 1)) == [
        "unknown_lot",
        "state_changed",
    ]
    assert sale.view() == before, "nobody has answered yet"
    assert codes(ann, sale.answer(ann, if_seq=before["seq"])) == ["accepted"]


def test_an_answer_that_is_no_answer_is_refused_and_says_neither_yes_nor_no(sale: Sale) -> None:
    before = sale.view()
    stands: list[Body] = [{"stands": 1}, {"stands": None}, {"stands": "true"}]
    others: list[Body] = [{"lot": 1}, {"lot": "1" * 17}, {"if_seq": -1}, {"if_seq": True}]
    for spoilt in stands + others:
        assert codes(sale.ann, sale.answer(sale.ann) | spoilt) == ["malformed"], spoilt
    without = sale.answer(sale.ann)
    del without["stands"]
    assert codes(sale.ann, without) == ["malformed"]
    assert sale.view() == before


def test_a_late_answer_finds_nobody_asked(own_house: Callable[..., OwnHouse], strangers_of: Make) -> None:
    sale = Sale(own_house(CATALOGUE.replace('"1m"', '"10s"')), strangers_of)
    event = sale.eve.await_event("1", "lot_corrected")
    assert (event["cause"], event["asked"], event["board"]["leader"]) == ("unanswered", None, None)
    assert event["at_ms"] == sale.event["asked"]["until_ms"]
    assert codes(sale.ann, sale.answer(sale.ann), sale.answer(sale.ann, stands=False)) == ["not_asked", "not_asked"]
    assert words(sale.ann) == [("asked", "The wrong paddle"), ("offer_void", "")]


def test_a_house_that_is_killed_meanwhile_still_asks_and_gives_the_time_back(sale: Sale) -> None:
    """The verdict of before the crash holds, too: a refused answer stays refused."""
    foreign = sale.answer(sale.ben)
    refused = verdict_on(sale.ben, foreign)
    sale.house.kill_and_await()
    for who in (sale.ann, sale.ben, sale.eve):
        who.ask_until_answered({"type": "hello", "id": who.new_id(), "versions": [1]})
    (put_off,) = [
        event
        for event in sale.eve.ask("replay", lot="1", after_seq=sale.event["seq"])["lot_events"]
        if event["event"] == "lot_asked"
    ]
    view = sale.eve.ask("lot", lot="1")["lots"][0]
    assert view["asked"] == put_off["asked"]
    assert view["asked"]["paddle"] == sale.ann.paddle
    (chair,) = sale.eve.ask("lot", lot="2")["lots"]
    outage_ms = chair["ends_at_ms"] - sale.eve.views["2"]["ends_at_ms"]
    assert outage_ms > 0
    assert view["asked"]["until_ms"] == sale.event["asked"]["until_ms"] + outage_ms, "not the whole time again"
    assert (view["status"], view["remaining_ms"]) == ("paused", sale.event["remaining_ms"])
    assert verdict_on(sale.ben, foreign) == refused
    yes = sale.answer(sale.ann, if_seq=view["seq"])
    verdict = verdict_on(sale.ann, yes)
    assert (verdict["type"], verdict["board"]["leader"]) == ("accepted", sale.ann.paddle)
    sale.house.kill_and_await()
    assert sale.ann.ask_until_answered(yes) == verdict
    assert sale.ann.ask("lot", lot="1")["lots"][0]["status"] == "open"


def test_others_learn_no_maximum_from_a_question_and_its_answer(
    own_house: Callable[..., OwnHouse], strangers_of: Make
) -> None:
    house = own_house(CATALOGUE)
    ann, ben, eve = (strangers_of(house.link).join(name=name) for name in ("Ann", "Ben", "Eve"))
    ann.ask("bid", lot="1", maximum_minor=SECRET)
    assert ben.ask("bid", lot="1", amount_minor=SECRET + 100_000)["board"]["leader"] == ben.paddle
    assert ben.ask("retract", lot="1")["type"] == "accepted"
    view = eve.ask("lot", lot="1")["lots"][0]
    assert (view["asked"]["paddle"], view["board"]["price_minor"]) == (ann.paddle, 10_000)
    yes = ann.ask("confirm", lot="1", stands=True)
    assert (yes["own"]["maximum_minor"], yes["board"]["price_minor"]) == (SECRET, 10_000)
    for one in (ben, eve):
        one.ask("replay", lot="1", after_seq=0)
        one.load()
        assert msgpack.packb(SECRET) not in everything_told_to(one)
    assert msgpack.packb(SECRET) in everything_told_to(ann), "one's own is told, so the search can find"
