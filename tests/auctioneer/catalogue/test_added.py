"""Lots that join a running sale: from a file, and from the command line."""

from pathlib import Path

import msgspec
import pytest

from auctioneer.catalogue import (
    CatalogueError,
    CatalogueKind,
    RunningSale,
    load_lots,
    lot_from_fields,
    parse_catalogue,
    parse_lots,
)
from auctioneer.rules.terms import LotSpec, OpeningRule
from common.formats.english import EnglishTerms, Step
from common.formats.sealed import Pays, SealedTerms
from common.limits import LOTS_MAX
from common.lot import SoftClose
from common.money import Currency
from tests.english import english_terms

USD = Currency("USD", 2)
SALE = RunningSale(currency=USD, known_lots=frozenset({"1", "2", "2a", "12"}))
LOT = '[[lot]]\ntitle = "Clock"\nstarting_price = 5\n'


def added(text: str, kind: CatalogueKind = CatalogueKind.TOML) -> tuple[LotSpec, ...]:
    return parse_lots(text, "more", kind, SALE)


def reasons(text: str, kind: CatalogueKind = CatalogueKind.TOML) -> list[tuple[str, str]]:
    with pytest.raises(CatalogueError) as caught:
        added(text, kind)
    return [(fault.field, fault.reason) for fault in caught.value.faults]


def test_lots_without_a_number_get_the_next_ones() -> None:
    assert [lot.terms.lot for lot in added(LOT + LOT)] == ["13", "14"]


def test_a_number_of_the_sale_may_not_come_again() -> None:
    ((field, reason),) = reasons(LOT + "number = 12\n" + LOT)
    assert (field, reason) == ("number", "The sale already has a lot 12; give this one another number.")
    ((_, reason),) = reasons(LOT + 'number = "012"\n')
    assert reason == "The sale already has a lot 12, too similar to 012; give this one another number."


def test_after_previous_is_after_the_sale_s_last_lot() -> None:
    (lot,) = added(LOT + 'opens = "after previous"')
    assert lot.opening.rule is OpeningRule.AFTER_PREVIOUS


def test_defaults_and_order_hold_as_in_a_whole_catalogue() -> None:
    lots = added('[sale]\ncurrency = "USD"\norder = "by hand"\n[defaults]\nduration = "1h"\n' + LOT)
    assert [(lot.terms.duration_ms, lot.opening.rule) for lot in lots] == [(3_600_000, OpeningRule.BY_HAND)]


def test_what_belongs_to_the_running_sale_can_not_change() -> None:
    text = '[sale]\ntitle = "B"\nends = "by hand"\ncurrency = "EUR"\ncolour = "red"\n'
    assert reasons(text + LOT) == [
        ("sale.title", "It can't be changed while the sale is running; remove it."),
        ("sale.ends", "It can't be changed while the sale is running; remove it."),
        (
            "sale.colour",
            "There is no 'colour'; there are conditions, conditions_file, corrections, "
            "currency, ends, ignore_columns, lots_file, order, retractions, revived, revived_answer, title.",
        ),
        ("sale.currency", "'EUR' is not the currency of the sale, USD."),
    ]


def test_nothing_to_add_is_a_fault() -> None:
    assert reasons("") == [("", "It has no lots to add.")]


def test_a_spreadsheet_needs_no_currency_here(tmp_path: Path) -> None:
    path = tmp_path / "more.csv"
    path.write_text("number,title,starting_price\n13,Clock,5\n")
    (lot,) = load_lots(path, SALE)
    assert (lot.terms.lot, english_terms(lot.terms).starting_minor) == ("13", 500)
    text = "title,starting_price,currency\nClock,5,EUR\n"
    assert reasons(text, CatalogueKind.CSV) == [("currency", "'EUR' is not the currency of the sale, USD.")]


def test_a_sale_that_is_full_takes_no_more() -> None:
    full = frozenset(str(number) for number in range(LOTS_MAX))
    with pytest.raises(CatalogueError, match="more lots than the 100,000"):
        parse_lots(LOT, "more", CatalogueKind.TOML, RunningSale(currency=USD, known_lots=full))
    sale = RunningSale(currency=USD, known_lots=full - {"0"})
    assert len(parse_lots(LOT, "more", CatalogueKind.TOML, sale)) == 1


# --- what the sale says ----------------------------------------------------------------------------------------------


def running(catalogue: str) -> RunningSale:
    """Return what is known of a sale that was begun with a catalogue of one lot."""
    spec = parse_catalogue(catalogue + LOT, "a", CatalogueKind.TOML)
    return RunningSale(currency=spec.currency, known_lots=frozenset("1"), lot_defaults=spec.lot_defaults)


HEAD = '[sale]\ntitle = "A"\ncurrency = "USD"\n'
DEFAULTS = """[defaults]
duration = "until closed"
reserve = 80
buy_now = 100
estimate_low = 60
estimate_high = 90
increment = 7
seller = "The club"
description = "Viewing from noon."
image = "none.jpg"
"""


@pytest.mark.parametrize(
    ("order", "rule"),
    [
        ("parallel", OpeningRule.AT_START),
        ("sequence", OpeningRule.AFTER_PREVIOUS),
        ("by hand", OpeningRule.BY_HAND),
    ],
)
def test_the_sale_s_order_holds(order: str, rule: OpeningRule) -> None:
    sale = running(f'{HEAD}order = "{order}"\n')
    fields = {"title": "Clock", "starting_price": "5"}
    assert lot_from_fields(fields, sale).opening.rule is rule
    assert parse_lots(LOT, "more", CatalogueKind.TOML, sale)[0].opening.rule is rule
    assert lot_from_fields(fields | {"opens": "at start"}, sale).opening.rule is OpeningRule.AT_START


