"""A disk whose writes fail when the plan says so, under a journal in memory or the real one.

What was durable stays, whatever happens to the process; what was not is gone. Everything passes through the same JSON
as in the file, so that nothing is shared with the state of a house.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from auctioneer.events import AnyEvent, Refusal
from auctioneer.journal.protocol import ChainEnd, Journal, Progress, SavedState
from common.errors import StorageError
from common.limits import REMEMBERED_REQUESTS_MAX

_encode = msgspec.json.Encoder().encode
_decode_event: Callable[[bytes], AnyEvent] = msgspec.json.Decoder(AnyEvent).decode
_decode_refusal: Callable[[bytes], Refusal] = msgspec.json.Decoder(Refusal).decode
SNAPSHOTS_KEPT = 2


class Platter:
    """What is durable of one sale."""

    def __init__(self) -> None:
        self.events: list[bytes] = []
        self.refusals: dict[int, dict[int, bytes]] = {}
        self.snapshots: list[SavedState] = []
        self.ends: set[int] = {0}
        self.alive_ms = 0

    def open(self, _: Path) -> "MemoryJournal":
        return MemoryJournal(self)


class MemoryJournal:
    """A `Journal` on a platter; as the protocol says, and no more."""

    def __init__(self, platter: Platter) -> None:
        self._platter = platter
        self.warnings: tuple[str, ...] = ()

    @property
    def position(self) -> int:
        return len(self._platter.events)

    @property
    def alive_ms(self) -> int:
        return self._platter.alive_ms

    def append(self, events: Sequence[AnyEvent], refusals: Sequence[Refusal], now_ms: int) -> int:
        platter = self._platter
        platter.events += [_encode(event) for event in events]
        for refusal in refusals:
            kept = platter.refusals.setdefault(refusal.paddle, {})
            kept.setdefault(refusal.request.id, _encode(refusal))
            if len(kept) > REMEMBERED_REQUESTS_MAX:
                del kept[min(kept)]
        platter.alive_ms = now_ms
        platter.ends.add(len(platter.events))
        return self.position

    def mark_alive(self, now_ms: int) -> None:
        self.append((), (), now_ms)

    def read(self, after_position: int = 0, upto: int | None = None) -> Iterator[tuple[int, AnyEvent]]:
        for position, body in enumerate(self._platter.events[after_position:upto], start=after_position + 1):
            yield position, _decode_event(body)

    def recent(self, count: int) -> list[tuple[int, AnyEvent]]:
        return list(self.read(max(0, self.position - count)))

    def refusals(self) -> Iterator[Refusal]:
        for kept in self._platter.refusals.values():
            yield from map(_decode_refusal, kept.values())

    def save_snapshot(self, position: int, state: bytes) -> None:
        if position not in self._platter.ends:
            raise ValueError(f"no batch ends at event {position}")
        self._platter.snapshots = [*self._platter.snapshots, SavedState(position, state)][-SNAPSHOTS_KEPT:]

    def load_snapshot(self) -> SavedState | None:
        return self._platter.snapshots[-1] if self._platter.snapshots else None

    def verify_chain(self, progress: Progress | None = None) -> ChainEnd:
        return ChainEnd(self.position, b"")

    def close(self) -> None:
        """Let go; what is on the platter stays."""


class Fate(Protocol):
    """What the disk is told at each write."""

    def before_write(self, what: str) -> None:
        """Let time pass before the write is durable; raises StorageError or ends the process."""

    def after_write(self, what: str) -> None:
        """Let the write fail, or the process end, once it is durable."""

    def stored(self, position: int, events: Sequence[AnyEvent], now_ms: int) -> None:
        """Note that everything up to `position`, of which `events` are the last, is durable since now."""


class FaultyJournal:
    """A journal between the house and its disk: each write can fail before it is durable, or after."""

    def __init__(self, inner: Journal, fate: Fate) -> None:
        self._inner = inner
        self._fate = fate
        self._is_broken = False
        self.read = inner.read
        self.recent = inner.recent
        self.refusals = inner.refusals
        self.load_snapshot = inner.load_snapshot
        self.verify_chain = inner.verify_chain

    @property
    def position(self) -> int:
        return self._inner.position

    @property
    def alive_ms(self) -> int:
        return self._inner.alive_ms

    @property
    def warnings(self) -> Sequence[str]:
        return self._inner.warnings

    def append(self, events: Sequence[AnyEvent], refusals: Sequence[Refusal], now_ms: int) -> int:
        with_what = "append" if events or refusals else "mark"
        self._begin(with_what)
        position = self._inner.append(events, refusals, now_ms)
        self._fate.stored(position, events, now_ms)
        self._end(with_what)
        return position

    def mark_alive(self, now_ms: int) -> None:
        self.append((), (), now_ms)

    def save_snapshot(self, position: int, state: bytes) -> None:
        self._begin("snapshot")
        self._inner.save_snapshot(position, state)
        self._end("snapshot")

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
