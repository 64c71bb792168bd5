import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from auctioneer.catalogue import LOT_COLUMNS, CatalogueKind, parse_catalogue
from auctioneer.cli import main
from auctioneer.cli.adding import FIELD_HELP
from auctioneer.cli.control_client import connected
from auctioneer.house.settings import HouseSettings
from auctioneer.journal.sqlite import SqliteStore
from auctioneer.process.folder import DataFolder
from auctioneer.process.startup import open_sale
from auctioneer.rules.facts import BidderTold
from auctioneer.rules.sale_settings import Chosen
from common.lot import SaleStatus
from tests.auctioneer.cli.cli_sales import CATALOGUE, FORMULA_TITLE, LOT_1, begin_sale, desk, sale_of


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return begin_sale(tmp_path / "sale")


def auctioneer(folder: DataFolder, *words: str) -> Result:
    return CliRunner().invoke(main, words, env={"AUCTIONEER_DATA": str(folder.path)}, catch_exceptions=False)


def lot_statuses(folder: DataFolder) -> list[str]:
    with connected(folder) as house:
        return [row["status"] for row in house.ask("lots")]


def test_a_sale_is_directed_from_the_command_line(folder: DataFolder) -> None:
    with desk(folder):
        for words, expected in [
            (["open", "2"], ["open", "open", "scheduled"]),
            (["pause", "2"], ["open", "paused", "scheduled"]),
            (["resume", "2"], ["open", "open", "scheduled"]),
            (["pause"], ["paused", "paused", "scheduled"]),
            (["resume"], ["open", "open", "scheduled"]),
            (["close", "2"], ["open", "passed", "scheduled"]),
            (["withdraw", "3", "--reason", "It broke"], ["open", "passed", "withdrawn"]),
        ]:
            result = auctioneer(folder, *words)
            assert (result.exit_code, result.stderr) == (0, "")
            assert result.stdout.count("\n") == 1
            assert lot_statuses(folder) == expected
    with sale_of(folder) as sale:
        assert sale.house.engine.lots["3"].view.reason == "It broke"


def test_extend_gives_a_lot_exactly_that_much_more(folder: DataFolder) -> None:
    with desk(folder), connected(folder) as house:
        before_ms = house.ask("lots")[0]["ends_at_ms"]
        result = auctioneer(folder, "extend", "1", "2m30s")
        assert (result.exit_code, result.stdout) == (0, f"Lot {LOT_1} has 2m 30s more.\n")
        assert house.ask("lots")[0]["ends_at_ms"] == before_ms + 150_000


def test_a_lot_is_told_as_the_house_writes_it(folder: DataFolder) -> None:
    with desk(folder):
        assert auctioneer(folder, "pause", "001").stdout == f"Lot {LOT_1} is paused.\n"
        assert auctioneer(folder, "resume", "01").stdout == f"Lot {LOT_1} resumes.\n"
        assert auctioneer(folder, "extend", "001", "30s").stdout == f"Lot {LOT_1} has 30s more.\n"
        assert auctioneer(folder, "pause").stdout == "The sale is paused.\n"


def test_a_call_is_heard_and_changes_no_lot(folder: DataFolder) -> None:
    with desk(folder), connected(folder) as house:
        before = house.ask("lots")
        told = auctioneer(folder, "call", "001", "fair-warning")
        assert (told.exit_code, told.stdout) == (0, f"Called on lot {LOT_1} to all: fair-warning.\n")
        told = auctioneer(folder, "call", "1", "reserve-met", "--json")
        assert json.loads(told.stdout) == {"done": True, "lots": ["1"], "title": FORMULA_TITLE}
        assert [row["seq"] for row in house.ask("lots")] == [row["seq"] for row in before]
    with sale_of(folder) as sale:
        assert sale.house.engine.sale.seq >= 2


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        (["99", "fair-warning"], 3, "lot 99"),
        (["2", "selling-now"], 3, "lot 2 is scheduled"),
        (["1", "soon"], 2, "Invalid value for 'WHAT': 'soon' is not one of"),
        (["1"], 2, "Missing argument 'WHAT'. Choose from: fair-warning, selling-now, reserve-met."),
        (["", "fair-warning"], 2, "is not a lot's number"),
    ],
)
def test_a_call_at_the_wrong_moment_is_refused(
    folder: DataFolder, words: list[str], status: int, sentence: str
) -> None:
    with desk(folder):
        told = auctioneer(folder, "call", *words)
    assert told.exit_code == status
    assert sentence in told.stderr


