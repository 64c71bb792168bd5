"""What is refused, where the fault is said to be, and what is said about it."""

import re
from datetime import date
from pathlib import Path

import pytest

from auctioneer.catalogue import CatalogueError, CatalogueKind, Fault, format_faults, load_catalogue, parse_catalogue
from auctioneer.catalogue.faults import FAULTS_MAX, quoted
from common.errors import UsageError
from common.formats.english import EnglishTerms, Step
from common.limits import DESCRIPTION_CHARS_MAX, INCREMENT_STEPS_MAX, TITLE_CHARS_MAX

HEAD = '[sale]\ntitle = "A"\ncurrency = "USD"\n'
LOT_LINE = 4
"""The line of [[lot]] after HEAD."""


def faults_of(text: str) -> tuple[Fault, ...]:
    with pytest.raises(CatalogueError) as caught:
        parse_catalogue(text, "a.toml", CatalogueKind.TOML)
    return caught.value.faults


def the_fault(text: str) -> Fault:
    (fault,) = faults_of(text)
    return fault


def rows(count: int) -> str:
    return "[" + ", ".join(f"[{number}, 1]" for number in range(count)) + "]"


@pytest.mark.parametrize(
    ("field", "line", "reason"),
    [
        ("number", "number = 'x y'", "'x y' is not a lot number"),
        ("number", "number = ''", "'' is not a lot number"),
        ("number", "number = 1.5", "It is a number; write a short whole number"),
        ("number", "number = true", "It is true or false"),
        ("number", "number = 12345678901234567", "It is a number"),
        ("starting_price", "starting_price = 0", "0.00 is out of range: 0.01 to 10000000000000.00"),
        ("starting_price", "starting_price = -5", "'-5' is not an amount; write it as 1250.00."),
        ("starting_price", "starting_price = '12,500'", "'12,500' can be USD 12,500.00 or USD 12.50"),
        ("starting_price", "starting_price = 12.505", "'12.505' has too many decimals: USD has 2."),
        ("starting_price", "starting_price = 1e3", "'1e3' is not an amount"),
        ("starting_price", "starting_price = nan", "'nan' is not an amount"),
        ("starting_price", "starting_price = 10_000_000_000_001", "over the largest amount"),
        ("starting_price", "starting_price = 0x" + "f" * 9000, "over the largest amount"),
        ("starting_price", "starting_price = true", "It is true or false; an amount is needed"),
        ("starting_price", "starting_price = []", "It is a list; an amount is needed"),
        ("starting_price", "starting_price = '" + "1" * 50 + "'", "too long for an amount"),
        ("reserve", "reserve = 9.99", "9.99 is below the starting price 10.00"),
        ("reserve", "reserve = '8O'", "'8O' is not an amount"),
        ("buy_now", "buy_now = 10", "10.00 is not above the starting price 10.00"),
        ("buy_now", "reserve = 50\nbuy_now = 49.99", "49.99 is below the reserve 50.00"),
        ("estimate_low", "estimate_low = 30\nestimate_high = 20", "30.00 is above the high estimate 20.00"),
        ("estimate_high", "estimate_low = 30", "missing; an estimate has both ends"),
        ("estimate_low", "estimate_low = 'x'\nestimate_high = 20", "'x' is not an amount"),
        ("increment", "increment = 0", "Row 1: the step 0.00 must be more than 0"),
        ("increment", "increment = []", "The table has 0 rows"),
        ("increment", f"increment = {rows(INCREMENT_STEPS_MAX + 1)}", "The table has 33 rows; 1 to 32 are allowed"),
        ("increment", "increment = [['0', '1'], ['0', '2']]", "Row 2: the price 0.00 must be above"),
        ("increment", "increment = [['0', '1', '2']]", "Row 1 must be a price and a step"),
        ("increment", "increment = '0:1; 5'", "Row 2 must be a price and a step"),
        ("increment", "increment = '0:x'", "Row 1: 'x' is not an amount"),
        ("opens", "opens = 'soon'", "'soon' is not an opening; write \"at start\""),
        ("opens", "opens = 'at time'", "'at time' is not an opening"),
        ("opens", "opens = 5", "It is a number; write"),
        ("opens", "opens = 2026-05-01", "It is a date or time; write"),
        ("opens", "opens = 2026-05-01T19:00:00", "The time has no zone"),
        ("opens", "opens = '2026-05-01T19:00:00'", "The time has no zone"),
        ("opens", "opens = '2026-13-01T19:00:00Z'", "is not a date-time; write it as"),
        ("opens", "opens = 1969-12-31T23:59:59Z", "before 1970"),
        ("duration", "duration = 90", "write it with its unit"),
        ("duration", "duration = true", "a duration is needed"),
        ("duration", "duration = '99ms'", "99ms is out of range: 100ms to 366d"),
        ("duration", "duration = '367d'", "longer than the longest duration"),
        ("soft_close", "soft_close = '30s'", "It is '30s'; write { window"),
        ("soft_close", "duration = 'until closed'\nsoft_close = { window = '1s' }", "no clock to extend"),
        ("soft_close.window", "soft_close = { extension = '1s' }", "It is missing"),
        ("soft_close.window", "soft_close = { window = '0s', extension = '1s' }", "0s is out of range: 1ms"),
        ("soft_close.extension", "soft_close = { window = '1s', extension = '0s' }", "0s is out of range"),
        ("soft_close.cap", "soft_close = { window = '9s', cap = '8s' }", "8s is less than one extension, 9s"),
        ("soft_close.cap", "soft_close = { window = '9s', cap = 8 }", "write it with its unit"),
        ("soft_close.extention", "soft_close = { window = '9s', extention = '1s' }", "did you mean 'extension'?"),
        ("title", "title = ' '", "It is empty"),
        ("title", "title = 5", "It is a number; a text is needed, in quotes."),
        ("title", f"title = '{'x' * (TITLE_CHARS_MAX + 1)}'", "It has 201 characters; at most 200"),
        ("title", 'title = "x\\u202Ey"', re.escape("U+202E (RIGHT-TO-LEFT OVERRIDE)")),
        ("title", 'title = "x\\u0007y"', re.escape("U+0007 (a control")),
        ("title", 'title = "x\\ny"', "It has a line break"),
        ("seller", 'seller = "x\\ny"', "It has a line break"),
        ("description", f"description = '{'x' * (DESCRIPTION_CHARS_MAX + 1)}'", "at most 2,000"),
        ("description", 'description = "x\\ty"', re.escape("U+0009")),
        ("image", "image = 'javascript:alert(1)'", "neither a web address"),
        (
            "format",
            "format = 'dutch auction'",
            "'dutch auction' is not a format; there are english, sealed, vickrey, dutch.",
        ),
        ("format", "format = 5", "It is a number; a text is needed"),
        ("format", "format = 'seeled'\nincrement = 5\nsoft_close = { window = '1s' }", "'seeled' is not a format"),
        ("increment", "format = 'sealed'\nincrement = 5", "A sealed lot has no increment; remove it."),
        ("increment", "format = 'vickrey'\nincrement = 'x'", "A Vickrey lot has no increment; remove it."),
        ("buy_now", "format = 'sealed'\nbuy_now = 50", "A sealed lot has no buy-now price; remove it."),
        (
            "soft_close",
            "format = 'sealed'\nsoft_close = { window = '1s' }",
            "A sealed lot has no soft close; remove it.",
        ),
        ("soft_close", "format = 'vickrey'\nsoft_close = '30s'", "A Vickrey lot has no soft close; remove it."),
        ("reserve", "format = 'sealed'\nreserve = 9.99", "9.99 is below the starting price 10.00"),
        ("reserv", "reserv = 5", "There is no 'reserv'; did you mean 'reserve'?"),
        ("price", "price = 5", "There is no 'price'; did you mean 'starting_price'?"),
        ("zzzz", "zzzz = 5", "There is no 'zzzz'; there are buy_now, "),
    ],
)
def test_a_fault_of_a_lot(field: str, line: str, reason: str) -> None:
    base = {"title": "title = 'A'", "starting_price": "starting_price = 10"}
    lines = [base[key] for key in base if not line.startswith(key)] + line.split("\n")
    text = HEAD + "\n".join(["[[lot]]", *lines])
    fault = the_fault(text)
    assert (fault.file, fault.field) == ("a.toml", field)
    assert re.search(reason, fault.reason), fault.reason
    assert fault.lot == "1"
    key = field.partition(".")[0]
    written = enumerate(text.split("\n")[LOT_LINE:], start=LOT_LINE + 1)
    assert fault.line == next((number for number, row in written if row.startswith(key)), LOT_LINE)


