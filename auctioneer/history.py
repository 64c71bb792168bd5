"""The latest public events, kept at hand so that a client can fill a hole without the journal being read.

Bounded over all streams together: the oldest events go first, and who needs those takes a snapshot. Holes are rare
and bids are not, so events are sorted by stream only when somebody asks.
"""

from collections import deque
from collections.abc import Iterable
from itertools import islice
from typing import Final

from common.lot import AnyLotEvent, AnySaleEvent, Change

RECENT_EVENTS_MAX: Final = 50_000


class History:
    """Recent events of each stream, contiguous up to the stream's present seq."""

    def __init__(self, events_max: int = RECENT_EVENTS_MAX) -> None:
        self._events_max = events_max
        self._unsorted: deque[Change] = deque(maxlen=events_max)
        self._order: deque[str] = deque()  # the streams of the sorted events, oldest first
        self._streams: dict[str, deque[AnyLotEvent | AnySaleEvent]] = {}

    def extend(self, changes: Iterable[Change]) -> None:
        """Keep events; those of a stream follow the last one kept of it."""
        self._unsorted.extend(changes)

    def after(self, stream: str, seq: int, most: int) -> list[AnyLotEvent | AnySaleEvent] | None:
        """Return up to `most` events that follow `seq`, contiguous; None if they are no longer here."""
        self._sort()
        events = self._streams.get(stream)
        if not events or events[0].seq > seq + 1:
            return None
        return list(islice(events, seq + 1 - events[0].seq, seq + 1 - events[0].seq + most))

    def _sort(self) -> None:
        # Where these are as many as are kept, some before them may have been lost, and then all sorted ones go below.
        for stream, event in self._unsorted:
            self._streams.setdefault(stream, deque()).append(event)
            self._order.append(stream)
        self._unsorted.clear()
        while len(self._order) > self._events_max:
            oldest = self._order.popleft()
            self._streams[oldest].popleft()
            if not self._streams[oldest]:
                del self._streams[oldest]
