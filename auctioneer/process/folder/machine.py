"""The settings of a house on this machine, hosts and ports; they are kept, so that the next start needs no options."""

from pathlib import Path
from typing import Final

import msgspec

from auctioneer.house.budgets import DEFAULT_REQUESTS_PER_S
from common.errors import UsageError
from common.files import write_whole

DEFAULT_PORT: Final = 7766
DEFAULT_HOST: Final = "127.0.0.1"


class MachineSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of a house on this machine. Port 0 means a free one: that of the last run if it is still free.

    `advertise` is the address by which others reach the house; empty means `host` and the ports. `publish_port` None
    means `port` + 1, or a free port if `port` is 0. `also` are the HOST:PORT of the other places where the house may
    be, on machines that take the sale over. Commands come to `control_host` and `control_port`. With `metrics_port`
    None there are no metrics. `web` is the HOST:PORT of the gateway for phones; empty means no gateway.
    `web_images` is the folder of the catalogue's pictures. The further `web_...` are the gateway's options of those
    names (`common.terminal.gateway_options`); empty means that it has none.
    """

    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    publish_port: int | None = None
    advertise: str = ""
    also: tuple[str, ...] = ()
    control_host: str = DEFAULT_HOST
    control_port: int = 0
    requests_per_s: int = DEFAULT_REQUESTS_PER_S
    web: str = ""
    web_images: str = ""
    web_public_url: str = ""
    web_trusted_proxy: str = ""
    web_tls_cert: str = ""
    web_tls_key: str = ""
    web_pictures_from: tuple[str, ...] = ()
    metrics_host: str = DEFAULT_HOST
    metrics_port: int | None = None


class MachineFile:
    """`machine.json`."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> MachineSettings | None:
        """Return the settings of the last run here; None if there was none. Raises UsageError for a damaged file."""
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
        """Keep the settings. Raises StorageError if the disk refuses the file."""
        write_whole(self._path, msgspec.json.encode(settings))
