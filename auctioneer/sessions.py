"""Sessions: what the house remembers of each principal between requests, within bounds.

- Verdicts. The last `REMEMBERED_REQUESTS_MAX` bids and purchases of a bidder, by request id, with their verdicts: a
  repeat gets the same verdict, the same id with other content is a conflict, and an unknown id below all of those is
  refused, since its verdict could not be kept: so nothing is ever decided twice, nor decided and forgotten.
- A budget of requests, so that nobody can take the house's time from the others.
- When the bidder was last heard from.
"""

import heapq
from collections.abc import Iterable
from typing import Final

from auctioneer.engine import Bidder
from auctioneer.register import Enrolled
from common.errors import RejectCode
from common.limits import REMEMBERED_REQUESTS_MAX
from common.messages import Accepted, BidRequest, BuyRequest, Rejected

DEFAULT_REQUESTS_PER_S: Final = 500
BURST_S: Final = 2
"""A budget that was not used grows up to this many seconds' worth."""
MALFORMED_COST: Final = 10
SNAPSHOT_COST: Final = 20
REPLAY_COST: Final = 5

Verdict = Accepted | Rejected
Remembered = tuple[BidRequest | BuyRequest, Verdict]


class Budget:
    """A token bucket. Overdrawn by a whole burst, its owner is not even answered any more."""

    __slots__ = ("_at_ms", "_burst", "_per_ms", "_tokens")

    def __init__(self, requests_per_s: int, now_ms: int) -> None:
        self._per_ms = requests_per_s / 1000
        self._burst = requests_per_s * BURST_S
        self._tokens: float = self._burst
        self._at_ms = now_ms

    def spend(self, now_ms: int, cost: int = 1) -> bool:
        """Take `cost` requests' worth; return whether they were there."""
        tokens = self._tokens - cost
        if now_ms != self._at_ms:
            tokens = min(self._burst, self._tokens + (now_ms - self._at_ms) * self._per_ms) - cost
            self._at_ms = now_ms
        self._tokens = tokens if tokens > -self._burst else -self._burst
        return tokens >= 0

    @property
    def is_exhausted(self) -> bool:
        """Whether its owner went on so long after `slow_down` that silence is the only answer left."""
        return self._tokens <= -self._burst

    @property
    def retry_ms(self) -> int:
        """How long until one more request is in the budget."""
        return max(1, round((1 - self._tokens) / self._per_ms))


class Session:
    """One principal's."""

    __slots__ = ("_ids", "_verdicts", "bidder", "budget", "heard_ms", "who")

    def __init__(self, bidder: Enrolled, budget: Budget, now_ms: int) -> None:
        self.enter(bidder)
        self.budget = budget
        self.heard_ms = now_ms
        self._verdicts: dict[int, Remembered] = {}
        self._ids: list[int] = []  # a heap of the keys of _verdicts

    def enter(self, bidder: Enrolled) -> None:
        """Take the bidder's entry of the register; `who` is what the rules need of it."""
        self.bidder = bidder
        self.who = Bidder(bidder.paddle, bidder.skeleton)

    def recall(self, request: BidRequest | BuyRequest) -> Verdict | RejectCode | None:
        """Return the verdict that a request had before; a code if its id can't be used; None if it is new."""
        remembered = self._verdicts.get(request.id)
        if remembered is not None:
            return remembered[1] if remembered[0] == request else RejectCode.ID_CONFLICT
        return RejectCode.ID_STALE if self._is_below_all(request.id) else None

    def remember(self, request: BidRequest | BuyRequest, verdict: Verdict) -> None:
        """Keep a verdict, and forget the one with the lowest id if there are too many."""
        if request.id in self._verdicts or self._is_below_all(request.id):
            return
        self._verdicts[request.id] = (request, verdict)
        if len(self._ids) < REMEMBERED_REQUESTS_MAX:
            heapq.heappush(self._ids, request.id)
        else:
            del self._verdicts[heapq.heapreplace(self._ids, request.id)]

    def _is_below_all(self, request_id: int) -> bool:
        return len(self._ids) == REMEMBERED_REQUESTS_MAX and request_id < self._ids[0]

    @property
    def remembered(self) -> list[Remembered]:
        """What a snapshot holds of this session, by ascending id."""
        return [self._verdicts[request_id] for request_id in sorted(self._ids)]

    def restore(self, remembered: Iterable[Remembered]) -> None:
        """Take what a snapshot held."""
        for request, verdict in remembered:
            self.remember(request, verdict)
