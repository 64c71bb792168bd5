"""PostgreSQL's protocol 3.0, as far as the pool's connections need it: prepared statements with binary values."""

import socket
import struct
from collections.abc import Callable
from typing import Final

from benchmarks.load.ring import amount_minor, lot_of
from benchmarks.peers.wire import Address, Answers, BrokenPeerError, connect_to, receive_until

USER: Final = "postgres"
CHANNEL: Final = "bids"
_VERSION: Final = 0x30000
_HEAD_BYTES: Final = 5
_IDLE: Final = b"Z\0\0\0\5I"
"""Ready for the next request, outside a transaction: the end of each answer."""
_STATEMENT: Final = b"request\0"
_BINARY: Final = struct.pack("!HH", 1, 1)
"""All values in one format, which is binary."""
_TRUE: Final = struct.pack("!HIB", 1, 1, 1)
"""A row of one value, of one byte."""
_ROW, _ERROR, _NOTIFICATION, _READY = b"DEAZ"


def message(kind: bytes, body: bytes) -> bytes:
    """Return a message as it stands on the wire."""
    return kind + struct.pack("!I", len(body) + 4) + body


_SYNC: Final = message(b"S", b"")
_EXECUTE: Final = message(b"E", b"\0" + bytes(4)) + _SYNC


def connect_postgres(address: Address, first: bytes) -> socket.socket:
    """Return a connection after it started and answered `first`."""
    connection = connect_to(address)
    parameters = b"user\0%b\0database\0%b\0\0" % (USER.encode(), USER.encode())
    connection.sendall(struct.pack("!II", len(parameters) + 8, _VERSION) + parameters)
    _split(receive_until(connection, _is_idle), _ignore)
    connection.sendall(first)
    _split(receive_until(connection, _is_idle), _ignore)
    return connection


class PostgresWire:
    """A pool of connections that have a statement prepared; each answer must be true."""

    def __init__(self, address: Address, statement: str) -> None:
        self._address = address
        self._prepare = message(b"P", _STATEMENT + statement.encode() + b"\0" + bytes(2)) + _SYNC

    def connect(self, number: int) -> socket.socket:  # noqa: ARG002 -- see `Wire`
        """See `Wire`."""
        return connect_postgres(self._address, self._prepare)

    def answers(self, data: bytes) -> Answers:
        """See `Wire`: an answer is whole when the server is ready again."""
        return _split(data, _read_answer)


class PostgresBids(PostgresWire):
    """The bidders: one call of the function each."""

    def __init__(self, address: Address, *, publishes: bool) -> None:
        super().__init__(address, f"SELECT place_bid($1, $2, $3, {publishes})")

    def request(self, connection: int, bidder: int, round_number: int) -> bytes:  # noqa: ARG002 -- see `Wire`
        """See `Wire`."""
        values = struct.pack("!Hiiiiiq", 3, 4, lot_of(bidder, round_number), 4, bidder, 8, amount_minor(round_number))
        return _bind(values)


class PostgresSelects(PostgresWire):
    """A statement that touches no table."""

    def __init__(self, address: Address) -> None:
        super().__init__(address, "SELECT true")

    def request(self, connection: int, bidder: int, round_number: int) -> bytes:  # noqa: ARG002 -- see `Wire`
        """See `Wire`."""
        return _bind(bytes(2))


class PostgresWatcher:
    """A connection that listens."""

    def __init__(self, address: Address) -> None:
        self._address = address

    def connect(self) -> socket.socket:
        """See `Watcher`."""
        return connect_postgres(self._address, message(b"Q", f"LISTEN {CHANNEL}\0".encode()))

    def publications(self, data: bytes) -> Answers:
        """See `Watcher`."""
        return _split(data, lambda kind, _: kind == _NOTIFICATION)


def _bind(values: bytes) -> bytes:
    """Return a request to run the statement with values, which come with their number."""
    return message(b"B", b"\0" + _STATEMENT + _BINARY + values + _BINARY) + _EXECUTE


def _read_answer(kind: int, body: bytes) -> int:
    if kind == _ROW and body != _TRUE:
        raise BrokenPeerError(f"PostgreSQL refused a good bid: {body!r}")
    return kind == _READY


def _ignore(kind: int, body: bytes) -> int:  # noqa: ARG001 -- as others take a message
    return 0


def _split(data: bytes, take: Callable[[int, bytes], int]) -> Answers:
    """Count what `take` says of each whole message in `data`. Raises BrokenPeerError at an error."""
    count = start = 0
    length = len(data)
    while start + _HEAD_BYTES <= length:
        end = start + 1 + int.from_bytes(data[start + 1 : start + _HEAD_BYTES], "big")
        if end > length:
            break
        body = data[start + _HEAD_BYTES : end]
        if data[start] == _ERROR:
            raise BrokenPeerError(f"PostgreSQL answered an error: {body!r}")
        count += take(data[start], body)
        start = end
    return Answers(count, data[start:])


def _is_idle(data: bytes) -> bool:
    return data.endswith(_IDLE)
