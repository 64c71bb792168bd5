"""Measures the way from this device to a house: its ports, the handshake, an answer, a broadcast, and the time.

Nobody is enrolled by it. Without a name the device says hello as an observer, as `bidder watch` does; with a name only
pings are sent, since a bidder's hello would give it a paddle.
"""

import select
import socket
import time
from collections.abc import Sequence
from contextlib import ExitStack
from errno import EHOSTUNREACH, EINPROGRESS, ENETDOWN, ENETUNREACH
from typing import Final

import zmq
from msgspec import Struct
from msgspec.structs import replace

from bidder.core.diagnosis import Handshake, Probe, Tcp, Way
from bidder.shells.addresses import ADDRESSES_MAX, resolve
from bidder.shells.line import Line, feed_options, request_options
from common.codec import decode_answer, encode, topic
from common.errors import RejectCode, RejectedError, WrongKeyError
from common.keys import KeyPair
from common.limits import HEARTBEAT_MS, PROTOCOL_VERSION
from common.links import JoinLink, zmq_address
from common.messages import AnyAnswer, AnyRequest, Hello, Ping, Pong, Rejected, Role, Welcome
from common.sockets import new_context

CONNECT_S: Final = 2.0
PINGS: Final = 10
HEARD_MS: Final = 3 * HEARTBEAT_MS
_REFUSALS: Final = (RejectCode.UNAVAILABLE, RejectCode.SLOW_DOWN)
"""Rejections that say nothing about the key."""


class Who(Struct, frozen=True):
    """Who asks: the keys, and whether they are a name's. Those of a name are not enrolled by a probe."""

    keys: KeyPair
    is_named: bool


def probe(link: JoinLink, who: Who, timeout_ms: int) -> Probe:
    """Measure the way to the house of a link. `timeout_ms` bounds each step. Raises UsageError for bad keys."""
    found, failure = _addresses(link)
    hosts = ", ".join(dict.fromkeys(place.host for place in link.places))
    if not found:
        return Probe(host=hosts, lookup_error=failure)
    ways = _ways(found, link.publish_port)
    base = Probe(host=hosts, ways=ways)
    reached = next((way for way in ways if way.requests is Tcp.OPEN), None)
    return base if reached is None else _ask(base, reached, link, who, timeout_ms)


def _addresses(link: JoinLink) -> tuple[list[tuple[str, int]], str]:
    """Return the numeric addresses of a link with their ports, and why a name was not found."""
    found: list[tuple[str, int]] = []
    failure = "the answer is empty"
    for place in link.places:
        try:
            found += [(address, place.port) for address in resolve(place.host)]
        except (OSError, ValueError) as error:
            failure = str(getattr(error, "strerror", None) or error)
    return found[:ADDRESSES_MAX], failure


# --- the ports --------------------------------------------------------------------------------------------------------


def _ways(found: Sequence[tuple[str, int]], publish_port: int) -> tuple[Way, ...]:
    """Try both ports of all addresses at once."""
    targets = [(address, number) for address, port in found for number in (port, publish_port)]
    states = _connect_all(targets)
    return tuple(
        Way(address, port, publish_port, states[2 * index], states[2 * index + 1])
        for index, (address, port) in enumerate(found)
    )


