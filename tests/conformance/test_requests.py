"""Sections 3.5, 4 and 14: frames, encoding, what is refused as no request, and the budget."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgpack
import pytest

from tests.conformance.conformance_house import OwnHouse
from tests.conformance.stranger import Stranger

pytestmark = pytest.mark.conformance
Make = Callable[..., Stranger]
VECTORS = json.loads((Path(__file__).parents[2] / "docs" / "vectors.json").read_text())
REQUEST_BYTES_MAX = 8192
LOT_CHARS_MAX = 16
FRAMES_MAX = 64
CATALOGUE = """
[sale]
title = "Small sale"
currency = "GBP"

[[lot]]
title = "Clock"
starting_price = "100"
duration = "until closed"
"""
PING = {"type": "ping", "id": 1}


@pytest.mark.parametrize("vector", VECTORS["refused"], ids=lambda vector: vector["name"])
def test_what_is_no_request_is_refused(stranger: Make, vector: dict[str, Any]) -> None:
    ann = stranger()
    ann.enrol()
    answer = ann.ask_raw(bytes.fromhex(vector["hex"]))
    assert (answer["type"], answer["code"], answer["id"]) == ("rejected", vector["code"], vector["id"])


@pytest.mark.parametrize("vector", VECTORS["requests"], ids=lambda vector: vector["name"])
def test_what_is_a_request_is_understood(stranger: Make, vector: dict[str, Any]) -> None:
    ann = stranger()
    ann.enrol()
    answer = ann.ask_raw(bytes.fromhex(vector["hex"]))
    assert answer["id"] == vector["json"]["id"]
    is_for_others = "key" in vector["json"] and ann.link.server_key is not None
    assert (answer.get("code") == "malformed") is is_for_others


@pytest.mark.parametrize(
    "frames", [(b"", msgpack.packb(PING)), (msgpack.packb(PING), b"x"), (msgpack.packb(PING),) * 40]
)
def test_a_request_is_exactly_one_frame(stranger: Make, frames: tuple[bytes, ...]) -> None:
    ann = stranger()
    ann.enrol()
    answer = ann.ask_raw(*frames)
    assert (answer["code"], answer["id"]) == ("malformed", 0)
    assert ann.ask("ping")["type"] == "pong"


def test_a_message_of_very_many_frames_ends_its_connection(stranger: Make) -> None:
    ann = stranger()
    ann.enrol()
    assert ann.ask_raw(*[msgpack.packb(PING)] * (FRAMES_MAX - 1))["code"] == "malformed"
    ann.send_raw(*[msgpack.packb(PING)] * FRAMES_MAX)
    assert ann.receive(wait_ms=500) is None
    assert ann.ask_until_answered({"type": "ping", "id": 9})["type"] == "pong", "it is let in again"


def padded(bytes_in_all: int) -> bytes:
    """Return a hello of so many bytes, which is malformed for its agent's length."""
    head = b"\x84" + b"".join(map(msgpack.packb, ("type", "hello", "id", 7, "versions", [1], "agent"))) + b"\xdb"
    chars = bytes_in_all - len(head) - 4
    return head + chars.to_bytes(4, "big") + b"x" * chars


def test_a_body_at_the_limit_is_read(stranger: Make) -> None:
    answer = stranger().ask_raw(padded(REQUEST_BYTES_MAX))
    assert (answer["code"], answer["id"]) == ("malformed", 7)


@pytest.mark.parametrize("bytes_in_all", [REQUEST_BYTES_MAX + 1, 1_000_000])
def test_a_larger_body_is_refused_or_cuts_the_connection(stranger: Make, bytes_in_all: int) -> None:
    ann = stranger()
    ann.enrol()
    ann.send_raw(padded(bytes_in_all))
    answer = ann.receive(wait_ms=500)
    assert answer is None or answer["code"] == "too_large"
    assert ann.ask_until_answered({"type": "ping", "id": 9})["type"] == "pong"


