"""A live auction as many people would write it: one asyncio process with JSON over WebSockets, and SQLite.

Run it as a separate process: `python -m benchmarks.peers.websocket_service DATABASE`. It makes the database with the
lots, prints its port and serves until SIGTERM. Lots are kept in memory; each bid is one transaction, durable (WAL,
`synchronous=FULL`) before its answer. It uses uvloop and uncompressed frames because they make it faster.
"""

import asyncio
import json
import signal
import sqlite3
import sys
from typing import Any

import uvloop
from websockets.asyncio.server import ServerConnection, broadcast, serve

from benchmarks.load.ring import LOTS

SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
CREATE TABLE IF NOT EXISTS lot (
  number INTEGER PRIMARY KEY, price INTEGER NOT NULL, increment INTEGER NOT NULL, leader TEXT
);
CREATE TABLE IF NOT EXISTS bid (
  id INTEGER PRIMARY KEY, lot INTEGER NOT NULL, bidder TEXT NOT NULL, amount INTEGER NOT NULL, at TEXT NOT NULL
);
"""


class Auction:
    """The lots, and the clients that watch them."""

    def __init__(self, path: str) -> None:
        self.database = sqlite3.connect(path)
        self.database.executescript(SCHEMA)
        self.database.executemany("INSERT OR IGNORE INTO lot VALUES (?, 0, 1, NULL)", ((lot,) for lot in range(LOTS)))
        self.database.commit()
        self.lots = {
            number: (price, increment)
            for number, price, increment in self.database.execute("SELECT number, price, increment FROM lot")
        }
        self.watchers: set[ServerConnection] = set()

    async def serve_client(self, socket: ServerConnection) -> None:
        """Answer one client's messages until it leaves."""
        try:
            async for text in socket:
                await socket.send(json.dumps(self.answer(socket, json.loads(text))))
        finally:
            self.watchers.discard(socket)

    def answer(self, socket: ServerConnection, message: dict[str, Any]) -> dict[str, Any]:
        """Carry out a message and return its answer."""
        if message["type"] == "bid":
            return self.bid(message["lot"], message["bidder"], message["amount"])
        if message["type"] == "watch":
            self.watchers.add(socket)
            return {"type": "watching"}
        return {"type": "pong"}

    def bid(self, lot: int, bidder: str, amount: int) -> dict[str, Any]:
        """Take a bid, or refuse it if it is too low."""
        price, increment = self.lots[lot]
        if amount < price + increment:
            return {"type": "rejected", "lot": lot, "price": price}
        with self.database:
            self.database.execute("UPDATE lot SET price = ?, leader = ? WHERE number = ?", (amount, bidder, lot))
            self.database.execute(
                "INSERT INTO bid (lot, bidder, amount, at) VALUES (?, ?, ?, datetime('now'))", (lot, bidder, amount)
            )
        self.lots[lot] = amount, increment
        broadcast(self.watchers, json.dumps({"type": "price", "lot": lot, "price": amount, "leader": bidder}))
        return {"type": "accepted", "lot": lot, "price": amount}


async def run(path: str) -> None:
    """Serve on a free port until SIGTERM."""
    auction = Auction(path)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with serve(auction.serve_client, "127.0.0.1", 0, compression=None) as server:
        print(next(iter(server.sockets)).getsockname()[1], flush=True)
        await stop.wait()
    auction.database.close()


if __name__ == "__main__":
    uvloop.run(run(sys.argv[1]))
