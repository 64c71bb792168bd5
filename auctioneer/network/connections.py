"""How to end one peer's connection, for which libzmq has no call.

For each message libzmq tells the file handle of the connection that brought it. Shutting down that handle ends the
connection as a network fault would: libzmq forgets the peer, and a peer that uses libzmq connects again.
"""

import socket

import zmq


def handle_of(frame: zmq.Frame) -> int | None:
    """Return the file handle of the connection that brought a message; None if it has none, or is gone."""
    try:
        return int(frame.get(zmq.SRCFD))
    except zmq.ZMQError:
        return None


def shut_down(server: "zmq.Socket[bytes]", handle: int | None) -> None:
    """Shut down a connection to a TCP endpoint of `server`, if it still exists.

    If the handle belongs to another peer of the endpoint by now, that peer is disconnected, and connects again.
    """
    if handle is not None:
        _far_end(server, handle, ends=True)


def far_end(server: "zmq.Socket[bytes]", handle: int) -> str | None:
    """Return the address and port at the far end of a connection to a TCP endpoint of `server`; None if it is gone.

    The system soon gives a free handle to the next connection. The far end shows which of the two it is.
    """
    return _far_end(server, handle, ends=False)


def _far_end(server: "zmq.Socket[bytes]", handle: int, *, ends: bool) -> str | None:
    """Return the far end of a connection to `server`; if `ends`, shut the connection down too.

    The handle is only borrowed from libzmq, which may close it at any moment. A copy of the handle would be safer, but
    the system refuses copies when a flood has used all handles, which is when they are needed.
    """
    try:
        connection = socket.socket(fileno=handle)
    except OSError:
        return None  # closed, or no longer a socket
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
