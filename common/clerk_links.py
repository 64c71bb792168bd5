"""The link by which a clerk joins.

The link has a secret key of its own, which the house knows for some hours and accepts once (docs/control.md). It is of
no use after that.
"""

from typing import Final
from urllib.parse import parse_qs, urlencode, urlsplit

import msgspec
import zmq
from zmq.utils import z85

from common.clerk_names import is_clerk_name
from common.errors import UsageError
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


def console_address(gateway_url: str, link: ClerkLink) -> str:
    """Return the address of a gateway's console for one clerk. The link stands in the fragment, which no browser sends.

    Raises UsageError if `gateway_url` is no web address.
    """
    parts = urlsplit(gateway_url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise UsageError(f"{gateway_url!r} is not the address of a gateway. It looks like http://192.168.1.5:8080.")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}/console#{link}"
