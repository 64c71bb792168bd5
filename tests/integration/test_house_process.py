"""The house as an operator has it: processes, signals, a full disk, a second house, a stop and a start."""

import json
import os
import resource
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from auctioneer.process.folder import DataFolder
from auctioneer.process.held_sale import STANDSTILL_MS
from common.codec import encode, topic
from common.errors import RejectCode
from common.formats.english import BidRequest
from common.links import parse_link
from common.lot import LotStatus
from common.messages import Accepted, Heartbeat, Hello, LotRequest, Rejected, Snapshot, Welcome
from tests.english import hammer_minor
from tests.house_process import CATALOGUE, WAIT_S, HouseProcess, RawBidder, running_house


@pytest.fixture
def house(tmp_path: Path) -> Iterator[HouseProcess]:
    with running_house(tmp_path) as running:
        yield running


@pytest.fixture
def ann(house: HouseProcess) -> Iterator[RawBidder]:
    bidder = RawBidder(house.link, "Ann")
    assert isinstance(bidder.hello(), Welcome)
    yield bidder
    bidder.close()


def journaled_ids(house: HouseProcess, paddle: int) -> list[int]:
    """Return the request ids of the bids that the record has of a paddle, in order."""
    with sqlite3.connect(f"file:{house.data}/journal.sqlite3?mode=ro", uri=True) as database:
        rows = database.execute(
            "SELECT json_extract(body, '$[5]') FROM fact"
            " WHERE kind = 'bid_taken' AND json_extract(body, '$[4]') = ? ORDER BY position",
            (paddle,),
        ).fetchall()
    database.close()
    return [row[0] for row in rows]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGABRT, signal.SIGSEGV])
def test_a_killed_server_is_back_with_the_same_verdicts(house: HouseProcess, ann: RawBidder, number: int) -> None:
    accepted = ann.ask(BidRequest(id=10, lot="1", maximum_minor=5000))
    refused = ann.ask(BidRequest(id=11, lot="1", amount_minor=9000))
    assert isinstance(accepted, Accepted)
    assert isinstance(refused, Rejected)
    before = house.record

    house.kill_server(number)

    assert house.record["pid"] != before["pid"]
    assert house.link == before["link"]
    assert ann.ask(BidRequest(id=10, lot="1", maximum_minor=5000)) == accepted
    assert ann.ask(BidRequest(id=11, lot="1", amount_minor=9000)) == refused
    assert house.auctioneer("verify").exit_code == 0


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="a running process's limits can be set on Linux only")
def test_a_full_disk_freezes_the_sale_and_space_thaws_it(house: HouseProcess, ann: RawBidder) -> None:
    ann.subscribe(topic("beat"))
    view = ann.ask(LotRequest(id=2, lot="1"))
    assert isinstance(view, Snapshot)
    limits = resource.prlimit(house.server_pid, resource.RLIMIT_FSIZE)
    resource.prlimit(house.server_pid, resource.RLIMIT_FSIZE, (0, limits[1]))

    refused = ann.ask(BidRequest(id=10, lot="1", amount_minor=1000))

    assert isinstance(refused, Rejected)
    assert refused.code is RejectCode.UNAVAILABLE
    assert refused.retry_ms
    while True:
        beat = ann.next_broadcast()
        if isinstance(beat, Heartbeat) and beat.frozen:
            break
    assert beat.sale_seq == view.sale.seq

    resource.prlimit(house.server_pid, resource.RLIMIT_FSIZE, limits)
    house.wait_for("thawed")

    accepted = ann.ask(BidRequest(id=10, lot="1", amount_minor=1000))
    assert isinstance(accepted, Accepted)
    after = ann.ask(LotRequest(id=3, lot="1"))
    assert isinstance(after, Snapshot)
    assert after.lots[0].ends_at_ms is not None
    assert after.lots[0].ends_at_ms > (view.lots[0].ends_at_ms or 0), "the clock stood still meanwhile"
    assert journaled_ids(house, 1) == [10]
    assert house.auctioneer("verify").exit_code == 0


def test_a_house_that_stood_still_gives_the_time_back(house: HouseProcess, ann: RawBidder) -> None:
    """As after a machine's sleep: nobody could bid, so nobody loses the time."""
    before = ann.ask(LotRequest(id=2, lot="1"))
    server = house.server_pid
    os.kill(server, signal.SIGSTOP)
    ann.requests.send(encode(LotRequest(id=3, lot="1")))
    assert not ann.requests.poll(STANDSTILL_MS + 200), "a stopped house does not answer"
    os.kill(server, signal.SIGCONT)
    house.wait_for("standstill")
    after = ann.ask(LotRequest(id=4, lot="1"))
    assert isinstance(before, Snapshot)
    assert isinstance(after, Snapshot)
    assert (after.lots[0].ends_at_ms or 0) >= (before.lots[0].ends_at_ms or 0) + STANDSTILL_MS
    assert house.auctioneer("verify").exit_code == 0


def test_a_second_house_on_the_same_data_is_refused(house: HouseProcess) -> None:
    second = house.run_another("--port", "0")
    assert second.returncode == 2
    assert "runs on" in second.stderr
    assert str(house.server_pid) in second.stderr


