"""What the load generator must know of a peer: how its bidders connect, ask, and tell a whole answer from a part."""

import socket
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from common.errors import AuctionError

CONNECT_S: Final = 60.0
RECEIVE_BYTES: Final = 1 << 14
"""More would have a buffer mapped and unmapped for each answer, which costs more than all the rest."""
Address = tuple[str, int]


class BrokenPeerError(AuctionError):
    """A peer did not do its part: it refused a bid that was good, lost one, or did not start. Nothing was measured."""

    code = "peer"


class Answers(NamedTuple):
    """What some bytes hold: how many are whole, the bytes of the next one, and what must be said back at once."""

    whole: int
    rest: bytes
    reply: bytes = b""


class Wire(NamedTuple):
    """How bidders speak with a peer. A connection may carry several; its answers come in the order of its requests."""

    connect: Callable[[int], socket.socket]
    """Returns the connection of this number, blocking, with everything said that comes before the first request."""
    request: Callable[[int, int, int], bytes]
    """From a connection, a bidder and a round to what the bidder sends."""
    answers: Callable[[bytes], Answers]
    """Counts the whole answers in what a connection received. Raises BrokenPeerError at one that is not good."""


class Watcher(NamedTuple):
    """How one subscriber hears of all bids. It goes to another process, so both are functions of a module."""

    connect: Callable[[], socket.socket]
    """Returns a blocking connection on which the subscription is in force."""
    publications: Callable[[bytes], Answers]
    """Counts the bids in the whole publications that a connection received."""


def connect_to(address: Address) -> socket.socket:
    """Return a blocking connection that sends at once what it is given."""
    connection = socket.create_connection(address, CONNECT_S)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def count_equal(data: bytes, expected: bytes) -> Answers:
    """Count answers that must all be `expected`. Raises BrokenPeerError at one that is not."""
    count, left = divmod(len(data), len(expected))
    if data[: len(data) - left] != expected * count:
        raise BrokenPeerError(f"The peer answered {data[:200]!r} where {expected!r} was due.")
    return Answers(count, data[len(data) - left :])


def receive_until(connection: socket.socket, is_whole: Callable[[bytes], bool]) -> bytes:
    """Return what a connection receives, as soon as it is whole. Raises BrokenPeerError where it ends before."""
    data = b""
    while not is_whole(data):
        received = connection.recv(RECEIVE_BYTES)
        if not received:
            raise BrokenPeerError(f"The peer hung up after {data!r}.")
        data += received
    return data


def receive_exactly(connection: socket.socket, count: int) -> bytes:
    """Return the next `count` bytes. Raises BrokenPeerError where the connection ends before."""
    data = bytearray()
    while len(data) < count:
        received = connection.recv(count - len(data))
        if not received:
            raise BrokenPeerError(f"The peer hung up after {bytes(data)!r}.")
        data += received
    return bytes(data)


class Running(NamedTuple):
    """A peer that runs. The echo has neither publications nor records."""

    bids: Wire
    trivial: Wire | None
    """Requests that cost it next to nothing: how much faster the generator is with them shows that it waits for the
    peer with bids."""
    watcher: Watcher | None
    server_s: Callable[[], float]
    """The processor time that all its processes took."""
    records: Callable[[], Awaitable[int]] | None
    """How many bids are on record, asked of what was made durable."""


class Peer(Protocol):
    """A peer that can be started."""

    name: str

    def running(self, folder: Path) -> AbstractAsyncContextManager[Running]:
        """Run the peer on data in `folder`, with lots for everybody; leaving stops it. Raises BrokenPeerError."""
