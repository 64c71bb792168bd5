"""Sections 3.6, 5.5, 7, 8 and 17: subscriptions, heartbeats, snapshots, replays, and a replica that is the house's."""

import itertools
import secrets
from collections.abc import Callable
from statistics import median_low

import pytest
import zmq

from tests.conformance.conformance_house import OwnHouse
from tests.conformance.stranger import (
    ALL_LOTS,
    BEAT,
    LOT_EVENTS,
    SALE,
    SALE_EVENTS,
    Body,
    Stranger,
    all_events,
    evolve,
    first_view,
    lot_events,
)

pytestmark = pytest.mark.conformance
Make = Callable[..., Stranger]
SNAPSHOT_LOTS_MAX = 128
HEARTBEAT_LOTS_MAX = 512
SUBSCRIPTIONS_MAX = 256
TRIES = 100


def test_a_probe_is_answered_once_on_its_own_topic(stranger: Make) -> None:
    ann = stranger()
    welcome = ann.enrol()
    ann.connect_feed()
    first, second = ann.probe(), ann.probe()
    assert (first.body["type"], first.body["instance"]) == ("probed", welcome["instance"])
    assert first.body["term"] == welcome["term"] >= 1
    assert first.body["server_time_ms"] >= welcome["server_time_ms"]
    assert [frame.topic for frame in ann.frames] == [first.topic, second.topic]


def test_heartbeats_come_within_their_time_and_say_how_things_stand(stranger: Make) -> None:
    ann = stranger().join()
    beats = [ann.await_beat() for _ in range(5)]
    gaps_ms = [
        after.body["server_time_ms"] - before.body["server_time_ms"] for before, after in itertools.pairwise(beats)
    ]
    # The median, since any one may be late where the house was kept from the processor.
    assert 0 < median_low(gaps_ms) <= ann.welcome["heartbeat_ms"]
    for beat in beats:
        assert (beat.body["type"], beat.body["epoch"]) == ("heartbeat", ann.welcome["epoch"])
        assert (beat.body["instance"], beat.body["term"]) == (ann.welcome["instance"], ann.welcome["term"])
        assert not beat.body["frozen"]
        assert len(beat.body["lots"]) == min(len(ann.views), HEARTBEAT_LOTS_MAX)
        assert beat.body["sale_seq"] >= ann.sale["seq"]


def test_the_next_heartbeat_names_a_lot_that_changed(stranger: Make, lot: str) -> None:
    ann = stranger().join()
    seq = ann.ask("bid", lot=lot, amount_minor=10_000)["seq"]
    ann.await_event(lot, "lot_moved")
    assert ann.await_beat().body["lots"][0] == [lot, seq]


def test_a_subscription_to_one_lot_brings_no_other(stranger: Make) -> None:
    ann = stranger()
    ann.enrol()
    page = ann.ask("snapshot")
    numbers = [view["terms"]["lot"] for view in page["lots"] if view["status"] == "open"]
    pairs = [(one, other) for one in numbers for other in numbers if other != one and other.startswith(one)]
    if not pairs:
        pytest.skip("no lot's number begins with another's")
    one, other = pairs[-1]
    ann.connect_feed(b"lot/" + one.encode() + b"\x00")
    ann.probe()
    for number in (other, one):
        view = ann.ask("lot", lot=number)["lots"][0]
        assert ann.ask("bid", lot=number, amount_minor=view["board"]["minimum_minor"])["type"] == "accepted"
    ann.probe()
    assert {frame.topic for frame in ann.frames if frame.body["type"] == "lot_events"} == {b"lot/" + one.encode()}


