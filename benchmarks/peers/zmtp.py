"""ZMTP 3.0 by hand, only as a load generator needs it: DEALER and SUB without security, messages of one frame.

libzmq in the generator would cost several times as much for each bid as the plain sockets that bid at the other peers.
The house sees the same bytes as from any libzmq client: the greeting, READY, frames, answers to PING.
"""

import socket
from collections.abc import Callable
from typing import Final

from benchmarks.peers.wire import Address, Answers, BrokenPeerError, connect_to, receive_exactly

_GREETING: Final = b"\xff" + bytes(8) + b"\x7f\x03\x00" + b"NULL".ljust(20, b"\0") + bytes(32)
_LONG: Final = 0x02
_COMMAND: Final = 0x04
_SHORT_MAX: Final = 255
_PING: Final = b"\x04PING"
_PONG: Final = b"\x04PONG"
_TTL_BYTES: Final = 2
_SHORT_HEAD: Final = 2
_LONG_HEAD: Final = 9


def frame(body: bytes, flags: int = 0) -> bytes:
    """Return a frame in its form on the wire."""
    if len(body) <= _SHORT_MAX:
        return bytes((flags, len(body))) + body
    return bytes((flags | _LONG,)) + len(body).to_bytes(8, "big") + body


def connect_zmtp(address: Address, socket_type: str) -> socket.socket:
    """Return a connection after the handshake."""
    connection = connect_to(address)
    ready = b"\x05READY" + _property(b"Socket-Type", socket_type.encode()) + _property(b"Identity", b"")
    connection.sendall(_GREETING + frame(ready, _COMMAND))
    receive_exactly(connection, len(_GREETING))
    flags, body = _receive_frame(connection)
    if not (flags & _COMMAND and body.startswith(b"\x05READY")):
        raise BrokenPeerError(f"The handshake failed: {body!r}")
    return connection


def receive_message(connection: socket.socket) -> bytes:
    """Return the next message; wait for it if needed."""
    while True:
        flags, body = _receive_frame(connection)
        if not flags & _COMMAND:
            return body
        connection.sendall(_answer_to(body))


def split(data: bytes, take: Callable[[bytes], int]) -> Answers:
    """Add up the results of `take` for each whole message in `data`, and answer the heartbeats."""
    count = start = 0
    reply = b""
    length = len(data)
    while start + _SHORT_HEAD <= length:
        flags = data[start]
        if flags & _LONG:
            body = start + _LONG_HEAD
            end = body + int.from_bytes(data[start + 1 : body], "big") if body <= length else length + 1
        else:
            body = start + _SHORT_HEAD
            end = body + data[start + 1]
        if end > length:
            break
        if flags & _COMMAND:
            reply += _answer_to(data[body:end])
        else:
            count += take(data[body:end])
        start = end
    return Answers(count, data[start:], reply)


def _answer_to(command: bytes) -> bytes:
    """Return the answer to a command: a heartbeat gets its context back, others get nothing."""
    if command.startswith(_PING):
        return frame(_PONG + command[len(_PING) + _TTL_BYTES :], _COMMAND)
    return b""


def _property(name: bytes, value: bytes) -> bytes:
    return bytes((len(name),)) + name + len(value).to_bytes(4, "big") + value


def _receive_frame(connection: socket.socket) -> tuple[int, bytes]:
    flags = receive_exactly(connection, 1)[0]
    size = receive_exactly(connection, 8 if flags & _LONG else 1)
    return flags, receive_exactly(connection, int.from_bytes(size, "big"))
