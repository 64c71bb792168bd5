"""Which streams to repair now, and how: by a replay, or by taking over a view where that is not to be had.

A hole is left alone for a moment, since what is missing may be on its way: a snapshot overtakes broadcasts. Only a few
repairs run at a time, and their rate is bounded; the rest wait their turn. A stream whose hole stays open
repair after repair is a fault of the house.
"""

from collections.abc import Mapping
from enum import Enum
from itertools import chain, islice
from typing import Final

from common.errors import ProtocolError
from common.limits import REPAIR_ROUNDS_MAX

REPAIR_AFTER_MS: Final = 50
"""How long a hole may stay before it is repaired."""
REPAIRS_MAX: Final = 8
"""Repairs under way at a time."""
REPAIRS_BURST: Final = 1000
"""How many may be begun at once, as after a restart with very many lots."""
REPAIRS_PER_S: Final = 200
"""How many are begun in a second after that, whatever a house says that it has."""
_COST: Final = 1000
"""Of one repair, in thousandths, so that a rate a second is one a millisecond."""


class RepairKind(Enum):
    """How a stream is mended, or checked."""

    REPLAY = "replay"
    TAKE_OVER = "take_over"
    """Its view is asked for and taken over, since it can't be replayed."""
    CHECK = "check"
    """Its view is asked for, since the house seems to have less than it showed before."""


class Repair:
    """One repair under way. `floor_seq` is what the house had shown when it was asked; its answer can't be below.

    A replay was asked for after `after_seq`.
    """

    __slots__ = ("after_seq", "floor_seq", "kind", "stream")

    def __init__(self, stream: str, kind: RepairKind, floor_seq: int, after_seq: int) -> None:
        self.stream = stream
        self.kind = kind
        self.floor_seq = floor_seq
        self.after_seq = after_seq


class Repairs:
    """Keeps what is to be repaired and what is under way, by request id."""

    def __init__(self) -> None:
        self._check_ms: int | None = None
        self._views_needed: dict[str, RepairKind] = {}
        self._by_id: dict[int, Repair] = {}
        self._rounds: dict[str, int] = {}
        self._places = REPAIRS_BURST * _COST
        self._places_ms: int | None = None

    def forget(self) -> None:
        """Drop all plans: the replica starts anew."""
        self._check_ms = None
        self._views_needed.clear()
        self._rounds.clear()
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
        free = min(REPAIRS_MAX - len(self._by_id), self._places_at(now_ms))
        return list(islice((one for one in wanted if one[0] not in under_way), free))

    def _places_at(self, now_ms: int) -> int:
        """Return how many repairs may be begun now."""
        waited_ms = 0 if self._places_ms is None else now_ms - self._places_ms
        self._places_ms = now_ms
        self._places = min(self._places + waited_ms * REPAIRS_PER_S, REPAIRS_BURST * _COST)
        return self._places // _COST

    def begin(self, request_id: int, stream: str, kind: RepairKind, floor_seq: int, after_seq: int = 0) -> None:
        """Note that a repair was asked for."""
        self._views_needed.pop(stream, None)
        self._by_id[request_id] = Repair(stream, kind, floor_seq, after_seq)
        self._places -= _COST

    def skip(self, stream: str) -> None:
        """Say that something else sees to this stream: a snapshot of everything."""
        self._views_needed.pop(stream, None)
        self._places -= _COST

    def count(self, stream: str, *, is_closed: bool) -> None:
        """Count a repair that had its answer. Raises ProtocolError where a hole stays open repair after repair."""
        if is_closed:
            self._rounds.pop(stream, None)
            return
        rounds = self._rounds[stream] = self._rounds.get(stream, 0) + 1
        if rounds > REPAIR_ROUNDS_MAX:
            what = f"lot {stream}" if stream else "the sale"
            raise ProtocolError(f"The house says that it has more of {what}, and has not sent it in {rounds} answers.")

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