def test_changes_of_several_lots_come_together_but_to_who_follows_one(stranger: Make) -> None:
    ann, ben, eve = stranger(), stranger(), stranger().join()
    ann.enrol()
    ben.enrol()
    followed, *others = [number for number, view in eve.views.items() if view["status"] == "open"][:4]
    ben.connect_feed(b"lot/" + followed.encode() + b"\x00")
    ben.probe()
    known = len(eve.frames)
    minimum = {number: eve.views[number]["board"]["minimum_minor"] for number in (followed, *others)}
    for _ in range(TRIES):
        for number in (followed, *others):
            ann.send({"type": "bid", "id": ann.new_id(), "lot": number, "maximum_minor": minimum[number]})
        for answer in (ann.receive() for _ in minimum):
            assert answer is not None
            minimum[answer["lot"]] = answer["board"]["minimum_minor"] + 100
        eve.catch_up()
        if any(frame.topic == b"lot/" for frame in eve.frames[known:]):
            break
    ben.probe()
    together = [frame for frame in eve.frames[known:] if frame.topic == b"lot/"]
    assert together, "bids that came at once were never told at once"
    assert not [one for frame in together for one in frame.body["lots"] if one["lot"] == followed]
    for who, number in ((ben, followed), *((eve, number) for number in minimum)):
        seqs = [event["seq"] for frame in who.frames for event in lot_events(frame, number)]
        assert seqs == list(range(seqs[0], seqs[0] + len(seqs))), "each change once"
        assert seqs[-1] == eve.ask("lot", lot=number)["lots"][0]["seq"]
    assert {frame.topic for frame in ben.frames if frame.body["type"] != "probed"} == {b"lot/" + followed.encode()}


@pytest.mark.parametrize(
    "asked",
    [
        b"b",
        b"beat",
        b"lot",
        b"lot/1",
        b"lot/\x00",
        b"sale",
        b"~",
        b"~\x00",
        b"~a\x00",
        b"~" + b"0" * 15 + b"\x00",
        b"~" + b"0" * 20,
        b"~" + b"g" * 20 + b"\x00",
        b"x" * 200,
    ],
)
def test_other_subscriptions_have_no_effect(stranger: Make, asked: bytes) -> None:
    ann, ben = stranger(), stranger()
    ann.enrol()
    ann.connect_feed(asked)
    ann.probe()
    ben.join()
    ben.await_beat()
    ben.await_beat()
    assert ann.probe().body["subscriptions"] == 0, "and that is told"
    assert {frame.body["type"] for frame in ann.frames} == {"probed"}
    assert len(ann.frames) == 2, "the probes of others are theirs"


def test_a_probe_tells_how_many_topics_are_in_force(stranger: Make) -> None:
    ann, ben = stranger(), stranger()
    for one in (ann, ben):
        one.enrol()
    ann.connect_feed(BEAT, SALE, ALL_LOTS, b"lot/1\x00", b"lot/1", b"nothing\x00")
    assert ann.probe().body["subscriptions"] == 4
    assert ann.probe().body["subscriptions"] == 4, "a probe does not count"
    assert ann.sub is not None
    ann.sub.setsockopt(zmq.UNSUBSCRIBE, SALE)
    assert ann.probe().body["subscriptions"] == 3
    ben.connect_feed(BEAT)
    assert ben.probe().body["subscriptions"] == 1


def test_too_many_lots_on_a_connection_are_not_granted_and_that_is_told(stranger: Make) -> None:
    lots = [f"lot/9-{number}".encode() + b"\x00" for number in range(SUBSCRIPTIONS_MAX + 2)]
    ann = stranger()
    ann.enrol()
    ann.connect_feed(*lots)
    assert ann.probe().body["subscriptions"] == SUBSCRIPTIONS_MAX
    assert ann.sub is not None
    for wide in (BEAT, SALE, ALL_LOTS):
        ann.sub.setsockopt(zmq.SUBSCRIBE, wide)
    assert ann.probe().body["subscriptions"] == SUBSCRIPTIONS_MAX + 3, "these need no place"
    assert ann.await_beat()
    ben = stranger()
    ben.enrol()
    ben.connect_feed(*(f"a{number:03}".encode() + b"\x00" for number in range(300)), *lots[:SUBSCRIPTIONS_MAX])
    assert ben.probe().body["subscriptions"] == SUBSCRIPTIONS_MAX, "what is not granted takes no place"


def test_places_end_with_the_connection(stranger: Make) -> None:
    """A client that died with all its places taken comes back under its key and follows other lots."""
    ann = stranger()
    ann.enrol()
    for turn in range(3):
        lots = [f"lot/{turn}-{number}".encode() + b"\x00" for number in range(SUBSCRIPTIONS_MAX)]
        ann.connect_feed(*lots, BEAT)  # a new SUB; the one before is gone without an unsubscription
        assert ann.probe().body["subscriptions"] == SUBSCRIPTIONS_MAX + 1
        assert ann.await_beat()


