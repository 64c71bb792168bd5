"""Ending one peer's connection, for which libzmq has no call.

What it tells of each message is the file handle of the connection that brought it. To shut that down ends the
connection as a network fault would: libzmq forgets the peer, and a peer that uses libzmq connects anew.
"""

import socket

import zmq


def handle_of(frame: zmq.Frame) -> int | None:
    """Return the file handle of the connection that a message came from; None if it has none, or is gone."""
    try:
        return int(frame.get(zmq.SRCFD))
    except zmq.ZMQError:
        return None


def shut_down(server: "zmq.Socket[bytes]", handle: int | None) -> None:
    """Shut a connection to a TCP endpoint of `server` down, if it is there.

    Should another peer of the endpoint have the handle by now, that one reconnects.
    """
    if handle is not None:
        _far_end(server, handle, ends=True)


def far_end(server: "zmq.Socket[bytes]", handle: int) -> str | None:
    """Return the address and port at the far end of a connection to a TCP endpoint of `server`; None if it is gone.

    A handle is soon given to the next connection. The far end tells the two from each other.
    """
    return _far_end(server, handle, ends=False)


def _far_end(server: "zmq.Socket[bytes]", handle: int, *, ends: bool) -> str | None:
    """Return the far end of a connection to `server`, which is shut down then if it is to end.

    The handle stays libzmq's, which may close it at any moment, and is only borrowed: a copy would be refused just when
    a flood has taken all handles.
    """
    try:
        connection = socket.socket(fileno=handle)
    except OSError:
        return None  # closed, or not a socket any more
    try:
        name = connection.getsockname()
        port = server.getsockopt_string(zmq.LAST_ENDPOINT).rpartition(":")[2]
        if not isinstance(name, tuple) or str(name[1]) != port:
            return None
        peer = str(connection.getpeername())
        if ends:
            connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return None  # the peer was faster
    else:
        return peer
    finally:
        connection.detach()
