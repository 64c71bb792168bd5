"""The ceiling of broadcasts: a bare ROUTER and XPUB that publish a frame for each bid at once, and do nothing else.

The frames are those that a house would send for one bid. Run as a process of its own:
`python -m benchmarks.load.bare_publisher [SECRET_KEY_FILE]`. It says its two ports and serves until it is killed.
"""

import sys
from collections import Counter
from pathlib import Path
from typing import Final

import zmq

from benchmarks.load.echo import bind_all
from common.codec import PROBE_TOPIC_PREFIX, decode_request, encode_broadcast, lot_topic
from common.limits import REPLY_BYTES_MAX
from common.lot import BidPlaced
from common.messages import BidRequest, LotEvents
from common.sockets import BACKLOG, BROADCASTS_QUEUED_MAX, new_context, set_common, set_request_server

_PROBE_ASKED: Final = b"\x01" + PROBE_TOPIC_PREFIX.encode()
_TIME_MS: Final = 1_800_000_000_000
"""Only its length on the wire matters."""


def serve(key_file: Path | None) -> None:
    """Publish each bid that comes, until the process is killed."""
    context = new_context()
    router, publisher = context.socket(zmq.ROUTER), context.socket(zmq.XPUB)
    set_request_server(router, REPLY_BYTES_MAX)
    set_common(publisher, REPLY_BYTES_MAX)
    publisher.setsockopt(zmq.BACKLOG, BACKLOG)
    publisher.setsockopt(zmq.SNDHWM, BROADCASTS_QUEUED_MAX)
    publisher.setsockopt(zmq.XPUB_VERBOSE, 1)
    bind_all(context, [router, publisher], key_file)
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
            placed = BidPlaced(seqs[bid.lot], _TIME_MS, 1, 2, price_minor, price_minor + 1, _TIME_MS)
            publisher.send(encode_broadcast(lot_topic(bid.lot), LotEvents(epoch=1, lot=bid.lot, events=(placed,))))


if __name__ == "__main__":
    serve(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
