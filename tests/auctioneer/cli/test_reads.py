import csv
import io
import json
import re
from contextlib import nullcontext
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from rich.cells import cell_len

from auctioneer.cli import main
from auctioneer.cli.output import grouped, print_csv, time_left, utc_time
from auctioneer.process.folder import DataFolder
from common.messages import Welcome
from common.names import printable
from common.terminal.tables import Column, print_table
from tests.auctioneer.cli.cli_sales import LINK, PID, at_terminal, begin_sale, buy_lot_2, desk, sell_lot_1
from tests.house_process import RawBidder, running_house


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return begin_sale(tmp_path / "sale")


def auctioneer(folder: DataFolder, *words: str) -> Result:
    return CliRunner().invoke(main, [*words, "--data", str(folder.path)], catch_exceptions=False)


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


def test_lots_show_who_bought_a_lot_at_once(folder: DataFolder) -> None:
    buy_lot_2(folder)
    row = auctioneer(folder, "lots", "2").stdout.splitlines()[1]
    assert all(part in row for part in ["sold", "2,000.00", "Bob (2)"])


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
