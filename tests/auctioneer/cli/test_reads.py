import csv
import io
import json
import re
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from rich.cells import cell_len

from auctioneer.cli import main
from auctioneer.cli.output import grouped, print_csv, time_left, utc_time
from auctioneer.journal import append
from auctioneer.process.folder import DataFolder
from auctioneer.rules import decisions
from auctioneer.rules.decisions import Refused
from auctioneer.rules.terms import LotSpec
from common.codec import encode
from common.formats.dutch import DutchTerms, StopRequest
from common.formats.english import BuyRequest
from common.limits import PROTOCOL_VERSION
from common.lot import LotTerms
from common.messages import Accepted, Hello, Role, Welcome
from common.names import printable
from common.terminal.tables import Column, print_table
from tests.auctioneer.cli.cli_sales import FORMULA_TITLE, LINK, PID, at_terminal, begin_sale, desk, sale_of
from tests.house_process import RawBidder, running_house


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return begin_sale(tmp_path / "sale")


def auctioneer(folder: DataFolder, *words: str) -> Result:
    return CliRunner().invoke(main, [*words, "--data", str(folder.path)], catch_exceptions=False)


def sell_lot_1(folder: DataFolder) -> None:
    """Bring the hammer down on lot 1, which Ann's maximum takes to its reserve."""
    with sale_of(folder) as sale:
        now_ms = sale.clock.now_ms()
        events = decisions.close(sale.house.engine, now_ms, "auctioneer", "1")
        assert isinstance(events, list)
        append(sale.journal, events, (), now_ms)


@pytest.mark.parametrize("report", ["lots", "bidders", "results"])
def test_reports_are_the_same_with_and_without_a_house(folder: DataFolder, report: str) -> None:
    with desk(folder):
        live = json.loads(auctioneer(folder, report, "--json").stdout)
    offline = auctioneer(folder, report, "--json")
    assert (offline.exit_code, offline.stderr) == (0, "")
    rest = json.loads(offline.stdout)
    for row in live + rest:
        row.pop("remaining_ms", None)
    assert rest == live


def test_status_tells_whether_the_house_runs(folder: DataFolder) -> None:
    with desk(folder):
        live = json.loads(auctioneer(folder, "status", "--json").stdout)
        assert (live["running"], live["pid"], live["link"]) == (True, PID, LINK)
        assert LINK in auctioneer(folder, "status").stdout
        assert auctioneer(folder, "link").stdout == f"{LINK}\n"
    rest = json.loads(auctioneer(folder, "status", "--json").stdout)
    assert (rest["running"], rest["pid"], rest["link"]) == (False, None, None)
    assert (rest["title"], rest["bids"], rest["bidders"], rest["lots"]["open"]) == ("Evening sale", 1, 1, 1)
    human = auctioneer(folder, "status")
    assert "not running" in human.stdout
    assert f"auctioneer run --data {folder.path}" in human.stderr


def test_the_clock_stands_while_no_house_runs(folder: DataFolder) -> None:
    first = json.loads(auctioneer(folder, "lots", "--json").stdout)[0]
    second = json.loads(auctioneer(folder, "lots", "--json").stdout)[0]
    assert first["remaining_ms"] == second["remaining_ms"]
    assert 3_500_000 < first["remaining_ms"] <= 3_600_000


def test_lots_in_a_pipe_are_aligned_and_whole(folder: DataFolder) -> None:
    header, *rows = auctioneer(folder, "lots").stdout.splitlines()
    assert header.split("  ")[0] == "Lot"
    start = header.index("Status")
    assert [row[start:].split()[0] for row in rows] == ["open", "scheduled", "scheduled"]
    assert "Vase, [red]glazed[/red]" in rows[1]
    assert "room for in one line" in rows[2]
    assert "\x1b" not in "".join(rows)
    assert all(part in rows[0] for part in ["Ann (1)", "1,300.00", "met", "ends "])
    assert "59m" in rows[0] or "1h" in rows[0], "of its hour all is left where opening and storing took no millisecond"


def lot_numbers(folder: DataFolder, *words: str) -> list[str]:
    result = auctioneer(folder, "lots", *words)
    assert result.exit_code == 0, result.stderr
    return [line.split()[0] for line in result.stdout.splitlines()[1:]]


