"""Which streams to repair now, and how: by a replay, or by taking over a view where that is not to be had.

A hole is left alone for a moment, since what is missing may be on its way: a snapshot overtakes broadcasts. Only a few
repairs run at a time; the rest wait their turn.
"""

from collections.abc import Mapping
from enum import Enum
from itertools import chain, islice
from typing import Final

REPAIR_AFTER_MS: Final = 50
"""How long a hole may stay before it is repaired."""
REPAIRS_MAX: Final = 8
"""Repairs under way at a time."""


class RepairKind(Enum):
    """How a stream is mended, or checked."""

    REPLAY = "replay"
    TAKE_OVER = "take_over"
    """Its view is asked for and taken over, since it can't be replayed."""
    CHECK = "check"
    """Its view is asked for, since the house seems to have less than it showed before."""


class Repair:
    """One repair under way. `floor_seq` is what the house had shown when it was asked; its answer can't be below."""

    __slots__ = ("floor_seq", "kind", "stream")

    def __init__(self, stream: str, kind: RepairKind, floor_seq: int) -> None:
        self.stream = stream
        self.kind = kind
        self.floor_seq = floor_seq


class Repairs:
    """Keeps what is to be repaired and what is under way, by request id."""

    def __init__(self) -> None:
        self._check_ms: int | None = None
        self._views_needed: dict[str, RepairKind] = {}
        self._by_id: dict[int, Repair] = {}

    def forget(self) -> None:
        """Drop all plans: the replica starts anew."""
        self._check_ms = None
        self._views_needed.clear()
        self._by_id.clear()

    def need_view(self, stream: str, kind: RepairKind) -> None:
        """Say that a stream's view must be asked for, to take it over or to check it."""
        self._views_needed[stream] = kind

    def due(self, behind: Mapping[str, int], now_ms: int) -> list[tuple[str, RepairKind]]:
        """Return the repairs to begin now; the caller begins each with `begin`."""
        if not behind and not self._views_needed:
            self._check_ms = None
            return []
        if self._check_ms is None:
            self._check_ms = now_ms + REPAIR_AFTER_MS
        if now_ms < self._check_ms:
            return []
        self._check_ms = now_ms + REPAIR_AFTER_MS
        under_way = {repair.stream for repair in self._by_id.values()}
        wanted = chain(
            self._views_needed.items(),
            ((stream, RepairKind.REPLAY) for stream in behind if stream not in self._views_needed),
        )
        free = REPAIRS_MAX - len(self._by_id)
        return list(islice((one for one in wanted if one[0] not in under_way), free))

    def begin(self, request_id: int, stream: str, kind: RepairKind, floor_seq: int) -> None:
        """Note that a repair was asked for."""
        self._views_needed.pop(stream, None)
        self._by_id[request_id] = Repair(stream, kind, floor_seq)

    def skip(self, stream: str) -> None:
        """Say that something else sees to this stream: a snapshot of everything."""
        self._views_needed.pop(stream, None)

    def end(self, request_id: int, now_ms: int) -> Repair | None:
        """Take out the repair that this answer belongs to; what is left to repair is due at once."""
        repair = self._by_id.pop(request_id, None)
        if repair is not None:
            self._check_ms = now_ms
        return repair

    @property
    def next_deadline_ms(self) -> int | None:
        """When `due` has something to say; None where nothing waits or all places are taken."""
        return self._check_ms if len(self._by_id) < REPAIRS_MAX else None
