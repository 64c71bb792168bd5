"""What an operator chooses for one run of a house; `auctioneer run` makes it from its options."""

from pathlib import Path
from typing import Final, Literal

import msgspec

from auctioneer.register import AdmissionMode
from auctioneer.sessions import DEFAULT_REQUESTS_PER_S

DEFAULT_PORT: Final = 7766
DEFAULT_HOST: Final = "127.0.0.1"
LogFormat = Literal["human", "json"]
LogLevel = Literal["debug", "info", "warning", "error"]


class RunOptions(msgspec.Struct, frozen=True):
    """How a house runs. Port 0 takes a free one, the same as last time where that is still free.

    `advertise` is the host that the join link names; empty: the address that others reach this machine by.
    `publish_port` None is the port after `port`, or a free one where that is 0. `metrics_port` None offers none.
    """

    data: Path
    catalogue: Path | None = None
    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    publish_port: int | None = None
    advertise: str = ""
    admit: AdmissionMode = AdmissionMode.OPEN
    is_encrypted: bool = True
    requests_per_s: int = DEFAULT_REQUESTS_PER_S
    exit_when_ended: bool = False
    log_format: LogFormat = "human"
    log_level: LogLevel = "info"
    metrics_host: str = DEFAULT_HOST
    metrics_port: int | None = None
