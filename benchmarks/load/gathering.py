"""Many bidders of the client library in one separate process: in a hall, or each with its own client.

This module runs as that process; its arguments are `hall` or `clients`, a join link, and the number of bidders. It
writes a `Joined` with the cost of joining. Then it answers each `Watch` that it reads with a `Watched`. It ends when
its input ends.
"""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import msgspec

from benchmarks.load.child import decode_line, say
from bidder import AsyncClient, Hall, LotCaughtUp, LotChanged, Notice, new_context, new_keys
from common.errors import UsageError
from common.sockets import allow_many_sockets

JOINING_AT_ONCE: Final = 32
JOIN_MS: Final = 300_000
_KIB: Final = 1024


class Joined(msgspec.Struct, frozen=True):
    """All bidders have joined. `bytes_each` is the memory of this process that each bidder after the first took."""

    bidders: int
    seconds: float
    processor_s: float
    bytes_each: float


class Watch(msgspec.Struct, frozen=True):
    """Measure the processor time of `seconds`, and then until every copy of the sale has had `changes` more changes."""

    seconds: float
    changes: int


class Watched(msgspec.Struct, frozen=True):
    """The processor time that this process used during a `Watch`."""

    processor_s: float


class _Seen:
    """The number of lot changes in each copy of the sale, received one by one or together."""

    def __init__(self) -> None:
        self._told: list[int] = []
        self._came = asyncio.Event()

    def copy(self) -> Callable[[Notice], None]:
        """Return a function that must receive all notices of another copy."""
        place = len(self._told)
        self._told.append(0)

        def hear(notice: Notice) -> None:
            if isinstance(notice, LotChanged | LotCaughtUp):
                self._told[place] += notice.seq - (notice.before.seq if notice.before is not None else 0)
                self._came.set()

        return hear

    async def until(self, changes: int) -> None:
        """Wait until every copy has had this many changes since the last call."""
        while min(self._told) < changes:
            self._came.clear()
            await self._came.wait()
        self._told = [told - changes for told in self._told]


async def _join_hall(link: str, bidders: int, seen: _Seen, resources: AsyncExitStack) -> Joined:
    hall = await resources.enter_async_context(
        await Hall.open(link, new_keys(), timeout_ms=JOIN_MS, on_notice=seen.copy())
    )

    async def join(number: int) -> None:
        await hall.join(f"Guest {number}", new_keys(), timeout_ms=JOIN_MS)

    return await _measured(join, bidders)


async def _join_clients(link: str, bidders: int, seen: _Seen, resources: AsyncExitStack) -> Joined:
    context = new_context()
    allow_many_sockets(context)
    resources.callback(context.term)
    turns = asyncio.Semaphore(JOINING_AT_ONCE)

    async def join(number: int) -> None:
        async with turns:
            client = await AsyncClient.connect(
                link, f"Guest {number}", new_keys(), timeout_ms=JOIN_MS, context=context, on_notice=seen.copy()
            )
        resources.callback(client.close)

    return await _measured(join, bidders)


async def _measured(join: Callable[[int], Awaitable[None]], bidders: int) -> Joined:
    """Join the bidders, the first before the others, so that the memory that all share does not count."""
    await join(0)
    before_bytes, began_s, processor_s = _memory_bytes(), time.perf_counter(), time.process_time()
    await asyncio.gather(*(join(number) for number in range(1, bidders)))
    others = bidders - 1
    return Joined(
        bidders,
        time.perf_counter() - began_s,
        time.process_time() - processor_s,
        (_memory_bytes() - before_bytes) / others,
    )


def _memory_bytes() -> int:
    """Return this process's own pages and its share of others' (PSS)."""
    try:
        lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    except FileNotFoundError as error:
        raise UsageError("Memory is measured on Linux only, by /proc/PID/smaps_rollup.") from error
    return next(int(line.split()[1]) * _KIB for line in lines if line.startswith("Pss:"))


async def _run(kind: str, link: str, bidders: int) -> None:
    seen = _Seen()
    async with AsyncExitStack() as resources:
        say(await (_join_hall if kind == "hall" else _join_clients)(link, bidders, seen, resources))
        while line := await asyncio.to_thread(sys.stdin.buffer.readline):
            watch = decode_line(line, Watch)
            before_s = time.process_time()
            if watch.seconds:
                await asyncio.sleep(watch.seconds)
            await seen.until(watch.changes)
            say(Watched(time.process_time() - before_s))


if __name__ == "__main__":
    asyncio.run(_run(sys.argv[1], sys.argv[2], int(sys.argv[3])))
