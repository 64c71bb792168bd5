"""`store.json`: where the record of a sale is, if it is not in the data directory itself."""

from pathlib import Path

import msgspec

from common.errors import UsageError
from common.files import write_whole


class _RecordPlace(msgspec.Struct, frozen=True):
    url: str
    """Of a database; it has no secret."""


class RecordPlaceFile:
    """`store.json` of one data directory."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> str:
        """Return the URL of the store; empty where the record is in the directory. Raises UsageError if damaged."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=_RecordPlace).url
        except (FileNotFoundError, NotADirectoryError):
            return ""
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise UsageError(
                f"{self._path} can't be read: {error}. Remove it, and give `auctioneer run` the store again (--store)."
            ) from error

    def write(self, url: str) -> None:
        """Keep the URL of the store; with an empty one, the record is in the directory. Raises StorageError."""
        if url:
            write_whole(self._path, msgspec.json.encode(_RecordPlace(url)))
        else:
            self._path.unlink(missing_ok=True)
