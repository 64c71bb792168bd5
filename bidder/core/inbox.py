"""Events on their way to an application that reads them when it likes: in order, bounded, and never silently short."""

from collections import deque
from typing import Final

from bidder.core.events import Event, EventsDropped

EVENTS_QUEUED_MAX: Final = 4096
"""Events that wait for the application; beyond it the oldest go, and `EventsDropped` says how many."""


class Inbox:
    """A bounded queue of events. When it overflows the views are still right; only their history has a gap."""

    def __init__(self, events_max: int = EVENTS_QUEUED_MAX) -> None:
        self._events: deque[Event] = deque()
        self._events_max = events_max
        self._dropped = 0

    def __len__(self) -> int:
        return len(self._events)

    def put(self, event: Event) -> None:
        """Add an event, dropping the oldest where there is no room."""
        if len(self._events) >= self._events_max:
            self._events.popleft()
            self._dropped += 1
        self._events.append(event)

    def pop(self) -> Event | None:
        """Return the next event, `EventsDropped` first where some went before it; None where nothing waits."""
        if self._dropped:
            dropped, self._dropped = self._dropped, 0
            return EventsDropped(dropped)
        return self._events.popleft() if self._events else None
