"""A disk whose writes fail when the plan says so, under a journal and snapshots in memory or the real ones.

What was durable stays, whatever happens to the process; what was not is gone. Everything passes through the same JSON
as in the file, so that nothing is shared with the state of a house.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from auctioneer.journal.protocol import ChainEnd, Journal, Owner, Progress
from auctioneer.journal.snapshots import SNAPSHOTS_KEPT, Loaded, PassedOver, SavedState, SnapshotFiles
from auctioneer.rules.facts import AnyFact, Rejection
from common.errors import StorageError
from common.limits import REMEMBERED_REQUESTS_MAX

_encode = msgspec.json.Encoder().encode
_decode_event: Callable[[bytes], AnyFact] = msgspec.json.Decoder(AnyFact).decode
_decode_rejection: Callable[[bytes], Rejection] = msgspec.json.Decoder(Rejection).decode


class SimulatedDisk:
    """What is durable of one sale."""

    def __init__(self) -> None:
        self.facts: list[bytes] = []
        self.rejections: dict[int, dict[int, bytes]] = {}
        self.snapshots: dict[int, tuple[bytes, bytes]] = {}
        """The chain's hash and the state at positions."""
        self.ends: set[int] = {0}
        self.alive_ms = 0
        self.term = 0

    def open(self, _: Path, *, holder: str = "") -> "MemoryJournal":
        self.term += 1
        self.holder = holder
        return MemoryJournal(self)


class MemoryJournal:
    """A `Journal` on a platter; as the protocol says, and no more."""

    def __init__(self, platter: SimulatedDisk) -> None:
        self._platter = platter

    @property
    def position(self) -> int:
        return len(self._platter.facts)

    @property
    def alive_ms(self) -> int:
        return self._platter.alive_ms

    @property
    def owner(self) -> Owner:
        return Owner(self._platter.term, self._platter.holder)

    def append(self, facts: Sequence[AnyFact], rejections: Sequence[Rejection], now_ms: int) -> int:
        platter = self._platter
        platter.facts += [_encode(fact) for fact in facts]
        for rejection in rejections:
            kept = platter.rejections.setdefault(rejection.paddle, {})
            kept.setdefault(rejection.request.id, _encode(rejection))
            if len(kept) > REMEMBERED_REQUESTS_MAX:
                del kept[min(kept)]
        platter.alive_ms = now_ms
        platter.ends.add(len(platter.facts))
        return self.position

    def mark_alive(self, now_ms: int) -> None:
        self.append((), (), now_ms)

    def read(self, after_position: int = 0, upto: int | None = None) -> Iterator[tuple[int, AnyFact]]:
        for position, body in enumerate(self._platter.facts[after_position:upto], start=after_position + 1):
            yield position, _decode_event(body)

    def recent(self, count: int) -> list[tuple[int, AnyFact]]:
        return list(self.read(max(0, self.position - count)))

    def rejections(self) -> Iterator[Rejection]:
        for kept in self._platter.rejections.values():
            yield from map(_decode_rejection, kept.values())

    @property
    def end(self) -> ChainEnd:
        return ChainEnd(self.position, self.hash_at(self.position))

    def hash_at(self, position: int) -> bytes:
        return b"%d" % position if position in self._platter.ends else b""

    def verify_chain(self, progress: Progress | None = None) -> ChainEnd:
        return self.end

    def require_in_place(self) -> None:
        """Nobody takes the platter away."""

    def close(self) -> None:
        """Let go; what is on the platter stays."""


class Snapshots(Protocol):
    """What `auctioneer.journal.snapshots.SnapshotFiles` and `MemorySnapshots` have in common."""

    def load(self, journal: Journal) -> Loaded:
        """Return the newest that is sound."""

    def tidy(self, passed_over: tuple[PassedOver, ...]) -> None:
        """Remove what is of no use."""

    def positions(self) -> list[int]:
        """Return of which facts there are snapshots, the newest first."""

    def put(self, end: ChainEnd, state: bytes) -> None:
        """Store one."""

    def prune(self) -> None:
        """Remove all but the newest two."""

    def spoil(self, position: int) -> None:
        """Have the disk lose what it was given."""


class MemorySnapshots:
    """Snapshots on a platter."""

    def __init__(self, platter: SimulatedDisk) -> None:
        self._kept = platter.snapshots

    def load(self, journal: Journal) -> Loaded:
        passed_over = []
        for position in self.positions():
            digest, state = self._kept[position]
            if digest and digest == journal.hash_at(position):
                return Loaded(SavedState(position, state), tuple(passed_over))
            passed_over.append(PassedOver(position, "it is not sound"))
        return Loaded(None, tuple(passed_over))

    def tidy(self, passed_over: tuple[PassedOver, ...]) -> None:
        for position, _ in passed_over:
            del self._kept[position]

    def positions(self) -> list[int]:
        return sorted(self._kept, reverse=True)

    def put(self, end: ChainEnd, state: bytes) -> None:
        self._kept[end.position] = end.hash, state

    def prune(self) -> None:
        for position in self.positions()[SNAPSHOTS_KEPT:]:
            del self._kept[position]

    def spoil(self, position: int) -> None:
        self._kept[position] = b"", b""


class SpoiltFiles(SnapshotFiles):
    """The real files, of which one can be spoilt."""

    def spoil(self, position: int) -> None:
        path = self._path(position)
        path.write_bytes(path.read_bytes()[:-1])


class Fate(Protocol):
    """What the disk is told at each write."""

    def before_write(self, what: str) -> None:
        """Let time pass before the write is durable; raises StorageError or ends the process."""

    def after_write(self, what: str) -> None:
        """Let the write fail, or the process end, once it is durable."""

    def stored(self, position: int, facts: Sequence[AnyFact], now_ms: int) -> None:
        """Note that everything up to `position`, of which `facts` are the last, is durable since now."""


class FaultyJournal:
    """A journal between the house and its disk: each write can fail before it is durable, or after."""

    def __init__(self, inner: Journal, fate: Fate) -> None:
        self._inner = inner
        self._fate = fate
        self._is_broken = False
        self.read = inner.read
        self.recent = inner.recent
        self.rejections = inner.rejections
        self.hash_at = inner.hash_at
        self.verify_chain = inner.verify_chain

    @property
    def position(self) -> int:
        return self._inner.position

    @property
    def alive_ms(self) -> int:
        return self._inner.alive_ms

    @property
    def owner(self) -> Owner:
        return self._inner.owner

    @property
    def end(self) -> ChainEnd:
        return self._inner.end

    def append(self, facts: Sequence[AnyFact], rejections: Sequence[Rejection], now_ms: int) -> int:
        with_what = "append" if facts or rejections else "mark"
        self._begin(with_what)
        position = self._inner.append(facts, rejections, now_ms)
        self._fate.stored(position, facts, now_ms)
        self._end(with_what)
        return position

    def mark_alive(self, now_ms: int) -> None:
        self.append((), (), now_ms)

    def require_in_place(self) -> None:
        self._inner.require_in_place()

    def _begin(self, what: str) -> None:
        if self._is_broken:
            raise StorageError("The journal can't be used: a write failed; open it again.")
        try:
            self._fate.before_write(what)
        except StorageError:
            self._break()
            raise

    def _end(self, what: str) -> None:
        try:
            self._fate.after_write(what)
        except StorageError:
            self._break()
            raise

    def _break(self) -> None:
        self._is_broken = True
        self._inner.close()

    def close(self) -> None:
        self._inner.close()
