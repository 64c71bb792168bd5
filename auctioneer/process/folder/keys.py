"""The keys in a data directory: the house's, the auctioneer's, and the list for `--admit list`."""

from pathlib import Path

from common.clerk_names import AUCTIONEER
from common.errors import UsageError
from common.keys import KeyPair, load_or_make_keys
from common.limits import KEY_CHARS


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
