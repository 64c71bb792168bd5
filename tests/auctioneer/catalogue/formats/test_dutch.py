"""Dutch lots in a catalogue: their terms, how long their clock runs, and what is wrong."""

import pytest
from msgspec.structs import replace

from auctioneer.catalogue import CatalogueError, CatalogueKind, RunningSale, lot_from_fields, parse_catalogue
from auctioneer.catalogue.formats.dutch import PRICES_MAX, STEP_MS_MAX, STEP_MS_MIN
from auctioneer.catalogue.rules import lot_faults
from auctioneer.rules.terms import LotSpec
from common.formats.dutch import DutchTerms
from common.limits import AMOUNT_MINOR_MAX, DURATION_MS_MAX, UNITS_MAX
from common.lot import LotTerms, SoftClose
from common.money import Currency
from tests.must_be import must_be

USD = Currency("USD", 2)
HEAD = '[sale]\ntitle = "A"\ncurrency = "USD"\n'
CLOCK = 'format = "dutch"\nstarting_price = 150\nfloor = 50\ndecrement = 10\nevery = "10s"\n'
RIGHT = LotSpec(LotTerms(lot="1", title="Tulips", format=DutchTerms(100, 50, 10, 1000), duration_ms=6000))


def dutch(fields: str, defaults: str = "") -> LotSpec:
    text = f'{HEAD}[defaults]\n{defaults}\n[[lot]]\ntitle = "Tulips"\n{fields}'
    (spec,) = parse_catalogue(text, "a.toml", CatalogueKind.TOML).lots
    return spec


def faults_of(fields: str, defaults: str = "") -> list[tuple[str, str]]:
    with pytest.raises(CatalogueError) as caught:
        dutch(fields, defaults)
    return [(fault.field, fault.reason) for fault in caught.value.faults]


def terms(**changes: int) -> LotSpec:
    """Return the right lot with a changed clock, which says how long the lot is open."""
    bidding = replace(must_be(DutchTerms, RIGHT.terms.format), **changes)
    duration_ms = bidding.duration_ms if bidding.step_minor > 0 else None
    return replace(RIGHT, terms=replace(RIGHT.terms, format=bidding, duration_ms=duration_ms))


def test_the_clock_says_how_long_a_lot_is_open() -> None:
    spec = dutch(CLOCK)
    assert spec.terms.format == DutchTerms(150_00, 50_00, 10_00, 10_000)
    assert (spec.terms.duration_ms, spec.terms.soft_close, spec.reserve_minor) == (110_000, None, None)
    spec = dutch(CLOCK.replace("decrement = 10", 'decrement = "30.50"') + "units = 12\n")
    assert spec.terms.format == DutchTerms(150_00, 50_00, 30_50, 10_000, 12)
    assert spec.terms.duration_ms == 50_000


def test_defaults_that_a_dutch_lot_does_not_have_are_left_out() -> None:
    english = 'increment = 5\nbuy_now = 900\nreserve = 200\nduration = "5m"\nsoft_close = { window = "30s" }\n'
    spec = dutch(CLOCK, english)
    assert spec == dutch(CLOCK)
    assert dutch(CLOCK, 'duration = "until closed"').terms.duration_ms == 110_000
    (other,) = parse_catalogue(
        f'{HEAD}[defaults]\n{english}{CLOCK}units = 3\n[[lot]]\ntitle = "B"\nformat = "english"\n',
        "a.toml",
        CatalogueKind.TOML,
    ).lots
    assert (other.terms.duration_ms, other.terms.soft_close) == (300_000, SoftClose(30_000, 30_000))


def test_defaults_may_have_a_part_of_a_clock() -> None:
    assert dutch('starting_price = 150\nfloor = 50\nevery = "10s"', 'format = "dutch"\ndecrement = 10') == dutch(CLOCK)
    for part in (
        "floor = 2",
        "decrement = 500",
        "starting_price = 0.01",
        f"floor = {AMOUNT_MINOR_MAX // 100}",
        "units = 64",
    ):
        assert dutch('format = "english"\nstarting_price = 0.01', part).terms.duration_ms == 300_000
    assert faults_of(CLOCK, "floor = 200\nstarting_price = 150") == [
        ("defaults.floor", "200.00 is not below the starting price 150.00; make it lower.")
    ]