def test_answers_bear_the_ids_of_their_requests(stranger: Make) -> None:
    ann = stranger()
    ann.enrol()
    ids = [ann.new_id() for _ in range(50)]
    for one in ids:
        ann.send({"type": "ping", "id": one})
    assert sorted(answer["id"] for _ in ids if (answer := ann.receive()) is not None) == ids


def test_the_clock_of_the_house_does_not_run_backwards(stranger: Make) -> None:
    ann = stranger()
    times = [ann.enrol()["server_time_ms"]] + [ann.ask("ping")["server_time_ms"] for _ in range(20)]
    assert times == sorted(times)


@pytest.mark.parametrize(
    ("type_", "fields"),
    [
        ("lot", {}),
        ("replay", {"after_seq": 0}),
        ("bid", {"amount_minor": 100}),
        ("buy", {"price_minor": 100}),
        ("seal", {"amount_minor": 100}),
        ("unseal", {}),
    ],
)
def test_a_lot_that_is_not_there_is_told(stranger: Make, type_: str, fields: dict[str, int]) -> None:
    ann = stranger()
    ann.enrol()
    assert ann.ask(type_, lot="no-such-lot", **fields)["code"] == "unknown_lot"


def test_a_lot_is_named_as_the_house_writes_it(stranger: Make, lot: str) -> None:
    ann = stranger().join()
    for other in (f"0{lot}", f"{lot}.0", "__proto__"):
        assert ann.ask("lot", lot=other)["code"] == "unknown_lot"
    keys = {re.sub(r"(?<![0-9])0+(?=[0-9])", "", number).lower() for number in ann.views}
    assert len(keys) == len(ann.views), "no two can be taken for each other"
    for number in ann.views:
        assert len(number) <= LOT_CHARS_MAX
        assert re.fullmatch(r"[0-9A-Za-z]+(-[0-9A-Za-z]+)*", number, re.ASCII)
        assert re.search("[0-9]", number)


@pytest.mark.parametrize("number", ["1", "01", "__proto__", "12.0", "a", "-1", "1-", "1" * 17, "1 2", "é1", ""])
def test_a_number_that_is_none_or_another_lot_s_is_not_added(own_house: Callable[..., OwnHouse], number: str) -> None:
    house = own_house(CATALOGUE)
    english = {"format": "english", "starting_minor": 100, "increments": [[0, 10]]}
    terms = {"lot": number, "title": "Added", "format": english}
    assert house.order(type="add", lots=[{"terms": terms}])["code"] == "invalid_lot"
    assert house.order(type="add", lots=[{"terms": terms | {"lot": "2a"}}, {"terms": terms | {"lot": "2A"}}])[
        "code"
    ] == ("invalid_lot")
    assert house.order(type="add", lots=[{"terms": terms | {"lot": "2A-01"}}])["type"] == "done"


def test_who_asks_too_much_is_asked_to_slow_down_and_then_not_answered(
    own_house: Callable[..., OwnHouse], strangers_of: Make
) -> None:
    rate, burst = 20, 40
    house = own_house(CATALOGUE, requests_per_s=rate)
    ann = strangers_of(house.link)
    assert ann.enrol()["requests_per_s"] == rate
    sent = 4 * burst
    for number in range(1, sent + 1):
        ann.send({"type": "ping", "id": number})
    answers = []
    while (answer := ann.receive(wait_ms=500)) is not None:
        answers.append(answer)
    assert answers[0]["type"] == "pong"
    slow = [answer for answer in answers if answer.get("code") == "slow_down"]
    assert slow
    assert all(answer["retry_ms"] >= 1 for answer in slow)
    assert len(answers) < sent, "silence at last"
    assert ann.ask_until_answered({"type": "ping", "id": sent + 1}, wait_ms=slow[-1]["retry_ms"])["type"] == "pong"
    ben = strangers_of(house.link)
    assert ben.enrol()["type"] == "welcome", "others have budgets of their own"
