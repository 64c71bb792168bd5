"""The queue of notices for an application that reads at its own pace: ordered, bounded, and open about any gap."""

from collections import deque
from typing import Final

from bidder.core.notices import Notice, NoticesDropped

NOTICES_QUEUED_MAX: Final = 4096
"""The most notices that wait for the application. Beyond it the oldest go, and `NoticesDropped` says how many."""


class Inbox:
    """A bounded queue of notices. An overflow leaves a gap in their history, but the views stay right."""

    def __init__(self, notices_max: int = NOTICES_QUEUED_MAX) -> None:
        self._notices: deque[Notice] = deque()
        self._notices_max = notices_max
        self._dropped = 0

    def __len__(self) -> int:
        return len(self._notices)

    def put(self, notice: Notice) -> None:
        """Add a notice. If the queue is full, drop the oldest."""
        if len(self._notices) >= self._notices_max:
            self._notices.popleft()
            self._dropped += 1
        self._notices.append(notice)

    def pop(self) -> Notice | None:
        """Return the next notice, or `NoticesDropped` first if some before it are gone; None if nothing waits."""
        if self._dropped:
            dropped, self._dropped = self._dropped, 0
            return NoticesDropped(dropped)
        return self._notices.popleft() if self._notices else None
