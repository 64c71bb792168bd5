"""Floods against a real house: an honest bidder goes on, memory stays within a bound, and the process lives.

How much slower the honest bidder is served is measured by the benchmarks; a test that fails by the clock fails by the
neighbours' load.
"""

import resource
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path

import pytest
import zmq

from common.codec import encode, topic
from common.formats.english import BidRequest
from common.limits import DESCRIPTION_CHARS_MAX, REPLY_BYTES_MAX, SNAPSHOT_LOTS_MAX
from common.messages import AnyRequest, LotRequest, Ping, ReplayRequest, SnapshotRequest, Welcome
from common.sockets import HEARTBEAT_INTERVAL_MS, set_request_client, set_subscriber, use_curve_client
from tests.abuse.honest_bidder import HonestBidder, pusher_of, unshaken, without_pause
from tests.house_process import CATALOGUE, HouseProcess, RawBidder, running_house

HALF_OPEN = 500
SPARE_FILES = 20
WAIT_MS = 60_000
GREETING = b"\xff" + b"\0" * 8 + b"\x7f\x03\x01CURVE".ljust(54, b"\0")
"""The beginning of a ZMTP handshake, which then does not go on."""

_numbers = count(1)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HouseProcess]:
    with running_house(tmp_path_factory.mktemp("flooded")) as house:
        yield house


@pytest.fixture(scope="module")
def wordy_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HouseProcess]:
    """Run a house with many lots whose descriptions are as long as they may be, and a large budget for everybody."""
    description = "\U0001f600" * DESCRIPTION_CHARS_MAX
    lot = f'[[lot]]\ntitle = "Wordy"\nstarting_price = "10"\ndescription = "{description}"\n'
    catalogue = CATALOGUE + lot * SNAPSHOT_LOTS_MAX
    folder = tmp_path_factory.mktemp("wordy")
    with running_house(folder, "--requests-per-second", "10000", catalogue=catalogue) as house:
        yield house


@pytest.fixture
def eve(house: HouseProcess) -> Iterator[RawBidder]:
    eve = RawBidder(house.link, f"Eve {next(_numbers)}")
    yield eve
    eve.close()


