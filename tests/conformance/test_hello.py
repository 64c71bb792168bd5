"""Section 6: hello, versions, names, roles."""

import secrets
from collections.abc import Callable
from hashlib import sha256

import pytest

from tests.conformance.conformance_house import OwnHouse
from tests.conformance.stranger import Stranger

pytestmark = pytest.mark.conformance
Make = Callable[..., Stranger]


def fresh_name() -> str:
    return f"Bea {secrets.token_hex(4)}"


@pytest.mark.parametrize(
    ("type_", "fields"),
    [
        ("ping", {}),
        ("snapshot", {}),
        ("lot", {"lot": "1"}),
        ("replay", {"lot": "", "after_seq": 0}),
        ("bid", {"lot": "1", "amount_minor": 10_000_000}),
        ("buy", {"lot": "1", "price_minor": 1}),
        ("seal", {"lot": "1", "amount_minor": 1}),
        ("unseal", {"lot": "1"}),
        ("mine", {}),
    ],
)
def test_nothing_is_answered_before_hello(stranger: Make, type_: str, fields: dict[str, object]) -> None:
    answer = stranger().ask(type_, **fields)
    assert (answer["type"], answer["code"]) == ("rejected", "hello_first")


def test_welcome_tells_all_that_a_client_needs(stranger: Make) -> None:
    ann = stranger()
    name = fresh_name()
    welcome = ann.enrol(name=name)
    assert welcome["version"] == 1
    assert (welcome["name"], welcome["role"]) == (name, "bidder")
    assert welcome["paddle"] >= 1
    assert welcome["publish_port"] == ann.link.publish_port
    assert 0 < welcome["heartbeat_ms"] <= 1000
    assert welcome["requests_per_s"] >= 1
    assert welcome["epoch"] >= 1
    assert welcome["instance"]
    assert {"code", "decimals"} <= set(welcome["sale"]["currency"])


def test_the_house_picks_a_version_that_it_speaks(stranger: Make) -> None:
    ann = stranger()
    answer = ann.hello(versions=[7, 9], name=fresh_name())
    assert (answer["code"], "1" in answer["detail"]) == ("unsupported_version", True)
    assert ann.enrol(versions=[9, 1, 7])["version"] == 1


def test_a_name_belongs_to_the_first_key_that_takes_it(stranger: Make) -> None:
    name = "Carla " + secrets.token_hex(4)
    stranger().enrol(name=name)
    other = stranger()
    for taken in (name, name.upper(), name.replace(" ", "  "), name.replace("a", "а"), name.replace("l", "1")):  # noqa: RUF001 -- the Cyrillic letter is the point
        assert other.hello(name=taken)["code"] == "name_taken", taken
    assert other.enrol()["paddle"] >= 1


@pytest.mark.parametrize(
    "name",
    ["", " ", " Ann", "Ann ", "=1+1", "+1", "-1", "@Ann", "A\x07nn", "A\u202enn", "A\nnn", "...", "e\u0301", "A" * 41],
)
def test_names_that_could_mislead_are_refused(stranger: Make, name: str) -> None:
    assert stranger().hello(name=name)["code"] == "invalid_name"


def test_hello_can_be_repeated_with_any_name_and_the_first_stays(stranger: Make) -> None:
    ann = stranger()
    first = ann.enrol()
    for name in ({}, {"name": first["name"]}, {"name": first["name"].upper()}, {"name": fresh_name()}):
        again = ann.hello(**name)
        assert (again["paddle"], again["name"]) == (first["paddle"], first["name"])


def test_a_welcome_tells_the_highest_id_that_the_key_has_used(stranger: Make) -> None:
    ann = stranger()
    assert ann.enrol()["last_id"] == 0
    for request_id in (900, 300):
        ann.ask("bid", id=request_id, lot="no-such-lot", amount_minor=100)
    assert ann.hello()["last_id"] == 900


def test_the_key_is_the_bidder_on_any_connection(stranger: Make) -> None:
    ann = stranger()
    first = ann.enrol()
    assert stranger(keys=ann.keys).hello()["paddle"] == first["paddle"]
    assert stranger().enrol()["paddle"] != first["paddle"]


