"""The travel of messages: in order on each connection, late, sometimes lost or doubled, gone when it breaks."""

from collections.abc import Callable

from tests.simulation.plan import Plan
from tests.simulation.sockets import Line
from tests.simulation.world import World

LATENCY_MS = 25
SPIKE_MS = 2500
"""A delay that is long enough for a client to repeat its request."""


class Link:
    """One client's path to the house and back, for one of its two sockets."""

    def __init__(
        self, world: World, plan: Plan, name: str, receive: Callable[[bytes], None], *, loses_broadcasts: bool
    ) -> None:
        self._world = world
        self._chance = world.chance(f"link/{name}")
        self._receive = receive
        self._loses_broadcasts = loses_broadcasts and "drop" in plan.faults
        self._delays = "delay" in plan.faults
        self._doubles = "twice" in plan.faults and not loses_broadcasts
        self._is_lossy_until_ms = 0
        self._last_ms = {True: 0, False: 0}
        self.is_calm = False
        """Whether the faults are over."""

    def carry(self, line: Line, body: bytes, *, to_house: bool) -> None:
        """Carry a message to the other end, later or never."""
        if not line.is_up:
            return
        if not to_house and self._loses(body):
            return
        copies = 2 if to_house and self._doubles and not self.is_calm and self._chance.random() < 0.05 else 1
        for _ in range(copies):
            at_ms = max(self._last_ms[to_house], self._world.now_ms + self._latency_ms())
            self._last_ms[to_house] = at_ms
            self._world.after(at_ms - self._world.now_ms, lambda: self._arrive(line, body, to_house))

    def _latency_ms(self) -> int:
        if self._delays and not self.is_calm and self._chance.random() < 0.03:
            self._world.reached["message delayed"] += 1
            return int(self._chance.random() * SPIKE_MS)
        return 1 + int(self._chance.random() * LATENCY_MS)

    def _loses(self, body: bytes) -> bool:
        if not self._loses_broadcasts or self.is_calm:
            return False
        if self._world.now_ms < self._is_lossy_until_ms:
            self._world.reached["broadcast lost"] += 1
            return True
        if self._chance.random() < 0.02:
            self._is_lossy_until_ms = self._world.now_ms + self._chance.choice((1, 300, 4000))
        return False

    def _arrive(self, line: Line, body: bytes, to_house: bool) -> None:
        if not line.is_up:
            self._world.reached["lost with its connection"] += 1
        elif to_house:
            line.arrive_at_house(body)
        else:
            self._receive(body)
