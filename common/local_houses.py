"""The list of houses that run on this machine, by which bidders of the same user find them."""

from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec
import platformdirs

from common.files import is_locked, make_private_folder, write_whole

HOUSE_LOCK: Final = "lock"
"""The name of the file in a data directory that a house locks while it runs."""
_LISTING_CHARS: Final = 32


class LocalHouse(msgspec.Struct, frozen=True):
    """How bidders of the same user on the same machine find a running house. `data` is its data directory."""

    title: str
    link: str
    data: str


def local_houses_folder() -> Path:
    """Return the folder in which houses announce themselves to bidders of the same user on the same machine."""
    return platformdirs.user_state_path("auction-house") / "houses"


def publish_local_house(folder: Path, house: LocalHouse) -> None:
    """Announce a running house on this machine.

    Raises UsageError if the folder can't be made, and StorageError if the disk refuses the file.
    """
    make_private_folder(folder)
    write_whole(_listing(folder, house.data), msgspec.json.encode(house))


def withdraw_local_house(folder: Path, data: str) -> None:
    """Remove the announcement of a house. If that fails, nobody is misled: the free lock shows that it doesn't run."""
    with suppress(OSError):
        _listing(folder, data).unlink(missing_ok=True)


def find_local_houses(folder: Path) -> list[LocalHouse]:
    """Return the houses that this user runs on this machine, and remove the files of those that have ended.

    A house runs as long as it holds the lock of its data directory. A process number would not show this: when a house
    ends with its container, another program may get its number. A house whose directory can't be read is left out.
    """
    houses = []
    for path in sorted(folder.glob("*.json")):
        try:
            house = msgspec.json.decode(path.read_bytes(), type=LocalHouse)
            runs = is_locked(Path(house.data) / HOUSE_LOCK)
        except (msgspec.MsgspecError, ValueError):
            runs = False
        except OSError:
            continue
        if runs:
            houses.append(house)
        else:
            with suppress(OSError):
                path.unlink(missing_ok=True)
    return houses


def _listing(folder: Path, data: str) -> Path:
    return folder / f"{sha256(data.encode()).hexdigest()[:_LISTING_CHARS]}.json"