def test_a_stopped_sale_goes_on_where_it_was(tmp_path: Path) -> None:
    with running_house(tmp_path) as first:
        ann = RawBidder(first.link, "Ann")
        ann.hello()
        accepted = ann.ask(BidRequest(id=10, lot="1", amount_minor=2000))
        assert first.auctioneer("close", "1").exit_code == 0
        before = ann.ask(LotRequest(id=11, lot="2"))
        link = first.link
        assert first.stop() == 0
    with running_house(tmp_path, catalogue=None) as second:
        assert second.link == link, "a link stays good over a restart"
        assert ann.ask(BidRequest(id=10, lot="1", amount_minor=2000)) == accepted
        closed = ann.ask(LotRequest(id=12, lot="1"))
        after = ann.ask(LotRequest(id=13, lot="2"))
        ann.close()
    assert isinstance(before, Snapshot)
    assert isinstance(closed, Snapshot)
    assert isinstance(after, Snapshot)
    assert closed.lots[0].status is LotStatus.SOLD
    assert hammer_minor(closed.lots[0]) == 2000
    assert after.lots[0].status is LotStatus.OPEN
    assert (after.lots[0].ends_at_ms or 0) > (before.lots[0].ends_at_ms or 0)


def settings_told(house: HouseProcess) -> tuple[str, list[str]]:
    """Return who may join and who commands, as the start told it."""
    (told,) = (json.loads(line) for line in house.lines if '"listening"' in line)
    return told["admit"], told["controllers"]


def changes_told(house: HouseProcess) -> list[tuple[str, str, str]]:
    told = (json.loads(line) for line in house.lines if '"option_changed"' in line)
    return [(line["option"], line["before"], line["now"]) for line in told]


def test_a_sale_goes_on_as_it_was_run_until_an_option_is_given_again(tmp_path: Path) -> None:
    """A sale by invitation must not come back open to strangers, or on another port."""
    chosen = ("--admit", "invite", "--advertise", "localhost:9:10", "--metrics-port", "0")
    rate = ("--requests-per-second", "90")
    with running_house(tmp_path, *chosen, *rate) as house:
        link = parse_link(house.link)
        assert (link.host, link.port, link.publish_port, bool(link.invite)) == ("localhost", 9, 10, True)
        assert settings_told(house) == ("invite", ["auctioneer"])
        assert house.auctioneer("clerk", "add", "bea", "--rights", "hammer").exit_code == 0
        assert changes_told(house) == [], "nothing was before"
        house.stop()
    with running_house(tmp_path, catalogue=None) as again:
        assert again.link == str(link)
        assert settings_told(again) == ("invite", ["auctioneer", "bea"])
        assert changes_told(again) == []
        here = msgspec.structs.replace(
            link, host="127.0.0.1", port=again.record["port"], publish_port=again.record["publish_port"]
        )
        stranger = RawBidder(str(here))
        answer = stranger.ask(Hello(id=1, versions=(1,), name="Eve"))
        assert isinstance(answer, Rejected)
        assert answer.code is RejectCode.WRONG_INVITE
        welcome = stranger.ask(Hello(id=1, versions=(1,), name="Ann", invite=link.invite))
        assert isinstance(welcome, Welcome)
        assert (welcome.publish_port, welcome.requests_per_s) == (10, 90)
        assert again.record["metrics"]
        again.kill_server()
        assert again.link == str(link), "a server that is started again is run as the one before"
        stranger.close()
        again.stop()
    changed = ("--admit", "open", "--advertise", "", "--metrics-port", "off")
    with running_house(tmp_path, *changed, catalogue=None) as other:
        assert changes_told(other) == [
            ("--admit", "invite", "open"),
            ("--advertise", "localhost:9:10", "none"),
            ("--metrics-port", "0", "none"),
        ]
        assert (parse_link(other.link).host, parse_link(other.link).invite) == ("127.0.0.1", "")
        assert not other.record["metrics"]
        backup = other.auctioneer("backup", str(tmp_path / "backup"))
        assert backup.exit_code == 0
        other.stop()
    restored = tmp_path / "restored"
    restored.mkdir()
    assert other.auctioneer("verify").exit_code == 0
    command = [
        sys.executable,
        "-m",
        "auctioneer",
        "restore",
        str(tmp_path / "backup"),
        "--data",
        str(restored / "data"),
    ]
    assert subprocess.run(command, check=False, timeout=WAIT_S).returncode == 0
    with running_house(restored, catalogue=None) as back:
        assert settings_told(back) == ("open", ["auctioneer", "bea"])
        assert changes_told(back) == []


def test_another_catalogue_on_the_same_data_is_refused(tmp_path: Path) -> None:
    with running_house(tmp_path) as house:
        assert house.stop() == 0
    other = HouseProcess(tmp_path, CATALOGUE.replace("First", "Another"))
    assert other.process.wait(timeout=WAIT_S) == 2
    other.stop()
    assert any("holds another sale" in line for line in other.lines)


def test_a_server_whose_watchdog_dies_ends_cleanly(house: HouseProcess) -> None:
    house.process.kill()
    house.wait_for("stopped")
    house.wait_for("log_ended")
    assert house.auctioneer("verify").exit_code == 0


def test_a_taken_port_is_told(house: HouseProcess, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "auctioneer", "run", "--example", "--data", str(tmp_path / "other")]
    second = subprocess.run(
        [*command, "--port", str(house.record["port"])],
        env=os.environ | {"XDG_STATE_HOME": str(tmp_path / "state")},
        capture_output=True,
        text=True,
        timeout=WAIT_S,
        check=False,
    )
    assert second.returncode == 2
    assert "is in use" in second.stderr


def test_a_damaged_journal_halts_the_house(tmp_path: Path) -> None:
    with running_house(tmp_path) as house:
        assert house.stop() == 0
    with sqlite3.connect(house.data / "journal.sqlite3") as database:
        database.execute("UPDATE batch SET body = replace(body, 'First', 'Forged')")
    database.close()
    DataFolder(house.data).snapshots.remove_all()
    again = HouseProcess(tmp_path, None)
    assert again.process.wait(timeout=WAIT_S) == 6
    again.stop()
    told = "".join(again.lines)
    assert "damaged" in told
    assert "last good fact" in told
