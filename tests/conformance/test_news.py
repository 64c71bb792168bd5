"""Section 15: words to one bidder, which come in answer to a question and to nobody else."""

from collections.abc import Callable

import pytest

from tests.conformance.conformance_house import OwnHouse
from tests.conformance.stranger import Stranger
from tests.conformance.test_admission import CATALOGUE

pytestmark = pytest.mark.conformance
Make = Callable[..., Stranger]


def asked(who: Stranger, after_seq: int) -> int:
    """Ask for news; the answer comes when there are any."""
    request_id = who.new_id()
    who.send({"type": "news", "id": request_id, "after_seq": after_seq})
    return request_id


def test_a_word_comes_to_the_bidder_that_waits_for_it(own_house: Callable[..., OwnHouse], strangers_of: Make) -> None:
    house = own_house(CATALOGUE)
    ann, ben = strangers_of(house.link).join(name="Ann"), strangers_of(house.link).join(name="Ben")
    waiting = asked(ann, 0)
    asked(ben, 0)
    assert ann.ask("ping")["type"] == "pong", "other requests go on"
    assert house.order(type="tell", bidder="Ann", text="Your clock is ready.")["type"] == "done"
    answer = ann.await_answer(waiting)
    assert (answer["type"], answer["epoch"]) == ("news", ann.welcome["epoch"])
    (word,) = answer["words"]
    assert (word["seq"], word["kind"], word["text"]) == (1, "message", "Your clock is ready.")
    assert ann.ask("news", after_seq=0)["words"] == [word], "and again, to whoever has the key"
    ben.await_beat()
    ben.await_beat()
    assert ben.receive(wait_ms=0) is None
    assert not [frame for frame in ann.frames + ben.frames if b"Your clock" in frame.raw]


def test_a_second_question_takes_the_place_of_the_first(own_house: Callable[..., OwnHouse], strangers_of: Make) -> None:
    house = own_house(CATALOGUE)
    ann = strangers_of(house.link).join(name="Ann")
    first = asked(ann, 0)
    second = asked(ann, 0)
    assert ann.await_answer(first)["words"] == []
    house.order(type="tell", bidder="1", text="Hello")
    assert [word["text"] for word in ann.await_answer(second)["words"]] == ["Hello"]


def test_words_outlive_the_house(own_house: Callable[..., OwnHouse], strangers_of: Make) -> None:
    house = own_house(CATALOGUE)
    ann = strangers_of(house.link).join(name="Ann")
    asked(ann, 0)
    house.order(type="tell", bidder="Ann", text="Before")
    house.kill_and_await()
    house.order(type="tell", bidder="Ann", text="After")
    again = strangers_of(house.link, keys=ann.keys).join()
    assert [(word["seq"], word["text"]) for word in again.ask("news", after_seq=0)["words"]] == [
        (1, "Before"),
        (2, "After"),
    ]


def test_who_is_let_in_or_turned_out_hears_of_it(own_house: Callable[..., OwnHouse], strangers_of: Make) -> None:
    house = own_house(CATALOGUE, admit="approve")
    ann = strangers_of(house.link)
    assert ann.hello(name="Ann")["code"] == "awaiting_approval"
    assert ann.ask("news", after_seq=0)["code"] == "awaiting_approval"
    house.order(type="admit", bidder="Ann")
    ann.enrol()
    assert [word["kind"] for word in ann.ask("news", after_seq=0)["words"]] == ["admitted"]
    waiting = asked(ann, 1)
    house.order(type="admit", bidder="Ann", admitted=False)
    assert [word["kind"] for word in ann.await_answer(waiting)["words"]] == ["turned_out"]
    assert ann.ask("news", after_seq=2)["code"] == "not_admitted"


def test_observers_have_no_news(stranger: Make) -> None:
    eve = stranger()
    eve.hello(role="observer", **({"invite": eve.link.invite} if eve.link.invite else {}))
    assert eve.ask("news", after_seq=0)["code"] == "forbidden"
