"""The peers' load generator: one thread, plain sockets, one epoll. It is the same for every peer, so none pays more.

It speaks each peer's protocol over bare sockets. `benchmarks.load.closed_loop` could not, since it uses ZeroMQ's
sockets.

Bidders are spread over connections. With a connection for each bidder, each connection has one open bid. With fewer
connections, the bids of several bidders follow each other on a connection without waiting. A pool differs: a bid goes
to a free connection, and waits if none is free.

The generator must never be the bottleneck. Each `Load` tells how much of a core the generator took, and the runs also
measure its rate with a request that costs the peer almost nothing.
"""

import select
import socket
import time
from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

from benchmarks.load.machine import stolen_s
from benchmarks.load.ring import BIDDERS, Ring
from benchmarks.peers.wire import RECEIVE_BYTES, BrokenPeerError, Wire

ANSWER_S: Final = 60.0
"""The longest time that a peer may be silent on all connections."""
EVENTS_MAX: Final = 32
"""The most connections read before the next bids are sent, so that the peer always has work."""


class Load(NamedTuple):
    """The result of a load: the answers in the measured time, and in `total` with warm-up and end.

    `generator_s` and `server_s` are processor seconds. `stolen_s` is the time that the machine's host took from all
    cores meanwhile; if it is long, the figures are too low.
    """

    answered: int
    seconds: float
    generator_s: float
    server_s: float
    stolen_s: float
    total: int

    @property
    def per_s(self) -> float:
        """The answers per second."""
        return self.answered / self.seconds

    def percent(self, processor_s: float) -> float:
        """Return a processor time as a percentage of one core in the measured time."""
        return 100 * processor_s / self.seconds


class Generator:
    """The connections of all bidders to one peer. Close it after use."""

    def __init__(self, wire: Wire, connections: int, *, is_pool: bool = False) -> None:
        self._wire = wire
        self._ring = Ring()
        self._ready: list[int] = []
        self._is_pool = is_pool
        self._sockets: list[socket.socket] = []
        try:
            for number in range(connections):
                self._sockets.append(wire.connect(number))
        except BaseException:
            self.close()
            raise
        self._under_way: list[deque[int]] = [deque() for _ in self._sockets]
        self._free = list(range(connections))
        self._rest = [b""] * connections
        self._outgoing: list[list[bytes]] = [[] for _ in self._sockets]
        self._by_descriptor = {connection.fileno(): number for number, connection in enumerate(self._sockets)}

    def measure(self, warm_up_s: float, measured_s: float, server_s: Callable[[], float]) -> Load:
        """Keep all bidders busy, and count the answers after the warm-up. `server_s` reads the peer's processor time.

        Raises BrokenPeerError if an answer is wrong, or none comes.
        """
        with select.epoll() as poll:
            for connection in self._sockets:
                connection.settimeout(0)
                poll.register(connection.fileno(), select.EPOLLIN)
            self._ready = self._ring.start()
            self._send()
            self._run(poll, warm_up_s)
            before = server_s(), time.process_time(), stolen_s()
            answered, seconds = self._run(poll, measured_s)
            after = server_s(), time.process_time(), stolen_s()
            self._finish(poll)
        server_used_s, generator_s, stolen = (late - early for late, early in zip(after, before, strict=True))
        return Load(answered, seconds, generator_s, server_used_s, stolen, sum(self._ring.answered))

    def close(self) -> None:
        """Close all connections."""
        for connection in self._sockets:
            connection.close()

    def _run(self, poll: select.epoll, lasting_s: float) -> tuple[int, float]:
        began_s = time.perf_counter()
        answered = 0
        while time.perf_counter() - began_s < lasting_s:
            answered += self._receive_from(poll)
            self._send()
        return answered, time.perf_counter() - began_s

    def _finish(self, poll: select.epoll) -> None:
        """Receive the answers to the open requests, and send no more."""
        self._ready.clear()
        while any(self._under_way):
            self._receive_from(poll)
            self._ready.clear()

    def _receive_from(self, poll: select.epoll) -> int:
        events = poll.poll(ANSWER_S, EVENTS_MAX)
        if not events:
            raise BrokenPeerError(f"The peer answered nothing for {ANSWER_S:.0f} s.")
        answered = 0
        for descriptor, _ in events:
            answered += self._receive(self._by_descriptor[descriptor])
        return answered

    def _receive(self, number: int) -> int:
        received = self._sockets[number].recv(RECEIVE_BYTES)
        if not received:
            raise BrokenPeerError("The peer hung up.")
        rest = self._rest[number]
        count, self._rest[number], reply = self._wire.answers(rest + received if rest else received)
        if reply:
            self._sockets[number].sendall(reply)
        under_way = self._under_way[number]
        for _ in range(count):
            self._ring.advance(under_way.popleft(), self._ready)
        if self._is_pool and count:
            self._free.append(number)
        return count

    def _send(self) -> None:
        """Send all due requests, with one call for each connection: at most a few kilobytes, which always fit."""
        for number in self._dispatch_to_free() if self._is_pool else self._dispatch_to_own():
            outgoing = self._outgoing[number]
            self._sockets[number].sendall(outgoing[0] if len(outgoing) == 1 else b"".join(outgoing))
            outgoing.clear()

    def _dispatch_to_own(self) -> set[int]:
        connections = len(self._sockets)
        touched = set()
        for bidder in self._ready:
            number = bidder % connections
            self._give(bidder, number)
            touched.add(number)
        self._ready.clear()
        return touched

    def _dispatch_to_free(self) -> set[int]:
        """Give each free connection a bid; the remaining bids wait in their order."""
        count = min(len(self._free), len(self._ready))
        numbers = [self._free.pop() for _ in range(count)]
        for bidder, number in zip(self._ready[:count], numbers, strict=True):
            self._give(bidder, number)
        del self._ready[:count]
        return set(numbers)

    def _give(self, bidder: int, number: int) -> None:
        self._under_way[number].append(bidder)
        self._outgoing[number].append(self._wire.request(number, bidder, self._ring.answered[bidder]))


def drive(
    wire: Wire,
    connections: int,
    warm_up_s: float,
    measured_s: float,
    server_s: Callable[[], float],
    *,
    is_pool: bool = False,
) -> Load:
    """Measure one load over new connections."""
    if not 1 <= connections <= BIDDERS:
        raise ValueError(f"{connections} connections for {BIDDERS} bidders")
    generator = Generator(wire, connections, is_pool=is_pool)
    try:
        return generator.measure(warm_up_s, measured_s, server_s)
    finally:
        generator.close()
