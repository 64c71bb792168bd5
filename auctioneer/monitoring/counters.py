"""What a server counts of its work, and its present state: plain numbers for monitoring to read.

Counting must not slow the server's loop. So the loop writes here once for each batch and never for each bid, and knows
nothing of the readers. Another thread reads without a lock (`auctioneer.monitoring.metrics`), so two numbers may come
from different batches; each by itself is right.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from operator import attrgetter
from typing import Final, NamedTuple

from auctioneer.rules.fact import Fact
from auctioneer.rules.facts import AnyFact, Rejection
from auctioneer.rules.lots import LotState

BATCH_BOUNDS: Final = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0)
"""The upper bounds of the classes of batches, in requests."""
COMMIT_BOUNDS_S: Final = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)

_code_of: Final = attrgetter("verdict.code._value_")
"""Returns the text of a rejection's code, since hashing the Enum would take longer than all the rest."""


class Histogram:
    """The number of observations in each class, and their sum."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def observe(self, value: float) -> None:
        """Count one observation; a value equal to the upper bound of a class is in that class."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value


class Counters:
    """What one server has done since its start. Its loop writes here, batch by batch."""

    def __init__(self, *, restarts: int = 0) -> None:
        self.restarts = restarts
        self.requests = 0
        self.batch_requests = Histogram(BATCH_BOUNDS)
        self.commit_s = Histogram(COMMIT_BOUNDS_S)
        self.bids = 0
        self.others: Counter[type[Fact]] = Counter()
        self.rejections: Counter[str] = Counter()
        self.answers_not_taken = 0
        self.broadcast_frames = 0
        self.broadcast_bytes = 0
        self.freezes = 0
        self.standstills = 0
        self.snapshot_failures = 0
        self.heartbeat_lag_ms = 0

    def drained(self, requests: int) -> None:
        """Count the requests of one drain of the socket."""
        self.requests += requests
        self.batch_requests.observe(requests)

    def committed(self, bids: int, others: Sequence[AnyFact], rejections: Sequence[Rejection], took_s: float) -> None:
        """Count a durable batch: its accepted bids, its other facts, its rejections, and the seconds that it took."""
        self.commit_s.observe(took_s)
        self.bids += bids
        if others:
            self.others.update(map(type, others))
        if rejections:
            self.rejections.update(map(_code_of, rejections))


class Vitals(NamedTuple):
    """The state of a server at one moment, as another thread reads it."""

    is_frozen: bool
    epoch: int
    instance: str
    position: int
    """The position of the last fact in the journal; 0 while the sale is frozen."""
    lots: Sequence[LotState]
    bidders: int
    turn_age_ms: int
    """Milliseconds since the loop last turned."""
    commit_age_ms: int
    snapshot_age_ms: int
    """Milliseconds since the last snapshot was on the disk, or since the start if the server has made none."""
    term: int
    """Who owns the record; it rises with each take-over."""
    clock_ahead_ms: int
    """How far the sale's time is ahead of this machine's time of day."""
    events_since_snapshot: int
    """The number of facts since that snapshot, or since the one that the server read at its start."""


class StandbyVitals(NamedTuple):
    """The state of a house that stands by at one moment, as another thread reads it."""

    instance: str
    term: int
    """Of the owner; 0 before it was seen."""
    is_away: bool
    """Whether the store can't be reached."""
    position: int
    """How far the record was followed."""
    behind: int
    """How many facts the record has more."""
    look_age_ms: int
    """Milliseconds since it last looked, or tried to."""
    clock_ahead_ms: int | None
    """How far the sale's time is ahead of this machine's time of day; None before the owner was seen to write."""
