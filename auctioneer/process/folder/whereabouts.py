"""Where the house of a data directory is: whether one runs, at which addresses, and which sale was begun here."""

import fcntl
import os
import time
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec

from common.errors import UsageError
from common.files import can_lock, is_locked, write_whole
from common.keys import HOUSE_LOCK

HOLD_PATIENCE_S: Final = 0.2
"""A command that looks whether a house runs has the lock for an instant; a house that starts then waits so long."""
_HOLD_RETRY_S: Final = 0.01


class RunningHouse(msgspec.Struct, frozen=True):
    """Where the house is, or was last: `pid` of the server and of its watchdog, and its addresses."""

    pid: int
    watchdog_pid: int
    instance: str
    control: str
    link: str
    port: int
    publish_port: int
    metrics: str = ""
    """The address of its metrics; empty where it offers none."""

    @property
    def metrics_port(self) -> int:
        """The port of its metrics; 0 where it offers none."""
        return urlsplit(self.metrics).port or 0


class SaleMark(msgspec.Struct, frozen=True):
    """`sale.json`: which sale was begun here. It is on the disk before anybody hears of the sale."""

    sale: str
    """Its identity, as in the journal's first fact."""
    title: str


class Whereabouts:
    """`house.json`, `sale.json` and the lock of one data directory."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._house_path = folder / "house.json"
        self._sale_path = folder / "sale.json"

    def read(self) -> RunningHouse | None:
        """Return where the house is or was last; None where none ever ran."""
        try:
            return msgspec.json.decode(self._house_path.read_bytes(), type=RunningHouse)
        except (FileNotFoundError, msgspec.MsgspecError):
            return None

    def write(self, house: RunningHouse) -> None:
        """Tell where the house is. Raises StorageError where the disk doesn't take it."""
        write_whole(self._house_path, msgspec.json.encode(house))

    def sale(self) -> SaleMark | None:
        """Return which sale was begun here; None where none was, or its file can't be read: the journal tells too."""
        try:
            return msgspec.json.decode(self._sale_path.read_bytes(), type=SaleMark)
        except (FileNotFoundError, msgspec.MsgspecError):
            return None

    def write_sale(self, mark: SaleMark) -> None:
        """Have the directory be that of a sale, whatever was held here before. Raises StorageError."""
        write_whole(self._sale_path, msgspec.json.encode(mark))

    @property
    def are_known(self) -> bool:
        """Whether a sale was begun here, or a house ran here."""
        return self._house_path.exists() or self._sale_path.exists()

    def hold(self) -> int:
        """Take the directory for a house; return the handle, which holds it until it is closed.

        Raises UsageError while another house holds it. A forked child inherits the hold.
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
                f"A house{who} runs on {self._folder} already. Stop it first, or choose another directory with --data."
            )
        return handle

    def is_held(self) -> bool:
        """Return whether a house runs here now."""
        try:
            return is_locked(self._folder / HOUSE_LOCK)
        except FileNotFoundError:
            return False
