"""Time and chance of a simulation: every event is an action at a moment, in an order that the seed decides.

Nothing here waits. A process that stands still or waits for input runs the world in the meantime. The house's process
does so in its poll, in its journal, and at each imposed standstill. Everything else is an action.
"""

import heapq
from collections import Counter
from collections.abc import Callable
from random import Random

from auctioneer.process.clock import Clock

STEPS_AT_ONCE_MAX = 5000
"""The most actions in the same millisecond; with more, somebody never waits."""
START_MS = 1_700_000_000_000


class World:
    """The clock, the agenda and the sources of chance. `now_ms` is real time; clocks may show another time.

    With a coarse grain, actions happen only at its multiples, so many of them fall on the same instant.
    """

    def __init__(self, seed: int, grain_ms: int = 1) -> None:
        self.now_ms = START_MS
        self._grain_ms = grain_ms
        self.reached: Counter[str] = Counter()
        """The count of each rare path."""
        self._seed = seed
        self._moments = 0
        self._entries = 0
        self._steps_now = 0
        self._agenda: list[tuple[int, int, Callable[[], None]]] = []

    def chance(self, what: str) -> Random:
        """Return a separate source of chance, so that the removal of one part does not change the others."""
        return Random(f"{self._seed}/{what}")

    def moment(self) -> int:
        """Return a number larger than any before, to stamp an observation."""
        self._moments += 1
        return self._moments

    def after(self, delay_ms: int, action: Callable[[], None]) -> None:
        """Put an action on the agenda."""
        self._entries += 1
        heapq.heappush(self._agenda, (self._on_grain(self.now_ms + delay_ms), self._entries, action))

    def step(self, until_ms: int) -> bool:
        """Run the next action due by `until_ms` and return True; without one, set the time to it and return False."""
        agenda = self._agenda
        if not agenda or agenda[0][0] > until_ms:
            self.now_ms = max(self.now_ms, until_ms)
            return False
        at_ms, _, action = heapq.heappop(agenda)
        self._steps_now = 0 if at_ms > self.now_ms else self._steps_now + 1
        assert self._steps_now < STEPS_AT_ONCE_MAX, "a client spins: one thing after the other, and no time passes"
        self.now_ms = max(self.now_ms, at_ms)
        action()
        return True

    def _on_grain(self, at_ms: int) -> int:
        return -(-at_ms // self._grain_ms) * self._grain_ms

    def pass_time(self, duration_ms: int) -> None:
        """Run all actions that are due within a time."""
        until_ms = self._on_grain(self.now_ms + duration_ms)
        while self.step(until_ms):
            pass


class Clocks:
    """The operating system's clocks; the wall clock may be set."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.wall_offset_ms = 0

    def clock(self, not_before_ms: int = 0) -> Clock:
        """Return a house's clock that reads these clocks."""
        return Clock(not_before_ms, self.time_ns, self.steady_ns)

    def time_ns(self) -> int:
        return (self._world.now_ms + self.wall_offset_ms) * 1_000_000

    def steady_ns(self) -> int:
        return (self._world.now_ms - START_MS + 1_000_000) * 1_000_000
