"""Budgets of requests, so that no client can take up the house's time at the expense of others."""

from collections import OrderedDict
from functools import lru_cache
from typing import Final

from common.limits import REMEMBERED_REQUESTS_MAX

DEFAULT_REQUESTS_PER_S: Final = 500
REQUESTS_PER_S_MIN: Final = 10
"""At a lower rate a burst would not hold what a client needs to join (`JOIN_COST`) and a few more requests."""
REQUESTS_PER_S_MAX: Final = 1_000_000
BURST_S: Final = 2
"""An unused budget grows up to the requests of this many seconds."""
FLOOD_REQUESTS_MIN: Final = 2 * REMEMBERED_REQUESTS_MAX
"""Up to this many requests beyond the budget are no flood at any rate: a client may have half as many unanswered."""
PARTNER_BUDGETS: Final = 10
"""A partner (a hall, a gateway, a relay) has the budget of this many bidders, because it asks for many."""
STRANGERS_MAX: Final = 10_000
"""The most keys without a session whose budgets are remembered."""
MALFORMED_COST: Final = 10
SNAPSHOT_COST: Final = 10
REPLAY_COST: Final = 5
RETRACT_COST: Final = 20
"""A retraction makes the price again from all the bids that the lot keeps."""
WRONG_CODE_COST: Final = 10
JOIN_COST: Final = 1 + 3 + 1 + (1 + SNAPSHOT_COST) + 1
"""The requests by which a client joins a sale of one page: hello, its subscriptions, a probe, a snapshot, news."""
_COST: Final = 1000
"""The cost of one request. A budget counts thousandths, so a rate per second is one per millisecond, and is exact."""


@lru_cache(maxsize=4)
def _bounds(requests_per_s: int) -> tuple[int, int]:
    """Return the most that a budget holds, and the bound of a flood. All budgets of one rate share the two numbers."""
    burst = requests_per_s * BURST_S * _COST
    return burst, max(burst, FLOOD_REQUESTS_MIN * _COST)


class Budget:
    """A token bucket, and a count of the requests that were refused while it was empty.

    A refused request takes nothing from the bucket. So a client that waits as long as `slow_down` says is served,
    however many requests came meanwhile. The count of refused requests falls at the same rate. While it is at a whole
    burst or more, its owner is a flood and gets no answer at all.
    """

    __slots__ = ("_at_ms", "_burst", "_flood", "_rate", "_refused", "_tokens")

    def __init__(self, requests_per_s: int, now_ms: int) -> None:
        self._rate = requests_per_s
        self._burst, self._flood = _bounds(requests_per_s)
        self._tokens = self._burst
        self._refused = 0
        self._at_ms = now_ms

    def spend(self, now_ms: int) -> bool:
        """Pay for one request; return whether the budget was enough."""
        tokens = self._tokens
        if now_ms != self._at_ms:
            gained = (now_ms - self._at_ms) * self._rate
            self._at_ms = now_ms
            if self._refused:
                left = self._refused - gained
                if self.is_exhausted:
                    gained = max(0, -left)  # the count of a flood must fall to 0 before the bucket fills again
                self._refused = max(0, left)
            tokens += gained
            if tokens > self._burst:
                tokens = self._burst
        if tokens >= _COST:
            self._tokens = tokens - _COST
            return True
        self._tokens = tokens
        self.refuse()
        return False

    def charge(self, cost: int) -> None:
        """Pay for `cost` more requests, after one turned out to be expensive; the budget may go below 0."""
        self._tokens = max(self._tokens - cost * _COST, -self._burst)

    def refuse(self, cost: int = 1) -> None:
        """Count `cost` requests that the budget could not pay for; enough of them are a flood."""
        self._refused = min(self._refused + cost * _COST, self._flood)

    @property
    def requests_per_s(self) -> int:
        """The rate at which it grows."""
        return self._rate

    @property
    def is_exhausted(self) -> bool:
        """Whether its owner ignored `slow_down` for so long that it gets no more answers."""
        return self._refused >= self._flood

    @property
    def retry_ms(self) -> int:
        """How many milliseconds until the budget can pay for all refused requests, the last one included; 1 or more."""
        return max(1, -((self._tokens - self._refused) // self._rate))


class Budgets:
    """The budgets of principals that have no session. If there are too many, the longest silent one is forgotten."""

    def __init__(self, requests_per_s: int) -> None:
        self._requests_per_s = requests_per_s
        self._budgets: OrderedDict[str, Budget] = OrderedDict()

    def of(self, principal: str, now_ms: int) -> Budget:
        """Return the budget of a principal; a new one if none is remembered."""
        budget = self._budgets.get(principal)
        if budget is None:
            budget = self._budgets[principal] = Budget(self._requests_per_s, now_ms)
            if len(self._budgets) > STRANGERS_MAX:
                self._budgets.popitem(last=False)
        else:
            self._budgets.move_to_end(principal)
        return budget

    def hand_over(self, principal: str, now_ms: int) -> Budget:
        """Return the budget of a principal that gets a session now, and forget it here."""
        budget = self.of(principal, now_ms)
        del self._budgets[principal]
        return budget