@pytest.mark.parametrize(
    ("text", "field", "line", "reason"),
    [
        ("", "sale.title", None, "It is missing"),
        ("[sale]\ncurrency = 'USD'", "sale.title", 1, "It is missing"),
        ("[sale]\ncurrency = 'USD'\ntitle = ''", "sale.title", 3, "It is empty"),
        ("[sale]\ncurrency = 'USD'\ntitle = 5", "sale.title", 3, "a text is needed"),
        ("[sale]\ntitle = 'A'", "sale.currency", 1, "It is missing; give its code"),
        ("[sale]\ntitle = 'A'\ncurrency = 'usd'", "sale.currency", 3, "did you mean USD?"),
        ("[sale]\ntitle = 'A'\ncurrency = 'ZZZ'", "sale.currency", 3, "'ZZZ' is not a currency's code"),
        (HEAD + "order = 'sequential'", "sale.order", 4, "not one of 'parallel', 'sequence', 'by hand'"),
        (HEAD + "ends = 'never'", "sale.ends", 4, "not one of 'after last lot', 'by hand'"),
        (HEAD + "ends = 'after last lot'", "sale.ends", 4, "There are no lots"),
        (HEAD + "order = 'parallel'\n[defaults]\nopens = '5s'", "sale.order", 4, "keep one"),
        (HEAD + "curency = 'USD'", "sale.curency", 4, "did you mean 'currency'?"),
        (HEAD + "retractions = 'on'", "sale.retractions", 4, "They need a sale with corrections"),
        (HEAD + "corrections = 'off'\nretractions = 'on'", "sale.retractions", 5, "They need a sale with corrections"),
        (HEAD + "revived = 'ask'", "sale.revived", 4, "Only a sale with corrections asks"),
        (HEAD + "corrections = 'on'\nrevived = 'yes'", "sale.revived", 5, "'yes' is not one of 'bound', 'ask'."),
        (HEAD + "corrections = 'on'\nrevived_answer = '30s'", "sale.revived_answer", 5, 'write revived = "ask"'),
        (
            HEAD + "corrections = 'on'\nrevived = 'ask'\nrevived_answer = '4999ms'",
            "sale.revived_answer",
            6,
            "4s 999ms is out of range: 5s to 1h.",
        ),
        (
            HEAD + "corrections = 'on'\nrevived = 'ask'\nrevived_answer = '3600001ms'",
            "sale.revived_answer",
            6,
            "1h 1ms is out of range",
        ),
        (HEAD + "corrections = 'on'\nrevived = 'ask'\nrevived_answer = 30", "sale.revived_answer", 6, "with its unit"),
        (HEAD + "lots_file = 'lots.csv'", "sale.lots_file", 4, "can't be read from here"),
        (HEAD + "lots_file = 'lots.ods'", "sale.lots_file", 4, "must end in .csv or .xlsx"),
        (
            HEAD + "ignore_columns = ['Size']",
            "sale.ignore_columns",
            4,
            "but there is no lots_file",
        ),
        (HEAD + "ignore_columns = 'Size'", "sale.ignore_columns", 4, "write the headers as a list"),
        (HEAD + "[defaults]\ntitle = 'A'", "defaults.title", 5, "There is no 'title'"),
        (HEAD + "[defaults]\nreserv = 5", "defaults.reserv", 5, "did you mean 'reserve'"),
        (HEAD + "[[lots]]\ntitle = 'A'", "lots", 4, "did you mean 'lot'?"),
        ("colour = 1\n" + HEAD, "colour", 1, "A sale's own keys stand under"),
        (HEAD + "[lot]\ntitle = 'A'", "lot", None, "with two brackets"),
        ("lot = [5]\n" + HEAD, "lot", None, "Entry 1 is a number"),
        ("defaults = 5\n" + HEAD, "defaults", None, "write it as a table"),
        ("[sale\n", "", 1, "This is not TOML: .*, at column 6"),
        ("a = 1\na = 2\n", "", 2, "Cannot overwrite a value"),
        ("a = '", "", 1, "This is not TOML"),
        ("a = " + "1" * 5000, "", None, "This is not TOML"),
        ("a = " + "[" * 100_000, "", None, "nested too deeply"),
    ],
)
def test_a_fault_of_the_sale(text: str, field: str, line: int | None, reason: str) -> None:
    found = [fault for fault in faults_of(text) if fault.field == field]
    assert len(found) == 1
    assert re.search(reason, found[0].reason), found[0].reason
    assert (found[0].line, found[0].lot) == (line, "")


