"""An evening as an auctioneer and a volunteer hold it, by commands: docs/evening.md with a real house."""

import csv
import io
import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from auctioneer.cli.control_client import connected
from auctioneer.house.commands import BidFor, Undo
from auctioneer.journal.sqlite import FILE_NAME, SqliteStore
from auctioneer.process.folder import DataFolder
from auctioneer.rules.facts import CommandDone
from auctioneer.rules.sources import Source
from bidder import Client
from common.errors import RejectCode, RejectedError
from common.keys import new_keys
from common.lot import SaleStatus
from common.messages import Role
from tests.crashes import dying
from tests.house_process import WAIT_S, HouseProcess, as_clerk, running_house

LOTS = 40
PEOPLE = 60
WAIT_MS = int(WAIT_S * 1000)
SALE = """
[sale]
title = "An evening"
currency = "GBP"
order = "by hand"
corrections = "on"
conditions = "1. The highest bidder buys. 2. Pay within a week."
lots_file = "lots.csv"
[defaults]
duration = "until closed"
increment = "10"
"""


class Evening:
    """A house, and its clerk Vera, who has the rights `bids` and `desk` and a directory of her own."""

    def __init__(self, house: HouseProcess) -> None:
        self.house = house
        self.vera_at = house.clerk("vera", "bids,desk")

    def auctioneer(self, *words: str) -> str:
        done = self.house.auctioneer(*words)
        assert done.exit_code == 0, (words, done.stderr)
        return done.stdout

    def vera(self, *words: str) -> str:
        done = as_clerk(self.vera_at, *words)
        assert done.exit_code == 0, (words, done.stderr)
        return done.stdout

    def refused(self, code: str, *words: str) -> str:
        """Have Vera give a command that is refused; return what she reads."""
        done = as_clerk(self.vera_at, *words)
        assert (done.exit_code, f"[{code}]" in done.stderr) == (3, True), (words, done.stderr)
        return done.stderr

    def bid(self, lot: int, amount: int, paddle: int, *more: str) -> str:
        return self.vera("bid", str(lot), str(amount), "--paddle", str(paddle), *more)

    def outcomes(self, lot: int) -> list[tuple[int, str]]:
        """Return the paddle and the outcome of each bid on a lot."""
        bids = json.loads(self.auctioneer("bids", str(lot), "--json"))["bids"]
        return [(row["paddle"], row["outcome"]) for row in bids]

    def standing(self, lot: int) -> tuple[str, str, int]:
        """Return the state and the price of a lot, and the paddle that leads."""
        (row,) = json.loads(self.auctioneer("lots", str(lot), "--json"))
        return row["status"], row["price"], row["paddle"]


@pytest.fixture
def evening(tmp_path: Path) -> Iterator[Evening]:
    rows: list[list[object]] = [["Lot", "Title", "Starting price", "Reserve", "Low est", "High est", "Donor"]]
    rows += [[lot, f"Thing {lot}", 50, "", 100, 200, "The school"] for lot in range(1, LOTS + 1)]
    rows[4][1], rows[5][3] = "Oak chset", 150
    write(tmp_path / "lots.csv", rows)
    people: list[list[object]] = [["Name", "E-mail"]]
    people += [[f"Guest {paddle}", contact(paddle)] for paddle in range(1, PEOPLE + 1)]
    write(tmp_path / "guests.csv", people)
    dies = ("env", f"{dying.FOLDER}={tmp_path}")
    with running_house(tmp_path, catalogue=SALE, program=dying.MODULE, under=dies) as house:
        told = house.auctioneer("paddle", "add", "--from", str(tmp_path / "guests.csv"), "--conditions-signed")
        assert told.stdout.endswith(f"{PEOPLE} people got a paddle.\n"), told.output
        yield Evening(house)


