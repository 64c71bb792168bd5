"""When committed events are broadcast: at once while the publisher keeps up, and in larger frames while it does not.

A publisher's thread takes far longer to send a frame to thousands of subscribers than the call that gives it the frame.
If it gets frames faster than they leave, they queue. Then every screen falls behind, and when the queue is full frames
are lost. So after a broadcast the publisher gets the time that its deliveries take: each frame to each follower of its
lot. Events of that time are held, and those of one lot will share a frame. The slower the publisher, the more events
are in a frame.

Held events keep their order, and at most `HELD_EVENTS_MAX` are held. They wait no longer than `HOLD_MS_MAX`, and not
beyond the next heartbeat, which must not name an event that was not broadcast.
"""

from typing import Final

from common.lot_events import StreamEvent

HOLD_MS_MAX: Final = 500
"""How long an event is held at most: less than a heartbeat's interval, since clients then ask for missing events."""
HELD_EVENTS_MAX: Final = 8_192
"""The most events that are held, about a megabyte. If all are of one lot, their frame must not be too large."""
DELIVERY_US: Final = 2.0
"""The time to deliver one frame to one listener: a publisher makes about a million deliveries per second, on a machine
that does other work too."""
ENCRYPTED_DELIVERY_US: Final = 6.0
"""The same with CURVE, which encrypts each listener's copy separately."""


class Pacer:
    """Holds committed events until the publisher has time for them. Times are of a clock that never goes back."""

    def __init__(self, delivery_us: float) -> None:
        self._delivery_us = delivery_us
        self._held: list[StreamEvent] = []
        self._held_since_ms = 0
        self._free_ms = 0
        """When the deliveries of the last broadcast should be done, by estimate."""

    def hold(self, events: list[StreamEvent], now_ms: int) -> None:
        """Hold events that are durable and must be broadcast."""
        if not self._held:
            self._held_since_ms = now_ms
        self._held.extend(events)

    def pop(self, now_ms: int) -> list[StreamEvent]:
        """Return the events to broadcast now, in order; none while the publisher is busy."""
        is_late = now_ms >= self._held_since_ms + HOLD_MS_MAX or len(self._held) >= HELD_EVENTS_MAX
        return self.pop_all() if now_ms >= self._free_ms or is_late else []

    def pop_all(self) -> list[StreamEvent]:
        """Return all held events, even if the publisher is busy: before a heartbeat, and before the house stops."""
        events, self._held = self._held, []
        return events

    def sent(self, deliveries: int, now_ms: int) -> None:
        """Note that the publisher got frames that need this many deliveries in all."""
        took_ms = int(deliveries * self._delivery_us / 1000)
        self._free_ms = max(self._free_ms, now_ms) + min(took_ms, HOLD_MS_MAX)

    def next_deadline_ms(self) -> int | None:
        """Return when `pop` has something to return; None while nothing is held."""
        return min(self._free_ms, self._held_since_ms + HOLD_MS_MAX) if self._held else None