MANY = """
colour = "red"
[sale]
title = "A"
currency = "usd"
ends = "never"
[defaults]
increment = "0"
duration = "5 parsecs"
[[lot]]
title = "A"
reserve = 5
starting_price = 10
estimate_low = "x"
[[lot]]
number = 1
titel = "B"
[lot.soft_close]
window = "1s"
cap = "0s"
"""


def test_all_faults_are_told_at_once() -> None:
    found = [(fault.line, fault.lot, fault.field) for fault in faults_of(MANY)]
    assert found == [
        (2, "", "colour"),
        (5, "", "sale.currency"),
        (6, "", "sale.ends"),
        (9, "", "defaults.duration"),
        (8, "", "defaults.increment"),
        (14, "1", "estimate_low"),
        (12, "1", "reserve"),
        (16, "1", "number"),
        (17, "1", "titel"),
        (15, "1", "title"),
        (15, "1", "starting_price"),
        (20, "1", "soft_close.cap"),
    ]


def test_a_fault_in_the_defaults_is_told_once_and_not_for_each_lot() -> None:
    lot = "[[lot]]\ntitle = 'A'\n"
    assert the_fault(HEAD + "[defaults]\nstarting_price = 0\n" + lot * 3).field == "defaults.starting_price"
    assert the_fault(HEAD + "[defaults]\nstarting_price = 'x'\n" + lot * 3).field == "defaults.starting_price"


