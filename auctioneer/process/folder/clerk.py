"""A clerk's place: a directory with the clerk's key and the address of the house; and the link that makes one.

The link has a secret key of its own, which the house knows for some hours and accepts once
(`auctioneer.house.commands.Redeem`). It is of no use after that.
"""

from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlencode, urlsplit

import msgspec
import zmq
from zmq.utils import z85

from auctioneer.rules.sale_settings import is_clerk_name
from common.errors import UsageError
from common.files import write_whole
from common.keys import KeyPair
from common.limits import KEY_CHARS
from common.links import Place, zmq_address

LINK_SCHEME: Final = "auctioneer"


class ClerkLink(msgspec.Struct, frozen=True):
    """What a clerk needs to join: `auctioneer://HOST:PORT/HOUSEKEY?clerk=NAME&secret=SECRET`, both keys in hex."""

    host: str
    port: int
    house_key: str
    name: str
    secret: str

    def __str__(self) -> str:
        query = urlencode({"clerk": self.name, "secret": z85.decode(self.secret).hex()})
        return f"{LINK_SCHEME}://{Place(self.host, self.port)}/{z85.decode(self.house_key).hex()}?{query}"

    @property
    def keys(self) -> KeyPair:
        """The link's own key pair."""
        return KeyPair(zmq.curve_public(self.secret.encode()).decode(), self.secret)

    @property
    def address(self) -> str:
        """The ZeroMQ address of the house's endpoint for commands."""
        return zmq_address(self.host, self.port)


def parse_clerk_link(text: str) -> ClerkLink:
    """Return the link in `text`. Raises UsageError if it is none."""
    fault = (
        f"{text!r} is not a clerk's link. It looks like {LINK_SCHEME}://HOST:PORT/KEY?clerk=NAME&secret=SECRET; "
        "copy the whole line that `auctioneer clerk add` prints."
    )
    try:
        parts = urlsplit(text.strip())
        query = parse_qs(parts.query)
        link = ClerkLink(
            host=parts.hostname or "",
            port=parts.port or 0,
            house_key=z85.encode(bytes.fromhex(parts.path.removeprefix("/"))).decode(),
            name=query["clerk"][0],
            secret=z85.encode(bytes.fromhex(query["secret"][0])).decode(),
        )
    except (ValueError, KeyError) as error:
        raise UsageError(fault) from error
    has_keys = len(link.house_key) == len(link.secret) == KEY_CHARS
    if parts.scheme != LINK_SCHEME or not link.host or not link.port or not has_keys or not is_clerk_name(link.name):
        raise UsageError(fault)
    return link


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
