"""The rules that a lot from a program could break and one from a catalogue can't, and the bounds of all."""

import pytest
from msgspec.structs import replace

from auctioneer.catalogue.rules import DURATION_MS_MIN, lot_faults
from auctioneer.rules.terms import LotSpec, Opening, OpeningRule
from common.formats.english import EnglishTerms, Step
from common.formats.sealed import Pays, SealedTerms
from common.limits import AMOUNT_MINOR_MAX, DURATION_MS_MAX, INTEGER_MAX, TEXT_CHARS_MAX
from common.lot import LotTerms, SoftClose
from common.money import Currency

USD = Currency("USD", 2)
RIGHT = LotSpec(LotTerms(lot="1", title="Clock", format=EnglishTerms(100, (Step(0, 5),)), duration_ms=1000))
SEALED = LotSpec(LotTerms(lot="1", title="Clock", format=SealedTerms(100, Pays.OWN_OFFER), duration_ms=1000))


def terms(spec: LotSpec = RIGHT, **changes: object) -> LotSpec:
    return replace(spec, terms=replace(spec.terms, **changes))


@pytest.mark.parametrize(
    "spec",
    [
        RIGHT,
        SEALED,
        terms(lot="x" * 15 + "1"),
        terms(duration_ms=DURATION_MS_MIN),
        terms(duration_ms=DURATION_MS_MAX),
        terms(image="x" * TEXT_CHARS_MAX),
        terms(soft_close=SoftClose(1, 1, 1)),
        terms(estimate_low_minor=1, estimate_high_minor=1),
        replace(RIGHT, opening=Opening(OpeningRule.AT_TIME, at_ms=INTEGER_MAX)),
    ],
)
def test_what_is_right_at_its_bound(spec: LotSpec) -> None:
    assert lot_faults(spec, USD) == []


@pytest.mark.parametrize(
    ("spec", "field", "reason"),
    [
        (terms(duration_ms=-1), "duration", "-1ms is out of range"),
        (terms(duration_ms=DURATION_MS_MAX + 1), "duration", "out of range"),
        (terms(image="x" * (TEXT_CHARS_MAX + 1)), "image", "It has 501 characters"),
        (terms(soft_close=SoftClose(-1, 1)), "soft_close.window", "-1ms is out of range"),
        (terms(estimate_low_minor=0, estimate_high_minor=1), "estimate_low", "0.00 is out of range"),
        (terms(estimate_low_minor=1, estimate_high_minor=AMOUNT_MINOR_MAX + 1), "estimate_high", "out of range"),
        (terms(SEALED, soft_close=SoftClose(1, 1)), "soft_close", "A sealed lot has no soft close; remove it."),
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
