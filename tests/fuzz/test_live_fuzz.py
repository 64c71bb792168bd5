"""Bytes that were changed at random, sent to a running house on both endpoints, in frames and as bare TCP."""

import random
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import zmq

from tests.abuse.honest_bidder import pusher_of, unshaken
from tests.fuzz.mutations import inputs
from tests.fuzz.targets import TARGETS
from tests.house_process import RawBidder, running_house

SEED = 20_260_502
BODIES = 4000
CONNECTIONS = 150
GREETING = b"\xff" + b"\0" * 8 + b"\x7f\x03\x01" + b"CURVE".ljust(20, b"\0") + b"\0" * 32
"""ZMTP 3.1, CURVE, as client; then the handshake's first command."""
HELLO = b"\x04\xc8\x05HELLO\x01\x00" + b"\0" * 192


def frames_of(bodies: Iterator[bytes], chance: random.Random) -> Iterator[list[bytes]]:
    """Yield messages: mostly of one frame, some of several."""
    for body in bodies:
        yield [body] if chance.random() < 0.95 else [body, *(chance.randbytes(9) for _ in range(chance.randrange(100)))]


def test_a_house_outlives_any_bytes(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    with running_house(tmp_path) as house, unshaken(house) as honest:
        attackers = [RawBidder(house.link, f"Eve {number}") for number in range(4)]
        pushers = [pusher_of(attacker) for attacker in attackers]
        for attacker in attackers[:2]:
            attacker.hello()
        requests = frames_of(inputs(TARGETS["requests"].seeds(), chance, BODIES), chance)
        subscriptions = inputs([b"\x01beat\0", b"\x01lot/", b"\x00lot/1\0", b"\x01~0123456789abcdef\0"], chance, BODIES)
        for number, (request, subscription) in enumerate(zip(requests, subscriptions, strict=True)):
            with suppress(zmq.Again):  # it was cut off, and is not back yet
                attackers[number % 4].requests.send_multipart(request, zmq.DONTWAIT)
            with suppress(zmq.Again):
                pushers[number % 4].send(subscription, zmq.DONTWAIT)
            if number % 500 == 0:
                honest.go_on(rounds=5, beats=0)
        for pusher in pushers:
            pusher.close(linger=0)
        for attacker in attackers:
            attacker.close()
        link = honest.bidder.link
        for number, raw in enumerate(inputs([GREETING + HELLO, GREETING], chance, CONNECTIONS)):
            with socket.create_connection((link.host, (link.port, link.publish_port)[number % 2])) as connection:
                connection.sendall(raw)
        honest.go_on(rounds=20)
