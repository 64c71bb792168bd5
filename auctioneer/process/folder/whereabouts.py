"""The house of a data directory: whether one runs, at which addresses, and which sale was begun here."""

import fcntl
import os
import time
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec

from common.errors import UsageError
from common.files import can_lock, is_locked, write_whole
from common.local_houses import HOUSE_LOCK

HOLD_PATIENCE_S: Final = 0.2
"""How long a starting house waits for the lock: a command that checks whether a house runs holds it briefly."""
_HOLD_RETRY_S: Final = 0.01


class RunningHouse(msgspec.Struct, frozen=True):
    """The running house, or the last one: the process numbers of the server and its watchdog, and the addresses."""

    pid: int
    watchdog_pid: int
    instance: str
    control: str
    link: str
    port: int
    publish_port: int
    control_place: str
    """HOST:PORT at which clerks on other machines give commands."""
    metrics: str = ""
    """The address of its metrics; empty if there are none."""
    stands_by: bool = False
    """Whether another house holds the sale, so that nobody gives commands here."""

    @property
    def control_port(self) -> int:
        """The port for commands."""
        return urlsplit(self.control).port or 0

    @property
    def metrics_port(self) -> int:
        """The port of its metrics; 0 if there are none."""
        return urlsplit(self.metrics).port or 0


class SaleMark(msgspec.Struct, frozen=True):
    """`sale.json`: the sale that was begun here. It is on the disk before anybody hears of the sale."""

    sale: str
    """The sale's identity, as in the journal's first fact."""
    title: str


class Whereabouts:
    """`house.json`, `sale.json` and the lock of one data directory."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._house_path = folder / "house.json"
        self._sale_path = folder / "sale.json"

    def read(self) -> RunningHouse | None:
        """Return the running house or the last one; None if none ever ran."""
        try:
            return msgspec.json.decode(self._house_path.read_bytes(), type=RunningHouse)
        except (FileNotFoundError, msgspec.MsgspecError):
            return None

    def write(self, house: RunningHouse) -> None:
        """Record the running house. Raises StorageError if the disk refuses the file."""
        write_whole(self._house_path, msgspec.json.encode(house))

    def sale(self) -> SaleMark | None:
        """Return the sale that was begun here; None if none was, or if its file can't be read."""
        try:
            return msgspec.json.decode(self._sale_path.read_bytes(), type=SaleMark)
        except (FileNotFoundError, msgspec.MsgspecError):
            return None

    def write_sale(self, mark: SaleMark) -> None:
        """Make this the directory of a sale, whatever was held here before. Raises StorageError if the disk refuses."""
        write_whole(self._sale_path, msgspec.json.encode(mark))

    @property
    def are_known(self) -> bool:
        """Whether a sale was begun here, or a house ran here."""
        return self._house_path.exists() or self._sale_path.exists()

    def hold(self) -> int:
        """Lock the directory for a house, and return the handle of the lock; closing the handle unlocks it.

        Raises UsageError while another house has the lock. A forked child inherits the lock.
        """
        handle = os.open(self._folder / HOUSE_LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        deadline_s = time.monotonic() + HOLD_PATIENCE_S
        while not can_lock(handle, fcntl.LOCK_EX):
            if time.monotonic() < deadline_s:
                time.sleep(_HOLD_RETRY_S)
                continue
            os.close(handle)
            running = self.read()
            who = f" (process {running.pid})" if running else ""
            raise UsageError(
                f"A house{who} already runs on {self._folder}. Stop it first, or choose another directory with --data."
            )
        return handle

    def is_held(self) -> bool:
        """Return whether a house runs here now."""
        try:
            return is_locked(self._folder / HOUSE_LOCK)
        except FileNotFoundError:
            return False
