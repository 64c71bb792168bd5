"""Rates and counts of strangers: how often something may happen for one key, such as an address. No IO.

A rate saves up to its burst. The number of keys is bounded: the one that was used least recently is forgotten, which
only gives it a full burst again.
"""

from collections import Counter, OrderedDict
from typing import Final


class Rate:
    """A token bucket: `per_s` a second, saved up to `burst`. Times are milliseconds of any steady clock."""

    __slots__ = ("_at_ms", "_burst", "_per_s", "_tokens")

    def __init__(self, per_s: float, burst: float, now_ms: int) -> None:
        self._per_s = per_s
        self._burst = burst
        self._tokens = burst
        self._at_ms = now_ms

    def spend(self, now_ms: int) -> bool:
        """Take one; return whether there was one."""
        self._tokens = min(self._burst, self._tokens + (now_ms - self._at_ms) * self._per_s / 1000)
        self._at_ms = now_ms
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


_MINUTE_S: Final = 60


class RatePerKey:
    """So many a minute for each key, which may come all at once; at most `keys_max` keys are remembered."""

    def __init__(self, per_minute: int, keys_max: int) -> None:
        self._per_minute = per_minute
        self._keys_max = keys_max
        self._rates: OrderedDict[str, Rate] = OrderedDict()

    def spend(self, key: str, now_ms: int) -> bool:
        """Take one for a key; return whether there was one."""
        rate = self._rates.get(key)
        if rate is None:
            rate = self._rates[key] = Rate(self._per_minute / _MINUTE_S, self._per_minute, now_ms)
            if len(self._rates) > self._keys_max:
                self._rates.popitem(last=False)
        self._rates.move_to_end(key)
        return rate.spend(now_ms)


class Places:
    """So many places in all, and so many for each key."""

    def __init__(self, in_all: int, per_key: int) -> None:
        self._in_all = in_all
        self._per_key = per_key
        self._taken: Counter[str] = Counter()
        self.count = 0

    def enter(self, key: str) -> bool:
        """Take a place; return whether one was free. Who has one must `leave`."""
        if self.count >= self._in_all or self._taken[key] >= self._per_key:
            return False
        self._taken[key] += 1
        self.count += 1
        return True

    def leave(self, key: str) -> None:
        """Give a place back."""
        self.count -= 1
        self._taken[key] -= 1
        if not self._taken[key]:
            del self._taken[key]
