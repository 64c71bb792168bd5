"""Who may subscribe to what: the XPUB socket asks for each subscription, and only what is granted is delivered.

Granted are the topics of the protocol, to principals who are admitted. A connection may follow a number of lots by
their own topics; these places are the connection's, and end with it. A probe (a topic that starts with `~`) is answered
on that very topic with the number of topics that its connection has, so that a client sees what was refused. It is then
forgotten, so probes take no memory.

libzmq grants a subscription to the peer of the message that was received last, and keeps messages and peers in two
queues. A message that is no subscription, which nobody but an attacker sends, takes a peer from its queue without
having put one there: from then on each grant would go to the peer of the *next* message, so a stranger could be given
an admitted bidder's subscription. Both queues are in step again once they are empty. Until then nothing is granted;
who loses a subscription by that hears no heartbeat, or no answer to a probe, and subscribes anew. Whoever sends such a
message is cut off, and turned away at the door for a while, as is who sends more than the budget: libzmq takes in all
that a connection brings, without a bound, and one that comes back at once would bring more than can be looked at.

A publisher socket has no way to end one peer's delivery, so that a key that is turned out loses its connections.
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
"""What every connection may follow; the empty topic and `lot/` are prefixes."""
_OWN_LOT: Final = re.compile(_LOT + rb"[0-9A-Za-z-]{1,%d}" % LOT_CHARS_MAX + TOPIC_END)
"""Other prefixes would match some lots' own topics and not that of many lots, so that changes would be missed."""
_PROBE: Final = re.compile(PROBE_TOPIC_PREFIX.encode() + rb"[0-9A-Fa-f]{%d,}" % PROBE_DIGITS_MIN + TOPIC_END)
"""A mere prefix would bring the probes of others, and a topic that can be guessed would be asked for by others."""


class Asked(NamedTuple):
    """A message from XPUB: who sent it (None where nobody is authenticated), and 1 or 0, then the topic."""

    principal: str | None
    message: bytes


class Probe(NamedTuple):
    """A probe to be answered: its topic, and to how many topics its connection is subscribed."""

    topic: bytes
    subscriptions: int


class _Listener(NamedTuple):
    """A connection that something is delivered to: whose it is, where it comes from, and its topics."""

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
        self._handle: int | None = None  # of the connection that the last message came from,
        self._sender: str | None = None  # and who sent it
        self._listening: dict[int | str, _Listener] = {}  # by handle, where there is none by principal
        self._followers: dict[str, int] = {}  # how many of these follow each stream by its own topic,
        self._wide = 0  # and how many subscriptions there are to prefixes, which match many
        self._is_countable = True  # False once somebody followed a stream over a connection that could not be told

    def is_followed(self, stream: str) -> bool:
        """Return whether somebody may follow a stream by its own topic, and so hear nothing that comes on another."""
        return stream in self._followers or not self._is_countable

    def deliveries(self, frames: int, streams: Collection[str]) -> int:
        """Return to how many connections frames with changes of these streams go in all.

        At the most: a subscription to a prefix counts for every frame, and who left counts until `forget_gone`.
        """
        to_prefixes = self._wide * frames
        return to_prefixes + sum(map(self._followers.get, streams, repeat(0))) if self._followers else to_prefixes

    def receive(self) -> Asked | None:
        """Return the next message that waits; None where there is none. The caller may then `grant` it."""
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
        """Grant the subscription that was just received, if it is one of the protocol's and not one too many.

        Returns a probe that is to be answered; the caller publishes on its topic and then calls `forget_probe`, before
        it receives another message.
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
        """Forget the connections that are gone: what the socket says of an end does not tell whose it was."""
        for key, listener in list(self._listening.items()):
            if isinstance(key, int) and (far_end(self._publisher, key) or "gone") != listener.far_end:
                self._forget(key)

    def cut_off(self, principal: str) -> None:
        """End every connection over which a principal subscribed; who may not come back is told at the door."""
        for key in [key for key, one in self._listening.items() if one.principal == principal]:
            self._forget(key)
            shut_down(self._publisher, key if isinstance(key, int) else None)

    def cut_off_sender(self) -> None:
        """End the connection that the last message came over, and have its sender wait for the next one."""
        if self._sender is not None:
            self._turn_away(self._sender)
        shut_down(self._publisher, self._handle)

    def _listener(self, principal: str) -> _Listener:
        """Return the connection that the last message came over."""
        key = principal if self._handle is None else self._handle
        peer = None if self._handle is None else far_end(self._publisher, self._handle)
        listener = self._listening.get(key)
        if listener is None or listener.far_end != peer:
            self._forget(key)  # the handle is a new connection's by now
            listener = self._listening[key] = _Listener(principal, peer, set(), set())
        return listener

    def _follow(self, listener: _Listener, wanted: bytes) -> bool:
        """Note that a connection follows a topic from now on; return whether it may."""
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
