"""A live subscriber that costs little: it receives every broadcast of all lots, counts bids and decodes nothing.

Run as a process of its own, `python -m benchmarks.listener`, by `listening`. A screen that decodes and sorts would take
from a machine of few cores what is being measured.
"""

import secrets
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import msgspec
import zmq

from benchmarks.audience import Publisher
from common.codec import LOT_TOPIC_PREFIX, PROBE_TOPIC_PREFIX, topic
from common.limits import REPLY_BYTES_MAX
from common.sockets import new_context, set_subscriber, use_curve_client

ROOM: Final = 100_000
"""Frames that may wait for it: what is lost to a full queue would not be counted."""
LOOK_UP_MS: Final = 200
SILENCE_MS: Final = 20_000
"""What did not come within so long after the bidding does not come."""


class Listener:
    """A subscriber that listens. Ask `heard` once, when all is bid."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process

    def heard(self, expected: int) -> int:
        """Return how many bids it heard, as soon as that is `expected` or nothing more comes."""
        assert self._process.stdin is not None, "it has a pipe for its input"
        self._process.stdin.write(b"%d\n" % expected)
        self._process.stdin.flush()
        return int(self._line())

    def _line(self) -> bytes:
        assert self._process.stdout is not None, "it has a pipe for its output"
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit("The live subscriber ended before it was done; its error is above.")
        return line


@contextmanager
def listening(publisher: Publisher) -> Iterator[Listener]:
    """Have a subscriber listen while the `with` lasts; its subscription is in force from the beginning."""
    arguments = [sys.executable, "-m", "benchmarks.listener", msgspec.json.encode(publisher).decode()]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            listener = Listener(process)
            listener._line()  # that it listens
            yield listener
        finally:
            process.kill()


def listen(publisher: Publisher) -> None:
    """Subscribe, say so, and count until the number that is expected is there or nothing more comes."""
    context = new_context()
    subscriber = context.socket(zmq.SUB)
    set_subscriber(subscriber, REPLY_BYTES_MAX)
    subscriber.setsockopt(zmq.RCVHWM, ROOM)
    if publisher.keys is not None:
        use_curve_client(subscriber, publisher.keys, publisher.server_key)
    probe = topic(PROBE_TOPIC_PREFIX + secrets.token_hex(8))
    subscriber.setsockopt(zmq.SUBSCRIBE, LOT_TOPIC_PREFIX.encode())
    subscriber.setsockopt(zmq.SUBSCRIBE, probe)
    subscriber.connect(publisher.address)
    while not subscriber.recv().startswith(probe):
        pass
    print("listening", flush=True)
    subscriber.setsockopt(zmq.RCVTIMEO, LOOK_UP_MS)
    bids, expected, silent_ms = 0, None, 0
    while expected is None or (bids < expected and silent_ms < SILENCE_MS):
        try:
            bids += subscriber.recv().count(b"bid_placed")
            silent_ms = 0
        except zmq.Again:
            silent_ms += LOOK_UP_MS
            if expected is None and select.select([sys.stdin], [], [], 0)[0]:
                expected = int(sys.stdin.readline())
    print(bids, flush=True)


if __name__ == "__main__":
    listen(msgspec.json.decode(sys.argv[1], type=Publisher))
