"""`auctioneer results`: how each lot ended, as a table, CSV and JSON."""

import csv
import io
import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from auctioneer.cli import main
from auctioneer.journal import append
from auctioneer.process.folder import DataFolder
from auctioneer.rules import decisions
from auctioneer.rules.decisions import Refused
from auctioneer.rules.terms import LotSpec
from common.codec import encode
from common.formats.dutch import DutchTerms, StopRequest
from common.limits import PROTOCOL_VERSION
from common.lot import LotTerms
from common.messages import Accepted, Hello, Role, Welcome
from tests.auctioneer.cli.cli_sales import FORMULA_TITLE, begin_sale, buy_lot_2, sale_of, sell_lot_1


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return begin_sale(tmp_path / "sale")


def auctioneer(folder: DataFolder, *words: str) -> Result:
    return CliRunner().invoke(main, [*words, "--data", str(folder.path)], catch_exceptions=False)


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
