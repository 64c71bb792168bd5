"""When committed changes are broadcast: at once while the publisher keeps up, and in larger frames while it does not.

Sending to thousands of subscribers takes a publisher's thread far longer than the call that hands it a frame. If frames
are handed over faster than they leave, they queue, every screen falls behind, and at the queue's bound frames are
lost. So a broadcast that follows another closely ends with a mark, a small frame that only the house itself
subscribes to. While the mark is on its way, changes are held, and those of one lot will share a frame: the slower the
publisher, the more events in a frame. What was held ends with a mark too.

- After a mark has come back, the publisher is left as long again to whatever else the machine has to do.
- Held changes keep their order. They never wait longer than `HOLD_MS_MAX`, nor for a heartbeat, which must not name
  what was not broadcast; and no more than `HELD_EVENTS_MAX` wait.
- A mark that is lost (a full queue, a new connection) counts as back after `HOLD_MS_MAX`.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from common.lot import Change

HOLD_MS_MAX: Final = 500
"""The longest that a change is held; below the heartbeat, after which clients would ask for what is missing."""
HELD_EVENTS_MAX: Final = 8_192
"""About a megabyte; if all are of one lot they are one frame, which must stay below a reply's bound."""
CALM_MS: Final = 10
"""Broadcasts further apart than this need no mark: the publisher has had time for the one before."""


class Release(NamedTuple):
    """Changes to be broadcast now, in order, and then the mark, if there is one."""

    changes: list[Change]
    mark: int | None


class Pacer:
    """Holds what is committed until the publisher has room for it. Times are those of a clock that never goes back."""

    def __init__(self) -> None:
        self._held: list[Change] = []
        self._held_since_ms = 0
        self._mark = 0
        self._marked_ms: int | None = None
        """When the mark was sent that is on its way."""
        self._free_ms = 0
        """When the next broadcast may be sent at the earliest."""
        self._released_ms = -CALM_MS

    def hold(self, changes: Iterable[Change], now_ms: int) -> None:
        """Take changes that are durable and are to be broadcast."""
        if not self._held:
            self._held_since_ms = now_ms
        self._held.extend(changes)

    def take(self, now_ms: int) -> Release | None:
        """Return what is to be broadcast now; None while the publisher is busy, or nothing is held."""
        if not self._held:
            return None
        is_busy = self._marked_ms is not None or now_ms < self._free_ms
        if is_busy and now_ms < self._held_since_ms + HOLD_MS_MAX and len(self._held) < HELD_EVENTS_MAX:
            return None
        return self.take_all(now_ms)

    def take_all(self, now_ms: int) -> Release | None:
        """Return all that is held, whatever the publisher does: before a heartbeat, and before the house stops."""
        if not self._held:
            return None
        changes, self._held = self._held, []
        mark = None
        if self._held_since_ms < now_ms or now_ms - self._released_ms < CALM_MS:
            self._mark += 1
            mark, self._marked_ms = self._mark, now_ms
        self._released_ms = now_ms
        return Release(changes, mark)

    def came_back(self, mark: int, now_ms: int) -> None:
        """Note that a mark has passed through the publisher; an older one than the last says nothing."""
        if mark == self._mark and self._marked_ms is not None:
            self._free_ms = now_ms + min(now_ms - self._marked_ms, HOLD_MS_MAX)
            self._marked_ms = None

    def next_deadline_ms(self) -> int | None:
        """Return when `take` has something at the latest; None while nothing is held."""
        if not self._held:
            return None
        latest_ms = self._held_since_ms + HOLD_MS_MAX
        return latest_ms if self._marked_ms is not None else min(latest_ms, self._free_ms)