SUBSCRIPTION_FLOODS: dict[str, Callable[[int], bytes]] = {
    "topics": lambda number: b"\x01lot/%d\0" % number,
    "probes": lambda number: b"\x01~%016x\0" % number,
    "and back": lambda number: b"%clot/%d\0" % (1 - number % 2, number // 2),
    "junk": lambda number: b"no subscription",
}


@pytest.mark.parametrize(
    ("flood", "is_admitted"),
    [*((flood, True) for flood in SUBSCRIPTION_FLOODS), ("topics", False)],
)
def test_a_flood_of_subscriptions_holds_nobody_up(
    house: HouseProcess, eve: RawBidder, flood: str, is_admitted: bool
) -> None:
    if is_admitted:
        assert isinstance(eve.hello(), Welcome)
    with unshaken(house) as honest:
        pusher = pusher_of(eve)
        rejections = pusher.get_monitor_socket(zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL)
        try:
            with without_pause(lambda number: pusher.send(SUBSCRIPTION_FLOODS[flood](number))):
                honest.go_on()
                assert rejections.poll(WAIT_MS), "the flood may come back at once"
        finally:
            pusher.disable_monitor()
            rejections.close()
            pusher.close(linger=0)
        newcomer = RawBidder(house.link, "", honest.bidder.keys)
        newcomer.subscribe(topic("beat"))  # not behind all that the flood left
        newcomer.close()


@pytest.mark.parametrize(
    "body",
    [encode(BidRequest(id=1, lot="1"))[:-1], b"\x91" * 8000, encode(Ping(id=1))],
    ids=["cut short", "nested", "sound"],
)
def test_a_flood_of_requests_spends_its_senders_budget_only(house: HouseProcess, eve: RawBidder, body: bytes) -> None:
    """It loses its connection too, so that its queue never gets full."""
    assert isinstance(eve.hello(), Welcome)
    rejections = eve.requests.get_monitor_socket(zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL)
    try:
        with unshaken(house) as honest, without_pause(lambda number: push_and_read(eve.requests, body)):
            honest.go_on()
            assert rejections.poll(WAIT_MS), "the flood may come back at once"
    finally:
        eve.requests.disable_monitor()
        rejections.close()


def push(sender: zmq.SyncSocket, *frames: bytes) -> None:
    """Send a request, or wait a moment for a connection that takes one: there is none while the house cut it off."""
    if sender.poll(100, zmq.POLLOUT):
        with suppress(zmq.Again):
            sender.send_multipart(frames, zmq.DONTWAIT)


def push_and_read(sender: zmq.SyncSocket, body: bytes) -> None:
    """Send a request, and take in what was answered: whose queue of answers is full does not notice the cut."""
    push(sender, body)
    while sender.poll(0):
        sender.recv()


def test_endless_multipart_is_cut_or_refused(house: HouseProcess, eve: RawBidder) -> None:
    assert isinstance(eve.hello(), Welcome)
    with unshaken(house) as honest, without_pause(lambda number: push(eve.requests, *[b"x"] * 1000)):
        honest.go_on()


def never_reading(eve: RawBidder) -> zmq.SyncSocket:
    """Return a connection of Eve's that takes in nothing once its buffers are full."""
    deaf = zmq.Context(shadow=eve.requests.context).socket(zmq.DEALER)
    set_request_client(deaf, REPLY_BYTES_MAX)
    deaf.setsockopt(zmq.RCVHWM, 1)
    deaf.setsockopt(zmq.HEARTBEAT_IVL, 0)
    use_curve_client(deaf, eve.keys, eve.link.server_key)
    deaf.connect(eve.link.request_address)
    return deaf


DEAF_REQUESTS: dict[str, Callable[[int], AnyRequest]] = {
    "a lot": lambda number: LotRequest(id=number + 1, lot="4"),
    "snapshots": lambda number: SnapshotRequest(id=number + 1),
    "replays": lambda number: ReplayRequest(id=number + 1, lot="", after_seq=0),
}


@pytest.mark.parametrize("asked", DEAF_REQUESTS)
def test_a_dealer_that_never_reads(wordy_house: HouseProcess, asked: str) -> None:
    """The budget there lets through what fills a queue ten times over while the honest bidder goes on."""
    eve = RawBidder(wordy_house.link, f"Eve {next(_numbers)}")
    assert isinstance(eve.hello(), Welcome)
    deaf = never_reading(eve)
    with unshaken(wordy_house) as honest:
        try:
            with without_pause(lambda number: push(deaf, encode(DEAF_REQUESTS[asked](number)))):
                honest.go_on()
        finally:
            deaf.close(linger=0)
            eve.close()


def test_floods_whose_connections_break(house: HouseProcess, eve: RawBidder) -> None:
    """Where a connection is broken, libzmq aborts at a heartbeat, the house's own or one that it answers.

    The house sends none. Of those of others, see
    `test_a_connection_that_breaks_before_its_heartbeat_is_answered_ends_nothing`.
    """
    assert isinstance(eve.hello(), Welcome)
    body = encode(LotRequest(id=7, lot="1"))
    with unshaken(house) as honest:
        # What one of these was sent and did not read makes a close a break.
        crowd = [never_reading(eve) for _ in range(20)]
        over_s = time.monotonic() + HEARTBEAT_INTERVAL_MS / 1000
        while time.monotonic() < over_s:
            for one in crowd:
                with suppress(zmq.Again):
                    for _ in range(50):
                        one.send(body, zmq.DONTWAIT)
        for one in crowd:
            one.close(linger=0)
        honest.go_on()


def test_subscribers_that_never_read(house: HouseProcess, eve: RawBidder) -> None:
    assert isinstance(eve.hello(), Welcome)
    context = zmq.Context(shadow=eve.broadcasts.context)
    with unshaken(house) as honest:
        deaf = []
        for _ in range(20):
            one = context.socket(zmq.SUB)
            set_subscriber(one, REPLY_BYTES_MAX)
            one.setsockopt(zmq.RCVHWM, 1)
            use_curve_client(one, eve.keys, eve.link.server_key)
            one.connect(eve.link.publish_address)
            one.subscribe(b"")
            deaf.append(one)
        honest.go_on(rounds=600)
        for one in deaf:
            one.close(linger=0)


def test_half_open_handshakes(house: HouseProcess) -> None:
    with unshaken(house) as honest:
        link = honest.bidder.link
        opened = [
            socket.create_connection((link.host, port))
            for port in (link.port, link.publish_port)
            for _ in range(HALF_OPEN)
        ]
        for one in opened[::2]:
            one.sendall(GREETING)  # the others say nothing at all
        honest.go_on()
        for one in opened:
            one.settimeout(WAIT_MS / 1000)
            while one.recv(1000):
                continue  # until the house hangs up, as it must
            one.close()


def test_running_out_of_file_handles(tmp_path: Path) -> None:
    """New connections wait, commands too; those who are connected bid on, and all is well once handles are free."""
    with running_house(tmp_path) as house, unshaken(house) as honest:
        files = len(list(Path(f"/proc/{house.server_pid}/fd").iterdir())) + SPARE_FILES
        before = resource.prlimit(house.server_pid, resource.RLIMIT_NOFILE)
        resource.prlimit(house.server_pid, resource.RLIMIT_NOFILE, (files, before[1]))
        link = honest.bidder.link
        crowd = [socket.create_connection((link.host, link.port)) for _ in range(2 * SPARE_FILES)]
        honest.go_on()
        house.auctioneer("status")  # may be refused, or have to wait; that it came must not be the house's end
        honest.go_on()
        for one in crowd:
            one.close()
        resource.prlimit(house.server_pid, resource.RLIMIT_NOFILE, before)
        newcomer = HonestBidder(house)
        newcomer.bidder.close()
        assert house.auctioneer("announce", "All is well").exit_code == 0
