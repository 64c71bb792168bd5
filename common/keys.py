"""CURVE keys in files, the join link, and the list of houses that run on this machine.

A key file is JSON with `public` and `secret` in Z85, mode 0600, written whole or not at all. A join link holds all
that a bidder needs: `auction://HOST:PORT/SERVERKEY?publish=PORT&invite=CODE`. Its key is in hex, since Z85 has
characters that a link can't hold. A house that may be at several places has them all in its link, in the order in which
to try them: `auction://HOST:PORT,HOST:PORT/...`.
"""

from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import parse_qs, urlencode, urlsplit

import msgspec
import platformdirs
import zmq
from zmq.utils import z85

from common.errors import UsageError
from common.files import create_whole, is_locked, make_private_folder, write_whole
from common.limits import INVITE_CHARS_MAX, KEY_CHARS

LINK_SCHEME = "auction"
PLAIN = "plain"
"""Stands in a link in place of the key if the house has no CURVE, so that a link whose key got lost is not accepted."""
HOUSE_LOCK: Final = "lock"
"""The name of the file in a data directory that a house locks while it runs."""
PLACES_MAX: Final = 8
"""Places in a join link."""
_LISTING_CHARS: Final = 32


class KeyPair(msgspec.Struct, frozen=True):
    """A CURVE key pair in Z85, 40 characters each."""

    public: str
    secret: str

    def __repr__(self) -> str:
        return f"KeyPair({self.public})"


def new_keys() -> KeyPair:
    """Return a new pair of keys."""
    public, secret = zmq.curve_keypair()
    return KeyPair(public.decode(), secret.decode())


def load_or_make_keys(path: Path) -> KeyPair:
    """Return the pair in `path`; make the file (mode 0600) if there is none.

    Raises UsageError if the file can't be read or is no key file, and StorageError if the disk refuses a new one.
    """
    while True:
        try:
            raw = path.read_bytes()
        except FileNotFoundError as error:
            if path.is_symlink():
                raise UsageError(f"The key file {path} is a link to nothing. Remove it.") from error
            make_private_folder(path.parent)
            create_whole(path, msgspec.json.encode(new_keys()))
            continue
        except OSError as error:
            raise UsageError(f"The key file {path} can't be read: {error.strerror}.") from error
        return _checked(path, raw)


def _checked(path: Path, raw: bytes) -> KeyPair:
    fault = f"{path} is not a key file. Move it away to have a new key made; it will be a new identity."
    try:
        keys = msgspec.json.decode(raw, type=KeyPair)
        if len(keys.secret) != KEY_CHARS or zmq.curve_public(keys.secret.encode()).decode() != keys.public:
            raise UsageError(fault)
    except (msgspec.MsgspecError, zmq.ZMQError, ValueError) as error:
        raise UsageError(fault) from error
    return keys


class Place(NamedTuple):
    """Where a house may be reached: the name or address of a machine, and the port of its ROUTER there."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class JoinLink(msgspec.Struct, frozen=True):
    """Where a house is, and the key that it must prove to have: in Z85, or empty for a house without CURVE.

    `others` are further places where the same house may be, after `host` and `port`. The broadcasts have the same port
    at each of them, unless the welcome names another.
    """

    host: str
    port: int
    publish_port: int
    server_key: str
    invite: str = ""
    others: tuple[Place, ...] = ()

    def __str__(self) -> str:
        key = z85.decode(self.server_key).hex() if self.server_key else PLAIN
        query = {"publish": str(self.publish_port)} | ({"invite": self.invite} if self.invite else {})
        return f"{LINK_SCHEME}://{','.join(map(str, self.places))}/{key}?{urlencode(query)}"

    @property
    def places(self) -> tuple[Place, ...]:
        """All places where the house may be, in the order in which to try them."""
        return (Place(self.host, self.port), *self.others)

    @property
    def request_address(self) -> str:
        """The ZeroMQ address of the house's ROUTER, which answers requests, at the first place."""
        return zmq_address(self.host, self.port)

    @property
    def publish_address(self) -> str:
        """The ZeroMQ address of the house's broadcast at the first place."""
        return zmq_address(self.host, self.publish_port)


