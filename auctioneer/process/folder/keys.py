"""The keys in a data directory: the house's, the auctioneer's, and the list for `--admit list`."""

from pathlib import Path

import msgspec

from common.clerk_names import AUCTIONEER
from common.errors import UsageError
from common.files import create_whole, make_private_folder, write_once
from common.keys import KeyPair, are_a_pair, load_or_make_keys
from common.limits import KEY_CHARS


class _ExportedKeys(msgspec.Struct, frozen=True, omit_defaults=True):
    """The file of `auctioneer key export`."""

    house: KeyPair
    auctioneer: KeyPair
    gateway: KeyPair | None = None


class KeyFiles:
    """`keys/house.json`, `keys/control/auctioneer.json` and `admitted-keys.txt` of one data directory."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def house(self) -> KeyPair:
        """Return the house's keys, which are made at first use."""
        return load_or_make_keys(self.house_file)

    @property
    def are_there(self) -> bool:
        """Whether the keys of a house and of its auctioneer are here, so that none need be made."""
        return self.house_file.exists() and self.control_file.exists()

    @property
    def house_file(self) -> Path:
        """The path of the house's key file."""
        return self._folder / "keys" / "house.json"

    def control(self) -> KeyPair:
        """Return the auctioneer's keys. Raises UsageError if there are none."""
        if not self.control_file.exists():
            raise UsageError(f"There is no control key in {self._folder}. Is this the data directory of a sale?")
        return load_or_make_keys(self.control_file)

    def make_control(self) -> KeyPair:
        """Return the auctioneer's keys, made at first use; the sale's record must list them too."""
        return load_or_make_keys(self.control_file)

    def gateway(self) -> KeyPair:
        """Return the keys of the gateway that runs beside the house, made at first use."""
        return load_or_make_keys(self.gateway_file)

    @property
    def gateway_file(self) -> Path:
        """The path of that gateway's key file."""
        return self._folder / "keys" / "web.json"

    @property
    def control_file(self) -> Path:
        """The path of the auctioneer's key file."""
        return self._folder / "keys" / "control" / f"{AUCTIONEER}.json"

    def _files(self) -> dict[str, Path]:
        return {"house": self.house_file, "auctioneer": self.control_file, "gateway": self.gateway_file}

    def export_to(self, file: Path) -> tuple[str, ...]:
        """Write all keys to a new file that only this user can read, and return whose they are.

        The gateway's is made if it is not there yet. Else each machine would make another one at its first `--web`, and
        the sale knows one gateway.

        Raises UsageError if there are none here, or the file is there already, and StorageError.
        """
        if not self.are_there:
            raise UsageError(f"There are no keys of a house in {self._folder}. Is this the data directory of a sale?")
        keys = {name: load_or_make_keys(path) for name, path in self._files().items()}
        try:
            write_once(file, msgspec.json.encode(_ExportedKeys(**keys)))
        except FileExistsError as error:
            raise UsageError(f"{file} is there already. Name another file.") from error
        return tuple(keys)

    def import_from(self, file: Path) -> tuple[str, ...]:
        """Make the keys in a file those of this directory, and return whose they are; none is replaced.

        Raises UsageError if the file has no keys, or other ones are here, and StorageError.
        """
        fault = f"{file} has no keys of a house. `auctioneer key export FILE` writes them."
        try:
            exported = msgspec.json.decode(file.read_bytes(), type=_ExportedKeys)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise UsageError(fault) from error
        keys = {name: pair for name in self._files() if (pair := getattr(exported, name)) is not None}
        if not all(are_a_pair(pair) for pair in keys.values()):
            raise UsageError(fault)
        for name, pair in keys.items():
            path = self._files()[name]
            if path.exists() and load_or_make_keys(path) != pair:
                raise UsageError(
                    f"{self._folder} has other keys of the {name} already, and none is replaced. Choose another "
                    "directory with --data."
                )
        for name, pair in keys.items():
            path = self._files()[name]
            if not path.exists():
                make_private_folder(path.parent)
                create_whole(path, msgspec.json.encode(pair))
        return tuple(keys)

    @property
    def admitted_file(self) -> Path:
        """The path of the list for `--admit list`."""
        return self._folder / "admitted-keys.txt"

    def admitted(self) -> frozenset[str]:
        """Return the keys on the list. A name for people may follow a key. Raises UsageError for a bad line."""
        if not self.admitted_file.exists():
            return frozenset()
        keys = set()
        for number, line in enumerate(_read_text(self.admitted_file).splitlines(), 1):
            words = [] if line.startswith("# ") else line.split()
            if not words:
                continue
            if len(words[0]) != KEY_CHARS:
                raise UsageError(
                    f"{self.admitted_file}, line {number}: {words[0]!r} is not a bidder's public key "
                    f"({KEY_CHARS} characters). `bidder key --name NAME` prints it."
                )
            keys.add(words[0])
        return frozenset(keys)


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} can't be read: {error}") from error