def test_a_call_about_a_lot_that_is_paused_or_over_or_has_no_reserve_is_refused(folder: DataFolder) -> None:
    with desk(folder):
        auctioneer(folder, "pause", "1")
        assert "lot 1 is paused" in auctioneer(folder, "call", "1", "fair-warning").stderr
        auctioneer(folder, "resume", "1")
        auctioneer(folder, "open", "2")
        assert "lot 2 has no reserve" in auctioneer(folder, "call", "2", "reserve-met").stderr
        auctioneer(folder, "close", "1", "--yes")
        assert "lot 1 is sold" in auctioneer(folder, "call", "1", "selling-now").stderr
        auctioneer(folder, "end", "--yes")
        assert "lot 2 is passed" in auctioneer(folder, "call", "2", "fair-warning").stderr
    assert auctioneer(folder, "call", "1", "fair-warning").exit_code == 4


@pytest.mark.parametrize("duration", ["30", "0s", "-1s", "soon", "1000d"])
def test_extend_refuses_what_is_no_duration(folder: DataFolder, duration: str) -> None:
    result = auctioneer(folder, "extend", "--", "1", duration)
    assert result.exit_code == 2
    assert result.stderr.startswith("Error [usage]: ")


def test_a_rejection_has_the_code_of_the_house(folder: DataFolder) -> None:
    with desk(folder):
        result = auctioneer(folder, "open", "99", "--json")
        assert result.exit_code == 3
        assert result.stderr.startswith("Error [unknown_lot]: There is no such lot")
        assert json.loads(result.stdout)["error"]["code"] == "unknown_lot"


def test_with_json_a_command_tells_the_lots_it_changed(folder: DataFolder) -> None:
    with desk(folder):
        assert json.loads(auctioneer(folder, "open", "2", "--json").stdout) == {
            "done": True,
            "lots": ["2"],
            "title": "Vase, [red]glazed[/red]",
        }


@pytest.mark.parametrize("command", ["open", "pause", "resume", "close", "withdraw"])
def test_an_empty_lot_is_not_the_whole_sale(folder: DataFolder, command: str) -> None:
    with desk(folder):
        assert auctioneer(folder, command, "").exit_code == 2
        assert lot_statuses(folder)[0] == "open"


def test_commands_need_a_house(folder: DataFolder) -> None:
    for words in (["open", "2"], ["pause"], ["end"], ["announce", "Hi"], ["link"], ["add", "--title", "x"]):
        result = auctioneer(folder, *words)
        assert result.exit_code == 4, words
        assert f"auctioneer run --data {folder.path}" in result.stderr


def test_announce_and_end_are_on_the_record(folder: DataFolder) -> None:
    with desk(folder):
        assert auctioneer(folder, "announce", "We continue at eight").exit_code == 0
        assert auctioneer(folder, "end").exit_code == 0  # no terminal, no question
        assert "ended" in auctioneer(folder, "status").stdout
    with sale_of(folder) as sale:
        assert sale.house.engine.sale.status is SaleStatus.ENDED
        assert sale.house.engine.sale.announcement == "We continue at eight"


@pytest.mark.parametrize("text", ["", "  ", "x" * 501])
def test_announce_takes_what_can_be_shown(folder: DataFolder, text: str) -> None:
    assert auctioneer(folder, "announce", text).exit_code == 2


def test_a_bidder_is_turned_out_and_admitted_by_name_or_paddle(folder: DataFolder) -> None:
    with desk(folder):
        assert auctioneer(folder, "turn-out", "Ann").exit_code == 0
        assert "turned out" in auctioneer(folder, "bidders").stdout
        assert auctioneer(folder, "admit", "1").exit_code == 0
        assert "turned out" not in auctioneer(folder, "bidders").stdout
        again = auctioneer(folder, "admit", "1")
        assert (again.exit_code, "wrong_state" in again.stderr) == (3, True)
        assert auctioneer(folder, "admit", "nobody").exit_code == 3
        assert auctioneer(folder, "admit", "").exit_code == 2


def test_a_bidder_is_told_something_alone(folder: DataFolder) -> None:
    with desk(folder):
        assert auctioneer(folder, "tell", "Ann", "Your lot is ready").exit_code == 0
        assert auctioneer(folder, "tell", "1", "At the desk").exit_code == 0
        assert auctioneer(folder, "tell", "nobody", "Hello").exit_code == 3
        for wrong in (("Ann", ""), ("Ann", "  "), ("Ann", "x" * 501), ("", "Hello")):
            assert auctioneer(folder, "tell", *wrong).exit_code == 2
    with sale_of(folder) as sale:
        told = [fact for _, fact in sale.journal.read() if isinstance(fact, BidderTold)]
        assert [(fact.paddle, fact.news_seq, fact.text, fact.by) for fact in told] == [
            (1, 1, "Your lot is ready", "auctioneer"),
            (1, 2, "At the desk", "auctioneer"),
        ]


