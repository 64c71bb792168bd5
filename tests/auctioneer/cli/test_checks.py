import json
import sqlite3
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from auctioneer.cli import main
from auctioneer.journal.chain import GENESIS_HASH
from auctioneer.process.folder import DataFolder
from tests.auctioneer.cli.cli_sales import CATALOGUE, begin_sale, desk, sale_of


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return begin_sale(tmp_path / "sale")


def auctioneer(*words: str) -> Result:
    return CliRunner().invoke(main, words, catch_exceptions=False)


# --- check and run ---------------------------------------------------------------------------------------------------


def test_check_lists_the_lots_of_a_sound_catalogue(tmp_path: Path) -> None:
    path = tmp_path / "evening.toml"
    path.write_text(CATALOGUE)
    result = auctioneer("check", str(path))
    assert result.exit_code == 0
    assert result.stderr == "No faults: Evening sale, 3 lots in USD.\n"
    _, first, second, third = result.stdout.splitlines()
    assert first.endswith("1,250.50  1,300.00  at start  1h")
    assert second.split()[-4:] == ["by", "hand", "until", "closed"]
    assert third.split()[-1] == "1m" or third.endswith("1m 30s")
    as_json = json.loads(auctioneer("check", str(path), "--json").stdout)
    assert (as_json["title"], as_json["currency"], len(as_json["lots"])) == ("Evening sale", "USD", 3)


def test_check_tells_every_fault_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "wrong.csv"
    path.write_text("title,starting_price,currency\nLamp,1.234,USD\n,5,USD\n")
    result = auctioneer("check", str(path), "--json")
    assert result.exit_code == 2
    error = json.loads(result.stdout)["error"]
    assert (error["code"], error["found"]) == ("catalogue", 2)
    assert [(fault["line"], fault["field"]) for fault in error["faults"]] == [(2, "starting_price"), (3, "title")]
    assert result.stderr.startswith("Error [catalogue]:\n")
    assert result.stderr.count(f"{path}:") == 2


def test_run_refuses_a_wrong_catalogue_before_anything_is_made(tmp_path: Path) -> None:
    path, data = tmp_path / "wrong.toml", tmp_path / "data"
    path.write_text('[sale]\ntitle = ""\ncurrency = "XXQ"\n')
    result = auctioneer("run", str(path), "--data", str(data))
    assert result.exit_code == 2
    assert result.stderr.startswith("Error [catalogue]:")
    assert not data.exists()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org", "*"])
def test_run_without_encryption_stays_on_this_machine(tmp_path: Path, host: str) -> None:
    data = tmp_path / "data"
    result = auctioneer("run", "--no-encryption", "--host", host, "--data", str(data))
    assert result.exit_code == 2
    assert "--no-encryption" in result.stderr
    assert not data.exists()


# --- verify ----------------------------------------------------------------------------------------------------------


def change_event(folder: DataFolder, position: int, old: str, new: str, *, with_hashes: bool) -> int:
    """Change an event's text as a forger would, with or without computing all hashes anew; return its batch's first."""
    with closing(sqlite3.connect(folder.journal)) as journal, journal:
        (event,) = journal.execute("SELECT body FROM fact WHERE position = ?", (position,)).fetchone()
        assert old in event
        first, body = journal.execute(
            "SELECT first, body FROM batch WHERE ? BETWEEN first AND last", (position,)
        ).fetchone()
        assert event in body
        changed = body.replace(event, event.replace(old, new))
        journal.execute("UPDATE batch SET body = ? WHERE first = ?", (changed, first))
        if with_hashes:
            digest = GENESIS_HASH
            for at, kept, text in journal.execute(
                "SELECT first, rejections, body FROM batch ORDER BY first"
            ).fetchall():
                digest = sha256(digest + at.to_bytes(8, "big") + kept + text.encode()).digest()
                journal.execute("UPDATE batch SET hash = ? WHERE first = ?", (digest, at))
            journal.execute("UPDATE head SET hash = ?", (digest,))
        return int(first)


def bid_position(folder: DataFolder) -> int:
    with closing(sqlite3.connect(folder.journal)) as journal:
        return int(journal.execute("SELECT position FROM fact WHERE kind = 'bid_taken'").fetchone()[0])


def test_verify_audits_a_sale_live_and_at_rest(folder: DataFolder) -> None:
    at_rest = auctioneer("verify", "--data", str(folder.path))
    assert (at_rest.exit_code, at_rest.stderr) == (0, "")
    assert "1 bidder, 3 lots, 0 sold for USD 0.00" in at_rest.stdout
    as_json = json.loads(auctioneer("verify", "--data", str(folder.path), "--json").stdout)
    assert as_json["verified"] is True
    assert as_json["counts"]["bid_taken"] == 1
    assert as_json["hash"] in at_rest.stdout
    with desk(folder):
        assert auctioneer("verify", "--data", str(folder.path)).exit_code == 0


def test_verify_deep_checks_every_step_and_what_a_start_would_read(folder: DataFolder) -> None:
    deep = auctioneer("verify", "--deep", "--data", str(folder.path))
    assert (deep.exit_code, deep.stderr) == (0, "")
    assert deep.stdout.splitlines()[-1].startswith("Deep: ")
    assert json.loads(auctioneer("verify", "--deep", "--json", "--data", str(folder.path)).stdout)["deep"] is True


def test_verify_deep_finds_a_snapshot_that_tells_another_state(folder: DataFolder) -> None:
    """The snapshot is sound and of this journal; only the state in it is not what the record comes to."""
    with sale_of(folder) as sale:
        sale.house.engine.lots["1"].extended_ms += 1
        folder.snapshots.write(sale.journal.end, sale.house.snapshot())
    assert (plain := auctioneer("verify", "--data", str(folder.path))).exit_code == 0, plain.stderr
    result = auctioneer("verify", "--deep", "--json", "--data", str(folder.path))
    assert result.exit_code == 6
    assert json.loads(result.stdout)["error"]["code"] == "broken_promise"
    assert result.stderr.startswith("Error [broken_promise]: The record breaks what must always be true: lot 1 differs")


def test_verify_finds_a_changed_event_by_its_hash(folder: DataFolder) -> None:
    position = bid_position(folder)
    first = change_event(folder, position, ",1,", ",2,", with_hashes=False)
    result = auctioneer("verify", "--data", str(folder.path), "--json")
    assert result.exit_code == 6
    error = json.loads(result.stdout)["error"]
    assert (error["code"], error["first_bad"], error["last_good"]) == ("damaged_journal", first, first - 1)


def test_verify_finds_a_forgery_with_hashes_by_the_rules(folder: DataFolder) -> None:
    position = bid_position(folder)
    change_event(folder, position, ",true,130000,", ",true,129000,", with_hashes=True)
    result = auctioneer("verify", "--data", str(folder.path), "--json")
    assert result.exit_code == 6
    error = json.loads(result.stdout)["error"]
    assert (error["code"], error["mismatch"]["position"]) == ("mismatch", position)
    assert error["mismatch"]["recorded"]["price_minor"] == 129_000
    assert error["mismatch"]["decided"]["price_minor"] == 130_000
    assert result.stderr.startswith("Error [mismatch]: ")