def write(path: Path, rows: list[list[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)


def contact(paddle: int) -> str:
    return f"guest-{paddle:03}@example.org"


@contextmanager
def looking_on(link: str) -> Iterator[Client]:
    """Yield a client that follows the sale and does not bid."""
    with Client.connect(link, "", new_keys(), role=Role.OBSERVER, timeout_ms=WAIT_MS) as client:
        yield client


def test_an_evening_with_corrections_and_crashes_comes_out_right(evening: Evening) -> None:
    with looking_on(evening.house.link) as screen:
        commission_bids(evening)
        wrong_paddle_and_wrong_hammer(evening)
        crash_between_commit_and_answer(evening)
        leader_turned_out(evening)
        bid_races_an_undo(evening)
        limit_under_two_proxies(evening)
        forgotten(evening, 12)
        the_end(evening)
        with looking_on(evening.house.link) as newcomer:
            assert newcomer.sale.status is SaleStatus.ENDED
            for _ in screen.notices(WAIT_MS):
                if (screen.sale, screen.lots()) == (newcomer.sale, newcomer.lots()):
                    break
            assert (screen.sale, screen.lots()) == (newcomer.sale, newcomer.lots()), (
                "who followed has what the house has"
            )
    assert "Deep: every step keeps" in evening.auctioneer("verify", "--deep")


def commission_bids(evening: Evening) -> None:
    """Bids that were left wait secretly, outlive a SIGKILL, and are made in their order when the lot opens."""
    evening.bid(7, 300, 12, "--source", "absentee")
    evening.bid(7, 250, 31, "--source", "absentee")
    evening.bid(9, 500, 31, "--source", "absentee")
    assert "--source absentee" in evening.refused("lot_not_open", "bid", "9", "200", "--paddle", "9")
    evening.refused("below_minimum", "bid", "9", "10", "--paddle", "9", "--source", "absentee")
    evening.refused("forbidden", "open", "7")
    evening.vera("bid", "9", "--take-back", "--paddle", "31", "--source", "absentee")
    evening.house.kill_server()
    assert [row["paddle"] for row in json.loads(evening.vera("absentee", "--json"))] == [12, 31]
    evening.auctioneer("open", "7")
    assert evening.standing(7) == ("open", "260.00", 12)
    evening.auctioneer("close", "7")


def wrong_paddle_and_wrong_hammer(evening: Evening) -> None:
    """Take back a bid on the wrong paddle, correct a typing error, and undo a hammer that fell too early."""
    evening.auctioneer("open", "1")
    evening.bid(1, 50, 3)
    evening.bid(1, 60, 8)
    evening.bid(1, 70, 6, "--source", "telephone")
    evening.refused("forbidden", "undo", "1", "--bid", "2")
    evening.auctioneer("undo", "1", "--bid", "2", "--reason", "Paddle 9 held it up")
    assert evening.outcomes(1) == [(3, "accepted"), (8, "void"), (6, "accepted")]
    evening.auctioneer("close", "1")
    assert "needs no `--for`" in evening.house.auctioneer("reopen", "1", "--for", "30s").stderr
    evening.auctioneer("reopen", "1", "--reason", "A bid was overlooked")
    evening.bid(1, 80, 11)
    evening.auctioneer("close", "1")
    assert evening.standing(1) == ("sold", "80.00", 11)
    evening.auctioneer("change", "4", "--title", "Oak chest")


def crash_between_commit_and_answer(evening: Evening) -> None:
    """Kill the house by SIGKILL before a bid's answer leaves: the command is sent again, and done once."""
    evening.auctioneer("open", "5")
    with connected(DataFolder(evening.vera_at), timeout_ms=WAIT_MS) as house:
        house.order(BidFor(id=1, lot="5", paddle=20, source=Source.FLOOR, amount_minor=5000))
        (evening.house.data.parent / "die").touch()
        done = house.order(BidFor(id=1, lot="5", paddle=21, source=Source.FLOOR, amount_minor=6000))
    evening.house.wait_for("listening")
    assert done.paddle == 21
    assert evening.outcomes(5) == [(20, "accepted"), (21, "accepted")]


def leader_turned_out(evening: Evening) -> None:
    """Turn out the leader, who has no account, with its bids: who was second leads again."""
    evening.refused("forbidden", "turn-out", "21", "--void-bids")
    told = evening.auctioneer("turn-out", "21", "--void-bids", "--reason", "No account")
    assert told == "Guest 21 (21) is turned out. Its bids are taken back on lot 5.\n"
    assert evening.standing(5) == ("open", "50.00", 20)
    assert "`auctioneer admit 21`" in evening.refused("wrong_state", "bid", "5", "90", "--paddle", "21")


def bid_races_an_undo(evening: Evening) -> None:
    """Bid between what the auctioneer is shown of an undo and the yes: nothing is taken back."""
    with connected(DataFolder(evening.house.data), timeout_ms=WAIT_MS) as house:
        undo = Undo(id=1, lot="5", numbers=(1,))
        shown = house.preview(undo)
        evening.bid(5, 160, 22)
        with pytest.raises(RejectedError) as raised:
            house.order(Undo(id=1, lot="5", numbers=(1,), if_seq=shown["seq"]))
    assert raised.value.reject is RejectCode.STATE_CHANGED
    assert evening.outcomes(5) == [(20, "accepted"), (21, "void"), (22, "accepted")]


def limit_under_two_proxies(evening: Evening) -> None:
    """Outbid a limited bidder by two rivals' maxima: only what it leads counts, and over its limit it is refused."""
    evening.vera("limit", "40", "300")
    for lot in ("10", "11"):
        evening.auctioneer("open", lot)
    evening.bid(10, 200, 40, "--max")
    evening.bid(10, 400, 41, "--max")
    assert evening.standing(10) == ("open", "210.00", 41)
    assert near(evening) == []
    evening.bid(11, 250, 40, "--max")
    assert near(evening) == [(40, "50.00", "10")], "250 of 300 count"
    evening.refused("over_spending_limit", "bid", "10", "220", "--paddle", "40")
    evening.bid(11, 500, 42, "--max")
    assert near(evening) == [], "outbid on both lots: nothing counts any more"
    evening.bid(10, 300, 40)
    assert evening.standing(10) == ("open", "310.00", 41)
    evening.refused("over_spending_limit", "bid", "10", "320", "--paddle", "40")
    for lot in ("10", "11"):
        evening.auctioneer("close", lot)
    evening.refused("lot_closed", "bid", "10", "330", "--paddle", "42")
    (late,) = json.loads(evening.vera("bids", "--late", "--json"))
    assert (late["lot"], late["paddle"], late["amount"], late["late_ms"] > 0) == ("10", 42, "330.00", True)


def near(evening: Evening) -> list[tuple[int, str, str]]:
    """Return whose limit is near, what is left of it, and the lot whose next bid it no longer allows."""
    rows = json.loads(evening.vera("bidders", "--near-limit", "--json"))
    return [(row["paddle"], row["left"], row["short_on"]) for row in rows]


def forgotten(evening: Evening, paddle: int) -> None:
    """No byte of a person's contact stays in the data directory; the others' stay."""
    evening.refused("forbidden", "forget", str(paddle), "--yes")
    assert kept(evening, contact(paddle))
    evening.auctioneer("forget", str(paddle), "--yes")
    assert not kept(evening, contact(paddle))
    assert kept(evening, contact(paddle + 1))


def kept(evening: Evening, text: str) -> list[Path]:
    files = (path for path in evening.house.data.rglob("*") if path.is_file())
    return [path for path in files if text.encode() in path.read_bytes()]


def the_end(evening: Evening) -> None:
    """All lots close, one sale is undone and goes to the underbidder by agreement, and then it is for good."""
    evening.refused("forbidden", "end", "--yes")
    evening.auctioneer("end", "--yes")
    assert evening.standing(5) == ("sold", "160.00", 22)
    evening.auctioneer("void", "7", "--reason", "The buyer fell away")
    evening.auctioneer("award", "7", "31", "250")
    evening.auctioneer("finish", "--yes")
    assert evening.house.auctioneer("undo", "5").exit_code == 3
    rows = list(csv.DictReader(io.StringIO(evening.auctioneer("results", "--format", "csv"))))
    assert len(rows) == LOTS
    sold = [(row["lot"], row["paddle"], row["hammer"], row["cause"]) for row in rows if row["status"] == "sold"]
    assert sold == [
        ("1", "11", "80.00", "hammer"),
        ("5", "22", "160.00", "hammer"),
        ("7", "31", "250.00", "awarded"),
        ("10", "41", "310.00", "hammer"),
        ("11", "42", "260.00", "hammer"),
    ]
    assert rows[3]["title"] == "Oak chest"
    bills = json.loads(evening.vera("results", "--by-buyer", "--json"))
    assert [(bill["paddle"], bill["total"], bill["contact"]) for bill in bills] == [
        (11, "80.00", contact(11)),
        (22, "160.00", contact(22)),
        (31, "250.00", contact(31)),
        (41, "310.00", contact(41)),
        (42, "260.00", contact(42)),
    ]
    with closing(SqliteStore(evening.house.data / FILE_NAME).read()) as journal:
        bids = [fact for _, fact in journal.read() if isinstance(fact, CommandDone) and fact.kind == "bid"]
    assert {fact.by for fact in bids} == {"vera"}
    assert len(bids) == 16
