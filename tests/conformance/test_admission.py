"""Sections 3.3 and 6: who is let in, and that others get nothing."""

from collections.abc import Callable

import pytest
import zmq
import zmq.utils.z85

from tests.conformance.conformance_house import OwnHouse, RunningHouse
from tests.conformance.stranger import ALL_LOTS, BEAT, SALE, WAIT_MS, Stranger, strangers

pytestmark = pytest.mark.conformance
Make = Callable[..., Stranger]
CATALOGUE = """
[sale]
title = "Small sale"
currency = "GBP"

[[lot]]
title = "Clock"
starting_price = "100"
duration = "until closed"
"""
HANDSHAKE_FAILED = (
    zmq.EVENT_HANDSHAKE_FAILED_AUTH,
    zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL,
    zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL,
)


def assert_gets_nothing(house: OwnHouse, outsider: Stranger, admitted: Stranger, code: str) -> None:
    """Show that somebody gets only rejections and no broadcast, while an admitted bidder sees them pass."""
    outsider.connect_feed(b"", BEAT, SALE, ALL_LOTS, b"lot/1\x00")
    outsider.new_probe()
    for type_, fields in (
        ("ping", {}),
        ("snapshot", {}),
        ("lot", {"lot": "1"}),
        ("replay", {"lot": "1", "after_seq": 0}),
        ("bid", {"lot": "1", "amount_minor": 50_000}),
        ("mine", {}),
    ):
        answer = outsider.ask(type_, **fields)
        assert (answer["type"], answer["code"]) == ("rejected", code), type_
        assert (answer["board"], answer["own"], answer["seq"]) == (None, None, None)
    assert house.order(type="pause", lot="1")["type"] == "done"
    assert house.order(type="resume", lot="1")["type"] == "done"
    assert house.order(type="announce", text="Hear, hear")["type"] == "done"
    admitted.await_event("1", "lot_resumed")
    admitted.await_frame(lambda frame: frame.topic == b"sale")
    admitted.await_beat()
    admitted.await_beat()
    assert outsider.next_frame(wait_ms=200) is None


def test_before_hello_nothing_is_broadcast_to_a_key(own_house: Callable[..., OwnHouse], strangers_of: Make) -> None:
    house = own_house(CATALOGUE)
    ann, outsider = strangers_of(house.link).join(), strangers_of(house.link)
    assert_gets_nothing(house, outsider, ann, "hello_first")
    outsider.enrol()
    assert outsider.next_frame(wait_ms=1000) is None, "what was refused is not granted later"
    assert outsider.probe().body["subscriptions"] == 0, "and a probe tells it"
    assert outsider.sub is not None
    for one in (BEAT, SALE):
        outsider.sub.setsockopt(zmq.UNSUBSCRIBE, one)
        outsider.sub.setsockopt(zmq.SUBSCRIBE, one)
    assert outsider.probe().body["subscriptions"] == 2
    assert outsider.await_beat()


def test_a_list_lets_in_those_on_it(own_house: Callable[..., OwnHouse], strangers_of: Make) -> None:
    public, secret = zmq.curve_keypair()
    house = own_house(CATALOGUE, admit="list", files={"admitted-keys.txt": public.decode() + " Ann\n"})
    ann, outsider = strangers_of(house.link, keys=(public, secret)).join(), strangers_of(house.link)
    for fields in ({"name": "Eve"}, {"role": "observer"}):
        assert outsider.hello(**fields)["code"] == "not_admitted"
    assert_gets_nothing(house, outsider, ann, "hello_first")


def test_an_invite_lets_in_those_who_have_it(own_house: Callable[..., OwnHouse], strangers_of: Make) -> None:
    house = own_house(CATALOGUE, admit="invite")
    ann, outsider = strangers_of(house.link).join(), strangers_of(house.link)
    assert ann.link.invite
    for fields in ({"name": "Eve"}, {"name": "Eve", "invite": "guess"}, {"role": "observer"}):
        assert outsider.hello(**fields)["code"] == "wrong_invite"
    assert_gets_nothing(house, outsider, ann, "hello_first")
    assert ann.hello()["type"] == "welcome", "who is enrolled needs no invite"


