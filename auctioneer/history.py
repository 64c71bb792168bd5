"""The latest public events, kept at hand so that a client can fill a hole without the journal being read.

Bounded over all streams together: the oldest events go first, and who needs those takes a snapshot.
"""

from collections import deque
from collections.abc import Iterable
from itertools import chain
from typing import Final

from common.lot import AnyLotEvent, AnySaleEvent

RECENT_EVENTS_MAX: Final = 50_000
SALE_STREAM: Final = ""


class History:
    """Recent events of each stream, contiguous up to the stream's present seq."""

    def __init__(self, events_max: int = RECENT_EVENTS_MAX) -> None:
        self._events_max = events_max
        self._order: deque[str] = deque()
        self._streams: dict[str, deque[AnyLotEvent | AnySaleEvent]] = {}

    def add(self, stream: str, event: AnyLotEvent | AnySaleEvent) -> None:
        """Keep an event of a stream; it follows the last one kept of it."""
        events = self._streams.get(stream)
        if events is None:
            events = self._streams[stream] = deque()
        events.append(event)
        self._order.append(stream)
        if len(self._order) > self._events_max:
            oldest = self._order.popleft()
            self._streams[oldest].popleft()
            if not self._streams[oldest]:
                del self._streams[oldest]

    def put_before(self, older: Iterable[tuple[str, AnyLotEvent | AnySaleEvent]]) -> None:
        """Keep events that came before all that are kept now, as far as there is room."""
        newer = [(stream, self._streams[stream].popleft()) for stream in self._order]
        self._order.clear()
        self._streams.clear()
        for stream, event in chain(older, newer):
            self.add(stream, event)

    def after(self, stream: str, seq: int, most: int) -> list[AnyLotEvent | AnySaleEvent] | None:
        """Return up to `most` events that follow `seq`, contiguous; None if they are no longer here."""
        events = self._streams.get(stream)
        if not events or events[0].seq > seq + 1:
            return None
        skip = seq + 1 - events[0].seq
        return [events[index] for index in range(skip, min(len(events), skip + most))]
