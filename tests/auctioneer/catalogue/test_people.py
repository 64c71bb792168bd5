"""A list of people in the spreadsheets that people have, with their words, marks and encodings, and its faults."""

import io
from pathlib import Path

import pytest
from openpyxl import Workbook

from auctioneer.catalogue import CatalogueError, CatalogueKind
from auctioneer.catalogue.faults import Faults
from auctioneer.catalogue.people import Person, load_people, parse_people

ANN, BEN = ("Ann Lee", 7, "Lee & Sons", "ann@example.org"), ("Ben Ray", None, "", "")


def people(content: str | bytes, kind: CatalogueKind = CatalogueKind.CSV) -> list[Person]:
    faults = Faults()
    read = parse_people(content.encode() if isinstance(content, str) else content, "guests.csv", kind, faults)
    faults.raise_any()
    return read


def fields(read: list[Person]) -> list[tuple[str, int | None, str, str]]:
    return [(one.name, one.paddle, one.company, one.contact) for one in read]


def told(content: str | bytes) -> list[str]:
    """Return the faults as a person reads them."""
    faults = Faults()
    parse_people(content.encode() if isinstance(content, str) else content, "guests.csv", CatalogueKind.CSV, faults)
    with pytest.raises(CatalogueError) as caught:
        faults.raise_any()
    return list(caught.value.lines)


def noticed(content: str | bytes) -> list[str]:
    faults = Faults()
    parse_people(content.encode() if isinstance(content, str) else content, "guests.csv", CatalogueKind.CSV, faults)
    return faults.notices


@pytest.mark.parametrize(
    "head",
    [
        "paddle,name,company,contact",
        "PADDLE,Name,COMPANY,Contact",
        "Paddle #,Full Name,Organisation,E-mail",
        "No.,Guest,Firm,Phone Number",
        "Bidder Number,Person,Business,tel.",
    ],
)
def test_the_columns_have_the_names_that_people_use(head: str) -> None:
    assert fields(people(f"{head}\n7,Ann Lee,Lee & Sons,ann@example.org\n,Ben Ray,,\n")) == [ANN, BEN]


@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_any_mark_and_any_encoding_of_excel(mark: str, encoding: str) -> None:
    rows = [("Name", "Paddle"), ("Zoë Ångström", "12"), ("Åsa", "")]
    content = "\r\n".join(map(mark.join, rows)).encode(encoding)
    assert fields(people(content)) == [("Zoë Ångström", 12, "", ""), ("Åsa", None, "", "")]


def test_a_name_in_two_columns_and_a_contact_in_several() -> None:
    content = "Last name,First name,E-Mail,Mobile\nLee,Ann,ann@example.org,+1 555 0100\nRay,,,555\n"
    assert fields(people(content)) == [
        ("Ann Lee", None, "", "ann@example.org, +1 555 0100"),
        ("Ray", None, "", "555"),
    ]


def test_a_workbook_has_numbers_and_texts() -> None:
    book = Workbook()
    for row in (("Guests of the evening",), ("Paddle", "Name", "Phone"), (7, "Ann", 5550100), ("008", "Ben", None)):
        book.active.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    assert fields(people(buffer.getvalue(), CatalogueKind.XLSX)) == [("Ann", 7, "", "5550100"), ("Ben", 8, "", "")]


def test_other_columns_are_ignored_and_named() -> None:
    content = "Name,County,Notes\nAnn,Kent,likes clocks\n"
    assert fields(people(content)) == [("Ann", None, "", "")]
    assert noticed(content) == ["guests.csv: Columns 'County', 'Notes' are ignored."]


@pytest.mark.parametrize(
    ("content", "faults"),
    [
        ("", ["guests.csv: It has no rows; the first row names the columns, such as paddle, name, company, contact."]),
        ("name\n", ["guests.csv: It has nobody; each row after the first is a person."]),
        ("paddle\n7\n", ["guests.csv:1, name: The column is missing; each person needs a name."]),
        ("name,name\na,b\n", ["guests.csv:1, name: The column is there 2 times, as 'name', 'name'; keep one."]),
        ("name,Compny\na,b\n", ["guests.csv:1: There is no column 'Compny'; did you mean 'company'?"]),
        (
            "name,paddle\nAnn,7\nBen,12a\nCat,0\nDan,100000\n",
            [
                "guests.csv:3, paddle: '12a' is no paddle's number; write one from 1 to 99,999, or leave the cell "
                "empty for the next. The same in 2 more rows: 4, 5"
            ],
        ),
        (
            "name,paddle\nLee, Ann,7\n",
            [
                "guests.csv:2: '7' stands in column 3, which has no name in the first row; a cell with ',' in it needs "
                "quotes around it."
            ],
        ),
        (
            "name,paddle\nAnn;7\nBen;8\n",
            [
                "guests.csv:2: The rows have one cell each and the first row several; separate the cells of all by the "
                "same mark."
            ],
        ),
    ],
)
def test_every_fault_has_its_row_and_column(content: str, faults: list[str]) -> None:
    assert told(content) == faults


def test_a_row_with_a_fault_is_no_person() -> None:
    faults = Faults()
    read = parse_people(b"name,paddle\nAnn,x\nBen,8\n", "a.csv", CatalogueKind.CSV, faults)
    assert (fields(read), faults.has_any) == ([("Ben", 8, "", "")], True)


def test_a_formula_without_a_value_is_a_fault() -> None:
    book = Workbook()
    for row in (("Name", "Company"), ("Ann", "=A1")):
        book.active.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    with pytest.raises(CatalogueError, match="company: It is a formula without a value"):
        people(buffer.getvalue(), CatalogueKind.XLSX)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("guests.toml", "ends in .csv or .xlsx"),
        ("guests.csv", "There is no such file"),
        ("guests.xlsx", "There is no such file"),
    ],
)
def test_a_file_that_can_t_be_read(tmp_path: Path, name: str, reason: str) -> None:
    faults = Faults()
    assert load_people(tmp_path / name, faults) == []
    with pytest.raises(CatalogueError, match=reason):
        faults.raise_any()
