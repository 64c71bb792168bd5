"""Who may subscribe to what: the XPUB socket passes on each subscription, and delivers only those that are granted.

The topics of the protocol are granted to admitted principals. A connection may follow a limited number of lots by their
own topics; the limit is counted for each connection, and ends with it. A probe (a topic that starts with `~`) is
answered on that same topic with the number of topics of its connection, so that a client sees what was refused. It is
then forgotten, so probes take no memory.

libzmq grants a subscription to the peer of the last received message, and it keeps messages and peers in two queues. A
message that is no subscription removes a peer from the queue without having added one; only an attacker sends one.
From then on each grant would go to the peer of the *next* message, so a stranger could get the subscription of an
admitted bidder. The queues agree again once both are empty, and until then nothing is granted. A client that loses a
subscription by this hears no heartbeat, or gets no answer to a probe, and subscribes again.

The sender of such a message is cut off, and turned away at the door for a while. So is one that sends more than its
budget: libzmq stores without a bound all that a connection brings, and a sender that came back at once would bring
more than the house can read.

A publisher socket can't end its deliveries to one peer, so a key that is turned out loses its connections.
"""

import re
from collections.abc import Callable, Collection
from itertools import repeat
from typing import Final, NamedTuple

import zmq

from auctioneer.network.connections import far_end, handle_of, shut_down
from auctioneer.network.endpoints import user_id
from common.codec import BEAT_TOPIC, LOT_TOPIC_PREFIX, PROBE_TOPIC_PREFIX, SALE_TOPIC, TOPIC_END, topic
from common.limits import LOT_CHARS_MAX, PROBE_DIGITS_MIN, SUBSCRIPTIONS_MAX, TOPIC_BYTES_MAX
from common.lot import SALE_STREAM

_UNSUBSCRIBE: Final = 0
_SUBSCRIBE: Final = 1
_LOT: Final = LOT_TOPIC_PREFIX.encode()
_BEAT: Final = topic(BEAT_TOPIC)
_SALE: Final = topic(SALE_TOPIC)
_WIDE: Final = frozenset({b"", _BEAT, _SALE, _LOT})
"""The topics that every connection may follow; the empty topic and `lot/` are prefixes."""
_OWN_LOT: Final = re.compile(_LOT + rb"[0-9A-Za-z-]{1,%d}" % LOT_CHARS_MAX + TOPIC_END)
"""A lot's own topic. Other prefixes would match some lots' own topics but not that of many lots, and miss events."""
_PROBE: Final = re.compile(PROBE_TOPIC_PREFIX.encode() + rb"[0-9A-Fa-f]{%d,}" % PROBE_DIGITS_MIN + TOPIC_END)
"""A probe's topic. A prefix would match the probes of others, and others could subscribe to a topic that they guess."""


class Asked(NamedTuple):
    """A message from XPUB: its sender (None if nobody is authenticated), and its body: 1 or 0, then the topic."""

    principal: str | None
    message: bytes


class Probe(NamedTuple):
    """A probe to answer: its topic, and the number of topics of its connection."""

    topic: bytes
    subscriptions: int


class _Listener(NamedTuple):
    """A connection with subscriptions: its principal, its far end, and its topics."""

    principal: str
    far_end: str | None
    wide: set[bytes]
    lots: set[bytes]


