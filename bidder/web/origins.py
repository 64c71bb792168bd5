"""Who speaks to the gateway: a page of its own or another's, and from which address. No IO.

- A page of another site must not act for a guest. A browser names the site of a page in `Origin`, and no script can
  change it; so a WebSocket or a POST is refused unless its origin is the gateway's own.
- A name that an attacker's server resolves to the gateway's address (DNS rebinding) would make a foreign page look like
  our own. So the gateway answers only to names that it knows: the public URL's, numbers, and this machine's own.
- `X-Forwarded-For` and `-Proto` count only from the trusted proxy. The last hop is the address that the proxy saw; all
  before it may be invented.
"""

import ipaddress
from collections.abc import Collection
from typing import Final, NamedTuple
from urllib.parse import urlsplit

Headers = Collection[tuple[bytes, bytes]]
_PORTS: Final = {"http": 80, "https": 443}
_LOCAL: Final = ("localhost",)


class Caller(NamedTuple):
    """Where a request comes from, and by which scheme the browser sent it."""

    address: str
    scheme: str


class Origins:
    """Judges requests to one gateway. `names` are the host names by which it may be called, besides numbers."""

    def __init__(self, public_url: str, names: Collection[str], trusted_proxy: str) -> None:
        self._public = urlsplit(public_url)
        self._names = frozenset(name.lower().rstrip(".") for name in (*names, *_LOCAL, self._public.hostname or ""))
        self._trusted_proxy = trusted_proxy

    def caller(self, headers: Headers, peer: str, scheme: str) -> Caller:
        """Return who sent a request: its peer, or whom the trusted proxy names."""
        if not self._trusted_proxy or peer != self._trusted_proxy:
            return Caller(peer, scheme)
        forwarded = header(headers, b"x-forwarded-for").rpartition(",")[2].strip()
        protocol = header(headers, b"x-forwarded-proto").rpartition(",")[2].strip().lower()
        return Caller(
            forwarded if _is_number(forwarded) else peer,
            protocol if protocol in _PORTS else scheme,
        )

    def is_known_host(self, headers: Headers) -> bool:
        """Return whether the request is for a name that this gateway has."""
        host = _hostname(header(headers, b"host"))
        return host is not None and (host in self._names or _is_number(host))

    def is_own_page(self, headers: Headers, scheme: str) -> bool:
        """Return whether a request comes from a page of this gateway."""
        origin = header(headers, b"origin")
        if not origin or not self.is_known_host(headers):
            return False
        own = {_place(f"{scheme}://{header(headers, b'host')}")}
        if self._public.netloc:
            own.add(_place(f"{self._public.scheme}://{self._public.netloc}"))
        place = _place(origin)
        return place is not None and place in own


def header(headers: Headers, name: bytes) -> str:
    """Return the value of a header; the last one if there are several, and an empty text if there is none."""
    found = ""
    for key, value in headers:
        if key.lower() == name:
            found = value.decode("latin-1")
    return found


def _hostname(netloc: str) -> str | None:
    try:
        return (urlsplit(f"//{netloc}").hostname or "").rstrip(".") or None
    except ValueError:
        return None


def _place(url: str) -> tuple[str, str, int] | None:
    """Return scheme, host and port of a URL; None if it has no such parts."""
    try:
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname:
            return None
        return parts.scheme, parts.hostname.rstrip("."), parts.port or _PORTS[parts.scheme]
    except ValueError:
        return None


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
