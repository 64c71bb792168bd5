"""When committed changes are broadcast: at once while the publisher keeps up, and in larger frames while it does not.

Sending to thousands of subscribers takes a publisher's thread far longer than the call that hands it a frame. If frames
are handed over faster than they leave they queue, every screen falls behind, and at the queue's bound frames are lost.
So after a broadcast the publisher is given the time that its deliveries take, of each frame to each who follows its
lot. What is decided meanwhile is held, and the changes of one lot will share a frame: the slower the publisher, the
more events in a frame.

Held changes keep their order, wait no longer than `HOLD_MS_MAX` nor for a heartbeat, which must not name what was not
broadcast, and no more than `HELD_EVENTS_MAX` of them wait.
"""

from typing import Final

from common.lot import StreamEvent

HOLD_MS_MAX: Final = 500
"""The longest that a change is held; below the heartbeat, after which clients would ask for what is missing."""
HELD_EVENTS_MAX: Final = 8_192
"""About a megabyte; if all are of one lot they are one frame, which must stay below a reply's bound."""
DELIVERY_US: Final = 2.0
"""What one frame to one listener takes: a publisher makes about a million deliveries a second, and shares a machine."""
ENCRYPTED_DELIVERY_US: Final = 6.0
"""With CURVE each listener's copy is encrypted by itself."""


class Pacer:
    """Holds what is committed until the publisher has room for it. Times are those of a clock that never goes back."""

    def __init__(self, delivery_us: float) -> None:
        self._delivery_us = delivery_us
        self._held: list[StreamEvent] = []
        self._held_since_ms = 0
        self._free_ms = 0
        """When the deliveries of what was broadcast last are done, as far as can be told."""

    def hold(self, events: list[StreamEvent], now_ms: int) -> None:
        """Take changes that are durable and are to be broadcast."""
        if not self._held:
            self._held_since_ms = now_ms
        self._held.extend(events)

    def pop(self, now_ms: int) -> list[StreamEvent]:
        """Return what is to be broadcast now, in order; nothing while the publisher is busy."""
        is_late = now_ms >= self._held_since_ms + HOLD_MS_MAX or len(self._held) >= HELD_EVENTS_MAX
        return self.pop_all() if now_ms >= self._free_ms or is_late else []

    def pop_all(self) -> list[StreamEvent]:
        """Return all that is held, whatever the publisher does: before a heartbeat, and before the house stops."""
        events, self._held = self._held, []
        return events

    def sent(self, deliveries: int, now_ms: int) -> None:
        """Note that frames were handed to the publisher which it delivers so many times in all."""
        took_ms = int(deliveries * self._delivery_us / 1000)
        self._free_ms = max(self._free_ms, now_ms) + min(took_ms, HOLD_MS_MAX)

    def next_deadline_ms(self) -> int | None:
        """Return when `take` has something; None while nothing is held."""
        return min(self._free_ms, self._held_since_ms + HOLD_MS_MAX) if self._held else None
