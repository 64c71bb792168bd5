"""The plan of repairs: which streams to repair now, by a replay or, if the house can't replay, by a new view.

A hole waits for a moment, because a snapshot can overtake the broadcasts that close it. Only a few repairs run at a
time, at a limited rate; the others wait their turn. If a hole stays open repair after repair, the house is at fault.
"""

from collections.abc import Mapping
from enum import Enum
from itertools import chain, islice
from typing import Final

from common.errors import ProtocolError
from common.limits import REPAIR_ROUNDS_MAX

REPAIR_AFTER_MS: Final = 50
"""The time that a hole waits before a repair begins."""
REPAIRS_MAX: Final = 8
"""The most repairs that wait for an answer at a time."""
REPAIRS_BURST: Final = 1000
"""The most repairs that begin in a burst, as after a restart with very many lots."""
REPAIRS_PER_S: Final = 200
"""The most repairs that begin in a second after the burst, whatever seqs the house claims to have."""
_COST: Final = 1000
"""The cost of one repair, in thousandths: a rate per second is then one of thousandths per millisecond."""


class RepairKind(Enum):
    """The way to repair or check a stream."""

    REPLAY = "replay"
    TAKE_OVER = "take_over"
    """Ask for the stream's view and take it over, because the house can't replay the stream."""
    CHECK = "check"
    """Ask for the stream's view, because the house seems to have less than it showed before."""


class Repair:
    """One repair under way. `floor_seq` is the highest seq that the house had shown; its answer can't be below it.

    A replay begins after `after_seq`.
    """

    __slots__ = ("after_seq", "floor_seq", "kind", "stream")

    def __init__(self, stream: str, kind: RepairKind, floor_seq: int, after_seq: int) -> None:
        self.stream = stream
        self.kind = kind
        self.floor_seq = floor_seq
        self.after_seq = after_seq


class Repairs:
    """The planned repairs, and those under way by request id."""

    def __init__(self) -> None:
        self._check_ms: int | None = None
        self._views_needed: dict[str, RepairKind] = {}
        self._by_id: dict[int, Repair] = {}
        self._rounds: dict[str, int] = {}
        self._places = REPAIRS_BURST * _COST
        self._places_ms: int | None = None

    def forget(self) -> None:
        """Drop all repairs, because the replica starts again."""
        self._check_ms = None
        self._views_needed.clear()
        self._rounds.clear()
        self._by_id.clear()

    def need_view(self, stream: str, kind: RepairKind) -> None:
        """Plan to ask for a stream's view, to take it over or to check it."""
        self._views_needed[stream] = kind

    def due(self, behind: Mapping[str, int], now_ms: int) -> list[tuple[str, RepairKind]]:
        """Return the repairs that are due. The caller must note each with `begin` or `skip`."""
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
        """Return the number of repairs that may begin now."""
        waited_ms = 0 if self._places_ms is None else now_ms - self._places_ms
        self._places_ms = now_ms
        self._places = min(self._places + waited_ms * REPAIRS_PER_S, REPAIRS_BURST * _COST)
        return self._places // _COST

    def begin(self, request_id: int, stream: str, kind: RepairKind, floor_seq: int, after_seq: int = 0) -> None:
        """Note that a repair has begun with this request."""
        self._views_needed.pop(stream, None)
        self._by_id[request_id] = Repair(stream, kind, floor_seq, after_seq)
        self._places -= _COST

    def skip(self, stream: str) -> None:
        """Drop the plan for a stream, because a snapshot of everything repairs it."""
        self._views_needed.pop(stream, None)
        self._places -= _COST

    def count(self, stream: str, *, is_closed: bool) -> None:
        """Count an answered repair. Raises ProtocolError if the hole stays open repair after repair."""
        if is_closed:
            self._rounds.pop(stream, None)
            return
        rounds = self._rounds[stream] = self._rounds.get(stream, 0) + 1
        if rounds > REPAIR_ROUNDS_MAX:
            what = f"lot {stream}" if stream else "the sale"
            raise ProtocolError(f"The house says that it has more of {what}, and has not sent it in {rounds} answers.")

    def end(self, request_id: int, now_ms: int) -> Repair | None:
        """Remove and return the repair that this answer belongs to. The other repairs are due at once."""
        repair = self._by_id.pop(request_id, None)
        if repair is not None:
            self._check_ms = now_ms
        return repair

    @property
    def next_deadline_ms(self) -> int | None:
        """When to call `due` next; None if nothing waits, or if no more repairs may run."""
        return self._check_ms if len(self._by_id) < REPAIRS_MAX else None
