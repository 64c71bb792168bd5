"""A cheap live subscriber: it receives every broadcast of all lots, counts bids and decodes nothing.

`listening` runs it as a separate process, `python -m benchmarks.load.listener`. On a machine of few cores, a screen
that decodes and sorts would use processor time that the measured house needs.
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
"""The most frames that may wait in its queue; a full queue would lose frames, and they would not be counted."""
LOOK_UP_MS: Final = 200
SILENCE_MS: Final = 20_000
"""The silence after the bidding that counts as the end of all broadcasts."""


class Listener:
    """A subscriber that listens. Call `heard` once, after the last bid."""

    def __init__(self, process: Child) -> None:
        self._process = process

    def heard(self, expected: int) -> int:
        """Return the number of bids heard, as soon as it is `expected` or nothing more comes."""
        self._process.tell(expected)
        return self._process.hear(int)


@contextmanager
def listening(publisher: Publisher) -> Iterator[Listener]:
    """Have a subscriber listen during the `with` block; its subscription is in force from the beginning."""
    with running_child("benchmarks.load.listener") as process:
        process.tell(publisher)
        process.hear(str)  # it listens
        yield Listener(process)


def listen(publisher: Publisher) -> None:
    """Subscribe, report it, and count bids until the expected number is reached or nothing more comes."""
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
