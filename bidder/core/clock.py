"""The house's clock as the client knows it: decisions are the house's, this is for showing remaining time.

Of the last answered requests the one with the shortest round trip counts, since its middle is known best (as in
Cristian's algorithm); only the last few, since clocks drift apart. A heartbeat was sent before it came, so that the
house's clock can't be behind what it says: a lower bound that holds when nothing else is heard.
"""

from collections import deque
from typing import Final

SAMPLES_MAX: Final = 32
"""Samples that count; with a ping every five seconds the oldest is some minutes old."""


class ServerClock:
    """Estimates `server time - own time` in milliseconds; own time is any steady count."""

    def __init__(self) -> None:
        self._samples: deque[tuple[int, int]] = deque(maxlen=SAMPLES_MAX)
        self._floors: deque[int] = deque(maxlen=SAMPLES_MAX)

    def forget(self) -> None:
        """Drop what was learned: another process answers now, maybe on another machine."""
        self._samples.clear()
        self._floors.clear()

    def learn_round_trip(self, sent_ms: int, received_ms: int, server_time_ms: int) -> None:
        """Learn from an answer, where it is certain to which sending it belongs."""
        self._samples.append((received_ms - sent_ms, server_time_ms - (sent_ms + received_ms) // 2))
        self.learn_one_way(received_ms, server_time_ms)

    def learn_one_way(self, received_ms: int, server_time_ms: int) -> None:
        """Learn from a broadcast: the house's clock is at least there."""
        self._floors.append(server_time_ms - received_ms)

    @property
    def is_known(self) -> bool:
        """Whether the house's time was ever heard."""
        return bool(self._floors)

    @property
    def offset_ms(self) -> int:
        """What to add to own time; 0 before anything was heard."""
        if not self._floors:
            return 0
        floor_ms = max(self._floors)
        return max(floor_ms, min(self._samples)[1]) if self._samples else floor_ms

    @property
    def round_trip_ms(self) -> int | None:
        """The shortest round trip of late; None before there was one. The offset is off by half of it at most."""
        return min(self._samples)[0] if self._samples else None

    def server_time_ms(self, now_ms: int) -> int:
        """Return the house's time at the own time `now_ms`."""
        return now_ms + self.offset_ms
