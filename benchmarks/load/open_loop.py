"""Load with scheduled sending times: a stopped house does not slow the load down, so each stall is counted.

Use it to measure how long bids take. A latency begins when a bid is due, not when it is sent. It contains the
generator's own delay, which is also kept separately: so a run shows whether the house or the generator was slow.
Measure a house's highest rate with `benchmarks.load.closed_loop`; the peak here only sets this generator's loads.
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
"""The connections of a generator; more of them only make the generator slower."""
WINDOW: Final = 16
"""The open bids on each connection while the peak is measured."""
UNANSWERED_MAX: Final = 100
"""The most open bids on each connection; a house would drop answers to a connection that does not read them. Further
due bids wait, and their wait counts in the latency."""
_LEAD_NS: Final = 20_000_000
"""The time between the making of a schedule and its first bid."""
_BURST: Final = 32
"""The most bids sent in a row before a late generator looks for answers again."""
_AT_ONCE: Final = int(zmq.DONTWAIT)

MakeBid = Callable[[int, int, int], bytes]
"""Returns a bid, from a connection's number, a request id and the time at which the bid is due (us)."""


class _Verdict(msgspec.Struct):
    """The fields read from an answer. An echo's answer is the bid itself."""

    id: int
    type: str


_verdicts: Final = msgspec.msgpack.Decoder(_Verdict)


def arrivals_ns(per_s: float, seconds: float, seed: int) -> "array[int]":
    """Return the times at which bids are due, from 0 on, as if by many independent bidders.

    The gaps are random, the rate is not.
    """
    draw = Random(f"{seed}/{per_s}")
    due = array("q")
    at_s = draw.expovariate(per_s)
    while at_s < seconds:
        due.append(round(at_s * 1e9))
        at_s += draw.expovariate(per_s)
    return due


class Timings(NamedTuple):
    """The times at which each bid of a run was due, sent and answered, in ns since the run's start."""

    started_us: int
    """The run's start, by the clock that stamps bids."""
    due_ns: Sequence[int]
    sent_ns: Sequence[int]
    answered_ns: Sequence[int]
    accepted: int
    cpu_share: float
    """The processor time of the generator's process, as a share of one core."""

    def latencies(self, warm_up_s: float) -> Latencies:
        """Return the times from a bid's due time to its verdict, after the warm-up."""
        return self._since_due(self.answered_ns, warm_up_s)

    def lateness(self, warm_up_s: float) -> Latencies:
        """Return the generator's delays: the times from a bid's due time to its sending, after the warm-up."""
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
        self._next_id = 2  # hello used the first id
        self._heard_ns = 0

    def one_by_one(self, make: MakeBid, count: int) -> list[int]:
        """Send bids on the first connection, each after the previous bid's verdict; return the ns that each took."""
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
        """Return the answered bids per second while every connection always has `WINDOW` open bids."""
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
        """Send a bid at each of these times, and return the timings when all are answered. Raises UnreachableError."""
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
        """Take all waiting answers: the connection, the verdict, and the time of taking it."""
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
        """Wait at most `seconds` for news on a socket. Call it only after `_drain`, which takes all earlier news."""
        select.select(self._files, [], [], seconds)


def _require_accepted(verdict: _Verdict) -> None:
    if verdict.type == "rejected":
        raise UnreachableError("A bid of the measurement was refused; its figures would say nothing.")