class Subscriptions:
    """The subscriptions of a publisher socket, counted by connection."""

    def __init__(self, publisher: "zmq.Socket[bytes]", turn_away: Callable[[str], None]) -> None:
        self._publisher = publisher
        self._turn_away = turn_away
        self._is_out_of_step = False
        self._handle: int | None = None  # of the connection that brought the last message,
        self._sender: str | None = None  # and who sent it
        self._listening: dict[int | str, _Listener] = {}  # by handle, or by principal if there is no handle
        self._followers: dict[str, int] = {}  # how many of these follow each stream by its own topic
        self._wide = 0  # how many subscriptions to prefixes there are, each of which matches many topics
        self._is_countable = True  # False once a follower of a stream had no connection that is known

    def is_followed(self, stream: str) -> bool:
        """Return whether somebody may follow a stream by its own topic, and so might hear no frame on another topic."""
        return stream in self._followers or not self._is_countable

    def deliveries(self, frames: int, streams: Collection[str]) -> int:
        """Return the most deliveries that this many frames, with events of these streams, need in all.

        A subscription to a prefix counts for every frame. A connection that ended counts until `forget_gone`.
        """
        to_prefixes = self._wide * frames
        return to_prefixes + sum(map(self._followers.get, streams, repeat(0))) if self._followers else to_prefixes

    def receive(self) -> Asked | None:
        """Return the next message that waits, which the caller may then `grant`; None if there is none."""
        try:
            frame = self._publisher.recv(zmq.DONTWAIT, copy=False)
        except zmq.Again:
            self._is_out_of_step = False
            return None
        message = frame.bytes
        self._handle, self._sender = handle_of(frame), user_id(frame)
        if not message or message[0] not in (_UNSUBSCRIBE, _SUBSCRIBE):
            self._is_out_of_step = True
            self.cut_off_sender()
        return Asked(self._sender, message)

    def grant(self, principal: str, message: bytes) -> Probe | None:
        """Grant the last received subscription, if the protocol has its topic and the connection has room for it.

        Returns a probe if that is to be answered. The caller then publishes on its topic and calls `forget_probe`, both
        before it receives another message.
        """
        if self._is_out_of_step or len(message) > TOPIC_BYTES_MAX + 1:
            return None
        wanted = message[1:]
        listener = self._listener(principal)
        if message[0] == _UNSUBSCRIBE:
            self._follow_no_more(listener, wanted)
            self._publisher.setsockopt(zmq.UNSUBSCRIBE, wanted)
            return None
        if _PROBE.fullmatch(wanted):
            self._publisher.setsockopt(zmq.SUBSCRIBE, wanted)
            return Probe(wanted, len(listener.wide) + len(listener.lots))
        if self._follow(listener, wanted):
            self._publisher.setsockopt(zmq.SUBSCRIBE, wanted)
        return None

    def forget_probe(self, probe: bytes) -> None:
        """Drop the subscription to a probe that was answered."""
        self._publisher.setsockopt(zmq.UNSUBSCRIBE, probe)

    def forget_gone(self) -> None:
        """Forget the connections that are gone; the socket's notice of an end does not say which connection ended."""
        for key, listener in list(self._listening.items()):
            if isinstance(key, int) and (far_end(self._publisher, key) or "gone") != listener.far_end:
                self._forget(key)

    def cut_off(self, principal: str) -> None:
        """End every connection over which a principal subscribed. The door decides whether it may come back."""
        for key in [key for key, one in self._listening.items() if one.principal == principal]:
            self._forget(key)
            shut_down(self._publisher, key if isinstance(key, int) else None)

    def cut_off_sender(self) -> None:
        """End the connection that brought the last message, and keep its sender out for a while."""
        if self._sender is not None:
            self._turn_away(self._sender)
        shut_down(self._publisher, self._handle)

    def _listener(self, principal: str) -> _Listener:
        """Return the connection that brought the last message."""
        key = principal if self._handle is None else self._handle
        peer = None if self._handle is None else far_end(self._publisher, self._handle)
        listener = self._listening.get(key)
        if listener is None or listener.far_end != peer:
            self._forget(key)  # the handle belongs to a new connection by now
            listener = self._listening[key] = _Listener(principal, peer, set(), set())
        return listener

    def _follow(self, listener: _Listener, wanted: bytes) -> bool:
        """Note that a connection follows a topic from now on; return False if it may not."""
        if wanted in _WIDE:
            topics = listener.wide
        elif _OWN_LOT.fullmatch(wanted) and (wanted in listener.lots or len(listener.lots) < SUBSCRIPTIONS_MAX):
            topics = listener.lots
        else:
            return False
        if wanted not in topics:
            topics.add(wanted)
            self._add(wanted, 1)
        self._is_countable &= self._handle is not None or topics is listener.wide
        return True

    def _follow_no_more(self, listener: _Listener, wanted: bytes) -> None:
        topics = listener.wide if wanted in _WIDE else listener.lots
        if wanted in topics:
            topics.remove(wanted)
            self._add(wanted, -1)

    def _forget(self, key: int | str) -> None:
        listener = self._listening.pop(key, None)
        if listener is not None:
            for wanted in (*listener.wide, *listener.lots):
                self._add(wanted, -1)

    def _add(self, topic_bytes: bytes, count: int) -> None:
        if not topic_bytes.endswith(TOPIC_END):
            self._wide += count
        elif topic_bytes != _BEAT:
            stream = SALE_STREAM if topic_bytes == _SALE else topic_bytes[len(_LOT) : -1].decode()
            followers = self._followers.pop(stream, 0) + count
            if followers:
                self._followers[stream] = followers
