"""The peers' load generator: one thread, plain sockets, one epoll. The same for every peer, so that none pays more.

It speaks each peer's protocol over bare sockets, which `benchmarks.load.closed_loop`, made of ZeroMQ's, could not.

Bidders are spread over connections. With a connection for each bidder, one bid is under way on each; with fewer, the
bids of several bidders follow each other on it without waiting. A pool differs: a bid goes to a connection that is
free, and waits where none is.

It must never be the bottleneck. Each `Load` says how much of a core the generator took, and the runs measure what it
reaches with a request that costs the peer next to nothing.
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
"""How long a peer may be silent altogether."""
EVENTS_MAX: Final = 32
"""Connections read before the next bids are sent: the peer should have something to do meanwhile."""


class Load(NamedTuple):
    """What came of a load: `answered` in the measured time, `total` with warm-up and end; processor seconds of both.

    `stolen_s` is what the machine below took from all cores in that time; where it is much, the figures are low.
    """

    answered: int
    seconds: float
    generator_s: float
    server_s: float
    stolen_s: float
    total: int

    @property
    def per_s(self) -> float:
        """Answers a second."""
        return self.answered / self.seconds

    def percent(self, processor_s: float) -> float:
        """Return a processor time as percent of one core in the measured time."""
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

        Raises BrokenPeerError where an answer is not good, or none comes.
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
        """Take the answers to what is under way, and ask no more."""
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
        """Send what is due, with one call for each connection: it holds a few kilobytes at most, so it always fits."""
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
        """Give each free connection a bid; those that find none wait in their order."""
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
    """Measure one load with connections of its own."""
    if not 1 <= connections <= BIDDERS:
        raise ValueError(f"{connections} connections for {BIDDERS} bidders")
    generator = Generator(wire, connections, is_pool=is_pool)
    try:
        return generator.measure(warm_up_s, measured_s, server_s)
    finally:
        generator.close()