def test_approval_is_awaited(own_house: Callable[..., OwnHouse], strangers_of: Make) -> None:
    house = own_house(CATALOGUE, admit="approve")
    ann, outsider = strangers_of(house.link), strangers_of(house.link)
    waiting = ann.hello(name="Ann")
    assert (waiting["code"], waiting["retry_ms"] >= 1) == ("awaiting_approval", True)
    assert house.order(type="admit", bidder="Ann")["type"] == "done"
    ann.join(name="Ann")
    outsider.hello(name="Eve")
    assert_gets_nothing(house, outsider, ann, "awaiting_approval")
    assert outsider.hello(role="observer")["code"] == "awaiting_approval"
    assert house.order(type="admit", bidder="Eve", admitted=False)["type"] == "done"
    assert_gets_nothing(house, outsider, ann, "not_admitted")
    assert house.order(type="admit", bidder="Eve")["type"] == "done"
    outsider.join(name="Eve")


def test_who_is_turned_out_keeps_the_verdicts_and_bids_no_more(
    own_house: Callable[..., OwnHouse], strangers_of: Make
) -> None:
    house = own_house(CATALOGUE)
    ann = strangers_of(house.link)
    ann.enrol(name="Ann")
    bid = {"id": ann.new_id(), "lot": "1", "amount_minor": 10_000}
    verdict = ann.ask("bid", **bid)
    assert house.order(type="admit", bidder="Ann", admitted=False)["type"] == "done"
    assert ann.ask("bid", **bid) == verdict
    assert ann.ask("bid", lot="1", maximum_minor=90_000)["code"] == "not_admitted"
    assert ann.hello()["code"] == "not_admitted"


def test_a_house_with_another_key_is_not_talked_to(stranger: Make, house: RunningHouse) -> None:
    if stranger().link.server_key is None:
        pytest.skip("a house without CURVE has no key")
    misled = stranger(server_key=zmq.curve_keypair()[0])
    assert misled.await_handshake() in HANDSHAKE_FAILED
    assert not misled.dealer.poll(0, zmq.POLLOUT)


def test_nobody_is_let_in_without_curve(context: "zmq.Context[zmq.SyncSocket]", house: RunningHouse) -> None:
    encrypted = f"auction://{house.link.removeprefix('auction://')}"
    if "/plain?" in encrypted:
        pytest.skip("a house without CURVE")
    key = encrypted.split("/")[3].partition("?")[0]
    with strangers(context, encrypted.replace(key, "plain")) as make:
        plain = make()
        assert plain.await_handshake() in HANDSHAKE_FAILED
        assert not plain.dealer.poll(0, zmq.POLLOUT)


def test_the_broadcast_is_for_the_key_that_said_hello(stranger: Make) -> None:
    ann = stranger().join()
    if ann.link.server_key is None:
        pytest.skip("a house without CURVE")
    thief = stranger()
    thief.connect_feed(b"", BEAT)
    ann.await_beat()
    ann.await_beat()
    assert thief.next_frame(wait_ms=0) is None


@pytest.mark.parametrize("admit", ["open", "invite", "approve", "list"])
def test_a_partner_looks_on_whoever_else_may_join(
    own_house: Callable[..., OwnHouse], strangers_of: Make, admit: str
) -> None:
    house = own_house(CATALOGUE, admit=admit)
    hall = strangers_of(house.link)
    assert house.order(type="add_partner", name="hall", key=hall.keys[0].decode())["type"] == "done"
    assert hall.hello(name="Hall")["code"] == "forbidden"
    welcome = hall.hello(role="observer")
    assert (welcome["type"], welcome["paddle"], welcome["role"]) == ("welcome", 0, "observer")
    assert welcome["requests_per_s"] == 1_000_000, "ten times the rate of a bidder"
    hall.connect_feed(BEAT, SALE, ALL_LOTS)
    assert hall.probe().body["subscriptions"] == 3
    hall.load()
    assert list(hall.views) == ["1"]
    assert hall.ask("bid", lot="1", amount_minor=10_000)["code"] == "forbidden"
    assert hall.await_beat()
    assert hall.sub is not None
    cut = hall.sub.get_monitor_socket(zmq.EVENT_DISCONNECTED)
    assert house.order(type="remove_partner", name="hall")["type"] == "done"
    assert cut.poll(WAIT_MS), "the connection goes on"
    hall.sub.disable_monitor()
    cut.close()
    assert hall.ask("ping")["code"] == "hello_first"
    again = hall.hello(role="observer")
    code = {"invite": "wrong_invite", "approve": "invalid_name", "list": "not_admitted"}.get(admit)
    assert again.get("code") == code


