"""Spreadsheets as people make them: their words for columns, their amounts, and faults that are told once."""

from pathlib import Path

import pytest

from auctioneer.catalogue import CatalogueError, CatalogueKind, Fault, load_catalogue, parse_catalogue
from auctioneer.catalogue.formats.table import FORMATS, format_of
from auctioneer.catalogue.sheet import COLUMNS_MAX, HEADER_ROWS_MAX
from auctioneer.catalogue.words import column_key, header_words, is_not_kept
from auctioneer.rules.terms import SaleSpec
from common.money import Currency
from tests.english import english_terms

SHEETS = Path(__file__).parent / "sheets"
EVENINGS = ["evening.xlsx", "evening-comma-bom.csv", "evening-semicolon.csv", "evening-windows-1252.csv"]
HEAD = "title,starting_price,currency"


def sale(text: str) -> SaleSpec:
    return parse_catalogue(text, "a.csv", CatalogueKind.CSV)


def faults_of(text: str) -> tuple[Fault, ...]:
    with pytest.raises(CatalogueError) as caught:
        sale(text)
    return caught.value.faults


def lines_of(text: str) -> list[str]:
    with pytest.raises(CatalogueError) as caught:
        sale(text)
    return str(caught.value).splitlines()


def told(text: str) -> tuple[SaleSpec, list[str]]:
    notices: list[str] = []
    return parse_catalogue(text, "a.csv", CatalogueKind.CSV, tell=notices.append), notices


def minor(text: str) -> list[int]:
    return [english_terms(lot.terms).starting_minor for lot in sale(text).lots]


# --- whole files -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EVENINGS)
def test_an_evening_s_forty_lots_come_in_whatever_the_spreadsheet(name: str) -> None:
    notices: list[str] = []
    spec = load_catalogue(SHEETS / name, notices.append)
    assert (len(spec.lots), spec.currency) == (40, Currency("EUR", 2))
    assert spec.lots == load_catalogue(SHEETS / EVENINGS[0]).lots
    fifth, sixth, seventh = spec.lots[4:7]
    assert (english_terms(fifth.terms).starting_minor, fifth.terms.estimate_low_minor) == (1200_00, 2400_00)
    assert fifth.terms.description == "Kindly given by Ballonfahrten GmbH.\nValue approx. €2400.00"
    assert (english_terms(sixth.terms).buy_now_minor, seventh.reserve_minor) == (100_00, 30_00)
    assert (sixth.terms.seller, sixth.terms.image) == (
        "Familie O\N{RIGHT SINGLE QUOTATION MARK}Neill",
        "photos/lot06.jpg",
    )
    said = [notice.removeprefix(f"{SHEETS / name}: ") for notice in notices]
    assert said[-2:] == [
        "Column 'Donor' is read as the seller, who can't bid on the lot.",
        "No column names the currency; by the signs of the amounts it is EUR.",
    ]
    other = said[:-2]
    assert len(other) == ("1252" in name)
    assert all("read as Windows-1252" in notice and "'Köhler'" in notice for notice in other)


def test_decimal_commas_are_settled_by_the_others_of_the_column() -> None:
    path = SHEETS / "semicolon-euro.csv"
    with pytest.raises(CatalogueError) as caught:
        load_catalogue(path)
    (fault,) = caught.value.faults
    assert (fault.line, fault.lot, fault.field) == (5, "4", "starting_price")
    assert "'173,900' has too many decimals: EUR has 2" in fault.reason
    spec = sale(path.read_text().replace("173,900", "173,90"))
    assert [english_terms(lot.terms).starting_minor for lot in spec.lots] == [
        *(12_50, 1250_00, 1250_00, 173_90),
        *(20_00, 20_00, 20_00, 1250_00),
    ]
    assert (spec.lots[0].reserve_minor, english_terms(spec.lots[0].terms).increments[0].step_minor) == (100_00, 2_50)


def test_two_readings_of_a_file_are_refused() -> None:
    with pytest.raises(CatalogueError) as caught:
        load_catalogue(SHEETS / "semicolon-dinar.csv")
    assert [(fault.line, fault.field, fault.more) for fault in caught.value.faults] == [
        (2, "starting_price", 1),
        (2, "reserve", 0),
    ]
    assert "'12,500' can be TND 12,500.000 or TND 12.500" in caught.value.faults[0].reason


