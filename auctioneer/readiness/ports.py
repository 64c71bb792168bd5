"""Measures where a house is to listen: whether its ports are free, and whether this machine reaches its own address.

Nothing is sent to another machine. A program that listens on a port is known by its process where the system tells.
"""

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from errno import EACCES, EADDRINUSE, EPERM
from pathlib import Path
from typing import Final

from auctioneer.network.addresses import is_every_address, is_loopback
from auctioneer.readiness.measurements import Network, Port, PortState, Reach

CONNECT_S: Final = 2.0
_ELSEWHERE: Final = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))
"""Addresses for documentation, which nobody has: a datagram socket that is connected to one sends nothing, but it gets
the address of this machine by which it would leave."""
_LISTENING: Final = "0A"
"""How Linux writes the state of a listening socket."""


def measure_port(purpose: str, host: str, number: int, *, is_ours: bool) -> Port:
    """Return the state of a port. `is_ours` says that the house of this data directory listens there."""
    if is_ours:
        return Port(purpose, host, number, PortState.OURS)
    try:
        with closing(_listen(host, number)):
            return Port(purpose, host, number, PortState.FREE)
    except OSError as error:
        if error.errno == EADDRINUSE:
            return Port(purpose, host, number, PortState.TAKEN, _holder(number))
        state = PortState.FORBIDDEN if error.errno in (EACCES, EPERM) else PortState.NO_ADDRESS
        return Port(purpose, host, number, state)


def measure_network(host: str, port: Port) -> Network:
    """Return whether this machine reaches itself at its own address in the network, at one of the house's ports."""
    if is_loopback(host):
        return Network(is_loopback=True, address=None, reach=Reach.NOT_TRIED)
    address = own_address()
    if address is None or port.state not in (PortState.FREE, PortState.OURS):
        return Network(is_loopback=False, address=address, reach=Reach.NOT_TRIED, port=port.number)
    with ExitStack() as resources:
        number = port.number
        if port.state is PortState.FREE:
            listening = resources.enter_context(closing(_listen(host, number)))
            number = listening.getsockname()[1]
        return Network(is_loopback=False, address=address, reach=_connect(address, number), port=number)


def own_address() -> str | None:
    """Return the address under which other machines of the network know this one; None if it is in no network."""
    for family, elsewhere in _ELSEWHERE:
        with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((elsewhere, 9))
            address = str(probe.getsockname()[0])
            if not is_loopback(address):
                return address
    return None


def _listen(host: str, number: int) -> socket.socket:
    """Return a socket that listens as the house's would. Raises OSError."""
    if is_every_address(host):
        family = socket.AF_INET6 if socket.has_dualstack_ipv6() else socket.AF_INET
        return socket.create_server(("", number), family=family, dualstack_ipv6=family is socket.AF_INET6)
    found = socket.getaddrinfo(host, number, type=socket.SOCK_STREAM)
    family, _, _, _, address = found[0]
    return socket.create_server(address[:2], family=family)


def _connect(address: str, number: int) -> Reach:
    try:
        with socket.create_connection((address, number), CONNECT_S):
            return Reach.CONNECTED
    except ConnectionRefusedError:
        return Reach.REFUSED
    except OSError:
        return Reach.SILENT


def _holder(number: int) -> str:
    """Return the program that listens on a port; empty if the system does not tell this user."""
    inodes = {f"socket:[{inode}]" for inode in _listening_inodes(number)}
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if any(os.readlink(handle) in inodes for handle in (process / "fd").iterdir()):
                return f"{(process / 'comm').read_text().strip()}, process {process.name}"
    return ""


def _listening_inodes(number: int) -> Iterator[str]:
    """Yield the inodes of the sockets that listen on a port, as Linux lists them."""
    for table in ("tcp", "tcp6"):
        with suppress(OSError):
            for row in Path("/proc/net", table).read_text().splitlines()[1:]:
                _, local, _, state, _, _, _, _, _, inode, *_ = row.split()
                if state == _LISTENING and int(local.rpartition(":")[2], 16) == number:
                    yield inode