def parse_link(text: str) -> JoinLink:
    """Return the link in `text`. Raises UsageError, which says what a link looks like, if it is none."""
    scheme, _, rest = text.strip().partition("://")
    listed, _, tail = rest.partition("/")
    try:
        first, *others = [_parse_place(one) for one in listed.split(",", PLACES_MAX - 1)]
        parts = urlsplit(f"/{tail}")
        query = parse_qs(parts.query)  # parameters that this version doesn't know are ignored
        key = parts.path.removeprefix("/")
        server_key = "" if key == PLAIN else z85.encode(bytes.fromhex(key)).decode()
        link = JoinLink(
            host=first.host,
            port=first.port,
            publish_port=int(query["publish"][0]),
            server_key=server_key,
            invite=query.get("invite", [""])[0],
            others=tuple(others),
        )
        valid = (
            scheme.lower() == LINK_SCHEME
            and 0 < link.publish_port < 65536
            and (key == PLAIN or len(server_key) == KEY_CHARS)
            and len(link.invite) <= INVITE_CHARS_MAX
        )
    except (ValueError, KeyError) as error:
        raise UsageError(_NOT_A_LINK.format(text)) from error
    if not valid:
        raise UsageError(_NOT_A_LINK.format(text))
    return link


def _parse_place(text: str) -> Place:
    """Return the place that a text of a link names. Raises ValueError if it is not one."""
    parts = urlsplit(f"//{text}")
    if not parts.hostname or not parts.port or parts.path or parts.query or parts.fragment:
        raise ValueError(f"{text!r} is no HOST:PORT")
    return Place(parts.hostname, parts.port)


_NOT_A_LINK = (
    "{!r} is not a join link. It looks like auction://HOST:PORT/KEY?publish=PORT; "
    "copy the whole line that `auctioneer link` prints."
)


def zmq_address(host: str, port: int) -> str:
    """Return the ZeroMQ address of a port on a host; `host` is a name or a numeric address, IPv4 or IPv6."""
    return f"tcp://[{host}]:{port}" if ":" in host else f"tcp://{host}:{port}"


class LocalHouse(msgspec.Struct, frozen=True):
    """How bidders of the same user on the same machine find a running house. `data` is its data directory."""

    title: str
    link: str
    data: str


def local_houses_folder() -> Path:
    """Return the folder in which houses announce themselves to bidders of the same user on the same machine."""
    return platformdirs.user_state_path("auction-house") / "houses"


def publish_local_house(folder: Path, house: LocalHouse) -> None:
    """Announce a running house on this machine.

    Raises UsageError if the folder can't be made, and StorageError if the disk refuses the file.
    """
    make_private_folder(folder)
    write_whole(_listing(folder, house.data), msgspec.json.encode(house))


def withdraw_local_house(folder: Path, data: str) -> None:
    """Remove the announcement of a house. If that fails, nobody is misled: the free lock shows that it doesn't run."""
    with suppress(OSError):
        _listing(folder, data).unlink(missing_ok=True)


def find_local_houses(folder: Path) -> list[LocalHouse]:
    """Return the houses that this user runs on this machine, and remove the files of those that have ended.

    A house runs as long as it holds the lock of its data directory. A process number would not show this: when a house
    ends with its container, another program may get its number. A house whose directory can't be read is left out.
    """
    houses = []
    for path in sorted(folder.glob("*.json")):
        try:
            house = msgspec.json.decode(path.read_bytes(), type=LocalHouse)
            runs = is_locked(Path(house.data) / HOUSE_LOCK)
        except (msgspec.MsgspecError, ValueError):
            runs = False
        except OSError:
            continue
        if runs:
            houses.append(house)
        else:
            with suppress(OSError):
                path.unlink(missing_ok=True)
    return houses


def _listing(folder: Path, data: str) -> Path:
    return folder / f"{sha256(data.encode()).hexdigest()[:_LISTING_CHARS]}.json"
