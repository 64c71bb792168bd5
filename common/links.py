"""The join link: where a house is, and which key it must have.

A join link holds all that a bidder needs: `auction://HOST:PORT/SERVERKEY?publish=PORT&invite=CODE`. Its key is in hex,
since Z85 has characters that a link can't hold. A house that may be at several places has them all in its link, in the
order in which to try them: `auction://HOST:PORT,HOST:PORT/...`. A link for one person also has the code of that
person's paddle: `code=CODE`.
"""

from typing import Final, NamedTuple
from urllib.parse import parse_qs, urlencode, urlsplit

import msgspec
from zmq.utils import z85

from common.errors import UsageError
from common.limits import INVITE_CHARS_MAX, KEY_CHARS
from common.paddle_codes import is_valid_code, plain_code

LINK_SCHEME = "auction"
PLAIN = "plain"
"""Stands in a link in place of the key if the house has no CURVE, so that a link whose key got lost is not accepted."""
PLACES_MAX: Final = 8
"""Places in a join link."""


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
    code: str = ""

    def __str__(self) -> str:
        key = z85.decode(self.server_key).hex() if self.server_key else PLAIN
        query = {"publish": str(self.publish_port), "invite": self.invite, "code": self.code}
        filled = {name: text for name, text in query.items() if text}
        return f"{LINK_SCHEME}://{','.join(map(str, self.places))}/{key}?{urlencode(filled)}"

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
            code=plain_code(query.get("code", [""])[0]),
        )
        valid = (
            scheme.lower() == LINK_SCHEME
            and 0 < link.publish_port < 65536
            and (key == PLAIN or len(server_key) == KEY_CHARS)
            and len(link.invite) <= INVITE_CHARS_MAX
            and (not link.code or is_valid_code(link.code))
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