def test_a_partner_is_added_and_removed_also_while_no_house_runs(folder: DataFolder) -> None:
    key = "h" * 40
    assert json.loads(auctioneer(folder, "partner", "hall", key, "--json").stdout) == {"name": "hall", "key": key}
    with desk(folder):
        assert auctioneer(folder, "partner", "relay", "--", "-" * 40).exit_code == 0
        assert json.loads(auctioneer(folder, "status", "--json").stdout)["partners"] == ["hall", "relay"]
        assert "hall, relay" in auctioneer(folder, "status").stdout
        assert auctioneer(folder, "partner", "relay", "--remove").exit_code == 0
        assert auctioneer(folder, "partner", "relay", "--remove").exit_code == 3
    assert json.loads(auctioneer(folder, "status", "--json").stdout)["partners"] == ["hall"]
    removed = auctioneer(folder, "partner", "hall", "--remove", "--json")
    assert json.loads(removed.stdout) == {"name": "hall", "removed": True}
    assert "Partners" not in auctioneer(folder, "status").stdout
    for wrong in (("hall",), ("hall", "short"), ("hall", key, "--remove")):
        assert auctioneer(folder, "partner", *wrong).exit_code == 2


def journal_end(folder: DataFolder) -> tuple[int, int]:
    journal = SqliteStore(folder.journal).read()
    try:
        return journal.position, journal.alive_ms
    finally:
        journal.close()


# --- adding lots -----------------------------------------------------------------------------------------------------


def test_every_field_of_a_lot_is_an_option() -> None:
    assert FIELD_HELP.keys() == LOT_COLUMNS


def test_a_lot_is_added_by_options(folder: DataFolder) -> None:
    with desk(folder):
        result = auctioneer(
            folder, "add", "--title", "Guitar", "--starting-price", "50.25", "--opens", "by hand", "--reserve", "80"
        )
        assert (result.exit_code, result.stdout) == (0, "Added 1 lot: 4.\n")
        assert json.loads(auctioneer(folder, "lots", "--json").stdout)[3]["starting"] == "50.25"
        assert json.loads(auctioneer(folder, "lots", "--json").stdout)[3]["reserve"] == "80.00"


def test_a_lot_is_added_by_the_order_and_the_defaults_of_the_record(tmp_path: Path) -> None:
    """The sale was begun and its house started again since; only the record knows its catalogue."""
    catalogue = CATALOGUE.replace('currency = "USD"', 'currency = "USD"\norder = "by hand"')
    catalogue = catalogue.replace('increment = "5"', 'increment = "5"\nduration = "7m"\nreserve = "20"')
    folder = DataFolder(tmp_path / "data")
    folder.prepare()
    chosen = Chosen(auctioneer_key=folder.keys.make_control().public)
    spec = parse_catalogue(catalogue, "evening.toml", CatalogueKind.TOML)
    open_sale(folder, HouseSettings(instance="test", publish_port=2), spec, chosen=chosen).journal.close()
    with desk(folder):
        assert auctioneer(folder, "add", "--title", "Guitar").exit_code == 0
        assert lot_statuses(folder) == ["scheduled", "scheduled", "scheduled", "scheduled"]
        assert auctioneer(folder, "open", "4").exit_code == 0
        guitar = json.loads(auctioneer(folder, "lots", "--json").stdout)[3]
    assert (guitar["starting"], guitar["reserve"]) == ("10.00", "20.00")
    assert 6 * 60_000 < guitar["remaining_ms"] <= 7 * 60_000


def test_lots_are_added_from_a_file_all_or_none(folder: DataFolder, tmp_path: Path) -> None:
    more = tmp_path / "more.csv"
    with desk(folder):
        more.write_text("number,title,starting_price\n7,Lamp,5\n1,Taken,5\n8,Chair,1.234\n")
        result = auctioneer(folder, "add", str(more), "--json")
        assert result.exit_code == 2
        assert [fault["line"] for fault in json.loads(result.stdout)["error"]["faults"]] == [3, 4]
        assert len(lot_statuses(folder)) == 3
        more.write_text("number,title,starting_price\n7,Lamp,5\n8,Chair,6\n")
        assert auctioneer(folder, "add", str(more)).stdout == "Added 2 lots: 7 to 8.\n"
        assert len(lot_statuses(folder)) == 5


def test_add_wants_a_file_or_options(folder: DataFolder) -> None:
    assert auctioneer(folder, "add").exit_code == 2
    assert auctioneer(folder, "add", "more.csv", "--title", "Guitar").exit_code == 2
