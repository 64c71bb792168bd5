"""A clerk's place: a directory with the clerk's key and the address of the house."""

from pathlib import Path

import msgspec

from common.errors import UsageError
from common.files import write_whole
from common.keys import KeyPair
from common.links import Place, zmq_address


class ClerkPlace(msgspec.Struct, frozen=True):
    """`clerk.json`: who gives commands from here, with which keys, and to which house.

    `link` is the link until the house has taken the keys in its place, and empty then.
    """

    name: str
    host: str
    port: int
    house_key: str
    keys: KeyPair
    link: str = ""

    @property
    def place(self) -> str:
        """HOST:PORT of the house's endpoint for commands."""
        return str(Place(self.host, self.port))

    @property
    def address(self) -> str:
        """The ZeroMQ address of the same."""
        return zmq_address(self.host, self.port)


class ClerkFile:
    """`clerk.json` of one directory."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> ClerkPlace | None:
        """Return what the file says; None if there is none. Raises UsageError for a damaged file."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=ClerkPlace)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise UsageError(
                f"{self._path} can't be read: {error}. Move it away, and ask the auctioneer for another link."
            ) from error

    def write(self, place: ClerkPlace) -> None:
        """Keep what a clerk needs here, for this user alone. Raises StorageError if the disk refuses the file."""
        write_whole(self._path, msgspec.json.encode(place))

    def remove(self) -> None:
        """Remove the file."""
        self._path.unlink(missing_ok=True)
