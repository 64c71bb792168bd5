"""A store whose writes fail as the plan says, over a store in memory or the real file, and snapshots in memory."""

from collections.abc import Callable, Collection, Sequence
from math import inf
from typing import Final, NamedTuple, Protocol

from auctioneer.journal import ChainEnd, Journal, Owner, Record, Store
from auctioneer.journal.snapshots import SNAPSHOTS_KEPT, Loaded, PassedOver, SavedState, SnapshotFiles
from auctioneer.rules.contacts import ContactChange
from auctioneer.rules.facts import AnyFact, Rejection
from common.errors import StorageError


class MemorySnapshots(SnapshotFiles):
    """Snapshots in memory. It has no directory, so any access to a file fails."""

    def __init__(self) -> None:
        self.kept: dict[int, tuple[bytes, bytes]] = {}
        """The chain's hash and the state, by position."""

    def load(self, journal: Record) -> Loaded:
        passed_over: list[PassedOver] = []
        for position in self.positions():
            digest, state = self.kept[position]
            if digest and digest == journal.hash_at(position):
                return Loaded(SavedState(position, state), tuple(passed_over))
            passed_over.append(PassedOver(position, "it is not sound"))
        return Loaded(None, tuple(passed_over))

    def tidy(self, passed_over: tuple[PassedOver, ...] = ()) -> None:
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
    """The real files; one of them can be spoilt."""

    def spoil(self, position: int) -> None:
        path = self._path(position)
        path.write_bytes(path.read_bytes()[:-1])


Snapshots = MemorySnapshots | SpoiltFiles


class Fate(Protocol):
    """Decides the fate of each write."""

    def before_write(self, what: str) -> None:
        """Let time pass before the write begins. It may raise StorageError or end the process."""

    def after_write(self, what: str) -> None:
        """Let the begun write fail, or the process end. The write is durable, or will be, or may be."""

    def postpone(self, land: Callable[[], None], wake: Callable[[], None]) -> bool:
        """Return True if the store finishes a write later or never.

        A call of `land` makes the write durable. `wake` wakes the house once more, as a store may do at any time.
        """

    def lands_anyway(self) -> bool:
        """Return whether a write becomes durable although nobody waits for it any more."""

    def wait_for(self, is_done: Callable[[], bool], wait_s: float) -> None:
        """Let time pass until `is_done()` is true, or `wait_s` have passed."""

    def stored(self, position: int, facts: Sequence[AnyFact], now_ms: int) -> None:
        """Note that all facts up to `position` are durable from now on; `facts` are the last of them."""


WAIT_S_MAX: Final = 1.0
"""The longest that the store makes anybody wait, as one does that was taken up again."""


class _InFlight(NamedTuple):
    """A write that the store has not finished."""

    number: int
    facts: Sequence[AnyFact]
    rejections: Sequence[Rejection]
    now_ms: int
    contacts: Sequence[ContactChange]


class FaultyJournal:
    """A journal between the house and its store.

    Each write can fail before or after the store has it. The store can finish a write late, twice or never.
    """

    def __init__(self, inner: Journal, fate: Fate, handle: int | None = None) -> None:
        self.handle = handle
        self.is_sending = False
        self.is_readable = False
        """Whether the store has woken the house since the house last asked."""
        self._inner = inner
        self._fate = fate
        self._is_broken = False
        self._number = self._durable = 0
        self._in_flight: _InFlight | None = None
        self.read = inner.read
        self.recent = inner.recent
        self.rejections = inner.rejections
        self.contacts = inner.contacts
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

    def begin(
        self,
        facts: Sequence[AnyFact],
        rejections: Sequence[Rejection],
        now_ms: int,
        contacts: Sequence[ContactChange] = (),
    ) -> int:
        assert self._in_flight is None, "a commit is under way already"
        what = "append" if facts or rejections or contacts else "mark"
        self._meet(self._fate.before_write, what)
        self._number += 1
        self._in_flight = flight = _InFlight(self._number, facts, rejections, now_ms, contacts)
        is_late = self.handle is not None and self._fate.postpone(lambda: self._land(flight), self._wake)
        if not is_late:
            self._land(flight)
        self._meet(self._fate.after_write, what)
        return self._number

    def finished(self) -> int:
        self.is_readable = False
        return self._durable

    def wait(self, wait_s: float = inf) -> None:
        self._fate.wait_for(lambda: self._in_flight is None, wait_s)
        if self._in_flight is not None:
            self._break()
            raise StorageError("The store has not finished a commit.")

    def require_in_place(self) -> None:
        self._inner.require_in_place()

    def _land(self, flight: _InFlight) -> None:
        """Make a write durable, if anybody still waits for it."""
        if self._in_flight is flight:
            self._in_flight = None
            self._inner.begin(flight.facts, flight.rejections, flight.now_ms, flight.contacts)
            self._durable = flight.number
            self._fate.stored(self._inner.position, flight.facts, flight.now_ms)
            self._wake()

    def _wake(self) -> None:
        self.is_readable = True

    def _meet(self, fate: Callable[[str], None], what: str) -> None:
        if self._is_broken:
            raise StorageError("The journal can't be used: a write failed; open it again.")
        try:
            fate(what)
        except StorageError:
            self._break()
            raise

    def _break(self) -> None:
        self._is_broken = True
        self.close()

    def close(self) -> None:
        """Close the journal. An unfinished write reaches the store whole, or not at all."""
        flight = self._in_flight
        if flight is not None and self._fate.lands_anyway():
            self._land(flight)
        self._in_flight = None
        self._inner.close()


class FaultyStore:
    """A store between the house and its disk; `take_over` opens it with the planned failures."""

    def __init__(self, inner: Store, take_over: Callable[[Store, str], Journal]) -> None:
        self._inner = inner
        self._take_over = take_over
        self.place = inner.place
        self.exists = True
        self.read = inner.read
        self.copy = inner.copy

    def take_over(self, holder: str, gone: Collection[str] = ()) -> Journal:
        return self._take_over(self._inner, holder)

    def resume(self, holder: str) -> Journal:
        return self._take_over(self._inner, holder)
