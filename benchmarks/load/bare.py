"""Bare servers, which are the ceilings: they do only the work that any house on these sockets must do.

`echo` is a ROUTER that decodes each MessagePack body and answers with one. `publish` is a ROUTER and an XPUB; it
publishes a frame for each bid at once, as a house does for a single bid. Run a bare server as a separate process:
`python -m benchmarks.load.bare echo|publish [SECRET_KEY_FILE]`. It prints its ports and serves until it is killed.
"""

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgpack
import zmq
from zmq.auth.thread import ThreadAuthenticator

from benchmarks.load.child import say
from common.codec import PROBE_TOPIC_PREFIX, decode_request, encode_broadcast, lot_topic
from common.formats.english import BidRequest, EnglishBoard
from common.keys import load_or_make_keys
from common.limits import REPLY_BYTES_MAX, REQUEST_BYTES_MAX
from common.lot_events import LotMoved
from common.messages import LotEvents
from common.sockets import BACKLOG, BROADCASTS_QUEUED_MAX, new_context, set_common, set_request_server, use_curve_server

_PROBE_ASKED: Final = b"\x01" + PROBE_TOPIC_PREFIX.encode()
_TIME_MS: Final = 1_800_000_000_000
"""Any time; only its length on the wire matters."""
# Plain integers, as in the house: combining pyzmq's flags for each message costs as much as sending the message.
_AT_ONCE: Final = int(zmq.DONTWAIT)
_SEND_MORE: Final = int(zmq.SNDMORE | zmq.DONTWAIT)


class _AnyKey:
    def callback(self, domain: str, key: bytes) -> bool:  # noqa: ARG002 -- pyzmq's signature
        return True


def _bind_all(context: "zmq.Context[zmq.SyncSocket]", sockets: Sequence[zmq.SyncSocket], key_file: Path | None) -> None:
    """Bind sockets to free ports of the loopback address, with CURVE if a key file is given, and print the ports."""
    if key_file is not None:
        authenticator = ThreadAuthenticator(context)
        authenticator.start()
        authenticator.configure_curve_callback("bidders", _AnyKey())
        for one in sockets:
            use_curve_server(one, load_or_make_keys(key_file), "bidders")
    for one in sockets:
        one.bind("tcp://127.0.0.1:*")
    say([int(one.getsockopt_string(zmq.LAST_ENDPOINT).rpartition(":")[2]) for one in sockets])


def echo(key_file: Path | None) -> None:
    """Echo on a free port of the loopback address until the process is killed."""
    context = new_context()
    router = context.socket(zmq.ROUTER)
    set_request_server(router, REQUEST_BYTES_MAX)
    _bind_all(context, [router], key_file)
    poller = zmq.Poller()
    poller.register(router, zmq.POLLIN)
    while True:
        poller.poll()
        while True:
            try:
                routing_id = router.recv(_AT_ONCE)
            except zmq.Again:
                break
            body = msgpack.unpackb(router.recv(_AT_ONCE))
            try:
                router.send(routing_id, _SEND_MORE)
                router.send(msgpack.packb(body), _AT_ONCE)
            except zmq.ZMQError:
                continue  # the peer is gone, or does not read


def publish(key_file: Path | None) -> None:
    """Publish each received bid until the process is killed."""
    context = new_context()
    router, publisher = context.socket(zmq.ROUTER), context.socket(zmq.XPUB)
    set_request_server(router, REPLY_BYTES_MAX)
    set_common(publisher, REPLY_BYTES_MAX)
    publisher.setsockopt(zmq.BACKLOG, BACKLOG)
    publisher.setsockopt(zmq.SNDHWM, BROADCASTS_QUEUED_MAX)
    publisher.setsockopt(zmq.XPUB_VERBOSE, 1)
    _bind_all(context, [router, publisher], key_file)
    seqs: Counter[str] = Counter()
    poller = zmq.Poller()
    for one in (router, publisher):
        poller.register(one, zmq.POLLIN)
    while True:
        ready = dict(poller.poll())
        if publisher in ready:
            _answer_probes(publisher)
        if router in ready:
            _publish_bids(router, publisher, seqs)


def _answer_probes(publisher: zmq.SyncSocket) -> None:
    while True:
        try:
            asked = publisher.recv(zmq.DONTWAIT)
        except zmq.Again:
            return
        if asked.startswith(_PROBE_ASKED):
            publisher.send(asked[1:])


def _publish_bids(router: zmq.SyncSocket, publisher: zmq.SyncSocket, seqs: "Counter[str]") -> None:
    while True:
        try:
            routing_id = router.recv(zmq.DONTWAIT)
        except zmq.Again:
            return
        body = router.recv(zmq.DONTWAIT)
        router.send_multipart([routing_id, body])
        bid = decode_request(body)
        if isinstance(bid, BidRequest) and bid.amount_minor is not None:
            seqs[bid.lot] += 1
            price_minor = bid.amount_minor + 1
            board = EnglishBoard(price_minor + 1, price_minor, 2, seqs[bid.lot])
            moved = LotMoved(seqs[bid.lot], _TIME_MS, board, _TIME_MS, 1)
            publisher.send(encode_broadcast(lot_topic(bid.lot), LotEvents(epoch=1, lot=bid.lot, events=(moved,))))


SERVERS: Final = {"echo": echo, "publish": publish}

if __name__ == "__main__":
    SERVERS[sys.argv[1]](Path(sys.argv[2]) if len(sys.argv) > 2 else None)
