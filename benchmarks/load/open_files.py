"""How many files a process may have open: each connection is one, and systems allow few by default."""

import resource
from typing import Final

from common.errors import UsageError
from common.open_files import raise_file_limit

FILES_PER_CLIENT: Final = 10
"""Two connections, and one for each of the six sockets that a client has with its monitors; some to spare."""
FILES_PER_BOT_AT_HOUSE: Final = 2
SPARE: Final = 200
"""For all else in a process."""


def allow_open_files(files: int, reason: str) -> None:
    """Let this process, and those that it starts from now on, have so many files open.

    Raises UsageError, which begins with `reason`, where the system does not allow it.
    """
    allowed = raise_file_limit(files)
    if allowed < files:
        raise UsageError(
            f"{reason}, which takes {files:,} open files; this system allows a process {allowed:,}. Take fewer "
            "bots, or raise the limit (`ulimit -Hn`, LimitNOFILE of a service, /etc/security/limits.conf)."
        )


def clients_max() -> int:
    """Return how many clients this system lets one process have."""
    allowed_max = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return 2**31 if allowed_max == resource.RLIM_INFINITY else max(1, (allowed_max - SPARE) // FILES_PER_CLIENT)
