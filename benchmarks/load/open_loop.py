"""Load whose sending times are scheduled: a house that stands still does not slow it down, so a stall is counted.

For how long bids take. Latency runs from when a bid was due, not from when it was sent. How late the generator itself
sent is part of it, and is told apart, so that a run shows whether house or generator was slow. What a house can do at
most is measured with `benchmarks.load.closed_loop`; the peak here is only what this generator's loads are parts of.
"""

import select
import time
from array import array
from collections.abc import Callable, Sequence
from random import Random
from typing import Final, NamedTuple

import msgspec
import zmq

from benchmarks.load.connections import ANSWER_TIMEOUT_MS, Bidders
from benchmarks.load.latencies import Latencies
from common.errors import UnreachableError

LANES: Final = 16
"""Connections of a generator; more of them only make the generator slower."""
WINDOW: Final = 16
"""Bids on their way on each connection while the peak is measured."""
UNANSWERED_MAX: Final = 100
"""Bids on their way for each connection. What is due beyond waits, and its wait counts; a house would drop answers to
a connection that takes none."""
_LEAD_NS: Final = 20_000_000
"""Between the making of a schedule and its first bid."""
_BURST: Final = 32
"""Bids sent before answers are looked at again, while the generator is behind."""
_AT_ONCE: Final = int(zmq.DONTWAIT)

MakeBid = Callable[[int, int, int], bytes]
"""From a connection's number, a request id and the time at which the bid is due (us) to the bid."""


class _Verdict(msgspec.Struct):
    """What is read of an answer. An echo's is the bid itself."""

    id: int
    type: str


_verdicts: Final = msgspec.msgpack.Decoder(_Verdict)


def arrivals_ns(per_s: float, seconds: float, seed: int) -> "array[int]":
    """Return when bids are due, from 0 on, as of many independent bidders: the gaps are random, the rate is not."""
    draw = Random(f"{seed}/{per_s}")
    due = array("q")
    at_s = draw.expovariate(per_s)
    while at_s < seconds:
        due.append(round(at_s * 1e9))
        at_s += draw.expovariate(per_s)
    return due


class Timings(NamedTuple):
    """When each bid of a run was due, sent and answered, in ns since the run's start."""

    started_us: int
    """By the clock that stamps bids."""
    due_ns: Sequence[int]
    sent_ns: Sequence[int]
    answered_ns: Sequence[int]
    accepted: int
    cpu_share: float
    """Of one core, for the generator's process."""

    def latencies(self, warm_up_s: float) -> Latencies:
        """Return how long verdicts took from when the bid was due, after the warm-up."""
        return self._since_due(self.answered_ns, warm_up_s)

    def lateness(self, warm_up_s: float) -> Latencies:
        """Return how much later than due the generator sent, after the warm-up."""
        return self._since_due(self.sent_ns, warm_up_s)

    def _since_due(self, moments_ns: Sequence[int], warm_up_s: float) -> Latencies:
        noted = Latencies()
        for due, moment in zip(self.due_ns, moments_ns, strict=True):
            if due >= warm_up_s * 1e9:
                noted.note_s((moment - due) / 1e9)
        return noted


