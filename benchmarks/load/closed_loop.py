"""Load that waits for the server: a bid is sent when another bid has its verdict, so 256 bids are always open.

Use it to measure the highest rate of a house, as a share of an echo's. The generator takes its connections in turn: it
receives a verdict, then sends the next bid, and never polls. So a bid costs it the same few microseconds at the house
and at the echo. `benchmarks.load.open_loop` polls, so the peak that it reaches is lower by a quarter or more. But a
closed loop stops whenever the house stops, so it can't measure how long bids take; use the open loop for that.
"""

import time
from collections.abc import Callable
from typing import NamedTuple

from benchmarks.load.connections import Bidders
from benchmarks.load.ring import BIDDERS
from rehearsal.house import HouseError

Body = Callable[[int, int], bytes]
"""Returns the bid of a bidder in a round."""


class Rate(NamedTuple):
    """The result of one measurement: the answered requests, and the seconds taken."""

    answered: int
    seconds: float
    generator_cpu: float
    """The generator's processor time divided by the time taken. It is at most 2: the sockets have their own thread."""
    rounds: int
    """The rounds of bids in all, with the warm-up."""

    @property
    def per_s(self) -> float:
        """The answered requests per second."""
        return self.answered / self.seconds


class ClosedLoop(Bidders):
    """The bidders' connections to one address; `BIDDERS` bids are spread over them."""

    def measure(self, body: Body, warm_up_s: float, measured_s: float, expected: bytes) -> Rate:
        """Keep every connection busy, and count the answers after the warm-up. Each must contain `expected`.

        Raises HouseError if an answer does not.
        """
        sockets = self.sockets * (BIDDERS // len(self.sockets))
        for number, dealer in enumerate(sockets):
            dealer.send(body(number, 0))
        began_s = time.perf_counter()
        counting_since_s = counting_since_cpu_s = 0.0
        answered = 0
        round_number = 0
        while True:
            round_number += 1
            now_s = time.perf_counter()
            if not counting_since_s and now_s - began_s >= warm_up_s:
                counting_since_s, counting_since_cpu_s, answered = now_s, time.process_time(), 0
            if counting_since_s and now_s - counting_since_s >= measured_s:
                break
            for number, dealer in enumerate(sockets):
                if expected not in dealer.recv():
                    raise HouseError(f"Bidder {number}'s bid of round {round_number - 1} was not accepted.")
                dealer.send(body(number, round_number))
            answered += BIDDERS
        seconds = time.perf_counter() - counting_since_s
        cpu_s = time.process_time() - counting_since_cpu_s
        for dealer in sockets:
            dealer.recv()
        return Rate(answered, seconds, cpu_s / seconds, round_number)
