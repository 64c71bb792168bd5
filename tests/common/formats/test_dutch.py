"""Dutch terms and boards: how long the clock runs, and their size in a message."""

import pytest

from common.codec import encode
from common.formats.dutch import DutchBoard, DutchTerms
from common.limits import AMOUNT_MINOR_MAX, DURATION_MS_MAX, UNITS_MAX


@pytest.mark.parametrize(
    ("starting_minor", "floor_minor", "step_minor", "prices"),
    [(1000, 400, 200, 4), (1000, 401, 200, 4), (1000, 399, 200, 5), (1000, 999, 200, 2), (1000, 1000, 200, 1)],
)
def test_the_clock_shows_each_price_down_to_the_floor_for_as_long(
    starting_minor: int, floor_minor: int, step_minor: int, prices: int
) -> None:
    terms = DutchTerms(starting_minor, floor_minor, step_minor, step_ms=250)
    assert (terms.prices, terms.duration_ms) == (prices, 250 * prices)


def test_terms_are_no_larger_than_they_say() -> None:
    widest = DutchTerms(AMOUNT_MINOR_MAX, AMOUNT_MINOR_MAX, AMOUNT_MINOR_MAX, DURATION_MS_MAX, UNITS_MAX)
    assert len(encode(widest)) <= widest.bytes_max <= len(encode(widest)) + 32
    assert widest.shared() is widest
    assert not widest.has_reserve, "the floor is public"


def test_a_board_is_no_larger_than_it_says_and_names_no_leader() -> None:
    widest = DutchBoard(AMOUNT_MINOR_MAX, UNITS_MAX)
    assert len(encode(widest)) <= DutchBoard.BYTES_MAX <= len(encode(widest)) + 32
    assert widest.leader is None
