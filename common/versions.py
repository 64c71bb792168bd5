"""The oldest versions of libraries that are accepted, since strangers can exploit the faults of older ones.

The programs refuse to start with an older one. A test holds pyproject.toml to this table, and `make audit` asks a
public database for faults that the table does not know yet.
"""

from typing import Final, NamedTuple

import msgpack
import zmq

from common.errors import AuctionError

Version = tuple[int, ...]


class Floor(NamedTuple):
    """The oldest version that is accepted, the known faults of older ones, and the package that brings the library."""

    version: Version
    faults: tuple[str, ...]
    package: str


LIBZMQ: Final = Floor(
    (4, 3, 5),
    (
        "CVE-2019-6250",
        "CVE-2019-13132",
        "CVE-2020-15166",
        "CVE-2021-20234",
        "CVE-2021-20235",
        "CVE-2021-20236",
        "CVE-2021-20237",
    ),
    "pyzmq",
)
MSGPACK: Final = Floor((1, 2, 4), ("CVE-2026-57585",), "msgpack")
"""A floor may be newer than the version that fixed a fault: it is also the oldest with which the service was tested."""


class OldLibraryError(AuctionError):
    """An installed library has known faults that strangers can exploit."""

    code = "old_library"


def refuse_old_libraries() -> None:
    """Raise OldLibraryError if a library is older than its floor, or if libzmq lacks CURVE."""
    refuse_older("libzmq", zmq.zmq_version_info(), LIBZMQ)
    refuse_older("msgpack", msgpack.version, MSGPACK)
    if not zmq.has("curve"):
        raise OldLibraryError("This libzmq lacks CURVE. Install a pyzmq wheel: pip install --upgrade pyzmq")


def refuse_older(library: str, version: Version, floor: Floor) -> None:
    """Raise OldLibraryError if `version` of a library is older than its floor."""
    if version < floor.version:
        raise OldLibraryError(
            f"{library} {written(version)} has known faults ({', '.join(floor.faults)}); {written(floor.version)} is "
            f"needed. Install it: pip install --upgrade {floor.package}"
        )


def written(version: Version) -> str:
    """Return a version as people write it."""
    return ".".join(map(str, version))
