"""Who may subscribe to what: the XPUB socket asks for each subscription, and only what is granted is delivered.

Granted are the topics of the protocol, to principals who are admitted, up to a number for each. A probe (a topic that
starts with `~`) is answered on that very topic and then forgotten, so probes take no memory.
"""

from collections import OrderedDict
from typing import Final

import zmq

from common.codec import BEAT_TOPIC, LOT_TOPIC_PREFIX, PROBE_TOPIC_PREFIX, SALE_TOPIC, TOPIC_END, topic
from common.limits import BIDDERS_MAX, SUBSCRIPTIONS_MAX, TOPIC_BYTES_MAX

_SUBSCRIBE: Final = 1
_PROBE: Final = PROBE_TOPIC_PREFIX.encode()
_LOT: Final = LOT_TOPIC_PREFIX.encode()
_FIXED: Final = frozenset({b"", topic(BEAT_TOPIC), topic(SALE_TOPIC)})


class Subscriptions:
    """The subscriptions of a publisher socket, counted by principal."""

    def __init__(self, publisher: "zmq.Socket[bytes]") -> None:
        self._publisher = publisher
        self._topics: OrderedDict[str, set[bytes]] = OrderedDict()

    def grant(self, principal: str, asked: bytes) -> bytes | None:
        """Grant the subscription that was just received, if it is one of the protocol's and not one too many.

        `asked` is the message from XPUB: 1 or 0, then the topic. Returns the topic if it is a probe to be answered;
        the caller publishes on it and then calls `forget_probe`, before it receives another message.
        """
        if not asked or len(asked) > TOPIC_BYTES_MAX + 1:
            return None
        wanted = asked[1:]
        if asked[0] != _SUBSCRIBE:
            self._topics.get(principal, set()).discard(wanted)
            self._publisher.setsockopt(zmq.UNSUBSCRIBE, wanted)
            return None
        if wanted.startswith(_PROBE):
            self._publisher.setsockopt(zmq.SUBSCRIBE, wanted)
            return wanted if wanted.endswith(TOPIC_END) else None
        if (wanted in _FIXED or wanted.startswith(_LOT)) and self._count(principal, wanted):
            self._publisher.setsockopt(zmq.SUBSCRIBE, wanted)
        return None

    def forget_probe(self, probe: bytes) -> None:
        """Drop the subscription to a probe that was answered."""
        self._publisher.setsockopt(zmq.UNSUBSCRIBE, probe)

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
