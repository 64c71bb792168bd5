"""The house's three sockets without a network, for the real `auctioneer.process.server.Server`, and the lines to them.

A socket here behaves like libzmq's. ROUTER keeps the order of each peer's messages, and reports EHOSTUNREACH for a lost
peer. XPUB passes on each subscription; a grant goes to the peer whose message was received last, and XPUB delivers only
granted topics. The process may end or stand still at every call (`Process.at_call`).
"""

from collections import deque
from types import SimpleNamespace
from typing import Protocol, cast

import zmq

from auctioneer.network.door import TurnedAway
from auctioneer.network.endpoints import Endpoints
from tests.simulation.world import World

PEER_BYTES = 5


class Process(Protocol):
    """The process that makes the calls."""

    def at_call(self, what: str) -> None:
        """Let the process end or stand still here, if that is planned."""

    def received(self, peer: "Line", body: bytes) -> None:
        """Note a message that the house read."""

    def sent(self, peer: "Line | None", body: bytes) -> None:
        """Note a message that left the house; with `peer` None it goes to everybody."""


class Frame:
    """A received frame, as `recv(copy=False)` returns it."""

    more = False

    def __init__(self, content: bytes, key: str) -> None:
        self.bytes = content
        self.buffer = memoryview(content)
        self._key = key

    def get(self, name: bytes | int) -> str | int:
        """Return the key of the sender, if it has one; no file handle is available."""
        if name != b"User-Id" or not self._key:
            raise zmq.ZMQError(zmq.EINVAL)
        return self._key


