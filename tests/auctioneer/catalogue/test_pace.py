"""A faster catalogue: every duration is divided, nothing else changes, and it is no faster than people can bid."""

import pytest
from msgspec.structs import replace

from auctioneer.catalogue import CatalogueKind, at_speed, parse_catalogue, planned_ms, speed_max
from auctioneer.catalogue.pace import LEAD_MS, OPEN_MS_MIN, SPEED_MAX
from auctioneer.catalogue.rules import lot_faults
from auctioneer.rules.terms import LotSpec, Opening, OpeningRule, SaleSpec
from common.formats.dutch import DutchTerms
from common.lot import SoftClose
from tests.must_be import must_be

MINUTE_MS = 60_000
AT_START = Opening(OpeningRule.AT_TIME, delay_ms=LEAD_MS)
HEAD = '[sale]\ntitle = "Evening"\ncurrency = "USD"\n[defaults]\nstarting_price = "10"\nduration = "2m"\n'
DUTCH = 'format = "dutch"\nstarting_price = "60"\nfloor = "15"\ndecrement = "5"\nevery = "20s"'


def sale(*lots: str, order: str = "parallel", head: str = HEAD) -> SaleSpec:
    text = head.replace("[defaults]", f'order = "{order}"\n[defaults]')
    text += "".join(f'[[lot]]\ntitle = "A vase"\n{lot}\n' for lot in lots)
    return parse_catalogue(text, "evening.toml", CatalogueKind.TOML)


def faster(lot: str, speed: int) -> LotSpec:
    return at_speed(sale(lot), speed).lots[0]


@pytest.mark.parametrize("bidding", ["", 'format = "sealed"', 'format = "vickrey"', 'reserve = "20"'])
def test_a_lot_is_open_for_a_part_of_its_time_and_all_else_is_the_same(bidding: str) -> None:
    (before,) = sale(bidding).lots
    after = faster(bidding, 60)
    assert after.terms.duration_ms == 2000
    assert after == replace(before, terms=replace(before.terms, duration_ms=2000), opening=AT_START)


def test_a_dutch_clock_shows_the_same_prices_for_a_shorter_time() -> None:
    (before,) = sale(DUTCH).lots
    after = faster(DUTCH, 10)
    terms = must_be(DutchTerms, after.terms.format)
    assert terms == replace(must_be(DutchTerms, before.terms.format), step_ms=2000)
    assert after.terms.duration_ms == terms.duration_ms == 20_000
    assert lot_faults(after, sale(DUTCH).currency) == []


def test_the_soft_close_is_divided_and_its_cap_stays_at_least_one_extension() -> None:
    soft_close = 'soft_close = { window = "30s", extension = "20s", cap = "21s" }'
    assert faster(soft_close, 10).terms.soft_close == SoftClose(3000, 2000, 2100)
    assert faster(soft_close, 30_000).terms.soft_close == SoftClose(1, 1, 1)
    assert faster('soft_close = { window = "30s", extension = "20s" }', 10).terms.soft_close == SoftClose(3000, 2000)


def test_openings_keep_their_order_and_a_time_of_day_counts_from_the_first() -> None:
    lots = at_speed(
        sale(
            "opens = 2026-12-24T20:00:00+01:00",
            "opens = 2026-12-24T19:30:00+01:00",
            "opens = 2026-12-24T19:40:00+01:00",
            'opens = "by hand"',
        ),
        60,
    ).lots
    assert [lot.opening for lot in lots] == [
        Opening(OpeningRule.AT_TIME, delay_ms=LEAD_MS + 30_000),
        Opening(OpeningRule.AT_TIME, delay_ms=LEAD_MS),
        Opening(OpeningRule.AT_TIME, delay_ms=LEAD_MS + 10_000),
        Opening(OpeningRule.BY_HAND),
    ]


def test_in_a_sequence_only_the_first_lot_opens_at_the_start() -> None:
    first, second = at_speed(sale("", "", order="sequence"), 1).lots
    assert first.opening == AT_START
    assert second.opening == Opening(OpeningRule.AFTER_PREVIOUS)


@pytest.mark.parametrize(
    ("lot", "most"),
    [
        ("", 2 * MINUTE_MS // OPEN_MS_MIN),
        (DUTCH, 200),
        ('duration = "until closed"', SPEED_MAX),
        ('duration = "1s"', 1),
        ('duration = "500ms"', 1),
    ],
)
def test_no_lot_becomes_too_short_to_bid_on(lot: str, most: int) -> None:
    spec = sale(lot)
    assert speed_max(spec) == most
    assert all(not lot_faults(one, spec.currency) for one in at_speed(spec, most).lots)
    assert speed_max(sale('duration = "1h"', lot)) <= most or most == SPEED_MAX


def test_the_length_of_an_evening_follows_the_order_of_its_lots() -> None:
    assert planned_ms(sale("", "", 'duration = "5m"'), 0) == 5 * MINUTE_MS
    assert planned_ms(sale("", "", 'duration = "5m"', order="sequence"), 0) == 9 * MINUTE_MS
    assert planned_ms(sale("", 'duration = "until closed"', order="sequence"), 45_000) == 165_000
    assert planned_ms(sale("", "", order="by hand"), 0) == 4 * MINUTE_MS
    late = sale("opens = 2026-12-24T19:30:00+01:00", "opens = 2026-12-24T20:00:00+01:00")
    assert planned_ms(late, 0) == 32 * MINUTE_MS
    assert planned_ms(SaleSpec("Empty", late.currency), 0) == 0
