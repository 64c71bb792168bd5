"""A house whose journal is taken away: it takes no more bids, and no other sale is ever begun in its place."""

import os
import shutil
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from common.errors import RejectCode
from common.formats.english import BidRequest
from common.messages import Accepted, Rejected
from tests.house_process import HouseProcess, RawBidder, running_house

GONE = "Error [journal_gone]"


def raised(number: int) -> BidRequest:
    return BidRequest(id=number, lot="1", maximum_minor=number * 100)


def bid_until_refused(ann: RawBidder) -> int:
    """Raise a maximum on and on until the house takes it no more; return the request's id."""
    for number in range(10, 100_000):
        answer = ann.ask(raised(number))
        if isinstance(answer, Rejected):
            assert answer.code is RejectCode.UNAVAILABLE
            return number
    raise AssertionError("the house goes on taking bids")


def remove_journal(house: HouseProcess) -> None:
    for name in ("journal.sqlite3", "journal.sqlite3-wal"):
        (house.data / name).unlink()


def test_a_house_whose_journal_is_removed_takes_no_bids_until_all_that_it_held_is_in_place(tmp_path: Path) -> None:
    with running_house(tmp_path) as house:
        ann = RawBidder(house.link, "Ann")
        ann.hello()
        remove_journal(house)
        refused = bid_until_refused(ann)
        assert "was removed, moved or replaced" in house.wait_for("frozen")["reason"]
        (rescued,) = house.data.glob("rescued-*.sqlite3")
        rescued.rename(house.data / "journal.sqlite3")
        house.wait_for("thawed")
        answer = ann.ask(raised(refused))
        while isinstance(answer, Rejected) and answer.code is RejectCode.UNAVAILABLE:
            house.wait_for("thawed")  # it may have to look once more at the files that came back
            answer = ann.ask(raised(refused))
        assert isinstance(answer, Accepted)
        with closing(sqlite3.connect(f"file:{house.data}/journal.sqlite3?mode=ro", uri=True)) as record:
            bids = "SELECT json_extract(body, '$[5]') FROM fact WHERE kind = 'bid_taken' ORDER BY position"
            ids = [number for (number,) in record.execute(bids)]
        assert ids == list(range(10, refused + 1)), "also what was taken before it was noticed"
        assert house.auctioneer("verify").exit_code == 0
        ann.close()


@pytest.mark.parametrize("whole_folder", [False, True])
def test_neither_a_restart_nor_run_begins_another_sale(tmp_path: Path, whole_folder: bool) -> None:
    with running_house(tmp_path) as house:
        server = house.server_pid
        os.kill(server, signal.SIGSTOP)  # else it may notice, and put what it holds into the directory
        if whole_folder:
            shutil.rmtree(house.data)
        else:
            remove_journal(house)
        os.kill(server, signal.SIGKILL)
        house.wait_for_any("log_ended")
        assert house.stop() == 6
    assert GONE in "".join(house.lines)
    assert not (house.data / "journal.sqlite3").exists()
    if whole_folder:
        assert not house.data.exists()
        return
    for catalogue in ([], [str(tmp_path / "catalogue.toml")]):
        told = house.run_another(*catalogue, "--port", "0")
        assert (told.returncode, GONE in told.stderr) == (6, True), (catalogue, told)
    lots = house.auctioneer("lots")
    assert (lots.exit_code, GONE in lots.stderr) == (6, True), lots
    assert house.auctioneer("pause", "1").exit_code == 6
    assert not (house.data / "journal.sqlite3").exists()
