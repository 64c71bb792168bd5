"""Sections 8, 9 and 12: the house's process is killed, and nobody loses anything."""

from collections.abc import Callable

import pytest

from tests.conformance.conformance_house import OwnHouse
from tests.conformance.stranger import BEAT, Body, Stranger

pytestmark = pytest.mark.conformance
Make = Callable[..., Stranger]
CATALOGUE = """
[sale]
title = "Small sale"
currency = "GBP"

[defaults]
starting_price = "100"
increment = "5"

[[lot]]
number = "open-1"
title = "Open until closed"
duration = "until closed"

[[lot]]
number = "timed-1"
title = "With a clock"
duration = "1h"

[[lot]]
number = "done-1"
title = "Closed before"
duration = "until closed"
"""


def test_verdicts_are_the_same_after_a_crash(own_house: Callable[..., OwnHouse], strangers_of: Make) -> None:
    house = own_house(CATALOGUE)
    ann, ben = strangers_of(house.link).join(), strangers_of(house.link)
    ben.enrol()
    name = ann.welcome["name"]
    asked: list[Body] = [
        {"type": "bid", "id": ann.new_id(), "lot": "open-1", "maximum_minor": 30_000},
        {"type": "bid", "id": ann.new_id(), "lot": "open-1", "maximum_minor": 40_000},  # leaves no public trace
        {"type": "bid", "id": ann.new_id(), "lot": "open-1", "maximum_minor": 35_000},
        {"type": "bid", "id": ann.new_id(), "lot": "timed-1", "amount_minor": 9_999},
        {"type": "bid", "id": ann.new_id(), "lot": "timed-1", "amount_minor": 10_000, "if_seq": 77},
        {"type": "buy", "id": ann.new_id(), "lot": "timed-1", "price_minor": 10_000},
    ]
    verdicts = []
    for body in asked:
        ann.send(body)
        verdicts.append(ann.await_answer(body["id"]))
    codes = [verdict.get("code", "accepted") for verdict in verdicts]
    assert codes == ["accepted", "accepted", "maximum_not_raised", "below_minimum", "state_changed", "no_buy_now"]
    ben.ask("bid", lot="open-1", amount_minor=20_000)

    house.kill_and_await()

    again = ann.ask_until_answered({"type": "hello", "id": ann.new_id(), "versions": [1]})
    assert (again["paddle"], again["name"], again["epoch"]) == (ann.paddle, name, ann.welcome["epoch"])
    assert again["instance"] != ann.welcome["instance"]
    assert again["term"] > ann.welcome["term"], "the process that took the record over owns it"
    assert [ann.ask_until_answered(body) for body in asked] == verdicts
    assert ann.ask("bid", id=asked[0]["id"], lot="open-1", maximum_minor=30_001)["code"] == "id_conflict"
    assert ann.ask("mine")["positions"] == [{"lot": "open-1", "own": {"format": "english", "maximum_minor": 40_000}}]


def test_the_feed_comes_back_and_tells_what_was_missed(own_house: Callable[..., OwnHouse], strangers_of: Make) -> None:
    house = own_house(CATALOGUE)
    ann = strangers_of(house.link).join()
    assert house.order(type="close", lot="done-1")["type"] == "done"
    ann.await_event("done-1", "lot_closed")
    ann.load()
    before = dict(ann.views)

    house.kill_and_await()

    beat = ann.await_frame(
        lambda frame: frame.topic == b"beat" and frame.body["instance"] != ann.welcome["instance"], wait_ms=15_000
    )
    assert beat.body["epoch"] == ann.welcome["epoch"]
    assert dict(beat.body["lots"]) == {"open-1": 1, "timed-1": 2, "done-1": 2}, "only what has a clock was extended"
    replay = ann.ask("replay", lot="timed-1", after_seq=1)
    (extended,) = replay["lot_events"]
    assert (extended["event"], extended["cause"]) == ("lot_extended", "outage")
    assert 0 < extended["ends_at_ms"] - before["timed-1"]["ends_at_ms"] < 60_000
    ann.load()
    assert ann.views["done-1"] == before["done-1"], "closed lots stay closed"
    assert ann.views["open-1"] == before["open-1"]


def test_an_observer_says_hello_again_after_a_restart(own_house: Callable[..., OwnHouse], strangers_of: Make) -> None:
    house = own_house(CATALOGUE)
    eve = strangers_of(house.link).join(role="observer", name="")
    house.kill_and_await()
    answer = eve.ask_until_answered({"type": "ping", "id": eve.new_id()})
    assert answer["code"] == "hello_first"
    eve.hello(role="observer")
    eve.connect_feed(BEAT)
    eve.probe()
    assert eve.await_beat().body["instance"] == eve.welcome["instance"]


@pytest.mark.parametrize("answers_before_the_kill", [0, 1, 10])
def test_no_bid_is_lost_or_counted_twice_in_a_crash(
    own_house: Callable[..., OwnHouse], strangers_of: Make, answers_before_the_kill: int
) -> None:
    """Thirty bids are under way when the house is killed; all are repeated until each has a verdict."""
    house = own_house(CATALOGUE)
    ann, ben = strangers_of(house.link).join(), strangers_of(house.link)
    ben.enrol()
    bodies: list[Body] = []
    for number in range(15):
        for one in (ann, ben):
            amount_minor = 10_000 + 2_000 * number + (1_000 if one is ben else 0)
            bodies.append({"type": "bid", "id": one.new_id(), "lot": "open-1", "amount_minor": amount_minor})
    before: dict[tuple[int, int], Body] = {}
    for body, one in zip(bodies, [ann, ben] * 15, strict=True):
        one.send(body)
    for _ in range(answers_before_the_kill):
        answer = ann.receive()
        assert answer is not None
        before[ann.paddle, answer["id"]] = answer
    house.kill_and_await()
    verdicts = {}
    for body, one in zip(bodies, [ann, ben] * 15, strict=True):
        verdicts[one.paddle, body["id"]] = one.ask_until_answered(body)
    assert before.items() <= verdicts.items()
    accepted = [verdict["seq"] for verdict in verdicts.values() if verdict["type"] == "accepted"]
    events = ann.ask("replay", lot="open-1", after_seq=0)["lot_events"]
    placed = [event["seq"] for event in events if event["event"] == "lot_moved"]
    assert sorted(accepted) == placed, "each accepted bid is in the history, just once"
    ann.load()
    assert ann.views["open-1"]["board"]["bids"] == len(placed)
