"""How a house is run on this machine: hosts and ports, kept so that the next start needs no option again."""

from pathlib import Path
from typing import Final

import msgspec

from auctioneer.house.budgets import DEFAULT_REQUESTS_PER_S
from common.errors import UsageError
from common.files import write_whole

DEFAULT_PORT: Final = 7766
DEFAULT_HOST: Final = "127.0.0.1"


class MachineSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How a house is run on this machine. Port 0 takes a free one, the same as last time where that is still free.

    `advertise` is where others reach the house, if not at `host` and the ports; empty: there. `publish_port` None is
    the port after `port`, or a free one where that is 0. `metrics_port` None offers none.
    """

    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    publish_port: int | None = None
    advertise: str = ""
    requests_per_s: int = DEFAULT_REQUESTS_PER_S
    metrics_host: str = DEFAULT_HOST
    metrics_port: int | None = None


class MachineFile:
    """`machine.json`."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> MachineSettings | None:
        """Return how the house was run here last; None where none was. Raises UsageError for a file that is damaged."""
        try:
            raw = self._path.read_bytes()
            return msgspec.json.decode(raw, type=MachineSettings)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise UsageError(
                f"{self._path} can't be read: {error}. Remove it, and give `auctioneer run` "
                "again the options that you need (--host, --port and so on)."
            ) from error

    def write(self, settings: MachineSettings) -> None:
        """Keep how the house is run here. Raises StorageError where the disk doesn't take it."""
        write_whole(self._path, msgspec.json.encode(settings))
