"""PostgreSQL: a row lock, an update, an insert and a notification in one transaction, through a pool.

The transaction is a function, called in one round trip by a prepared statement of each connection. This was the fastest
of the ways tried (see PEERS.md). The generator speaks PostgreSQL's own protocol. A client library would cost more than
the load generator of the other peers, and would take processor time from the server.
"""

import asyncio
import os
import shutil
import signal
import socket
import struct
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

import asyncpg  # type: ignore[import-untyped]  # it ships no types

from benchmarks.load.ring import LOTS, amount_minor, lot_of
from benchmarks.peers.processes import check_alive, free_port, processor_s, running_server
from benchmarks.peers.wire import Address, Answers, BrokenPeerError, Running, Watcher, Wire, connect_to, receive_until

USER: Final = "postgres"
CHANNEL: Final = "bids"
_VERSION: Final = 0x30000
_HEAD_BYTES: Final = 5
_IDLE: Final = b"Z\0\0\0\5I"
"""The end of each answer: ready for the next request, outside a transaction."""
_STATEMENT: Final = b"request\0"
_BINARY: Final = struct.pack("!HH", 1, 1)
"""A single format for all values: binary."""
_TRUE: Final = struct.pack("!HIB", 1, 1, 1)
"""A row with the one value true, of one byte."""
_ROW, _ERROR, _NOTIFICATION, _READY = b"DEAZ"
START_S: Final = 120.0
_PAUSE_S: Final = 0.05
SETTINGS: Final = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "100",
    "shared_buffers": "512MB",
    "synchronous_commit": "on",
    "wal_buffers": "16MB",
    "min_wal_size": "1GB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "jit": "off",
}
SCHEMA: Final = f"""
CREATE TABLE lot (
  number int PRIMARY KEY, price bigint NOT NULL, increment bigint NOT NULL, leader int
) WITH (fillfactor = 50);
CREATE TABLE bid (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, lot int NOT NULL, bidder int NOT NULL, amount bigint NOT NULL,
  at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO lot SELECT number, 0, 1 FROM generate_series(0, {LOTS - 1}) number;
CREATE FUNCTION place_bid(the_lot int, the_bidder int, the_amount bigint) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
  current record;
BEGIN
  SELECT price, increment INTO current FROM lot WHERE number = the_lot FOR UPDATE;
  IF the_amount < current.price + current.increment THEN
    RETURN false;
  END IF;
  UPDATE lot SET price = the_amount, leader = the_bidder WHERE number = the_lot;
  INSERT INTO bid (lot, bidder, amount) VALUES (the_lot, the_bidder, the_amount);
  PERFORM pg_notify('{CHANNEL}', the_lot || ' ' || the_bidder || ' ' || the_amount);
  RETURN true;
END
$$;
"""


def message(kind: bytes, body: bytes) -> bytes:
    """Return a message in its form on the wire."""
    return kind + struct.pack("!I", len(body) + 4) + body


_SYNC: Final = message(b"S", b"")


_EXECUTE: Final = message(b"E", b"\0" + bytes(4)) + _SYNC


def connect_postgres(address: Address, first: bytes) -> socket.socket:
    """Return a connection that has started and has answered `first`."""
    connection = connect_to(address)
    parameters = b"user\0%b\0database\0%b\0\0" % (USER.encode(), USER.encode())
    connection.sendall(struct.pack("!II", len(parameters) + 8, _VERSION) + parameters)
    _split(receive_until(connection, _is_idle), _ignore)
    connection.sendall(first)
    _split(receive_until(connection, _is_idle), _ignore)
    return connection


def postgres_bids(address: Address) -> Wire:
    """Return the wire of bids: each bid is one call of the function."""

    def request(_: int, bidder: int, round_number: int) -> bytes:
        lot, amount = lot_of(bidder, round_number), amount_minor(round_number)
        return _bind(struct.pack("!Hiiiiiq", 3, 4, lot, 4, bidder, 8, amount))

    return _prepared(address, b"SELECT place_bid($1, $2, $3)", request)


def _selects(address: Address) -> Wire:
    """Return the wire of a statement that touches no table."""
    select = _bind(bytes(2))
    return _prepared(address, b"SELECT true", lambda *_: select)


def _prepared(address: Address, statement: bytes, request: Callable[[int, int, int], bytes]) -> Wire:
    """Return the wire of connections with a prepared statement; each answer must be true."""
    prepare = message(b"P", _STATEMENT + statement + b"\0" + bytes(2)) + _SYNC
    return Wire(lambda _: connect_postgres(address, prepare), request, lambda data: _split(data, _read_answer))


def _listen(address: Address) -> socket.socket:
    return connect_postgres(address, message(b"Q", f"LISTEN {CHANNEL}\0".encode()))


def postgres_publications(data: bytes) -> Answers:
    """Count the bids in notifications."""
    return _split(data, lambda kind, _: kind == _NOTIFICATION)


def _bind(values: bytes) -> bytes:
    """Return a request to run the statement with `values`, which begin with their count."""
    return message(b"B", b"\0" + _STATEMENT + _BINARY + values + _BINARY) + _EXECUTE


def _read_answer(kind: int, body: bytes) -> int:
    if kind == _ROW and body != _TRUE:
        raise BrokenPeerError(f"PostgreSQL refused a good bid: {body!r}")
    return kind == _READY


def _ignore(kind: int, body: bytes) -> int:  # noqa: ARG001 -- as others take a message
    return 0


def _split(data: bytes, take: Callable[[int, bytes], int]) -> Answers:
    """Add up the results of `take` for each whole message in `data`. Raises BrokenPeerError at an error message."""
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


class PostgresPeer:
    """A new cluster, with the settings that a database of this size needs on the whole machine."""

    name = "PostgreSQL"

    def __init__(self, programs: Path) -> None:
        self._programs = programs

    @asynccontextmanager
    async def running(self, folder: Path) -> AsyncIterator[Running]:
        user = USER if os.geteuid() == 0 else None
        home = folder / "postgres"
        home.mkdir()
        if user:
            shutil.chown(home, user)
        data, log = home / "data", home / "log"
        _make_cluster(self._programs, data, user)
        address = ("127.0.0.1", free_port())
        settings = {**SETTINGS, "port": str(address[1])}
        command = [str(self._programs / "postgres"), "-D", str(data)]
        command += [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with running_server(command, log, user=user, stop_signal=signal.SIGINT) as process:
            client = await _until_listening(address, process, log)
            try:
                await client.execute(SCHEMA)

                async def records() -> int:
                    return int(await client.fetchval("SELECT count(*) FROM bid"))

                yield Running(
                    postgres_bids(address),
                    _selects(address),
                    Watcher(partial(_listen, address), postgres_publications),
                    lambda: processor_s(process.pid),
                    records,
                )
            finally:
                await client.close()


def _make_cluster(programs: Path, data: Path, user: str | None) -> None:
    made = subprocess.run(
        [str(programs / "initdb"), "-D", str(data), "-A", "trust", "-U", USER, "--no-locale", "-E", "UTF8"],
        user=user,
        group=user,
        cwd=data.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        raise BrokenPeerError(f"initdb failed: {made.stderr}")


async def _until_listening(address: Address, process: "subprocess.Popen[str]", log: Path) -> Any:
    """Return a connection of asyncpg, for all work that is not measured."""
    async with asyncio.timeout(START_S):
        while True:
            check_alive(process, log)
            try:
                return await asyncpg.connect(host=address[0], port=address[1], user=USER, database=USER)
            except (OSError, asyncpg.CannotConnectNowError):
                await asyncio.sleep(_PAUSE_S)  # PostgreSQL offers no event to wait on
