"""A live subscriber that costs little: it receives every broadcast of all lots, counts bids and decodes nothing.

Run as a process of its own, `python -m benchmarks.load.listener`, by `listening`. A screen that decodes and sorts
would take from a machine of few cores what is being measured.
"""

import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import zmq

from benchmarks.load.child import Child, decode_line, running_child, say
from benchmarks.load.connections import Publisher, subscribed
from common.codec import LOT_TOPIC_PREFIX
from common.sockets import new_context

ROOM: Final = 100_000
"""Frames that may wait for it: what is lost to a full queue would not be counted."""
LOOK_UP_MS: Final = 200
SILENCE_MS: Final = 20_000
"""What did not come within so long after the bidding does not come."""


class Listener:
    """A subscriber that listens. Ask `heard` once, when all is bid."""

    def __init__(self, process: Child) -> None:
        self._process = process

    def heard(self, expected: int) -> int:
        """Return how many bids it heard, as soon as that is `expected` or nothing more comes."""
        self._process.tell(expected)
        return self._process.hear(int)


@contextmanager
def listening(publisher: Publisher) -> Iterator[Listener]:
    """Have a subscriber listen while the `with` lasts; its subscription is in force from the beginning."""
    with running_child("benchmarks.load.listener") as process:
        process.tell(publisher)
        process.hear(str)  # that it listens
        yield Listener(process)


def listen(publisher: Publisher) -> None:
    """Subscribe, say so, and count until the number that is expected is there or nothing more comes."""
    subscriber = subscribed(new_context(), publisher, [LOT_TOPIC_PREFIX.encode()], ROOM)
    say("listening")
    subscriber.setsockopt(zmq.RCVTIMEO, LOOK_UP_MS)
    bids, expected, silent_ms = 0, None, 0
    while expected is None or (bids < expected and silent_ms < SILENCE_MS):
        try:
            bids += subscriber.recv().count(b"lot_moved")
            silent_ms = 0
        except zmq.Again:
            silent_ms += LOOK_UP_MS
            if expected is None and select.select([sys.stdin], [], [], 0)[0]:
                expected = decode_line(sys.stdin.buffer.readline(), int)
    say(bids)


if __name__ == "__main__":
    listen(decode_line(sys.stdin.buffer.readline(), Publisher))