def test_snapshot_pages_hold_every_lot_once_in_order(stranger: Make) -> None:
    ann = stranger()
    ann.enrol()
    numbers: list[str] = []
    start: int | None = 0
    while start is not None:
        page = ann.ask("snapshot", start=start)
        assert len(page["lots"]) <= SNAPSHOT_LOTS_MAX
        numbers.extend(view["terms"]["lot"] for view in page["lots"])
        assert page["next"] in (None, len(numbers))
        start = page["next"]
    assert len(numbers) == len(set(numbers)) == page["sale"]["lots"]
    beyond = ann.ask("snapshot", start=len(numbers) + 1)
    assert (beyond["lots"], beyond["next"]) == ([], None)


def test_a_lot_s_answer_is_a_snapshot_of_it_alone(stranger: Make, lot: str) -> None:
    ann = stranger().join()
    answer = ann.ask("lot", lot=lot)
    assert (answer["type"], answer["lots"], answer["next"]) == ("snapshot", [ann.views[lot]], None)


def test_a_replay_fills_any_hole(stranger: Make, lot: str) -> None:
    ann = stranger().join()
    view = ann.views[lot]
    for amount_minor in range(10_000, 20_000, 1_000):
        assert ann.ask("bid", lot=lot, maximum_minor=amount_minor)["type"] == "accepted"
        ben = stranger()
        ben.enrol()
        ben.ask("bid", lot=lot, amount_minor=amount_minor + 500)
    now = ann.ask("lot", lot=lot)["lots"][0]
    for after_seq in range(view["seq"], now["seq"] + 3):
        replay = ann.ask("replay", lot=lot, after_seq=after_seq)
        seqs = [event["seq"] for event in replay["lot_events"]]
        assert seqs == list(range(after_seq + 1, now["seq"] + 1))
        assert (replay["more"], replay["lot"], replay["sale_events"]) == (False, lot, [])
    for event in ann.ask("replay", lot=lot, after_seq=view["seq"])["lot_events"]:
        view = evolve(view, event)
    assert view == now


def test_the_sale_can_be_replayed_from_its_beginning(stranger: Make) -> None:
    ann = stranger().join()
    after_seq, events = 0, []
    while True:
        replay = ann.ask("replay", lot="", after_seq=after_seq)
        if replay.get("code") == "history_gone":
            pytest.skip("the sale is too long for that")
        events.extend(replay["sale_events"])
        if not replay["more"]:
            break
        after_seq = events[-1]["seq"]
    assert [event["seq"] for event in events] == list(range(1, ann.sale["seq"] + 1))
    added = {event["terms"]["lot"]: first_view(event) for event in events if event["event"] == "lot_added"}
    assert set(added) == set(ann.views)
    lot = next(iter(added))
    view = added[lot]
    for event in ann.ask("replay", lot=lot, after_seq=0)["lot_events"]:
        view = evolve(view, event)
    assert view == ann.ask("lot", lot=lot)["lots"][0]


def test_a_replica_is_what_the_house_has(stranger: Make, lot: str) -> None:
    """Many bidders at once; the events are contiguous, and each replica ends as the house's own state."""
    eve = stranger().join()
    crowd = [stranger() for _ in range(8)]
    for one in crowd:
        one.enrol()
    for amount_minor in range(10_000, 40_000, 1_000):
        for one in crowd:
            one.send({"type": "bid", "id": one.new_id(), "lot": lot, "maximum_minor": amount_minor + len(one.answers)})
    verdicts = [one.receive() for one in crowd for _ in range(30)]
    assert {verdict["type"] for verdict in verdicts if verdict} <= {"accepted", "rejected"}
    late = stranger().join()
    eve.catch_up()
    late.catch_up()
    now = eve.ask("lot", lot=lot)["lots"][0]
    assert eve.views[lot] == late.views[lot] == now
    frames = [frame for frame in eve.frames if lot_events(frame, lot)]
    seqs = [event["seq"] for frame in frames for event in lot_events(frame, lot)]
    assert seqs == list(range(seqs[0], now["seq"] + 1))
    public = {verdict["seq"] for verdict in verdicts if verdict and verdict["type"] == "accepted"}
    assert public <= {*seqs, seqs[0] - 1}


def test_a_reconnected_feed_is_proven_anew(stranger: Make, lot: str) -> None:
    ann = stranger().join()
    ann.connect_feed(BEAT, SALE, ALL_LOTS)
    ann.probe()
    assert ann.ask("bid", lot=lot, amount_minor=10_000)["type"] == "accepted"
    assert ann.await_event(lot, "lot_moved")["bidder"] == ann.paddle
    probe = ann.new_probe()
    assert len(probe) == 1 + len(secrets.token_hex(8))
    assert ann.await_frame(lambda frame: frame.topic == probe)