def _connect_all(targets: Sequence[tuple[str, int]]) -> list[Tcp]:
    """Return how a connection to each target ends, all of them within CONNECT_S."""
    states = [Tcp.SILENT] * len(targets)
    with ExitStack() as resources:
        poller, waiting = select.poll(), dict[int, tuple[int, socket.socket]]()
        for index, (address, number) in enumerate(targets):
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            one = resources.enter_context(socket.socket(family, socket.SOCK_STREAM))
            one.settimeout(0)
            error = one.connect_ex((address, number))
            if error == EINPROGRESS:
                poller.register(one, select.POLLOUT)
                waiting[one.fileno()] = index, one
            else:
                states[index] = _tcp(error)
        deadline_s = time.monotonic() + CONNECT_S
        while waiting and (left_s := deadline_s - time.monotonic()) > 0:
            for handle, _ in poller.poll(left_s * 1000):
                index, one = waiting.pop(handle)
                poller.unregister(handle)
                states[index] = _tcp(one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
    return states


def _tcp(error: int) -> Tcp:
    if error == 0:
        return Tcp.OPEN
    if error in (ENETUNREACH, EHOSTUNREACH, ENETDOWN):
        return Tcp.NO_WAY
    return Tcp.REFUSED


# --- the house --------------------------------------------------------------------------------------------------------


def _ask(base: Probe, way: Way, link: JoinLink, who: Who, timeout_ms: int) -> Probe:
    """Shake hands, ping, and listen, as far as the house lets the key."""
    with new_context() as context, ExitStack() as resources:
        asking = Line(context, zmq.DEALER, request_options(link, who.keys))
        resources.callback(asking.close)
        asking.connect(zmq_address(way.address, way.port), _now_ms())
        handshake = _shake_hands(asking, timeout_ms)
        if handshake is not Handshake.DONE:
            return replace(base, handshake=handshake)
        told = replace(base, handshake=handshake)
        asked = _Asked(asking, timeout_ms)
        answer = asked.ask(Ping(id=1))
        if answer is None:
            return told
        if not who.is_named:
            answer = asked.ask(_hello(link, who))
        refused = answer.code if isinstance(answer, Rejected) and answer.code not in _REFUSALS else None
        for number in range(PINGS):
            asked.ask(Ping(id=3 + number))
        told = replace(
            told,
            is_answered=True,
            refused=refused,
            round_trips_ms=tuple(asked.round_trips_ms),
            offset_ms=asked.offset_ms,
        )
        if refused is not None:
            return told
        port = answer.publish_port if isinstance(answer, Welcome) else link.publish_port
        feed = Line(context, zmq.SUB, feed_options(link, who.keys))
        resources.callback(feed.close)
        feed.socket.setsockopt(zmq.SUBSCRIBE, topic("beat"))
        feed.connect(zmq_address(way.address, port), _now_ms())
        return replace(told, is_heard=_shake_hands(feed, timeout_ms) is Handshake.DONE and _hears(feed))


def _hello(link: JoinLink, who: Who) -> Hello:
    key = "" if link.server_key else who.keys.public
    return Hello(id=2, versions=(PROTOCOL_VERSION,), role=Role.OBSERVER, invite=link.invite, key=key)


def _shake_hands(line: Line, timeout_ms: int) -> Handshake:
    deadline_ms = _now_ms() + timeout_ms
    while (left_ms := deadline_ms - _now_ms()) > 0:
        line.monitor.poll(left_ms)
        try:
            if line.came_up(_now_ms()):
                return Handshake.DONE
        except (WrongKeyError, RejectedError):
            return Handshake.WRONG_HOUSE
        line.connect_again_if_given_up(_now_ms())
    return Handshake.SILENT


def _hears(feed: Line) -> bool:
    return bool(feed.socket.poll(HEARD_MS))


class _Asked:
    """Asks one thing after another, and keeps how long each answer took and what time the house told."""

    def __init__(self, line: Line, timeout_ms: int) -> None:
        self.round_trips_ms: list[float] = []
        self._line = line
        self._timeout_ms = timeout_ms
        self._offsets: list[tuple[float, int]] = []

    @property
    def offset_ms(self) -> int | None:
        """How far the house's clock is ahead, by the answer with the shortest round trip; None: none told the time."""
        return min(self._offsets)[1] if self._offsets else None

    def ask(self, request: AnyRequest) -> AnyAnswer | None:
        """Return the answer; None if none comes in time."""
        sent_ms, sent_s = time.time() * 1000, time.perf_counter()
        self._line.send(encode(request))
        if not self._line.socket.poll(self._timeout_ms):
            return None
        round_trip_ms = (time.perf_counter() - sent_s) * 1000
        frame = self._line.receive()
        assert frame is not None, "a message waits"
        answer = decode_answer(frame)
        self.round_trips_ms.append(round_trip_ms)
        if isinstance(answer, Pong | Welcome):
            self._offsets.append((round_trip_ms, round(answer.server_time_ms - sent_ms - round_trip_ms / 2)))
        return answer


def _now_ms() -> int:
    return time.monotonic_ns() // 1_000_000
