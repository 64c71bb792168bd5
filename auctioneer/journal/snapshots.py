"""Snapshots: the state of a house after a fact, in files beside the journal, so that a start need not read it all.

The rules:

- The journal alone is the truth. A snapshot that is missing, damaged or of another history costs time at the next
  start, and nothing else; one that can't be written stops nobody.
- A file `snapshot-POSITION` is written under another name, synced, renamed and made durable with its name, so a crash
  leaves it whole or not at all. What a crash left half-made is removed at the next start.
- A header names the fact and the chain's hash there. A snapshot counts only where the journal has the same hash, so
  one of another history, or of a journal that was replaced, is never taken for its state.
- The newest two are kept: if the disk spoilt the one, there is the other.

`auctioneer.journal.snapshot_writer` makes them beside the house's loop.
"""

import errno
import os
import re
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from auctioneer.journal.protocol import ChainEnd, DamagedJournalError, Record
from common.files import sync_directory

SNAPSHOT_VERSION: Final = 10
"""Of the header and of the state's shape (`auctioneer.house.state`): whatever changes one of them raises it. A
version of this program passes over what another one wrote, and reads the facts."""
SNAPSHOTS_KEPT: Final = 2
SPACE_LEFT_BYTES: Final = 64 * 1024 * 1024
"""What a snapshot must leave of the disk for the journal: bids for minutes, and nobody need hear of the shortage."""
SYNC_BYTES: Final = 4 * 1024 * 1024
"""How much is written between two syncs. A commit of the journal waits for what else is on its way to the disk.

Measured beside 110 MB on a busy machine: of 20 commits the slowest took 59 ms without this, 49 with 4 MiB and 39 with
1 MiB, with which the snapshot took half as long again.
"""

_MAGIC: Final = b"AuctSnap"
_HEADER: Final = struct.Struct(">8sIQ32s32s")
"""Magic number, version, position, the chain's hash, and the checksum of these and the state."""
_CHECKSUM_BYTES: Final = 32
_NAME: Final = re.compile(r"snapshot-(0|[1-9][0-9]{0,18})", re.ASCII)
_DRAFT: Final = ".new"


class SavedState(NamedTuple):
    """The state of a house with all facts up to `position` in it."""

    position: int
    state: bytes


class PassedOver(NamedTuple):
    """A snapshot that does not count, and why, in a sentence."""

    position: int
    reason: str


class Loaded(NamedTuple):
    """The newest sound snapshot, if there is any, and those newer ones that are not."""

    saved: SavedState | None
    passed_over: tuple[PassedOver, ...]


class Made(NamedTuple):
    """How making a snapshot ended. `fault` is a sentence; empty where the snapshot is on the disk."""

    position: int
    fault: str = ""


class SnapshotMaker(Protocol):
    """Makes snapshots, one at a time. No method raises where the disk fails, and only `save` waits for it."""

    def start(self, end: ChainEnd, encode: Callable[[], bytes]) -> None:
        """Begin a snapshot of what `encode` would return now, at the chain's `end`; nothing while one is being made."""

    def finished(self) -> Made | None:
        """Return once how the last one ended; None while it is being made, and where there was none."""

    def save(self, end: ChainEnd, encode: Callable[[], bytes]) -> Made:
        """Make a snapshot and wait for it; one that is being made is given up."""


class _UnsoundError(Exception):
    """A snapshot that does not count; `str()` says why."""