def test_defaults_of_lots_of_several_formats_are_held_to_the_rules_of_each() -> None:
    sealed = "[defaults]\nformat = 'sealed'\nstarting_price = 10\n"
    lot = "[[lot]]\ntitle = 'A'\n"
    assert [fault.field for fault in faults_of(HEAD + sealed + "increment = 0\nreserve = 5\n" + lot * 2)] == [
        "defaults.reserve",
        "defaults.increment",
    ]
    assert the_fault(HEAD + "[defaults]\nformat = 'seeled'\n" + lot + "starting_price = 5\nbuy_now = 9\n").field == (
        "defaults.format"
    )


def test_a_lot_of_another_format_than_the_default_one_must_say_so() -> None:
    text = HEAD + "[defaults]\nformat = 'sealed'\n[[lot]]\ntitle = 'A'\nstarting_price = 5\nincrement = 1\n"
    assert the_fault(text).reason == "A sealed lot has no increment; remove it."
    assert the_fault(text + "format = 'englisch'").field == "format"
    assert parse_catalogue(text + "format = 'English'", "a.toml", CatalogueKind.TOML).lots[0].terms.format == (
        EnglishTerms(500, (Step(0, 100),))
    )


def test_what_a_sealed_lot_needs_is_said_of_it() -> None:
    assert the_fault(HEAD + "[[lot]]\ntitle = 'A'\nformat = 'sealed'\n").reason == (
        "It is missing; say the least that can be offered."
    )


def test_no_lines_are_told_where_lots_are_not_tables_of_their_own() -> None:
    fault = the_fault(HEAD.replace("[sale]", "lot = [{ title = 'A' }]\n[sale]"))
    assert (fault.lot, fault.field, fault.line) == ("1", "starting_price", None)