def test_lots_can_be_narrowed_down_by_number_and_by_status(folder: DataFolder) -> None:
    sell_lot_1(folder)
    for house in (nullcontext(), desk(folder)):
        with house:
            assert lot_numbers(folder) == ["1", "2", "3"]
            assert lot_numbers(folder, "3", "1") == ["3", "1"]
            assert lot_numbers(folder, "--open") == []
            assert lot_numbers(folder, "--sold") == ["1"]
            assert lot_numbers(folder, "--scheduled", "--sold") == ["1", "2", "3"]
            assert lot_numbers(folder, "1", "2", "--scheduled") == ["2"]
            assert [row["lot"] for row in json.loads(auctioneer(folder, "lots", "2", "--json").stdout)] == ["2"]
            unknown = auctioneer(folder, "lots", "9")
            assert (unknown.exit_code, "[unknown_lot]" in unknown.stderr) == (3, True)


def buy_lot_2(folder: DataFolder) -> None:
    """Have Bob buy lot 2 at once, for 2,000."""
    with sale_of(folder) as sale:
        now_ms = sale.clock.now_ms()
        opened = decisions.open_lot(sale.house.engine, now_ms, "auctioneer", "2")
        assert not isinstance(opened, Refused)
        sale.house.record(opened)
        hello = Hello(id=1, versions=(PROTOCOL_VERSION,), name="Bob", role=Role.BIDDER)
        assert isinstance(sale.house.handle("b" * 40, encode(hello), now_ms), Welcome)
        bought = sale.house.handle("b" * 40, encode(BuyRequest(id=2, lot="2", price_minor=200_000)), now_ms)
        assert isinstance(bought, Accepted)
        append(sale.journal, sale.house.flush().facts, (), now_ms)


def test_lots_show_who_bought_a_lot_at_once(folder: DataFolder) -> None:
    buy_lot_2(folder)
    row = auctioneer(folder, "lots", "2").stdout.splitlines()[1]
    assert all(part in row for part in ["sold", "2,000.00", "Bob (2)"])


