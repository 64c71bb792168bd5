"""Where a gateway listens, and the addresses under which phones open it."""

import ipaddress
import re
import socket
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from common.errors import UsageError
from common.own_address import own_address

PORT_MAX: Final = 65535
_LISTEN: Final = re.compile(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9_.-]+):([0-9]{1,5})", re.ASCII)


class Place(NamedTuple):
    """A host and a port to listen on."""

    host: str
    port: int

    @property
    def is_everywhere(self) -> bool:
        """Whether the host means all addresses of this machine."""
        try:
            return ipaddress.ip_address(self.host).is_unspecified
        except ValueError:
            return False


def parse_place(text: str) -> Place:
    """Return the place in `HOST:PORT`; an IPv6 address has brackets, and port 0 is any free one. Raises UsageError."""
    match = _LISTEN.fullmatch(text)
    if match is None or int(match[2]) > PORT_MAX:
        raise UsageError(
            f"{text!r} is no host and port. Write HOST:PORT, such as 0.0.0.0:8080; an IPv6 address has brackets."
        )
    return Place(match[1].strip("[]"), int(match[2]))


def parse_public_url(text: str) -> str:
    """Return the address of a gateway, with a slash at its end. Raises UsageError."""
    try:
        parts = urlsplit(text)
        is_valid = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) <= PORT_MAX
    except ValueError:
        is_valid = False
    if not is_valid or parts.path not in ("", "/") or parts.query or parts.fragment or parts.username:
        raise UsageError(
            f"{text!r} is not the address of a gateway. Write https://HOST or http://HOST:PORT, without a path."
        )
    return f"{parts.scheme}://{parts.netloc}/"


def parse_address(text: str) -> str:
    """Return the numeric address of a proxy, in its usual form; empty stays empty. Raises UsageError."""
    try:
        return str(ipaddress.ip_address(text)) if text else ""
    except ValueError as error:
        raise UsageError(f"{text!r} is not the numeric address of a proxy, such as 127.0.0.1.") from error


def url_of(place: Place, *, is_tls: bool) -> str:
    """Return the address under which phones on this network open a gateway that listens on a place."""
    host = own_address() if place.is_everywhere else place.host
    scheme, usual = ("https", 443) if is_tls else ("http", 80)
    shown = f"[{host}]" if ":" in host else host
    return f"{scheme}://{shown}/" if place.port == usual else f"{scheme}://{shown}:{place.port}/"


def own_names() -> tuple[str, ...]:
    """Return the names of this machine on its network."""
    name = socket.gethostname()
    return name, f"{name.partition('.')[0]}.local"
