"""A bad network before a house, or before its store: a proxy on another loopback address, with the same ports.

Each connection has two pumps that copy bytes as the `Weather` says, and a test changes the weather during the run.
TCP's own promises hold, as on a real network: bytes come in order or not at all. Only `corrupt_one_in` breaks this
promise.
"""

import random
import socket
import struct
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

from common.links import JoinLink

HOST = "127.0.0.2"
CHUNK_BYTES = 4 * 1024
PATIENCE_S = 60.0
RESET_ON_CLOSE = struct.pack("ii", 1, 0)
"""SO_LINGER with no time: the peer gets a reset instead of an orderly end."""


@dataclass(frozen=True)
class Weather:
    """The network's effect on bytes."""

    delay_s: float = 0.0
    bytes_per_s: float = float("inf")
    corrupt_one_in: int = 0
    """Flip a bit in about one of this many chunks; 0 means never."""
    is_hole: bool = False
    """Nothing gets through, and nobody is told; bytes under way come later, as TCP sends them again."""
    is_refusing: bool = False
    """New connections are cut at once."""


class FaultProxy:
    """The network between a server and the clients that reach it by `at`; use `bad_network` or `network_to`."""

    def __init__(self, server: str, ports: Sequence[int], seed: int, at: str) -> None:
        self._server = server
        self._chance = random.Random(seed)
        self._weather = Weather()
        self._changed = threading.Condition()
        self._pipes: list[_Pipe] = []
        self._is_closed = False
        self.corrupted = 0
        self._answers_to_cut = 0
        self._listeners = [socket.create_server((at, port)) for port in ports]
        self._threads = [
            threading.Thread(target=self._accept, args=(listener, port))
            for listener, port in zip(self._listeners, ports, strict=True)
        ]
        for thread in self._threads:
            thread.start()

    # --- what a test does ---------------------------------------------------------------------------------------------

    def set(self, **weather: Any) -> None:
        """Change the weather; everything not named is fine again."""
        with self._changed:
            self._weather = replace(Weather(), **weather)
            self._changed.notify_all()

    def cut(self) -> None:
        """Wait for a first connection, then reset all connections at both ends."""
        for pipe in self._live():
            pipe.cut()

    def cut_next_answers(self, count: int) -> None:
        """Cut the connection at each of the next things that the house says, which are lost."""
        with self._changed:
            self._answers_to_cut = count

    @property
    def answers_to_cut(self) -> int:
        """How many answers of `cut_next_answers` are still to come."""
        return self._answers_to_cut

    def half_close(self, *, towards_house: bool) -> None:
        """Wait for a first connection, then end one direction of all in good order; the other direction continues."""
        for pipe in self._live():
            pipe.half_close(towards_house=towards_house)

    def wait_until_corrupted(self, before: int) -> None:
        """Wait until more than `before` chunks have been corrupted."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.corrupted > before, PATIENCE_S), "nothing came to be broken"

    def close(self) -> None:
        """End everything."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        for listener in self._listeners:
            listener.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(PATIENCE_S)
        for listener in self._listeners:
            listener.close()
        for pipe in self._pipes:
            pipe.cut()
            pipe.join()

    # --- what its threads do ------------------------------------------------------------------------------------------

    def _live(self) -> list["_Pipe"]:
        """Return all connections, after waiting for the first: clients may take a while to come back."""
        with self._changed:
            assert self._changed.wait_for(lambda: any(pipe.is_live for pipe in self._pipes), PATIENCE_S), "nobody came"
            self._pipes = [pipe for pipe in self._pipes if pipe.is_live]
            return list(self._pipes)

    def _accept(self, listener: socket.socket, port: int) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return  # closed
            try:
                if self._weather.is_refusing:
                    raise ConnectionRefusedError
                house = socket.create_connection((self._server, port))
            except OSError:  # no house listens at present
                cut_off(client)
                continue
            with self._changed:
                self._pipes.append(_Pipe(self, client, house))
                self._changed.notify_all()

    def wait_for_passage(self, size_bytes: int, is_live: threading.Event) -> None:
        """Wait until this many bytes, which have just been read, may continue."""
        due_s = time.monotonic() + self._weather.delay_s + size_bytes / self._weather.bytes_per_s
        with self._changed:
            while is_live.is_set() and not self._is_closed:
                left_s = due_s - time.monotonic()
                if self._weather.is_hole:
                    self._changed.wait()
                elif left_s > 0:
                    self._changed.wait(left_s)
                else:
                    return

    def cuts_answer(self) -> bool:
        """Return whether something that the house says is lost with its connection."""
        with self._changed:
            self._answers_to_cut -= (is_lost := self._answers_to_cut > 0)
            return is_lost

    def spoil(self, chunk: bytes) -> bytes:
        """Return the bytes as they arrive."""
        one_in = self._weather.corrupt_one_in
        if not one_in or self._chance.randrange(one_in):
            return chunk
        with self._changed:
            self.corrupted += 1
            self._changed.notify_all()
        place = self._chance.randrange(len(chunk))
        return chunk[:place] + bytes([chunk[place] ^ 1 << self._chance.randrange(8)]) + chunk[place + 1 :]

    def wake(self) -> None:
        """Have all pumps check the weather again."""
        with self._changed:
            self._changed.notify_all()


class _Pipe:
    """A client's connection and its counterpart at the house, with a pump for each direction."""

    def __init__(self, proxy: FaultProxy, client: socket.socket, house: socket.socket) -> None:
        self._proxy = proxy
        self._client, self._house = client, house
        self._live = threading.Event()
        self._live.set()
        self._ended = 0
        self._pumps = [
            threading.Thread(target=self._pump, args=ends, daemon=True) for ends in ((client, house), (house, client))
        ]
        for pump in self._pumps:
            pump.start()

    @property
    def is_live(self) -> bool:
        return self._live.is_set()

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        try:
            while chunk := source.recv(CHUNK_BYTES):
                self._proxy.wait_for_passage(len(chunk), self._live)
                if source is self._house and self._proxy.cuts_answer():
                    self.cut()
                    return
                target.sendall(self._proxy.spoil(chunk))
            self._end_direction(target)
        except OSError:
            self.cut()

    def _end_direction(self, target: socket.socket) -> None:
        target.shutdown(socket.SHUT_WR)
        self._ended += 1
        if self._ended == len(self._pumps):
            self.cut()

    def half_close(self, *, towards_house: bool) -> None:
        target = self._house if towards_house else self._client
        try:
            target.shutdown(socket.SHUT_WR)
        except OSError:
            self.cut()

    def cut(self) -> None:
        self._live.clear()
        for end in (self._client, self._house):
            cut_off(end)
        self._proxy.wake()

    def join(self) -> None:
        for pump in self._pumps:
            pump.join(PATIENCE_S)


def cut_off(end: socket.socket) -> None:
    """End a connection by a reset, also for a thread that reads from it; safe to repeat."""
    with suppress(OSError):  # it has ended already
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        end.shutdown(socket.SHUT_RDWR)
    end.close()


@contextmanager
def bad_network(house: JoinLink, seed: int) -> Iterator[FaultProxy]:
    """Put a proxy before a house during the block."""
    with network_to(house.host, (house.port, house.publish_port), seed) as proxy:
        yield proxy


@contextmanager
def network_to(server: str, ports: Sequence[int], seed: int, at: str = HOST) -> Iterator[FaultProxy]:
    """Put a proxy before a server's ports during the block; clients reach it at another address of this machine."""
    proxy = FaultProxy(server, ports, seed, at)
    try:
        yield proxy
    finally:
        proxy.close()
