"""English terms and boards: the step at a price, tables that are shared, and their size in a message."""

import msgspec
import pytest

from common.codec import encode
from common.formats.english import EnglishBoard, EnglishTerms, Step
from common.limits import AMOUNT_MINOR_MAX, INCREMENT_STEPS_MAX, INTEGER_MAX

TERMS = EnglishTerms(1000, (Step(0, 100), Step(2000, 250), Step(5000, 500)))
WIDEST_STEPS = tuple(Step(AMOUNT_MINOR_MAX - number, AMOUNT_MINOR_MAX) for number in range(INCREMENT_STEPS_MAX))


@pytest.mark.parametrize(
    ("price_minor", "step_minor"), [(0, 100), (1999, 100), (2000, 250), (4999, 250), (5000, 500), (10**9, 500)]
)
def test_a_step_is_that_of_the_last_row_at_or_below_the_price(price_minor: int, step_minor: int) -> None:
    assert TERMS.step_at(price_minor) == step_minor


def test_a_price_below_the_first_row_has_the_first_step() -> None:
    assert msgspec.structs.replace(TERMS, increments=(Step(500, 100), Step(900, 200))).step_at(0) == 100


def test_equal_tables_are_one_object_however_the_terms_came_about() -> None:
    again = EnglishTerms(7, tuple(Step(*row) for row in ((0, 100), (2000, 250), (5000, 500))), has_reserve=True)
    read = msgspec.msgpack.decode(encode(again), type=EnglishTerms)
    replaced = msgspec.structs.replace(again, starting_minor=8)
    assert again.increments is TERMS.increments is read.increments is replaced.increments
    assert read == again
    assert again.shared() is again


@pytest.mark.parametrize("steps", [WIDEST_STEPS[:1], WIDEST_STEPS])
def test_terms_are_no_larger_than_they_say(steps: tuple[Step, ...]) -> None:
    widest = EnglishTerms(AMOUNT_MINOR_MAX, steps, has_reserve=True, buy_now_minor=AMOUNT_MINOR_MAX, house_bids=True)
    assert len(encode(widest)) <= widest.bytes_max <= len(encode(widest)) + 32


def test_a_board_is_no_larger_than_it_says() -> None:
    widest = EnglishBoard(
        AMOUNT_MINOR_MAX, AMOUNT_MINOR_MAX, INTEGER_MAX, INTEGER_MAX, reserve_met=True, buy_now_minor=AMOUNT_MINOR_MAX
    )
    assert len(encode(widest)) <= EnglishBoard.BYTES_MAX <= len(encode(widest)) + 32
