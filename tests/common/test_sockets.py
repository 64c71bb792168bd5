"""The request path's queues: who reads loses no answer, and who does not costs the house a bounded number of them."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from itertools import cycle, islice
from pathlib import Path
from typing import NamedTuple

import pytest
import zmq

from common.limits import REMEMBERED_REQUESTS_MAX, REPLY_BYTES_MAX, REQUEST_BYTES_MAX
from common.sockets import ANSWERS_QUEUED_MAX, new_context, set_request_client, set_request_server

WAIT_MS = 20_000
PAGE = b"p" * 128 * 1024
SYSTEM_BUFFERS_BYTES = 16 * 2**20
"""More than what the system takes of a connection's bytes, on both sides together."""


class Pair(NamedTuple):
    house: zmq.SyncSocket
    client: zmq.SyncSocket


@pytest.fixture
def pair() -> Iterator[Pair]:
    context = new_context()
    house, client = context.socket(zmq.ROUTER), context.socket(zmq.DEALER)
    set_request_server(house, REQUEST_BYTES_MAX)
    set_request_client(client, REPLY_BYTES_MAX)
    client.connect(f"tcp://127.0.0.1:{house.bind_to_random_port('tcp://127.0.0.1')}")
    yield Pair(house, client)
    context.destroy(linger=0)


def answered(house: zmq.SyncSocket, body: bytes) -> int:
    """Answer all requests that wait, of which there is one, as the house does; zmq.Again where there is no room."""
    assert house.poll(WAIT_MS)
    waiting = []
    while house.poll(0):
        waiting.append(house.recv_multipart()[0])
    for routing_id in waiting:
        house.send_multipart([routing_id, body], zmq.DONTWAIT)
    return len(waiting)


@pytest.mark.parametrize("body", [b"small", PAGE], ids=["small", "pages"])
def test_who_reads_loses_no_answer(pair: Pair, body: bytes) -> None:
    """Whatever number the client reads before it asks for as many again."""
    for _ in range(REMEMBERED_REQUESTS_MAX):
        pair.client.send(b"?")
    on_the_way = 0
    for wanted in islice(cycle(range(1, REMEMBERED_REQUESTS_MAX + 1)), 4 * REMEMBERED_REQUESTS_MAX):
        while on_the_way < wanted:
            on_the_way += answered(pair.house, body)
        for _ in range(wanted):
            assert pair.client.poll(WAIT_MS)
            assert pair.client.recv() == body
        on_the_way -= wanted
        for _ in range(wanted):
            pair.client.send(b"?")


def test_who_does_not_read_costs_a_bounded_number_of_answers(pair: Pair) -> None:
    pair.client.setsockopt(zmq.RCVHWM, 1)
    pair.client.send(b"?")
    assert pair.house.poll(WAIT_MS)
    routing_id, _ = pair.house.recv_multipart()
    taken, taken_max = 0, ANSWERS_QUEUED_MAX + SYSTEM_BUFFERS_BYTES // len(PAGE)
    with suppress(zmq.Again):
        while taken <= taken_max:
            pair.house.send_multipart([routing_id, PAGE], zmq.DONTWAIT)
            taken += 1
    assert taken <= taken_max


UNREAD = """
import sys
sys.path.insert(0, sys.argv[1])
import zmq
from common import sockets
sockets.HEARTBEAT_INTERVAL_MS = 20
context = sockets.new_context()
house, listener, nobody = context.socket(zmq.XPUB), context.socket(zmq.SUB), context.socket(zmq.PULL)
house.setsockopt(zmq.SNDHWM, 0)
sockets.set_subscriber(listener, 1024)
listener.subscribe(b"")
listener.connect(f"tcp://127.0.0.1:{house.bind_to_random_port('tcp://127.0.0.1')}")
house.recv()
for _ in range(10 * sockets.BROADCASTS_QUEUED_MAX):
    house.send(bytes(100))
assert listener.poll(20_000)
nobody.poll(500)
house.close(linger=0)
nobody.poll(1000)
read = 0
while listener.poll(100):
    listener.recv()
    read += 1
print("alive" if read >= sockets.BROADCASTS_QUEUED_MAX else read)
"""


def test_who_does_not_read_the_broadcasts_outlives_the_end_of_their_connection() -> None:
    """With heartbeats of ZMTP, which the script would make quick, libzmq aborts the program."""
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", UNREAD, str(root)], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.stdout == "alive\n", done.stdout + done.stderr
