"""Plain sockets of bidders and screens. The client library would take from the machine what is being measured."""

from typing import Final

import msgspec
import zmq

from benchmarks.load.house import HouseError
from common.codec import decode_answer, encode
from common.keys import KeyPair
from common.limits import REPLY_BYTES_MAX
from common.messages import Hello, Role, Welcome
from common.sockets import set_request_client, set_subscriber, use_curve_client

ANSWER_TIMEOUT_MS: Final = 60_000


class Publisher(msgspec.Struct, frozen=True):
    """Where screens connect to; `keys` are those of an admitted bidder, None without CURVE."""

    address: str
    server_key: str
    keys: KeyPair | None


def new_subscriber(context: "zmq.Context[zmq.SyncSocket]", publisher: Publisher) -> zmq.SyncSocket:
    """Return a screen's socket, which the caller has yet to connect."""
    subscriber = context.socket(zmq.SUB)
    set_subscriber(subscriber, REPLY_BYTES_MAX)
    if publisher.keys is not None:
        use_curve_client(subscriber, publisher.keys, publisher.server_key)
    return subscriber


def connect(
    context: "zmq.Context[zmq.SyncSocket]", address: str, server_key: str, keys: KeyPair | None
) -> zmq.SyncSocket:
    """Return a bidder's connection; `keys` are left out where the house has no CURVE."""
    dealer = context.socket(zmq.DEALER)
    set_request_client(dealer, REPLY_BYTES_MAX)
    dealer.setsockopt(zmq.RCVTIMEO, ANSWER_TIMEOUT_MS)
    dealer.setsockopt(zmq.SNDTIMEO, ANSWER_TIMEOUT_MS)
    if keys is not None:
        use_curve_client(dealer, keys, server_key)
    dealer.connect(address)
    return dealer


def say_hello(dealer: zmq.SyncSocket, name: str, *, is_encrypted: bool, role: Role = Role.BIDDER) -> None:
    """Have a connection join. Raises HouseError where it is not let in."""
    dealer.send(encode(Hello(id=1, versions=(1,), name=name, key="" if is_encrypted else name, role=role)))
    answer = decode_answer(dealer.recv())
    if not isinstance(answer, Welcome):
        raise HouseError(f"{name} was not let in: {answer}")
