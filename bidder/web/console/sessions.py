"""The consoles on the disk: a private file for each, with the key that the house knows.

HOME/gateway/KEY/consoles/ID.json     one console at the house with this key (in hex)

A cookie, a link and a PIN are in no file, only their SHA-256. The file is on the disk before the house hears of its
key, so a lost answer leaves no clerk without a key: the same link finds the same console again.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from bidder.web.guests import digest_of
from common.errors import UsageError
from common.files import make_private_folder, sync_directory, write_whole
from common.keys import KeyPair

_ENDING: Final = ".json"


class BrowserConsole(msgspec.Struct, frozen=True):
    """One console: a clerk's name and keys, and by what its browser is known. Times are seconds since 1970."""

    id: str
    name: str
    keys: KeyPair
    cookie_digest: str
    link_digest: str
    made_at_s: int
    is_in: bool = False
    """Whether the house has put the key in the link's place."""
    pin_digest: str = ""
    """Not empty: the console is locked until its PIN comes."""


class ConsoleStore:
    """All consoles of one gateway at one house: in memory, and each in its file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._consoles: dict[str, BrowserConsole] = {}

    @classmethod
    def open(cls, folder: Path) -> "ConsoleStore":
        """Read all consoles. Raises UsageError if a file is none."""
        make_private_folder(folder)
        store = cls(folder)
        for path in sorted(folder.glob(f"*{_ENDING}")):
            try:
                console = msgspec.json.decode(path.read_bytes(), type=BrowserConsole)
            except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
                raise UsageError(
                    f"The console's file {path} can't be read: {error}. Move it away, and ask the auctioneer for "
                    "another link."
                ) from error
            store._consoles[console.id] = console
        return store

    def __len__(self) -> int:
        return len(self._consoles)

    def __iter__(self) -> Iterator[BrowserConsole]:
        return iter(list(self._consoles.values()))

    def by_id(self, console_id: str) -> BrowserConsole | None:
        """Return a console by its id."""
        return self._consoles.get(console_id)

    def by_cookie(self, cookie: str) -> BrowserConsole | None:
        """Return the console whose browser has this cookie."""
        digest = digest_of(cookie)
        return next((one for one in self._consoles.values() if cookie and one.cookie_digest == digest), None)

    def by_link(self, link: str) -> BrowserConsole | None:
        """Return the console that a link has made."""
        digest = digest_of(link)
        return next((one for one in self._consoles.values() if one.link_digest == digest), None)

    def write(self, console: BrowserConsole) -> None:
        """Write a console's file, so that it is durable. Any thread may call it, one at a time. Raises StorageError."""
        write_whole(self._path(console), msgspec.json.encode(console))

    def unlink(self, console: BrowserConsole) -> None:
        """Remove a console's file. Any thread may call it, one at a time. Raises OSError."""
        self._path(console).unlink(missing_ok=True)
        sync_directory(self._folder)

    def know(self, console: BrowserConsole) -> None:
        """Know a console as it is now. The caller must have written it before."""
        self._consoles[console.id] = console

    def forget(self, console: BrowserConsole) -> None:
        """Forget a console and its key; the caller then removes its file."""
        self._consoles.pop(console.id, None)

    def _path(self, console: BrowserConsole) -> Path:
        return self._folder / f"{console.id}{_ENDING}"