def test_what_a_trade_platform_exports() -> None:
    text = (SHEETS / "trade-export.csv").read_text()
    (fault,) = faults_of(text)
    assert (fault.line, fault.field) == (1, "currency")
    spec, notices = told(text.replace("Category", "Currency").replace("Furniture", "USD"))
    assert [lot.terms.lot for lot in spec.lots] == ["27", "27A"]
    chest = spec.lots[0]
    assert (english_terms(chest.terms).starting_minor, chest.reserve_minor, chest.terms.image) == (
        100_00,
        250_00,
        "27-1.jpg",
    )
    assert (chest.terms.estimate_low_minor, chest.terms.estimate_high_minor) == (300_00, 500_00)
    assert notices == ["a.csv: Columns 'Condition', 'Quantity' are ignored."]


# --- amounts ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "amounts"),
    [
        ('title,starting_price,currency\nA,"1,250",USD\nB,"1,250.00",USD', [1250_00, 1250_00]),
        ('title,starting_price,currency\nA,"12,500",USD\nB,"12,50",USD', None),
        ("title;starting_price;currency\nA;12,5;USD\nB;0,125;TND", None),
        ("title;starting_price;currency\nA;12,500;TND\nB;0,125;TND", [12_500, 125]),
        ("title;starting_price;currency\nA;12.500;TND\nB;0,125;TND", [12_500_000, 125]),
        ("title;starting_price;currency\nA;12.500;TND\nB;7;TND", None),
        ("title,starting_price,currency\nA,12.500,TND\nB,7,TND", [12_500, 7_000]),
        ("title;starting_price;currency\nA;1,250;JPY\nB;7;JPY", [1250, 7]),
        ("title;starting_price;currency\nA;12,500;TND\nB;1,50;TND\nC;1.50;TND", None),
        ('title,starting_price,currency\nA,"€ 1,200",EUR\nB,"€ 12,00",EUR', None),
        ("title\tstarting_price\tcurrency\nA\t12,50\tEUR\nB\t1.250\tEUR", [12_50, 1250_00]),
    ],
)
def test_a_column_settles_what_one_amount_leaves_open(text: str, amounts: list[int] | None) -> None:
    if amounts is None:
        assert {fault.field for fault in faults_of(text)} <= {"starting_price", "currency"}
    else:
        assert minor(text) == amounts


def test_increments_tell_the_mark_as_well() -> None:
    text = 'title;starting_price;increment;currency\nA;1;"0:0,125; 1:1,500";TND\n'
    assert [step.step_minor for step in english_terms(sale(text).lots[0].terms).increments] == [125, 1500]


def test_signs_name_the_currency_only_without_a_doubt() -> None:
    assert sale("title,starting_price\nA,€5\nB,EUR 6").currency.code == "EUR"
    (fault,) = faults_of("title,starting_price\nA,£5")
    assert "It is missing; give its code by ISO 4217 in a column of this name, such as GBP." in fault.reason
    (fault,) = faults_of("title,starting_price,currency\nA,€5,USD\nB,€6,USD")
    assert ("'€5' is not in the currency of the sale, USD." in fault.reason, fault.more) == (True, 1)


def test_a_hint_has_no_more_decimals_than_the_currency() -> None:
    (missing, wrong, low) = faults_of("title,starting_price,reserve\nA,x,\nB,100,80")
    assert (missing.field, wrong.reason) == ("currency", "'x' is not an amount; write it as 1250.")
    assert low.reason == "80 is below the starting price 100; a reserve is at least that."
    (wrong,) = faults_of("title,starting_price,currency\nA,x,JPY")
    assert wrong.reason == "'x' is not an amount; write it as 1250."


# --- headers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "key"),
    [
        ("Lot", "number"),
        ("Lot No.", "number"),
        ("Lot #", "number"),
        ("LOTNUM", "number"),
        ("LotNum", "number"),
        ("#", "number"),
        ("Start", "starting_price"),
        ("Starting bid", "starting_price"),
        ("StartPrice", "starting_price"),
        ("Start (€)", "starting_price"),
        ("Low est", "estimate_low"),
        ("LowEst", "estimate_low"),
        ("Lowest estimate", "estimate_low"),
        ("Estimate (high)", "estimate_high"),
        ("High Est.", "estimate_high"),
        ("Reserve Price", "reserve"),
        ("Buy Now Price", "buy_now"),
        ("buynow", "buy_now"),
        ("ImageFile.1", "image"),
        ("Donor", "seller"),
        ("\uff2c\uff4f\uff54", "number"),
        ("lowest", None),
        ("Price", None),
        ("reserv", None),
    ],
)
def test_what_people_call_the_columns(header: str, key: str | None) -> None:
    assert column_key(header_words(header)) == key


