"""What measurements of a machine mean for a sale: a finding for each check, in the order in which to put things right.

Without IO: the same measurements give the same findings.
"""

from collections.abc import Iterator
from statistics import median
from typing import Final

from auctioneer.readiness.measurements import Clock, Disk, Machine, Network, Port, PortState, Reach, Resources
from common.durations import format_duration
from common.findings import Finding, Verdict

JUMP_MS_MAX: Final = 50
"""By how much the time of day may move against the steady clock within a second: a slewed clock stays far below."""
BEHIND_MS_MAX: Final = 2000
"""How far the clock may be behind the record; the record may be up to a heartbeat ahead of what was seen last."""
FREE_BYTES_MIN: Final = 100 * 2**20
"""Below this a sale of an evening may not fit: 500 bytes a bid, and two snapshots."""
FREE_BYTES_GOOD: Final = 2**30
FSYNC_MS_GOOD: Final = 20.0
"""A bid is answered when it is on the disk, so this is what a bidder waits for at least."""
FSYNC_MS_MAX: Final = 1000.0
"""A commit that takes longer freezes the house."""
FILES_PER_BIDDER: Final = 2
FILES_BESIDES: Final = 100
"""Files of the house itself: libraries, journal, sockets."""
MEMORY_BYTES: Final = 150 * 2**20
"""The memory of a house without bidders."""
MEMORY_BYTES_PER_BIDDER: Final = 256 * 2**10
"""The memory of two encrypted connections with their buffers."""
NETWORK_FILE_SYSTEMS: Final = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "afpfs", "9p", "fuse.sshfs", "webdav"})
MEMORY_FILE_SYSTEMS: Final = frozenset({"tmpfs", "ramfs"})


def judge(machine: Machine) -> list[Finding]:
    """Return a finding for each check."""
    return [
        *map(_port, machine.ports),
        *_network(machine.network),
        *_clock(machine.clock),
        *_disk(machine.disk),
        _files(machine.resources, machine.bidders),
        _memory(machine.resources, machine.bidders),
    ]


def _port(port: Port) -> Finding:
    check, place = f"port_{port.purpose}", f"{port.host}, port {port.number}"
    holder = f" ({port.holder})" if port.holder else ""
    match port.state:
        case PortState.FREE if port.number == 0:
            return Finding(check, Verdict.OK, f"The port for {port.purpose} is any free one of {port.host}.")
        case PortState.FREE:
            return Finding(check, Verdict.OK, f"The port for {port.purpose} is free: {place}.")
        case PortState.OURS:
            return Finding(check, Verdict.OK, f"Your house listens for {port.purpose} on {place}.")
        case PortState.TAKEN:
            return Finding(
                check,
                Verdict.FAULT,
                f"Another program{holder} listens on {place}.",
                f"The house needs it for {port.purpose}, and would not start.",
                "Stop that program, or choose another port: auctioneer run --port PORT --publish-port PORT.",
            )
        case PortState.FORBIDDEN:
            return Finding(
                check,
                Verdict.FAULT,
                f"This user may not listen on {place}.",
                "Ports below 1024 are for the system's administrator on most machines.",
                "Choose a port from 1024 on: auctioneer run --port 7766.",
            )
        case PortState.NO_ADDRESS:
            return Finding(
                check,
                Verdict.FAULT,
                f"This machine has no address {port.host}.",
                "The house can only listen on an address that the machine has now; a network may be missing.",
                "Join the network first, or listen on all addresses: auctioneer run --host 0.0.0.0.",
            )


def _network(network: Network) -> Iterator[Finding]:
    if network.is_loopback:
        yield Finding(
            "network",
            Verdict.WARNING,
            "The house is to listen for this machine only.",
            "Guests with devices of their own can't reach it.",
            "If they are to come: auctioneer run --host 0.0.0.0.",
        )
        return
    if network.address is None:
        yield Finding(
            "network",
            Verdict.FAULT,
            "This machine is in no network.",
            "Guests with devices of their own can't reach it.",
            "Join the network of the sale room, then try again.",
        )
        return
    yield _own_address(network, network.address)
    yield Finding(
        "guests",
        Verdict.WARNING,
        "Whether guests reach this machine can't be seen from here.",
        "A firewall may let only this machine in, and many guest networks (Wi-Fi) keep devices apart.",
        "Start the house, and on a guest's device run: bidder doctor --to LINK (`auctioneer link` prints it).",
    )


def _own_address(network: Network, address: str) -> Finding:
    place = f"{address}, port {network.port}"
    match network.reach:
        case Reach.CONNECTED:
            return Finding("network", Verdict.OK, f"This machine reaches itself in the network: {place}.")
        case Reach.NOT_TRIED:
            return Finding(
                "network", Verdict.WARNING, f"No connection to {address} was tried, since the port can't be used."
            )
        case Reach.REFUSED:
            return Finding(
                "network",
                Verdict.FAULT,
                f"A connection to this machine's own address is refused: {place}.",
                "The house is to listen on another address, or a firewall refuses.",
                "Listen on all addresses (auctioneer run --host 0.0.0.0), and open the port in the firewall.",
            )
        case Reach.SILENT:
            return Finding(
                "network",
                Verdict.FAULT,
                f"Nothing answers at this machine's own address: {place}.",
                "A firewall drops the connection, and guests would wait in vain too.",
                "Open both ports of the house in the firewall, for TCP.",
            )