class Socket:
    """The common part of both kinds of socket."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self.peers: dict[bytes, Line] = {}

    def getsockopt_string(self, option: int) -> str:
        assert option == zmq.LAST_ENDPOINT
        return "tcp://simulated:7001"

    def plug(self, line: "Line") -> None:
        self.peers[line.routing_id] = line

    def unplug(self, line: "Line") -> None:
        self.peers.pop(line.routing_id, None)


class Router(Socket):
    """ROUTER: `waiting` has the received messages that are not yet read."""

    def __init__(self, process: Process) -> None:
        super().__init__(process)
        self.waiting: deque[tuple[Line, bytes]] = deque()
        self._body: Frame | None = None
        self._to: Line | None = None

    def arrive(self, line: "Line", body: bytes) -> None:
        self.waiting.append((line, body))

    def recv(self, flags: int = 0, copy: bool = True) -> "bytes | Frame":
        assert flags & zmq.DONTWAIT, "the house would wait for somebody to speak"
        self._process.at_call("recv")
        if self._body is not None:
            frame, self._body = self._body, None
            return frame.bytes if copy else frame
        if not self.waiting:
            raise zmq.Again
        line, body = self.waiting.popleft()
        self._process.received(line, body)
        self._body = Frame(body, line.key)
        return line.routing_id if copy else Frame(line.routing_id, line.key)

    def recv_multipart(self, flags: int = 0, copy: bool = True) -> "list[bytes | Frame]":
        return [self.recv(flags, copy), self.recv(flags, copy)]

    def send(self, data: bytes, flags: int = 0, copy: bool = True) -> None:
        assert flags & zmq.DONTWAIT, "the house would wait for somebody who does not read"
        self._process.at_call("send")
        if flags & zmq.SNDMORE:
            self._to = self.peers.get(data)
            if self._to is None:
                raise zmq.ZMQError(zmq.EHOSTUNREACH)
            return
        line, self._to = self._to, None
        assert line is not None, "a body without a peer"
        self._process.sent(line, bytes(data))
        line.send_back(bytes(data))

    def send_multipart(self, parts: list[bytes], flags: int = 0, copy: bool = True) -> None:
        self.send(parts[0], flags | zmq.SNDMORE)
        self.send(parts[1], flags)


class Publisher(Socket):
    """XPUB with MANUAL and VERBOSE."""

    def __init__(self, process: Process) -> None:
        super().__init__(process)
        self.waiting: deque[tuple[Line, bytes]] = deque()
        self._last: Line | None = None

    def arrive(self, line: "Line", body: bytes) -> None:
        self.waiting.append((line, body))

    def recv(self, flags: int = 0, copy: bool = True) -> "bytes | Frame":
        assert flags & zmq.DONTWAIT, "the house would wait for somebody to subscribe"
        self._process.at_call("recv subscription")
        if not self.waiting:
            raise zmq.Again
        self._last, message = self.waiting.popleft()
        return message if copy else Frame(message, self._last.key)

    def setsockopt(self, option: int, topic: bytes) -> None:
        if self._last is None:
            return
        if option == zmq.SUBSCRIBE:
            self._last.topics.add(topic)
        elif option == zmq.UNSUBSCRIBE:
            self._last.topics.discard(topic)

    def send(self, frame: bytes, flags: int = 0, copy: bool = True) -> None:
        self._process.at_call("publish")
        self._process.sent(None, frame)
        for line in list(self.peers.values()):
            if any(frame.startswith(topic) for topic in line.topics):
                line.send_back(frame)


def endpoints_of(requests: Router, publisher: Publisher, control: Router, turned_away: TurnedAway) -> Endpoints:
    """Return sockets for a server in place of the real ones. They have all methods that it calls, and bind no port."""
    sockets = SimpleNamespace(requests=requests, publisher=publisher, control=control, turned_away=turned_away)
    return cast("Endpoints", sockets)


class Poller:
    """A `zmq.Poller` whose poll runs the world until a message can be read, or its time is over."""

    def __init__(self, world: World, process: "PollingProcess") -> None:
        self._world = world
        self._process = process
        self._readers: list[Router | Publisher] = []
        self._handles: list[int] = []

    def register(self, reader: "Router | Publisher | int", flags: int = zmq.POLLIN) -> None:
        if isinstance(reader, int):
            self._handles.append(reader)
        else:
            self._readers.append(reader)

    def unregister(self, handle: int) -> None:
        self._handles.remove(handle)

    def poll(self, timeout_ms: int) -> list[tuple[object, int]]:
        self._process.before_poll()
        until_ms = self._world.now_ms + timeout_ms
        while not (ready := self._ready()) and self._world.step(until_ms):
            pass
        if ready:
            self._process.before_reading()
            ready = self._ready()
        return ready

    def _ready(self) -> list[tuple[object, int]]:
        if self._process.is_told_to_stop:
            return [(self._process.stop_handle, zmq.POLLIN)]
        readable: list[object] = [reader for reader in self._readers if reader.waiting]
        readable += [handle for handle in self._handles if self._process.is_readable(handle)]
        return [(reader, zmq.POLLIN) for reader in readable]


class PollingProcess(Process, Protocol):
    """A process that waits in a poll."""

    is_told_to_stop: bool
    stop_handle: int

    def is_readable(self, handle: int) -> bool:
        """Return whether a handle other than a socket can be read."""

    def before_poll(self) -> None:
        """Check the state between two turns."""

    def before_reading(self) -> None:
        """Let more messages arrive before the process reads."""


class Line:
    """One connection of one client to one socket of one house process; once broken, it stays broken."""

    _made = 0

    def __init__(self, key: str, socket: Socket, carrier: "Carrier") -> None:
        Line._made += 1
        self.key = key
        self.routing_id = Line._made.to_bytes(PEER_BYTES, "big")
        self.topics: set[bytes] = set()
        self.is_up = True
        self._socket = socket
        self._carrier = carrier
        socket.plug(self)

    def send(self, body: bytes) -> None:
        """Send to the house."""
        self._carrier.carry(self, body, to_house=True)

    def send_back(self, body: bytes) -> None:
        """Send to the client."""
        self._carrier.carry(self, body, to_house=False)

    def arrive_at_house(self, body: bytes) -> None:
        assert isinstance(self._socket, Router | Publisher)
        self._socket.arrive(self, body)

    def cut(self) -> None:
        """Break the connection; all messages under way are lost."""
        self.is_up = False
        self._socket.unplug(self)


class Carrier(Protocol):
    """Carries messages over a line."""

    def carry(self, line: Line, body: bytes, *, to_house: bool) -> None:
        """Carry a message to the other end, later or never."""
