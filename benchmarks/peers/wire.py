"""The load generator's knowledge of a peer: how bidders connect, send requests, and recognise whole answers."""

import socket
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from common.errors import AuctionError

CONNECT_S: Final = 60.0
RECEIVE_BYTES: Final = 1 << 14
"""The most bytes of one receive. With more, each answer maps and unmaps a buffer, which costs more than all else."""
Address = tuple[str, int]


class BrokenPeerError(AuctionError):
    """A peer failed: it refused a good bid, lost one, or did not start. Nothing was measured."""

    code = "peer"


class Answers(NamedTuple):
    """The answers in some bytes: the count of whole ones, the bytes of the next one, and an immediate reply to send."""

    whole: int
    rest: bytes
    reply: bytes = b""


class Wire(NamedTuple):
    """How bidders speak with a peer. A connection may serve several bidders; answers come in the order of requests."""

    connect: Callable[[int], socket.socket]
    """Returns the blocking connection with this number, ready for its first request."""
    request: Callable[[int, int, int], bytes]
    """Returns the bytes that a bidder sends in a round, from the connection, the bidder and the round."""
    answers: Callable[[bytes], Answers]
    """Counts the whole answers in the bytes that a connection received. Raises BrokenPeerError at a wrong one."""


class Watcher(NamedTuple):
    """How one subscriber receives all bids. It is sent to another process, so both must be functions of a module."""

    connect: Callable[[], socket.socket]
    """Returns a blocking connection whose subscription is in force."""
    publications: Callable[[bytes], Answers]
    """Counts the bids in the whole publications that a connection received."""


def connect_to(address: Address) -> socket.socket:
    """Return a blocking connection that sends without delay (TCP_NODELAY)."""
    connection = socket.create_connection(address, CONNECT_S)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def count_equal(data: bytes, expected: bytes) -> Answers:
    """Count answers that must all be `expected`. Raises BrokenPeerError at any other."""
    count, left = divmod(len(data), len(expected))
    if data[: len(data) - left] != expected * count:
        raise BrokenPeerError(f"The peer answered {data[:200]!r} where {expected!r} was due.")
    return Answers(count, data[len(data) - left :])


def receive_until(connection: socket.socket, is_whole: Callable[[bytes], bool]) -> bytes:
    """Return the bytes that a connection receives, once they are whole. Raises BrokenPeerError if it ends first."""
    data = b""
    while not is_whole(data):
        received = connection.recv(RECEIVE_BYTES)
        if not received:
            raise BrokenPeerError(f"The peer hung up after {data!r}.")
        data += received
    return data


def receive_exactly(connection: socket.socket, count: int) -> bytes:
    """Return the next `count` bytes. Raises BrokenPeerError if the connection ends first."""
    data = bytearray()
    while len(data) < count:
        received = connection.recv(count - len(data))
        if not received:
            raise BrokenPeerError(f"The peer hung up after {bytes(data)!r}.")
        data += received
    return bytes(data)


class Running(NamedTuple):
    """A running peer. The echo has neither publications nor records."""

    bids: Wire
    trivial: Wire | None
    """Requests that cost the peer almost nothing. The generator's higher rate with them proves that it waits for the
    peer when it sends bids."""
    watcher: Watcher | None
    server_s: Callable[[], float]
    """Returns the processor time that all the peer's processes took."""
    records: Callable[[], Awaitable[int]] | None
    """Returns the number of bids on record, read from the durable data."""


class Peer(Protocol):
    """A peer that can be started."""

    name: str

    def running(self, folder: Path) -> AbstractAsyncContextManager[Running]:
        """Run the peer on data in `folder`, with lots for everybody; leaving stops it. Raises BrokenPeerError."""
