"""A disk whose power may fail at any moment, and its possible content afterwards.

The rules for an image, which are those of POSIX and of the usual file systems:

- Everything written to a file before its last sync is present. Of later writes any sectors are present, in any order.
- A length set after the last sync is present or not; if not, no later change of the file is present.
- The file may be as long as its unsynced writes made it, although their content is missing; it then has any content.
- Of the names made, given or removed since the folder's last sync, a beginning of the list is in effect.
- `-shm` is a memory map that nobody syncs: it is gone or has any content.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.power.recording import Cut, Deed, Opened, Removed, Renamed, Synced, Written

SECTORS_BYTES = (512, 4096)
SHARED_MEMORY = "-shm"
SHARED_MEMORY_BYTES = 32 * 1024


@dataclass(eq=False)
class File:
    """A file's content on the disk, and the changes not yet synced."""

    durable: bytearray = field(default_factory=bytearray)
    pending: list[Written | Cut] = field(default_factory=list)

    def sync(self) -> None:
        for deed in self.pending:
            _put(self.durable, deed)
        self.pending.clear()

    def image(self, chance: Random) -> bytes:
        """Return a possible content after a loss of power."""
        content = bytearray(self.durable)
        share = chance.choice((0.0, 1.0, 1.0, chance.random()))
        sector_bytes = chance.choice(SECTORS_BYTES)
        longest = len(content)
        for deed in self.pending:
            if isinstance(deed, Cut):
                if chance.random() >= share:
                    return bytes(content)
                _put(content, deed)
                longest = deed.length
                continue
            longest = max(longest, deed.offset + len(deed.data))
            for piece in _sectors(deed, sector_bytes):
                if chance.random() < share:
                    _put(content, piece)
        if self.pending and chance.random() < 0.3:
            missing = longest - len(content)
            content += chance.choice((bytes(missing), chance.randbytes(missing)))
        return bytes(content)


def _put(content: bytearray, deed: Written | Cut) -> None:
    end = deed.length if isinstance(deed, Cut) else deed.offset + len(deed.data)
    if len(content) < end:
        content.extend(bytes(end - len(content)))
    if isinstance(deed, Cut):
        del content[end:]
    else:
        content[deed.offset : end] = deed.data


def _sectors(deed: Written, sector_bytes: int) -> Iterable[Written]:
    """Yield the part of a write in each sector."""
    at, data = deed.offset, deed.data
    while data:
        size = sector_bytes - at % sector_bytes
        yield Written(deed.handle, at, data[:size])
        at, data = at + size, data[size:]


class Disk:
    """One folder on a disk. `take` applies a program's deed; `image` returns the content if the power fails now."""

    def __init__(self, content: dict[str, bytes] | None = None) -> None:
        self._durable = {name: File(bytearray(data)) for name, data in (content or {}).items()}
        self._names = dict(self._durable)
        self._pending: list[Opened | Renamed | Removed] = []
        self._made: dict[Opened, File] = {}
        self._handles: dict[int, File] = {}

    def take(self, deed: Deed) -> None:
        match deed:
            case Opened(handle, name, cut):
                if name not in self._names:
                    self._names[name] = self._made[deed] = File()
                    self._pending.append(deed)
                self._handles[handle] = self._names[name]
                if cut:
                    self._handles[handle].pending.append(Cut(handle, 0))
            case Written(handle) | Cut(handle):
                self._handles[handle].pending.append(deed)
            case Synced(0):
                self._durable = dict(self._names)
                self._pending.clear()
            case Synced(handle):
                self._handles[handle].sync()
            case Renamed() | Removed():
                self._name(self._names, deed)
                self._pending.append(deed)

    def _name(self, names: dict[str, File], deed: Opened | Renamed | Removed) -> None:
        match deed:
            case Opened(_, name, _):
                names[name] = self._made[deed]
            case Renamed(before, after):
                names[after] = names.pop(before)
            case Removed(name):
                names.pop(name, None)

    def image(self, chance: Random) -> dict[str, bytes]:
        """Return possible files after a loss of power, by name."""
        names = dict(self._durable)
        for deed in self._pending[: chance.randrange(len(self._pending) + 1)]:
            self._name(names, deed)
        found = {name: file.image(chance) for name, file in names.items() if not name.endswith(SHARED_MEMORY)}
        for name in names:
            if name.endswith(SHARED_MEMORY) and chance.random() < 0.5:
                found[name] = chance.randbytes(SHARED_MEMORY_BYTES)
        return found


def write_image(image: dict[str, bytes], folder: Path) -> None:
    """Put an image into an empty folder."""
    for name, content in image.items():
        (folder / name).write_bytes(content)
