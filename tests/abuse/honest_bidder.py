"""A bidder who goes on while others do their worst, and what the house's process takes in that time."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from threading import Event, Thread

import zmq

from common.codec import topic
from common.formats.english import BidRequest
from common.messages import Accepted, Heartbeat, LotRequest, Snapshot, Welcome
from common.sockets import set_subscriber, use_curve_client
from tests.english import english
from tests.house_process import HouseProcess, RawBidder

ROUNDS = 150
"""Bids of the honest bidder during an attack, each after the verdict of the one before: far less than the budget."""
BEATS = 2
"""Heartbeats that the honest bidder then hears while the attack goes on."""
GROWTH_BYTES_MAX = 64 * 2**20
"""What an attack may add to the house's memory. Each lasts long enough that one without a bound takes more."""

_numbers = count(1)


class HonestBidder:
    """Raises the own maximum again and again, and listens."""

    def __init__(self, house: HouseProcess) -> None:
        self.house = house
        self.bidder = RawBidder(house.link, f"Honest {next(_numbers)}")
        assert isinstance(self.bidder.hello(), Welcome)
        self.bidder.subscribe(topic("beat"))
        lot = self.bidder.ask(LotRequest(id=2, lot="1"))
        assert isinstance(lot, Snapshot)
        self._maximum_minor = english(lot.lots[0]).minimum_minor
        self._request_id = 100

    def go_on(self, rounds: int = ROUNDS, beats: int = BEATS) -> None:
        """Bid so many times and hear so many heartbeats. Fails unless every bid is accepted."""
        for _ in range(rounds):
            self._request_id += 1
            bid = BidRequest(id=self._request_id, lot="1", maximum_minor=self._maximum_minor)
            verdict = self.bidder.ask(bid)
            assert isinstance(verdict, Accepted), verdict
            self._maximum_minor = max(self._maximum_minor + 100, english(verdict.board).minimum_minor)
        for _ in range(beats):
            while not isinstance(self.bidder.next_broadcast(), Heartbeat):
                continue


@contextmanager
def unshaken(house: HouseProcess) -> Iterator[HonestBidder]:
    """Show that an attack in this block leaves the house's process alive and its memory within the bound."""
    honest = HonestBidder(house)
    try:
        honest.go_on(beats=0)
        pid, before = house.server_pid, memory_bytes(house.server_pid)
        yield honest
        assert house.server_pid == pid, "the house had to be started again"
        growth = memory_bytes(pid) - before
        assert growth < GROWTH_BYTES_MAX, f"the house grew by {growth / 2**20:.0f} MiB"
    finally:
        honest.bidder.close()


@contextmanager
def without_pause(attack: Callable[[int], object]) -> Iterator[None]:
    """Call `attack` with 0, 1, 2, ... from a thread of its own until the end of the block."""
    over = Event()

    def attack_on() -> None:
        number = 0
        while not over.is_set():
            attack(number)
            number += 1

    thread = Thread(target=attack_on)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def pusher_of(attacker: RawBidder) -> zmq.SyncSocket:
    """Return a socket that sends anything to the publisher, as fast as it is taken."""
    pusher = zmq.Context(shadow=attacker.broadcasts.context).socket(zmq.XSUB)
    set_subscriber(pusher, 1 << 20)
    use_curve_client(pusher, attacker.keys, attacker.link.server_key)
    pusher.connect(attacker.link.publish_address)
    return pusher


def memory_bytes(pid: int) -> int:
    """Return the memory that a process has resident."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