def test_results_as_csv_open_in_a_spreadsheet_without_formulas(folder: DataFolder) -> None:
    sell_lot_1(folder)
    result = auctioneer(folder, "results", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert rows[0]["title"] == "'" + FORMULA_TITLE
    assert (rows[0]["status"], rows[0]["winner"], rows[0]["paddle"]) == ("sold", "Ann", "1")
    assert (rows[0]["hammer"], rows[0]["currency"], rows[0]["cause"]) == ("1300.00", "USD", "hammer")
    assert datetime.fromisoformat(rows[0]["closed_at"]).tzinfo == UTC
    assert (rows[1]["winner"], rows[1]["hammer"], rows[1]["closed_at"]) == ("", "", "")


def test_results_as_csv_have_the_price_of_a_lot_that_was_bought_at_once(folder: DataFolder) -> None:
    sell_lot_1(folder)
    buy_lot_2(folder)
    sold, bought, _ = csv.DictReader(io.StringIO(auctioneer(folder, "results", "--format", "csv").stdout))
    assert (sold["hammer"], sold["price"]) == ("1300.00", "1300.00")
    assert (bought["hammer"], bought["price"], bought["cause"]) == ("2000.00", "2000.00", "buy_now")


def test_results_as_csv_open_rightly_in_excel(folder: DataFolder) -> None:
    sell_lot_1(folder)
    result = auctioneer(folder, "results", "--format", "csv", "--bom", "--delimiter", ";")
    assert result.stdout_bytes.startswith(b"\xef\xbb\xbflot;title;status;")
    first, second, _ = csv.DictReader(io.StringIO(result.stdout_bytes.decode("utf-8-sig")), delimiter=";")
    assert (first["hammer"], first["price"], second["hammer"]) == ("1300,00", "1300,00", "")
    assert first["title"] == "'" + FORMULA_TITLE
    tabs = auctioneer(folder, "results", "--format", "csv", "--delimiter", "tab").stdout
    assert next(csv.DictReader(io.StringIO(tabs), delimiter="\t"))["price"] == "1300.00"
    for option in (["--bom"], ["--delimiter", ";"]):
        assert auctioneer(folder, "results", *option).exit_code == 2
        assert auctioneer(folder, "results", "--json", *option).exit_code == 2


def test_results_as_table_and_json(folder: DataFolder) -> None:
    sell_lot_1(folder)
    assert "1,300.00  Ann (1)" in auctioneer(folder, "results").stdout
    as_json = auctioneer(folder, "results", "--json").stdout
    assert json.loads(as_json)[0]["hammer_minor"] == 130_000
    assert auctioneer(folder, "results", "--format", "json").stdout == as_json
    assert auctioneer(folder, "results", "--format", "csv", "--json").exit_code == 2


def test_bidders_shows_who_leads(folder: DataFolder) -> None:
    header, row = auctioneer(folder, "bidders").stdout.splitlines()
    assert header.split() == ["Paddle", "Name", "Role", "State", "Leads", "Won", "Spent", "USD", "Heard"]
    assert row.split() == ["1", "Ann", "bidder", "admitted", "1", "0", "0.00"]


def test_bidders_shows_who_is_connected(tmp_path: Path) -> None:
    with running_house(tmp_path) as house:
        house.auctioneer("paddle", "add", "Ben")
        ann = RawBidder(house.link, "Ann")
        try:
            assert isinstance(ann.hello(), Welcome)
            rows = [line.split() for line in house.auctioneer("bidders").stdout.splitlines()[1:]]
            assert [(row[1], row[-1] == "connected") for row in rows] == [("Ben", False), ("Ann", True)]
            connected = json.loads(house.auctioneer("bidders", "--connected", "--json").stdout)
            assert [(row["name"], row["connected"]) for row in connected] == [("Ann", True)]
            assert re.search(r"^Connected +1$", house.auctioneer("status").stdout, re.MULTILINE)
        finally:
            ann.close()
        house.stop()
        stopped = house.auctioneer("bidders", "--connected")
        assert len(stopped.stdout.splitlines()) == 1, "nobody is connected to a house that does not run"
        assert "not running" in stopped.stderr
        assert "Connected" not in house.auctioneer("status").stdout


@pytest.mark.parametrize("command", ["status", "lots", "bidders", "results", "verify", "bids 1"])
def test_without_a_sale_there_is_nothing_to_read(tmp_path: Path, command: str) -> None:
    nowhere = DataFolder(tmp_path / "nowhere")
    result = auctioneer(nowhere, *command.split())
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"There is no sale in {nowhere.path}." in result.stderr
    assert not nowhere.path.exists()


def test_a_damaged_journal_is_told_and_not_worked_around(folder: DataFolder) -> None:
    folder.journal.write_bytes(b"not a journal" * 1000)
    result = auctioneer(folder, "lots")
    assert (result.exit_code, result.stdout) == (6, "")


# --- the parts -------------------------------------------------------------------------------------------------------


SHY_STARTS = [" =", "\n=", "\u00a0=", "\uff1d", "\uff0b", "\uff0d", "\uff20"]
"""What some spreadsheets take for a formula too: behind spaces, or in the wide letters of East Asian text."""


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", *SHY_STARTS])
def test_a_cell_that_begins_like_a_formula_is_guarded(start: str, capsys: pytest.CaptureFixture[str]) -> None:
    print_csv(["a", "b", "c"], [[f"{start}1+1", f"x{start}", None]])
    text = capsys.readouterr().out
    first, second, third = list(csv.reader(io.StringIO(text, newline="")))[1]
    assert first == f"'{printable(start)}1+1"
    assert (second, third) == (f"x{printable(start)}", "")


def test_a_table_neither_steers_the_terminal_nor_breaks_its_lines(capsys: pytest.CaptureFixture[str]) -> None:
    print_table([Column("A"), Column("Number", is_number=True)], [["\x1b[2J\nx", "1"], ["花瓶", "200"]])
    assert capsys.readouterr().out == "A       Number\n\ufffd[2J x       1\n花瓶       200\n"


def test_amounts_and_times_for_people_and_programs() -> None:
    assert [grouped(text) for text in (None, "0.05", "1250.50", "1234567")] == ["", "0.05", "1,250.50", "1,234,567"]
    assert [time_left(ms) for ms in (0, 999, 61_500, 90_061_000)] == ["0s", "0s", "1m 1s", "1d 1h"]
    assert utc_time(1_700_000_000_123) == "2023-11-14T22:13:20.123Z"


@pytest.mark.parametrize("columns", [40, 60])
def test_a_narrow_terminal_has_whole_numbers(folder: DataFolder, columns: int) -> None:
    status, shown = at_terminal(folder, "lots", columns=columns)
    assert status == 0
    lines = [line for line in shown.replace("\r", "").splitlines() if not line.startswith("The house is not running")]
    assert max(cell_len(line.rstrip()) for line in lines) <= columns
    assert [line.split()[0] for line in lines if line[:1].isdigit()] == ["1", "2", "3"]
    assert {"1,300.00", "1,305.00"} <= set(shown.split())
    assert "scheduled" in shown


@pytest.mark.parametrize("columns", [72, 80, 120, 200])
def test_a_table_fits_the_terminal(folder: DataFolder, columns: int) -> None:
    status, shown = at_terminal(folder, "lots", columns=columns)
    assert status == 0
    lines = [line for line in shown.replace("\r", "").splitlines() if not line.startswith("The house is not running")]
    assert max(cell_len(line.rstrip()) for line in lines) <= columns
    rows = [line for line in lines if line[:1].isdigit()]
    assert len(rows) == 3
    assert "1,300.00" in rows[0]
    assert "scheduled" in rows[1]
    assert "Vase, [red]" in rows[1]
    assert ("Clock" in shown) == (columns >= 120)


def test_a_lot_with_several_buyers_has_a_row_for_each(folder: DataFolder) -> None:
    """As a bill needs it; and `bids` says how much each took."""
    with sale_of(folder) as sale:
        now_ms = sale.clock.now_ms()
        terms = DutchTerms(3_000, 1_000, 500, 60_000, units=3)
        spec = LotSpec(LotTerms("9", "Tulips", terms, duration_ms=terms.duration_ms))
        listed = decisions.add(sale.house.engine, now_ms, "auctioneer", (spec,))
        assert not isinstance(listed, Refused)
        sale.house.record(listed)
        for key, name, units in (("b" * 40, "Bob", 2), ("c" * 40, "Cat", 1)):
            hello = Hello(id=1, versions=(PROTOCOL_VERSION,), name=name, role=Role.BIDDER)
            assert isinstance(sale.house.handle(key, encode(hello), now_ms), Welcome)
            stop = StopRequest(id=2, lot="9", price_minor=3_000, units=units)
            assert isinstance(sale.house.handle(key, encode(stop), now_ms), Accepted)
        append(sale.journal, sale.house.flush().facts, (), now_ms)
    rows = list(csv.DictReader(io.StringIO(auctioneer(folder, "results", "--format", "csv").stdout)))
    bought = [(row["winner"], row["paddle"], row["units"], row["hammer"]) for row in rows if row["lot"] == "9"]
    assert bought == [("Bob", "2", "2", "60.00"), ("Cat", "3", "1", "30.00")]
    (report,) = [row for row in json.loads(auctioneer(folder, "results", "--json").stdout) if row["lot"] == "9"]
    assert (report["winner"], report["hammer"]) == (None, "90.00")
    assert [(row["name"], row["units"], row["amount_minor"]) for row in report["results"]] == [
        ("Bob", 2, 6_000),
        ("Cat", 1, 3_000),
    ]
    table = auctioneer(folder, "results").stdout
    assert re.findall(r"(Bob|Cat) \(\d\) +(\d)", table) == [("Bob", "2"), ("Cat", "1")]
    people = [row for row in json.loads(auctioneer(folder, "bidders", "--json").stdout) if row["paddle"] in (2, 3)]
    assert [(row["won"], row["spent"]) for row in people] == [(1, "60.00"), (1, "30.00")]
    history = json.loads(auctioneer(folder, "bids", "9", "--json").stdout)["bids"]
    assert [(bid["kind"], bid["outcome"], bid["price"]) for bid in history] == [("stop", "bought", "30.00")] * 2
