"""The ports of a house that stands by: bound, so that nobody else gets them, but nobody listens at them.

A port that can't be had is found at the start of the stand-by, and not in the middle of a sale. Until the house takes
the sale over, whoever connects is refused at once, and tries the next place of the join link.
"""

import socket

import zmq

from auctioneer.network.endpoints import Listening, bind_tcp, publish_port_of
from common.errors import UsageError


class HeldPorts:
    """Holds the ports for a house that is to listen; the constructor raises UsageError where one can't be had."""

    def __init__(self, listening: Listening) -> None:
        self._sockets: list[socket.socket] = []
        port = self._hold(listening.host, listening.port, listening.port_before, "--port")
        publish_port = self._hold(
            listening.host, publish_port_of(listening), listening.publish_port_before, "--publish-port"
        )
        control_port = self._hold(
            listening.control_host, listening.control_port, listening.control_port_before, "--control-port"
        )
        self.listening = listening._replace(port=port, publish_port=publish_port, control_port=control_port)
        """The same, with the ports that are held."""

    def close(self) -> None:
        """Let go of the ports, right before the house listens there itself. Safe to repeat."""
        for one in self._sockets:
            one.close()
        self._sockets.clear()

    def _hold(self, host: str, port: int, port_before: int, option: str) -> int:
        """Bind as the house will, which tells whether it can, and then without listening."""
        try:
            with zmq.Context() as context, context.socket(zmq.ROUTER) as probe:
                probe.setsockopt(zmq.IPV6, 1)
                found = bind_tcp(probe, host, port, port_before, option)
                at = probe.getsockopt_string(zmq.LAST_ENDPOINT).removeprefix("tcp://").rpartition(":")[0]
            self._sockets.append(_bound(at.removeprefix("[").removesuffix("]"), found))
        except BaseException:
            self.close()
            raise
        return found


def _bound(host: str, port: int) -> socket.socket:
    """Return a socket that has a port, and does not listen. Raises UsageError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    one = socket.socket(family, socket.SOCK_STREAM)
    try:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        one.bind((host, port))
    except OSError as error:
        one.close()
        raise UsageError(f"Port {port} on {host} can't be kept for this house ({error.strerror}).") from error
    return one
