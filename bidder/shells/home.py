"""The bidder's home: a folder with a key for each name, so that a name is an identity.

HOME/keys/NAME.json     the key of a name; anyone with the file can bid as that person
HOME/keys/NAME.last-id  the highest request id that this key has used here
HOME/observer.json      the key of an observer without a name
HOME/houses/KEY/NAME    a name, as typed, that has joined the house with this key (in hex) from here

Names that differ only in case, spaces and accents (`ada`, `Ada`, `A da`) share a key. So a house can answer with the
name under which it has enrolled the key. To a separate key it could only say that the name is taken.
"""

import os
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Final

import platformdirs
from zmq.utils import z85

from common.errors import StorageError, UsageError
from common.files import create_whole, make_private_folder
from common.keys import KeyPair, load_or_make_keys
from common.limits import INTEGER_MAX
from common.links import JoinLink
from common.names import folded, is_valid_name

_FILE_BYTES_MAX: Final = 200
"""The longest file name, in bytes. Some systems do not allow longer ones."""
_ID_DIGITS: Final = len(str(INTEGER_MAX))


def default_home() -> Path:
    """Return the bidder's home of this user."""
    return platformdirs.user_data_path("auction-house")


def bidder_keys(home: Path, name: str) -> KeyPair:
    """Return the key of a valid name, made at first use. Raises UsageError if its file holds no key."""
    return load_or_make_keys(home / "keys" / f"{_file_stem(name)}.json")


def observer_keys(home: Path) -> KeyPair:
    """Return an unnamed observer's key, made at first use. Raises UsageError if its file holds no key."""
    return load_or_make_keys(home / "observer.json")


class NamesAt:
    """The names that this user has used at a house. A user with one name there need not type it each time.

    This is a convenience: an unreadable name counts as none, and a failed write is ignored.
    """

    def __init__(self, home: Path, link: JoinLink) -> None:
        # A house without encryption has no identity, so no names are kept for it.
        self._folder = home / "houses" / z85.decode(link.server_key).hex() if link.server_key else None

    def read(self) -> list[str]:
        """Return the known names, sorted."""
        if self._folder is None:
            return []
        try:
            names = [path.read_text("utf-8") for path in self._folder.iterdir() if not path.name.startswith(".")]
        except (OSError, UnicodeDecodeError):
            return []
        return sorted(name for name in names if is_valid_name(name))

    def keep(self, name: str) -> None:
        """Note that this name has joined the house."""
        if self._folder is None or (path := self._folder / _file_stem(name)).exists():
            return
        with suppress(UsageError, StorageError):  # as the class says: bidding matters more
            make_private_folder(self._folder)
            create_whole(path, name.encode())


class LastId:
    """The highest request id that a name's key has used on this machine. So ids rise even if the clock is set back.

    This is a convenience, because the house also tells the highest id that it remembers. So an unreadable id counts as
    none, and a failed write is ignored. Neither keeps the user from bidding.
    """

    def __init__(self, home: Path, name: str) -> None:
        self._path = home / "keys" / f"{_file_stem(name)}.last-id"

    def read(self) -> int:
        """Return the id; 0 if none is known."""
        try:
            text = self._path.read_text("ascii").strip()
        except (OSError, UnicodeDecodeError):
            return 0
        return min(int(text), INTEGER_MAX) if text.isdecimal() and len(text) <= _ID_DIGITS else 0

    def keep(self, request_id: int) -> None:
        """Note an id that the program has used, or is about to use."""
        if request_id <= self.read():
            return
        with suppress(OSError):  # as the class says: bidding matters more
            handle = os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o600)
            with os.fdopen(handle, "wb") as file:  # always the same length, so that no reader finds a part of it
                file.write(f"{request_id:0{_ID_DIGITS}d}\n".encode())
                file.truncate()


def _file_stem(name: str) -> str:
    """Return the file's name without its ending. It has only letters and digits, so no name leads out of the folder."""
    bare = folded(name)
    encoded = bare.encode()
    return bare if len(encoded) <= _FILE_BYTES_MAX else sha256(encoded).hexdigest()
