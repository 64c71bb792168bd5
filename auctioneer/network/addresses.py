"""Where a house listens and where others reach it: hosts and ports as people write them.

Every address that is accepted here can be put into a join link, and `common.keys.parse_link` reads it back.
"""

import ipaddress
import re
from typing import Final, NamedTuple

from common.errors import UsageError

PORT_MAX: Final = 65535
_HOST_CHARS_MAX: Final = 253
_LABEL: Final = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\.?", re.ASCII)
_ADVERTISED: Final = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]*)(?::([0-9]{1,5}))?(?::([0-9]{1,5}))?", re.ASCII)
_EVERY_ADDRESS: Final = "*"


class Advertised(NamedTuple):
    """Where others reach a house. A port of None means the port on which it listens."""

    host: str
    port: int | None = None
    publish_port: int | None = None


def parse_advertised(text: str) -> Advertised:
    """Return the host and ports in `HOST`, `HOST:PORT` or `HOST:PORT:PUBLISH_PORT`; an IPv6 address has brackets.

    Without PUBLISH_PORT it is PORT + 1. Raises UsageError for an address that no bidder could reach.
    """
    match = _ADVERTISED.fullmatch(text)
    host = None if match is None else _known_host(match[1])
    if match is None or host is None or _is_bare_ipv6(match[1]):
        raise UsageError(
            f"{text!r} is not an address. Write HOST, HOST:PORT or HOST:PORT:PUBLISH_PORT, such as "
            "house.example.org:8766; put an IPv6 address in brackets."
        )
    if is_every_address(host):
        raise UsageError(f"{host} means every address of a machine, so nobody can connect to it. Give one address.")
    port = None if match[2] is None else int(match[2])
    publish_port = None if match[3] is None else int(match[3])
    if port is not None and publish_port is None:
        publish_port = port + 1
    for one in (port, publish_port):
        if one is not None and not 1 <= one <= PORT_MAX:
            raise UsageError(f"{text!r} has the port {one}; ports are 1 to {PORT_MAX}.")
    if port is not None and port == publish_port:
        raise UsageError(f"{text!r} has the same port twice; requests and broadcasts need a port each.")
    return Advertised(host, port, publish_port)


def checked_host(text: str) -> str:
    """Return an address or a host's name to listen on, as ZeroMQ needs it. Raises UsageError if it is neither."""
    if text == _EVERY_ADDRESS:
        return text
    host = _known_host(text)
    if host is None:
        raise UsageError(f"{text!r} is neither an address nor the name of a machine.")
    return host


def is_every_address(host: str) -> bool:
    """Return whether a host, in any spelling, means all addresses of the machine."""
    try:
        return host == _EVERY_ADDRESS or ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False


def is_loopback(host: str) -> bool:
    """Return whether a host can be reached only from this machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _known_host(text: str) -> str | None:
    """Return a host in the spelling that links use; None if the text is not a host."""
    bare = text.removeprefix("[").removesuffix("]") if text.startswith("[") and text.endswith("]") else text
    host = bare.lower()
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        is_name = bare == text and len(host) <= _HOST_CHARS_MAX and _NAME.fullmatch(host) is not None
        return host if is_name and not host.rstrip(".").rpartition(".")[2].isdigit() else None
    if address.version == 4:
        return host if bare == text else None
    return None if "%" in host else str(address)


def _is_bare_ipv6(text: str) -> bool:
    return ":" in text and not text.startswith("[")
