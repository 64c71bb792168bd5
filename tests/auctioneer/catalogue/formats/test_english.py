"""What is right and wrong of an English lot in a catalogue, at the bounds; most faults are in `test_faults.py`."""

import pytest
from msgspec.structs import replace

from auctioneer.catalogue import CatalogueError, CatalogueKind, parse_catalogue
from auctioneer.catalogue.formats.english import English
from auctioneer.catalogue.rules import lot_faults
from auctioneer.rules.formats.english import default_increments
from auctioneer.rules.terms import LotSpec, SaleSpec
from common.formats.english import EnglishTerms, Step
from common.limits import AMOUNT_MINOR_MAX, INCREMENT_STEPS_MAX
from common.lot import LotTerms
from common.money import Currency
from tests.english import english_terms

USD = Currency("USD", 2)
RIGHT = LotSpec(LotTerms(lot="1", title="Clock", format=EnglishTerms(100, (Step(0, 5),)), duration_ms=1000))


def terms(**changes: object) -> LotSpec:
    bidding = replace(english_terms(RIGHT.terms), **changes)
    return replace(RIGHT, terms=replace(RIGHT.terms, format=bidding))


@pytest.mark.parametrize(
    "spec",
    [
        RIGHT,
        terms(starting_minor=AMOUNT_MINOR_MAX - 5),
        replace(terms(has_reserve=True), reserve_minor=AMOUNT_MINOR_MAX - 5),
        terms(buy_now_minor=AMOUNT_MINOR_MAX),
        terms(increments=tuple(Step(price, 1) for price in range(INCREMENT_STEPS_MAX))),
        replace(terms(has_reserve=True, buy_now_minor=101), reserve_minor=100),
        replace(terms(has_reserve=True, buy_now_minor=101), reserve_minor=101),
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
        (terms(has_reserve=True), "reserve", "disagree"),
        (replace(RIGHT, reserve_minor=100), "reserve", "disagree"),
        (terms(house_bids=True), "house_bids", "the lot has none"),
    ],
)
def test_what_is_wrong(spec: LotSpec, field: str, reason: str) -> None:
    (fault,) = lot_faults(spec, USD)
    assert (fault.lot, fault.field) == ("1", field)
    assert reason in fault.reason


def test_lots_share_equal_tables_of_increments() -> None:
    silent = English().bidding({}, USD).terms
    assert english_terms(silent).increments == default_increments(USD)
    tables = [english_terms(English().bidding({"increment": ((0, 7), (20, 9))}, USD).terms).increments for _ in "ab"]
    assert tables[0] == (Step(0, 7), Step(20, 9))
    assert tables[0] is tables[1]


HOUSE_BIDS = """
[sale]
title = "Sale"
currency = "USD"

[defaults]
starting_price = "100"
{defaults}
[[lot]]
title = "With a reserve"
reserve = "300"
{lot}
[[lot]]
title = "Without"
{other}
"""


def read(lines: dict[str, str]) -> SaleSpec:
    text = HOUSE_BIDS.format(**{"defaults": "", "lot": "", "other": ""} | lines)
    return parse_catalogue(text, "a.toml", CatalogueKind.TOML)


@pytest.mark.parametrize(
    ("lines", "on_first"),
    [
        ({}, False),
        ({"lot": 'house_bids = "on"'}, True),
        ({"lot": "house_bids = true"}, True),
        ({"defaults": 'house_bids = "on"'}, True),
        ({"defaults": 'house_bids = "on"', "lot": 'house_bids = "off"'}, False),
        ({"defaults": 'house_bids = "on"', "lot": "house_bids = false"}, False),
    ],
)
def test_house_bids_are_for_the_lots_with_a_reserve(lines: dict[str, str], on_first: bool) -> None:
    spec = read(lines)
    assert [english_terms(lot.terms).house_bids for lot in spec.lots] == [on_first, False]


@pytest.mark.parametrize(
    ("lines", "line", "said"),
    [
        ({"other": 'house_bids = "on"'}, 15, "the lot has none"),
        ({"lot": 'house_bids = "maybe"'}, 12, 'write "on"'),
        ({"lot": "house_bids = 7"}, 12, 'write "on"'),
        ({"other": 'format = "sealed"\nhouse_bids = "on"'}, 16, "A sealed lot has no house bids"),
    ],
)
def test_a_fault_of_house_bids_has_its_line(lines: dict[str, str], line: int, said: str) -> None:
    with pytest.raises(CatalogueError) as caught:
        read(lines)
    (fault,) = caught.value.faults
    assert (fault.line, said in fault.reason) == (line, True), fault
