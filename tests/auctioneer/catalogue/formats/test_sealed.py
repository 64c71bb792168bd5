"""Sealed lots in a catalogue: their terms, and what is wrong."""

import pytest
from msgspec.structs import replace

from auctioneer.catalogue import CatalogueKind, parse_catalogue
from auctioneer.catalogue.rules import lot_faults
from auctioneer.rules.terms import LotSpec
from common.formats.sealed import Pays, SealedTerms
from common.limits import AMOUNT_MINOR_MAX
from common.lot import LotTerms, SoftClose
from common.money import Currency
from tests.must_be import must_be

USD = Currency("USD", 2)
HEAD = '[sale]\ntitle = "A"\ncurrency = "USD"\n'
RIGHT = LotSpec(LotTerms(lot="1", title="Clock", format=SealedTerms(100, Pays.OWN_OFFER), duration_ms=1000))


def sealed(fields: str, defaults: str = "") -> LotSpec:
    text = f'{HEAD}[defaults]\n{defaults}\n[[lot]]\ntitle = "Clock"\n{fields}'
    (spec,) = parse_catalogue(text, "a.toml", CatalogueKind.TOML).lots
    return spec


def terms(**changes: object) -> LotSpec:
    bidding = replace(must_be(SealedTerms, RIGHT.terms.format), **changes)
    return replace(RIGHT, terms=replace(RIGHT.terms, format=bidding))


@pytest.mark.parametrize(("word", "pays"), [("sealed", Pays.OWN_OFFER), ("vickrey", Pays.SECOND_OFFER)])
def test_the_word_says_what_the_winner_pays(word: str, pays: Pays) -> None:
    spec = sealed(f'format = "{word}"\nstarting_price = "10"')
    assert (spec.terms.format, spec.reserve_minor) == (SealedTerms(10_00, pays), None)
    spec = sealed(f'format = "{word}"\nstarting_price = "10"\nreserve = "12.50"')
    assert (spec.terms.format, spec.reserve_minor) == (SealedTerms(10_00, pays, has_reserve=True), 12_50)


def test_defaults_that_a_sealed_lot_does_not_have_are_left_out() -> None:
    english = 'starting_price = 20\nincrement = 5\nbuy_now = 90\nreserve = 50\nsoft_close = { window = "30s" }\n'
    spec = sealed('format = "sealed"', english)
    assert spec.terms.format == SealedTerms(20_00, Pays.OWN_OFFER, has_reserve=True)
    assert (spec.reserve_minor, spec.terms.soft_close) == (50_00, None)
    assert sealed("", english).terms.soft_close == SoftClose(30_000, 30_000)
    assert sealed("", english + 'format = "vickrey"').terms.format == SealedTerms(
        20_00, Pays.SECOND_OFFER, has_reserve=True
    )


def test_a_sealed_lot_may_say_that_it_has_none_of_what_it_can_not_have() -> None:
    spec = sealed('format = "sealed"\nstarting_price = 10\nbuy_now = false\nsoft_close = "none"')
    assert spec.terms.format == SealedTerms(10_00, Pays.OWN_OFFER)


@pytest.mark.parametrize(
    "spec",
    [
        RIGHT,
        terms(starting_minor=AMOUNT_MINOR_MAX),
        replace(terms(has_reserve=True), reserve_minor=AMOUNT_MINOR_MAX),
        replace(terms(has_reserve=True), reserve_minor=100),
    ],
)
def test_what_is_right_at_its_bound(spec: LotSpec) -> None:
    assert lot_faults(spec, USD) == []


@pytest.mark.parametrize(
    ("spec", "field", "reason"),
    [
        (terms(starting_minor=0), "starting_price", "0.00 is out of range"),
        (terms(starting_minor=AMOUNT_MINOR_MAX + 1), "starting_price", "out of range"),
        (replace(terms(has_reserve=True), reserve_minor=AMOUNT_MINOR_MAX + 1), "reserve", "out of range"),
        (replace(terms(has_reserve=True), reserve_minor=99), "reserve", "0.99 is below the starting price 1.00"),
        (terms(has_reserve=True), "reserve", "disagree"),
        (replace(RIGHT, reserve_minor=100), "reserve", "disagree"),
    ],
)
def test_what_is_wrong(spec: LotSpec, field: str, reason: str) -> None:
    (fault,) = lot_faults(spec, USD)
    assert (fault.lot, fault.field) == ("1", field)
    assert reason in fault.reason
