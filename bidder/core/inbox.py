"""Notices on their way to an application that reads them when it likes: in order, bounded, and never silently short."""

from collections import deque
from typing import Final

from bidder.core.notices import Notice, NoticesDropped

NOTICES_QUEUED_MAX: Final = 4096
"""Notices that wait for the application; beyond it the oldest go, and `NoticesDropped` says how many."""


class Inbox:
    """A bounded queue of notices. When it overflows the views are still right; only their history has a gap."""

    def __init__(self, notices_max: int = NOTICES_QUEUED_MAX) -> None:
        self._notices: deque[Notice] = deque()
        self._notices_max = notices_max
        self._dropped = 0

    def __len__(self) -> int:
        return len(self._notices)

    def put(self, notice: Notice) -> None:
        """Add a notice, dropping the oldest where there is no room."""
        if len(self._notices) >= self._notices_max:
            self._notices.popleft()
            self._dropped += 1
        self._notices.append(notice)

    def pop(self) -> Notice | None:
        """Return the next notice, `NoticesDropped` first where some went before it; None where nothing waits."""
        if self._dropped:
            dropped, self._dropped = self._dropped, 0
            return NoticesDropped(dropped)
        return self._notices.popleft() if self._notices else None
