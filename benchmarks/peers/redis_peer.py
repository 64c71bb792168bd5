"""Redis 7: a Lua script that compares, sets, appends to a stream and publishes, with an append-only file.

Redis runs one script at a time, and answers only after it has written the effects to the file; with `always` they are
on the disk before the answer. It writes and syncs once for all requests of a turn of its loop, so it commits in groups
as the house does.
"""

import asyncio
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final

import redis

from benchmarks.load.ring import LOTS, amount_minor, lot_of
from benchmarks.peers.processes import check_alive, free_port, processor_s, running_server
from benchmarks.peers.wire import Address, Answers, Running, Watcher, Wire, connect_to, count_equal, receive_until

SCRIPT: Final = """
local call = redis.call
local lot = call('HMGET', KEYS[1], 'price', 'increment')
if tonumber(ARGV[2]) < tonumber(lot[1]) + tonumber(lot[2]) then
  return 0
end
call('HSET', KEYS[1], 'price', ARGV[2], 'leader', ARGV[1])
local id = call('XADD', KEYS[2], '*', 'lot', KEYS[1], 'bidder', ARGV[1], 'amount', ARGV[2])
call('PUBLISH', KEYS[1], id .. ' ' .. ARGV[1] .. ' ' .. ARGV[2])
return 1
"""
ALWAYS: Final = "always"
EVERY_SECOND: Final = "everysec"
STREAM: Final = "bids"
START_S: Final = 120.0
_PAUSE_S: Final = 0.02
_WORDS: Final = 7
"""The words of a bid: EVALSHA, the script, the number of keys, two keys, bidder and amount."""
_PUBLICATION: Final = b"*4\r\n$8\r\npmessage\r\n"
_PUBLICATION_LINES: Final = 9


class RedisPeer:
    """A new Redis server; `append_sync` is ALWAYS or EVERY_SECOND."""

    def __init__(self, program: Path, append_sync: str) -> None:
        self._program = program
        self.name = f"Redis, {append_sync}"
        self._append_sync = append_sync

    @asynccontextmanager
    async def running(self, folder: Path) -> AsyncIterator[Running]:
        address = ("127.0.0.1", free_port())
        log = folder / "redis.log"
        with running_server(self._command(folder, address[1]), log) as process, redis.Redis(*address) as client:
            await _until_listening(client, process, log)
            script = client.script_load(SCRIPT)
            for lot in range(LOTS):
                client.hset(f"lot:{lot}", mapping={"price": 0, "increment": 1})

            async def records() -> int:
                return int(client.xlen(STREAM))

            yield Running(
                redis_bids(address, script),
                _pings(address),
                Watcher(partial(_subscribe, address), redis_publications),
                lambda: processor_s(process.pid),
                records,
            )

    def _command(self, folder: Path, port: int) -> list[str]:
        settings = {
            "bind": "127.0.0.1",
            "port": str(port),
            "dir": str(folder),
            "save": "",
            "appendonly": "yes",
            "appendfsync": self._append_sync,
            "auto-aof-rewrite-percentage": "0",
            "client-output-buffer-limit": "pubsub 0 0 0",
            "logfile": str(folder / "redis.log"),
        }
        return [str(self._program), *(word for name, value in settings.items() for word in (f"--{name}", value))]


async def _until_listening(client: redis.Redis, process: subprocess.Popen[str], log: Path) -> None:
    async with asyncio.timeout(START_S):
        while True:
            check_alive(process, log)
            try:
                client.ping()
            except redis.ConnectionError:
                await asyncio.sleep(_PAUSE_S)  # Redis offers no event to wait on
            else:
                return


def command(*words: bytes) -> bytes:
    """Return a command in its form on the wire."""
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in words)


def redis_bids(address: Address, script: str) -> Wire:
    """Return the wire of bids: each bid is an EVALSHA, and its answer is 1."""
    head = command(b"EVALSHA", script.encode(), b"2").replace(b"*3", b"*%d" % _WORDS, 1)

    def request(_: int, bidder: int, round_number: int) -> bytes:
        """Return the bid, formatted in one step, since this runs for every bid."""
        lot = b"lot:%d" % lot_of(bidder, round_number)
        name = b"bidder-%d" % bidder
        amount = b"%d" % amount_minor(round_number)
        return b"%b$%d\r\n%b\r\n$4\r\nbids\r\n$%d\r\n%b\r\n$%d\r\n%b\r\n" % (
            *(head, len(lot), lot),
            *(len(name), name),
            *(len(amount), amount),
        )

    return Wire(lambda _: connect_to(address), request, lambda data: count_equal(data, b":1\r\n"))


def _pings(address: Address) -> Wire:
    ping = command(b"PING")
    return Wire(lambda _: connect_to(address), lambda *_: ping, lambda data: count_equal(data, b"+PONG\r\n"))


def _subscribe(address: Address) -> socket.socket:
    """Return a connection that is subscribed to all lots."""
    connection = connect_to(address)
    connection.sendall(command(b"PSUBSCRIBE", b"lot:*"))
    receive_until(connection, lambda data: data.endswith(b":1\r\n"))
    return connection


def redis_publications(data: bytes) -> Answers:
    """Count the bids in publications; only the last publication can be incomplete."""
    last = data.rfind(_PUBLICATION)
    if last < 0:
        return Answers(0, data)
    count = data.count(_PUBLICATION)
    if data.endswith(b"\r\n") and data.count(b"\r\n", last) == _PUBLICATION_LINES:
        return Answers(count, b"")
    return Answers(count - 1, data[last:])
