"""An estimate of the house's clock, to show remaining time. The house alone decides by its clock.

The estimate uses the last answered requests, only a few because clocks drift apart. The one with the shortest round
trip counts, because its middle is known best (as in Cristian's algorithm). A heartbeat gives a lower bound, which holds
when nothing else is heard: it was sent before it arrived, so the house's clock can't be behind the time in it.
"""

from collections import deque
from typing import Final

SAMPLES_MAX: Final = 32
"""The number of samples that count. With a ping every five seconds the oldest is a few minutes old."""


class ServerClock:
    """Estimates `server time - own time` in milliseconds. Own time is any steady count."""

    def __init__(self) -> None:
        self._samples: deque[tuple[int, int]] = deque(maxlen=SAMPLES_MAX)
        self._floors: deque[int] = deque(maxlen=SAMPLES_MAX)

    def forget(self) -> None:
        """Drop all samples: another process answers now, maybe on another machine."""
        self._samples.clear()
        self._floors.clear()

    def learn_round_trip(self, sent_ms: int, received_ms: int, server_time_ms: int) -> None:
        """Learn from an answer. The caller must be certain which copy of the request it answers."""
        self._samples.append((received_ms - sent_ms, server_time_ms - (sent_ms + received_ms) // 2))
        self.learn_one_way(received_ms, server_time_ms)

    def learn_one_way(self, received_ms: int, server_time_ms: int) -> None:
        """Learn from a broadcast: the house's clock shows at least this time."""
        self._floors.append(server_time_ms - received_ms)

    @property
    def is_known(self) -> bool:
        """Whether the client has heard the house's time since the start, or since `forget`."""
        return bool(self._floors)

    @property
    def offset_ms(self) -> int:
        """The milliseconds to add to own time; 0 before anything is heard."""
        if not self._floors:
            return 0
        floor_ms = max(self._floors)
        return max(floor_ms, min(self._samples)[1]) if self._samples else floor_ms

    @property
    def round_trip_ms(self) -> int | None:
        """The shortest recent round trip; None before the first. The offset is wrong by at most half of it."""
        return min(self._samples)[0] if self._samples else None

    def server_time_ms(self, now_ms: int) -> int:
        """Return the house's time when own time is `now_ms`."""
        return now_ms + self.offset_ms
