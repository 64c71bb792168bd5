"""The files of the pages, and the pictures of the catalogue, as they stand on the disk.

A picture is served only if a lot of this sale names it by a relative path, if it lies inside the given folder even
after all links are followed, and if its ending is that of a picture. So no name in a request, and no catalogue from
elsewhere, can lead to another file.
"""

from collections.abc import Collection
from gzip import compress
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

from bidder.web.limits import IMAGE_BYTES_MAX

STATIC: Final = Path(__file__).parent / "static"
_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
_PICTURES: Final = {
    ".avif": "image/avif",
    ".gif": "image/gif",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
}
_PACKED: Final = ("text/", "application/", "image/svg")
"""Types that are text. Nothing secret is in them, so their size tells nobody anything."""


class Asset(NamedTuple):
    """A file to serve. `tag` changes with its content."""

    content: bytes
    media_type: str
    tag: str
    packed: bytes | None = None
    """The content compressed by gzip; None where that would save nothing, as for pictures."""


class Assets:
    """The static files. `images` is the folder of the catalogue's pictures; None: there are none."""

    def __init__(self, images: Path | None) -> None:
        self._images = None if images is None else images.resolve()
        self._read: dict[str, tuple[int, Asset]] = {}

    def static(self, name: str) -> Asset | None:
        """Return a file of the pages; None if there is none of this name."""
        path = STATIC / name
        media_type = _TYPES.get(path.suffix) or _PICTURES.get(path.suffix)
        if media_type is None or ".." in path.parts or not path.is_file():
            return None
        changed = path.stat().st_mtime_ns
        known = self._read.get(name)
        if known is None or known[0] != changed:
            known = self._read[name] = (changed, _asset(path.read_bytes(), media_type))
        return known[1]

    def picture(self, name: str, named: Collection[str]) -> Asset | None:
        """Return a picture that a lot names; None if no lot does, or if it can't be served."""
        media_type = _PICTURES.get(Path(name).suffix.lower())
        if self._images is None or media_type is None or name not in named:
            return None
        path = (self._images / name).resolve()
        if not path.is_relative_to(self._images) or not path.is_file() or path.stat().st_size > IMAGE_BYTES_MAX:
            return None
        return _asset(path.read_bytes(), media_type)


def asset_of(name: str, content: bytes) -> Asset:
    """Return a file that is not on the disk; its name ends as one of the pages' files does."""
    return _asset(content, _TYPES[Path(name).suffix])


def _asset(content: bytes, media_type: str) -> Asset:
    packed = compress(content, mtime=0) if media_type.startswith(_PACKED) else content
    tag = f'"{sha256(content).hexdigest()[:32]}"'
    return Asset(content, media_type, tag, packed if len(packed) < len(content) else None)