EVERY_KIND = """
[sale]
title = "Every kind of event"
currency = "GBP"
corrections = "on"
revived = "ask"

[defaults]
starting_price = "100"
increment = "5"
duration = "1h"

[[lot]]
number = "hand-1"
title = "Opened by hand, with all that a lot can have"
opens = "by hand"
reserve = "110"
buy_now = "900"
soft_close = { window = "1h", extension = "1h" }

[[lot]]
number = "clock-1"
title = "Opened by the clock"
opens = "30m"

[[lot]]
number = "gone-1"
title = "Withdrawn"

[[lot]]
number = "last-1"
title = "Moved to the end"
opens = "by hand"

[[lot]]
number = "buy-1"
title = "Bought"
buy_now = "500"
"""
ENGLISH = {"format": "english", "starting_minor": 100, "increments": [[0, 10]]}
ADDED = {"lot": "new-1", "title": "Added", "format": ENGLISH}


def test_every_kind_of_event_does_to_a_replica_what_it_did_to_the_house(
    own_house: Callable[..., OwnHouse], strangers_of: Make
) -> None:
    house = own_house(EVERY_KIND)
    ann, ben = strangers_of(house.link).join(), strangers_of(house.link).join()
    steps: list[tuple[Stranger | None, Body]] = [
        (None, {"type": "open", "lot": "hand-1"}),
        (ann, {"type": "bid", "lot": "hand-1", "amount_minor": 10_000}),
        (ben, {"type": "bid", "lot": "hand-1", "maximum_minor": 30_000}),
        (ann, {"type": "bid", "lot": "hand-1", "amount_minor": 20_000}),
        (None, {"type": "undo", "lot": "hand-1", "reason": "The wrong paddle"}),
        (None, {"type": "undo", "lot": "hand-1", "numbers": [2], "reason": "Ann leads again, and is asked"}),
        (None, {"type": "pause"}),
        (None, {"type": "resume"}),
        (ann, {"type": "confirm", "lot": "hand-1", "stands": True}),
        (ben, {"type": "bid", "lot": "hand-1", "maximum_minor": 30_000}),
        (None, {"type": "pause", "lot": "hand-1"}),
        (None, {"type": "extend", "lot": "hand-1", "extra_ms": 60_000}),
        (None, {"type": "resume", "lot": "hand-1"}),
        (None, {"type": "extend", "lot": "hand-1", "extra_ms": 60_000}),
        (None, {"type": "pause"}),
        (None, {"type": "resume"}),
        (None, {"type": "announce", "text": "Fair warning"}),
        (None, {"type": "call", "lot": "hand-1", "call": "selling_now"}),
        (None, {"type": "withdraw", "lot": "gone-1", "reason": "Broken"}),
        (ann, {"type": "buy", "lot": "buy-1", "price_minor": 50_000}),
        (None, {"type": "add", "lots": [{"terms": ADDED}]}),
        (None, {"type": "rewrite", "lot": "new-1", "spec": {"terms": ADDED | {"title": "Added, and corrected"}}}),
        (None, {"type": "move", "lot": "last-1"}),
        (None, {"type": "close", "lot": "hand-1"}),
        (None, {"type": "reopen", "lot": "hand-1", "for_ms": 60_000}),
        (None, {"type": "end"}),
        (None, {"type": "void", "lot": "hand-1"}),
        (None, {"type": "award", "lot": "hand-1", "bidder": str(ben.paddle), "amount_minor": 9_000}),
        (None, {"type": "finish"}),
    ]
    for by, body in steps:
        answer = house.order(**body) if by is None else by.ask(body["type"], **without_type(body))
        assert answer["type"] in ("done", "accepted"), (body, answer)
        ann.catch_up()
        page = ben.ask("snapshot")
        assert ann.sale == page["sale"], body
        assert list(ann.views.values()) == page["lots"], body
    kinds = {event["event"] for frame in ann.frames for event in all_events(frame)}
    assert kinds == LOT_EVENTS | SALE_EVENTS


def without_type(body: Body) -> Body:
    return {field: value for field, value in body.items() if field != "type"}
