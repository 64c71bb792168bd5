"""The worker processes that hold the bots, seen from the program that starts them."""

import asyncio
import os
import resource
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import pairwise
from types import TracebackType
from typing import Final, Self, TypeVar

from benchmarks.bots.tally import MeasuredTally
from benchmarks.bots.worker import (
    LINE_BYTES_MAX,
    AnyOrder,
    AnyReport,
    Broken,
    Compare,
    Compared,
    Join,
    Standing,
    Stop,
    Stopped,
)
from benchmarks.load.child import decode_line, encode_line
from common.errors import AuctionError, UnreachableError
from common.open_files import FILES_PER_CLIENT
from rehearsal.bots.crowd import Crowd
from rehearsal.waiting import Pulse

BOTS_PER_PROCESS_MIN: Final = 20
"""The fewest bots that are worth a separate process."""
LEAVE_S: Final = 10.0

R = TypeVar("R", Stopped, Compared)


class WorkerError(AuctionError):
    """A worker process could not continue."""

    def __init__(self, code: str, exit_status: int, sentence: str) -> None:
        self.code = code
        self.exit_status = exit_status
        super().__init__(sentence)


def shares(bidders: int, processes: int) -> list[tuple[int, int]]:
    """Return the bots of each process: the number of the first, and the count."""
    bounds = [bidders * number // processes for number in range(processes + 1)]
    return [(first, end - first) for first, end in pairwise(bounds) if end > first]


def clients_max() -> int:
    """Return the most clients that this system allows in one process."""
    files_max = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return sys.maxsize if files_max == resource.RLIM_INFINITY else max(1, files_max // FILES_PER_CLIENT)


def processes_for(bidders: int, clients_max: int) -> int:
    """Return the number of worker processes: one for each processor, or more if the bots' sockets need more."""
    wanted = min(os.cpu_count() or 1, -(-bidders // BOTS_PER_PROCESS_MIN))
    return max(wanted, -(-bidders // clients_max))


class _Worker:
    """One process: its last report, and the answers that the program awaits."""

    def __init__(self, process: asyncio.subprocess.Process, pulse: Pulse) -> None:
        self.standing = Standing(joined=0, accepted=0, refused=0, is_over=False, lots_over=0, lots=0, live={}, lag_ms=0)
        self.answers: list[Stopped | Compared] = []
        self.broken: Broken | None = None
        self._process = process
        self._pulse = pulse
        self._reading = asyncio.ensure_future(self._read())

    @property
    def has_ended(self) -> bool:
        return self._reading.done()

    def tell(self, order: AnyOrder) -> None:
        assert self._process.stdin is not None, "the worker's input is not a pipe"
        self._process.stdin.write(encode_line(order))

    async def leave(self) -> None:
        """Let the process end, by force if it does not end in time."""
        assert self._process.stdin is not None, "the worker's input is not a pipe"
        self._process.stdin.close()
        try:
            async with asyncio.timeout(LEAVE_S):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        await self._reading

    async def _read(self) -> None:
        assert self._process.stdout is not None, "the worker's output is not a pipe"
        async for line in self._process.stdout:
            self._note(decode_line(line, AnyReport))
            self._pulse.beat()
        self._pulse.beat()

    def _note(self, report: AnyReport) -> None:
        match report:
            case Standing():
                self.standing = report
            case Broken():
                self.broken = report
            case Stopped() | Compared():
                self.answers.append(report)


class Crew:
    """Worker processes with bots in a sale. Entering starts them; leaving ends them."""

    def __init__(self, link: str, crowd: Crowd, bidders: int, processes: int, slowness: float) -> None:
        self.lag_max_ms = 0.0
        self._joins = [Join(link, crowd, first, count, slowness) for first, count in shares(bidders, processes)]
        self._workers: list[_Worker] = []
        self._pulse = Pulse()

    async def __aenter__(self) -> Self:
        try:
            for join in self._joins:
                process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-m", "benchmarks.bots.worker"),
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    limit=LINE_BYTES_MAX,
                    start_new_session=True,  # Ctrl-C is for the program that started it
                )
                self._workers.append(_Worker(process, self._pulse))
                self._workers[-1].tell(join)
        except BaseException:
            await self._leave()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._leave()

    async def _leave(self) -> None:
        await asyncio.gather(*(worker.leave() for worker in self._workers))

    @property
    def processes(self) -> int:
        """The number of workers."""
        return len(self._joins)

    @property
    def standing(self) -> Standing:
        """The state of all bots together. `lots` and `lots_over` come from the worker that is furthest ahead."""
        all_of_them = [worker.standing for worker in self._workers]
        return Standing(
            joined=sum(one.joined for one in all_of_them),
            accepted=sum(one.accepted for one in all_of_them),
            refused=sum(one.refused for one in all_of_them),
            is_over=all(one.is_over for one in all_of_them),
            lots_over=max(one.lots_over for one in all_of_them),
            lots=max(one.lots for one in all_of_them),
            live=dict(sum((Counter(one.live) for one in all_of_them), Counter[str]())),
            lag_ms=max(one.lag_ms for one in all_of_them),
        )

    async def until(self, holds: Callable[[Standing], bool], timeout_s: float | None) -> bool:
        """Wait until `holds` is true of the bots' state; return False if the time ends first.

        Raises WorkerError if a worker can't continue.
        """

        def holds_or_broken() -> bool:
            self.lag_max_ms = max(self.lag_max_ms, self.standing.lag_ms)
            return any(worker.has_ended for worker in self._workers) or holds(self.standing)

        is_so = await self._pulse.until(holds_or_broken, timeout_s)
        self._check()
        return is_so

    async def stop(self, timeout_s: float) -> MeasuredTally:
        """Stop the bots' bidding, and return the tally of their requests. Raises WorkerError, UnreachableError."""
        tally = MeasuredTally()
        for stopped in await self._answers(Stop(), Stopped, timeout_s):
            tally.add(stopped.tally)
        return tally

    async def compare(self, settle_s: float, timeout_s: float) -> list[Compared]:
        """Compare all copies of the sale with a newcomer's, in each worker. Raises as `stop` does."""
        return await self._answers(Compare(settle_s), Compared, timeout_s)

    async def _answers(self, order: AnyOrder, kind: type[R], timeout_s: float) -> list[R]:
        for worker in self._workers:
            worker.answers.clear()
            worker.tell(order)
        if not await self.until(lambda _: all(worker.answers for worker in self._workers), timeout_s):
            raise UnreachableError(f"A worker did not answer within {timeout_s:.0f} s; is the machine overloaded?")
        return list(_only(kind, (worker.answers[0] for worker in self._workers)))

    def _check(self) -> None:
        for worker in self._workers:
            if worker.broken is not None:
                raise WorkerError(worker.broken.code, worker.broken.exit_status, worker.broken.sentence)
            if worker.has_ended:
                raise WorkerError("worker", 1, "A worker process ended by itself; what it said stands above.")


def _only(kind: type[R], answers: Iterable[Stopped | Compared]) -> Iterable[R]:
    for answer in answers:
        assert isinstance(answer, kind), "a worker answered with something else"
        yield answer
