"""A disk that is really full: a small file system of its own, filled to the last block and emptied again.

Unlike an injected error this has true short writes, and fails whatever the house writes, its small files included.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import zmq

from auctioneer.process.folder import DataFolder
from common.codec import decode_answer, encode
from common.errors import RejectCode
from common.messages import Ping, Pong, Rejected, Welcome
from tests.abuse.honest_bidder import pusher_of, without_pause
from tests.crashes import snapshotting
from tests.house_process import RawBidder, running_house
from tests.live_sale import Witness, bidding, conclude
from tests.scraping import scrape, snapshot_position

NAMES = ("Ann", "Bob")
WAIT_MS = 20_000
SIZE_BYTES = 8 * 1024 * 1024
LEFT_BYTES = (0, 5_000, 40_000)
"""What the filling leaves: nothing, a page, and room for a few bids."""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("a small file system needs Linux, and root to mount it")
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE_BYTES}", "none", str(disk)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(f"a small file system can't be mounted here: {mounted.stderr.strip()}")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def fill(disk: Path, name: str, left_bytes: int) -> Path:
    """Fill a disk but for so many bytes; return the file to remove."""
    filling = disk / name
    with filling.open("wb", buffering=0) as file:
        while (free_bytes := shutil.disk_usage(disk).free - left_bytes) >= 4096:
            file.write(bytes(min(free_bytes, 1 << 20)))
    return filling


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("left_bytes", LEFT_BYTES)
def test_a_full_disk_freezes_the_sale_and_space_thaws_it(small_disk: Path, left_bytes: int) -> None:
    with ExitStack() as resources:
        house = resources.enter_context(running_house(small_disk))
        witnesses = [resources.enter_context(Witness(house.link, name)) for name in NAMES]
        with bidding(witnesses):
            for witness in witnesses:
                witness.wait_for_verdicts(2)
            filling = fill(small_disk, "filling", left_bytes)
            house.wait_for("frozen")
            filling.unlink()
            house.wait_for("thawed")
            for witness in witnesses:
                witness.wait_for_verdicts(2)
        conclude(house, witnesses, f"{left_bytes} bytes were left")


def test_floods_are_out_of_the_budget_while_the_sale_is_frozen(small_disk: Path) -> None:
    with running_house(small_disk) as house:
        eve, ann = RawBidder(house.link, "Eve"), RawBidder(house.link, "Ann")
        pusher = pusher_of(eve)
        rejections = pusher.get_monitor_socket(zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL)
        try:
            assert isinstance(eve.hello(), Welcome)
            assert isinstance(ann.hello(), Welcome)
            filling = fill(small_disk, "filling", 0)
            house.wait_for("frozen")
            away = house.data.rename(house.data.with_name("away"))  # or else it thaws for a moment, as it cuts the WAL
            while RejectCode.SLOW_DOWN not in codes_of_a_flood(eve):
                continue  # for ever, if requests cost nothing
            with without_pause(lambda number: pusher.send(b"\x01lot/%d\0" % number)):
                assert rejections.poll(WAIT_MS), "subscriptions cost nothing"
            answer = ann.ask(Ping(id=2))
            assert isinstance(answer, Rejected)
            assert answer.code is RejectCode.UNAVAILABLE
            away.rename(house.data)
            filling.unlink()
            house.wait_for("thawed")
            assert isinstance(ann.ask(Ping(id=3)), Pong)
        finally:
            pusher.disable_monitor()
            for one in (rejections, pusher):
                one.close(linger=0)
            eve.close()
            ann.close()


def codes_of_a_flood(eve: RawBidder) -> set[RejectCode]:
    """Ask many times at once; return with what codes that was refused."""
    for number in range(500):
        eve.requests.send(encode(Ping(id=number + 1)))
    codes = set()
    assert eve.requests.poll(WAIT_MS), "the house went silent before it said so"
    while eve.requests.poll(0):
        answer = decode_answer(eve.requests.recv())
        assert isinstance(answer, Rejected)
        codes.add(answer.code)
    return codes


def test_a_disk_too_full_for_a_snapshot_freezes_nothing(small_disk: Path) -> None:
    """The journal has some space left here, which no snapshot may take from it."""
    with ExitStack() as resources:
        house = resources.enter_context(running_house(small_disk, "--metrics-port", "0", program=snapshotting.MODULE))
        witness = resources.enter_context(Witness(house.link, "Ann"))
        assert witness.bid_the_minimum()
        # It may have failed before the house listened, after the facts of the opening.
        told = next((line for line in house.lines if '"snapshot_failed"' in line), "")
        assert "would not leave the journal" in (told or house.wait_for("snapshot_failed")["reason"])
        assert witness.bid_the_minimum()
        seen = scrape(house)
        assert seen["snapshot_failures_total"] >= 1
        assert snapshot_position(seen) == 0, "one that failed is none"
        house.kill_server()
        assert witness.bid_the_minimum()
        conclude(house, [witness])
        assert house.stop() == 0
    assert not any('"frozen"' in line or "Traceback" in line for line in house.lines)
    assert not DataFolder(house.data).snapshots.positions()


def test_a_server_that_dies_on_a_full_disk_goes_on_when_there_is_space(small_disk: Path) -> None:
    """A full disk is no reason to give up, however long; some space comes free when a new server cuts the WAL."""
    with ExitStack() as resources:
        house = resources.enter_context(running_house(small_disk))
        witness = resources.enter_context(Witness(house.link, "Ann"))
        assert witness.bid_the_minimum()
        for number in range(3):
            fill(small_disk, f"filling {number}", 0)
            os.kill(house.server_pid, signal.SIGKILL)
            witness.bid_the_minimum(timeout_ms=1500)
            assert house.process.poll() is None, "the watchdog gave up:\n" + "".join(house.lines[-20:])
            if not is_alive(house.server_pid):
                break  # none could start, so that the next has not even said who it is
        for filling in small_disk.glob("filling*"):
            filling.unlink()
        assert witness.bid_the_minimum(timeout_ms=60_000)
        conclude(house, [witness])
