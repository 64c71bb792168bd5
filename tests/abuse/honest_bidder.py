"""A bidder who keeps bidding during attacks, and the memory of the house's process in that time."""

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
"""The honest bidder's bids during an attack, each after the previous verdict: far fewer than the budget allows."""
BEATS = 2
"""The heartbeats that the honest bidder then receives while the attack continues."""
GROWTH_BYTES_MAX = 64 * 2**20
"""The most that an attack may add to the house's memory. Each attack is long enough to exceed this without a limit."""

_numbers = count(1)


class HonestBidder:
    """Raises its own maximum again and again, and listens."""

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
        """Make `rounds` bids, then receive `beats` heartbeats. Fails unless every bid is accepted."""
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
    """Assert that an attack in this block leaves the house's process alive and its memory within the limit."""
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
    """Call `attack` with 0, 1, 2, ... from a separate thread until the end of the block."""
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
    """Return a socket that sends any bytes to the publisher, as fast as the publisher takes them."""
    pusher = zmq.Context(shadow=attacker.broadcasts.context).socket(zmq.XSUB)
    set_subscriber(pusher, 1 << 20)
    use_curve_client(pusher, attacker.keys, attacker.link.server_key)
    pusher.connect(attacker.link.publish_address)
    return pusher


def memory_bytes(pid: int) -> int:
    """Return the resident memory of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
