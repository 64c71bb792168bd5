"""Budgets of requests, so that no client can take the house's time from the others."""

from collections import OrderedDict
from functools import lru_cache
from typing import Final

from common.limits import REMEMBERED_REQUESTS_MAX

DEFAULT_REQUESTS_PER_S: Final = 500
REQUESTS_PER_S_MIN: Final = 10
"""Below this, a burst would not allow a client to join (`JOIN_COST`) and make some requests more."""
REQUESTS_PER_S_MAX: Final = 1_000_000
BURST_S: Final = 2
"""A budget that was not used grows up to this many seconds' worth."""
FLOOD_REQUESTS_MIN: Final = 2 * REMEMBERED_REQUESTS_MAX
"""This many requests beyond it are never a flood: a client may leave half as many unanswered."""
STRANGERS_MAX: Final = 10_000
"""Keys without a session whose budgets are remembered."""
MALFORMED_COST: Final = 10
SNAPSHOT_COST: Final = 10
REPLAY_COST: Final = 5
JOIN_COST: Final = 1 + 3 + 1 + (1 + SNAPSHOT_COST) + 1
"""What a client needs to join a sale of one page: hello, its subscriptions, a probe, a snapshot, the question for
news."""
_COST: Final = 1000
"""One request. A budget counts thousandths, so that a rate a second is one a millisecond, and all is exact."""


@lru_cache(maxsize=4)
def _bounds(requests_per_s: int) -> tuple[int, int]:
    """Return the most that a budget holds, and the bound of a flood; the same objects for all with the same rate."""
    burst = requests_per_s * BURST_S * _COST
    return burst, max(burst, FLOOD_REQUESTS_MIN * _COST)


class Budget:
    """A token bucket, and beside it a count of what was refused since it was empty.

    A refused request costs nothing, so a client that waits as long as `slow_down` says is heard, however many requests
    it made meanwhile. The count shrinks at the same rate. While it is a whole burst or more, its owner is a flood, and
    gets no answer at all.
    """

    __slots__ = ("_at_ms", "_burst", "_flood", "_rate", "_refused", "_tokens")

    def __init__(self, requests_per_s: int, now_ms: int) -> None:
        self._rate = requests_per_s
        self._burst, self._flood = _bounds(requests_per_s)
        self._tokens = self._burst
        self._refused = 0
        self._at_ms = now_ms

    def spend(self, now_ms: int) -> bool:
        """Spend one request; return whether it was in the budget."""
        tokens = self._tokens
        if now_ms != self._at_ms:
            gained = (now_ms - self._at_ms) * self._rate
            self._at_ms = now_ms
            if self._refused:
                left = self._refused - gained
                if self.is_exhausted:
                    gained = max(0, -left)  # a flood has to be forgotten before the bucket fills again
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
        """Spend `cost` requests more for an expensive request; what is not there is owed."""
        self._tokens = max(self._tokens - cost * _COST, -self._burst)

    def refuse(self, cost: int = 1) -> None:
        """Count a request that was not in the budget towards a flood."""
        self._refused = min(self._refused + cost * _COST, self._flood)

    @property
    def is_exhausted(self) -> bool:
        """Whether its owner continued for so long after `slow_down` that only silence is left."""
        return self._refused >= self._flood

    @property
    def retry_ms(self) -> int:
        """The time until the last refused request is in the budget, after all that were refused before it."""
        return max(1, -((self._tokens - self._refused) // self._rate))


class Budgets:
    """The budgets of principals that have no session; the longest silent goes first."""

    def __init__(self, requests_per_s: int) -> None:
        self._requests_per_s = requests_per_s
        self._budgets: OrderedDict[str, Budget] = OrderedDict()

    def of(self, principal: str, now_ms: int) -> Budget:
        """Return the budget of a principal, a new one where none is remembered."""
        budget = self._budgets.get(principal)
        if budget is None:
            budget = self._budgets[principal] = Budget(self._requests_per_s, now_ms)
            if len(self._budgets) > STRANGERS_MAX:
                self._budgets.popitem(last=False)
        else:
            self._budgets.move_to_end(principal)
        return budget

    def hand_over(self, principal: str, now_ms: int) -> Budget:
        """Return the budget of a principal that now gets a session, and forget it here."""
        budget = self.of(principal, now_ms)
        del self._budgets[principal]
        return budget