def test_an_observer_looks_on_and_can_become_a_bidder(stranger: Make, lot: str) -> None:
    eve = stranger()
    welcome = eve.enrol(role="observer", name="")
    assert (welcome["role"], welcome["paddle"], welcome["name"]) == ("observer", 0, "")
    assert eve.ask("lot", lot=lot)["type"] == "snapshot"
    assert eve.ask("bid", lot=lot, amount_minor=1_000_000)["code"] == "forbidden"
    assert eve.enrol()["role"] == "bidder"
    assert eve.ask("bid", lot=lot, amount_minor=1_000_000)["type"] == "accepted"


@pytest.mark.parametrize("role", ["clerk", "auctioneer"])
def test_nobody_becomes_an_auctioneer_by_asking(stranger: Make, role: str) -> None:
    assert stranger().hello(role=role, name=fresh_name())["code"] == "forbidden"
    ann, eve = stranger(), stranger()
    ann.enrol()
    eve.enrol(role="observer", name="")
    for one in (ann, eve):
        assert one.hello(role=role)["code"] == "forbidden", "whoever asks"
    assert ann.hello()["role"] == "bidder"


CONDITIONS = "1. Pay within a week.\n2. Collect by Friday, Zoë."
OTHERS = "Pay at once."
WITH_CONDITIONS = f"""
[sale]
title = "A sale"
currency = "USD"
conditions = '''
{CONDITIONS}
'''

[[lot]]
title = "A lamp"
starting_price = "100"
duration = "until closed"
"""


def digest_of(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def test_conditions_are_read_accepted_and_asked_again(own_house: Callable[..., OwnHouse], strangers_of: Make) -> None:
    """Section 6: no paddle, and no code used up, before a bidder accepts the conditions."""
    house = own_house(WITH_CONDITIONS)
    ann, bea = strangers_of(house.link), strangers_of(house.link)
    for accepts in ({}, {"accepts": digest_of(OTHERS)}):
        assert ann.hello(name="Ann", **accepts)["code"] == "conditions_not_accepted"
    told = ann.ask("conditions")
    assert (told["type"], told["digest"], told["text"]) == ("conditions", digest_of(CONDITIONS), CONDITIONS)
    assert ann.ask("ping")["code"] == "hello_first"
    assert ann.hello(name="Ann", accepts=told["digest"])["paddle"] == 1
    assert ann.hello()["paddle"] == 1, "the house remembers it"
    assert strangers_of(house.link).enrol(role="observer", name="")["role"] == "observer"
    house.order(type="add_paddle", name="Bea")
    house.order(type="issue_code", bidder="Bea", code="K7QM2XFA", valid_ms=600_000)
    assert bea.hello(code="K7QM2XFA")["code"] == "conditions_not_accepted"
    assert bea.hello(code="K7QM2XFA", accepts=told["digest"])["paddle"] == 2
    assert house.order(type="set_conditions", text=OTHERS)["type"] == "done"
    assert ann.ask("bid", lot="1", amount_minor=10_000)["type"] == "accepted", "it is in, and bids on"
    assert ann.hello(accepts=told["digest"])["code"] == "conditions_not_accepted"
    assert ann.ask("conditions")["text"] == OTHERS
    assert ann.hello(accepts=digest_of(OTHERS))["paddle"] == 1
    house.kill_and_await()
    assert ann.hello()["paddle"] == 1


def test_where_there_are_no_conditions_none_are_told(stranger: Make) -> None:
    told = stranger().ask("conditions")
    assert (told["type"], told["digest"], told["text"]) == ("conditions", "", "")


def test_a_payload_can_t_say_who_one_is(stranger: Make) -> None:
    ann = stranger()
    if ann.link.server_key is None:
        pytest.skip("a house without CURVE knows its clients by `key`")
    assert ann.ask("hello", versions=[1], name=fresh_name(), key="x" * 40)["code"] == "malformed"
