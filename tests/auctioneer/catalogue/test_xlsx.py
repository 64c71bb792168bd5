"""Excel's own files: what each kind of cell means, and files that were made to do harm."""

import io
import sys
import zipfile
from collections.abc import Callable, Sequence
from datetime import date, time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from auctioneer.catalogue import CatalogueError, CatalogueKind, Fault, load_catalogue, parse_catalogue
from auctioneer.catalogue import xlsx as xlsx_module
from auctioneer.catalogue.formats.table import FORMATS, format_of
from auctioneer.rules.terms import SaleSpec
from tests.english import english_terms

EVENING = Path(__file__).parent / "sheets" / "evening.xlsx"
HEAD = ("number", "title", "starting_price", "currency")


def saved(book: Workbook) -> bytes:
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def workbook(*rows: Sequence[Any]) -> bytes:
    book = Workbook()
    for row in rows:
        book.worksheets[0].append(row)
    return saved(book)


def sale(content: bytes, tell: Callable[[str], None] = lambda _sentence: None) -> SaleSpec:
    return parse_catalogue(content, "a.xlsx", CatalogueKind.XLSX, tell=tell)


def the_fault(content: bytes) -> Fault:
    with pytest.raises(CatalogueError) as caught:
        sale(content)
    (fault,) = caught.value.faults
    return fault


