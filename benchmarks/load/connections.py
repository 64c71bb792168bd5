"""Plain sockets of bidders and screens. The client library would use processor time that the measured house needs."""

import secrets
from collections.abc import Sequence
from typing import Final, Self

import msgspec
import zmq

from common.codec import PROBE_TOPIC_PREFIX, decode_answer, encode, topic
from common.keys import KeyPair, new_keys
from common.limits import REPLY_BYTES_MAX
from common.messages import Hello, Role, Welcome
from common.sockets import allow_many_sockets, new_context, set_request_client, set_subscriber, use_curve_client
from rehearsal.house import HouseError

ANSWER_TIMEOUT_MS: Final = 60_000


class Publisher(msgspec.Struct, frozen=True):
    """The publisher to which screens connect. `keys` are an admitted bidder's keys, or None without CURVE."""

    address: str
    server_key: str
    keys: KeyPair | None


class Bidders:
    """Connections to one address, each with its own key; without CURVE if `server_key` is empty.

    Leaving the `with` block closes them, and all other sockets of their context.
    """

    def __init__(self, address: str, server_key: str, connections: int) -> None:
        self.context = new_context()
        allow_many_sockets(self.context)
        self.keys = [new_keys() if server_key else None for _ in range(connections)]
        self.sockets = [self._connect(address, server_key, keys) for keys in self.keys]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.context.destroy(linger=0)

    def _connect(self, address: str, server_key: str, keys: KeyPair | None) -> zmq.SyncSocket:
        dealer = self.context.socket(zmq.DEALER)
        set_request_client(dealer, REPLY_BYTES_MAX)
        dealer.setsockopt(zmq.RCVTIMEO, ANSWER_TIMEOUT_MS)
        dealer.setsockopt(zmq.SNDTIMEO, ANSWER_TIMEOUT_MS)
        if keys is not None:
            use_curve_client(dealer, keys, server_key)
        dealer.connect(address)
        return dealer

    def enrol(self, name: str = "Bidder", role: Role = Role.BIDDER) -> None:
        """Have every connection join under this name and its number. Raises HouseError if one is refused."""
        for number, (dealer, keys) in enumerate(zip(self.sockets, self.keys, strict=True)):
            say_hello(dealer, f"{name} {number}", is_encrypted=keys is not None, role=role)


def say_hello(dealer: zmq.SyncSocket, name: str, *, is_encrypted: bool, role: Role = Role.BIDDER) -> None:
    """Have a connection join. Raises HouseError if it is refused."""
    dealer.send(encode(Hello(id=1, versions=(1,), name=name, key="" if is_encrypted else name, role=role)))
    answer = decode_answer(dealer.recv())
    if not isinstance(answer, Welcome):
        raise HouseError(f"{name} was not let in: {answer}")


def new_subscriber(context: "zmq.Context[zmq.SyncSocket]", publisher: Publisher) -> zmq.SyncSocket:
    """Return a screen's socket; the caller must connect it."""
    subscriber = context.socket(zmq.SUB)
    set_subscriber(subscriber, REPLY_BYTES_MAX)
    if publisher.keys is not None:
        use_curve_client(subscriber, publisher.keys, publisher.server_key)
    return subscriber


def subscribed(
    context: "zmq.Context[zmq.SyncSocket]", publisher: Publisher, topics: Sequence[bytes], queued_max: int
) -> zmq.SyncSocket:
    """Return a screen's socket whose subscriptions are in force, as the answer to a probe proves.

    Up to `queued_max` received frames may wait in the socket.
    """
    subscriber = new_subscriber(context, publisher)
    subscriber.setsockopt(zmq.RCVHWM, queued_max)
    subscriber.setsockopt(zmq.RCVTIMEO, ANSWER_TIMEOUT_MS)
    probe = topic(PROBE_TOPIC_PREFIX + secrets.token_hex(8))
    for one in (*topics, probe):
        subscriber.subscribe(one)
    subscriber.connect(publisher.address)
    while not subscriber.recv().startswith(probe):
        pass
    return subscriber
