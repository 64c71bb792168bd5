"""What the owner of a sale knows of the houses that stand by, read from the database in a thread of its own.

The loop that holds the sale never waits for this. What is known here is for people, and for whether a sale can be
handed over; who owns the record is never concluded from it.
"""

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from auctioneer.journal.lease import Beside
from common.errors import StorageError

READ_EVERY_S: Final = 0.5
KNOWN_S_MAX: Final = 3.0
"""For how long what was read counts, if the store is away then."""


class HousesBeside:
    """Reads again and again who stands by. `read` may wait, but not forever. Close it at the end."""

    def __init__(self, read: Callable[[], Sequence[Beside]]) -> None:
        self._read = read
        self._found: Sequence[Beside] = ()
        self._read_s = 0.0
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._read_on, name="beside", daemon=True)
        self._thread.start()

    def now(self) -> Sequence[Beside]:
        """Return who stands by; nobody where the store did not tell for a while."""
        return self._found if time.monotonic() - self._read_s <= KNOWN_S_MAX else ()

    def close(self) -> None:
        """Read no more. The thread ends with its statement."""
        self._is_over.set()

    def _read_on(self) -> None:
        while not self._is_over.is_set():
            with suppress(StorageError):  # the loop finds the same, and tells; what is known here runs out by itself
                self._found, self._read_s = self._read(), time.monotonic()
            self._is_over.wait(READ_EVERY_S)
