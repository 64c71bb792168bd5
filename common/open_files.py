"""How many files this process may have open: each connection is one, and systems allow few by default."""

import os
import resource
import sys
from errno import EMFILE, ENFILE
from typing import Final

from common.errors import UsageError

FILES_PER_CLIENT: Final = 24
"""Six sockets with their monitors, two connections, a context, and what the program's side takes; some to spare."""


def raise_file_limit(wanted: int) -> int:
    """Let this process, and those it starts later, have `wanted` files open, or as many as the system allows.

    Returns how many it may have now. Raises OSError or ValueError where the system allows less than it says.
    """
    allowed, allowed_max = resource.getrlimit(resource.RLIMIT_NOFILE)
    if allowed == resource.RLIM_INFINITY:
        return sys.maxsize
    if allowed_max != resource.RLIM_INFINITY:
        wanted = min(wanted, allowed_max)
    if wanted <= allowed:
        return allowed
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, allowed_max))
    return wanted


def make_room_for_files(files: int) -> None:
    """See that this process can open this many files more, raising its own limit where the system lets it.

    Raises UsageError, which says what limit to raise, where it can't.
    """
    while not _has_room_for(files):
        allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        try:
            raised = raise_file_limit(2 * allowed)
        except (OSError, ValueError) as error:
            raise _no_room_for(files, allowed) from error
        if raised <= allowed:
            raise _no_room_for(files, allowed)


def _no_room_for(files: int, allowed: int) -> UsageError:
    return UsageError(
        f"This process can't open {files} more files: the system allows it {allowed:,}. Raise that limit "
        "(`ulimit -n`, LimitNOFILE of a service), or have fewer clients in one process."
    )


def _has_room_for(files: int) -> bool:
    """Try it, since nothing tells how many are open: counting them takes longer the more there are."""
    opened: list[int] = []
    try:
        while len(opened) < files:
            opened += os.pipe()
    except OSError as error:
        if error.errno not in (EMFILE, ENFILE):
            raise
        return False
    finally:
        for descriptor in opened:
            os.close(descriptor)
    return True
