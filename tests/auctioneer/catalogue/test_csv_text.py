"""Lots in a spreadsheet, by itself or named by a sale in TOML."""

import re
from pathlib import Path

import pytest

from auctioneer.catalogue import CatalogueError, CatalogueKind, Fault, load_catalogue, parse_catalogue
from auctioneer.rules.formats.english import default_increments
from auctioneer.rules.terms import DEFAULT_DURATION_MS, Opening, OpeningRule, SaleSpec
from common.formats.english import Step
from common.lot import SoftClose
from common.money import Currency
from tests.english import english_terms

HEAD = "title,starting_price,currency"


def sale(text: str, name: str = "spring sale.csv") -> SaleSpec:
    return parse_catalogue(text, name, CatalogueKind.CSV)


def faults_of(text: str) -> list[tuple[int | None, str, str, str]]:
    with pytest.raises(CatalogueError) as caught:
        sale(text)
    assert {fault.file for fault in caught.value.faults} == {"spring sale.csv"}
    return [(fault.line, fault.lot, fault.field, fault.reason) for fault in caught.value.faults]


def test_a_sale_of_a_spreadsheet_has_the_defaults() -> None:
    spec = sale(f"{HEAD}\nClock,10,EUR\nPen,1.50,\n", "/sales/spring sale.csv")
    assert (spec.title, spec.currency, spec.ends_after_last_lot) == ("spring sale", Currency("EUR", 2), False)
    assert [(lot.terms.lot, lot.terms.title, english_terms(lot.terms).starting_minor) for lot in spec.lots] == [
        ("1", "Clock", 1000),
        ("2", "Pen", 150),
    ]
    for lot in spec.lots:
        assert lot.opening == Opening(OpeningRule.AT_START)
        assert english_terms(lot.terms).increments == default_increments(spec.currency)
        assert (lot.terms.duration_ms, lot.terms.soft_close, lot.reserve_minor) == (DEFAULT_DURATION_MS, None, None)


FULL = {
    "number": "12a",
    "title": "Clock",
    "currency": "USD",
    "starting_price": "1,000.50",
    "increment": "0.01:0.05; 1:0.25",
    "reserve": "2000",
    "buy_now": "5000",
    "estimate_low": "3000",
    "estimate_high": "4000",
    "opens": "2026-05-01T19:00:00+02:00",
    "duration": "2m30s",
    "soft_close_window": "30s",
    "soft_close_extension": "20s",
    "soft_close_cap": "10m",
    "seller": "Ann",
    "description": 'Oak case; a "grandfather".',
    "image": "clock.jpg",
}


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_every_column_with_every_delimiter(delimiter: str, line_end: str, mark: str) -> None:
    cells = ['"' + cell.replace('"', '""') + '"' for cell in FULL.values()]
    (lot,) = sale(mark + delimiter.join(FULL) + line_end + delimiter.join(cells) + line_end).lots
    terms = lot.terms
    assert (terms.lot, terms.title, english_terms(terms).starting_minor, lot.reserve_minor) == (
        "12a",
        "Clock",
        1000_50,
        2000_00,
    )
    assert (english_terms(terms).buy_now_minor, terms.estimate_low_minor, terms.estimate_high_minor) == (
        5000_00,
        3000_00,
        4000_00,
    )
    assert english_terms(terms).increments == (Step(1, 5), Step(100, 25))
    assert (terms.duration_ms, terms.soft_close) == (150_000, SoftClose(30_000, 20_000, 600_000))
    assert (terms.seller, terms.image) == ("Ann", "clock.jpg")
    assert terms.description == 'Oak case; a "grandfather".'
    assert lot.opening.rule is OpeningRule.AT_TIME


def test_what_spreadsheets_do_to_a_table_is_no_fault() -> None:
    text = (
        '" Title ",Starting price,CURRENCY,soft-close-window,,\n\nClock, 10 ,USD,none,,\n,,,,,\n"Pen\nand ink",5,USD\n'
    )
    with pytest.raises(CatalogueError, match=re.escape("spring sale.csv:5, lot 2, title: It has a line break")):
        sale(text)
    spec = sale(text.replace("Pen\nand", "Pen and"))
    assert [lot.terms.title for lot in spec.lots] == ["Clock", "Pen and ink"]