@pytest.mark.parametrize("admit", ["open", "invite", "approve", "list"])
def test_a_paddle_code_lets_one_key_in_whatever_the_admission(
    own_house: Callable[..., OwnHouse], strangers_of: Make, admit: str
) -> None:
    house = own_house(CATALOGUE, admit=admit)
    assert house.order(type="add_paddle", name="Ann Lee", paddle=207)["paddle"] == 207
    assert house.order(type="issue_code", bidder="207", code="K7QM2XFA", valid_ms=600_000)["type"] == "done"
    ann, eve = strangers_of(house.link), strangers_of(house.link)
    wrong = eve.hello(code="22222222")
    assert wrong["code"] == "wrong_code"
    welcome = ann.hello(code="k7qm-2xfa")
    assert (welcome.get("paddle"), welcome.get("name")) == (207, "Ann Lee")
    assert ann.hello(code="K7QM2XFA")["paddle"] == 207, "a repeat"
    assert ann.ask("bid", lot="1", amount_minor=10_000)["type"] == "accepted"
    used = eve.hello(code="K7QM2XFA")
    assert used == wrong | {"id": used["id"]}, "nobody learns that there was such a code"


def test_a_code_for_a_lost_phone_puts_another_key_in_its_place(
    own_house: Callable[..., OwnHouse], strangers_of: Make
) -> None:
    house = own_house(CATALOGUE)
    lost, found = strangers_of(house.link), strangers_of(house.link)
    lost.join(name="Ann")
    assert lost.ask("bid", lot="1", amount_minor=10_000)["type"] == "accepted"
    order = {"type": "issue_code", "bidder": "Ann", "code": "K7QM2XFA", "valid_ms": 600_000, "replaces_key": True}
    assert house.order(**order)["type"] == "done"
    welcome = found.hello(code="K7QM2XFA")
    assert (welcome.get("paddle"), welcome.get("name")) == (lost.paddle, "Ann")
    assert [position["lot"] for position in found.ask("mine")["positions"]] == ["1"], "the bid stands"
    assert lost.ask("ping")["code"] == "hello_first"
    assert lost.hello(name="Ann")["code"] == "name_taken"
    assert lost.hello(code="K7QM2XFA")["code"] == "wrong_code"
    house.kill_and_await()
    assert lost.ask("ping")["code"] == "hello_first"
    assert found.hello()["paddle"] == lost.paddle


def test_control_does_not_shake_hands_with_a_bidder(
    own_house: Callable[..., OwnHouse], context: "zmq.Context[zmq.SyncSocket]", strangers_of: Make
) -> None:
    house = own_house(CATALOGUE)
    ann = strangers_of(house.link)
    ann.enrol()
    with strangers(context, house.link) as make:
        at_control = make(keys=ann.keys, address=house.record["control"])
        assert at_control.await_handshake() == zmq.EVENT_HANDSHAKE_FAILED_AUTH
        assert not at_control.dealer.poll(0, zmq.POLLOUT)
    assert house.order(type="ask", report="status")["type"] == "report"


def test_commands_are_no_requests(stranger: Make) -> None:
    ann = stranger()
    ann.enrol()
    for type_, fields in (
        ("open", {"lot": "1"}),
        ("end", {}),
        ("announce", {"text": "x"}),
        ("ask", {"report": "lots"}),
    ):
        assert ann.ask(type_, **fields)["code"] == "malformed"


def test_without_curve_a_connection_is_who_its_hello_says(
    own_house: Callable[..., OwnHouse], strangers_of: Make
) -> None:
    house = own_house(CATALOGUE, is_encrypted=False)
    ann = strangers_of(house.link)
    assert ann.link.server_key is None
    ann.join(name="Ann")
    bid = {"id": ann.new_id(), "lot": "1", "amount_minor": 10_000}
    verdict = ann.ask("bid", **bid)
    assert ann.await_event("1", "lot_moved")["bidder"] == ann.paddle
    again = strangers_of(house.link, keys=ann.keys)
    assert again.ask("bid", **bid)["code"] == "hello_first"
    assert again.hello()["paddle"] == ann.paddle
    assert again.ask("bid", **bid) == verdict
    assert strangers_of(house.link).hello(name="Ann")["code"] == "name_taken"
