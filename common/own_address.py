"""The address by which other machines reach this one."""

import socket
from typing import Final

_OUTSIDE: Final = ("192.0.2.1", 9)
"""An address that no machine has (RFC 5737). The route to it begins at this machine's own address."""


def own_address() -> str:
    """Return the address by which others reach this machine; its own loopback address if it is on no network.

    This sends nothing: a UDP connect only picks a route.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_OUTSIDE)
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])