@pytest.mark.parametrize(
    ("text", "line", "lot", "field", "reason"),
    [
        ("", None, "", "", "It has no rows"),
        ("\n \n", None, "", "", "It has no rows"),
        (f"{HEAD}\nClock,10,usd", 2, "", "currency", "did you mean USD"),
        ("title,starting_price\nClock,10", 1, "", "currency", "It is missing; give its code"),
        (f"{HEAD}\nClock,10,USD\nPen,5,EUR", 3, "", "currency", "'EUR' is not the 'USD' of line 2"),
        (f"{HEAD},reserv\nClock,10,USD,5", 1, "", "", "Column 'reserv': There is no 'reserv'; did you mean 'reserve'?"),
        (f"{HEAD},Title\nClock,10,USD,Pen", 1, "", "title", "The column is there 2 times"),
        (f"{HEAD}\nClock,10,USD,stray", 2, "", "", "'stray' stands in column 4, which has no name"),
        (f"{HEAD}\nClock,10,USD\n,5,USD", 3, "2", "title", "It is missing"),
        (f"{HEAD}\nClock,10,USD\n\nPen,,USD", 4, "2", "starting_price", "It is missing"),
        (f'{HEAD}\n"Clock\n",10,USD\nPen,x,USD', 4, "2", "starting_price", "'x' is not an amount"),
        (f"{HEAD},soft_close_cap\nClock,10,USD,5m", 2, "1", "soft_close_window", "It is missing"),
        (f"{HEAD},soft_close_window\nClock,10,USD,5", 2, "1", "soft_close_window", "'5' is not a duration"),
        (f"{HEAD},number\nClock,10,USD,7\nPen,10,USD,7", 3, "7", "number", "two lots 7, the other one on line 2"),
        (f'{HEAD}\nClock,10,"USD', 2, "", "", "This is not CSV"),
        (f'{HEAD}\n"Clock"x,10,USD', 2, "", "", "This is not CSV"),
        (f"{HEAD}\n{'x' * 200_000},10,USD", 2, "", "", "This is not CSV: field larger"),
    ],
)
def test_a_fault(text: str, line: int | None, lot: str, field: str, reason: str) -> None:
    found = [fault for fault in faults_of(text) if reason in fault[3]]
    assert [fault[:3] for fault in found] == [(line, lot, field)]


def test_rows_before_broken_syntax_are_checked_too() -> None:
    assert [fault[0] for fault in faults_of(f'{HEAD}\nClock,x,USD\n"Pen"x,10,USD')] == [3, 2]


def test_a_header_without_lots_is_a_fault() -> None:
    assert [fault[3] for fault in faults_of(HEAD + "\n") if not fault[2]] == [
        "It has no lots; each row after the first is one."
    ]


# --- a TOML sale that names a CSV for its lots -----------------------------------------------------------------------

TOML = """
[sale]
title = "A"
currency = "USD"
order = "sequence"
lots_file = "lots.csv"
[defaults]
starting_price = "20"
soft_close = { window = "30s" }
"""


def write(folder: Path, toml: str, csv: str | None) -> Path:
    (folder / "sale.toml").write_text(toml)
    if csv is not None:
        (folder / "lots.csv").write_text(csv)
    return folder / "sale.toml"


def load_faults(path: Path) -> tuple[Fault, ...]:
    with pytest.raises(CatalogueError) as caught:
        load_catalogue(path)
    return caught.value.faults


def test_a_sale_names_a_file_for_its_lots_and_its_defaults_hold(tmp_path: Path) -> None:
    csv = "title,starting_price,soft_close_window\nClock,,\nPen,5,none\n"
    spec = load_catalogue(write(tmp_path, TOML, csv))
    assert [(lot.terms.title, english_terms(lot.terms).starting_minor) for lot in spec.lots] == [
        ("Clock", 2000),
        ("Pen", 500),
    ]
    assert [lot.terms.soft_close for lot in spec.lots] == [SoftClose(30_000, 30_000), None]
    assert [lot.opening.rule for lot in spec.lots] == [OpeningRule.AT_START, OpeningRule.AFTER_PREVIOUS]


def test_faults_of_both_files_come_together(tmp_path: Path) -> None:
    path = write(tmp_path, TOML.replace("sequence", "serial"), "title,starting_price,currency\nClock,0,EUR\n")
    assert [(Path(fault.file).name, fault.line, fault.field) for fault in load_faults(path)] == [
        ("sale.toml", 5, "sale.order"),
        ("lots.csv", 2, "currency"),
        ("lots.csv", 2, "starting_price"),
    ]


def test_a_currency_at_fault_is_not_held_against_the_other_file(tmp_path: Path) -> None:
    path = write(tmp_path, TOML.replace("USD", "ZZZ"), "title,currency\nClock,USD\n")
    assert [fault.field for fault in load_faults(path)] == ["sale.currency"]


def test_a_file_of_lots_that_is_missing_or_empty(tmp_path: Path) -> None:
    (fault,) = load_faults(write(tmp_path, TOML, None))
    assert (fault.file, fault.reason) == (str(tmp_path / "lots.csv"), "There is no such file.")
    (fault,) = load_faults(write(tmp_path, TOML, "title\n"))
    assert (fault.file, fault.reason[:14]) == ("lots.csv", "It has no lots")


def test_lots_stand_in_one_place(tmp_path: Path) -> None:
    path = write(tmp_path, TOML + "[[lot]]\ntitle = 'A'\n", "title\nClock\n")
    (fault,) = load_faults(path)
    assert (fault.field, fault.line) == ("sale.lots_file", 6)
    assert "keep them in one place" in fault.reason
