"""The rules that a lot from a program could break and one from a catalogue can't, and the bounds of all."""

import pytest
from msgspec.structs import replace

from auctioneer.catalogue.rules import DURATION_MS_MIN, lot_faults
from auctioneer.rules.terms import LotSpec, Opening, OpeningRule
from common.limits import AMOUNT_MINOR_MAX, DURATION_MS_MAX, INCREMENT_STEPS_MAX, INTEGER_MAX, TEXT_CHARS_MAX
from common.lot import LotTerms, SoftClose, Step
from common.money import Currency

USD = Currency("USD", 2)
RIGHT = LotSpec(LotTerms(lot="1", title="Clock", starting_minor=100, increments=(Step(0, 5),), duration_ms=1000))


def terms(**changes: object) -> LotSpec:
    return replace(RIGHT, terms=replace(RIGHT.terms, **changes))


@pytest.mark.parametrize(
    "spec",
    [
        RIGHT,
        terms(starting_minor=AMOUNT_MINOR_MAX - 5),
        replace(terms(has_reserve=True), reserve_minor=AMOUNT_MINOR_MAX - 5),
        terms(buy_now_minor=AMOUNT_MINOR_MAX),
        terms(lot="x" * 15 + "1"),
        terms(duration_ms=DURATION_MS_MIN),
        terms(duration_ms=DURATION_MS_MAX),
        terms(increments=tuple(Step(price, 1) for price in range(INCREMENT_STEPS_MAX))),
        terms(image="x" * TEXT_CHARS_MAX),
        terms(soft_close=SoftClose(1, 1, 1)),
        replace(terms(has_reserve=True, buy_now_minor=101), reserve_minor=100),
        replace(terms(has_reserve=True, buy_now_minor=101), reserve_minor=101),
        terms(estimate_low_minor=1, estimate_high_minor=1),
        replace(RIGHT, opening=Opening(OpeningRule.AT_TIME, at_ms=INTEGER_MAX)),
    ],
)
def test_what_is_right_at_its_bound(spec: LotSpec) -> None:
    assert lot_faults(spec, USD) == []


@pytest.mark.parametrize(
    ("spec", "field", "reason"),
    [
        (terms(starting_minor=AMOUNT_MINOR_MAX + 1), "starting_price", "out of range"),
        (
            terms(starting_minor=AMOUNT_MINOR_MAX - 4),
            "starting_price",
            "the next bid, 10000000000000.01, would be over",
        ),
        (terms(starting_minor=AMOUNT_MINOR_MAX), "starting_price", "is too high"),
        (terms(increments=(Step(0, AMOUNT_MINOR_MAX),)), "starting_price", "lower it, or the increment"),
        (replace(terms(has_reserve=True), reserve_minor=AMOUNT_MINOR_MAX - 4), "reserve", "is too high"),
        (terms(starting_minor=-1), "starting_price", "-0.01 is out of range"),
        (terms(buy_now_minor=AMOUNT_MINOR_MAX + 1), "buy_now", "out of range"),
        (terms(increments=()), "increment", "The table has 0 rows"),
        (terms(increments=(Step(-1, 5),)), "increment", "Row 1: the price -0.01 is out of range"),
        (terms(duration_ms=-1), "duration", "-1ms is out of range"),
        (terms(duration_ms=DURATION_MS_MAX + 1), "duration", "out of range"),
        (terms(image="x" * (TEXT_CHARS_MAX + 1)), "image", "It has 501 characters"),
        (terms(soft_close=SoftClose(-1, 1)), "soft_close.window", "-1ms is out of range"),
        (terms(has_reserve=True), "reserve", "disagree"),
        (replace(RIGHT, reserve_minor=100), "reserve", "disagree"),
        (replace(RIGHT, opening=Opening(OpeningRule.AT_TIME)), "opens", "Only an opening at a time"),
        (replace(RIGHT, opening=Opening(OpeningRule.BY_HAND, at_ms=1)), "opens", "Only an opening at a time"),
        (replace(RIGHT, opening=Opening(OpeningRule.AT_TIME, 1, 1)), "opens", "Only an opening at a time"),
        (replace(RIGHT, opening=Opening(OpeningRule.AT_TIME, at_ms=INTEGER_MAX + 1)), "opens", "out of range"),
        (replace(RIGHT, opening=Opening(OpeningRule.AT_TIME, delay_ms=-1)), "opens", "out of range"),
    ],
)
def test_what_is_wrong(spec: LotSpec, field: str, reason: str) -> None:
    (fault,) = lot_faults(spec, USD)
    assert (fault.lot, fault.field) == ("1", field)
    assert reason in fault.reason


def test_a_number_that_can_not_be_shown_is_quoted() -> None:
    (fault,) = lot_faults(terms(lot="a\x1bb"), USD)
    assert (fault.lot, fault.field) == (r"'a\x1bb'", "number")