def test_what_is_not_kept() -> None:
    assert all(map(is_not_kept, map(header_words, ["Condition", "ImageFile.2", "image 12", "Quantity"])))
    assert not any(map(is_not_kept, map(header_words, ["ImageFile.1", "Limit", "Reserve", "Artist"])))


def test_a_column_that_was_spelt_wrong_is_one_fault_and_read_as_meant() -> None:
    (fault,) = faults_of("title,starting_prise,currency\nA,5,USD\nB,6,USD")
    assert fault.reason == "Column 'starting_prise': There is no 'starting_prise'; did you mean 'starting_price'?"
    assert fault.line == 1


def test_unknown_columns_are_one_fault_and_can_be_ignored(tmp_path: Path) -> None:
    csv = "title,starting_price,Artist,Wall\nA,5,Ann,3\n"
    (fault,) = faults_of(csv.replace("price,", "price,currency,").replace("5,", "5,USD,"))
    assert fault.reason.startswith("Columns 'Artist', 'Wall' are not known, so nothing would be kept of it.")
    assert "ignore_columns = [...]" in fault.reason
    (tmp_path / "lots.csv").write_text(csv)
    path = tmp_path / "sale.toml"
    head = '[sale]\ntitle = "A"\ncurrency = "USD"\nlots_file = "lots.csv"\n'
    path.write_text(head + 'ignore_columns = ["artist", "Wall"]\n')
    notices: list[str] = []
    assert len(load_catalogue(path, notices.append).lots) == 1
    assert notices == ["lots.csv: Columns 'Artist', 'Wall' are ignored."]
    path.write_text(head + 'ignore_columns = ["artist"]\n')
    with pytest.raises(CatalogueError, match="Column 'Wall' is not known"):
        load_catalogue(path)


def test_two_columns_for_one_key() -> None:
    (fault,) = faults_of("Name,title,starting_price,currency\nA,B,5,USD")
    assert (fault.field, fault.reason) == ("title", "The column is there 2 times, as 'Name', 'title'; keep one.")


def test_a_heading_may_stand_above_the_names() -> None:
    spec, notices = told(f"Spring evening\nof the club,,\n\n{HEAD}\nA,5,USD")
    assert [lot.terms.title for lot in spec.lots] == ["A"]
    assert notices == ["a.csv: The names of the columns are on line 4; the lines above are ignored."]
    assert "names no column" in faults_of("x\n" * HEADER_ROWS_MAX + f"{HEAD}\nA,5,USD")[0].reason


def test_more_columns_than_a_row_can_have() -> None:
    names = HEAD + "," * (COLUMNS_MAX - 3)
    assert len(sale(f"{names}\nA,5,USD").lots) == 1
    assert "more columns than 256" in faults_of(f"{names},\nA,5,USD")[0].reason


# --- consequences, and the same in many rows -------------------------------------------------------------------------

FORTY = "".join(f"Lot {number},{number}\n" for number in range(1, 41))


def test_a_missing_column_is_one_fault_and_not_one_for_each_row() -> None:
    lines = lines_of("title,reserve\n" + FORTY)
    assert lines == [
        "a.csv:1, currency: "
        "It is missing; give its code by ISO 4217 in a column of this name, such as USD, EUR or GBP.",
        "a.csv:1, starting_price: It is missing: no column has this name; say the least that a first bid can be.",
    ]


def test_a_row_says_its_format_and_is_held_to_it() -> None:
    head = "title,starting_price,currency,Auction type,increment,buy_now\n"
    lots = sale(head + "A,5,USD,sealed,,\nB,5,USD,,2,\nC,5,USD,Vickrey,,none\n").lots
    assert [format_of(lot.terms.format) for lot in lots] == [FORMATS[word] for word in ("sealed", "english", "vickrey")]
    assert lines_of(head + "A,5,USD,sealed,2,\nB,5,USD,dutch auction,,\nC,5,USD,sealed,0:1; 5:2,\n") == [
        "a.csv:2, lot 1, increment: A sealed lot has no increment; remove it. The same in 1 more row: 4",
        f"a.csv:3, lot 2, format: 'dutch auction' is not a format; there are {', '.join(FORMATS)}.",
    ]


