"""The data directory of a sale: where everything is in it, who holds it, and how its house can be reached.

DIR/journal.sqlite3        the record
DIR/snapshot-POSITION      the state after that fact, the newest two; only to start faster
DIR/keys/house.json        the house's CURVE key: the identity that join links name
DIR/keys/control/NAME.json keys of the auctioneer and of clerks, for the control endpoint
DIR/machine.json           how the house is run on this machine: hosts, ports
DIR/admitted-keys.txt      the list for `--admit list`: a bidder's public key on each line
DIR/sale.json              which sale was begun here: another one never takes its place
DIR/house.json             where the running house is, and where it was last
DIR/lock                   held while a house runs
DIR/backup.json            only in a backup: what it holds; no house runs on one
"""

import fcntl
import os
import time
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec

from auctioneer.journal import FILE_NAME, JournalGoneError
from auctioneer.journal.snapshots import SnapshotFiles
from auctioneer.process.options import MachineSettings
from auctioneer.rules.sale_settings import AUCTIONEER, HOUSE, is_clerk_name
from common.errors import UsageError
from common.files import can_lock, is_locked, make_private_folder, write_whole
from common.keys import HOUSE_LOCK, KeyPair, load_or_make_keys
from common.limits import KEY_CHARS

HOLD_PATIENCE_S: Final = 0.2
"""A command that looks whether a house runs has the lock for an instant; a house that starts then waits so long."""
_HOLD_RETRY_S: Final = 0.01


class HouseRecord(msgspec.Struct, frozen=True):
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


class SaleRecord(msgspec.Struct, frozen=True):
    """`sale.json`: which sale was begun here. It is on the disk before anybody hears of the sale."""

    sale: str
    """Its identity, as in the journal's first fact."""
    title: str


