"""PostgreSQL: a row lock, an update, an insert and a notification in one transaction, through a pool.

The transaction is a function, called in one round trip by a statement that each connection prepared: the fastest of the
ways that were tried (see PEERS.md). The generator speaks PostgreSQL's own protocol, since a client library
would cost more than the load generator of the other peers and take that from the server.
"""

import asyncio
import os
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import asyncpg  # type: ignore[import-untyped]  # it ships no types

from benchmarks.load.ring import LOTS
from benchmarks.peers.peer import Running
from benchmarks.peers.postgres_wire import CHANNEL, USER, PostgresBids, PostgresSelects, PostgresWatcher
from benchmarks.peers.processes import check_alive, free_port, processor_s, running_server
from benchmarks.peers.wire import Address, BrokenPeerError

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
CREATE FUNCTION place_bid(the_lot int, the_bidder int, the_amount bigint, publishes boolean) RETURNS boolean
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
  IF publishes THEN
    PERFORM pg_notify('{CHANNEL}', the_lot || ' ' || the_bidder || ' ' || the_amount);
  END IF;
  RETURN true;
END
$$;
"""


class PostgresPeer:
    """A cluster of its own, with the whole machine's share of settings that a database of this size needs.

    `publishes` False leaves the notification out: NOTIFY takes a lock of the whole database until the commit is
    durable, so commits can't be grouped. That variant does less than the others, and is no peer to compare with.
    """

    def __init__(self, programs: Path, *, publishes: bool = True) -> None:
        self._programs = programs
        self.name = "PostgreSQL" if publishes else "PostgreSQL, mute"
        self._publishes = publishes

    @asynccontextmanager
    async def running(self, folder: Path) -> AsyncIterator[Running]:
        """See `Peer`."""
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
                    PostgresBids(address, publishes=self._publishes),
                    PostgresSelects(address),
                    PostgresWatcher(address),
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
    """Return a connection of asyncpg's, for all that is not measured."""
    async with asyncio.timeout(START_S):
        while True:
            check_alive(process, log)
            try:
                return await asyncpg.connect(host=address[0], port=address[1], user=USER, database=USER)
            except (OSError, asyncpg.CannotConnectNowError):
                await asyncio.sleep(_PAUSE_S)  # it has no event to wait on
