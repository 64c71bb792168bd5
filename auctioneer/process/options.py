"""An operator's choices for a house; `auctioneer run` makes them from its options and from earlier choices.

The settings of the sale (who may join, who gives commands) are kept in its record (`auctioneer.rules.sale_settings`).
Those of the machine are kept in the data directory. The rest is for one run.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from auctioneer.monitoring.logs import LogFormat, LogLevel
from auctioneer.process.folder import DataFolder, MachineSettings
from auctioneer.rules.sale_settings import AdmissionMode


class RunOptions(MachineSettings, frozen=True):
    """The options of one run. `admit` None and `invite` empty leave the sale's settings as they are."""

    data: Path
    catalogue: Path | None = None
    is_example: bool = False
    corrections: bool = False
    admit: AdmissionMode | None = None
    invite: str = ""
    is_encrypted: bool = True
    exit_when_ended: bool = False
    is_listed: bool = True
    store: str = ""
    """The URL of the database that has the record; empty where the data directory says."""
    stands_by: bool = False
    """Whether another house holds the sale, and this one takes it over when that one fails."""
    log_format: LogFormat = "human"
    log_level: LogLevel = "info"

    @property
    def has_others(self) -> bool:
        """Whether other houses may take the sale over from this one."""
        return self.stands_by or bool(self.also)

    @property
    def folder(self) -> DataFolder:
        """The data directory, with the store that was chosen."""
        return DataFolder(self.data, self.store)

    @property
    def machine(self) -> MachineSettings:
        """The options that are kept in the data directory."""
        return MachineSettings(**{name: getattr(self, name) for name in MachineSettings.__struct_fields__})


class Change(NamedTuple):
    """An option whose value has changed; both values are for people."""

    option: str
    before: str
    now: str


def changes(before: MachineSettings, now: MachineSettings) -> Iterator[Change]:
    """Yield each option that has changed."""
    for name in _OF_A_PERSON:
        was, becomes = getattr(before, name), getattr(now, name)
        if was != becomes:
            yield Change(_OPTIONS.get(name, f"--{name.replace('_', '-')}"), _shown(was), _shown(becomes))


_OF_A_PERSON: Final = tuple(name for name in MachineSettings.__struct_fields__ if name != "web_images")
"""All but the folder of the catalogue, which no option names."""
_OPTIONS: Final = {"requests_per_s": "--requests-per-second"}


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        value = ", ".join(map(str, value))
    return "none" if value in (None, "") else str(value)
