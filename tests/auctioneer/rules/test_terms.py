"""What a lot has that says no more: the usual increments, by the number in every currency."""

import pytest

from auctioneer.rules.formats.english import default_increments
from common.money import Currency


@pytest.mark.parametrize(
    ("decimals", "steps"),
    [
        (0, [(0, 1), (1, 1), (5, 1), (25, 1), (100, 2), (250, 5)]),
        (1, [(0, 1), (10, 2), (50, 5), (250, 10), (1_000, 25), (2_500, 50)]),
        (2, [(0, 5), (100, 25), (500, 50), (2_500, 100), (10_000, 250), (25_000, 500)]),
        (3, [(0, 50), (1_000, 250), (5_000, 500), (25_000, 1_000), (100_000, 2_500), (250_000, 5_000)]),
    ],
)
def test_the_usual_increments_are_the_same_numbers_in_every_currency(
    decimals: int, steps: list[tuple[int, int]]
) -> None:
    found = default_increments(Currency("XXX", decimals))
    assert [(step.from_minor, step.step_minor) for step in found[:6]] == steps
    assert len(found) == 10
