"""The WebSocket and SQLite service (`websocket_service`) as a peer, and the part of RFC 6455 that its clients need."""

import base64
import os
import socket
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.load.ring import amount_minor, lot_of
from benchmarks.peers.processes import processor_s, running_server
from benchmarks.peers.wire import Address, Answers, BrokenPeerError, Running, Watcher, Wire, connect_to, receive_until

_FINAL: Final = 0x80
_TEXT: Final = 1
_PING: Final = 9
_PONG: Final = 10
_MASKED: Final = 0x80
_NO_MASK: Final = bytes(4)
"""The mask of all frames. Clients must mask; a mask of zeros costs neither side anything."""
_LENGTH_IN_TWO: Final = 126
_SHORT_HEAD: Final = 2
_LONG_HEAD: Final = 4


class WebSocketPeer:
    """The service in its own process."""

    name = "WebSocket, SQLite"

    @asynccontextmanager
    async def running(self, folder: Path) -> AsyncIterator[Running]:
        database = folder / "auction.sqlite"
        command = [sys.executable, "-m", "benchmarks.peers.websocket_service", str(database)]
        log = folder / "service.log"
        with running_server(command, log) as process:
            assert process.stdout is not None, "the service prints its port"
            port = process.stdout.readline()
            if not port:
                raise BrokenPeerError(f"The WebSocket service ended. It said: {log.read_text()[-2000:]}")
            address = ("127.0.0.1", int(port))

            async def records() -> int:
                with closing(sqlite3.connect(database)) as reader:
                    return int(reader.execute("SELECT count(*) FROM bid").fetchone()[0])

            yield Running(
                websocket_bids(address),
                _pings(address),
                Watcher(partial(_watch, address), _publications),
                lambda: processor_s(process.pid),
                records,
            )


def websocket_bids(address: Address) -> Wire:
    """Return the wire of bids."""

    def request(_: int, bidder: int, round_number: int) -> bytes:
        lot, amount = lot_of(bidder, round_number), amount_minor(round_number)
        return _frame(b'{"type":"bid","lot":%d,"bidder":"bidder-%d","amount":%d}' % (lot, bidder, amount))

    return Wire(lambda _: connect_websocket(address), request, lambda data: _count(data, b'"accepted"'))


def _pings(address: Address) -> Wire:
    ping = _frame(b'{"type":"ping"}')
    return Wire(lambda _: connect_websocket(address), lambda *_: ping, lambda data: _count(data, b'"pong"'))


def _watch(address: Address) -> socket.socket:
    """Return the connection of a client that only watches."""
    connection = connect_websocket(address)
    connection.sendall(_frame(b'{"type":"watch"}'))
    receive_until(connection, lambda data: _count(data, b'"watching"').whole == 1)
    return connection


def _publications(data: bytes) -> Answers:
    return _count(data, b'"price"')


def connect_websocket(address: Address) -> socket.socket:
    """Return a connection after the handshake."""
    connection = connect_to(address)
    key = base64.b64encode(os.urandom(16)).decode()
    connection.sendall(
        f"GET / HTTP/1.1\r\nHost: {address[0]}:{address[1]}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    head = receive_until(connection, lambda data: data.endswith(b"\r\n\r\n"))
    if not head.startswith(b"HTTP/1.1 101 "):
        raise BrokenPeerError(f"The WebSocket service did not let a client in: {head!r}")
    return connection


def _frame(body: bytes, opcode: int = _TEXT) -> bytes:
    assert len(body) < _LENGTH_IN_TWO, "requests are short"
    return bytes((_FINAL | opcode, _MASKED | len(body))) + _NO_MASK + body


def _count(data: bytes, expected: bytes) -> Answers:
    """Count the messages, each of which must contain `expected`, and answer the service's pings."""
    count = start = 0
    reply = b""
    length = len(data)
    while start + _SHORT_HEAD <= length:
        body, size = start + _SHORT_HEAD, data[start + 1]
        if size == _LENGTH_IN_TWO:
            body = start + _LONG_HEAD
            size = int.from_bytes(data[start + _SHORT_HEAD : body], "big")
        end = body + size
        if end > length:
            break
        opcode = data[start] & ~_FINAL
        if opcode == _TEXT:
            if data.find(expected, body, end) < 0:
                raise BrokenPeerError(f"The service answered {data[body:end]!r} where {expected!r} was due.")
            count += 1
        elif opcode == _PING:
            reply += _frame(data[body:end], _PONG)
        else:
            raise BrokenPeerError(f"The service sent a frame of kind {opcode}.")
        start = end
    return Answers(count, data[start:], reply)
