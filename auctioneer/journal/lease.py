"""The lease of a record that several houses can reach: when its owner stops, and when another house takes it over.

Nothing here reads a clock. Times are milliseconds of the caller's own steady clock, which counts sleep; no two
machines' clocks are ever compared. The order of these times is the rule:

- An owner that has others beside it writes at least every `BEAT_EVERY_MS`. It counts from the moment at which it SENT
  the last statement that was confirmed: `FREEZE_AFTER_MS` later it decides nothing, `STEP_DOWN_AFTER_MS` later its
  sockets are closed. So it is silent before anybody else can speak.
- A stand-by takes over when what it sees stood still for `LEASE_MS`; at once when the owner let go, or is known to be
  dead. It takes over only what it saw, so that two can't both win.

The record's row is what fences (`auctioneer.journal.postgres.statements`). These times only keep bidders from hearing
two houses; were a clock to run wrong, still no bid would be lost or doubled.
"""

from collections.abc import Collection
from enum import Enum
from typing import Final, NamedTuple

LEASE_MS: Final = 3_000
"""For how long what is seen of an owner must stand still."""
STEP_DOWN_AFTER_MS: Final = 2_000
FREEZE_AFTER_MS: Final = 1_000
BEAT_EVERY_MS: Final = 500
"""So that one write that is lost or late freezes nobody."""
LOOK_EVERY_MS: Final = 100
BLIND_MS_MAX: Final = 1_000
"""Whoever did not look for longer begins to count again: the owner could not write either, if the store was away."""


class Seen(NamedTuple):
    """What a record's row showed of its owner."""

    term: int
    beat: int
    """Moved by each write of the owner."""
    holder: str
    is_released: bool
    """Whether the owner let go."""
    alive_ms: int
    """When the owner last wrote, in the sale's time."""


class Beside(NamedTuple):
    """A house that stands by, as it told."""

    place: str
    """HOST:PORT, where bidders would find it."""
    position: int
    """How far it has followed the record."""


class Advice(Enum):
    """What a stand-by is to do after a look."""

    WAIT = "wait"
    COUNT_AGAIN = "count again"
    """Wait; the owner lives, or nobody looked for a while, so that the count begins again."""
    TAKE_SILENT = "silent"
    """Take over: the owner was silent for the whole lease. Only if it has done nothing since the look."""
    TAKE_RELEASED = "released"
    """Take over: the owner let go."""
    TAKE_OWN = "own"
    """Take over: the owner was a process of this house, and is dead."""

    @property
    def takes_over(self) -> bool:
        """Whether the record is to be taken over."""
        return self in (Advice.TAKE_SILENT, Advice.TAKE_RELEASED, Advice.TAKE_OWN)


class Watch:
    """What one stand-by concludes from its looks. `own` are owners of this house that are dead, and itself.

    `ahead_ms` is how far the sale's time is ahead of the steady clock, if one of them held the sale and told it.
    """

    def __init__(self, own: Collection[str] = (), ahead_ms: int | None = None) -> None:
        self._own = own
        self._seen: Seen | None = None
        self._told_ms = 0
        self._still_since_ms = 0
        self._knows_time = ahead_ms is not None
        """Whether the owner wrote while this watch looked, or a process of this house told the time."""
        self._ahead_ms = ahead_ms
        """How far the sale's time is ahead of the steady clock, at the least."""

    def saw(self, seen: Seen, asked_ms: int, told_ms: int) -> Advice:
        """Conclude from a look that was asked for at `asked_ms`, and whose answer came at `told_ms`.

        What is seen may have been so until the answer came, and is certain for the moment of the question only. So a
        look whose answer waited, as in a process that was stopped, proves no silence.
        """
        before, self._seen = self._seen, seen
        is_blind = before is None or asked_ms - self._told_ms > BLIND_MS_MAX
        self._told_ms = told_ms
        ahead_ms = seen.alive_ms - told_ms
        self._ahead_ms = ahead_ms if self._ahead_ms is None else max(self._ahead_ms, ahead_ms)
        has_moved = before is not None and (before.term, before.beat) != (seen.term, seen.beat)
        self._knows_time = self._knows_time or has_moved
        is_new = is_blind or has_moved
        if is_new:
            self._still_since_ms = told_ms
        is_own = seen.holder in self._own
        if is_own and not seen.is_released:
            return Advice.TAKE_OWN
        if seen.is_released and not is_own:  # what this house handed over itself is for the others first
            return Advice.TAKE_RELEASED
        if asked_ms - self._still_since_ms >= LEASE_MS:
            return Advice.TAKE_SILENT
        return Advice.COUNT_AGAIN if is_new else Advice.WAIT

    def sale_ms(self, now_ms: int) -> int | None:
        """Return the sale's time: what the owner last wrote, and what passed here since it was seen.

        None where the owner never wrote while this watch looked. Then nobody knows how old what it wrote is.
        """
        return None if self._ahead_ms is None or not self._knows_time else self._ahead_ms + now_ms