def test_a_missing_column_is_told_as_the_formats_of_the_rows_need_it() -> None:
    (line,) = lines_of("title,currency,format\nA,USD,sealed\nB,USD,sealed\n")
    assert line == "a.csv:1, starting_price: It is missing: no column has this name; say the least that can be offered."


def test_the_same_fault_in_many_rows_is_one_line_with_their_number() -> None:
    rows = "".join(f"Lot {number},price {number},USD\n" for number in range(1, 41))
    assert lines_of(f"{HEAD}\n{rows}") == [
        "a.csv:2, lot 1, starting_price: 'price 1' is not an amount; write it as 1250.00. "
        "The same in 39 more rows: 3, 4, 5, 6, 7, ..."
    ]
    assert lines_of(f"{HEAD}\nA,x,USD\nB,5,USD\nC,x,USD")[0].endswith("The same in 1 more row: 4")
    assert lines_of("title,starting_price,reserve,currency\nA,10,8,USD\nB,20,5,USD") == [
        "a.csv:2, lot 1, reserve: 8.00 is below the starting price 10.00; a reserve is at least that. "
        "The same in 1 more row: 3"
    ]


def test_each_number_that_is_there_twice_is_told() -> None:
    rows = "7,A\n7,B\n8,C\n8,D\n".replace("\n", ",5,USD\n")
    assert [fault.lot for fault in faults_of("number,title,starting_price,currency\n" + rows)] == ["7", "8"]


def test_an_unquoted_comma_is_one_fault_of_its_row() -> None:
    (fault,) = faults_of(f"{HEAD}\nA,5,USD\nOil on canvas, large,6,USD")
    assert (fault.line, fault.field) == (3, "")
    assert "'USD' stands in column 4, which has no name in the first row; a cell with ','" in fault.reason


def test_rows_that_are_parted_otherwise_are_one_fault() -> None:
    (fault,) = faults_of(f"{HEAD}\nA;5;USD\nB;6;USD")
    assert (fault.line, fault.reason) == (
        2,
        "The rows have one cell each and the first row several; separate the cells of all by the same mark.",
    )


def test_a_first_row_that_is_parted_by_nothing_known_is_one_fault() -> None:
    (fault,) = faults_of("title|starting_price|currency\nA|5|USD\n")
    assert fault.reason.startswith("The first row names no column that is known here: 'title|starting_price|currency'.")


def test_a_joiner_may_stand_where_a_script_needs_it() -> None:
    persian, sinhala = "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\u0dc1\u0dca\u200d\u0dbb\u0dd3"
    spec = sale(f"{HEAD}\n{persian},5,USD\n{sinhala},5,USD")
    assert [lot.terms.title for lot in spec.lots] == [persian, sinhala]
    (fault,) = faults_of(f"{HEAD}\nA\u200cda,5,USD")
    assert "U+200C (ZERO WIDTH NON-JOINER)" in fault.reason


# --- what Excel writes into a CSV ------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "sep=|", "sep=\t"])
def test_the_first_line_can_say_what_parts_the_cells(first: str) -> None:
    mark = first.strip('"')[-1]
    text = f"{first}\r\ntitle,starting_price,currency\r\nA,5,USD\r\nB,x,USD\r\n".replace(",", mark)
    assert faults_of(text)[0].line == 4
    assert minor("\ufeff" + text.replace("x", "6")) == [500, 600]


def test_a_file_in_utf_16_as_excel_s_unicode_text() -> None:
    text = "title\tstarting_price\tcurrency\nK\u00f6hler\t5\tUSD\n"
    spec = parse_catalogue(text.encode("utf-16"), "a.csv", CatalogueKind.CSV)
    assert spec.lots[0].terms.title == "K\u00f6hler"
    with pytest.raises(CatalogueError, match="begins as UTF-16 and is not"):
        parse_catalogue(text.encode("utf-16") + b"\x00", "a.csv", CatalogueKind.CSV)


def test_what_is_no_text_in_any_encoding_names_its_line() -> None:
    with pytest.raises(CatalogueError) as caught:
        parse_catalogue(f"{HEAD}\nA,5,USD\n".encode() + b"\x81,5,USD", "a.csv", CatalogueKind.CSV)
    assert [(fault.line, fault.reason[:18]) for fault in caught.value.faults] == [(3, "It is not in UTF-8")]
