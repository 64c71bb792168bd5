"""What an operator chooses for a house; `auctioneer run` makes it from its options and from what was chosen before.

What belongs to the sale (who may join, who gives commands) is kept in its record (`auctioneer.rules.sale_settings`),
what belongs to the machine in the data directory, and the rest is for one run.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from auctioneer.monitoring.logs import LogFormat, LogLevel
from auctioneer.process.folder import MachineSettings
from auctioneer.rules.sale_settings import AdmissionMode


class RunOptions(MachineSettings, frozen=True):
    """How a house runs. `admit` None and `invite` empty leave the sale as it is."""

    data: Path
    catalogue: Path | None = None
    is_example: bool = False
    admit: AdmissionMode | None = None
    invite: str = ""
    is_encrypted: bool = True
    exit_when_ended: bool = False
    log_format: LogFormat = "human"
    log_level: LogLevel = "info"

    @property
    def machine(self) -> MachineSettings:
        """What of these is kept in the data directory."""
        return MachineSettings(**{name: getattr(self, name) for name in MachineSettings.__struct_fields__})


class Change(NamedTuple):
    """An option that has another value than before, both for people."""

    option: str
    before: str
    now: str


def changes(before: MachineSettings, now: MachineSettings) -> Iterator[Change]:
    """Yield what is not as it was, option by option."""
    for name in MachineSettings.__struct_fields__:
        was, becomes = getattr(before, name), getattr(now, name)
        if was != becomes:
            yield Change(_OPTIONS.get(name, f"--{name.replace('_', '-')}"), _shown(was), _shown(becomes))


_OPTIONS: Final = {"requests_per_s": "--requests-per-second"}


def _shown(value: object) -> str:
    return "none" if value in (None, "") else str(value)