def _clock(clock: Clock) -> Iterator[Finding]:
    if clock.behind_record_ms > BEHIND_MS_MAX:
        yield Finding(
            "clock",
            Verdict.FAULT,
            f"The clock is {format_duration(clock.behind_record_ms)} behind the sale's record.",
            "The house would begin at the time of its record, so its times would be ahead of everybody's clocks.",
            "Set the clock of this machine right, then try again.",
        )
    elif abs(clock.jump_ms) > JUMP_MS_MAX:
        yield Finding(
            "clock",
            Verdict.WARNING,
            f"The time of day jumped by {clock.jump_ms} ms while it was watched.",
            "Lots that open at a time of day use it when the house starts; a running house does not follow jumps.",
            "Wait until the clock is set, then start the house.",
        )
    else:
        yield Finding("clock", Verdict.OK, "The time of day runs evenly.")
    if clock.is_synchronised is None:
        yield Finding(
            "time_service",
            Verdict.OK,
            "This system does not tell whether a time server sets its clock.",
            advice="Compare it with a phone if lots open at a time of day.",
        )
    elif clock.is_synchronised:
        yield Finding("time_service", Verdict.OK, "A time server sets the clock.")
    else:
        yield Finding(
            "time_service",
            Verdict.WARNING,
            "No time server sets the clock.",
            "Lots that open at a time of day open by this clock, and the record has its times.",
            "Switch on the time service (chrony, systemd-timesyncd), or set the clock by hand.",
        )


def _disk(disk: Disk) -> Iterator[Finding]:
    if disk.error:
        yield Finding(
            "disk",
            Verdict.FAULT,
            f"Nothing can be written to {disk.place}: {disk.error}.",
            "The record of the sale is kept there, and no bid counts before it is written.",
            "Choose a directory of yours on a disk that can be written to: --data DIR.",
        )
        return
    yield _space(disk)
    yield _speed(disk)
    yield _file_system(disk)


def _space(disk: Disk) -> Finding:
    free = f"{disk.place} has {disk.free_bytes // 2**20:,} MiB of free space."
    if disk.free_bytes >= FREE_BYTES_GOOD:
        return Finding("disk_space", Verdict.OK, free)
    verdict = Verdict.WARNING if disk.free_bytes >= FREE_BYTES_MIN else Verdict.FAULT
    return Finding(
        "disk_space",
        verdict,
        free,
        "A house whose disk is full stands still until there is space again.",
        "Remove what is not needed, or choose another disk: --data DIR.",
    )


def _speed(disk: Disk) -> Finding:
    usual_ms, longest_ms = median(disk.fsync_ms), max(disk.fsync_ms)
    what = f"A write is on the disk after {usual_ms:.1f} ms (at most {longest_ms:.1f} ms)."
    why = "Each bid waits for a write, and one of more than a second freezes the house."
    advice = "Use a local disk (SSD), and stop what writes a lot: backups, updates, synchronised folders."
    if longest_ms > FSYNC_MS_MAX:
        return Finding("disk_speed", Verdict.FAULT, what, why, advice)
    if usual_ms > FSYNC_MS_GOOD:
        return Finding("disk_speed", Verdict.WARNING, what, why, advice)
    return Finding("disk_speed", Verdict.OK, what)


def _file_system(disk: Disk) -> Finding:
    kind = disk.file_system
    if kind in NETWORK_FILE_SYSTEMS:
        return Finding(
            "file_system",
            Verdict.FAULT,
            f"{disk.place} is on a network drive ({kind}).",
            "Locks and writes on it are not reliable enough for the record.",
            "Choose a directory on a local disk: --data DIR.",
        )
    if kind in MEMORY_FILE_SYSTEMS:
        return Finding(
            "file_system",
            Verdict.WARNING,
            f"{disk.place} is kept in memory ({kind}).",
            "The record would be lost with the power, and at a restart of the machine.",
            "Choose a directory on a disk: --data DIR.",
        )
    return Finding("file_system", Verdict.OK, f"{disk.place} is on a local file system{f' ({kind})' if kind else ''}.")


def _files(resources: Resources, bidders: int) -> Finding:
    files_max, needed = resources.files_max, FILES_PER_BIDDER * bidders + FILES_BESIDES
    if files_max is None:
        return Finding("files", Verdict.OK, "The system does not limit the connections of a process.")
    enough = max(0, (files_max - FILES_BESIDES) // FILES_PER_BIDDER)
    if files_max >= needed:
        return Finding("files", Verdict.OK, f"The system allows the connections of {enough:,} bidders.")
    return Finding(
        "files",
        Verdict.FAULT,
        f"The system allows the connections of {enough:,} bidders, and {bidders:,} are expected.",
        f"Each takes {FILES_PER_BIDDER} of the files that one process may have open; the limit is {files_max:,}.",
        f"Raise it to {needed:,} or more: ulimit -Hn, or LimitNOFILE of the service.",
    )


def _memory(resources: Resources, bidders: int) -> Finding:
    available, needed = resources.memory_bytes, MEMORY_BYTES + MEMORY_BYTES_PER_BIDDER * bidders
    if available is None:
        return Finding("memory", Verdict.OK, "This system does not tell how much memory is available.")
    what = f"{available // 2**20:,} MiB of memory are available; {bidders:,} bidders may take {needed // 2**20:,} MiB."
    if available >= 2 * needed:
        return Finding("memory", Verdict.OK, what)
    return Finding(
        "memory",
        Verdict.WARNING if available >= needed else Verdict.FAULT,
        what,
        "A system without memory stops a program, and that may be the house.",
        "Close other programs, or use another machine.",
    )