def test_the_sale_s_defaults_hold_key_by_key() -> None:
    sale = running(HEAD + DEFAULTS)
    (begun,) = parse_catalogue(HEAD + DEFAULTS + LOT, "a", CatalogueKind.TOML).lots
    added_lot = lot_from_fields({"title": "Clock", "starting_price": "5"}, sale)
    assert msgspec.structs.replace(added_lot.terms, lot="1") == begun.terms
    assert (
        (added_lot.reserve_minor, added_lot.opening) == (begun.reserve_minor, begun.opening) == (80_00, begun.opening)
    )
    without = lot_from_fields({"title": "Clock", "starting_price": "5", "reserve": "none", "buy_now": "none"}, sale)
    assert (
        without.reserve_minor,
        english_terms(without.terms).buy_now_minor,
        english_terms(without.terms).has_reserve,
    ) == (None, None, False)


def test_a_default_starting_price_need_not_be_said_again() -> None:
    sale = running(HEAD + "[defaults]\nstarting_price = 20\n")
    assert english_terms(lot_from_fields({"title": "Clock"}, sale).terms).starting_minor == 20_00
    (lot,) = parse_lots("title\nClock\n", "more", CatalogueKind.CSV, sale)
    assert english_terms(lot.terms).starting_minor == 20_00


def test_the_sale_s_format_holds_for_lots_that_do_not_say_theirs() -> None:
    sale = running(HEAD + DEFAULTS.replace("[defaults]", '[defaults]\nformat = "sealed"'))
    assert sale == msgspec.convert(msgspec.to_builtins(sale), RunningSale)
    lot = lot_from_fields({"title": "Clock", "starting_price": "5"}, sale)
    assert lot.terms.format == SealedTerms(5_00, Pays.OWN_OFFER, has_reserve=True)
    lot = lot_from_fields({"title": "Clock", "starting_price": "5", "format": "english"}, sale)
    assert lot.terms.format == EnglishTerms(5_00, (Step(0, 7_00),), has_reserve=True, buy_now_minor=100_00)


def test_what_the_file_says_is_nearer_than_the_sale() -> None:
    sale = running(HEAD + '[defaults]\nopens = "by hand"\nduration = "1h"\nreserve = 80\n')
    (lot,) = parse_lots('[defaults]\nduration = "2h"\n' + LOT, "more", CatalogueKind.TOML, sale)
    assert (lot.terms.duration_ms, lot.reserve_minor, lot.opening.rule) == (7_200_000, 80_00, OpeningRule.BY_HAND)
    (lot,) = parse_lots('[sale]\norder = "sequence"\n' + LOT, "more", CatalogueKind.TOML, sale)
    assert lot.opening.rule is OpeningRule.AFTER_PREVIOUS


# --- the command line ------------------------------------------------------------------------------------------------


def test_a_lot_from_the_command_line() -> None:
    fields = {"number": "13", "title": "Clock", "starting_price": "12.50", "soft_close_window": "30s"}
    lot = lot_from_fields(fields, SALE)
    assert (lot.terms.lot, lot.terms.title, english_terms(lot.terms).starting_minor) == ("13", "Clock", 1250)
    assert lot.terms.soft_close == SoftClose(30_000, 30_000)
    assert lot_from_fields(fields | {"soft_close_window": "none"}, SALE).terms.soft_close is None


def test_a_sealed_lot_from_the_command_line() -> None:
    fields = {"title": "Clock", "starting_price": "12.50", "format": "vickrey"}
    assert lot_from_fields(fields, SALE).terms.format == SealedTerms(1250, Pays.SECOND_OFFER)
    with pytest.raises(CatalogueError) as caught:
        lot_from_fields(fields | {"increment": "5", "soft_close_window": "30s"}, SALE)
    assert str(caught.value).splitlines() == [
        "lot 13, increment: A Vickrey lot has no increment; remove it.",
        "lot 13, soft_close: A Vickrey lot has no soft close; remove it.",
    ]


def test_a_first_lot_from_the_command_line() -> None:
    fields = {"title": "Clock", "starting_price": "12.50", "opens": "after previous"}
    lot = lot_from_fields(fields, RunningSale(currency=USD))
    assert (lot.terms.lot, lot.opening.rule) == ("1", OpeningRule.AT_START)


def test_all_faults_of_the_command_line_come_together() -> None:
    with pytest.raises(CatalogueError) as caught:
        lot_from_fields({"number": "12", "starting_prise": "5", "duration": "5", "soft_close_cap": "0s"}, SALE)
    assert str(caught.value).splitlines() == [
        "starting_prise: There is no 'starting_prise'; did you mean 'starting_price'?",
        "lot 12, number: The sale already has a lot 12; give this one another number.",
        "lot 12, duration: '5' is not a duration; write it as 90s, 2m30s, 1h or 1d 2h.",
        "lot 12, soft_close_window: It is missing; say how long before the end a bid extends the lot, such as 30s.",
        "lot 12, title: It is missing; every lot has a title.",
        "lot 12, starting_price: It is missing; say the least that a first bid can be.",
    ]
