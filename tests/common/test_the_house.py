"""The house as a bidder: its paddle is no bidder's, and sentences call it by its name."""

import pytest

from auctioneer.house.register import OBSERVER_PADDLE
from common.the_house import HOUSE_PADDLE, paddle_words, person_words


def test_the_paddle_of_the_house_is_no_bidders() -> None:
    assert HOUSE_PADDLE == OBSERVER_PADDLE == 0, "who looks on has no paddle, and bidders count from 1"


@pytest.mark.parametrize(("paddle", "words"), [(0, "the house"), (1, "paddle 1"), (312, "paddle 312")])
def test_a_sentence_names_the_paddle(paddle: int, words: str) -> None:
    assert paddle_words(paddle) == words


@pytest.mark.parametrize(
    ("name", "paddle", "words"), [("the house", 0, "the house"), ("Ann", 7, "Ann (7)"), (None, 7, "nobody (7)")]
)
def test_a_sentence_names_the_person(name: str | None, paddle: int, words: str) -> None:
    assert person_words(name, paddle) == words