class OpenLoop(Bidders):
    """A few connections to one address, driven by one thread."""

    def __init__(self, address: str, server_key: str, lanes: int = LANES) -> None:
        super().__init__(address, server_key, lanes)
        self._files = [int(dealer.getsockopt(zmq.FD)) for dealer in self.sockets]
        self._poller = zmq.Poller()
        for dealer in self.sockets:
            self._poller.register(dealer, zmq.POLLIN)
        self._next_id = 2  # hello had the first
        self._heard_ns = 0

    def one_by_one(self, make: MakeBid, count: int) -> list[int]:
        """Send bids on the first connection, each after the verdict of the one before; return their ns."""
        dealer = self.sockets[0]
        taken_ns = []
        for _ in range(count):
            body = make(0, self._next_ids(1), time.monotonic_ns() // 1000)
            began_ns = time.monotonic_ns()
            dealer.send(body)
            answer = dealer.recv()
            taken_ns.append(time.monotonic_ns() - began_ns)
            _require_accepted(_verdicts.decode(answer))
        return taken_ns

    def peak_per_s(self, make: MakeBid, warm_up_s: float, seconds: float) -> float:
        """Return how many bids a second are answered while every connection always has `WINDOW` on their way."""
        for lane, dealer in enumerate(self.sockets):
            for _ in range(WINDOW):
                dealer.send(make(lane, self._next_ids(1), time.monotonic_ns() // 1000))
        answered = 0
        began_s = time.monotonic()
        counted_from_s = 0.0
        self._heard_ns = time.monotonic_ns()
        while True:
            now_s = time.monotonic()
            if not counted_from_s and now_s - began_s >= warm_up_s:
                answered, counted_from_s = 0, now_s
            if counted_from_s and now_s - counted_from_s >= seconds:
                break
            heard = self._drain()
            for lane, verdict, _ in heard:
                _require_accepted(verdict)
                self.sockets[lane].send(make(lane, self._next_ids(1), time.monotonic_ns() // 1000))
            answered += len(heard)
            if not heard:
                self._wait(0.05)
        per_s = answered / (time.monotonic() - counted_from_s)
        open_bids = WINDOW * len(self.sockets)
        while open_bids > 0:
            heard = self._drain()
            open_bids -= len(heard)
            if not heard:
                self._wait(0.05)
        return per_s

    def run(self, due_ns: Sequence[int], make: MakeBid) -> Timings:
        """Send a bid at each of these times, and return when all are answered. Raises UnreachableError."""
        total, lanes = len(due_ns), len(self.sockets)
        base_id = self._next_ids(total)
        sent_ns, answered_ns = array("q", bytes(8 * total)), array("q", bytes(8 * total))
        following = answered = accepted = 0
        cpu_s = time.process_time()
        start_ns = self._heard_ns = time.monotonic_ns() + _LEAD_NS
        while answered < total:
            now_ns = time.monotonic_ns() - start_ns
            last = min(total, following + _BURST, answered + UNANSWERED_MAX * lanes)
            while following < last and due_ns[following] <= now_ns:
                lane = following % lanes
                body = make(lane, base_id + following, (start_ns + due_ns[following]) // 1000)
                self.sockets[lane].send(body)
                sent_ns[following] = time.monotonic_ns() - start_ns
                following += 1
            for _, verdict, at_ns in self._drain():
                answered_ns[verdict.id - base_id] = at_ns - start_ns
                answered += 1
                accepted += verdict.type != "rejected"
            gap_s = 1.0 if following == total else (due_ns[following] + start_ns - time.monotonic_ns()) / 1e9
            if following - answered >= UNANSWERED_MAX * lanes:
                gap_s = 1.0  # until an answer comes
            if gap_s > 0 and answered < total:
                self._wait(gap_s)
        share = (time.process_time() - cpu_s) / ((time.monotonic_ns() - start_ns) / 1e9)
        return Timings(start_ns // 1000, due_ns, sent_ns, answered_ns, accepted, share)

    def _next_ids(self, count: int) -> int:
        first, self._next_id = self._next_id, self._next_id + count
        return first

    def _drain(self) -> list[tuple[int, _Verdict, int]]:
        """Take all answers that are here: connection, verdict, and when it was taken."""
        heard = []
        ready = dict(self._poller.poll(0))
        for lane, dealer in enumerate(self.sockets):
            while dealer in ready:
                try:
                    body = dealer.recv(_AT_ONCE)
                except zmq.Again:
                    break
                heard.append((lane, _verdicts.decode(body), time.monotonic_ns()))
        if heard:
            self._heard_ns = heard[-1][2]
        elif time.monotonic_ns() - self._heard_ns > ANSWER_TIMEOUT_MS * 1_000_000:
            raise UnreachableError(f"No answer for {ANSWER_TIMEOUT_MS // 1000} s during a measurement.")
        return heard

    def _wait(self, seconds: float) -> None:
        """Wait until a socket has news, at most so long. To be called only after `_drain`, which takes all news."""
        select.select(self._files, [], [], seconds)


def _require_accepted(verdict: _Verdict) -> None:
    if verdict.type == "rejected":
        raise UnreachableError("A bid of the measurement was refused; its figures would say nothing.")
