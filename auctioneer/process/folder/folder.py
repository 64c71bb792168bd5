"""The data directory of a sale, and all files in it.

DIR/journal.sqlite3        the record
DIR/store.json             where the record is instead, if it is in a database
DIR/snapshot-POSITION      the state after that fact; the newest two are kept, to start faster
DIR/keys/house.json        the house's CURVE key: the identity that join links name
DIR/keys/control/auctioneer.json  the auctioneer's key, for the control endpoint
DIR/machine.json           the settings of this machine: hosts, ports
DIR/admitted-keys.txt      the list for `--admit list`: a bidder's public key on each line
DIR/sale.json              which sale was begun here; another one never replaces it
DIR/house.json             the addresses of the running house, or of the last one
DIR/lock                   locked while a house runs
DIR/backup.json            only in a backup: its content; no house may run on a backup

A clerk's directory has nothing of these, but

DIR/clerk.json             the clerk's key and the address of the house
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from auctioneer.journal import JournalGoneError, Store
from auctioneer.journal.snapshots import SnapshotFiles
from auctioneer.journal.sqlite import FILE_NAME, SqliteStore
from auctioneer.process.folder.clerk import ClerkFile
from auctioneer.process.folder.keys import KeyFiles
from auctioneer.process.folder.machine import MachineFile
from auctioneer.process.folder.record_place import RecordPlaceFile
from auctioneer.process.folder.whereabouts import SaleMark, Whereabouts
from common.errors import UsageError
from common.files import make_private_folder

if TYPE_CHECKING:
    from auctioneer.journal.postgres.store import PostgresStore

NEEDS_RECORD: Final = "This needs the record of the sale, which is on the house's machine."
FOR_THE_AUCTIONEER: Final = "Only the auctioneer can do this, on the house's machine."


class DataFolder:
    """One data directory: the record, and the small files beside it."""

    def __init__(self, path: Path, store_url: str = "") -> None:
        """Take the directory at `path`; a `store_url` counts in place of the one that was kept there."""
        self.path = path
        self.record_place = RecordPlaceFile(path / "store.json")
        self._store_url = store_url
        self._store: Store | None = None
        self.keys = KeyFiles(path)
        self.machine = MachineFile(path / "machine.json")
        self.whereabouts = Whereabouts(path)
        self.clerk = ClerkFile(path / "clerk.json")

    @property
    def journal(self) -> Path:
        """The file with the record of the sale, unless that is in a database."""
        return self.path / FILE_NAME

    @property
    def store_url(self) -> str:
        """The URL of the database that has the record; empty where the directory has it. Raises UsageError."""
        return self._store_url or self.record_place.read()

    @property
    def store(self) -> Store:
        """The store of the record. Only the holder of the directory may take it over. Raises UsageError."""
        if self._store is None:
            url = self.store_url
            self._store = postgres_store(url, self._house_key) if url else SqliteStore(self.journal)
        return self._store

    @property
    def shared_store(self) -> "PostgresStore":
        """The store of the record where other machines can reach it. Raises UsageError where it is a file."""
        url = self.store_url
        if not url:
            raise UsageError(
                "A house on another machine can only take over a sale whose record is in a database: --store URL "
                "(docs/postgres.md)."
            )
        return postgres_store(url, self._house_key)

    def _house_key(self) -> str:
        return self.keys.house().public

    @property
    def snapshots(self) -> SnapshotFiles:
        """The snapshots, from which a start continues."""
        return SnapshotFiles(self.path)

    @property
    def has_sale(self) -> bool:
        """Whether there is a journal here, or where the directory says. Raises UsageError, StorageError."""
        return self.store.exists

    @property
    def was_held(self) -> bool:
        """Whether a sale was ever held here, even if its journal is gone.

        A first start that died before the sale was on the disk may leave keys, lists and an empty journal; that is no
        sale.
        """
        return self.whereabouts.are_known or bool(self.snapshots.positions())

    def require_sale(self, why_no_clerk: str = NEEDS_RECORD) -> None:
        """Raise UsageError if no sale was ever held here, and JournalGoneError if its journal is gone.

        `why_no_clerk` is what is said in a clerk's directory.
        """
        if self.has_sale:
            return
        self.require_no_clerk(why_no_clerk)
        if self.was_held:
            raise self.journal_gone()
        raise UsageError(f"There is no sale in {self.path}. Is --data the directory of your sale?")

    def require_no_clerk(
        self, why: str = NEEDS_RECORD, instead: str = "Do this there, with --data for the directory of the sale."
    ) -> None:
        """Raise UsageError in a clerk's directory, which says `why` the command can't be given here, and what to do."""
        clerk = self.clerk.read()
        if clerk is not None:
            here = f"{self.path} is the directory of the clerk {clerk.name} of the house at {clerk.place}"
            raise UsageError(f"{why} {here}. {instead}")

    def journal_gone(self) -> JournalGoneError:
        """Return the error for a directory whose sale has lost its journal, or has the journal of another sale."""
        mark = self.whereabouts.sale()
        which = "A sale" if mark is None else f"The sale {mark.title!r}"
        if self.store_url:
            return JournalGoneError(
                f"{which} was held on {self.path}, and there is no record {self.store.place}. No other sale is begun "
                "in its place. Give the URL of the right store (--store), or choose another directory with --data."
            )
        return JournalGoneError(
            f"{which} was held on {self.path}, and its journal is gone. No other sale is begun in its place. Bring "
            f"back {FILE_NAME} and {FILE_NAME}-wal from where they were moved to, or restore a backup there with "
            f"`auctioneer restore`. To begin a new sale, choose another directory with --data."
        )

    def keep_store(self) -> None:
        """Record where the record is, if that was given. Raises StorageError if the disk refuses the file."""
        if self._store_url and self._store_url != self.record_place.read():
            self.record_place.write(self._store_url)

    def require_one_record(self) -> None:
        """Raise UsageError if a store was given though the directory itself has a sale."""
        if self._store_url and self.journal.exists():
            raise UsageError(
                f"The sale of {self.path} is in its own file, {FILE_NAME}. To continue it in a database: "
                f"auctioneer store move URL --data {self.path}"
            )

    def keep_sale(self, mark: SaleMark) -> None:
        """Record which sale is held here.

        Raises JournalGoneError if another sale was held here, and StorageError if the disk refuses the file.
        """
        before = self.whereabouts.sale()
        if before is None:
            self.whereabouts.write_sale(mark)
        elif before.sale != mark.sale:
            raise JournalGoneError(
                f"The sale {before.title!r} was held on {self.path}, and {self.store.place} holds another one, "
                f"{mark.title!r}. Bring back the journal that was there, or choose another directory with --data."
            )

    @property
    def gateway_home(self) -> Path:
        """The folder in which the gateway beside the house keeps its guests."""
        return self.path / "web"

    @property
    def backup_file(self) -> Path:
        """The file that makes a directory a backup, and describes it; no house may run there."""
        return self.path / "backup.json"

    def small_files(self) -> list[Path]:
        """Return the files besides the journal that a backup needs: keys, lists, and the last addresses."""
        names = ("machine.json", "admitted-keys.txt", "house.json")
        files = [self.path / name for name in names] + sorted((self.path / "keys").rglob("*.json"))
        return [file for file in files if file.is_file()]

    def prepare(self) -> None:
        """Make the directory; only this user may enter it."""
        make_private_folder(self.path)


def postgres_store(url: str, house: Callable[[], str] = str) -> "PostgresStore":
    """Return the store of a record in a database; `house` returns the key of the house that is to hold it.

    Raises UsageError where the URL can't be used, or the program that talks to databases is not installed.
    """
    try:
        from auctioneer.journal.postgres.store import PostgresStore
    except ImportError as error:
        raise UsageError(
            "To keep a sale in a PostgreSQL database, install the extra: pip install 'auction-house[postgres]'."
        ) from error
    return PostgresStore(url, house)
