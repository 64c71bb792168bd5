"""The course of an evening: when each lot opened and closed, and what extended it.

A rehearsal may run faster than the evening. Times of the house are those of the rehearsal; all that a `Course` returns
is in the evening's time, at the catalogue's own durations. All are in milliseconds.
"""

from collections.abc import Iterable
from typing import NamedTuple, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from bidder.core.notices import LotChanged, Notice
from common.lot import LotStatus, LotView
from common.lot_events import LotExtended, LotMoved

_HELD = (LotStatus.SOLD, LotStatus.PASSED)
_TIMES = ("at_ms", "ends_at_ms")
T = TypeVar("T", bound=Struct)


class Span(NamedTuple):
    """The place of a lot that is over in the evening."""

    opened_after_ms: int
    """Counted from the first opening."""
    open_for_ms: int
    extensions: int
    extended_ms: int
    """How much of the time the extensions are."""


class Course:
    """Collects what a client is told. `speed` is by how much the catalogue's durations were divided."""

    def __init__(self, speed: int = 1) -> None:
        self._speed = speed
        self._extensions: dict[str, list[int]] = {}
        self._first_ms: int | None = None

    def note(self, notice: Notice) -> None:
        """Note a change of a lot; other notices don't count."""
        if not isinstance(notice, LotChanged):
            return
        before, view = notice.before, notice.view
        if view.status is LotStatus.OPEN and self._first_ms is None:
            self._first_ms = notice.event.at_ms
        moved = isinstance(notice.event, LotMoved | LotExtended)
        if moved and before.ends_at_ms is not None and view.ends_at_ms is not None:
            later_ms = view.ends_at_ms - before.ends_at_ms
            if later_ms > 0:
                self._extensions.setdefault(view.lot, []).append(later_ms)

    def since_first_ms(self, at_ms: int) -> int:
        """Return how long after the first opening a time of the house is; 0 before."""
        return 0 if self._first_ms is None else max(0, at_ms - self._first_ms) * self._speed

    def span(self, view: LotView) -> Span | None:
        """Return the place of a lot in the evening; None if it is not over, or never opened."""
        if view.status not in _HELD or view.opens_at_ms is None or view.closed_at_ms is None:
            return None
        extensions = self._extensions.get(view.lot, [])
        return Span(
            self.since_first_ms(view.opens_at_ms),
            (view.closed_at_ms - view.opens_at_ms) * self._speed,
            len(extensions),
            sum(extensions) * self._speed,
        )

    def length_ms(self, lots: Iterable[LotView]) -> int:
        """Return how long the evening takes from the first opening to the last close so far."""
        return max((span.opened_after_ms + span.open_for_ms for view in lots if (span := self.span(view))), default=0)


def stretched(change: LotChanged, speed: int) -> LotChanged:
    """Return a change whose times lie as far from each other as they do in the evening."""
    return replace(
        change,
        before=_stretched(change.before, speed),
        view=_stretched(change.view, speed),
        event=_stretched(change.event, speed),
    )


def _stretched(thing: T, speed: int) -> T:
    times = {name: getattr(thing, name, None) for name in _TIMES}
    return replace(thing, **{name: at_ms * speed for name, at_ms in times.items() if at_ms is not None})