def test_a_duplicate_number_names_the_other_line() -> None:
    lot = "[[lot]]\nnumber = 7\ntitle = 'A'\nstarting_price = 1\n"
    fault = the_fault(HEAD + lot + lot)
    assert (fault.lot, fault.field, fault.line) == ("7", "number", 9)
    assert "the other one on line 5" in fault.reason


def test_a_number_taken_by_a_position_is_a_duplicate() -> None:
    lot = "[[lot]]\ntitle = 'A'\nstarting_price = 1\n"
    assert the_fault(HEAD + lot + "number = 2\n" + lot).reason.startswith("There are two lots 2")
    assert the_fault(HEAD + lot + 'number = "002"\n' + lot).reason.startswith("Lot 2 is too similar to lot 002")


def test_two_numbers_that_can_not_be_told_apart_are_a_fault_that_names_both() -> None:
    lot = "[[lot]]\ntitle = 'A'\nstarting_price = 1\n"
    alike = the_fault(HEAD + lot + 'number = "12a"\n' + lot + 'number = "12A"\n')
    assert (alike.lot, alike.reason.partition(" on line")[0]) == ("12A", "Lot 12A is too similar to lot 12a")


def test_how_faults_read_in_a_terminal() -> None:
    faults = [
        Fault(file="charity.toml", lot="7", field="reserve", reason="80.00 is below 100.00.", line=41),
        Fault(file="charity.toml", lot="8", field="title", reason="It is missing."),
        Fault(reason="There is no such file."),
    ]
    error = CatalogueError(faults, found=5)
    assert format_faults(error).splitlines() == [
        "charity.toml:41, lot 7, reserve: 80.00 is below 100.00.",
        "charity.toml, lot 8, title: It is missing.",
        "There is no such file.",
        "... and 2 more.",
    ]
    assert str(error) == format_faults(error)
    assert isinstance(error, UsageError)
    assert (error.code, error.exit_status) == ("catalogue", 2)


def test_faults_are_kept_up_to_a_bound_and_counted_beyond_it() -> None:
    text = HEAD + "[[lot]]\ntitle = 'A'\n" * (FAULTS_MAX + 5)
    with pytest.raises(CatalogueError) as caught:
        parse_catalogue(text, "a.toml", CatalogueKind.TOML)
    assert len(caught.value.faults) == FAULTS_MAX
    assert caught.value.found == FAULTS_MAX + 5
    assert str(caught.value).endswith("... and 5 more.")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("a\x1b[31m\u202e", r"'a\x1b[31m\u202e'"),
        ("x" * 60, "'" + "x" * 48 + "'..."),
        (True, "true or false"),
        (5, "a number"),
        ({}, "a table"),
        (date(2026, 5, 1), "a date or time"),
    ],
)
def test_a_shown_value_steers_no_terminal(value: object, shown: str) -> None:
    assert quoted(value) == shown


# --- files -----------------------------------------------------------------------------------------------------------


def file_fault(path: Path) -> Fault:
    with pytest.raises(CatalogueError) as caught:
        load_catalogue(path)
    (fault,) = caught.value.faults
    assert fault.file == str(path)
    return fault


def test_files_that_can_not_be_read(tmp_path: Path) -> None:
    (tmp_path / "folder.toml").mkdir()
    (tmp_path / "latin.toml").write_bytes(b"[sale]\ntitle = '\xe9'\n")
    assert file_fault(tmp_path / "none.toml").reason == "There is no such file."
    assert "It can't be read: Is a directory." in file_fault(tmp_path / "folder.toml").reason
    assert "It can't be read" in file_fault(tmp_path / "nul\0.toml").reason
    assert "ends in .toml, .csv or .xlsx" in file_fault(tmp_path / "sale.ods").reason
    latin = file_fault(tmp_path / "latin.toml")
    assert "It is not in UTF-8" in latin.reason
    assert latin.line == 2


def test_the_bound_on_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.toml"
    path.write_text(HEAD)
    monkeypatch.setattr("auctioneer.catalogue.content.CATALOGUE_BYTES_MAX", len(HEAD))
    assert load_catalogue(path).title == "A"
    monkeypatch.setattr("auctioneer.catalogue.content.CATALOGUE_BYTES_MAX", len(HEAD) - 1)
    assert "It is larger than" in file_fault(path).reason
