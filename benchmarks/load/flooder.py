"""A hostile bidder: it does one bad thing as fast as it can, and reads no answers.

`fairness` runs it as a process: `python -m benchmarks.load.flooder KIND REQUESTS PUBLISHER KEY`, where the key is
empty without CURVE. It floods until it receives any input. Then it reports how much it did: messages sent, or
connections made.

A real attacker has its own processors. This one shares the processors of the house and of the honest bidders, so it
yields to them, and takes all the time that they leave.
"""

import errno
import os
import select
import socket
import sys
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import zmq

from benchmarks.load.child import say
from benchmarks.load.connections import say_hello
from common.codec import encode
from common.formats.english import BidRequest
from common.keys import KeyPair, new_keys
from common.limits import REPLY_BYTES_MAX
from common.messages import Hello, SnapshotRequest
from common.sockets import new_context, set_request_client, set_subscriber, use_curve_client

JUNK: Final = b"\xc1" * 100
"""A message that is no MessagePack: no MessagePack value begins with this byte."""
GREETING: Final = b"\xff" + b"\0" * 8 + b"\x7f\x03\x01CURVE".ljust(54, b"\0")
"""The beginning of a ZMTP handshake that is never continued."""
FRAMES: Final = 1000
"""The number of frames in a message that should have one."""
HELD: Final = 100
"""The most connections that a flood of new connections holds at a time."""
KEYS: Final = 50
"""The number of strangers' keys. They are reused, since making a key takes as long as being refused."""
_AT_ONCE: Final = 256
_SEND_TIMEOUT_MS: Final = 50
_NICENESS: Final = 10


class Aim(NamedTuple):
    """The house to flood, and the keys to use."""

    context: "zmq.Context[zmq.SyncSocket]"
    requests: str
    publisher: str
    server_key: str
    keys: KeyPair | None
    strangers: list[KeyPair]
    """Further keys to connect with; empty without CURVE."""

    def requests_socket(self, keys: KeyPair | None) -> zmq.SyncSocket:
        """Return a connection for requests, with the bidder's own key or a stranger's.

        It sends no heartbeats: a heartbeat that is due when the house cuts the connection would abort this process.
        """
        one = self.context.socket(zmq.DEALER)
        set_request_client(one, REPLY_BYTES_MAX)
        one.setsockopt(zmq.HEARTBEAT_IVL, 0)
        one.setsockopt(zmq.LINGER, 0)
        one.setsockopt(zmq.IMMEDIATE, 0)
        if keys is not None:
            use_curve_client(one, keys, self.server_key)
        one.connect(self.requests)
        return one

    def publisher_socket(self, kind: int) -> zmq.SyncSocket:
        """Return a connection to the broadcasts that receives almost nothing."""
        one = self.context.socket(kind)
        set_subscriber(one, REPLY_BYTES_MAX)
        one.setsockopt(zmq.LINGER, 0)
        one.setsockopt(zmq.RCVHWM, 1)
        if self.keys is not None:
            use_curve_client(one, self.keys, self.server_key)
        one.connect(self.publisher)
        return one


Flood = Callable[[Aim], Iterator[int]]
"""Yields again and again how much it did since the last yield."""


def _requests(body: Callable[[int], list[bytes]]) -> Flood:
    """Return a flood of requests over one connection; `body` returns the frames of each request."""
    return lambda aim: _sent(aim.requests_socket(aim.keys), body)


def _subscriptions(message: Callable[[int], bytes]) -> Flood:
    """Return a flood of a subscriber's messages over one connection."""
    return lambda aim: _sent(aim.publisher_socket(zmq.XSUB), lambda number: [message(number)])


def _sent(sender: zmq.SyncSocket, frames: Callable[[int], list[bytes]]) -> Iterator[int]:
    """Send messages as fast as the house takes them."""
    sender.setsockopt(zmq.SNDTIMEO, _SEND_TIMEOUT_MS)
    number = 0
    while True:
        before = number
        with suppress(zmq.Again):
            for _ in range(_AT_ONCE):
                sender.send_multipart(frames(number))
                number += 1
        yield number - before


def _connections(connected: Callable[[Aim, int], socket.socket | zmq.SyncSocket]) -> Flood:
    """Return a flood of new connections; the oldest are closed when there are too many."""

    def flood(aim: Aim) -> Iterator[int]:
        held: deque[socket.socket | zmq.SyncSocket] = deque()
        number = 0
        while True:
            try:
                held.append(connected(aim, number))
            except (OSError, zmq.ZMQError) as error:
                if error.errno not in (errno.EMFILE, errno.ECONNREFUSED, errno.ECONNRESET):
                    raise
                yield 0  # closed connections are not gone yet, or the house has no room
                continue
            if len(held) > HELD:
                held.popleft().close()
            number += 1
            yield 1

    return flood


def _deaf_listener(aim: Aim, _: int) -> zmq.SyncSocket:
    """Subscribe to everything and receive nothing."""
    one = aim.publisher_socket(zmq.SUB)
    one.subscribe(b"lot/")
    return one


def _half_handshake(aim: Aim, _: int) -> socket.socket:
    """Begin a handshake."""
    place = urlsplit(aim.requests)
    one = socket.create_connection((place.hostname, place.port))
    one.sendall(GREETING)
    return one


def _stranger(aim: Aim, number: int) -> zmq.SyncSocket:
    """Connect with a stranger's key, and say hello."""
    keys = aim.strangers[number % KEYS] if aim.strangers else None
    one = aim.requests_socket(keys)
    name = f"Stranger {number % KEYS}"
    one.send(encode(Hello(id=1, versions=(1,), name=name, key="" if keys else name)))
    return one


FLOODS: Final[dict[str, Flood]] = {
    "bids": _requests(lambda number: [encode(BidRequest(id=number + 2, lot="0", amount_minor=number + 1))]),
    "junk": _requests(lambda _: [JUNK]),
    "frames": _requests(lambda _: [b"x"] * FRAMES),
    "snapshots": _requests(lambda number: [encode(SnapshotRequest(id=number + 2))]),
    "topics": _subscriptions(lambda number: b"\x01lot/%d\0" % number),
    "probes": _subscriptions(lambda number: b"\x01~%016x\0" % number),
    "no topics": _subscriptions(lambda _: JUNK),
    "deaf listeners": _connections(_deaf_listener),
    "half handshakes": _connections(_half_handshake),
    "strangers": _connections(_stranger),
}


def flood(kind: str, requests: str, publisher: str, server_key: str) -> int:
    """Join, and flood until any input comes; return the amount done."""
    os.nice(_NICENESS)
    own, *others = [new_keys() for _ in range(KEYS + 1)] if server_key else [None]
    aim = Aim(new_context(), requests, publisher, server_key, own, [keys for keys in others if keys is not None])
    dealer = aim.requests_socket(aim.keys)
    say_hello(dealer, f"Flooder {kind}", is_encrypted=bool(server_key))
    say("ready")
    done = 0
    for did in FLOODS[kind](aim):
        done += did
        if select.select([sys.stdin], [], [], 0)[0]:
            break
    aim.context.destroy(linger=0)
    return done


if __name__ == "__main__":
    say(flood(*sys.argv[1:5]))
