"""Whose pictures the pages show: those beside the catalogue, and those of hosts that the gateway was told.

A page asks nothing of another host by itself: that host would learn who looks at which lot and when, and could show
another picture tomorrow. A lot whose picture is elsewhere is shown as one without a picture (docs/adr/0035).
"""

import re
from collections.abc import Collection, Iterable
from typing import Final
from urllib.parse import quote, urlsplit

from bidder.display.amounts import Record
from bidder.web.limits import PICTURE_HOSTS_MAX
from common.errors import UsageError

_HOST: Final = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*(?::[0-9]{1,5})?", re.ASCII)
_SCHEMES: Final = ("http", "https")


class Pictures:
    """Which of a catalogue's pictures are shown. `hosts` have a port if it is not the usual one."""

    def __init__(self, hosts: Iterable[str] = ()) -> None:
        self.hosts = tuple(dict.fromkeys(host.lower() for host in hosts))
        for host in self.hosts:
            if not _HOST.fullmatch(host):
                raise UsageError(f"{host!r} is no host of pictures. Write it as in pictures.example or 192.0.2.1:8080.")
        if len(self.hosts) > PICTURE_HOSTS_MAX:
            raise UsageError(f"At most {PICTURE_HOSTS_MAX} hosts of pictures can be named.")

    @property
    def policy(self) -> str:
        """The hosts as a page's policy names them."""
        return " ".join(f"{scheme}://{host}" for host in self.hosts for scheme in _SCHEMES)

    def address(self, image: str) -> str | None:
        """Return where a page finds the picture of a lot; None if it shows none."""
        if not image:
            return None
        if ":" not in image.partition("/")[0]:
            return f"/images/{quote(image)}"
        return image if host_of(image) in self.hosts else None

    def within(self, record: Record) -> Record:
        """Return a lot's record without a picture that is not shown."""
        image = record.get("image")
        return record if not image or self.address(image) is not None else {**record, "image": ""}

    def left_out(self, images: Collection[str]) -> list[str]:
        """Return the hosts, in order, whose pictures are not shown."""
        return list(dict.fromkeys(host for host in map(host_of, images) if host and host not in self.hosts))


def host_of(image: str) -> str:
    """Return the host in the web address of a picture, with its port if it has one; empty if it is no such address."""
    try:
        parts = urlsplit(image)
    except ValueError:
        return ""
    host = parts.netloc.lower()
    return host if parts.scheme in _SCHEMES and _HOST.fullmatch(host) else ""


OWN_PICTURES: Final = Pictures()
"""Only those beside the catalogue."""
