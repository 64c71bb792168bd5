"""Load that waits for the server: a bid is sent when the verdict of another is there, and 256 are always under way.

For what a house can do at most, as a share of an echo. It goes round its connections: it takes a verdict, then sends
the next bid, and never polls, so that it costs the same few microseconds a bid at both. The peak that
`benchmarks.load.open_loop` reaches is lower by a quarter or more, since that one polls. But a closed loop stands still
with the house, so it says nothing of how long bids take; that is what the open one is for.
"""

import time
from collections.abc import Callable
from typing import NamedTuple

from benchmarks.load.connections import Bidders
from benchmarks.load.house import HouseError
from benchmarks.load.ring import BIDDERS

Body = Callable[[int, int], bytes]
"""From a bidder and a round to the bid."""


class Rate(NamedTuple):
    """What one measurement gave: requests answered, and seconds taken."""

    answered: int
    seconds: float
    generator_cpu: float
    """The generator's processor time over the time taken; up to 2, it has a thread for its sockets."""
    rounds: int
    """How often each bid was made in all, with the warm-up."""

    @property
    def per_s(self) -> float:
        """Requests answered a second."""
        return self.answered / self.seconds


class ClosedLoop(Bidders):
    """The bidders' connections to one address; `BIDDERS` bids are spread over them."""

    def measure(self, body: Body, warm_up_s: float, measured_s: float, expected: bytes) -> Rate:
        """Keep every connection busy, and count the answers after the warm-up. Each must contain `expected`.

        Raises HouseError where one does not.
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
