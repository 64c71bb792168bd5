"""Attacks that need no flood: each is refused with a code, or has no effect."""

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import msgpack
import pytest
import zmq

from common.codec import encode
from common.errors import RejectCode
from common.formats.english import BidRequest
from common.limits import REPLY_BYTES_MAX, REQUEST_BYTES_MAX
from common.messages import Accepted, Ping, Pong, Rejected, Welcome
from common.sockets import new_context, set_request_client, set_request_server, use_curve_client
from tests.abuse.honest_bidder import memory_bytes
from tests.auctioneer.house.house_examples import ANN, BOB, HOUR_MS, SmallSale
from tests.english import english, hammer_minor
from tests.house_process import RawBidder, running_house
from tests.must_be import must_be

BID = {"type": "bid", "id": 7, "lot": "1", "amount_minor": 5000}
STORM_BIDDERS, STORM_BIDS, STORM_MS = 50, 2000, 100
UNREAD_MESSAGES = 5000
UNREAD_BYTES_MAX = 2000
"""Of memory for each small message that waits; the buffer that it arrived in has four times as much, and more."""


def code_of(answer: object) -> RejectCode:
    assert isinstance(answer, Rejected), answer
    return answer.code


@pytest.mark.parametrize(
    "more",
    [
        {"currency": "EUR"},
        {"at_ms": 1_600_000_000_000},
        {"received_at_ms": 0},
        {"paddle": 2},
        {"bidder": "Bob"},
        {"key": BOB},
    ],
    ids=lambda more: next(iter(more)),
)
def test_a_bid_says_neither_when_nor_whose_nor_in_what_currency(more: dict[str, object]) -> None:
    sale = SmallSale()
    sale.join(ANN, "Ann")
    sale.join(BOB, "Bob")
    assert code_of(sale.send(ANN, msgpack.packb(BID | more))) is RejectCode.MALFORMED
    assert isinstance(sale.send(ANN, msgpack.packb(BID)), Accepted)


@pytest.mark.parametrize("type_", ["take_back", "cancel", "withdraw", "unbid"])
def test_a_bid_can_not_be_taken_back(type_: str) -> None:
    """So nobody can shield a low bid with a high one that is withdrawn before the close."""
    sale = SmallSale()
    sale.join(ANN, "Ann")
    assert isinstance(sale.send(ANN, msgpack.packb(BID)), Accepted)
    assert code_of(sale.send(ANN, msgpack.packb({"type": type_, "id": 8, "lot": "1"}))) is RejectCode.MALFORMED
    assert english(sale.house.engine.lots["1"].view).price_minor == 5000


def test_a_storm_in_the_last_moment_is_decided_bid_by_bid() -> None:
    """Every bid before the end is decided; from the end on each is late by as much as it is."""
    chance = random.Random(1)
    sale = SmallSale()
    keys = [f"{number:040}" for number in range(STORM_BIDDERS)]
    for number, key in enumerate(keys):
        sale.join(key, f"Bidder {number}")
    ends_ms = sale.house.engine.lots["1"].view.ends_at_ms
    assert ends_ms == sale.now_ms + HOUR_MS
    price_minor = 0
    for number in range(STORM_BIDS):
        sale.now_ms = ends_ms - STORM_MS + number * 2 * STORM_MS // STORM_BIDS
        bid = BidRequest(id=2 + number, lot="1", maximum_minor=1000 + number * 10)
        answer = sale.ask(keys[chance.randrange(STORM_BIDDERS)], bid)
        if sale.now_ms >= ends_ms:
            assert code_of(answer) is RejectCode.LOT_CLOSED
            assert isinstance(answer, Rejected)
            assert answer.late_ms == sale.now_ms - ends_ms
        elif isinstance(answer, Accepted):
            shown_minor = must_be(int, english(answer.board).price_minor)
            assert price_minor <= shown_minor
            price_minor = shown_minor
        else:
            assert code_of(answer) in (RejectCode.BELOW_MINIMUM, RejectCode.MAXIMUM_NOT_RAISED)
    assert hammer_minor(sale.house.engine.lots["1"].view) == price_minor


def test_a_stolen_routing_id_gets_nobodys_answers(tmp_path: Path) -> None:
    with running_house(tmp_path) as house:
        ann, eve = RawBidder(house.link, "Ann"), RawBidder(house.link, "Eve")
        try:
            for one in (ann, eve):
                assert isinstance(one.hello(), Welcome)
            take_routing_id(ann)
            assert isinstance(ann.ask(Ping(id=2)), Pong)  # it is hers from now on
            take_routing_id(eve)
            for number in range(3, 50):
                if eve.requests.poll(10, zmq.POLLOUT):
                    eve.requests.send(encode(Ping(id=1000 + number)), zmq.DONTWAIT)
                assert isinstance(ann.ask(Ping(id=number)), Pong)
            assert not eve.requests.poll(0), "Eve heard what was Ann's, or was served under Ann's id"
        finally:
            for one in (ann, eve):
                one.requests.close(linger=0)
                one.close()


def take_routing_id(bidder: RawBidder) -> None:
    """Give a bidder a request socket with an id of its choosing, as the protocol forbids."""
    context = zmq.Context(shadow=bidder.broadcasts.context)
    bidder.requests.close(linger=0)
    bidder.requests = context.socket(zmq.DEALER)
    set_request_client(bidder.requests, REPLY_BYTES_MAX)
    bidder.requests.setsockopt(zmq.ROUTING_ID, b"the same")
    use_curve_client(bidder.requests, bidder.keys, bidder.link.server_key)
    bidder.requests.connect(bidder.link.request_address)


