"""The number of files that this process may have open. Each connection is one, and systems allow few by default."""

import os
import resource
import sys
from errno import EMFILE, ENFILE
from typing import Final

from common.errors import UsageError

FILES_PER_CLIENT: Final = 24
"""Enough for a client's six sockets with their monitors, two connections, a context and the program around it."""


def raise_file_limit(wanted: int) -> int:
    """Let this process, and those that it starts later, have `wanted` files open, or as many as the system allows.

    Returns the number that is allowed now. Raises OSError or ValueError if the system allows less than it says.
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
    """Ensure that this process can open this many more files; raise its limit if needed and allowed.

    Raises UsageError, which names the limit to raise, if that fails.
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
        f"This process can't open {files} more files: the system allows it {allowed:,} in all. Raise that limit "
        "(`ulimit -n`, LimitNOFILE of a service), or run fewer clients in one process."
    )


def _has_room_for(files: int) -> bool:
    """Return whether this many more files can be opened, by trying it: counting the open ones takes time for each."""
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