def with_part(content: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """Return a workbook of which one part was changed."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            body = old.read(part)
            new.writestr(part.filename, change(body) if part.filename == name else body)
    return buffer.getvalue()


def with_texts(texts: bytes) -> bytes:
    """Return a workbook that says of its texts that they are in a part of their own."""
    named = b'<Override PartName="/xl/sharedStrings.xml" ContentType="application/vnd.openxmlformats-officedocument'
    named += b'.spreadsheetml.sharedStrings+xml"/></Types>'
    types = "[Content_Types].xml"
    buffer = io.BytesIO(with_part(EVENING.read_bytes(), types, lambda body: body.replace(b"</Types>", named)))
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(TEXTS, texts)
    return buffer.getvalue()


SHEET = "xl/worksheets/sheet1.xml"
TEXTS = "xl/sharedStrings.xml"


def test_numbers_are_exact_and_need_no_text() -> None:
    content = workbook(HEAD, (12.0, 1984, 12.5, "USD"), ("12a", "B", 1_250, "USD"), (13, "C", 36.3, "USD"))
    content = with_part(content, SHEET, lambda body: body.replace(b"<v>36.3<", b"<v>36.300000000000004<"))
    assert [
        (lot.terms.lot, lot.terms.title, english_terms(lot.terms).starting_minor) for lot in sale(content).lots
    ] == [
        ("12", "1984", 12_50),
        ("12a", "B", 1250_00),
        ("13", "C", 36_30),
    ]


def test_a_row_says_its_format() -> None:
    head = (*HEAD, "format", "increment")
    lots = sale(workbook(head, (1, "A", 5, "USD", "Vickrey"), (2, "B", 5, "USD", None, 2))).lots
    assert [format_of(lot.terms.format) for lot in lots] == [FORMATS["vickrey"], FORMATS["english"]]
    assert the_fault(workbook(head, (1, "A", 5, "USD", "sealed", 2))).reason == (
        "A sealed lot has no increment; remove it."
    )
    assert the_fault(workbook(head, (1, "A", 5, "USD", 7))).reason.startswith("'7' is not a format")


def test_a_number_has_one_reading_and_a_text_has_two() -> None:
    content = workbook(HEAD, (1, "A", 12.345, "TND"), (2, "B", 1.25, "TND"))
    assert [english_terms(lot.terms).starting_minor for lot in sale(content).lots] == [12_345, 1_250]
    assert "'12.345' can be TND 12,345.000 or" in the_fault(workbook(HEAD, (1, "A", "12.345", "TND"))).reason
    assert "has too many decimals: USD has 2." in the_fault(workbook(HEAD, (1, "A", 12.345, "USD"))).reason


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        (True, "It is true or false; an amount is needed"),
        (date(2026, 5, 1), "It is a date or time; an amount is needed"),
        (time(5, 0), "It is a date or time; an amount is needed"),
        ("=5+", "It is a formula without a value; open the file in Excel and save it."),
        ("#REF!", "The cell shows '#REF!', an error of its formula"),
        (1e300, "The cell has a number that is too large"),
        (-5, "'-5' is not an amount"),
        (1e15, "over the largest amount"),
    ],
)
def test_cells_that_are_no_amounts(cell: object, reason: str) -> None:
    fault = the_fault(workbook(HEAD, (1, "A", cell, "USD")))
    assert (fault.line, fault.lot, fault.field) == (2, "1", "starting_price")
    assert reason in fault.reason


def test_a_lot_number_that_excel_took_for_a_date() -> None:
    fault = the_fault(workbook(HEAD, (date(2026, 12, 3), "A", 5, "USD")))
    assert (fault.field, fault.reason[:21]) == ("number", "It is a date or time;")


def test_an_error_is_no_title_and_a_missing_one_is_told_once() -> None:
    assert "an error of its formula" in the_fault(workbook(HEAD, (1, "#N/A", 5, "USD"))).reason
    fault = the_fault(workbook(HEAD, (1, None, 5, "USD"), (2, None, 5, "USD")))
    assert (fault.field, fault.more) == ("title", 1)


def test_a_formula_counts_as_excel_reckoned_it() -> None:
    content = workbook(HEAD, (1, "A", "=5*2", "USD"))
    content = with_part(
        content, SHEET, lambda body: body.replace(b"<v></v>", b"<v>10</v>").replace(b"<v />", b"<v>10</v>")
    )
    assert english_terms(sale(content).lots[0].terms).starting_minor == 10_00


@pytest.mark.parametrize("number_format", ['#,##0.00\\ "€"', "[$€-407]\\ #,##0.00", "€ #,##0.00", "#,##0.00 [$EUR]"])
def test_a_format_names_the_currency(number_format: str) -> None:
    book = Workbook()
    for row in (("title", "starting_price"), ("A", 5)):
        book.worksheets[0].append(row)
    book.worksheets[0]["B2"].number_format = number_format
    assert sale(saved(book)).currency.code == "EUR"
    book.worksheets[0]["C1"], book.worksheets[0]["C2"] = "currency", "USD"
    assert "is not in the currency of the sale, USD" in the_fault(saved(book)).reason


def test_the_first_sheet_that_is_shown_is_read() -> None:
    book = Workbook()
    book.worksheets[0].sheet_state = "hidden"
    book.create_sheet("Chart data")
    lots = book.worksheets[1]
    for row in (HEAD, (1, "A", 5, "USD")):
        lots.append(row)
    notices: list[str] = []
    assert len(sale(saved(book), notices.append).lots) == 1
    assert notices == ["a.xlsx: It has 2 sheets; 'Chart data' is read."]


def test_headings_blank_rows_and_merged_cells() -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    for row in (("Spring evening",), (), HEAD, (1, "A", 5, "USD"), (), (2, "B", 5, None)):
        sheet.append(row)
    sheet.merge_cells("A1:D1")
    sheet.merge_cells("D4:D6")
    sheet["AZ900"].number_format = "0.00"
    assert [lot.terms.title for lot in sale(saved(book)).lots] == ["A", "B"]


def test_a_sale_in_toml_names_an_excel_file(tmp_path: Path) -> None:
    (tmp_path / "lots.xlsx").write_bytes(EVENING.read_bytes())
    path = tmp_path / "sale.toml"
    path.write_text('[sale]\ntitle = "A"\ncurrency = "EUR"\norder = "sequence"\nlots_file = "lots.xlsx"\n')
    assert len(load_catalogue(path).lots) == 40


def test_without_its_reader_the_sentence_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    assert "pip install 'auction-house[xlsx]'" in the_fault(EVENING.read_bytes()).reason


# --- files that do harm ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"title,starting_price\nA,5", b"\xd0\xcf\x11\xe0" * 200])
def test_what_is_no_zip(content: bytes) -> None:
    assert "It is not an .xlsx file" in the_fault(content).reason


def test_a_zip_that_is_no_workbook() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.txt", "a")
    assert "It can't be read as an Excel file" in the_fault(buffer.getvalue()).reason


@pytest.mark.parametrize(
    ("limit", "part"),
    [
        ("SHEET_BYTES_MAX", SHEET),
        ("TEXTS_BYTES_MAX", TEXTS),
        ("PART_BYTES_MAX", "xl/theme/theme1.xml"),
    ],
)
def test_the_bounds_on_what_is_unpacked(monkeypatch: pytest.MonkeyPatch, limit: str, part: str) -> None:
    content = with_texts(b"<sst/>" + b" " * 2**15)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        sizes = {info.filename: info.file_size for info in archive.infolist()}
    monkeypatch.setattr(xlsx_module, limit, sizes[part])
    assert len(sale(content).lots) == 40
    monkeypatch.setattr(xlsx_module, limit, sizes[part] - 1)
    assert f"Its part '{part}' unpacks to" in the_fault(content).reason


def test_a_zip_that_unpacks_to_more_than_it_says_is_cut_off() -> None:
    content = with_part(EVENING.read_bytes(), "xl/styles.xml", lambda body: body + b" " * 2**20)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        size = archive.getinfo("xl/styles.xml").file_size
    lie = content.replace(size.to_bytes(4, "little"), (size - 2**20).to_bytes(4, "little"))
    assert "It can't be read as an Excel file" in the_fault(lie).reason


def test_the_bound_on_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    with zipfile.ZipFile(EVENING) as archive:
        count = len(archive.infolist())
    monkeypatch.setattr(xlsx_module, "PARTS_MAX", count)
    assert len(sale(EVENING.read_bytes()).lots) == 40
    monkeypatch.setattr(xlsx_module, "PARTS_MAX", count - 1)
    assert f"It has {count} parts" in the_fault(EVENING.read_bytes()).reason


def test_the_bound_on_a_cell() -> None:
    limit = xlsx_module.CELL_CHARS_MAX
    long = with_part(
        workbook(HEAD, (1, "A", 5, "USD")), SHEET, lambda body: body.replace(b">A<", b">" + b"x" * (limit + 1) + b"<")
    )
    assert the_fault(long).reason == f"The cell has {limit + 1:,} characters."


def test_entities_are_not_expanded() -> None:
    bomb = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><x>&b;</x>'
    assert "It can't be read as an Excel file" in the_fault(with_texts(bomb)).reason


def test_rows_and_cells_far_out_cost_nothing() -> None:
    def moved(body: bytes) -> bytes:
        far = b'<row r="1000000"><c r="XFD1000000"/></row>'
        far += b'<row r="99999999"><c r="A99999999"><v>1</v></c></row></sheetData>'
        return body.replace(b"</sheetData>", far).replace(b'ref="A1:D2"', b'ref="A1:XFD1048576"')

    content = with_part(workbook(HEAD, (1, "A", 5, "USD")), SHEET, moved)
    assert len(sale(content).lots) == 1


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_a_damaged_file_is_refused_or_read(data: st.DataObject) -> None:
    """Whatever the bytes, nothing but CatalogueError comes out."""
    name = data.draw(st.sampled_from([SHEET, "xl/styles.xml", "xl/workbook.xml", "[Content_Types].xml", ""]))
    at, cut = data.draw(st.integers(0, 4000)), data.draw(st.integers(0, 40))
    new = data.draw(st.binary(max_size=10))

    def damaged(body: bytes) -> bytes:
        start = at % len(body)
        return body[:start] + new + body[start + cut :]

    content = EVENING.read_bytes()
    content = with_part(content, name, damaged) if name else damaged(content)
    try:
        lots = len(sale(content).lots)
    except CatalogueError:
        return
    assert lots
