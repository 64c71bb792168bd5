"""Numbers of lots: which can be told apart, aloud, in a spreadsheet and by programs."""

import pytest

from common.limits import LOT_CHARS_MAX
from common.lot_numbers import is_valid_lot, lot_key, lot_meant


@pytest.mark.parametrize("lot", ["1", "0", "007", "12a", "12A", "A-1", "a-1-b", "1-2", "x" * (LOT_CHARS_MAX - 1) + "1"])
def test_lot_numbers(lot: str) -> None:
    assert is_valid_lot(lot)


@pytest.mark.parametrize(
    "lot",
    [
        "",
        "1" * (LOT_CHARS_MAX + 1),
        "1 2",
        "1/2",
        "é1",
        "٣",
        "\N{FULLWIDTH DIGIT ONE}",
        "1\x00",
        "~",
        "1\n",
        "12.0",
        "1.",
        "A_1",
        "-1",
        "1-",
        "1--2",
        "-",
        "A",
        "A-B",
        "__proto__",
        "constructor",
    ],
)
def test_what_is_not_a_lot_number(lot: str) -> None:
    assert not is_valid_lot(lot)


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("12a", "12A", True),
        ("7", "007", True),
        ("0", "000", True),
        ("A-01", "a-1", True),
        ("A01b002", "a1B2", True),
        ("10", "1", False),
        ("100", "10", False),
        ("1-0", "1", False),
        ("12a", "12-a", False),
        ("0", "", False),
    ],
)
def test_numbers_of_lots_that_can_not_be_told_apart(one: str, other: str, is_same: bool) -> None:
    assert (lot_key(one) == lot_key(other)) is is_same


def test_what_a_person_means_is_found_as_the_house_writes_it() -> None:
    lots = ["007", "12A", "100"]
    assert [lot_meant(typed, lots) for typed in ("7", "12a", "0012a", "100", "10")] == [
        "007",
        "12A",
        "12A",
        "100",
        "10",
    ]