class SnapshotFiles:
    """The snapshots in one directory. Only who holds the directory may write or tidy."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def positions(self) -> list[int]:
        """Return the facts of which there are snapshots, sound or not, the newest first."""
        found = (_NAME.fullmatch(name) for name in self._names())
        return sorted((int(match[1]) for match in found if match), reverse=True)

    # --- reading -------------------------------------------------------------------------------------------------

    def load(self, journal: Record) -> Loaded:
        """Return the newest snapshot that is whole and of the journal's history."""
        passed_over: list[PassedOver] = []
        for position in self.positions():
            try:
                return Loaded(SavedState(position, self._sound_state(journal, position)), tuple(passed_over))
            except (_UnsoundError, DamagedJournalError, OSError) as error:
                reason = f"The snapshot {self._path(position)} was passed over: {error}."
                passed_over.append(PassedOver(position, reason))
        return Loaded(None, tuple(passed_over))

    def _sound_state(self, journal: Record, position: int) -> bytes:
        with self._path(position).open("rb") as file:
            header, state = file.read(_HEADER.size), file.read()
        if len(header) < _HEADER.size or not header.startswith(_MAGIC):
            raise _UnsoundError("it is not a snapshot")
        _, version, at, digest, checksum = _HEADER.unpack(header)
        if version != SNAPSHOT_VERSION:
            raise _UnsoundError(f"it has format {version}; this version reads format {SNAPSHOT_VERSION} only")
        if checksum != _checksum(header, state):
            raise _UnsoundError("it does not match its checksum")
        if at != position:
            raise _UnsoundError(f"it is the one of fact {at}")
        if position > journal.end.position or journal.hash_at(position) != digest:
            raise _UnsoundError("it belongs to another history than the journal")
        return state

    # --- writing -------------------------------------------------------------------------------------------------

    def write(self, end: ChainEnd, state: bytes) -> None:
        """Store the state at the chain's `end`, durable on return, and remove all but the newest two.

        Raises OSError where the disk fails or has too little space for it and the journal; then nothing is left of it.
        """
        self.put(end, state)
        self.prune()

    def put(self, end: ChainEnd, state: bytes) -> None:
        """Store the state at the chain's `end`; the first half of `write`."""
        disk = os.statvfs(self._folder)
        if disk.f_bavail * disk.f_frsize < len(state) + SPACE_LEFT_BYTES:
            what = f"{len(state):,} bytes would not leave the journal {SPACE_LEFT_BYTES:,}"
            raise OSError(errno.ENOSPC, f"{os.strerror(errno.ENOSPC)}: {what}")
        path = self._path(end.position)
        draft = path.with_name(path.name + _DRAFT)
        bare = _HEADER.pack(_MAGIC, SNAPSHOT_VERSION, end.position, end.hash, bytes(_CHECKSUM_BYTES))
        try:
            _write_synced(draft, bare[:-_CHECKSUM_BYTES] + _checksum(bare, state), state)
            draft.rename(path)
        except BaseException:
            with suppress(OSError):  # the first failure is on its way to the caller; a start removes what is left
                draft.unlink(missing_ok=True)
            raise
        sync_directory(self._folder)

    def prune(self) -> None:
        """Remove all but the newest two; the second half of `write`. Raises OSError."""
        for position in self.positions()[SNAPSHOTS_KEPT:]:
            self._path(position).unlink(missing_ok=True)

    # --- removing ------------------------------------------------------------------------------------------------

    def tidy(self, passed_over: tuple[PassedOver, ...] = ()) -> None:
        """Remove what a crash left half-made, and what was passed over; what can't be removed does no harm."""
        self.remove_drafts()
        for position, _ in passed_over:
            with suppress(OSError):
                self._path(position).unlink(missing_ok=True)

    def remove_drafts(self) -> None:
        """Remove what was left half-made; what can't be removed stays for the next start."""
        for name in self._names():
            if name.endswith(_DRAFT) and _NAME.fullmatch(name.removesuffix(_DRAFT)):
                with suppress(OSError):
                    (self._folder / name).unlink(missing_ok=True)

    def remove_all(self) -> None:
        """Remove every snapshot: the journal here is going to be another. Raises OSError."""
        self.remove_drafts()
        for position in self.positions():
            self._path(position).unlink(missing_ok=True)

    def _names(self) -> Iterator[str]:
        try:
            with os.scandir(self._folder) as entries:
                yield from sorted(entry.name for entry in entries)
        except FileNotFoundError:
            return

    def _path(self, position: int) -> Path:
        return self._folder / f"snapshot-{position}"


def _checksum(header: bytes, state: bytes) -> bytes:
    """Return the checksum of a state and of its header, but for the place of the checksum."""
    digest = sha256(header[:-_CHECKSUM_BYTES])
    digest.update(state)
    return digest.digest()


def _write_synced(path: Path, header: bytes, state: bytes) -> None:
    """Write a new file that only this user can read, in parts that are each on the disk before the next."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        _write_all(handle, memoryview(header))
        for at in range(0, len(state) or 1, SYNC_BYTES):
            _write_all(handle, memoryview(state)[at : at + SYNC_BYTES])
            os.fsync(handle)
    finally:
        os.close(handle)


def _write_all(handle: int, content: memoryview) -> None:
    while content:
        content = content[os.write(handle, content) :]