class DataFolder:
    """The paths and small files of one data directory."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def journal(self) -> Path:
        """The record of the sale."""
        return self.path / FILE_NAME

    @property
    def snapshots(self) -> SnapshotFiles:
        """The states from which a start goes on."""
        return SnapshotFiles(self.path)

    @property
    def has_sale(self) -> bool:
        """Whether there is a journal here."""
        return self.journal.exists()

    @property
    def was_held(self) -> bool:
        """Whether a sale was ever held here, also where its journal is gone.

        What a first start leaves that died before the sale was on the disk (keys, lists, an empty journal) is none.
        """
        traces = (self._sale_path, self._record_path)
        return any(trace.exists() for trace in traces) or bool(self.snapshots.positions())

    def require_sale(self) -> None:
        """Raise UsageError where no sale was ever held here, and JournalGoneError where its journal is gone."""
        if self.has_sale:
            return
        if self.was_held:
            raise self.journal_gone()
        raise UsageError(f"There is no sale in {self.path}. Is --data the directory of your sale?")

    def journal_gone(self) -> JournalGoneError:
        """Return what is to be said where the journal of the sale that was held here is gone, or is not its own."""
        record = self.sale_record()
        which = "A sale" if record is None else f"The sale {record.title!r}"
        return JournalGoneError(
            f"{which} was held on {self.path}, and its journal is gone. No other sale is begun in its place. Bring "
            f"back {FILE_NAME} and {FILE_NAME}-wal from where they were moved to, or restore a backup there with "
            f"`auctioneer restore`. To begin a new sale, choose another directory with --data."
        )

    @property
    def _sale_path(self) -> Path:
        return self.path / "sale.json"

    def sale_record(self) -> SaleRecord | None:
        """Return which sale was begun here; None where none was, or its file can't be read: the journal tells too."""
        try:
            return msgspec.json.decode(self._sale_path.read_bytes(), type=SaleRecord)
        except (FileNotFoundError, msgspec.MsgspecError):
            return None

    def keep_sale(self, record: SaleRecord) -> None:
        """Note which sale is held here. Raises JournalGoneError where it was another, and StorageError."""
        before = self.sale_record()
        if before is None:
            self.write_sale_record(record)
        elif before.sale != record.sale:
            raise JournalGoneError(
                f"The sale {before.title!r} was held on {self.path}, and {FILE_NAME} holds another one, "
                f"{record.title!r}. Bring back the journal that was there, or choose another directory with --data."
            )

    def write_sale_record(self, record: SaleRecord) -> None:
        """Have the directory be that of a sale, whatever was held here before. Raises StorageError."""
        write_whole(self._sale_path, msgspec.json.encode(record))

    @property
    def backup_file(self) -> Path:
        """What a backup says of itself; a directory that has it is a backup, and no house may run on it."""
        return self.path / "backup.json"

    def small_files(self) -> list[Path]:
        """Return the files besides the journal that a backup needs: keys, lists, and where the house was last."""
        names = ("machine.json", "admitted-keys.txt", "house.json")
        files = [self.path / name for name in names] + sorted((self.path / "keys").rglob("*.json"))
        return [file for file in files if file.is_file()]

    def prepare(self) -> None:
        """Make the directory, for this user only."""
        make_private_folder(self.path)

    def house_keys(self) -> KeyPair:
        """Return the house's own keys, made at first use."""
        return load_or_make_keys(self.path / "keys" / "house.json")

    # --- who gives commands ------------------------------------------------------------------------------------

    def control_keys(self, name: str = AUCTIONEER) -> KeyPair:
        """Return the key of the auctioneer or of a clerk. Raises UsageError where there is none."""
        path = self.control_keys_file(name)
        if not path.exists():
            raise UsageError(
                f"There is no control key {name!r} in {self.path}. "
                "Is this the data directory of a sale? A clerk's key is made by `auctioneer clerk NAME`."
            )
        return load_or_make_keys(path)

    def make_control_keys(self, name: str = AUCTIONEER) -> KeyPair:
        """Return the key of the auctioneer or of a clerk, made at first use; the sale's record says whether it counts.

        Raises UsageError for a name that can't be a clerk's; the auctioneer's own is one.
        """
        return load_or_make_keys(self.control_keys_file(name))

    def control_keys_file(self, name: str) -> Path:
        """Return where the key of the auctioneer or of a clerk is. Raises UsageError for a name that neither has."""
        if name != AUCTIONEER and not is_clerk_name(name):
            raise UsageError(f"{name!r} can't name a clerk: use lower-case letters, digits and hyphens, not {HOUSE!r}.")
        return self.path / "keys" / "control" / f"{name}.json"

    # --- who may join ------------------------------------------------------------------------------------------

    @property
    def admitted_keys_file(self) -> Path:
        """The list for `--admit list`."""
        return self.path / "admitted-keys.txt"

    def admitted_keys(self) -> frozenset[str]:
        """Return the keys on the list; a line may go on with a name for people. Raises UsageError for a bad line."""
        if not self.admitted_keys_file.exists():
            return frozenset()
        keys = set()
        for number, line in enumerate(_read_text(self.admitted_keys_file).splitlines(), 1):
            words = [] if line.startswith("# ") else line.split()
            if not words:
                continue
            if len(words[0]) != KEY_CHARS:
                raise UsageError(
                    f"{self.admitted_keys_file}, line {number}: {words[0]!r} is not a bidder's public key "
                    f"({KEY_CHARS} characters). `bidder key --name NAME` prints it."
                )
            keys.add(words[0])
        return frozenset(keys)

    # --- this machine ------------------------------------------------------------------------------------------

    @property
    def _machine_path(self) -> Path:
        return self.path / "machine.json"

    def machine_settings(self) -> MachineSettings | None:
        """Return how the house was run here last; None where none was. Raises UsageError for a file that is damaged."""
        try:
            raw = self._machine_path.read_bytes()
            return msgspec.json.decode(raw, type=MachineSettings)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise UsageError(
                f"{self._machine_path} can't be read: {error}. Remove it, and give `auctioneer run` "
                "again the options that you need (--host, --port and so on)."
            ) from error

    def write_machine_settings(self, settings: MachineSettings) -> None:
        """Keep how the house is run here. Raises StorageError where the disk doesn't take it."""
        write_whole(self._machine_path, msgspec.json.encode(settings))

    # --- the house that runs here ------------------------------------------------------------------------------

    @property
    def _record_path(self) -> Path:
        return self.path / "house.json"

    def house_record(self) -> HouseRecord | None:
        """Return where the house is or was last; None where none ever ran."""
        try:
            return msgspec.json.decode(self._record_path.read_bytes(), type=HouseRecord)
        except (FileNotFoundError, msgspec.MsgspecError):
            return None

    def write_house_record(self, record: HouseRecord) -> None:
        """Tell where the house is. Raises StorageError where the disk doesn't take it."""
        write_whole(self._record_path, msgspec.json.encode(record))

    def hold(self) -> int:
        """Take the directory for a house; return the handle, which holds it until it is closed.

        Raises UsageError while another house holds it. A forked child inherits the hold.
        """
        handle = os.open(self.path / HOUSE_LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        deadline_s = time.monotonic() + HOLD_PATIENCE_S
        while not can_lock(handle, fcntl.LOCK_EX):
            if time.monotonic() < deadline_s:
                time.sleep(_HOLD_RETRY_S)
                continue
            os.close(handle)
            record = self.house_record()
            who = f" (process {record.pid})" if record else ""
            raise UsageError(
                f"A house{who} runs on {self.path} already. Stop it first, or choose another directory with --data."
            )
        return handle

    def is_held(self) -> bool:
        """Return whether a house runs here now."""
        try:
            return is_locked(self.path / HOUSE_LOCK)
        except FileNotFoundError:
            return False


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} can't be read: {error}") from error
