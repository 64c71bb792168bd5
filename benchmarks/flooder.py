"""A hostile bidder: sends as fast as its connection takes it, and reads no answers.

Run as a process of its own by `benchmarks.fairness`: `python -m benchmarks.flooder bids|junk ADDRESS SERVER_KEY`, where
the key is empty without CURVE. It floods until it is told something, then says how much it sent.
"""

import select
import sys
from typing import Final

import zmq

from benchmarks.child import say
from benchmarks.connections import connect
from common.codec import encode
from common.keys import new_keys
from common.messages import BidRequest, Hello
from common.sockets import new_context

JUNK: Final = b"\xc1" * 100
"""A byte that no MessagePack begins with."""
_BETWEEN_LOOKS: Final = 256
_SEND_TIMEOUT_MS: Final = 50


def flood(kind: str, address: str, server_key: str) -> int:
    """Flood until something comes in; return how many messages the connection took."""
    context = new_context()
    dealer = connect(context, address, server_key, new_keys() if server_key else None)
    dealer.send(encode(Hello(id=1, versions=(1,), name="Flooder", key="" if server_key else "flooder")))
    dealer.recv()  # a welcome, or from the echo the hello itself
    dealer.setsockopt(zmq.SNDTIMEO, _SEND_TIMEOUT_MS)
    say("ready")
    sent = 0
    while not select.select([sys.stdin], [], [], 0)[0]:
        for _ in range(_BETWEEN_LOOKS):
            body = JUNK if kind == "junk" else encode(BidRequest(id=sent + 2, lot="0", amount_minor=sent + 1))
            try:
                dealer.send(body)
            except zmq.Again:
                break
            sent += 1
    context.destroy(linger=0)
    return sent


if __name__ == "__main__":
    say(flood(sys.argv[1], sys.argv[2], sys.argv[3]))
