"""What a phone may ask, and what it is answered without the house."""

import pytest

from bidder.core.errors import UnansweredError
from bidder.web import orders
from bidder.web.orders import OFFERS, read_message
from common.errors import RejectCode, UsageError
from common.formats.english import EnglishBoard, EnglishOwn
from common.limits import INTEGER_MAX
from common.messages import Accepted, Rejected
from tests.bidder.web.lots import EUROS, lot


def message(do: str = "bid", **more: object) -> orders.Message:
    return orders.Message(do=do, lot="1", id=5, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("do", OFFERS)
def test_each_offer_is_read(do: str) -> None:
    text = f'{{"do":"{do}","lot":"1","id":{INTEGER_MAX}}}'
    assert read_message(text) == orders.Message(do=do, lot="1", id=INTEGER_MAX)


def test_a_finger_needs_no_id() -> None:
    assert read_message('{"do":"finger","lot":"1","on":true}').on is True


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        "null",
        '{"do":"bid"}',
        '{"do":"bid","lot":"1"}',
        '{"do":"bid","lot":"1","id":0}',
        f'{{"do":"bid","lot":"1","id":{INTEGER_MAX + 1}}}',
        '{"do":"bid","lot":"1","id":1.5}',
        '{"do":"bid","lot":"1","id":true}',
        '{"do":"bid","lot":1,"id":1}',
        '{"do":"bid","lot":"1","id":1,"amount_minor":"100"}',
        '{"do":"bid","lot":"1","id":1,"paddle":7}',
        '{"do":"hello","lot":"1","id":1}',
        '{"do":"bid","lot":"1","id":1}' * 2,
        b"\xff\xfe",
        "[" * 1000,
    ],
)
def test_anything_else_is_refused_in_words(text: str | bytes) -> None:
    with pytest.raises(UsageError, match=r"\w+"):
        read_message(text)


def test_the_verdict_has_the_phones_id_and_what_the_house_said() -> None:
    accepted = Accepted(id=5, lot="1", seq=2, at_ms=9, board=EnglishBoard(110, 100, 7, 1), own=EnglishOwn(150))
    record = orders.verdict(message(), accepted, lot("1"), EUROS)
    assert (record["event"], record["id"], record["do"], record["status"]) == ("verdict", 5, "bid", "accepted")
    assert (record["price_minor"], record["maximum_minor"], record["leading"]) == (100, 150, True)
    assert "price" not in record
    assert record["message"].startswith("Accepted: you lead lot 1 at")


def test_a_rejection_about_no_known_lot_has_its_code_and_sentence() -> None:
    rejected = Rejected(id=5, code=RejectCode.UNKNOWN_LOT)
    record = orders.verdict(message(), rejected, None, EUROS)
    assert (record["status"], record["code"], record["lot"]) == ("rejected", "unknown_lot", "1")


def test_a_retraction_is_told_as_one() -> None:
    accepted = Accepted(id=5, lot="1", seq=2, at_ms=9, board=EnglishBoard(100))
    record = orders.verdict(message("retract"), accepted, lot("1"), EUROS)
    assert "taken back" in record["message"]


def test_the_gateways_own_refusal_is_final_and_an_unknown_verdict_is_not() -> None:
    refused = orders.refusal(message(), RejectCode.SLOW_DOWN, "why", lot("1"))
    assert (refused["status"], refused["code"], refused["leading"]) == ("rejected", "slow_down", False)
    unknown = orders.no_verdict(message(), UnansweredError(5, may_count=True), None)
    assert (unknown["status"], unknown["code"], unknown["leading"]) == ("unknown", "unanswered", None)
