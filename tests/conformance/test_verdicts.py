"""Section 9: request ids, and the same verdict for a repeat."""

from collections.abc import Callable

import pytest

from tests.conformance.stranger import Stranger

pytestmark = pytest.mark.conformance
Make = Callable[..., Stranger]
REMEMBERED = 32


def test_a_repeat_gets_the_same_verdict_and_does_nothing(stranger: Make, lot: str) -> None:
    ann, ben = stranger().join(), stranger().join()
    bid = {"id": ann.new_id(), "lot": lot, "amount_minor": 10_000}
    first = ann.ask("bid", **bid)
    assert (first["type"], first["own"]["maximum_minor"]) == ("accepted", 10_000)
    assert ben.ask("bid", lot=lot, amount_minor=20_000)["own"] is not None
    for _ in range(3):
        assert ann.ask("bid", **bid) == first
    ann.catch_up()
    assert (ann.views[lot]["board"]["bids"], ann.views[lot]["board"]["leader"]) == (2, ben.paddle)


def test_a_rejection_is_a_verdict_too(stranger: Make, lot: str) -> None:
    ann, ben = stranger(), stranger()
    ann.enrol()
    ben.enrol()
    request_id = ann.new_id()
    first = ann.ask("bid", id=request_id, lot=lot, amount_minor=9_999)
    assert (first["code"], first["board"]["price_minor"], first["board"]["minimum_minor"]) == (
        "below_minimum",
        None,
        10_000,
    )
    assert ben.ask("bid", lot=lot, amount_minor=10_000)["type"] == "accepted"
    assert ann.ask("bid", id=request_id, lot=lot, amount_minor=9_999) == first


def test_the_same_id_with_other_content_is_a_conflict(stranger: Make, lot: str) -> None:
    ann = stranger()
    ann.enrol()
    bid = {"id": ann.new_id(), "lot": lot, "amount_minor": 10_000}
    first = ann.ask("bid", **bid)
    for other in ({"amount_minor": 10_500}, {"lot": "no-such-lot"}, {"maximum_minor": 20_000}, {"if_seq": 1}):
        assert ann.ask("bid", **(bid | other))["code"] == "id_conflict"
    assert ann.ask("buy", id=bid["id"], lot=lot, price_minor=10_000)["code"] == "id_conflict"
    assert ann.ask("bid", **bid) == first


def test_content_is_what_a_message_means(stranger: Make, lot: str) -> None:
    ann = stranger()
    ann.enrol()
    bid = {"id": ann.new_id(), "lot": lot, "amount_minor": 10_000}
    first = ann.ask("bid", **bid)
    assert ann.ask("bid", **bid, while_connected=False, maximum_minor=None) == first
    assert ann.ask("bid", **dict(reversed(bid.items()))) == first


def test_the_verdicts_of_the_highest_ids_are_remembered_and_lower_ids_are_stale(stranger: Make, lot: str) -> None:
    ann = stranger()
    ann.enrol()
    base = ann.new_id()
    ids = [base + 10 * (1 + number) for number in range(REMEMBERED + 1)]
    verdicts = {one: ann.ask("bid", id=one, lot=lot, maximum_minor=10_000 + one - base) for one in ids}
    assert {verdict["type"] for verdict in verdicts.values()} == {"accepted"}
    for stale in (base, ids[0]):
        assert ann.ask("bid", id=stale, lot=lot, maximum_minor=90_000)["code"] == "id_stale"
    for one in ids[1:]:
        assert ann.ask("bid", id=one, lot=lot, maximum_minor=10_000 + one - base) == verdicts[one]
    between = ids[5] + 1
    assert ann.ask("bid", id=between, lot=lot, maximum_minor=90_000)["type"] == "accepted"


def test_what_was_refused_as_no_request_does_not_use_up_its_id(stranger: Make, lot: str) -> None:
    ann = stranger()
    request_id = ann.new_id()
    bid = {"id": request_id, "lot": lot, "amount_minor": 10_000}
    assert ann.ask("bid", **bid)["code"] == "hello_first"
    ann.enrol()
    assert ann.ask("bid", **(bid | {"amount_minor": 0}))["code"] == "invalid_amount"
    assert ann.ask("bid", **bid, colour="red")["code"] == "malformed"
    assert ann.ask("bid", **bid)["type"] == "accepted"


def test_verdicts_belong_to_the_key_and_not_to_the_connection(stranger: Make, lot: str) -> None:
    ann = stranger()
    ann.enrol()
    bid = {"id": ann.new_id(), "lot": lot, "amount_minor": 10_000}
    first = ann.ask("bid", **bid)
    again = stranger(keys=ann.keys)
    again.hello()
    assert again.ask("bid", **bid) == first
    ben = stranger()
    ben.enrol()
    assert ben.ask("bid", **bid)["code"] == "below_minimum", "another key's ids are its own"
