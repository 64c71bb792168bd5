"""What is measured of a machine before a sale. None means that the system does not tell."""

from enum import Enum

from msgspec import Struct


class PortState(Enum):
    """What a port of the house is found to be."""

    FREE = "free"
    OURS = "ours"
    """The house of this data directory listens there."""
    TAKEN = "taken"
    """Another program listens there."""
    FORBIDDEN = "forbidden"
    """This user may not listen there."""
    NO_ADDRESS = "no_address"
    """The machine does not have the address."""


class Port(Struct, frozen=True):
    """One port on which the house is to listen."""

    purpose: str
    """Whether it is for requests or for broadcasts."""
    host: str
    number: int
    """0: any free one."""
    state: PortState
    holder: str = ""
    """The program that listens there, if it is known: its name and process number."""


class Reach(Enum):
    """How a connection to the machine's own address in the network ended."""

    CONNECTED = "connected"
    REFUSED = "refused"
    SILENT = "silent"
    """Nothing answered in time."""
    NOT_TRIED = "not_tried"
    """The house is to listen on this machine only, or the port can't be used."""


class Network(Struct, frozen=True):
    """The machine in its network."""

    is_loopback: bool
    """Whether the house is to listen for this machine only."""
    address: str | None
    """The address under which other machines of the network know this one; None: it is in no network."""
    reach: Reach
    port: int = 0
    """The port to which a connection was tried."""


class Clock(Struct, frozen=True):
    """The machine's time of day."""

    jump_ms: int
    """By how much the time of day moved against the steady clock while it was watched."""
    behind_record_ms: int
    """How far the time of day is behind the last moment in the sale's record; 0: it is not."""
    is_synchronised: bool | None
    """Whether a time server sets the clock."""


class Disk(Struct, frozen=True):
    """The disk of the data directory, or of the directory in which that is to be made."""

    place: str
    free_bytes: int
    error: str = ""
    """Why nothing could be written there; empty: it could."""
    fsync_ms: tuple[float, ...] = ()
    """How long each small write took until it was on the disk, in rising order."""
    file_system: str | None = None
    """The kind of the file system, such as `ext4`."""


class Resources(Struct, frozen=True):
    """What the system lets a house have."""

    files_max: int | None
    """How many files, and so connections, one process may have; None: without limit."""
    memory_bytes: int | None
    """The memory that is available now."""


class Machine(Struct, frozen=True):
    """All that was measured, and for how many bidders the machine is to do."""

    bidders: int
    ports: tuple[Port, ...]
    network: Network
    clock: Clock
    disk: Disk
    resources: Resources