def test_a_dutch_lot_may_say_that_it_has_none_of_what_it_can_not_have() -> None:
    assert dutch(CLOCK + 'reserve = "none"\nbuy_now = false\nduration = "none"\nsoft_close = false') == dutch(CLOCK)


@pytest.mark.parametrize("text", ["12", '"12"', '" 12 "'])
def test_units_are_a_number_or_a_text(text: str) -> None:
    assert must_be(DutchTerms, dutch(f"{CLOCK}units = {text}").terms.format).units == 12


def test_a_row_and_the_options_of_the_command_line_say_the_same() -> None:
    text = (
        "title,format,starting_price,Floor price,Bid decrement,every,units,increment,currency\n"
        "Tulips,dutch,150,50,10,10s,12,,USD\nClock,,5,,,,,1,USD\n"
    )
    tulips, clock = parse_catalogue(text, "a.csv", CatalogueKind.CSV).lots
    assert (tulips, clock.terms.duration_ms) == (dutch(f"{CLOCK}units = 12"), 300_000)
    fields = {"title": "Tulips", "format": "dutch", "starting_price": "150", "floor": "50", "decrement": "10"}
    assert lot_from_fields(fields | {"every": "10s", "units": "12"}, RunningSale(currency=USD)) == tulips


def test_a_missing_column_is_named_with_what_it_says() -> None:
    with pytest.raises(CatalogueError) as caught:
        parse_catalogue(
            "title,format,starting_price,currency\nA,dutch,5,USD\nB,dutch,5,USD\n", "a.csv", CatalogueKind.CSV
        )
    assert {(fault.line, fault.field) for fault in caught.value.faults} == {
        (1, "floor"),
        (1, "decrement"),
        (1, "every"),
    }


@pytest.mark.parametrize(
    ("fields", "field", "reason"),
    [
        (CLOCK.replace("floor = 50\n", ""), "floor", "It is missing; say below which price the clock does not fall."),
        (
            CLOCK.replace("decrement = 10\n", ""),
            "decrement",
            "It is missing; say by how much the price falls at a time.",
        ),
        (CLOCK.replace('every = "10s"\n', ""), "every", "It is missing; say how long each price holds, such as 5s."),
        (CLOCK.replace("starting_price = 150\n", ""), "starting_price", "say at which price the clock begins."),
        (CLOCK.replace("floor = 50", "floor = 'x'"), "floor", "'x' is not an amount"),
        (CLOCK.replace("decrement = 10", "decrement = 'x'"), "decrement", "'x' is not an amount"),
        (CLOCK.replace("150", "'x'"), "starting_price", "'x' is not an amount"),
        (CLOCK.replace('"10s"', "10"), "every", "write it with its unit"),
        (CLOCK + "units = 1.5", "units", "It is '1.5'; write how many like units there are, from 1 to 64."),
        (CLOCK + "units = true", "units", "write how many"),
        (CLOCK + "units = '1" + "0" * 5000 + "'", "units", "write how many"),
        (CLOCK + "units = 65", "units", "65 is out of range: a lot has 1 to 64 units."),
        (
            CLOCK + 'duration = "5m"',
            "duration",
            "A Dutch lot has no duration of its own, since its clock runs from the starting price to the floor; "
            "remove it.",
        ),
        (CLOCK + 'duration = "until closed"', "duration", "no duration of its own"),
        (
            CLOCK + 'soft_close = { window = "9s" }',
            "soft_close",
            "A Dutch lot has no soft close, since nobody can be outbid; remove it.",
        ),
        (
            CLOCK + "reserve = 60",
            "reserve",
            "A Dutch lot has no reserve, since its floor is the lowest price; remove it.",
        ),
        (
            CLOCK + "buy_now = 60",
            "buy_now",
            "A Dutch lot has no buy-now price, since whoever stops the clock has bought; remove it.",
        ),
        (
            CLOCK + "increment = 5",
            "increment",
            "A Dutch lot has no increment, since its price falls, by the decrement; remove it.",
        ),
        ("starting_price = 5\nunits = 3", "units", "An English lot has no number of units; remove it."),
        ('format = "sealed"\nstarting_price = 5\nfloor = 3', "floor", "A sealed lot has no floor; remove it."),
    ],
)
def test_a_fault_of_a_file(fields: str, field: str, reason: str) -> None:
    ((found, why),) = faults_of(fields)
    assert found == field
    assert reason in why


