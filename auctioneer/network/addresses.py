"""Where a house listens and where others reach it: hosts and ports as people write them.

Every address that is taken here stands in a join link in such a way that `common.keys.parse_link` reads it back.
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
    """Where others reach a house; a port None is the one that it listens on."""

    host: str
    port: int | None = None
    publish_port: int | None = None


def parse_advertised(text: str) -> Advertised:
    """Return what `HOST`, `HOST:PORT` or `HOST:PORT:PUBLISH_PORT` says; an IPv6 address stands in brackets.

    Without PUBLISH_PORT it is the one after PORT. Raises UsageError for what no bidder could reach.
    """
    match = _ADVERTISED.fullmatch(text)
    host = None if match is None else _known_host(match[1])
    if match is None or host is None or _is_bare_ipv6(match[1]):
        raise UsageError(
            f"{text!r} is not an address. Write HOST, HOST:PORT or HOST:PORT:PUBLISH_PORT, such as "
            "house.example.org:8766; an IPv6 address stands in brackets."
        )
    if is_every_address(host):
        raise UsageError(f"{host} stands for every address of a machine: nobody can connect to it. Name one of them.")
    port = None if match[2] is None else int(match[2])
    publish_port = None if match[3] is None else int(match[3])
    if port is not None and publish_port is None:
        publish_port = port + 1
    for one in (port, publish_port):
        if one is not None and not 1 <= one <= PORT_MAX:
            raise UsageError(f"{text!r} has the port {one}; ports are 1 to {PORT_MAX}.")
    if port is not None and port == publish_port:
        raise UsageError(f"{text!r} has one port for both; requests and broadcasts have a port each.")
    return Advertised(host, port, publish_port)


def checked_host(text: str) -> str:
    """Return an address to listen on, or a name, as ZeroMQ wants it. Raises UsageError for what is neither."""
    if text == _EVERY_ADDRESS:
        return text
    host = _known_host(text)
    if host is None:
        raise UsageError(f"{text!r} is neither an address nor a name of a machine.")
    return host


def is_every_address(host: str) -> bool:
    """Return whether a host, in whatever spelling, stands for all addresses of the machine."""
    try:
        return host == _EVERY_ADDRESS or ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine only."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _known_host(text: str) -> str | None:
    """Return a host in the one spelling in which links have it; None where it is none."""
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
