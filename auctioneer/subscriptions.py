"""Who may subscribe to what: the XPUB socket asks for each subscription, and only what is granted is delivered.

Granted are the topics of the protocol, to principals who are admitted, up to a number for each. A probe (a topic that
starts with `~`) is answered on that very topic and then forgotten, so probes take no memory.

libzmq grants a subscription to the peer of the message that was received last, and keeps messages and peers in two
queues. A message that is no subscription, which nobody but an attacker sends, takes a peer from its queue without
having put one there: from then on each grant would go to the peer of the *next* message, so a stranger could be given
an admitted bidder's subscription. Both queues are in step again once they are empty. Until then nothing is granted;
who loses a subscription by that hears no heartbeat, or no answer to a probe, and subscribes anew. Whoever sends such a
message is cut off, and turned away at the door for a while, as is who sends more than the budget: libzmq takes in all
that a connection brings, without a bound, and one that comes back at once would bring more than can be looked at.

A publisher socket has no way to end one peer's delivery, so that a key that is turned out loses its connections.
"""

from collections import OrderedDict
from collections.abc import Callable, Collection
from itertools import repeat
from typing import Final, NamedTuple

import zmq

from auctioneer.connections import handle_of, is_open, shut_down
from auctioneer.endpoints import user_id
from common.codec import BEAT_TOPIC, LOT_TOPIC_PREFIX, PROBE_TOPIC_PREFIX, SALE_TOPIC, TOPIC_END, topic
from common.limits import BIDDERS_MAX, SUBSCRIPTIONS_MAX, TOPIC_BYTES_MAX
from common.lot import SALE_STREAM

_UNSUBSCRIBE: Final = 0
_SUBSCRIBE: Final = 1
_PROBE: Final = PROBE_TOPIC_PREFIX.encode()
_LOT: Final = LOT_TOPIC_PREFIX.encode()
_BEAT: Final = topic(BEAT_TOPIC)
_SALE: Final = topic(SALE_TOPIC)
_FIXED: Final = frozenset({b"", _BEAT, _SALE})


class Asked(NamedTuple):
    """A message from XPUB: who sent it (None where nobody is authenticated), and 1 or 0, then the topic."""

    principal: str | None
    message: bytes


class _Listener(NamedTuple):
    """A connection that something is delivered to: whose it is, and its topics."""

    principal: str
    topics: set[bytes]


class Subscriptions:
    """The subscriptions of a publisher socket, counted by principal."""

    def __init__(self, publisher: "zmq.Socket[bytes]", turn_away: Callable[[str], None]) -> None:
        self._publisher = publisher
        self._turn_away = turn_away
        self._topics: OrderedDict[str, set[bytes]] = OrderedDict()
        self._is_out_of_step = False
        self._handle: int | None = None  # of the connection that the last message came from,
        self._sender: str | None = None  # and who sent it
        self._listening: dict[int, _Listener] = {}  # by handle: no more than may be open
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

    def grant(self, principal: str, message: bytes) -> bytes | None:
        """Grant the subscription that was just received, if it is one of the protocol's and not one too many.

        Returns the topic if it is a probe to be answered; the caller publishes on it and then calls `forget_probe`,
        before it receives another message.
        """
        if self._is_out_of_step or len(message) > TOPIC_BYTES_MAX + 1:
            return None
        wanted = message[1:]
        if message[0] == _UNSUBSCRIBE:
            self._topics.get(principal, set()).discard(wanted)
            self._follow_no_more(wanted)
            self._publisher.setsockopt(zmq.UNSUBSCRIBE, wanted)
            return None
        if wanted.startswith(_PROBE):
            if not wanted.endswith(TOPIC_END):
                return None  # a mere prefix would bring the probes of others, and would never be forgotten
            self._publisher.setsockopt(zmq.SUBSCRIBE, wanted)
            return wanted
        if (wanted in _FIXED or _is_of_lots(wanted)) and self._count(principal, wanted):
            self._follow(principal, wanted)
            self._publisher.setsockopt(zmq.SUBSCRIBE, wanted)
        return None

    def forget_probe(self, probe: bytes) -> None:
        """Drop the subscription to a probe that was answered."""
        self._publisher.setsockopt(zmq.UNSUBSCRIBE, probe)

    def forget_gone(self) -> None:
        """Forget the connections that are gone, of which the socket tells nothing."""
        gone = [handle for handle in self._listening if not is_open(self._publisher, handle)]
        for handle in gone:
            self._forget(handle)

    def cut_off(self, principal: str) -> None:
        """End every connection over which a principal subscribed; who may not come back is told at the door."""
        for handle in [handle for handle, one in self._listening.items() if one.principal == principal]:
            self._forget(handle)
            shut_down(self._publisher, handle)

    def cut_off_sender(self) -> None:
        """End the connection that the last message came over, and have its sender wait for the next one."""
        if self._sender is not None:
            self._turn_away(self._sender)
        shut_down(self._publisher, self._handle)

    def _follow(self, principal: str, topic_bytes: bytes) -> None:
        """Note that the connection of the last message follows a topic from now on."""
        if self._handle is None:
            self._is_countable &= topic_bytes in (*_FIXED, _LOT)
            return
        listener = self._listening.get(self._handle)
        if listener is None or listener.principal != principal:  # the handle is a new connection's by now
            self._forget(self._handle)
            listener = self._listening[self._handle] = _Listener(principal, set())
        if topic_bytes not in listener.topics:
            listener.topics.add(topic_bytes)
            self._add(topic_bytes, 1)

    def _follow_no_more(self, topic_bytes: bytes) -> None:
        listener = None if self._handle is None else self._listening.get(self._handle)
        if listener is not None and topic_bytes in listener.topics:
            listener.topics.remove(topic_bytes)
            self._add(topic_bytes, -1)

    def _forget(self, handle: int) -> None:
        listener = self._listening.pop(handle, None)
        for topic_bytes in listener.topics if listener is not None else ():
            self._add(topic_bytes, -1)

    def _add(self, topic_bytes: bytes, count: int) -> None:
        if not topic_bytes.endswith(TOPIC_END):
            self._wide += count
        elif topic_bytes != _BEAT:
            stream = SALE_STREAM if topic_bytes == _SALE else topic_bytes[len(_LOT) : -1].decode(errors="replace")
            followers = self._followers.pop(stream, 0) + count
            if followers:
                self._followers[stream] = followers

    def _count(self, principal: str, wanted: bytes) -> bool:
        topics = self._topics.get(principal)
        if topics is None:
            topics = self._topics[principal] = set()
            if len(self._topics) > BIDDERS_MAX:
                self._topics.popitem(last=False)
        topics.add(wanted)
        if len(topics) <= SUBSCRIPTIONS_MAX:
            return True
        topics.discard(wanted)
        return False


def _is_of_lots(wanted: bytes) -> bool:
    """Return whether a subscription is to all lots or to one.

    Other prefixes would match some lots' own topics and not that of many lots, so that changes would be missed.
    """
    return wanted == _LOT or (wanted.startswith(_LOT) and wanted.endswith(TOPIC_END) and len(wanted) > len(_LOT) + 1)
