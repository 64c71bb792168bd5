"""A store whose writes fail when the plan says so, over one in memory or the real file, and snapshots in memory."""

from collections.abc import Callable, Sequence
from typing import Protocol

from auctioneer.journal import ChainEnd, Journal, Owner, Record, Store
from auctioneer.journal.snapshots import SNAPSHOTS_KEPT, Loaded, PassedOver, SavedState, SnapshotFiles
from auctioneer.rules.facts import AnyFact, Rejection
from common.errors import StorageError


class Snapshots(Protocol):
    """What `auctioneer.journal.snapshots.SnapshotFiles` and `MemorySnapshots` have in common."""

    def load(self, journal: Record) -> Loaded:
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
    """Snapshots in memory."""

    def __init__(self) -> None:
        self.kept: dict[int, tuple[bytes, bytes]] = {}
        """The chain's hash and the state at positions."""

    def load(self, journal: Record) -> Loaded:
        passed_over = []
        for position in self.positions():
            digest, state = self.kept[position]
            if digest and digest == journal.hash_at(position):
                return Loaded(SavedState(position, state), tuple(passed_over))
            passed_over.append(PassedOver(position, "it is not sound"))
        return Loaded(None, tuple(passed_over))

    def tidy(self, passed_over: tuple[PassedOver, ...]) -> None:
        for position, _ in passed_over:
            del self.kept[position]

    def positions(self) -> list[int]:
        return sorted(self.kept, reverse=True)

    def put(self, end: ChainEnd, state: bytes) -> None:
        self.kept[end.position] = end.hash, state

    def prune(self) -> None:
        for position in self.positions()[SNAPSHOTS_KEPT:]:
            del self.kept[position]

    def spoil(self, position: int) -> None:
        self.kept[position] = b"", b""


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

    handle = None

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

    def begin(self, facts: Sequence[AnyFact], rejections: Sequence[Rejection], now_ms: int) -> int:
        what = "append" if facts or rejections else "mark"
        self._begin(what)
        number = self._inner.begin(facts, rejections, now_ms)
        self._fate.stored(self._inner.position, facts, now_ms)
        self._end(what)
        return number

    def finished(self) -> int:
        return self._inner.finished()

    def wait(self) -> None:
        self._inner.wait()

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


class FaultyStore:
    """A store between the house and its disk, which has it opened by whoever knows what is to fail."""

    def __init__(self, inner: Store, take_over: Callable[[Store, str], Journal]) -> None:
        self._inner = inner
        self._take_over = take_over
        self.place = inner.place
        self.exists = True
        self.read = inner.read
        self.copy = inner.copy

    def take_over(self, holder: str) -> Journal:
        return self._take_over(self._inner, holder)