@pytest.mark.parametrize(
    "spec",
    [
        RIGHT,
        terms(starting_minor=AMOUNT_MINOR_MAX, floor_minor=1, step_minor=AMOUNT_MINOR_MAX - 1),
        terms(starting_minor=AMOUNT_MINOR_MAX, floor_minor=AMOUNT_MINOR_MAX - 1, step_minor=1),
        terms(starting_minor=PRICES_MAX, floor_minor=1, step_minor=1),
        terms(step_minor=50, step_ms=STEP_MS_MAX),
        terms(step_ms=STEP_MS_MIN),
        terms(starting_minor=366, floor_minor=1, step_minor=1, step_ms=STEP_MS_MAX),
        terms(units=UNITS_MAX),
    ],
)
def test_what_is_right_at_its_bound(spec: LotSpec) -> None:
    assert lot_faults(spec, USD) == []


@pytest.mark.parametrize(
    ("spec", "field", "reason"),
    [
        (terms(floor_minor=100), "floor", "1.00 is not below the starting price 1.00; make it lower."),
        (terms(floor_minor=101), "floor", "1.01 is not below the starting price 1.00"),
        (terms(floor_minor=0), "floor", "0.00 is out of range"),
        (
            terms(starting_minor=AMOUNT_MINOR_MAX + 1, step_minor=AMOUNT_MINOR_MAX // 2),
            "starting_price",
            "out of range",
        ),
        (terms(step_minor=0), "decrement", "0.00 is out of range"),
        (terms(step_minor=-1), "decrement", "-0.01 is out of range"),
        (terms(step_minor=51), "decrement", "0.51 is more than the 0.50 from the starting price to the floor"),
        (terms(starting_minor=PRICES_MAX + 1, floor_minor=1, step_minor=1), "decrement", "would show 10,001 prices"),
        (terms(step_ms=STEP_MS_MIN - 1), "every", "99ms is out of range: a price holds from 100ms to 1d."),
        (terms(step_ms=STEP_MS_MAX + 1), "every", "is out of range"),
        (terms(step_ms=-1), "every", "-1ms is out of range"),
        (
            terms(starting_minor=367, floor_minor=1, step_minor=1, step_ms=STEP_MS_MAX),
            "every",
            "The clock would run for 367d, longer than 366d; make it shorter.",
        ),
        (terms(units=0), "units", "0 is out of range: a lot has 1 to 64 units."),
        (terms(units=UNITS_MAX + 1), "units", "65 is out of range"),
        (
            terms(starting_minor=AMOUNT_MINOR_MAX // 2 + 1, step_minor=AMOUNT_MINOR_MAX // 4, units=2),
            "units",
            "2 at the starting price cost 10000000000000.02, over the largest amount, 10000000000000.00",
        ),
        (replace(RIGHT, reserve_minor=60), "reserve", "A Dutch lot has no reserve"),
        (
            replace(RIGHT, terms=replace(RIGHT.terms, duration_ms=5000)),
            "duration",
            "The lot is open for 5s, and its clock runs for 6s.",
        ),
        (replace(RIGHT, terms=replace(RIGHT.terms, duration_ms=None)), "duration", "The lot is open until closed"),
        (replace(RIGHT, terms=replace(RIGHT.terms, duration_ms=-5)), "duration", "The lot is open for -5ms"),
        (
            replace(RIGHT, terms=replace(RIGHT.terms, soft_close=SoftClose(5, 5))),
            "soft_close",
            "A Dutch lot has no soft close",
        ),
    ],
)
def test_what_is_wrong(spec: LotSpec, field: str, reason: str) -> None:
    (fault,) = lot_faults(spec, USD)
    assert (fault.lot, fault.field) == ("1", field)
    assert reason in fault.reason


def test_all_units_may_cost_the_largest_amount() -> None:
    whole = terms(starting_minor=AMOUNT_MINOR_MAX // 2, step_minor=AMOUNT_MINOR_MAX // 4, units=2)
    assert list(lot_faults(whole, USD)) == []


def test_the_longest_clock_is_a_year() -> None:
    assert terms(starting_minor=366, floor_minor=1, step_minor=1, step_ms=STEP_MS_MAX).terms.duration_ms == (
        DURATION_MS_MAX
    )