def test_a_small_message_that_waits_keeps_no_more_than_itself() -> None:
    """Each comes by itself, so that each has a buffer of its own to keep."""
    context = new_context()
    house, dealer = context.socket(zmq.ROUTER), context.socket(zmq.DEALER)
    set_request_server(house, REQUEST_BYTES_MAX)
    set_request_client(dealer, REPLY_BYTES_MAX)
    try:
        dealer.connect(f"tcp://127.0.0.1:{house.bind_to_random_port('tcp://127.0.0.1')}")
        before_bytes = memory_bytes(os.getpid())
        unread = []
        for _ in range(UNREAD_MESSAGES):
            dealer.send(b"a message that is not small enough to be kept in its place in the queue")
            unread.append(house.recv_multipart(copy=False))
        grown_bytes = memory_bytes(os.getpid()) - before_bytes
        assert grown_bytes < UNREAD_MESSAGES * UNREAD_BYTES_MAX, f"{grown_bytes / len(unread):.0f} bytes a message"
    finally:
        context.destroy(linger=0)


GUESSED = """
import sys
sys.path.insert(0, sys.argv[1])
import zmq
from common.sockets import new_context, set_request_client, set_request_server
context = new_context()
house = context.socket(zmq.ROUTER)
set_request_server(house, 1024)
port = house.bind_to_random_port("tcp://127.0.0.1")

def peer(routing_id=None):
    dealer = context.socket(zmq.DEALER)
    set_request_client(dealer, 1024)
    if routing_id is not None:
        dealer.setsockopt(zmq.ROUTING_ID, routing_id)
    dealer.connect(f"tcp://127.0.0.1:{port}")
    dealer.send(b"hello")
    return dealer, house.recv_multipart()[0]

first, given = peer()
guess = given[:1] + ((int.from_bytes(given[1:], "big") + 1) % 2**32).to_bytes(4, "big")
second, _ = peer(guess)
third, _ = peer()
print("served")
"""


def test_the_routing_id_that_libzmq_gives_next_aborts_the_process() -> None:
    """No option prevents it, so the watchdog must be there: it starts the house again after this very signal.

    The ids begin at a random number of 32 bits that no peer is told. Should this fail, libzmq was mended.
    """
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", GUESSED, str(root)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == -signal.SIGABRT, done.stdout + done.stderr


BROKEN = r"""
import socket, struct, sys
from contextlib import suppress
sys.path.insert(0, sys.argv[1])
import zmq
from common.sockets import WAITING_MAX, new_context, set_publisher, set_request_server
context = new_context()
kind, set_up, peer_kind = {
    "requests": (zmq.ROUTER, set_request_server, b"DEALER"), "broadcasts": (zmq.XPUB, set_publisher, b"SUB")
}[sys.argv[2]]
house = context.socket(kind)
set_up(house, 1024)
port = house.bind_to_random_port("tcp://127.0.0.1")

def frame(flags, body):
    return bytes([flags, len(body)]) + body

def peer():
    connected = socket.create_connection(("127.0.0.1", port))
    connected.settimeout(2)
    connected.sendall(b"\xff" + bytes(8) + b"\x7f\x03\x01" + b"NULL".ljust(52, b"\0"))
    ready = b"\x05READY\x0bSocket-Type" + struct.pack(">I", len(peer_kind)) + peer_kind
    connected.sendall(frame(4, ready))
    assert connected.recv(64, socket.MSG_WAITALL)
    assert connected.recv(2, socket.MSG_WAITALL)  # so the house has read the above
    return connected

heartbeat = frame(0, b"\x01a request") + frame(4, b"\x04PING\0\0")
commands = [
    b"", b"\xff", b"\x03PIN", b"\x04PING", b"\x04PING\0", b"\x04PING\0\1" + b"c" * 200, b"\x04PONG", b"\x05ERROR\xff",
    b"\x05READY", b"\x09SUBSCRIBE", b"\x09SUBSCRIBElot/1\0", b"\x06CANCEL", b"\x06CANCELlot/1\0",
]
odd = b"".join(frame(5, one) + frame(4, one) for one in commands)  # with and without more frames to come
wrong_length = b"\x06" + b"\xff" * 8
flood = {"heartbeats": heartbeat * (WAITING_MAX // 4), "odd commands": (odd + heartbeat) * 500 + wrong_length}
flooding = peer()
with suppress(TimeoutError, ConnectionError):
    flooding.sendall(flood[sys.argv[3]])
flooding.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
flooding.close()
peer()  # libzmq has seen the break by now
while house.poll(1000):
    house.recv_multipart()
another = peer()
another.sendall(frame(0, b"\x01more"))
assert house.poll(30_000)
print("served")
"""


@pytest.mark.parametrize("flood", ["heartbeats", "odd commands"])
@pytest.mark.parametrize("endpoint", ["requests", "broadcasts"])
def test_a_connection_that_breaks_before_its_heartbeat_is_answered_ends_nothing(endpoint: str, flood: str) -> None:
    """With room for fewer messages libzmq would stop reading, and abort when it comes to answer the heartbeat."""
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-c", BROKEN, str(root), endpoint, flood]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout == "served\n", done.stderr
